"""
Response targets under faults (see `responses`). A seed is played again by `HurriedSimulation`: nothing
but its profiles differs from the plain one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation.catching import Record, has_to_be_caught
from tests.simulation.invariants import violations
from tests.simulation.mutants import Mutant
from tests.simulation.responses import HurriedSimulation
from toban.incidents import act, lifecycle, reminders
from toban.incidents.documents import Incident


def broken(seed: int) -> list[str]:
    simulation = HurriedSimulation(seed)
    simulation.run()
    return violations(simulation)


@pytest.mark.seeds(least=6, seconds=3)
def test_a_missed_target_is_noted_and_a_met_one_is_not(seeds: Seeds) -> None:
    for seed in seeds:
        assert broken(seed) == [], f"HurriedSimulation({seed})"


def forgotten(place: object, name: str) -> Callable[[], AbstractContextManager[Any]]:
    """Somewhere nobody minds the target."""

    def forget(incident: Incident, *_: object) -> None:
        incident.respond_by = None

    return lambda: mock.patch.object(place, name, forget)


MISSED = "a target is missed, and not noted"
MUTANTS = (
    Mutant("by hand, nobody waits", MISSED, forgotten(act, "expect_response"), seed=17),
    Mutant("opened, nobody waits", MISSED, forgotten(lifecycle, "expect_response"), seed=1),
    Mutant("asked again, nobody waits", MISSED, forgotten(reminders, "expect_response")),
    Mutant("a late timer notes nothing", MISSED, forgotten(lifecycle, "end_response"), seed=9),
)


def not_noted(seed: int) -> list[str]:
    return [wrong for wrong in broken(seed) if "not noted" in wrong]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_target_that_is_forgotten_is_noticed(mutant: Mutant, record_property: Record) -> None:
    has_to_be_caught(mutant, not_noted, record_property)
