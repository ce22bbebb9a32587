"""The harness can fail: every deliberately broken variant of the platform is caught."""

from __future__ import annotations

from functools import cache

import pytest

from tests.simulation.catching import Record, noticed
from tests.simulation.crash_points import Chapters
from tests.simulation.invariants import violations
from tests.simulation.mutants import MUTANTS, Mutant, remember
from tests.simulation.sim import Simulation
from tests.simulation.story import INCIDENTS
from tests.simulation.taken_mutants import TAKEN_MUTANTS

SEEDS = 40
"""Within which one is caught that no crash point notices."""


def broken(seed: int) -> list[str]:
    simulation = Simulation(seed)
    remember(simulation.world.platform)
    simulation.run()
    return violations(simulation)


@cache
def chapters() -> Chapters:
    return Chapters(INCIDENTS)


def by_crash_points(mutant: Mutant) -> str:
    """Which crash point catches it first, or that it tells another story even undisturbed."""
    told = chapters()
    with mutant.apply(), told.bound_anew():
        remember(told.world.platform)
        if any(_differs(told, step) for step in range(len(told.story.steps))):
            return "the undisturbed story"
        for step, index, name in told.kinds():
            if _differs(told, step, index):
                return name.replace("toban.", "")[:70]
    return ""


def _differs(told: Chapters, step: int, *points: int) -> bool:
    try:
        run, wrong = told.crash(step, *points)
        return bool(wrong + run.repetitions())
    except Exception:  # noqa: BLE001 a defect may well break the world
        return True


@pytest.mark.parametrize("mutant", [*MUTANTS, *TAKEN_MUTANTS], ids=lambda mutant: mutant.name)
def test_a_broken_variant_is_caught(mutant: Mutant, record_property: Record) -> None:
    crashed = by_crash_points(mutant)
    simulated = noticed(mutant, broken, record_property, 1 if crashed else SEEDS)
    caught = f"simulation: {simulated or '-'} | crash points: {crashed or '-'}"
    record_property("mutant", f"{mutant.name:30} {caught}")

    assert simulated or crashed, f"nothing caught: {mutant.defect}"
