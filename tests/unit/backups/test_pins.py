"""Marks that people make on a backup: each leaves its audit record in the same commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from toban.adapters.local.memory.store import MemoryStore
from toban.backups.documents import Backup
from toban.backups.policy.pins import NotDatedAhead, NotPinned, discard, pin, unpin
from toban.kernel.command import Audit
from toban.kernel.document import decode, encode
from toban.ports import Create, Query, Stale, Update, Write
from toban.testing import NOON

ID = "shop.db.daily.000"


class Commits(MemoryStore):
    """Keeps which collections each commit wrote; the first `lost` ones come too late."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[str]] = []
        self.lost = 0

    def commit(self, writes: Sequence[Write]) -> list[str]:
        if self.lost:
            self.lost -= 1
            raise Stale("somebody was first")
        self.seen.append([write.key.collection for write in writes])
        return super().commit(writes)


@pytest.fixture
def store() -> Commits:
    made = Commits()
    backup = Backup(
        id=ID, service="shop", source="db", class_="daily", kind="postgres", status="verified",
        slot=NOON, started_at=NOON,
    )  # fmt: skip
    made.commit([Create(Backup.key(ID), encode(backup))])
    made.seen.clear()
    return made


def audit(action: str) -> Audit:
    return Audit(
        id=f"audit-{action}", subject=f"backups/{ID}", action=action, actor="aoki", proof="",
        seen=None, via="cli", outcome="done", reason="", environment="production",
        correlation_id="c", at=NOON,
    )  # fmt: skip


def audits(store: Commits) -> list[tuple[str, str, str]]:
    found = [decode(Audit, s.data) for s in store.query(Query(Audit.COLLECTION))]
    return [(a.action, a.outcome, a.reason) for a in found]


def test_a_pin_and_its_record_are_one_commit(store):
    pin(store, ID, "aoki", "keep", audit("pin"))
    assert store.seen == [["backups", "audits"]]
    assert audits(store) == [("pin", "done", "")]
    unpin(store, ID, audit("unpin"))
    assert store.seen[1:] == [["backups", "audits"]]
    assert audits(store)[1:] == [("unpin", "done", "")]


def test_what_was_so_already_changes_nothing_and_is_recorded(store):
    unpin(store, ID, audit("unpin"))
    assert store.seen == [["audits"]]
    assert audits(store) == [("unpin", "nothing", "")]


def test_a_commit_that_came_too_late_is_recorded_once(store):
    store.lost = 2
    pin(store, ID, "aoki", audit=audit("pin"))
    assert store.seen == [["backups", "audits"]]
    assert audits(store) == [("pin", "done", "")]


def test_a_discard_is_recorded(store):
    discard(store, ID, "aoki", NOON - timedelta(days=2), audit("discard"))
    assert store.seen == [["backups", "audits"]]
    assert audits(store) == [("discard", "done", "")]


def test_what_is_refused_is_recorded_and_leaves_the_backup_alone(store):
    with pytest.raises(NotDatedAhead):
        discard(store, ID, "aoki", NOON, audit("discard"))
    assert audits(store) == [("discard", "refused", f"{ID} is not dated ahead")]
    (found,) = store.get([Backup.key(ID)])
    assert found is not None
    gone = decode(Backup, found.data)
    gone.status = "deleting"
    store.commit([Update(found.key, encode(gone), found.version)])
    with pytest.raises(NotPinned):
        pin(store, ID, "aoki", audit=audit("pin"))
    assert ("pin", "refused", f"{ID} is deleting") in audits(store)
    assert store.seen[0] == ["audits"]
    assert store.seen[2:] == [["audits"]]
