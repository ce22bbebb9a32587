"""
Targets that remember their owner, under seeded faults, and broken variants that have to be noticed. Play
a seed again with

    python -m tests.simulation owners SEED
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.simulation.mutants import Mutant
from tests.simulation.owner_mutants import MUTANTS
from tests.simulation.owner_sim import OwnerSimulation, violations

SEEDS = int(os.environ.get("TOBAN_OWNER_SEEDS", "4"))
MOST = 200
"""Seeds after which a broken variant has to be caught; each takes a few in fact."""


def broken(seed: int) -> list[str]:
    simulation = OwnerSimulation(seed)
    simulation.run()
    return violations(simulation)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nothing_that_an_application_wrote_is_ever_lost(seed: int) -> None:
    assert broken(seed) == [], f"python -m tests.simulation owners {seed}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_variant_is_caught(
    mutant: Mutant, record_property: Callable[[str, object], None]
) -> None:
    caught = ""
    for seed in range(MOST):
        with mutant.apply():
            try:
                found = broken(seed)
            except Exception as error:  # noqa: BLE001 a defect may well break the world
                found = [f"{type(error).__name__}: {error}"]
        if found:
            caught = f"seed {seed}: {found[0][:90]}"
            break
    record_property("mutant", f"{mutant.name:32} {caught}")
    assert caught, f"nothing caught: {mutant.defect}"
