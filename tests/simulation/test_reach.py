"""
Whoever is asked whether they can be called, and answers, under faults. Play a seed again with

    python -m tests.simulation reach SEED
"""

from __future__ import annotations

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation.catching import Record, has_to_be_caught
from tests.simulation.mutants import Mutant
from tests.simulation.reach_sim import REACH_MUTANTS, ReachSimulation


def broken(seed: int) -> list[str]:
    simulation = ReachSimulation(seed)
    simulation.run()
    return simulation.broken()


@pytest.mark.seeds(least=6, seconds=1)
def test_whoever_answers_has_shown_it_and_nobody_else(seeds: Seeds) -> None:
    for seed in seeds:
        assert broken(seed) == [], f"python -m tests.simulation reach {seed}"


@pytest.mark.parametrize("mutant", REACH_MUTANTS, ids=lambda mutant: mutant.name)
def test_what_would_mislead_about_it_is_caught(mutant: Mutant, record_property: Record) -> None:
    has_to_be_caught(mutant, broken, record_property)
