"""
Imports go downwards only: what a package may import follows from `toban.topology.rooms`.

An import counts wherever it stands: nested packages, functions, ``if TYPE_CHECKING``, `importlib`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.house.module import Import, Module
from tests.house.tree import FUNCTIONS, Tree
from toban.topology.rooms import (
    DOMAIN,
    KINDS,
    LIBRARIES_OF,
    MAIN_MAY_IMPORT,
    MAY_IMPORT,
    PURE,
    PURE_LIBRARIES,
    kind,
)

TABLE = "shared/toban/topology/rooms.py"
BY_NAME = frozenset({"importlib", "pkgutil", "runpy", "sys"})
"""With these anything may be imported where nobody sees what; domains have none (`purity`)."""


def violations(tree: Tree) -> list[str]:
    """Every import that runs up or sideways, or brings I/O to where decisions are made."""
    return [found for module in tree.modules.values() for found in _of(module, tree)]


def _of(module: Module, tree: Tree) -> Iterator[str]:
    is_main = module.path.startswith(f"{FUNCTIONS}/")
    allowed = MAIN_MAY_IMPORT if is_main else MAY_IMPORT[kind(module.name)] if module.room else ()
    for found in module.imports:
        for target in sorted(tree.final(found.target) | {found.target}):
            other = tree.module_of(target)
            if other is None:
                yield from _library(module, found, target, is_main=is_main)
            elif _elsewhere(other, module) and kind(other.name) not in allowed:
                here = "a function's main.py" if is_main else _called(module)
                yield (
                    f"{module.path}:{found.line}: {here} may not import toban.{other.room} "
                    f"({found.target}); what it may import says {TABLE}"
                )


def _library(module: Module, found: Import, target: str, *, is_main: bool) -> Iterator[str]:
    library = target.partition(".")[0]
    if is_main and library in BY_NAME:
        yield f"{module.path}:{found.line}: a main.py imports nothing by name: no {library}"
    if library in sys.stdlib_module_names - {"sqlite3"} or library == "toban":
        return
    pure = is_main or kind(module.name) in PURE
    if pure and library not in PURE_LIBRARIES | LIBRARIES_OF.get(module.room, frozenset()):
        here = "a function's main.py" if is_main else _called(module)
        yield (
            f"{module.path}:{found.line}: {here} may not import the library {target}: "
            f"it belongs into an adapter (or into PURE_LIBRARIES of {TABLE})"
        )


def _elsewhere(other: Module, module: Module) -> bool:
    """Whether it belongs to another row of the table, or to another domain."""
    return other.room != "" and (other.room, kind(other.name)) != (module.room, kind(module.name))


def _called(module: Module) -> str:
    row = kind(module.name)
    if row == KINDS:
        return f"what kinds of {module.room} say"
    return f"the domain {module.room}" if row == DOMAIN else f"toban.{module.room}"
