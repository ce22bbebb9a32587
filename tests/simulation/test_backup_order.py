"""News that comes late, twice, out of order or never: what the simulations found, as examples."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import msgspec
import pytest

from tests.simulation import backup_story as story
from tests.simulation.backup_world import content, small
from tests.simulation.crash_points import Run
from toban.backups.documents import Backup
from toban.backups.jobs import BackupJob
from toban.backups.policy.alerts import BackupWatch
from toban.backups.policy.restores import Restore, RestoreRecord
from toban.backups.section import RestoreTest
from toban.backups.work.take_job import TakeJob
from toban.backups.work.verify import VerifyJob
from toban.events.backups import (
    BackupDue,
    BackupFailed,
    BackupFinished,
    BackupReplicated,
    BackupVerified,
    BackupWatchDue,
    PruneDue,
    RestoreTestDue,
    VerificationStepDue,
)
from toban.kernel.document import D, decode, encode
from toban.kernel.event import Body, Event, to_message
from toban.ports import Create, Delete, Query, Update

SERIES = {"service": "shop", "source": "files", "class_": "full"}


class Told(Run):
    """A world in which one thing is said after the other."""

    said = 0

    def say(self, body: Body, wait: float = 3600) -> None:
        self.world.clock.advance(wait)
        self.said += 1
        event = Event(id=f"e{self.said}", source="/test", time=self.world.clock.now(), body=body)
        self.world.out.publish([to_message(event)])
        self._settle()

    def due(self, source: str = "files", class_: str = "full") -> Backup:
        self.say(BackupDue(service="shop", source=source, class_=class_))
        own = [b for b in self.all(Backup) if (b.source, b.class_) == (source, class_)]
        return max(own, key=lambda b: b.slot)

    def all(self, cls: type[D]) -> list[D]:
        return [decode(cls, s.data) for s in self.world.memory.query(Query(cls.COLLECTION))]

    def one(self, cls: type[D], id: str) -> D:
        return next(d for d in self.all(cls) if d.id == id)

    def put(self, document: Any, **changes: Any) -> None:
        key = document.key(document.id)
        found = self.world.memory.get([key])[0]
        data = encode(msgspec.structs.replace(document, **changes))
        write = Update(key, data, found.version) if found else Create(key, data)
        self.world.memory.commit([write])

    def read_again(self, backup: Backup) -> None:
        """Somebody asks for its copies to be read."""
        self.say(BackupReplicated(at=self.world.clock.now(), **backup.named))

    def damage(self, backup: Backup) -> None:
        """No copy of it is whole any more, as the catalogue has found out."""
        rotten = [msgspec.structs.replace(c, level=None, damage="bad") for c in backup.copies]
        self.put(backup, status="failed", degraded=True, copies=rotten)

    def open_alerts(self) -> set[str]:
        return {name for watch in self.all(BackupWatch) for name in watch.open}

    def lose(self, function: str) -> None:
        """Whatever this function is told is lost."""
        self.world.tables[function] = dict.fromkeys(self.world.tables[function], _Deaf())


class _Deaf:
    def run(self, *_: Any) -> Any:
        from toban.kernel.handling.decision import Handled

        return Handled("nothing")


@pytest.fixture
def run() -> Iterator[Told]:
    with small():
        yield Told(story=story.BACKUPS)


def test_a_success_told_late_resolves_no_newer_failure(run: Told) -> None:
    older, newer = run.due(), run.due()
    now = run.world.clock.now()
    run.damage(run.one(Backup, newer.id))
    series = next(s for s in run.all(story.SeriesState) if s.source == "files")
    run.put(series, verified=older.id)
    run.say(BackupFailed(backup_id=newer.id, stage="verify", reason="bad", at=now, **SERIES))
    assert "backup-failed/files/full" in run.open_alerts()

    run.say(BackupVerified(backup_id=older.id, at=now, level="content", **SERIES))

    assert "backup-failed/files/full" in run.open_alerts()


def test_a_failure_told_late_opens_nothing_once_a_newer_backup_counts(run: Told) -> None:
    older = run.due()
    run.due()

    run.say(
        BackupFailed(backup_id=older.id, stage="take", reason="old", at=older.started_at, **SERIES)
    )

    assert "backup-failed/files/full" not in run.open_alerts()


def test_a_success_that_nobody_was_told_of_is_seen_at_the_next_look(run: Told) -> None:
    failed = run.due()
    run.damage(run.one(Backup, failed.id))
    run.say(
        BackupFailed(
            backup_id=failed.id, stage="verify", reason="bad", at=run.world.clock.now(), **SERIES
        )
    )
    watching = run.world.tables["watch_backups"]
    run.lose("watch_backups")
    run.due()
    run.world.tables["watch_backups"] = watching
    assert "backup-failed/files/full" in run.open_alerts()

    run.say(BackupWatchDue(), wait=60)

    assert "backup-failed/files/full" not in run.open_alerts()


def test_a_late_holder_of_an_abandoned_run_records_nothing_more(run: Told) -> None:
    run.due()
    run.lose("run_backup_step")
    begun = run.due()
    assert begun.status == "running"
    job = TakeJob(
        id=f"{begun.id}.take",
        stage="take",
        backup_id=begun.id,
        fence=1,
        lease_until=run.world.clock.now() + timedelta(minutes=2),
        touched_at=run.world.clock.now(),
    )
    run.put(job)
    held = run.world.memory.get([TakeJob.key(job.id)])[0].version

    run.say(BackupWatchDue(), wait=2.5 * 3600)

    ended = run.one(TakeJob, job.id)
    assert run.one(Backup, begun.id).status == "failed"
    assert (ended.over, ended.lease_until) == (True, None)
    assert run.world.memory.get([TakeJob.key(job.id)])[0].version != held


@pytest.mark.parametrize("deaf", ["replicate_backup", "verify_backup"])
def test_a_backup_that_nobody_goes_on_to_prove_is_told_of(run: Told, deaf: str) -> None:
    run.lose(deaf)
    taken = run.due()
    assert taken.status == "finished"

    run.say(BackupWatchDue(), wait=2.5 * 3600)

    assert "backup-failed/files/full" in run.open_alerts()
    assert "abandoned" in run.one(Backup, taken.id).reason


def test_nothing_builds_on_a_backup_whose_base_was_found_damaged(run: Told) -> None:
    full = run.due()
    run.world.buckets("data").create("a/more", content("more", 500))
    often = run.due("files", "often")
    assert often.needs == [full.id]
    run.damage(run.one(Backup, full.id))

    assert run.due("files", "often").needs == []


def test_what_builds_on_a_damaged_backup_is_proven_by_reading_and_by_nothing_else(
    run: Told,
) -> None:
    full = run.due()
    often = run.due("files", "often")
    run.damage(run.one(Backup, full.id))

    run.read_again(often)
    assert [copy.state for copy in run.one(Backup, often.id).copies] == ["verified", "verified"]

    second = run.world.buckets("second")
    story.rot(second, next(i.name for i in second.list(full.prefix + "objects/")))
    run.read_again(often)

    # It is lost in that region with what it builds on, of which no other copy is whole.
    assert [copy.state for copy in run.one(Backup, often.id).copies] == ["verified", "damaged"]
    assert full.id in run.one(Backup, often.id).reason
    assert "backup-copy/files/often/second" in run.open_alerts()


def test_a_removal_whose_news_is_lost_is_taken_up_by_the_calendar(run: Told) -> None:
    first = run.due()
    for _ in range(3):
        run.say(PruneDue(), wait=86_400)
        run.due()
    assert run.one(Backup, first.id).status == "deleted"
    oldest = min((b for b in run.all(Backup) if b.status == "verified"), key=lambda b: b.slot)
    run.put(oldest, status="deleting")
    for job in run.all(BackupJob):
        if job.id == f"{oldest.id}.prune":
            key = BackupJob.key(job.id)
            run.world.memory.commit([Delete(key, run.world.memory.get([key])[0].version)])

    run.say(PruneDue())

    assert run.one(Backup, oldest.id).status != "deleting"


def test_what_an_attempt_that_died_has_stored_goes_but_never_that_of_a_later_one(run: Told) -> None:
    from toban.backups.catalogue.writing import WriteProgress, sweep

    backup = run.due("dump")
    bucket = run.world.buckets("primary")
    for attempt in (1, 2, 3):
        bucket.create(f"{backup.prefix}parts/a{attempt}/000099", b"x")
        bucket.create(f"{backup.prefix}index/a{attempt}/000099", b"x")

    sweep(bucket, backup, WriteProgress(attempt=2), lambda: None)

    left = [i.name.removeprefix(backup.prefix) for i in bucket.list(backup.prefix)]
    assert [n for n in left if "/a" in n] == ["index/a3/000099", "parts/a3/000099"]


def test_what_an_earlier_version_condemned_is_taken_back_and_its_damaged_copy_is_told_of(
    run: Told,
) -> None:
    backup = run.due()
    first, second = run.one(Backup, backup.id).copies
    rotten = msgspec.structs.replace(first, level=None, damage="bucket gone")
    run.put(run.one(Backup, backup.id), status="failed", copies=[rotten, second])

    run.say(BackupWatchDue(), wait=60)
    run.say(BackupWatchDue(), wait=60)

    assert run.one(Backup, backup.id).status == "verified"
    assert "backup-copy/files/full/primary" in run.open_alerts()

    run.due()
    assert "backup-copy/files/full/primary" in run.open_alerts(), "the next success mends nothing"
    run.say(BackupFinished(at=run.world.clock.now(), bytes=0, **backup.named))
    assert run.open_alerts() == set()


def test_a_verification_begun_by_an_earlier_version_is_gone_on_with(run: Told) -> None:
    backup = run.due()
    job = next(job for job in run.all(VerifyJob) if job.id == f"{backup.id}.verify")
    old = msgspec.structs.replace(
        job, over=False, read={}, reading="", trusted=[], place=1, levels=["content"], parts_read=1
    )
    run.put(old)
    rot = run.world.buckets("primary")
    story.rot(rot, next(i.name for i in rot.list(backup.prefix + "parts/")))

    run.say(VerificationStepDue(step=job.step, **backup.named))

    assert [copy.state for copy in run.one(Backup, backup.id).copies] == ["verified", "verified"]
    assert run.one(VerifyJob, job.id).over


def test_a_restore_test_that_takes_longer_than_it_may_has_failed(run: Told) -> None:
    run.due()
    with mock.patch.object(RestoreTest, "within_of", return_value=0):
        run.say(RestoreTestDue(service="shop", source="files", requested_by="aoki"), 60)
    (restore,) = run.all(Restore)
    assert restore.status == "failed"
    assert restore.reason.endswith("s; 0m are allowed")
    (record,) = run.all(RestoreRecord)
    assert {history.passed_at for history in record.tested.values()} == {None}
    run.say(RestoreTestDue(service="shop", source="files", requested_by="aoki"), 60)
    assert sorted(r.status for r in run.all(Restore)) == ["failed", "finished"]
