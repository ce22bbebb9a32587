"""
Copies under losses, with a reader of the bare buckets beside it. Play a seed again with

    python -m tests.simulation copies SEED
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation.backup_invariants import violations
from tests.simulation.backup_main import main
from tests.simulation.backup_world import small
from tests.simulation.catching import Record, has_to_be_caught
from tests.simulation.copies_mutants import MUTANTS
from tests.simulation.copies_sim import CopiesSimulation, at_the_end
from tests.simulation.damage_mutants import MUTANTS as DAMAGE
from tests.simulation.leap_copies import LeapCopies
from tests.simulation.leap_mutants import prunes_after_a_leap
from tests.simulation.mutants import Mutant


@pytest.fixture(autouse=True)
def tiny() -> Iterator[None]:
    with small():
        yield


def broken(seed: int) -> list[str]:
    simulation = CopiesSimulation(seed)
    simulation.run()
    return [*violations(simulation), *at_the_end(simulation)]


@pytest.mark.seeds(least=16, seconds=30, parts=8)
def test_what_is_called_verified_can_be_read_and_what_can_be_read_stays(seeds: Seeds) -> None:
    for seed in seeds:
        assert broken(seed) == [], f"python -m tests.simulation copies {seed}"


def broken_ahead(seed: int) -> list[str]:
    simulation = LeapCopies(seed)
    simulation.run()
    return simulation.broken()


@pytest.mark.seeds(least=2, seconds=6, parts=2)
def test_a_clock_a_year_ahead_costs_no_copy_that_can_be_read(seeds: Seeds) -> None:
    for seed in seeds:
        assert broken_ahead(seed) == [], f"python -m tests.simulation leap-copies {seed}"


def test_retention_by_a_clock_ahead_is_caught(record_property: Record) -> None:
    mutant = Mutant("a year ahead", "what can be read is removed", prunes_after_a_leap, seed=2)
    has_to_be_caught(mutant, broken_ahead, record_property)


def test_the_command_plays_a_seed_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["copies", "0"]) == 0
    assert "every invariant holds" in capsys.readouterr().out


@pytest.mark.parametrize("mutant", [*MUTANTS, *DAMAGE], ids=lambda mutant: mutant.name)
def test_a_broken_variant_is_caught(mutant: Mutant, record_property: Record) -> None:
    has_to_be_caught(mutant, broken, record_property)
