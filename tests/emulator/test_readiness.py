"""Whether an emulator is there may be asked by many at once: each test process does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from toban.local.emulated import emulators


@pytest.mark.emulator
def test_many_ask_at_once_whether_firestore_is_there(firestore_emulator: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(emulators.FIRESTORE.ready, firestore_emulator) for _ in range(16)]

    assert [one.exception() for one in asked] == [None] * 16
