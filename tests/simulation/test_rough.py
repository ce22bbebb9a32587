"""The chain in rougher surroundings (see `rough`), with clocks that agree and that do not."""

from __future__ import annotations

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation.rough import SKEW_S, RoughSimulation


@pytest.mark.seeds(least=20, seconds=6, parts=2)
def test_every_invariant_holds_in_rough_surroundings(seeds: Seeds) -> None:
    for seed in seeds:
        simulation = RoughSimulation(seed, skew_s=SKEW_S if seed % 2 else 0.0)
        simulation.run()
        assert simulation.broken() == [], f"RoughSimulation({seed})"
        assert simulation.poison
