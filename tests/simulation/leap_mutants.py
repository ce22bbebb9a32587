"""
What the code did before it knew that a clock may be ahead, one place each: every one has to be caught
by the simulation of a clock that leaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from tests.simulation.mutants import Mutant
from toban.backups.documents import Backup, SeriesState
from toban.backups.policy import alerts, objectives, recovery
from toban.backups.restoring import turns as restore_test
from toban.backups.watching import watch
from toban.backups.work import prune, start
from toban.backups.work.reading import judging
from toban.kernel.handling import job as kernel_job
from toban.kernel.handling.job import ABANDONED, JobDocument
from toban.kernel.work import Work


def believed(at: datetime | None, _: datetime) -> datetime | None:
    """Instead of `not_ahead`: every time is believed."""
    return at


def newest_slot_blocks() -> AbstractContextManager[Any]:
    """A slot is skipped because of a newest one in the future."""
    return mock.patch.object(start, "not_ahead", believed)


def future_run_blocks() -> AbstractContextManager[Any]:
    """A backup of the future that runs for ever is waited for, and never ended."""

    def is_running(series: SeriesState, _: Work) -> bool:
        return bool(series.running)

    return _both(
        mock.patch.object(start, "_is_running", is_running),
        mock.patch.object(watch, "not_ahead", believed),
    )


def builds_on_the_future() -> AbstractContextManager[Any]:
    """An increment builds on what is dated last."""
    inner = start._base

    def base(due: Any, planned: Any, work: Work) -> Backup | None:
        with mock.patch.object(Backup, "is_ahead", return_value=False):
            return inner(due, planned, work)

    return mock.patch.object(start, "_base", base)


def future_is_newest() -> AbstractContextManager[Any]:
    """The recovery point is the one dated last, and its age is never less than nothing."""

    def newest(service: str, plan: Any, work: Work) -> Backup | None:
        found = work.find(
            Backup,
            ("service", "==", service),
            ("source", "==", plan.source),
            ("class", "==", plan.class_),
            ("status", "==", "verified"),
            order_by="-snapshot_at",
            limit=1,
        )
        return found[0] if found else None

    return _both(
        mock.patch.object(watch, "_newest", newest),
        mock.patch.object(objectives, "not_ahead", believed),
    )


def future_is_offered() -> AbstractContextManager[Any]:
    """A restore takes the one dated last."""
    inner = recovery.newest

    def newest(*args: Any, **more: Any) -> Backup | None:
        with mock.patch.object(Backup, "is_ahead", return_value=False):
            return inner(*args, **more)

    return mock.patch.object(recovery, "newest", newest)


def future_lease_holds() -> AbstractContextManager[Any]:
    """A lease that a clock ahead has written holds for 300 days."""

    def holds(until: datetime | None, _: timedelta, now: datetime) -> bool:
        return until is not None and until > now

    return mock.patch.object(kernel_job, "holds", holds)


def future_sign_of_life() -> AbstractContextManager[Any]:
    """A job touched in the future is never abandoned, nor a lease that was written there over."""

    def is_stale(self: JobDocument, now: datetime) -> bool:
        return not self.over and self.touched_at is not None and now - self.touched_at > ABANDONED

    return _both(
        future_lease_holds(),
        mock.patch.object(JobDocument, "is_stale", is_stale),
        mock.patch.object(watch, "not_ahead", believed),
    )


def prunes_after_a_leap() -> AbstractContextManager[Any]:
    """Retention counts the days of a clock that has just leapt."""
    return mock.patch.object(prune, "waits_until", return_value=None)


def verified_in_the_future() -> AbstractContextManager[Any]:
    """A series whose newest verified backup lies ahead has no newer one, and no newer failure."""

    def mended(of: Any, backup_id: str, since: datetime, work: Work) -> bool:
        from toban.backups.documents import series_id

        series = work.get(SeriesState, series_id(of.service, of.source, of.class_))
        if series is not None and series.verified > backup_id:
            return True
        same = series.unchanged_at if series is not None else None
        if series is not None and same and same > since and series.verified == series.finished:
            return True
        backup = work.get(Backup, backup_id)
        if backup is None or backup.status != "verified" or backup.verified_at is None:
            return False
        return backup.verified_at > since

    return _both(
        mock.patch.object(judging, "not_ahead", believed),
        mock.patch.object(watch, "_is_mended", mended),
    )


def tests_the_future() -> AbstractContextManager[Any]:
    """Restore tests take what is dated last, and wait for turns taken in the future."""
    inner = restore_test.choose

    def choose(*args: Any) -> Any:
        with mock.patch.object(Backup, "is_ahead", return_value=False):
            return inner(*args)

    return _both(
        mock.patch.object(restore_test, "not_ahead", believed),
        mock.patch.object(restore_test, "choose", choose),
    )


def nobody_is_told() -> AbstractContextManager[Any]:
    """What is dated ahead is ignored in silence."""
    return mock.patch.object(watch, "troubles_ahead", return_value=())


def alert_from_the_future() -> AbstractContextManager[Any]:
    """An alert that was opened while the clock was ahead keeps its beginning."""

    def begun(_: str, alert: Any, *__: Any) -> Any:
        return alert

    return mock.patch.object(alerts, "_begun", begun)


@contextmanager
def _both(*contexts: AbstractContextManager[Any]) -> Iterator[None]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        for context in contexts:
            stack.enter_context(context)
        yield


MUTANTS = (
    Mutant("newest slot blocks", "no backup for 300 days", newest_slot_blocks, seed=5),
    Mutant("a run of the future blocks", "no backup for 300 days", future_run_blocks, seed=10),
    Mutant(
        "builds on the future",
        "increments on what counts for nothing",
        builds_on_the_future,
        seed=5,
    ),
    Mutant(
        "the future is newest", "the recovery point is met for 300 days", future_is_newest, seed=5
    ),
    Mutant("the future is offered", "a restore of what nobody can date", future_is_offered, seed=5),
    Mutant("a lease of the future holds", "a step is never taken over", future_lease_holds, seed=8),
    Mutant("a sign of life of the future", "a dead job is never ended", future_sign_of_life),
    Mutant("prunes after a leap", "nearly everything is removed", prunes_after_a_leap, seed=3),
    Mutant(
        "verified in the future", "no failure is told for 300 days", verified_in_the_future, seed=7
    ),
    Mutant("tests the future", "restore tests of what counts for nothing", tests_the_future),
    Mutant("nobody is told", "a wrong clock stays unnoticed", nobody_is_told, seed=2),
    Mutant("an alert of the future", "nothing can end it", alert_from_the_future),
)
