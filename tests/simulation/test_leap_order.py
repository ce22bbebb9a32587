"""A clock that was 300 days ahead, as examples: what the simulation of leaps looks for, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from unittest import mock

import pytest

from tests.simulation import backup_story as story
from tests.simulation.backup_world import small
from tests.simulation.test_backup_order import SERIES, Told
from toban.backups.documents import Backup, SeriesState
from toban.backups.policy.restores import Restore, RestoreRecord
from toban.backups.work import start
from toban.backups.work.take_job import TakeJob
from toban.events.backups import (
    BackupDue,
    BackupFailed,
    BackupWatchDue,
    PruneDue,
    RestoreTestDue,
)
from toban.kernel.work import Work

AHEAD = timedelta(days=300)
MINUTE = 60.0


class Leaping(Told):
    def leap(self) -> None:
        """The clock is 300 days ahead from now on."""
        self.world.clock.set(self.world.clock.now() + AHEAD)

    def put_back(self) -> None:
        """It is right again."""
        self.world.clock.set(self.world.clock.now() - AHEAD)

    def future(self) -> Backup:
        """A backup that was taken and verified while the clock was ahead."""
        self.leap()
        made = self.due()
        self.put_back()
        assert made.is_ahead(self.world.clock.now())
        return made


@pytest.fixture
def run() -> Iterator[Leaping]:
    with small():
        yield Leaping(story=story.BACKUPS)


def newest(run: Leaping, source: str = "files", class_: str = "full") -> Backup:
    """The newest backup that is not dated ahead."""
    now = run.world.clock.now()
    own = [b for b in run.all(Backup) if (b.source, b.class_) == (source, class_)]
    return max((b for b in own if not b.is_ahead(now)), key=lambda b: b.slot)


def test_the_slot_after_the_leap_is_taken_and_puts_the_series_right(run: Leaping) -> None:
    run.future()
    run.due()
    real = newest(run)
    state = next(s for s in run.all(SeriesState) if s.id == "shop.files.full")
    assert real.status == "verified"
    assert (state.newest_slot, state.verified, state.running) == (real.slot, real.id, "")


def test_an_increment_after_the_leap_builds_on_nothing_of_the_future(run: Leaping) -> None:
    run.future()
    run.due("files", "often")
    assert newest(run, class_="often").needs == []


def test_a_run_left_by_a_clock_ahead_is_ended_and_the_next_slot_does_not_wait(
    run: Leaping,
) -> None:
    taking = run.world.tables["run_backup_step"]
    run.lose("run_backup_step")
    lost = run.future()
    run.put(
        TakeJob(
            id=f"{lost.id}.take", stage="take", backup_id=lost.id,
            touched_at=lost.started_at, lease_until=lost.started_at,
        )
    )  # fmt: skip
    run.world.tables["run_backup_step"] = taking
    run.due()
    assert newest(run).status == "verified"

    run.say(BackupWatchDue(), wait=MINUTE)

    ended = run.one(Backup, lost.id)
    assert (ended.status, "ahead of now" in ended.reason) == ("failed", True)


def test_what_is_dated_ahead_is_an_alert_until_it_is_removed(run: Leaping) -> None:
    future = run.future()
    run.say(BackupWatchDue(), wait=MINUTE)
    assert "backup-ahead/files/full" in run.open_alerts()

    run.put(run.one(Backup, future.id), discarded_by="aoki")
    run.say(PruneDue(), wait=MINUTE)
    assert run.one(Backup, future.id).status == "deleted"
    run.say(BackupWatchDue(), wait=MINUTE)
    assert "backup-ahead/files/full" not in run.open_alerts()


def test_it_is_no_alert_any_more_once_its_time_has_come(run: Leaping) -> None:
    run.future()
    run.say(BackupWatchDue(), wait=MINUTE)
    run.say(BackupWatchDue(), wait=AHEAD.total_seconds())
    assert "backup-ahead/files/full" not in run.open_alerts()


def test_a_failure_after_the_leap_is_told_though_a_verified_one_lies_ahead(run: Leaping) -> None:
    run.future()
    run.due()
    real = newest(run)
    state = next(s for s in run.all(SeriesState) if s.id == "shop.files.full")
    run.put(state, verified=run.future().id)
    run.put(run.one(Backup, real.id), status="failed", verified_at=None)
    now = run.world.clock.now()
    run.say(BackupFailed(backup_id=real.id, stage="verify", reason="bad", at=now, **SERIES))
    assert "backup-failed/files/full" in run.open_alerts()


def test_a_restore_test_under_which_the_clock_is_put_back_has_no_time_and_the_next_has(
    run: Leaping,
) -> None:
    run.due()
    restoring = run.world.tables["restore_backup"]
    run.lose("restore_backup")
    run.leap()
    run.say(RestoreTestDue(service="shop"), wait=MINUTE)
    requested = run.world.out.published[-1]
    run.put_back()
    run.world.tables["restore_backup"] = restoring
    run.world.out.publish([requested])
    run._settle()

    (restore,) = run.all(Restore)
    assert (restore.status, "clock was put back" in restore.reason) == ("failed", True)
    assert "restore-failed/files/test" in run.open_alerts()

    run.say(RestoreTestDue(service="shop"), wait=MINUTE)
    (record,) = run.all(RestoreRecord)
    passed = [t.passed_at for t in record.tested.values() if t.passed_at]
    assert passed
    assert max(passed) <= run.world.clock.now()
    assert "restore-failed/files/test" not in run.open_alerts()


def test_a_minute_in_which_the_clock_leaps_removes_nothing(run: Leaping) -> None:
    run.due()
    run.say(PruneDue(), wait=MINUTE)
    before = {b.id: b.status for b in run.all(Backup)}
    run.leap()
    run.due()
    run.say(PruneDue(), wait=1)
    run.put_back()
    run.say(PruneDue(), wait=MINUTE)
    after = {b.id: b.status for b in run.all(Backup)}
    assert {id: after[id] for id in before} == before


def test_after_a_day_without_pruning_it_waits_a_day_and_then_goes_on(run: Leaping) -> None:
    first = run.due()
    for _ in range(3):
        run.say(PruneDue(), wait=3 * 86_400)
        run.due()
    assert run.one(Backup, first.id).status == "verified", "every time it had leapt"
    run.say(PruneDue(), wait=86_400)
    assert run.one(Backup, first.id).status == "deleted"


def test_every_slot_that_is_skipped_says_so_on_the_log(run: Leaping) -> None:
    backup = run.due()
    said: list[str] = []
    with mock.patch.object(start.log, "warning", side_effect=lambda text, **_: said.append(text)):
        run.say(BackupDue(**SERIES), wait=1)
        assert said == ["slot skipped: already taken, or a later one"]
        said.clear()
        run.lose("run_backup_step")
        run.due()
        run.say(BackupDue(**SERIES), wait=MINUTE)
        run.say(BackupDue(**SERIES))
        assert said == [
            "slot skipped: its backup still running",
            "slot skipped: previous backup still running",
        ]
        said.clear()
        run.say(BackupDue(service="shop", source="files", class_="never"))
        assert said == ["slot skipped: backup plan no longer exists"]
    assert run.one(Backup, backup.id).status == "verified"


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_request_dated_ahead_is_taken_for_now(run: Leaping, by_hand: bool) -> None:
    from toban.kernel.event import Event, to_message

    now = run.world.clock.now()
    body = BackupDue(**SERIES, requested_by="aoki" if by_hand else "")
    run.world.out.publish(
        [to_message(Event(id="ahead", source="/test", time=now + AHEAD, body=body))]
    )
    run._settle()
    (made,) = run.all(Backup)
    assert made.slot <= now + timedelta(minutes=1)


def test_a_person_is_answered_and_a_schedule_is_not(run: Leaping) -> None:
    answers: list[dict[str, str]] = []
    inner = Work.answer

    def answer(self: Work, **said: str) -> None:
        answers.append(said)
        inner(self, **said)

    with mock.patch.object(Work, "answer", answer):
        backup = run.due()
        run.say(BackupDue(**SERIES), wait=1)
        assert answers == []
        run.say(BackupDue(**SERIES, requested_by="aoki"), wait=10)
        run.lose("run_backup_step")
        run.say(BackupDue(**SERIES, requested_by="aoki"), wait=10)
        running = newest(run)
        run.say(BackupDue(**SERIES, requested_by="aoki"), wait=10)
    assert [a["outcome"] for a in answers] == ["started", "started", "running"]
    assert [a["backup"] for a in answers][1:] == [running.id, running.id]
    assert backup.id not in {a["backup"] for a in answers}
