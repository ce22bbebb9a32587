"""
What a function's code can reach: from its ``main.py`` to every definition that is mentioned.

Kinds are found by walking a package (`toban.kernel.kinds`): whoever asks for them reaches all that
have a folder there.
"""

from __future__ import annotations

import ast
from functools import cache

from tests.house.module import Module, text
from tests.house.tree import FUNCTIONS, Tree

OUTSIDE = (
    "toban.adapters", "toban.entry", "toban.events", "toban.kernel.document", "toban.kernel.handling",
    "toban.kernel.work", "toban.ports", "toban.topology",
)  # fmt: skip
"""Not followed: there is written what others hand over."""

KINDS = "toban.kernel.kinds"

Place = tuple[Module, ast.AST]


def mains(tree: Tree) -> dict[str, Module]:
    """Every function's ``main.py``, by the function's name."""
    return {
        module.path.split("/")[1]: module
        for module in tree.modules.values()
        if module.path.startswith(f"{FUNCTIONS}/") and module.path.endswith("/main.py")
    }


def reached(tree: Tree, main: Module) -> list[Place]:
    """The top-level classes, functions and statements in reach of a ``main.py``, each once."""
    found: list[Place] = []
    waiting: list[Place] = [(main, node) for node in main.ast.body]
    seen: set[ast.AST] = set()
    while waiting:
        module, node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        found.append((module, node))
        for name in mentioned(module).get(node, ()):
            for final in tree.final(name):
                place = _definition(tree, final)
                if place is not None:
                    waiting.append(place)
        waiting += [(kind, each) for kind in walked(tree, module, node) for each in kind.ast.body]
    return found


def walked(tree: Tree, module: Module, node: ast.AST) -> list[Module]:
    """The modules that a statement imports by walking the folders of a package."""
    found: list[Module] = []
    for call in _calls(module).get(node, ()):
        called = tree.called(call, module)
        if called & {f"{KINDS}.kinds", f"{KINDS}.named"}:
            package, wanted = text(call.args[0]), "kind"
        elif called & {f"{KINDS}.module_of_kind"}:
            package, wanted = module.package, text(call.args[1])
        else:
            continue
        found += [
            m
            for name, m in tree.modules.items()
            if name.startswith(f"{package}.") and name.endswith(f".{wanted}")
        ]
    return found


@cache
def _calls(module: Module) -> dict[ast.AST, list[ast.Call]]:
    """The calls with arguments in each top-level statement of a module."""
    found: dict[ast.AST, list[ast.Call]] = {}
    for call in module.calls:
        if call.args:
            found.setdefault(module.holders[call], []).append(call)
    return found


def _definition(tree: Tree, name: str) -> Place | None:
    """The top-level statement that defines a name, if its module is to be followed."""
    if name.startswith(OUTSIDE):
        return None
    module = tree.module_of(name)
    if module is None or name == module.name:
        return None
    first = name.removeprefix(f"{module.name}.").partition(".")[0]
    node = module.statements.get(first)
    return None if node is None else (module, module.holders[node])


@cache
def mentioned(module: Module) -> dict[ast.AST, list[str]]:
    """The names mentioned in each top-level statement of a module, as this module knows them."""
    found: dict[ast.AST, list[str]] = {}
    for mention in module.mentions:
        found.setdefault(module.holders[mention.node], []).extend(mention.names)
    return found
