"""No circle among packages, at any depth: who imports whom has a top and a ground."""

from __future__ import annotations

from collections import defaultdict

from tests.house.tree import Tree

Edges = dict[str, dict[str, str]]
"""Package or module → what it imports → the import that ties them, as ``path:line``."""


def violations(tree: Tree) -> list[str]:
    """Every circle among the members of one package, with the imports that make it."""
    found = []
    for package, edges in sorted(_by_package(tree).items()):
        for circle in circles(edges):
            ties = [
                f"{at} ({a} → {b})" for a in circle for b, at in edges[a].items() if b in circle
            ]
            path, _, rest = ties[0].partition(" ")
            found.append(
                f"{path}: a circle in {package}: {', '.join(circle)} {rest}; "
                f"also {', '.join(ties[1:])}"
            )
    return found


def _by_package(tree: Tree) -> dict[str, Edges]:
    """For each package the imports among its direct members (packages and modules)."""
    found: dict[str, Edges] = defaultdict(lambda: defaultdict(dict))
    for module in tree.modules.values():
        for imported in module.imports:
            other = tree.module_of(imported.target)
            if other is None or other is module:
                continue
            ours, theirs = module.name.split("."), other.name.split(".")
            depth = 0
            while ours[: depth + 1] == theirs[: depth + 1]:
                depth += 1
            package = ".".join(ours[:depth])
            # A package's face and what it holds are one.
            if package and depth < min(len(ours), len(theirs)):
                a, b = ours[depth], theirs[depth]
                found[package][a].setdefault(b, f"{module.path}:{imported.line}")
    return found


def circles(edges: Edges) -> list[list[str]]:
    """The sets of members that lead back to each other, each sorted, sorted."""
    reach: dict[str, set[str]] = {}
    for start in edges:
        seen: set[str] = set()
        waiting = list(edges[start])
        while waiting:
            member = waiting.pop()
            if member not in seen:
                seen.add(member)
                waiting.extend(edges.get(member, ()))
        reach[start] = seen
    groups = {
        tuple(sorted(b for b in reach[a] if a in reach.get(b, ()))) for a in reach if a in reach[a]
    }
    return [list(group) for group in sorted(groups)]
