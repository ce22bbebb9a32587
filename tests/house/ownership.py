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

from tests.house.access import accesses
from tests.house.module import Module
from tests.house.reaching import mains, reached
from tests.house.records import Records
from tests.house.tree import MAP, Tree
from toban.topology.reader import MapError, parse
from toban.topology.rooms import is_domain
from toban.topology.types import Function, Topology

HANDLING = "toban.kernel.handling."
"""The documents of the protocols themselves: which function writes them is theirs to know."""


def violations(tree: Tree) -> list[str]:
    """Documents written by others than their owners, and a map that says otherwise than the code."""
    records = Records(tree)
    found = []
    for module in tree.modules.values():
        if module.room and is_domain(module.room):
            found += [f"{module.path}:{what}" for what in _foreign(module, records)]
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
            if access.does == "writes" and not access.classes:
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
