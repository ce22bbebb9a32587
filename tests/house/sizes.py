"""Rooms that a reader can hold in mind: files and folders have a size, or inner rooms."""

from __future__ import annotations

from collections import defaultdict

from tests.house.tree import SHARED, Tree

MOST_IN_FILE = 399
MOST_IN_ROOM = 2_000


def violations(tree: Tree) -> list[str]:
    """Files of 400 lines or more; folders with over 2,000 lines in files of their own."""
    found = [
        f"{module.path}: {module.lines} lines, at most {MOST_IN_FILE}: divide it by what it does"
        for module in tree.modules.values()
        if module.path.startswith(f"{SHARED}/") and module.lines > MOST_IN_FILE
    ]
    rooms: dict[str, int] = defaultdict(int)
    for module in tree.modules.values():
        if module.path.startswith(f"{SHARED}/"):
            rooms[module.path.rpartition("/")[0]] += module.lines
    return found + [
        f"{folder}: {lines} lines in files of its own, at most {MOST_IN_ROOM}: give it inner rooms"
        for folder, lines in sorted(rooms.items())
        if lines > MOST_IN_ROOM
    ]
