"""What code does to documents: each call and assignment that reads, writes or changes one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.house.module import Module, text
from tests.house.records import READS, Function, Records

Does = Literal[
    "reads", "writes", "sweeps", "makes", "changes", "hands on", "names the collection of"
]

WORK = "toban.kernel.work.Work"
WRITES = frozenset({"put", "create", "delete"})
"""Methods that write the document that they are given."""
BATCH = frozenset({"toban.ports.Create", "toban.ports.Update", "toban.ports.Delete"})
KEPT = frozenset({"toban.kernel.handling.job.Job", "toban.kernel.handling.effect.Effect"})
"""Whoever makes one of these has the kernel write its document."""
CHANGES = frozenset(
    {"builtins.setattr", "msgspec.structs.force_setattr", "toban.kernel.status.move"}
)
BESIDE = frozenset({"toban.kernel.handling.change.change", "toban.kernel.handling.change.remove"})
"""They read and write the document that is their second argument, or of that class."""
SWEEPS = frozenset({"toban.kernel.handling.sweep.sweeping", "toban.kernel.handling.sweep.Daily"})
"""The kernel's housekeeping: it knows how long documents live, not what they mean."""


@dataclass(frozen=True)
class Access:
    """One place where documents are touched."""

    node: ast.stmt | ast.expr
    does: Does
    classes: frozenset[str]
    """Empty where a unit of work is told to write what cannot be told."""


def accesses(module: Module, records: Records) -> dict[ast.AST, list[Access]]:
    """All of a module, by the top-level statement in which they stand."""

    def found() -> dict[ast.AST, list[Access]]:
        by_statement: dict[ast.AST, list[Access]] = {}
        for access in (*_by_calls(module, records), *_by_assignments(module, records)):
            by_statement.setdefault(module.holders[access.node], []).append(access)
        return by_statement

    return records.tree.once(("accesses", module), found)


def _by_calls(module: Module, records: Records) -> Iterator[Access]:
    for node in module.calls:
        called = records.tree.called(node, module)
        arguments = [*node.args, *(k.value for k in node.keywords)]

        def of(argument: ast.expr) -> frozenset[str]:
            return documents(argument, module, records)

        if called & records.collections.keys():
            yield Access(node, "makes", frozenset(called & records.collections.keys()))
        if called & (BATCH | KEPT) and arguments:
            yield Access(node, "writes", of(arguments[0]))
        if called & BESIDE and len(arguments) > 1:
            yield Access(node, "writes", of(arguments[1]))
        if called & SWEEPS:
            yield Access(node, "sweeps", frozenset().union(*map(of, arguments)))
        if "toban.ports.Query" in called and arguments:
            yield Access(node, "reads", _collection_of(arguments[0], module, records))
        verb = method(node.func, module)
        if verb in WRITES:
            classes = frozenset().union(*map(of, arguments))
            if classes or _is_work(node.func, module, records):
                yield Access(node, "writes", classes)
        if verb in READS and node.args and (read := of(node.args[0])):
            yield Access(node, "reads", read)
        if verb == "key" and isinstance(node.func, ast.Attribute) and (read := of(node.func.value)):
            yield Access(node, "reads", read)
        if "toban.ports.Key" in called and arguments and text(arguments[0]):
            named = _collection_of(arguments[0], module, records)
            yield Access(node, "names the collection of", named)
        if called & CHANGES and arguments:
            yield Access(node, "changes", of(arguments[0]))
        for argument in _for_any_document(node, called, records):
            yield Access(node, "hands on", frozenset(records.of(argument, module)))


def _by_assignments(module: Module, records: Records) -> Iterator[Access]:
    for node in module.holders:
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Attribute):
                    yield Access(node, "changes", frozenset(records.of(target.value, module)))


def documents(node: ast.expr, module: Module, records: Records) -> frozenset[str]:
    """The document classes that an argument is an instance of, or names."""
    found = records.of(node, module)
    if isinstance(node, ast.Name | ast.Attribute):
        found |= records.listed(node, module, module.scope_of(node))
    return frozenset(found & records.collections.keys())


def _collection_of(node: ast.expr, module: Module, records: Records) -> frozenset[str]:
    """The class that ``Class.COLLECTION`` or its collection's name stands for."""
    if isinstance(node, ast.Attribute) and node.attr == "COLLECTION":
        return documents(node.value, module, records)
    return frozenset(n for n, known in records.collections.items() if known and known == text(node))


def method(func: ast.expr, module: Module, depth: int = 4) -> str:
    """The name of the method that is called, under whatever alias."""
    if isinstance(func, ast.Attribute):
        return func.attr
    if isinstance(func, ast.Call) and len(func.args) >= 2:  # getattr(work, "put")
        return text(func.args[1])
    if isinstance(func, ast.Name) and depth:
        scope = module.scope_of(func)
        while scope.parent is not None and not scope.binds(func.id):
            scope = scope.parent
        for value, _ in scope.values.get(func.id, ()):
            if isinstance(value, ast.Attribute | ast.Name | ast.Call):
                return method(value, module, depth - 1)
    return ""


def _is_work(func: ast.expr, module: Module, records: Records) -> bool:
    """Whether the method is a unit of work's."""
    return isinstance(func, ast.Attribute) and WORK in records.of(func.value, module)


def _for_any_document(node: ast.Call, called: set[str], records: Records) -> Iterator[ast.expr]:
    """Arguments whose parameter takes any document, as what stores one would."""
    for name in called:
        definition, home = records.tree.definition(name), records.tree.module_of(name)
        if not isinstance(definition, Function) or home is None:
            continue
        parameters = [*definition.args.posonlyargs, *definition.args.args]
        by_name = {p.arg: p for p in (*parameters, *definition.args.kwonlyargs)}
        given = [
            *zip(parameters, node.args, strict=False),
            *((by_name[k.arg], k.value) for k in node.keywords if k.arg in by_name),
        ]
        for parameter, argument in given:
            taken = records.listed(parameter.annotation, home, home.scope_of(definition))
            if any(records.collections.get(t) == "" for t in taken):
                yield argument
