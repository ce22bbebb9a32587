"""The harness can fail: every deliberately broken variant of the platform is caught."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.simulation.crash_points import Chapters
from tests.simulation.invariants import violations
from tests.simulation.mutants import MUTANTS, Mutant, remember
from tests.simulation.sim import Simulation
from tests.simulation.story import INCIDENTS
from tests.simulation.taken_mutants import TAKEN_MUTANTS

SEEDS = 40


def by_simulation(mutant: Mutant) -> str:
    """Which seed catches it first, and what it finds."""
    for seed in dict.fromkeys((mutant.seed, *range(SEEDS))):
        with mutant.apply():
            simulation = Simulation(seed)
            remember(simulation.world.platform)
            try:
                simulation.run()
                found = violations(simulation)
            except Exception as error:  # noqa: BLE001 a defect may well break the world
                found = [f"{type(error).__name__}: {error}"]
        if found:
            return f"seed {seed}: {found[0][:70]}"
    return ""


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
def test_a_broken_variant_is_caught(
    mutant: Mutant, record_property: Callable[[str, object], None]
) -> None:
    simulated, crashed = by_simulation(mutant), by_crash_points(mutant)
    caught = f"simulation: {simulated or '-'} | crash points: {crashed or '-'}"
    record_property("mutant", f"{mutant.name:30} {caught}")

    assert simulated or crashed, f"nothing caught: {mutant.defect}"
