"""
Every way in over HTTP has hostile requests: an example in `tests/security/ways.py`, from which
`tests/security/test_every_way.py` makes them.
"""

from __future__ import annotations

import ast

from tests.house.module import text
from tests.house.ownership import read_map
from tests.house.tree import MAP, WAYS_IN, Tree


def violations(tree: Tree) -> list[str]:
    """Paths on the map without an example, and examples of what is not on the map."""
    topology = read_map(tree.texts.get(MAP, ""))
    if topology is None:
        return []
    shown = {(name, path) for name, entry in topology.functions.items() for path in entry.http}
    tried = examples(tree.texts.get(WAYS_IN, ""))
    return [
        *(
            f"{WAYS_IN}: no hostile requests for {path} of {name}: add it to EXAMPLES"
            for name, path in sorted(shown - tried)
        ),
        *(f"{WAYS_IN}: {name} has no {path} on the map" for name, path in sorted(tried - shown)),
    ]


def examples(source: str) -> set[tuple[str, str]]:
    """The keys of ``EXAMPLES``: function and path, where an example damages its proof."""
    found = set()
    for node in ast.parse(source).body:
        target = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and target.id == "EXAMPLES":
            table = node.value if isinstance(node, ast.AnnAssign) else None
            assert isinstance(table, ast.Dict)
            for key, value in zip(table.keys, table.values, strict=True):
                if isinstance(key, ast.Tuple) and _damages(value):
                    found.add((text(key.elts[0]), text(key.elts[1])))
    return found


def _damages(value: ast.expr) -> bool:
    """Whether an example says how its proof is spoilt: ``Example(good, damaged, …)``."""
    if not isinstance(value, ast.Call):
        return False
    if isinstance(value.func, ast.Name) and value.func.id == "signed_example":
        return True  # it spoils the signature itself
    given = [*value.args[1:2], *(k.value for k in value.keywords if k.arg == "damaged")]
    return bool(given) and not (isinstance(given[0], ast.Tuple) and not given[0].elts)
