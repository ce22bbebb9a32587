"""Work on backups that nobody continues: ended or reported once, and never while somebody is at it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.unit.backups.test_clock_ahead import HOUR, backup
from toban.adapters.local.memory.store import MemoryStore
from toban.backups.documents import Backup, SeriesState
from toban.backups.jobs import BackupJob, job_id
from toban.backups.policy.restores import Restore
from toban.backups.watching.abandoned import end_abandoned
from toban.backups.work.take_job import TakeJob
from toban.events.backups import BackupFailed, BackupWatchDue, RestoreFailed
from toban.kernel.document import Document, decode, encode
from toban.kernel.event import Event
from toban.kernel.work import Work
from toban.ports import Create

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LONG, RECENT = NOW - 2 * HOUR - timedelta(seconds=1), NOW - 2 * HOUR


def looked(*documents: Document) -> tuple[dict[str, Any], list[Any]]:
    """Every document after the watch has looked, and what it says."""
    store = MemoryStore()
    store.commit([Create(d.key(d.id), encode(d)) for d in documents])
    event = Event(id="e", source="/test", time=NOW, body=BackupWatchDue())
    work = Work(store=store, event=event, function="watch_backups", now=NOW)
    end_abandoned("shop", work)
    store.commit(work.writes)
    after = {d.id: decode(type(d), store.get([d.key(d.id)])[0].data) for d in documents}
    return after, [emitted.body for emitted in work.emitted]


def running(started: datetime = LONG, **more: object) -> Backup:
    return backup(started, status="running", copies=[], **more)


def take(of: Backup, touched: datetime | None, done: int = 0) -> TakeJob:
    return TakeJob(
        id=job_id(of.id, "take"), stage="take", backup_id=of.id, touched_at=touched, done=done,
        fence=4, lease_until=NOW,
    )  # fmt: skip


def series(of: Backup, is_running: str) -> SeriesState:
    return SeriesState(
        id=of.series, service="shop", source="files", class_="full", running=is_running
    )


def test_a_run_without_a_sign_of_life_ends_its_job_and_lets_the_next_one_begin():
    run = running()
    after, said = looked(run, take(run, LONG), series(run, run.id))
    assert (after[run.id].status, after[run.series].running) == ("failed", "")
    job = after[job_id(run.id, "take")]
    assert (job.over, job.lease_until, job.fence) == (True, None, 5)
    (failed,) = said
    assert isinstance(failed, BackupFailed)
    reason = f"abandoned: no sign of life since {LONG.isoformat()}"
    assert (failed.stage, failed.reason, after[run.id].reason) == ("take", reason, reason)


def test_what_it_has_stored_makes_it_partial_and_another_run_of_the_series_goes_on():
    run = running()
    after, _ = looked(run, take(run, LONG, done=1), series(run, "another"))
    assert (after[run.id].status, after[run.series].running) == ("partial", "another")


@pytest.mark.parametrize(
    ("started", "touched", "ended"),
    [
        (LONG, RECENT, False),
        (RECENT, None, False),
        (LONG, None, True),
        (RECENT, LONG, True),
        (NOW + 9 * HOUR, LONG, True),
        (RECENT, NOW + 9 * HOUR, False),
        (NOW + 9 * HOUR, NOW + 9 * HOUR, True),
    ],
)
def test_the_last_sign_that_no_wrong_clock_has_dated_counts(started, touched, ended):
    run = running(started)
    after, said = looked(run, *([take(run, touched)] if touched else []))
    assert (after[run.id].status == "failed", len(said)) == (ended, int(ended))
    if ended and started > NOW and touched != LONG:
        assert said[0].reason == "abandoned: it is dated ahead of now"


def stage(of: Backup, name: Any, touched: datetime, over: bool = False) -> BackupJob:
    return BackupJob(
        id=job_id(of.id, name), stage=name, backup_id=of.id, touched_at=touched, over=over
    )


@pytest.mark.parametrize(
    ("finished", "jobs", "told"),
    [
        (LONG, [], "replicate"),
        (RECENT, [], None),
        (LONG, [("replicate", LONG, False)], "replicate"),
        (LONG, [("replicate", RECENT, False)], None),
        (LONG, [("replicate", LONG, True)], "verify"),
        (LONG, [("replicate", LONG, True), ("verify", RECENT, False)], None),
        (LONG, [("replicate", LONG, True), ("verify", LONG, False)], "verify"),
        (RECENT, [("replicate", LONG, False)], "replicate"),
        (RECENT, [("replicate", NOW + 9 * HOUR, False)], None),
        (NOW + 9 * HOUR, [], "replicate"),
    ],
)
def test_a_backup_that_nobody_proves_any_more_is_told_of_once(finished, jobs, told):
    taken = backup(min(finished, LONG), status="finished", finished_at=finished)
    if finished > NOW:
        taken = msgspec.structs.replace(taken, started_at=finished)
    after, said = looked(taken, *(stage(taken, *job) for job in jobs))
    assert [body.stage for body in said] == ([told] if told else [])
    assert bool(after[taken.id].reason) == bool(told)
    assert after[taken.id].status == "finished", "what follows may still prove it"
    assert looked(*after.values())[1] == ([] if told else said), "once"


def restore(touched: datetime) -> Restore:
    return Restore(
        id="r", service="shop", source="files", backup_id=backup(LONG).id, kind="bucket",
        purpose="recovery", region="tokyo", bucket="primary", requested_at=LONG,
        touched_at=touched, lease_until=NOW,
    )  # fmt: skip


def test_a_restore_without_a_sign_of_life_fails_and_no_longer_holds_its_backup():
    held = backup(LONG, restores=["r", "other"])
    after, said = looked(restore(LONG), held)
    found = after["r"]
    assert (found.status, found.over, found.lease_until) == ("failed", True, None)
    assert (found.reason, found.finished_at) == ("abandoned: nobody goes on with it", NOW)
    assert after[held.id].restores == ["other"]
    (failed,) = said
    assert isinstance(failed, RestoreFailed)
    assert (failed.restore_id, failed.region, failed.reason) == ("r", "tokyo", found.reason)
    assert [body.at for body in said] == [NOW]


def test_a_restore_that_somebody_is_at_goes_on():
    after, said = looked(restore(RECENT))
    assert (after["r"], said) == (restore(RECENT), [])


def test_after_a_sign_of_life_ahead_of_now_another_is_waited_for_as_ever():
    after, said = looked(restore(NOW + 9 * HOUR))
    assert said == []
    assert (after["r"].status, after["r"].touched_at, after["r"].lease_until) == (
        "running", NOW, None,
    )  # fmt: skip
