"""
Who may write what: a collection belongs to the package that defines its document class.

Held for every line of a domain, reached or not; and for what each function can reach, against the
map: ``writes`` are what its code writes, ``reads`` what it only reads.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.house.access import BATCH, WORK, WRITES, accesses
from tests.house.module import Module, text
from tests.house.reaching import mains, reached
from tests.house.records import DOCUMENT, Records
from tests.house.tree import MAP, Tree
from toban.topology.reader import MapError, parse
from toban.topology.rooms import is_domain
from toban.topology.types import Function, Topology

ANYTHING = frozenset({"typing.Any", "builtins.object"})
HANDLING = "toban.kernel.handling."
"""The documents of the protocols themselves: which function writes them is theirs to know."""


def violations(tree: Tree) -> list[str]:
    """Documents written by others than their owners, and a map that says otherwise than the code."""
    records = Records(tree)
    found = []
    for module in tree.modules.values():
        if module.room and is_domain(module.room):
            found += [f"{module.path}:{what}" for what in _foreign(module, records)]
            found += [f"{module.path}:{what}" for what in _out_of_sight(module, records)]
    found += _shared(records)
    topology = read_map(tree.texts.get(MAP, ""))
    for name, main in mains(tree).items():
        if topology is not None and name in topology.functions:
            found += _against_map(name, main, topology.functions[name], records)
    return found


@cache
def read_map(source: str) -> Topology | None:
    """The map in a text; None where it has faults, which `make check` tells."""
    try:
        return parse(source) if source else None
    except MapError:
        return None


def _foreign(module: Module, records: Records) -> Iterator[str]:
    """What a module of a domain does to documents that are not its own."""
    for found in accesses(module, records).values():
        for access in found:
            line = access.node.lineno
            stored = [name for name in access.classes if records.collections.get(name)]
            if access.does == "writes" and not stored:
                yield (
                    f"{line}: what {ast.unparse(access.node)[:60]} writes cannot be told: "
                    "annotate it with its document class"
                )
            if access.does == "reads":
                continue
            for name in sorted(access.classes):
                if records.collections.get(name) and not name.startswith(f"toban.{module.room}."):
                    yield (
                        f"{line}: the domain {module.room} {access.does} a "
                        f"{name.rpartition('.')[2]}, which belongs to "
                        f"{records.tree.path_of(name)}: emit an event that its owner handles"
                    )


def _out_of_sight(module: Module, records: Records) -> list[str]:
    """Where a unit of work, or what writes with it, goes where nobody sees what it writes."""
    return records.tree.once(("out of sight", module), lambda: list(_unseen(module, records)))


def _unseen(module: Module, records: Records) -> Iterator[str]:
    called = {call.func for call in module.calls}
    for mention in module.mentions:
        if mention.node not in called and mention.names & BATCH:
            yield (
                f"{mention.line}: {ast.unparse(mention.node)[:60]} is named, not called: "
                "call it here with what it writes"
            )
    for node in module.holders:
        if isinstance(node, ast.Attribute) and node.attr in WRITES:
            classes = records.of(node.value, module) - ANYTHING
            shown = f"{node.lineno}: {ast.unparse(node)[:60]}"
            if node in called:
                if not classes and not module.resolve(node, module.scope_of(node)):
                    yield f"{shown} is called of what cannot be told: annotate it with its class"
            elif isinstance(node.ctx, ast.Load) and (not classes or WORK in classes):
                yield f"{shown} is named, not called: call it here with what it writes"
        elif isinstance(node, ast.Call) and _by_name(node, module):
            yield f"{node.lineno}: {ast.unparse(node)[:60]} is got by name: call it as it is written"
        elif isinstance(node, ast.arg) and node.arg == "work":
            listed = records.listed(node.annotation, module, module.scope_of(node))
            if not listed - ANYTHING:
                yield f"{node.lineno}: the parameter work needs its type, Work"


def _by_name(node: ast.Call, module: Module) -> bool:
    """Whether it is ``getattr(work, "put")``."""
    named = len(node.args) > 1 and text(node.args[1]) in WRITES
    return named and "builtins.getattr" in module.resolve(node.func, module.scope_of(node))


def _shared(records: Records) -> Iterator[str]:
    """Document classes that make a collection another's, too."""
    tree = records.tree
    by_collection: dict[str, list[str]] = {}
    for name in records.collections:
        node, module = tree.definition(name), tree.module_of(name)
        assert isinstance(node, ast.ClassDef)
        assert module is not None
        own = tree.definition(f"{name}.COLLECTION")
        if own is not None and name != DOCUMENT:
            collection = text(own) if isinstance(own, ast.expr) else ""
            by_collection.setdefault(collection, []).append(name)
        for base in tree.bases(name):
            above = tree.module_of(base)
            if records.collections.get(base) and above and above.room != module.room:
                yield (
                    f"{module.path}:{node.lineno}: {node.name} has {base} above it and would write "
                    f"its collection, which belongs to {above.path}: emit an event that its owner handles"
                )
    for collection, names in by_collection.items():
        for name in names:
            others = ", ".join(tree.path_of(other) for other in names if other != name)
            node = tree.definition(name)
            assert isinstance(node, ast.ClassDef)
            where = f"{tree.path_of(name)}:{node.lineno}"
            if not collection:
                yield f"{where}: COLLECTION of {node.name} has to be a text, as it is stored"
            elif others:
                yield f"{where}: {node.name} has the collection {collection}, as has one in {others}"


