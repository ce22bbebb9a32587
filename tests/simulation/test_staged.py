"""
A staging environment beside production: nobody is ever called for it, and production is heard of as
ever. Play a seed again with

    python -m tests.simulation staged SEED
    python -m tests.simulation staged-senders SEED
"""

from __future__ import annotations

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation.catching import Record, has_to_be_caught
from tests.simulation.invariants import everything
from tests.simulation.mutants import Mutant
from tests.simulation.profiles import QUIET
from tests.simulation.staged import StagedSenders, StagedSimulation
from tests.simulation.staged_mutants import STAGED_MUTANTS
from toban.incidents.documents import Incident


def broken(seed: int) -> list[str]:
    """Seeds alternate between the two worlds."""
    simulation = StagedSimulation(seed) if seed % 2 else StagedSenders(seed)
    simulation.run()
    return simulation.broken()


@pytest.mark.seeds(least=8, seconds=2, parts=2)
def test_nobody_is_called_for_staging_and_production_is_heard_of_as_ever(seeds: Seeds) -> None:
    for seed in seeds:
        world = "staged" if seed % 2 else "staged-senders"
        assert broken(seed) == [], f"python -m tests.simulation {world} {seed}"


@pytest.mark.parametrize("mutant", STAGED_MUTANTS, ids=lambda mutant: mutant.name)
def test_what_confuses_environments_is_caught(mutant: Mutant, record_property: Record) -> None:
    has_to_be_caught(mutant, broken, record_property)


def test_both_environments_really_have_incidents() -> None:
    for kind in (StagedSimulation, StagedSenders):
        simulation = kind(3)
        simulation.run()
        found = {incident.environment for incident in everything(simulation.world, Incident)}
        assert found == {QUIET, "production"}
