"""Writing for people at a terminal: language, colour, tables that know wide characters."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from toban.cli.kit.tables import cut, fitted, folded, natural, stacked, width
from toban.texts import Language

_COLORS = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}
_PAINT = re.compile(r"\033\[[\d;]*m")

LEAST_TEXT = 20
"""Columns that a paragraph has at least; on a narrower terminal it is left to the terminal."""
DEVIATES = 3
"""Exit code: it worked, and what was looked at is not as it was promised, or as it should be."""


class Problem(Exception):
    """
    An error told in one line; `code` is the exit code: 1 (there is none of it, or it did not work)
    or 2 (asked wrongly).
    """

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def language_of(argv: Sequence[str], environ: Mapping[str, str]) -> Language:
    """``--lang`` if it is among the arguments, else what the locale's variables say."""
    for position, argument in enumerate(argv):
        name, equals, value = argument.partition("=")
        if name == "--lang":
            following = argv[position + 1 : position + 2]
            asked = value if equals else "".join(following)
            if asked in ("ja", "en"):
                return "ja" if asked == "ja" else "en"
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return "ja" if environ[name].lower().startswith("ja") else "en"
    return "en"


def say(language: Language, key: str, **values: object) -> str:
    """Return a text of the command line (`toban.cli.kit.catalogue`) with `values` filled in."""
    from toban.cli.kit.catalogue import text

    return text(language, key, **values)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that was probably meant; empty when nothing is near."""
    import difflib

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def printable(text: str) -> str:
    """On one line, without control characters: alert text must not steer the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class Terminal:
    """Where a command writes to; colour only on a terminal, and not when ``NO_COLOR`` is set."""

    def __init__(
        self,
        language: Language,
        out: TextIO | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.language: Language = language
        self._out = out or sys.stdout
        environ = os.environ if environ is None else environ
        self.is_tty = self._out.isatty()
        self._color = self.is_tty and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"

    def say(self, key: str, **values: object) -> str:
        """Return a text in the language of this terminal."""
        return say(self.language, key, **values)

    def listed(self, words: Iterable[str]) -> str:
        """Return words behind each other, as a sentence of this language has them."""
        return ("、" if self.language == "ja" else ", ").join(words)

    def titles(self, *columns: str, **written: Callable[[str], str]) -> list[str]:
        """
        Return the titles of columns by their names (texts ``column.NAME``).

        `written` says how one of them is written: ``at=times.title`` names the zone.
        """
        found = {column: self.say(f"column.{column}") for column in columns}
        return [
            written[column](word) if column in written else word for column, word in found.items()
        ]

    def line(self, text: str = "") -> None:
        """Write one line."""
        print(text, file=self._out)

    def note(self, text: str) -> None:
        """Say something beside the result (on standard error)."""
        print(text, file=sys.stderr)

    def json(self, value: Any) -> None:
        """Write a value as JSON."""
        print(json.dumps(value, ensure_ascii=False, indent=2, default=_plain), file=self._out)

    def paint(self, text: str, *colors: str) -> str:
        """Coloured text, where colour is shown."""
        codes = [_COLORS[color] for color in colors if color]
        if not self._color or not codes or not text:
            return text
        return f"\033[{';'.join(codes)}m{text}\033[0m"

    def table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        colors: Mapping[int, Mapping[str, str]] | None = None,
        flexible: int | None = None,
        spare: Sequence[int] = (),
        fold: Sequence[int] = (),
    ) -> None:
        """
        Write rows in columns; `colors` maps column → cell text → colour.

        Where the terminal is narrow, the cells of `fold` are broken into lines (line breaks in them
        stay anywhere), the `flexible` column is cut, down to 20 columns, and the `spare` ones are left
        out, in their order. Where all that is not enough, each row is written as lines of its own,
        whole.
        """
        cells = [[_lines(cell, whole=c not in fold) for c, cell in enumerate(row)] for row in rows]
        titles = [[title] for title in head]
        widths = natural([titles, *cells])
        columns = shutil.get_terminal_size().columns if self.is_tty else sum(widths) * 2
        shown = fitted(widths, columns, flexible, spare, fold)
        if shown is None:
            self._stack(head, rows, cells, colors or {}, columns)
            return
        for line in shown.lines(titles, fold=fold) if any(head) else ():
            self.line(self.paint("  ".join(line).rstrip(), "dim"))
        for row, told in zip(rows, cells, strict=True):
            for line in shown.lines(told, fold=fold):
                for column, choice in (colors or {}).items():
                    if column in shown.shown:
                        place = shown.shown.index(column)
                        said = line[place].rstrip()
                        color = choice.get(row[column], "")
                        line[place] = self.paint(said, color) + line[place][len(said) :]
                self.line("  ".join(line).rstrip())

    def _stack(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        cells: Sequence[Sequence[Sequence[str]]],
        colors: Mapping[int, Mapping[str, str]],
        columns: int,
    ) -> None:
        for number, (row, told) in enumerate(zip(rows, cells, strict=True)):
            if number:
                self.line()
            for title, text, column in stacked(head, told, columns):
                color = colors.get(column, {}).get(row[column], "")
                self.line(self.paint(title, "dim") + self.paint(text, color))

    def paragraph(self, lead: str, text: str, *colors: str) -> None:
        """
        Write a text behind a `lead` (which may be coloured); on a terminal it is broken into lines, the
        further ones indented as far as the first begins.
        """
        indent = width(_PAINT.sub("", lead))
        columns = shutil.get_terminal_size().columns if self.is_tty else 0
        lines = folded(text, columns - indent) if columns - indent >= LEAST_TEXT else [text]
        for number, line in enumerate(lines):
            self.line((" " * indent if number else lead) + self.paint(line, *colors))

    def clipped(self, text: str) -> str:
        """`text` (it may be coloured) cut to the width of the terminal; whole where there is none."""
        if not self.is_tty:
            return text
        left = shutil.get_terminal_size().columns
        if width(_PAINT.sub("", text)) <= left:
            return text
        parts = []
        for part in re.split(f"({_PAINT.pattern})", text):
            if _PAINT.fullmatch(part):
                parts.append(part)
            elif left > 0:
                parts.append(part if width(part) < left else cut(part + "…", left))
                left -= width(part)
        return "".join(parts)


def _lines(cell: str, *, whole: bool) -> list[str]:
    """A cell without what steers a terminal: one line, or as many as it has."""
    return [printable(part) for part in ([cell] if whole else cell.split("\n"))]


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    raise TypeError(f"{type(value).__name__} in JSON")
