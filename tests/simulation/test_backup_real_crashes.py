"""Backups on disk: a process dies by `os._exit` at an I/O, another finds documents and buckets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.backup_story import BACKUPS
from tests.simulation.crash_points import first_points
from tests.simulation.real_process import Parent
from tests.simulation.story import difference

SAMPLE = 57
"""One in so many kinds of points: each costs three processes on a disk."""


class Disk:
    """The undisturbed story, step by step, and processes to tell any of it again."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.parent = Parent()
        self.steps: list[dict[str, Any]] = self._ask("told", do="tell")["told"]

    def _ask(self, data: str, **command: Any) -> Any:
        return self.parent.ask(
            data=str(self._directory / data),
            snapshots=str(self._directory / "snapshots"),
            story="backups",
            **command,
        )

    def points(self) -> list[tuple[int, int, str]]:
        where = [
            (number, index, name)
            for number, step in enumerate(self.steps)
            for index, name in enumerate(step["passed"], start=1)
        ]
        return [where[index - 1] for index in first_points([name for _, _, name in where])]

    def after_a_crash(self, step: int, index: int) -> list[str]:
        found = self._ask("data", do="crash", step=step, crash=index, defect="")
        left = [f"left in the queue: {name} {count}" for name, count in found["pending"].items()]
        return difference(timeless(self.steps[step]["state"]), timeless(found["state"])) + left


def timeless(state: dict[str, Any]) -> dict[str, Any]:
    """A state without when things happened, as drafts of postmortems tell it to people."""
    documents = {
        name: _WHEN.sub("…", found) if name.startswith("blobs/") else found
        for name, found in state["documents"].items()
    }
    return {**state, "documents": documents}


_WHEN = re.compile(r"\b\d\d:\d\d:\d\d\b|(?<=\*\*Duration\*\*: ).*")


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    made = Disk(tmp_path_factory.mktemp("backups"))
    yield made
    made.parent.close()


def test_a_process_that_dies_changes_nothing_on_disk(disk: Disk) -> None:
    chosen = disk.points()[::SAMPLE]
    assert len({name.split(" ")[0] for _, _, name in chosen}) >= 6, "of most kinds of handlers"
    for step, index, name in chosen:
        wrong = disk.after_a_crash(step, index)
        assert wrong == [], f"died in “{BACKUPS.steps[step].name}” at {name} (number {index})"
