"""A function that is loaded gets the code that its mutant would have, without importing anything again."""

from __future__ import annotations

import ast
import gc
from collections import defaultdict
from collections.abc import Iterator
from types import CodeType, FunctionType

Where = tuple[str, int, str]


class Loaded:
    """Every function that is loaded, by where its code begins."""

    def __init__(self, root: str) -> None:
        self._functions: dict[Where, list[FunctionType]] = defaultdict(list)
        gc.unfreeze()  # what is frozen is not listed
        for found in gc.get_objects():
            if isinstance(found, FunctionType) and found.__code__.co_filename.startswith(root):
                self._functions[_where(found.__code__)].append(found)

    def swap(self, file: str, original: str, changed: str, line: int) -> bool:
        """
        Give the function around a line the code of the changed source; False: nothing is loaded to change.

        ValueError where the change takes a variable of the function around it away.
        """
        path = _path(ast.parse(original), line)
        before = _code(compile(original, file, "exec", dont_inherit=True), path)
        after = _code(compile(changed, file, "exec", dont_inherit=True), path)
        found = False
        for old, new in _pairs(before, after):  # what is inside was perhaps made on import
            for function in self._functions.get(_where(old), []):
                function.__code__ = new
                found = True
        return found


def _pairs(before: CodeType, after: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """A function's code and that of the functions inside, as they are and as they are to be."""
    yield before, after
    inside = [[c for c in code.co_consts if isinstance(c, CodeType)] for code in (before, after)]
    if [code.co_name for code in inside[0]] == [code.co_name for code in inside[1]]:
        for old, new in zip(*inside, strict=True):
            yield from _pairs(old, new)


def _where(code: CodeType) -> Where:
    return code.co_filename, code.co_firstlineno, code.co_qualname


def _path(tree: ast.Module, line: int) -> list[tuple[str, int]]:
    """The way to the outermost function around a line: names, and the how-manieth of that name each is."""
    path: list[tuple[str, int]] = []
    body: list[ast.stmt] = tree.body
    while True:
        seen: dict[str, int] = defaultdict(int)
        for node in _definitions(body):
            if node.lineno <= line <= (node.end_lineno or node.lineno):
                path.append((node.name, seen[node.name]))
                break
            seen[node.name] += 1
        else:
            raise ValueError(f"no function around line {line}")
        if isinstance(node, ast.FunctionDef):
            return path
        body = node.body


def _definitions(body: list[ast.stmt]) -> list[ast.FunctionDef | ast.ClassDef]:
    """What is defined there in the order of the compiled code, under an `if` or `try` too."""
    found: list[ast.FunctionDef | ast.ClassDef] = []
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node)
        else:
            for name in ("body", "orelse", "finalbody"):
                found += _definitions(getattr(node, name, []))
    return found


def _code(code: CodeType, path: list[tuple[str, int]]) -> CodeType:
    for name, number in path:
        inner = [c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == name]
        code = inner[number]
    return code
