"""
What the platform did about alerts before the world beside it was asked: each a defect that the
crash points and the plain simulation took for right, and that the senders' world catches.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import msgspec

from tests.simulation.mutants import Mutant
from toban.alerts import alertmanager
from toban.events import AlertAttached, AlertCleared
from toban.incidents import lifecycle, reminders, settle
from toban.incidents.documents import Alert, Incident
from toban.incidents.opening import occurrences, triage
from toban.incidents.opening.occurrences import ReportedTimes
from toban.kernel.errors import TryLater
from toban.kernel.handling.decision import Decision
from toban.kernel.work import Work


@contextmanager
def an_older_start_drops_a_resolve() -> Iterator[None]:
    """An occurrence is named by its newest start alone."""

    def by_start(alert: Alert, said: ReportedTimes) -> bool:
        return said.start >= (alert.newest_start or alert.starts_at)

    with mock.patch.object(triage, "is_over", by_start):
        yield


@contextmanager
def the_present_counts_for_nothing() -> Iterator[None]:
    """The same words a second time are a repetition, whatever was said in between."""

    def new_start(alert: Alert, said: ReportedTimes) -> bool:
        return said.start > (alert.newest_start or alert.starts_at)

    real = alertmanager._report

    def dated_only(*arguments: Any) -> Any:
        return msgspec.structs.replace(real(*arguments), current=False)

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(triage, "is_new", new_start))
        stack.enter_context(mock.patch.object(alertmanager, "_report", dated_only))
        yield


def a_day_ahead_is_believed() -> AbstractContextManager[Any]:
    """A start up to a day ahead is the sender's own affair."""
    return mock.patch.object(occurrences, "MAX_AHEAD", timedelta(days=1))


def _told_only(when: Any) -> AbstractContextManager[Any]:
    real = reminders.tell_joined

    def tell(
        incident: Incident, joined: AlertAttached, work: Work, *, new_rule: bool, listed: bool
    ) -> None:
        if when(incident, new_rule, listed):
            real(incident, joined, work, new_rule=new_rule, listed=listed)

    return mock.patch.object(settle, "tell_joined", tell)


def overflow_swallows_first_pages() -> AbstractContextManager[Any]:
    """Whoever joins the newest incident for want of room is told of while it is acknowledged."""
    return _told_only(lambda incident, _, listed: incident.status == "acknowledged" and listed)


@contextmanager
def silent_inside_acknowledged() -> Iterator[None]:
    """A new occurrence or another instance calls nobody."""
    with ExitStack() as stack:
        stack.enter_context(_told_only(lambda incident, new_rule, listed: new_rule))
        stack.enter_context(mock.patch.object(settle, "tell_what_waited", return_value=None))
        yield


@contextmanager
def nothing_happens_for_ever() -> Iterator[None]:
    """Neither an acknowledgement runs out, nor are steps repeated."""

    def never(incident: Incident, work: Work, at: datetime) -> None:
        pass

    with ExitStack() as stack:
        for module in (lifecycle, reminders):
            stack.enter_context(mock.patch.object(module, "remind_at", never))
        yield


def collected_and_forgotten() -> AbstractContextManager[Any]:
    """What joined within the window is told of by nobody."""
    return mock.patch.object(reminders, "_tell_collected", return_value=None)


def over_is_believed_late() -> AbstractContextManager[Any]:
    """Whatever is over stays open for a while, in case that it comes back; people are called."""

    def on_cleared(cleared: AlertCleared, work: Work) -> None:
        if work.now - cleared.at < timedelta(minutes=20):
            raise TryLater("wait and see")
        settle.on_cleared(cleared, work)

    return mock.patch.dict(settle.HANDLERS, {AlertCleared: Decision(on_cleared)})


SENDER_MUTANTS = (
    Mutant("older start", "a resolve is dropped", an_older_start_drops_a_resolve, seed=3),
    Mutant(
        "present ignored", "what fires again is dropped", the_present_counts_for_nothing, seed=5
    ),
    Mutant(
        "a day ahead", "what follows a clock ahead is dropped", a_day_ahead_is_believed, seed=19
    ),
    Mutant("overflow", "first pages of rules are swallowed", overflow_swallows_first_pages, seed=2),
    Mutant("acknowledged", "silent inside acknowledged", silent_inside_acknowledged, seed=5),
    Mutant("never again", "silent when nothing happens", nothing_happens_for_ever, seed=2),
    Mutant("collected", "what is collected is never told", collected_and_forgotten, seed=343),
    Mutant("believed late", "people are called for what is over", over_is_believed_late),
)
