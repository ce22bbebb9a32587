"""What reading its copies back comes to: for the backup, for what it builds on, and in events."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.backups.locations import KEY, store
from tests.unit.backups.test_copies import HOUR, NOW, READ, UNREAD, backup, osaka
from toban.adapters.local.files.buckets import MemoryBucket
from toban.adapters.local.memory.store import MemoryStore
from toban.backups.catalogue.mend import CopyRepair, CopySide, ExpectedObject
from toban.backups.documents import Backup, SeriesState
from toban.backups.found import as_found
from toban.backups.policy.copies import ReadBackResult
from toban.backups.work.reading.judging import judge
from toban.events import MinutePassed
from toban.events.backups import BackupFailed, BackupVerified
from toban.kernel.document import encode
from toban.kernel.event import Event
from toban.kernel.work import Work
from toban.ports import Create

PASSED = ReadBackResult(read_at=NOW, level="content")


class Judged:
    """The reading of a backup's copies, with whatever else the catalogue has."""

    def __init__(self, of: Backup, read: dict[str, ReadBackResult], *known: Any) -> None:
        documents = MemoryStore()
        documents.commit([Create(d.key(d.id), encode(d)) for d in (of, *known)])
        cause = Event(id="evt-1", source="/test", time=NOW, body=MinutePassed())
        self.work = Work(store=documents, event=cause, function="verify_backup", now=NOW)
        self.of = self.work.get(Backup, of.id)
        assert self.of is not None
        judge(self.of, read, {"rows": 7}, self.work)

    def told(self, kind: type) -> list[Any]:
        return [event.body for event in self.work.emitted if isinstance(event.body, kind)]

    def kept(self, id: str) -> Backup:
        found = self.work.get(Backup, id)
        assert found is not None
        return found


def test_a_copy_that_passes_proves_the_backup_and_says_what_was_counted():
    judged = Judged(backup(UNREAD, osaka(UNREAD), status="finished"), {"t": PASSED})
    kept = judged.kept("b")
    assert (kept.status, kept.verified_at, kept.counts, kept.reason) == (
        "verified", NOW, {"rows": 7}, "",
    )  # fmt: skip
    assert [copy.level for copy in kept.copies] == ["content", None]
    (told,) = judged.told(BackupVerified)
    assert (told.backup_id, told.at, told.level) == ("b", NOW, "content")
    assert judged.told(BackupFailed) == []


def test_one_copy_that_does_not_pass_takes_nothing_from_the_other_and_is_told_of():
    rotten = ReadBackResult(read_at=NOW, damage="t: rotten")
    judged = Judged(backup(UNREAD, osaka(UNREAD), status="finished"), {"t": rotten, "o": PASSED})
    kept = judged.kept("b")
    assert (kept.status, kept.verified_at, kept.reason) == ("verified", NOW, "t: rotten")
    assert [copy.damage for copy in kept.copies] == ["t: rotten", ""]
    (told,) = judged.told(BackupFailed)
    assert (told.stage, told.reason) == ("verify", "t: rotten")
    assert len(judged.told(BackupVerified)) == 1


def test_all_that_is_wrong_is_told_at_once():
    read = {
        "t": ReadBackResult(read_at=NOW, damage="t: rotten"),
        "o": ReadBackResult(read_at=NOW, unreadable="o: timed out"),
    }
    judged = Judged(backup(UNREAD, osaka(UNREAD), status="finished"), read)
    (told,) = judged.told(BackupFailed)
    assert told.reason == "t: rotten; o: timed out"
    assert judged.told(BackupVerified) == []
    assert judged.kept("b").verified_at is None


def test_damage_in_what_it_builds_on_is_kept_with_that_one():
    base = backup(READ, osaka(READ), id="base")
    blamed = ReadBackResult(read_at=NOW, damage="t: base is rotten", base="base")
    judged = Judged(backup(UNREAD, osaka(UNREAD), status="finished", needs=["base"]),
                    {"t": blamed}, base)  # fmt: skip
    assert [copy.damage for copy in judged.kept("base").copies] == ["t: base is rotten", ""]
    assert judged.kept("base").status == "verified", "the other copy of it is whole"
    assert judged.kept("b").copies[0].damage == "", "it may be mended with its base"
    (told,) = judged.told(BackupFailed)
    assert told.reason == "t: base is rotten"


