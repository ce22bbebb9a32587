"""
All guards, and what they are forgiven (`allowed.toml`).

A guard is a module of this folder with ``violations(tree) -> list[str]``; each violation begins
with the path of the file to edit. Whatever is added here as a file is run by `make check`.
"""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.house.tree import Tree

FOLDER = Path(__file__).parent
ALLOWED = "tests/house/allowed.toml"

Guard = Callable[[Tree], list[str]]


@cache
def guards() -> dict[str, Guard]:
    """Every guard of this folder, by the name of its module."""
    found: dict[str, Guard] = {}
    for module in pkgutil.iter_modules([str(FOLDER)]):
        if not module.name.startswith(("test_", "conftest", "__")):
            guard = getattr(importlib.import_module(f"tests.house.{module.name}"), "violations", "")
            if callable(guard):
                found[module.name] = guard
    return found


def allowed() -> dict[str, list[dict[str, str]]]:
    """What is forgiven, by guard: path, words of the message, and what ends it."""
    return tomllib.loads((FOLDER / "allowed.toml").read_text(encoding="utf-8"))


def unforgiven(
    name: str, found: list[str], entries: list[dict[str, str]] | None = None
) -> list[str]:
    """The violations that no entry forgives, and the entries that forgive nothing any more."""
    entries = allowed().get(name, []) if entries is None else entries

    def forgives(entry: dict[str, str], violation: str) -> bool:
        return violation.startswith(f"{entry['path']}:") and entry["about"] in violation

    return [
        *(v for v in found if not any(forgives(entry, v) for entry in entries)),
        *(
            f"{ALLOWED}: [[{name}]] {entry['path']}: nothing is left to forgive: remove the entry"
            for entry in entries
            if not any(forgives(entry, v) for v in found)
        ),
    ]


def all_violations(tree: Tree) -> list[str]:
    """What every guard finds in a tree and nobody has forgiven."""
    unknown = [f"{ALLOWED}: there is no guard {name}" for name in allowed() if name not in guards()]
    return [v for name, guard in guards().items() for v in unforgiven(name, guard(tree))] + unknown
