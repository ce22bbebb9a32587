"""
The folders of the command line stand side by side: each may use the kit, and none of the others.

The tour (`toban demo`) shows the others and so uses them.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.house.module import Module
from tests.house.tree import Tree

KIT = "kit"
TOUR = "demo"
_CLI = "toban.cli."
_PATH = "shared/toban/cli/"


def violations(tree: Tree) -> list[str]:
    """Every import of one folder by another, or by the kit."""
    folders = {_folder(module.path) for module in tree.room("cli")} - {""}
    return [found for module in tree.room("cli") for found in _of(module, tree, folders)]


def _of(module: Module, tree: Tree, folders: set[str]) -> Iterator[str]:
    folder = _folder(module.path)
    if folder in ("", TOUR):
        return
    for found in module.imports:
        for target in sorted(tree.final(found.target) | {found.target}):
            other = target.removeprefix(_CLI).partition(".")[0]
            if target.startswith(_CLI) and other in folders - {KIT, folder}:
                yield (
                    f"{module.path}:{found.line}: the folder {folder} may not import {found.target}: "
                    f"what several folders need belongs into {_PATH}{KIT}"
                )


def _folder(path: str) -> str:
    """The folder that a file of the command line lies in; empty: in none."""
    return path.removeprefix(_PATH).rpartition("/")[0].partition("/")[0]
