"""What a deployed function reads as a secret never shows in its log."""

from __future__ import annotations

import io

from toban.adapters.local.memory.store import MemorySecrets
from toban.entry import HiddenSecrets
from toban.kernel import log


def test_a_secret_is_masked_from_the_moment_it_is_read(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(log.Settings, "stream", stream)
    secrets = HiddenSecrets(MemorySecrets({"INGEST_GENERIC": ["kagi-no-atarashii", "kagi-no-mae"]}))

    assert secrets.values("INGEST_GENERIC") == ["kagi-no-atarashii", "kagi-no-mae"]
    log.error("refused", reason="kagi-no-mae is not kagi-no-atarashii")

    assert "kagi" not in stream.getvalue()
    assert log.MASK in stream.getvalue()


def test_a_secret_that_is_not_set_has_no_values():
    assert HiddenSecrets(MemorySecrets()).values("INGEST_GENERIC") == []
