"""
Backups under seeded faults, and broken variants that have to be noticed. Play a seed again with

    python -m tests.simulation backups SEED
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from unittest import mock

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation.backup_changes import changing, torn
from tests.simulation.backup_invariants import violations
from tests.simulation.backup_mutants import MUTANTS
from tests.simulation.backup_sim import BackupSimulation
from tests.simulation.backup_story import BACKUPS
from tests.simulation.backup_world import small
from tests.simulation.catching import Record, noticed
from tests.simulation.crash_points import Chapters
from tests.simulation.mutants import Mutant
from toban.kernel import log

KINDS = 13
"""One in so many kinds of points is tried on a broken variant, and all on what nothing else catches."""
MOST = 4
"""Seeds tried on one that no crash point has caught."""


@pytest.fixture(autouse=True)
def tiny() -> Iterator[None]:
    with small():
        yield


def broken(seed: int) -> list[str]:
    simulation = BackupSimulation(seed)
    simulation.run()
    return violations(simulation)


@pytest.mark.seeds(least=6, seconds=10, parts=3)
def test_every_invariant_holds_under_faults(seeds: Seeds) -> None:
    for seed in seeds:
        assert broken(seed) == [], f"python -m tests.simulation backups {seed}"


def by_story(mutant: Mutant, sound: Chapters) -> str:
    with mutant.apply(), sound.bound_anew():
        for step in range(len(BACKUPS.steps)):
            wrong = sound.crash(step)[1]
            if wrong:
                return f"undisturbed, in “{BACKUPS.steps[step].name}”"
        kinds = sound.kinds()
        known = [kind for kind in kinds if mutant.point and mutant.point in kind[2]]
        if found := _dying(sound, known + kinds[::KINDS]):
            return found
        for step, index, name in changing(sound):
            if torn(sound, step, index):
                return f"the source changed: {name.replace('toban.', '')[:50]}"
    return ""


def by_every_point(mutant: Mutant, sound: Chapters) -> str:
    """For what only one kind of point catches, whichever it is in today's story."""
    with mutant.apply(), sound.bound_anew():
        rest = [point for n, point in enumerate(sound.kinds()) if n % KINDS]
        return _dying(sound, rest)


def _dying(sound: Chapters, points: Iterable[tuple[int, int, str]]) -> str:
    for step, index, name in points:
        if sound.crash(step, index)[1]:
            return name.replace("toban.", "")[:70]
    return ""


@pytest.fixture(scope="module")
def sound() -> Iterator[Chapters]:
    with mock.patch.object(log.Settings, "level", 100), small():
        yield Chapters(BACKUPS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_variant_is_caught(
    mutant: Mutant, sound: Chapters, record_property: Record
) -> None:
    crashed = by_story(mutant, sound)
    simulated = "" if crashed else noticed(mutant, broken, record_property, MOST)
    crashed = crashed or ("" if simulated else by_every_point(mutant, sound))
    caught = f"simulation: {simulated or '-'} | crash points: {crashed or '-'}"
    record_property("mutant", f"{mutant.name:30} {caught}")

    assert simulated or crashed, f"nothing caught: {mutant.defect}"
