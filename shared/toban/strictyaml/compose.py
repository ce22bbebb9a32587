"""
From a file to YAML nodes, within bounds; every finding has its place.

Values are taken from the nodes themselves by the type that is expected, so YAML 1.1 cannot read
``09:00`` as 540 or ``on`` as true. This and `reader` alone import PyYAML: deployed functions read
from the store.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from toban.strictyaml.findings import FileErrors, Finding
from toban.strictyaml.texts import both
from toban.texts import Both

MAX_FILE_BYTES = 1 << 20
MAX_DEPTH = 40
WIDE_SPACE = re.compile(
    r"^[ \t]*(?:- *)?(?:\u3000[\u3000 ]*[\w-]+ *:(?: |$)|[\w-]+:\u3000|[\w-]+\u3000+:)"
)
"""A full-width space where YAML wants a plain one: before a key, or behind its colon."""
FULL_WIDTH = re.compile(r"(?:^|[{,]|- )\s*\w+\s*：")
"""A key whose colon is a full-width one, which YAML takes for a letter."""


class _TooDeepError(yaml.MarkedYAMLError):
    """Nesting that no file needs."""


class _Loader(yaml.SafeLoader):
    """The safe loader with a bound on nesting (PyYAML recurses once per level)."""

    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            mark = self.get_mark()
            raise _TooDeepError(problem=f"nested more than {MAX_DEPTH} deep", problem_mark=mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def read_bytes(path: str | Path) -> bytes:
    """Return the content of a file, at most one byte more than is allowed; raises `FileErrors`."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise FileErrors(
            [whole(str(path), "unreadable", both("finding.yaml.unreadable", reason=reason))]
        ) from error


def compose(data: bytes | str, file: str, first: str) -> MappingNode:
    """
    Return the root mapping of YAML text.

    Args:
        data: The text; bytes are UTF-8.
        file: Its name in messages.
        first: A key that must stand at the top, for messages about files without any.

    Raises `FileErrors`.
    """
    return _compose(_decode(data, file), file, first)


def whole(file: str, code: str, message: Both) -> Finding:
    """Return an error of a file as a whole."""
    return Finding("error", code, "", message, file)


def _decode(data: bytes | str, file: str) -> str:
    raw = data.encode() if isinstance(data, str) else data
    if len(raw) > MAX_FILE_BYTES:
        raise FileErrors(
            [
                whole(
                    file,
                    "too-big",
                    both("finding.yaml.too-big"),
                )
            ]
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        raise FileErrors(
            [
                Finding(
                    "error",
                    "not-utf8",
                    "",
                    both("finding.yaml.not-utf8", byte=f"0x{raw[error.start]:02x}"),
                    file,
                    line,
                    column,
                )
            ]
        ) from error


@lru_cache(maxsize=16)  # the same few files, read at every step of a run; nobody changes a node
def _compose(text: str, file: str, first: str) -> MappingNode:
    try:
        root = yaml.compose(text, _Loader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        finding = Finding(
            "error",
            "yaml-syntax",
            "",
            both("finding.yaml.yaml-syntax"),
            file,
            line,
            error.position - (text.rfind("\n", 0, error.position) + 1) + 1,
        )
        raise FileErrors([finding]) from error
    except yaml.MarkedYAMLError as error:
        raise FileErrors([_syntax_error(error, text, file)]) from error
    if root is None or (isinstance(root, ScalarNode) and not root.value):
        raise FileErrors(
            [
                whole(
                    file,
                    "empty",
                    both("finding.yaml.empty", first=first),
                )
            ]
        )
    if not isinstance(root, MappingNode):
        raise FileErrors(
            [
                whole(
                    file,
                    "wrong-type",
                    both("finding.yaml.wrong-type", first=first),
                )
            ]
        )
    return root


def _syntax_error(error: yaml.MarkedYAMLError, text: str, file: str) -> Finding:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    before = lines[line - 2] if 1 < line <= len(lines) + 1 else ""
    wide = [number for number, each in enumerate(lines[:line], 1) if WIDE_SPACE.match(each)]
    if wide:
        # YAML takes it for a letter, and complains of a line further down, where all is well.
        column = lines[wide[-1] - 1].index("\u3000") + 1
        message = both("finding.yaml.wide-space")
        return Finding("error", "yaml-syntax", "", message, file, wide[-1], column)
    hints: list[tuple[Callable[[], bool], str]] = [
        (
            lambda: any(FULL_WIDTH.search(each) for each in (written, before)),
            "finding.yaml.hint.full-width",
        ),
        (
            lambda: "\t" in written[: max(column, len(written) - len(written.lstrip()))],
            "finding.yaml.hint.tab",
        ),
        (
            lambda: "undefined alias" in str(error.problem),
            "finding.yaml.hint.alias",
        ),
        (
            lambda: "mapping values are not allowed" in str(error.problem),
            "finding.yaml.hint.colon",
        ),
    ]
    hint = next((both(key) for holds, key in hints if holds()), "")
    problem = ", ".join(str(part) for part in (error.context, error.problem) if part)
    return Finding(
        "error",
        "yaml-syntax",
        "",
        both("finding.yaml.not-yaml", problem=problem, hint=hint),
        file,
        line,
        column,
    )
