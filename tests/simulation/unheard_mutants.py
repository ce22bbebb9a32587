"""Defects of what is done about alerts that never end, which `unheard_sim` has to notice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from tests.simulation.mutants import Mutant
from toban.alerts import alertmanager, cloud_monitoring
from toban.incidents import lifecycle, settle
from toban.incidents.documents import Incident
from toban.incidents.grouping.section import Grouping
from toban.incidents.opening import expiry, occurrences
from toban.kernel.work import Work


def a_repetition_is_not_heard() -> AbstractContextManager[Any]:
    """Whoever repeats what fires writes nothing, ever."""
    return mock.patch.object(Grouping, "note_heard_each", timedelta(days=99))


def one_look_and_no_more() -> AbstractContextManager[Any]:
    """A look sets no timer for the next one."""

    def never(incident: Incident, work: Work, at: datetime) -> None:
        incident.check_at = at

    return mock.patch.object(expiry, "check_alerts_at", never)


@contextmanager
def expired_is_resolved() -> Iterator[None]:
    """What nobody said is over is called resolved."""

    def resolve(incident: Incident, work: Work, by: str = "", unheard_since: Any = None) -> None:
        del unheard_since
        lifecycle.resolve(incident, work, by)

    with mock.patch.object(settle, "resolve", resolve):
        yield


def a_quarter_of_an_hour_is_silence() -> AbstractContextManager[Any]:
    """What its sender has not repeated for twenty minutes has expired."""
    return mock.patch.object(Grouping, "expiry", timedelta(minutes=15))


def everybody_is_taken_to_repeat() -> AbstractContextManager[Any]:
    """What is reported only once expires as well, while it burns."""
    everybody = (alertmanager.SOURCE, cloud_monitoring.SOURCE)
    return mock.patch.object(occurrences, "REPEATING_SOURCES", everybody)


UNHEARD_MUTANTS = (
    Mutant("unheard", "a repetition is not heard of", a_repetition_is_not_heard, seed=1),
    Mutant("one look", "nobody looks a second time", one_look_and_no_more),
    Mutant("called resolved", "what has expired is called resolved", expired_is_resolved, seed=5),
    Mutant("too soon", "expires between two repetitions", a_quarter_of_an_hour_is_silence),
    Mutant("burns", "what is reported only once expires", everybody_is_taken_to_repeat),
)