@pytest.mark.parametrize("known", [True, False])
def test_only_when_no_copy_of_its_base_is_whole_is_it_lost_as_well(known):
    base = [backup(READ, id="base")] if known else []
    blamed = ReadBackResult(read_at=NOW, damage="t: base is rotten", base="base")
    judged = Judged(backup(UNREAD, status="finished", needs=["base"]), {"t": blamed}, *base)
    assert judged.kept("b").copies[0].damage == "t: base is rotten"


@pytest.mark.parametrize(("damage", "noted"), [("t: rotten", "t: rotten"), ("", "")])
def test_of_one_that_is_marked_for_removal_only_damage_is_recorded(damage, noted):
    of = backup(UNREAD, status="deleting")
    reading = ReadBackResult(read_at=NOW, damage=damage, level=None if damage else "content")
    judged = Judged(of, {"t": reading})
    kept = judged.kept("b")
    assert (kept.status, kept.copies[0].damage, kept.copies[0].level) == ("deleting", noted, None)
    assert judged.work.emitted == []


def test_one_that_is_gone_is_left_alone():
    judged = Judged(backup(UNREAD, status="deleted"), {"t": PASSED})
    assert (list(judged.work.writes), list(judged.work.emitted)) == ([], [])


def test_the_series_knows_its_newest_verified_backup():
    of = backup(UNREAD, status="finished")
    for before, newest in ((None, "b"), (NOW - HOUR, "b"), (NOW, "b"), (NOW + HOUR, "b")):
        series = SeriesState(
            id=of.series, service="shop", source="db", class_="daily",
            verified="before" if before else "", verified_snapshot_at=before,
        )  # fmt: skip
        after = Judged(of, {"t": PASSED}, series).work.get(SeriesState, of.series)
        assert (after.verified, after.verified_snapshot_at) == (newest, NOW)
    older = backup(UNREAD, status="finished", snapshot_at=NOW - 2 * HOUR)
    series = SeriesState(
        id=of.series, service="shop", source="db", class_="daily", verified="before",
        verified_snapshot_at=NOW - HOUR,
    )  # fmt: skip
    after = Judged(older, {"t": PASSED}, series).work.get(SeriesState, of.series)
    assert (after.verified, after.verified_snapshot_at) == ("before", NOW - HOUR)


def test_whatever_a_repair_looks_at_has_to_be_what_the_manifest_says():
    stored = store(MemoryBucket("b"), "b-1", KEY)
    repair = CopyRepair(stored.manifest, CopySide(stored.location), [], None)
    found = list(repair.objects())
    prefix = stored.manifest.prefix
    lists = [
        ExpectedObject(prefix + ref.name, ref.size, None, ref.sha256)
        for ref in stored.manifest.index
    ]
    assert found[: len(lists)] == lists
    assert len(found) == len(lists) + 5
    assert all(isinstance(each, ExpectedObject) and each.crc32c and each.sha256
               for each in found[len(lists) :])  # fmt: skip


def test_what_was_not_asked_for_hides_nothing_of_what_was():
    judged = Judged(backup(UNREAD, osaka(UNREAD), status="finished"), {"o": PASSED})
    assert [copy.level for copy in judged.kept("b").copies] == [None, "content"]
    assert judged.kept("b").status == "verified"


def test_a_base_that_is_finished_and_not_proven_is_not_lost():
    base = backup(UNREAD, osaka(UNREAD), id="base", status="finished")
    blamed = ReadBackResult(read_at=NOW, damage="t: base is rotten", base="base")
    judged = Judged(backup(UNREAD, status="finished", needs=["base"]), {"t": blamed}, base)
    assert judged.kept("base").status == "finished", "the other copy may be whole"
    assert judged.kept("b").copies[0].damage == ""


@pytest.mark.parametrize(
    ("base", "state"),
    [
        (None, "missing"),
        (backup(READ, id="base"), None),
        (backup(UNREAD, id="base", status="finished"), "unread"),
        (backup(msgspec.structs.replace(READ, level=None, damage="rotten"), id="base"), "damaged"),
    ],
)
def test_what_builds_on_something_that_is_not_whole_is_found_unreadable_and_stays_as_it_is(
    base, state
):
    of = backup(READ, needs=["base"])
    found = as_found(of, {} if base is None else {"base": base})
    assert of.copies == [READ]
    if state is None:
        assert found is of
        return
    (copy,) = found.copies
    assert copy.unreadable == f"t: it builds on base, which is {state} there"
    assert (found.id, found.status, found.copies[0].state) == ("b", "finished", "unreadable")
