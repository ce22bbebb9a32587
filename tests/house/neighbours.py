"""
A domain calls no other domain: what it needs to know travels in the event.

Of another domain it may name what is a value: documents and other records, enumerations, errors,
constants. A function only where the domain's ``__init__.py`` says so and why:

    USES = {"toban.oncall.targets": "whom a target means is a question, not a command"}

and only of a module that touches no document and no unit of work.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.module import Module, text
from tests.house.tree import Tree
from toban.topology.rooms import is_domain

VALUES = {
    "msgspec.Struct", "typing.NamedTuple", "typing.TypedDict", "enum.Enum", "enum.IntEnum",
    "enum.StrEnum", "builtins.Exception", "builtins.ValueError", "builtins.LookupError",
}  # fmt: skip
"""Whoever has one of these above it is a value; a dataclass is one, too."""

ACTING = ("toban.kernel.work", "toban.ports.Store", "toban.ports.Bus", "toban.kernel.platform")

DOING = ("toban.kernel.work", "toban.kernel.handling", "toban.kernel.document", "toban.ports.Store")
"""What a module that others may ask must not import."""

FUNCTIONS = {"collections.abc.Callable", "typing.Callable"}


def violations(tree: Tree) -> list[str]:
    """Functions and modules of other domains that a domain names; wrong and idle ``USES``."""
    found: list[str] = []
    for domain in filter(is_domain, tree.rooms()):
        declared = uses(tree, domain)
        idle = set(declared)
        for module in tree.room(domain):
            first = {name: line for line, name in sorted(_neighbours(module, tree), reverse=True)}
            for name, line in sorted(first.items()):
                said = {d for d in declared if name == d or name.startswith(f"{d}.")}
                idle -= said
                if not said and not is_value(tree, name):
                    found.append(
                        f"{module.path}:{line}: the domain {domain} names {name}: of another "
                        "domain only its values; move it below both, emit an event, or declare "
                        f"it in USES of {face(domain)}"
                    )
        found += [
            f"{face(domain)}: USES names {name}, which {domain} does not use: remove the entry"
            for name in sorted(idle)
        ]
        for name in declared:
            found += _asked(tree, face(domain), name)
    return found


def face(domain: str) -> str:
    """The one place where a domain says which others it uses."""
    return f"shared/toban/{domain}/__init__.py"


def uses(tree: Tree, domain: str) -> dict[str, str]:
    """What a domain declares to use of others: module → why."""
    node = tree.definition(f"toban.{domain}.USES")
    if not isinstance(node, ast.Dict):
        return {}
    return {text(k): text(v) for k, v in zip(node.keys, node.values, strict=True) if text(v)}


def _neighbours(module: Module, tree: Tree) -> Iterator[tuple[int, str]]:
    """Whatever a module names of other domains, by its final name."""

    def elsewhere(name: str) -> bool:
        other = tree.module_of(name)
        return other is not None and is_domain(other.room) and other.room not in ("", module.room)

    for line, name in module.references:
        yield from ((line, final) for final in tree.final(name) if elsewhere(final))
    for imported in module.imports:  # also ``import x`` of which nothing is used
        yield from ((imported.line, n) for n in tree.final(imported.target) if elsewhere(n))


def is_value(tree: Tree, name: str) -> bool:
    """Whether a name of another domain is a value: a record's class, something of it, a constant."""
    if name in tree.modules:
        return False
    node = tree.definition(name)
    if node is None:  # a field, or what a record's class has from above
        holder = name.rpartition(".")[0]
        return holder not in tree.modules and is_value(tree, holder)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        holder = name.rpartition(".")[0]  # a record's own method answers about the record
        return isinstance(tree.definition(holder), ast.ClassDef) and is_value(tree, holder)
    if not isinstance(node, ast.ClassDef):
        return _is_constant(tree, name, node)
    decorated = {ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}
    record = "dataclass" in decorated or bool(VALUES & set(tree.bases(name)))
    return record and not _acts(tree, node, name)


def _is_constant(tree: Tree, name: str, node: ast.AST) -> bool:
    """Whether what a name stands for is made of values: no function is in it, nothing that handles."""
    module = tree.module_of(name)
    assert module is not None
    inside = {id(inner): inner for inner in ast.walk(node)}
    if any(isinstance(inner, ast.Lambda) for inner in inside.values()):
        return False
    called = {id(inner.func) for inner in inside.values() if isinstance(inner, ast.Call)}
    for mention in module.mentions:
        if id(mention.node) not in inside:
            continue
        for final in tree.meant(mention) - {name}:
            if final.startswith(DOING) or not _may_be_in_a_constant(
                tree, final, called=id(mention.node) in called
            ):
                return False
    return True


def _may_be_in_a_constant(tree: Tree, name: str, *, called: bool) -> bool:
    definition, home = tree.definition(name), tree.module_of(name)
    if home is None:
        return True
    if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        given = tree.classes_in(definition.returns, home, home.scope_of(definition))
        return called and not any(n.startswith(DOING) or n in FUNCTIONS for n in given)
    return not is_domain(home.room) or is_value(tree, name)


def _acts(tree: Tree, node: ast.ClassDef, name: str) -> bool:
    """Whether a record is handed a unit of work or a port: then it is more than a value."""
    module = tree.module_of(name)
    assert module is not None
    inside = {id(inner) for inner in ast.walk(node)}
    named = (tree.meant(m) for m in module.mentions if id(m.node) in inside)
    return any(n.startswith(ACTING) for names in named for n in names)


def _asked(tree: Tree, path: str, name: str) -> Iterator[str]:
    module = tree.modules.get(name)
    if module is None:
        yield f"{path}: USES names {name}, which is no module"
        return
    for imported in module.imports:
        for target in tree.final(imported.target):
            if target.startswith(DOING):
                yield (
                    f"{path}: USES names {name}, which imports {target} "
                    f"({module.path}:{imported.line}): only what decides nothing may be asked"
                )
