"""
Response targets under faults (see `responses`). A seed is played again by `HurriedSimulation`: nothing
but its profiles differs from the plain one.
"""

from __future__ import annotations

from unittest import mock

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation.invariants import violations
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


def forgotten(incident: Incident, *_: object) -> None:
    incident.respond_by = None


@pytest.mark.parametrize(
    ("place", "name", "seed"),
    [
        (act, "expect_response", 21),
        (lifecycle, "expect_response", 1),
        (reminders, "expect_response", 0),
        (lifecycle, "end_response", 43),
    ],
)
def test_a_target_that_is_forgotten_is_noticed(place: object, name: str, seed: int) -> None:
    with mock.patch.object(place, name, forgotten):
        seeds = dict.fromkeys((seed, *range(60)))  # its own first
        assert any("not noted" in wrong for each in seeds for wrong in broken(each))
