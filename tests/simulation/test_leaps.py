"""
The clock is 300 days ahead for a minute, while backups are taken, verified, pruned and restored under
faults; then it is right. Play a seed again with

    python -m tests.simulation leaps SEED
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation.backup_world import small
from tests.simulation.catching import Record, has_to_be_caught
from tests.simulation.leap_invariants import violations
from tests.simulation.leap_mutants import MUTANTS
from tests.simulation.leap_sim import LeapSimulation
from tests.simulation.mutants import Mutant


@pytest.fixture(autouse=True)
def tiny() -> Iterator[None]:
    with small():
        yield


def broken(seed: int) -> list[str]:
    simulation = LeapSimulation(seed)
    simulation.run()
    return violations(simulation)


@pytest.mark.seeds(least=8, seconds=10, parts=4)
def test_every_invariant_holds_after_a_leap(seeds: Seeds) -> None:
    for seed in seeds:
        assert broken(seed) == [], f"python -m tests.simulation leaps {seed}"


def test_a_backup_begun_anew_after_the_leap_counts_by_its_new_dates() -> None:
    assert broken(807232) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_variant_is_caught(mutant: Mutant, record_property: Record) -> None:
    has_to_be_caught(mutant, broken, record_property)
