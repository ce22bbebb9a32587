"""One word, one meaning: no two public classes share a name (a re-export is the same class)."""

from __future__ import annotations

import ast
from collections import defaultdict

from tests.house.tree import SHARED, Tree


def violations(tree: Tree) -> list[str]:
    """Each public class whose name another module gives to another class."""
    named: dict[str, list[str]] = defaultdict(list)
    for module in sorted(tree.modules.values(), key=lambda module: module.path):
        if module.path.startswith(f"{SHARED}/"):
            for node in module.ast.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    named[node.name].append(f"{module.path}:{node.lineno}")
    return [
        f"{place}: {name} is defined in {', '.join(p for p in places if p != place)} as well:"
        " give one of them another name"
        for name, places in sorted(named.items())
        if len(places) > 1
        for place in places
    ]
