"""Simulated handlings log nothing: what they do is in their trace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from toban.kernel import log


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = log.Settings.level
    log.Settings.level = 100
    yield
    log.Settings.level = before
