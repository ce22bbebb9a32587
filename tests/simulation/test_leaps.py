"""
The clock is 300 days ahead for a minute, while backups are taken, verified, pruned and restored under
faults; then it is right. Play a seed again with

    python -m tests.simulation leaps SEED
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.simulation.backup_world import small
from tests.simulation.leap_invariants import violations
from tests.simulation.leap_mutants import MUTANTS
from tests.simulation.leap_sim import LeapSimulation
from tests.simulation.mutants import Mutant

SEEDS = int(os.environ.get("TOBAN_LEAP_SEEDS", "6"))
MOST = 200
"""Seeds tried on a broken variant."""


@pytest.fixture(autouse=True)
def tiny() -> Iterator[None]:
    with small():
        yield


def broken(seed: int) -> list[str]:
    simulation = LeapSimulation(seed)
    simulation.run()
    return violations(simulation)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_invariant_holds_after_a_leap(seed: int) -> None:
    assert broken(seed) == [], f"python -m tests.simulation leaps {seed}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_variant_is_caught(
    mutant: Mutant, record_property: Callable[[str, object], None]
) -> None:
    for seed in range(MOST):
        with mutant.apply():
            try:
                found = broken(seed)
            except Exception as error:  # noqa: BLE001 a defect may well break the world
                found = [f"{type(error).__name__}: {error}"]
        if found:
            record_property("mutant", f"{mutant.name:30} seed {seed}: {found[0][:70]}")
            return
    pytest.fail(f"nothing caught: {mutant.defect}")
