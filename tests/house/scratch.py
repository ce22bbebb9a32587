"""
Trials of the guards: this tree with one violation more.

Each is tried as it is written, under an alias, in a nested package and in a domain of another
name; whatever the guard finds beyond what it finds in this tree has to name the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import pytest

from tests.house.guards import Guard, guards
from tests.house.tree import Tree, this


@dataclass(frozen=True)
class Trial:
    """One violation, in a module of a domain of its own."""

    name: str
    plain: str
    alias: str
    """The same thing done under another name."""


PLACES = ("kettles", "kettles/plans/inner", "valves")
"""As it is written, in a nested package, in a domain of another name."""


def trials(*given: Trial) -> pytest.MarkDecorator:
    """Parametrize ``files`` over the trials: each in every place, plainly and under an alias."""
    return pytest.mark.parametrize(
        "files",
        [
            pytest.param(
                {
                    f"shared/toban/{place}/{way}.py": getattr(trial, way)
                    for place in PLACES
                    for way in ("plain", "alias")
                },
                id=trial.name,
            )
            for trial in given
        ],
    )


@cache
def _before(guard: str) -> frozenset[str]:
    return frozenset(guards()[guard](this()))


def with_packages(files: Mapping[str, str]) -> dict[str, str]:
    """The files, and an empty ``__init__.py`` in every new folder above them."""
    there = {m.path for m in this().modules.values()}
    found = dict(files)
    for path in files:
        parts = path.split("/")
        for end in range(3, len(parts)):
            face = "/".join([*parts[:end], "__init__.py"])
            if path.startswith("shared/toban/") and face not in there:
                found.setdefault(face, "")
    return found


def scratch_tree(files: Mapping[str, str]) -> Tree:
    """This tree with these files added or replaced."""
    return this().having(with_packages(files))


def found_by(guard: str, files: Mapping[str, str]) -> list[str]:
    """What a guard finds in this tree with these files that it does not find without."""
    before = _before(guard)
    run: Guard = guards()[guard]
    return [v for v in run(scratch_tree(files)) if v not in before]


def unnoticed(
    guard: str, files: Mapping[str, str], more: Mapping[str, str] | None = None
) -> list[str]:
    """Those of the files that no violation names; `more` is in the tree, too."""
    found = found_by(guard, {**files, **(more or {})})
    return [path for path in files if not any(v.startswith(f"{path}:") for v in found)]
