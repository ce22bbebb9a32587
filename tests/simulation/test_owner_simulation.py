"""
Targets that remember their owner, under seeded faults, and broken variants that have to be noticed. Play
a seed again with

    python -m tests.simulation owners SEED
"""

from __future__ import annotations

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation.catching import Record, has_to_be_caught
from tests.simulation.mutants import Mutant
from tests.simulation.owner_mutants import MUTANTS
from tests.simulation.owner_sim import OwnerSimulation, violations


def broken(seed: int) -> list[str]:
    simulation = OwnerSimulation(seed)
    simulation.run()
    return violations(simulation)


@pytest.mark.seeds(least=18, seconds=25, parts=6)
def test_nothing_that_an_application_wrote_is_ever_lost(seeds: Seeds) -> None:
    for seed in seeds:
        assert broken(seed) == [], f"python -m tests.simulation owners {seed}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_variant_is_caught(mutant: Mutant, record_property: Record) -> None:
    has_to_be_caught(mutant, broken, record_property)
