"""What may go wrong with environments: each has to be caught by a world with staging in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest import mock

from tests.simulation.mutants import Mutant
from toban.incidents import escalate, lifecycle, settle
from toban.incidents.documents import Incident
from toban.incidents.opening import triage
from toban.kernel.environment import PRODUCTION
from toban.notify import contacts


def pages_ignored() -> AbstractContextManager[Any]:
    """People are called whatever the environment."""
    return mock.patch.object(contacts, "calls_people", return_value=True)


def nobody_called() -> AbstractContextManager[Any]:
    """Only channels get posts, production's as well."""
    return mock.patch.object(contacts, "calls_people", return_value=False)


def steps_run() -> AbstractContextManager[Any]:
    """The escalation of an environment without pages runs."""
    return mock.patch.object(lifecycle, "calls_people", return_value=True)


def platform_called() -> AbstractContextManager[Any]:
    """That a post of staging failed is told to the platform's people."""
    return mock.patch.object(escalate, "is_called_for", return_value=True)


def _dropped_by(name: str) -> AbstractContextManager[Any]:
    real = getattr(settle, name)

    def forgetful(incident: Incident, *arguments: Any, **more: Any) -> None:
        incident.environment = PRODUCTION
        real(incident, *arguments, **more)

    return mock.patch.object(settle, name, forgetful)


def dropped_when_raised() -> AbstractContextManager[Any]:
    """An incident whose severity rises is production's from then on."""
    return _dropped_by("raise_severity")


def dropped_when_reopened() -> AbstractContextManager[Any]:
    """An incident that is open again is production's from then on."""
    return _dropped_by("reopen")


@contextmanager
def folded() -> Iterator[None]:
    """Alerts of all environments of a service share its incidents."""
    with ExitStack() as stack:
        for module in (triage, lifecycle):
            stack.enter_context(
                mock.patch.object(module, "group_id", lambda service, _: str(service))
            )
        yield


STAGED_MUTANTS = (
    Mutant("pages ignored", "people are called for staging", pages_ignored),
    Mutant("nobody called", "nobody is called for production", nobody_called),
    Mutant("steps run", "a timer ends at a person", steps_run),
    Mutant("platform called", "its people are called for staging", platform_called, seed=9),
    Mutant("dropped when raised", "people are called for staging", dropped_when_raised, seed=5),
    Mutant("dropped when reopened", "people are called for staging", dropped_when_reopened, seed=3),
    Mutant("folded", "two environments share an incident", folded),
)
