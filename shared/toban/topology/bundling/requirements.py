"""
What a function needs installed: the lock cut to what its code reaches by import.

Nothing is listed by hand; `tests/house/test_imports.py` really imports each function and compares.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from toban.topology.bundling.imports import imported, modules
from toban.topology.bundling.lock import (
    LOCK,
    CannotBundleError,
    Pin,
    as_text,
    part,
    read_lock,
    run_part,
)
from toban.topology.types import Function

ZONES: Final = {"zoneinfo": "tzdata"}
"""Modules that need a package without importing it: time zones must not depend on the image."""


def requirements(root: Path, name: str, function: Function) -> str:
    """
    Return the text of a function's ``requirements.txt``; the same tree gives the same text.

    Raises `CannotBundleError` naming function, module and the file to edit for whatever it
    reaches that no package of the lock installs.
    """
    lock = run_part(read_lock(root))
    return as_text(part(lock, distributions(root, name, function, lock)))


def distributions(
    root: Path, name: str, function: Function, lock: Mapping[str, Pin]
) -> dict[str, str]:
    """
    Return the packages that a function's code imports, each with a place that does:
    ``path:line``.

    Raises as `requirements` does.
    """
    found: dict[str, str] = {}
    for path in modules(root, name, function):
        for each in imported(path).imports:
            top = each.module.partition(".")[0]
            if top == "toban" or (top in sys.stdlib_module_names and top not in ZONES):
                continue
            place = f"{path.relative_to(root)}:{each.line}"
            package = ZONES.get(top) or _owner(each.module)
            if package not in lock:
                raise CannotBundleError(
                    f"{place}: the function {name} reaches {each.module}, which no package of {LOCK} "
                    "for deployed functions installs: add its package to `dependencies` in "
                    "pyproject.toml, then `make lock`"
                )
            found.setdefault(package, place)
    return found


def _owner(module: str) -> str:
    """The package that installs a module (or the module of a name); empty when none does."""
    parts = module.split(".")
    names = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((_owners()[name] for name in names if name in _owners()), "")


@cache
def _owners() -> dict[str, str]:
    """Which package installs each module, by the records of what is installed."""
    found: dict[str, str] = {}
    installed = {
        distribution.metadata["Name"].lower().replace("_", "-"): distribution
        for distribution in importlib.metadata.distributions()
    }
    for name, distribution in sorted(installed.items()):
        for line in (distribution.read_text("RECORD") or "").splitlines():
            path = line.partition(",")[0]
            folder, _, file = path.rpartition("/")
            stem, _, suffix = file.partition(".")
            if suffix.rpartition(".")[2] not in ("py", "so", "pyd") or folder.startswith("."):
                continue
            dotted = (folder if stem == "__init__" else f"{folder}/{stem}").strip("/")
            found.setdefault(dotted.replace("/", "."), name)
    return found
