"""
What is never broken, because no test should notice: the spans of a file that no mutant touches.

Left out, each by its form alone:

- docstrings and other bare texts, annotations, type aliases, imports, ``if TYPE_CHECKING``;
- decorators, and the head of a class (bases, ``frozen=True``): declarations, held by types;
- log lines (``log.info(…)`` whole), and the texts of errors within a ``raise``: wording;
- texts of several words, or in Japanese: wording;
- functions without a body: those of a protocol;
- ``assert``, ``strict=`` of a zip, ``encoding=``: they state what holds anyway;
- ``__slots__``, ``__all__``, ``__repr__``, ``__str__``, and ``USES``, which `tests.house` holds.

Whole files: ``texts.py`` (wording) and ``__init__.py`` without a function.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

LOG_LINES = {"debug", "info", "warning", "error", "exception", "critical", "security"}
STATED = {"strict", "encoding"}
NEVER = {"__slots__", "__all__", "__repr__", "__str__", "USES"}
TYPE_CALLS = {"TypeVar", "NewType", "ParamSpec"}
_WORDING = re.compile(r"\w,? \w|[^\x00-\xff]")


@dataclass(frozen=True, order=True)
class Place:
    """A place in a file: the line from 1, the character from 0."""

    line: int
    column: int


@dataclass(frozen=True)
class Span:
    """From a place up to another one."""

    start: Place
    end: Place

    def holds(self, other: Span) -> bool:
        """Whether the other span lies within this one."""
        return self.start <= other.start and other.end <= self.end


def is_left_out(path: str, source: str) -> bool:
    """Whether nothing of this file is broken."""
    return path.endswith("/texts.py") or not any(
        isinstance(node, ast.FunctionDef | ast.Assign | ast.AnnAssign)
        for node in ast.walk(ast.parse(source))
    )


def untouched(source: str) -> list[Span]:
    """The spans of a file that no mutant touches."""
    lines = source.splitlines()
    return [_span(node, lines) for node in _untouched(ast.parse(source))]


def _untouched(tree: ast.Module) -> Iterator[ast.expr | ast.stmt]:
    for node in ast.walk(tree):
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Assert():
                yield node
            case ast.Expr(value=ast.Constant()):
                yield node
            case ast.Constant(value=str() as text) if _WORDING.search(text):
                yield node
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield node
            case ast.ClassDef():
                yield from [*node.bases, *(word.value for word in node.keywords)]
                yield from node.decorator_list
            case ast.FunctionDef():
                yield from node.decorator_list
                if node.name in NEVER or _only_declares(node):
                    yield node
                elif node.returns is not None:
                    yield node.returns
            case ast.arg(annotation=ast.expr() as annotation):
                yield annotation
            case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
                yield node
            case ast.AnnAssign():
                yield node.annotation
            case ast.Assign(targets=[ast.Name(id=name)]) if name in NEVER:
                yield node
            case ast.Raise(exc=ast.expr() as raised):
                yield from _texts(raised)
            case ast.Call():
                yield from _of_call(node)


def _only_declares(function: ast.FunctionDef) -> bool:
    """Whether there is nothing in it but its docstring or an ellipsis: a protocol's."""
    return all(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for node in function.body
    )


def _of_call(call: ast.Call) -> Iterator[ast.expr]:
    match call.func:
        case ast.Attribute(value=ast.Name(id="log"), attr=level) if level in LOG_LINES:
            yield call
        case ast.Name(id=name) if name in TYPE_CALLS:
            yield call
        case ast.Name(id="cast"):
            yield from call.args[:1]
    yield from (word.value for word in call.keywords if word.arg in STATED)


def _texts(raised: ast.expr) -> Iterator[ast.expr]:
    """What an error says: its texts, and what is put into them."""
    for node in ast.walk(raised):
        if isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str)
        ):
            yield node


def _span(node: ast.expr | ast.stmt, lines: list[str]) -> Span:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    start = _characters(lines[node.lineno - 1], node.col_offset)
    end = _characters(lines[node.end_lineno - 1], node.end_col_offset)
    return Span(Place(node.lineno, start), Place(node.end_lineno, end))


def _characters(line: str, octets: int) -> int:
    """`ast` counts the octets of a line."""
    return len(line.encode()[:octets].decode())


def statement_of(source: str, line: int) -> tuple[range, bool]:
    """The lines of the innermost statement there (of a compound one: its head), and whether it runs on import."""
    found, on_import = range(line, line + 1), True
    for node, inside in _statements(ast.parse(source).body, inside=False):
        lines = _head(node)
        if line in lines:
            found, on_import = lines, not inside
    return found, on_import


def carried(before: str, now: str) -> dict[int, list[int]]:
    """For each line of a source as it was, the lines of today: for changed ones, all that stand there."""
    found: dict[int, list[int]] = {}
    matched = difflib.SequenceMatcher(None, before.splitlines(), now.splitlines(), False)
    for tag, a, b, c, d in matched.get_opcodes():
        if tag == "equal":
            for old, new in zip(range(a, b), range(c, d), strict=True):
                found.setdefault(old + 1, []).append(new + 1)
        else:  # the lines around a change reach what is new there as well
            for old in range(a, b + 2):
                found.setdefault(old, []).extend(range(c + 1, d + 1))
    return found


def constant_at(source: str, line: int) -> str:
    """The name that a line of the module gives a value; empty: none."""
    for node in ast.parse(source).body:
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            targets = (
                node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            )
            match targets:
                case [ast.Name(id=name)]:
                    return name
    return ""


def used_names(source: str) -> dict[str, set[int]]:
    """The lines of each name that is used in a function."""
    found: dict[str, set[int]] = {}
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef):
            for node in (inner for statement in function.body for inner in ast.walk(statement)):
                match node:
                    case ast.Name(id=name) | ast.Attribute(attr=name):
                        found.setdefault(name, set()).add(node.lineno)
    return found


def _statements(body: list[ast.stmt], *, inside: bool) -> Iterator[tuple[ast.stmt, bool]]:
    for node in body:
        yield node, inside
        deeper = inside or isinstance(node, ast.FunctionDef)
        for child in ast.iter_child_nodes(node):
            inner = child.body if isinstance(child, ast.ExceptHandler | ast.match_case) else []
            yield from _statements(inner, inside=deeper)
        for name in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(node, name, []), inside=deeper)


def _head(node: ast.stmt) -> range:
    first: list[ast.stmt] = getattr(node, "body", [])
    end = first[0].lineno if first else (node.end_lineno or node.lineno) + 1
    return range(node.lineno, max(end, node.lineno + 1))
