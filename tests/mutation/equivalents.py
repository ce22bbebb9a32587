"""
Mutants that no test can tell from the code, each with its argument: ``equivalents.toml``.

An entry names the file, a line of it as it is and as the mutant has it, without the space around them. A
line that is not there any more is an error, and so are more entries than three in a hundred mutants.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.rooms import ROOMS

FILE = Path(__file__).with_name("equivalents.toml")
MOST = 0.03
"""Of the mutants of a room."""


@dataclass(frozen=True)
class Equivalent:
    """One entry."""

    path: str
    line: str
    becomes: str
    because: str


def read(file: Path = FILE) -> list[Equivalent]:
    """Every entry; TypeError for one of another form."""
    entries = tomllib.loads(file.read_text(encoding="utf-8")).get("equivalent", [])
    return [Equivalent(**entry) for entry in entries]


def wrong(entries: Iterable[Equivalent], root: Path) -> list[str]:
    """What does not hold of the entries by themselves."""
    found = []
    seen: set[tuple[str, str, str]] = set()
    for entry in entries:
        said = f"{entry.path}: {entry.line!r} -> {entry.becomes!r}"
        there = root / entry.path
        lines = [] if not there.is_file() else there.read_text(encoding="utf-8").splitlines()
        if not entry.path.startswith(tuple(f"shared/toban/{room}/" for room in ROOMS)):
            found.append(f"{said}: not in a room that is broken")
        elif not {line.strip() for line in entry.line.split("\n")} <= {x.strip() for x in lines}:
            found.append(f"{said}: the line is not there as it was")
        if not entry.because.strip() or "\n" in entry.because.strip():
            found.append(f"{said}: its argument is one line")
        if (key := (entry.path, entry.line, entry.becomes)) in seen:
            found.append(f"{said}: twice")
        seen.add(key)
    return found


def too_many(entries: Sequence[Equivalent], room: str, mutants: int) -> bool:
    """Whether more of a room is called equivalent than may be."""
    return sum(e.path.startswith(f"shared/toban/{room}/") for e in entries) > MOST * mutants
