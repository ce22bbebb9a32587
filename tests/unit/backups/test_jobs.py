"""Which job an event continues, begins, or finds over."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.unit.backups.test_clock_ahead import NOW, backup
from toban.adapters.local.memory.store import MemoryStore
from toban.backups.jobs import MOST_REQUESTS, BackupJob, claim_next, fail, job_id
from toban.events.backups import BackupReplicated, VerificationStepDue
from toban.kernel.document import encode
from toban.kernel.event import Event
from toban.kernel.work import Work
from toban.ports import Create

OF = backup(NOW)


def claimed(event: Any, *known: BackupJob, id: str = "evt-1") -> BackupJob | None:
    store = MemoryStore()
    store.commit([Create(job.key(job.id), encode(job)) for job in known])
    cause = Event(id=id, source="/test", time=NOW, body=event)
    work = Work(store=store, event=cause, function="verify_backup", now=NOW)
    return claim_next(BackupJob, "verify", event, work)


def job(**more: Any) -> BackupJob:
    return BackupJob(id=job_id(OF.id, "verify"), stage="verify", backup_id=OF.id, **more)


REQUEST = BackupReplicated(**OF.named, at=NOW)


def step(number: int) -> VerificationStepDue:
    return VerificationStepDue(**OF.named, step=number)


def test_a_step_continues_the_job_that_waits_for_exactly_it():
    assert claimed(step(2), job(step=2)).step == 2
    assert claimed(step(1), job(step=2)) is None
    assert claimed(step(3), job(step=2)) is None
    assert claimed(step(2), job(step=2, over=True)) is None
    assert claimed(step(0)) is None


def test_a_request_begins_a_job_or_joins_the_one_under_way():
    begun = claimed(REQUEST)
    assert (begun.step, begun.stage, begun.backup_id, begun.requests) == (
        0, "verify", OF.id, ["evt-1"],
    )  # fmt: skip
    joined = claimed(REQUEST, job(step=2, done=7, requests=["evt-0"]))
    assert (joined.step, joined.done, joined.requests) == (2, 7, ["evt-0", "evt-1"])
    assert claimed(REQUEST, job(requests=["evt-1"])).requests == ["evt-1"]


def test_asked_again_it_begins_anew_and_a_late_step_of_before_finds_no_work():
    over = job(step=2, done=7, fence=5, over=True, requests=["evt-0"], outcome="failed", reason="x")
    again = claimed(REQUEST, over)
    assert (again.step, again.fence, again.over, again.done) == (3, 5, False, 0)
    assert (again.outcome, again.reason, again.requests) == ("", "", ["evt-0", "evt-1"])
    assert claimed(step(2), again) is None


def test_it_remembers_the_newest_requests():
    many = [f"evt-{number}" for number in range(100, 100 + MOST_REQUESTS)]
    assert claimed(REQUEST, job(requests=many)).requests == [*many[1:], "evt-1"]


def test_why_a_backup_failed_is_kept_as_it_was_told_without_credentials_and_cut():
    store = MemoryStore()
    cause = Event(id="evt-1", source="/test", time=NOW, body=REQUEST)
    work = Work(store=store, event=cause, function="verify_backup", now=NOW)
    failed = backup(NOW)
    fail(failed, "verify", "password=hunter22 " + "x" * 3000, work)
    assert failed.reason == ("password=[secret] " + "x" * 3000)[:2000]
    (message,) = work.messages()
    told = msgspec.json.decode(message.data)
    assert (told["reason"], told["stage"]) == (failed.reason, "verify")
