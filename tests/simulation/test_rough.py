"""The chain in rougher surroundings (see `rough`), with clocks that agree and that do not."""

from __future__ import annotations

import os

import pytest

from tests.simulation.rough import SKEW_S, RoughSimulation

SEEDS = int(os.environ.get("TOBAN_ROUGH_SEEDS", "20"))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_invariant_holds_in_rough_surroundings(seed: int) -> None:
    simulation = RoughSimulation(seed, skew_s=SKEW_S if seed % 2 else 0.0)
    simulation.run()
    assert simulation.broken() == [], f"RoughSimulation({seed})"
    assert simulation.poison
