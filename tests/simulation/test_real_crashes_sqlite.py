"""
The same on disk: a process dies by `os._exit` before or after any I/O of any handler, another one
finds the data directory, and the end is that of the undisturbed story.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.crash_points import Run, first_points
from tests.simulation.real_defects import DEFECTS
from tests.simulation.real_process import Parent
from tests.simulation.story import STORY, difference

PARTS = 8


@dataclass
class Told:
    """The undisturbed story, step by step, and processes to tell it again from anywhere."""

    parent: Parent
    directory: Path
    steps: list[dict[str, Any]]

    def points(self) -> list[tuple[int, int, str]]:
        """Every kind of point once: the step, its number within the step, its name."""
        where = [
            (number, index, name)
            for number, step in enumerate(self.steps)
            for index, name in enumerate(step["passed"], start=1)
        ]
        return [where[index - 1] for index in first_points([name for _, _, name in where])]

    def after_a_crash(self, step: int, index: int, defect: str = "") -> list[str]:
        """What differs once the step is over."""
        found = self.parent.ask(
            do="crash",
            data=str(self.directory / "data"),
            snapshots=str(self.directory / "snapshots"),
            step=step,
            crash=index,
            defect=defect,
        )
        left = [f"left in the queue: {name} {count}" for name, count in found["pending"].items()]
        repeated = [f"{id} arrived again, unmarked" for id in found["repetitions"]]
        return difference(self.steps[step]["state"], found["state"]) + left + repeated


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    directory = tmp_path_factory.mktemp("real")
    parent = Parent()
    try:
        told = parent.ask(
            do="tell", data=str(directory / "told"), snapshots=str(directory / "snapshots")
        )
        yield Told(parent, directory, told["told"])
    finally:
        parent.close()


def test_on_disk_the_story_passes_every_point_that_it_passes_in_memory(story: Told) -> None:
    in_memory = Run()
    in_memory.tell()

    on_disk = {name for step in story.steps for name in step["passed"]}

    assert set(in_memory.passed) <= on_disk


def test_on_disk_the_story_ends_as_in_memory(story: Told) -> None:
    end = story.steps[-1]

    assert not [name for name in end["state"]["documents"] if name.startswith("dead letters")]
    assert not end["pending"]
    assert not end["repetitions"]
    assert end["state"]["notifications"] == Run().tell()["notifications"]


@pytest.mark.parametrize("part", range(PARTS))
def test_a_process_that_dies_before_or_after_any_io_changes_nothing(story: Told, part: int) -> None:
    for step, index, name in story.points()[part::PARTS]:
        wrong = story.after_a_crash(step, index)
        assert wrong == [], f"died in “{STORY[step].name}” at {name} (number {index})"


@pytest.mark.parametrize("defect", sorted(set(DEFECTS) - {""}))
def test_a_defect_is_noticed(story: Told, defect: str) -> None:
    """Or the absence of differences above would mean nothing."""
    where = [(s, i) for s, i, name in story.points() if name.endswith(DEFECTS[defect].shows)]

    assert any(story.after_a_crash(step, index, defect) for step, index in where)
