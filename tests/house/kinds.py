"""
A kind is known in its own folder alone: nobody else asks a channel or a source what kind it is.

Kinds are the classes of profiles that are told apart by ``type``; their folders are
``channels/<tag>`` and ``sources/<tag>``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from typing import TypeGuard

from tests.house.module import Module, text
from tests.house.tree import Tree

ASKING = frozenset({"builtins.isinstance", "builtins.issubclass"})
BY_CLASS = frozenset({"functools.singledispatch", "functools.singledispatchmethod"})
"""They ask it of whoever registers with them."""
TAG_OF = "toban.kernel.kinds.tag_of"
TELLING = frozenset(
    ["tag", "tag_of", "type", "__struct_config__", "__class__", "__name__", "__qualname__"]
)
"""Attributes (and keys of what is stored) that tell a kind."""
FOLDERS = ("toban.channels", "toban.sources")


def kinds(tree: Tree) -> dict[str, str]:
    """Every kind: class → tag."""
    found = {}
    for name, node, _ in tree.classes():
        given = {k.arg: text(k.value) for k in node.keywords}
        if given.get("tag_field") == "type":
            found[name] = given.get("tag") or node.name
    return found


def violations(tree: Tree) -> list[str]:
    """Every `isinstance`, ``match`` or comparison of types or tags outside a kind's folder."""
    known = kinds(tree)
    words: dict[str, list[str]] = {}
    for name, tag in known.items():
        for word in {tag, name.rpartition(".")[2]}:
            words.setdefault(word, []).append(name)
    found = []
    for module in tree.modules.values():
        by_word = [
            (asked.lineno, name)
            for asked, word in _compared(module)
            for name in words.get(word, ())
            if word != known[name] or _asks(asked, module, tree)
        ]
        found += [
            f"{module.path}:{line}: {name} asks for a class out of sight: a method of the class says it"
            for line, name in module.references
            if tree.final(name) & BY_CLASS
        ]
        for line, name in sorted({*_asked(module, tree, known), *by_word}):
            folders = [f"{folder}.{known[name]}" for folder in FOLDERS]
            if module.package not in folders and not module.package.startswith(
                tuple(f"{folder}." for folder in folders)
            ):
                short = name.rpartition(".")[2]
                found.append(
                    f"{module.path}:{line}: asks whether it is a {short}: what only that kind "
                    f"knows stands in shared/toban/channels/{known[name]} or sources/{known[name]}"
                )
    return found


def _asked(module: Module, tree: Tree, known: dict[str, str]) -> Iterator[tuple[int, str]]:
    for line, expression, called in _questions(module):
        if called and not any(tree.final(name) & ASKING for name in called):
            continue
        listed = set(tree.classes_in(expression, module, module.scope_of(expression)))
        yield from ((line, name) for name in listed if name in known)


@cache
def _nodes(module: Module) -> list[ast.AST]:
    """The nodes by which something may be asked."""
    asking = ast.Call | ast.Compare | ast.Match | ast.MatchClass | ast.Dict
    return [node for node in ast.walk(module.ast) if isinstance(node, asking)]


@cache
def _questions(module: Module) -> list[tuple[int, ast.expr, frozenset[str]]]:
    """Expressions that classes are asked for by, with what is called if anything is."""
    found: list[tuple[int, ast.expr, frozenset[str]]] = []
    for node in _nodes(module):
        asked: list[ast.expr] = []
        called: set[str] = set()
        if isinstance(node, ast.Call) and len(node.args) == 2:
            called = module.resolve(node.func, module.scope_of(node))
            asked = [node.args[1]] if called else []
        elif isinstance(node, ast.MatchClass):
            asked = [node.cls]
        elif isinstance(node, ast.Compare) and _of_types(node):
            asked = [n for n in ast.walk(node) if isinstance(n, ast.Name | ast.Attribute)]
        elif isinstance(node, ast.Dict):  # a table by class
            asked = [key for key in node.keys if isinstance(key, ast.Name | ast.Attribute)]
        found += [
            (expression.lineno, expression, frozenset(called))
            for expression in asked
            if not isinstance(expression, ast.Constant)
        ]
    return found


def _of_types(node: ast.Compare) -> bool:
    return any(
        (isinstance(n, ast.Name) and n.id in ("type", "tag_of"))
        or (isinstance(n, ast.Attribute) and n.attr in ("__class__", "__struct_config__", "tag_of"))
        for n in ast.walk(node)
    )


@cache
def _compared(module: Module) -> list[tuple[ast.expr, str]]:
    """What is compared with a literal or matched against one, and the literal."""
    found: list[tuple[ast.expr, str]] = []
    for node in _nodes(module):
        if isinstance(node, ast.Match):
            values = [n.value for c in node.cases for n in ast.walk(c.pattern) if _is_value(n)]
            found += [(node.subject, text(value)) for value in values]
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            literals = [one for side in sides for one in (side, *getattr(side, "elts", ()))]
            found += [(side, text(one)) for side in sides for one in literals if text(one)]
    return found


def _is_value(node: ast.AST) -> TypeGuard[ast.MatchValue]:
    return isinstance(node, ast.MatchValue)


def _asks(node: ast.AST, module: Module, tree: Tree, depth: int = 3) -> bool:
    """Whether an expression gives a tag or the name of a class, as far as that can be followed."""
    for inner in ast.walk(node):
        name = getattr(inner, "attr", "") or getattr(inner, "id", "")
        if name in TELLING or text(inner if isinstance(inner, ast.expr) else None) == "type":
            return True
        if isinstance(inner, ast.Name) and depth:
            scope = module.scope_of(inner)
            finals = {f for n in module.resolve(inner, scope) for f in tree.final(n)}
            if TAG_OF in finals:
                return True
            definitions = [(tree.definition(f), tree.module_of(f)) for f in finals if tree.holds(f)]
            values = [(value, module) for value, _ in scope.values.get(inner.id, ())]
            if any(
                asked is not None
                and home is not None
                and not isinstance(asked, ast.ClassDef)
                and _asks(asked, home, tree, depth - 1)
                for asked, home in (*definitions, *values)
            ):
                return True
    return False