@dataclass(frozen=True)
class Touched:
    """Collections that a function's code touches."""

    writes: set[str]
    reads: set[str]
    """Those that it only reads."""
    swept: set[str]
    """Those of `writes` that the kernel's housekeeping alone writes."""


def touched(main: Module, records: Records) -> Touched:
    """What a function's code does to documents, as far as it can be reached."""
    return records.tree.once(("touched", main), lambda: _touched(main, records), reached=True)


def _touched(main: Module, records: Records) -> Touched:
    writes: set[str] = set()
    reads: set[str] = set()
    swept: set[str] = set()
    for module, statement in reached(records.tree, main):
        for access in accesses(module, records).get(statement, ()):
            if access.does == "writes":
                writes |= access.classes
            elif access.does == "sweeps":
                swept |= access.classes
            elif access.does == "reads":
                reads |= access.classes
    named = {name for name in writes | reads if records.collections.get(name)}

    def stored(classes: set[str]) -> set[str]:
        # What takes any document of a kind is given those that are named on the way.
        concrete = {c for name in classes for c in {name, *(set(records.below(name)) & named)}}
        return {records.collections.get(name, "") for name in concrete} - {""} - kernels(records)

    both = stored(writes | swept)
    return Touched(both, stored(reads) - both, stored(swept) - stored(writes))


def kernels(records: Records) -> set[str]:
    """The collections of the kernel's protocols."""
    return {c for name, c in records.collections.items() if name.startswith(HANDLING)}


def _against_map(name: str, main: Module, entry: Function, records: Records) -> Iterator[str]:
    tree = records.tree
    code = touched(main, records)
    writes, reads = code.writes, code.reads
    for said, real, word in ((entry.writes, writes, "writes"), (entry.reads, reads, "reads")):
        for collection in sorted(set(said) - kernels(records) - real):
            does = "writes it" if collection in writes else "only reads it"
            does = does if collection in writes | reads else "does not touch it"
            yield f"{MAP}: {name}.{word} lists {collection}, but its code {does} ({main.path})"
        for collection in sorted(real - set(said)):
            yield f"{MAP}: {name}.{word} lacks {collection}, which its code {word} ({main.path})"
    named = {i.target: tree.module_of(i.target) for i in main.imports}
    domains = {m.room for n, m in named.items() if m and n not in records.collections}
    owners = {records.collections[c]: tree.module_of(c) for c in records.collections}
    for collection in sorted(set(entry.writes) - kernels(records) - code.swept):
        owner = owners.get(collection)
        if owner is None or owner.room not in {*domains, "kernel"}:
            whose = f"toban.{owner.room}" if owner else "nobody"
            yield f"{MAP}: {name}.writes lists {collection}, which belongs to {whose} ({main.path})"
