"""How a key is taken away that something needs, or what is read with it is lost."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from tests.simulation.mutants import Mutant
from toban.backups.watching import survey


def doubts_are_no_reason() -> AbstractContextManager[Any]:
    """What could not be read, or is still being written, needs no key."""
    sound = survey.not_needed

    def not_needed(known: Any, present: Any, seen: Any, _: object) -> Any:
        return sound(known, present, seen, ())

    return mock.patch.object(survey, "not_needed", not_needed)


def nothing_is_under_way() -> AbstractContextManager[Any]:
    """What is being taken or copied is looked at when it is there."""
    return mock.patch.object(survey, "under_way", return_value=())


MUTANTS = (
    Mutant("doubts are no reason", "a region that was away needs the key", doubts_are_no_reason),
    Mutant("nothing is under way", "what was being taken needs the key", nothing_is_under_way),
)
