"""
Alerts whose sender never says that they are over, or is gone (see `unheard_sim`). Play a seed again with

    python -m tests.simulation unheard SEED
"""

from __future__ import annotations

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation.catching import Record, has_to_be_caught
from tests.simulation.mutants import Mutant
from tests.simulation.unheard_mutants import UNHEARD_MUTANTS
from tests.simulation.unheard_sim import UnheardSimulation


def broken(seed: int) -> list[str]:
    simulation = UnheardSimulation(seed)
    simulation.run()
    return simulation.broken()


@pytest.mark.seeds(least=8, seconds=3)
def test_what_is_not_heard_of_ends_and_what_is_does_not(seeds: Seeds) -> None:
    for seed in seeds:
        assert broken(seed) == [], f"python -m tests.simulation unheard {seed}"


@pytest.mark.parametrize("mutant", UNHEARD_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_defect_of_it_is_caught(mutant: Mutant, record_property: Record) -> None:
    has_to_be_caught(mutant, broken, record_property)
