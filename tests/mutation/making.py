"""
The mutants of a file: mutmut's operators, and two of ours, on each node that the rules leave.

Only mutmut's operators are used (pure functions from a node to its mutants). Its runner gives every
function a wrapper, which a handler that is bound by its annotations does not survive, and it leaves out
what is decorated or stands in a module: half of what rules are made of here. Of its three changes of
a text one is made (a text in small letters is no other defect than one with XX), and nothing is turned
into ``None``: mypy tells, and that easy half of all mutants would flatter the share.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

from tests.mutation.rules import Place, Span, is_left_out, untouched


@dataclass(frozen=True)
class Mutant:
    """One change of one file, made when its text is asked for."""

    path: str
    line: int
    operator: str
    file: File
    old: cst.CSTNode
    new: cst.CSTNode

    @cached_property
    def source(self) -> str:
        """The file with the change."""
        changed = self.file.tree.deep_replace(self.old, self.new)
        assert isinstance(changed, cst.Module)
        return changed.code

    @cached_property
    def changed(self) -> tuple[str, str]:
        """The lines that are different, before and after, without the space around them."""
        before, after = self.file.source.splitlines(), self.source.splitlines()
        old: list[str] = []
        new: list[str] = []
        for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
            if tag != "equal":
                old += [text.strip() for text in before[a:b]]
                new += [text.strip() for text in after[c:d]]
        return "\n".join(old), "\n".join(new)


class File:
    """A file of a room, parsed."""

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.source = source
        self._wrapper = MetadataWrapper(cst.parse_module(source))
        self.tree = self._wrapper.module

    def mutants(self) -> Iterator[Mutant]:
        """Every mutant, in the order of the file; nothing for a file that the rules leave out."""
        if is_left_out(self.path, self.source):
            return
        positions = self._wrapper.resolve(PositionProvider)
        left_out = untouched(self.source)

        def span(node: cst.CSTNode) -> Span | None:
            found: Any = positions.get(node)
            return found and Span(
                Place(found.start.line, found.start.column), Place(found.end.line, found.end.column)
            )

        def is_untouched(node: cst.CSTNode) -> bool:
            found = span(node)
            return found is not None and any(one.holds(found) for one in left_out)

        for node in _walk(self.tree, is_untouched):
            where = span(node)
            for name, new in _changes(node):
                if where is not None and not _drops(node, new, is_untouched):
                    yield Mutant(self.path, where.start.line, name, self, node, new)


def mutants(root: Path, room: str) -> list[Mutant]:
    """Every mutant of a room, file by file."""
    return [
        mutant
        for path in sorted((root / "shared/toban" / room).rglob("*.py"))
        for mutant in File(str(path.relative_to(root)), path.read_text(encoding="utf-8")).mutants()
    ]


def _walk(node: cst.CSTNode, skip: Callable[[cst.CSTNode], bool]) -> Iterator[cst.CSTNode]:
    if skip(node):
        return
    yield node
    for child in node.children:
        if not isinstance(child, cst.Annotation):
            yield from _walk(child, skip)


def _changes(node: cst.CSTNode) -> Iterator[tuple[str, cst.CSTNode]]:
    for name, kind, operator in OPERATORS:
        if isinstance(node, kind):
            yield from ((name, new) for new in operator(node))


def _drops(old: cst.CSTNode, new: cst.CSTNode, skip: Callable[[cst.CSTNode], bool]) -> bool:
    """Whether an argument that no mutant touches is gone (mutmut changes calls as a whole)."""
    if not isinstance(old, cst.Call) or not isinstance(new, cst.Call):
        return False
    kept = {id(arg) for arg in new.args}
    return any(skip(arg.value) for arg in old.args if id(arg) not in kept)


def _statement(node: cst.SimpleStatementLine) -> Iterable[cst.CSTNode]:
    """A call of which nobody takes the result is left out."""
    match node.body:
        case [cst.Expr(value=cst.Call() | cst.Await())]:
            yield node.with_changes(body=[cst.Pass()])


def _condition(node: cst.If) -> Iterable[cst.CSTNode]:
    """A condition is taken for false, and for true."""
    for new in mutators.operator_if_exp(cst.IfExp(node.test, cst.Name("x"), cst.Name("x"))):
        yield node.with_changes(test=new.test)


def _text(node: cst.BaseString) -> Iterable[cst.CSTNode]:
    yield from list(mutators.operator_string(node))[:1]


def _argument(node: cst.Call) -> Iterable[cst.CSTNode]:
    return [new for new in mutators.operator_arg_removal(node) if len(new.args) < len(node.args)]


_INSTEAD: dict[str, Callable[[Any], Iterable[cst.CSTNode]]] = {
    "operator_string": _text,
    "operator_arg_removal": _argument,
    "operator_assignment": lambda _: (),
    "operator_lambda": lambda _: (),
}
OPERATORS: list[tuple[str, type[cst.CSTNode], Callable[[Any], Iterable[cst.CSTNode]]]] = [
    *(
        (
            operator.__name__.removeprefix("operator_"),
            kind,
            _INSTEAD.get(operator.__name__, operator),
        )
        for kind, operator in mutators.mutation_operators
    ),
    ("statement_dropped", cst.SimpleStatementLine, _statement),
    ("condition", cst.If, _condition),
]
