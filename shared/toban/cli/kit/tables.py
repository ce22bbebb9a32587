"""
How a table is laid out: columns beside each other as long as they fit, else rows under each other.

Wide characters take two columns of a terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LEAST = 20
"""Columns that a title or an error should have before a whole other column is left out."""
_NO_LESS = 12
_GAP = 2
_MARKS = ":/,-"
"""A name may be broken behind these."""


def width(text: str) -> int:
    """Columns that a text takes; wide and full-width characters take two."""
    return sum(0 if unicodedata.combining(c) else 2 if _is_wide(c) else 1 for c in text)


def cut(text: str, columns: int) -> str:
    """
    At most so many columns, with … where something was cut off: of a name (no spaces, no wide
    characters) in the middle, because its end tells it from others.
    """
    if width(text) <= columns:
        return text
    if " " in text or any(_is_wide(c) for c in text) or columns < _NO_LESS:
        return f"{_beginning(text, columns - 1)}…"
    end = (columns - 1) // 2
    return f"{text[: columns - 1 - end]}…{text[len(text) - end :]}"


def folded(text: str, columns: int) -> list[str]:
    """
    Lines of at most so many columns; broken at a space, between wide characters, or else behind a
    mark inside of a name (``channel:`` ``slack-2``).
    """
    lines = []
    while width(text) > columns:
        line = _beginning(text, columns) or text[0]
        rest = text[len(line) :]
        space = line.rfind(" ")
        if rest[0] != " " and not _is_wide(rest[0]):
            inside = max(line.rfind(mark) for mark in _MARKS)
            if space > 0:
                line = line[:space]
            elif inside > 0:
                line = line[: inside + 1]
        lines.append(line.rstrip())
        text = text[len(line) :].lstrip()
    return [*lines, text]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are shown, and how wide each of all is."""

    shown: Sequence[int]
    widths: Sequence[int]

    def lines(self, row: Sequence[Sequence[str]], *, fold: Sequence[int] = ()) -> list[list[str]]:
        """Return a row's cells line by line, each as wide as its column; `fold`: broken, not cut."""
        cells = {
            column: [
                line
                for part in row[column]
                for line in (
                    folded(part, self.widths[column])
                    if column in fold
                    else [cut(part, self.widths[column])]
                )
            ]
            for column in self.shown
        }
        height = max((len(cell) for cell in cells.values()), default=0)
        return [
            [self._padded(cell[line] if line < len(cell) else "", c) for c, cell in cells.items()]
            for line in range(height)
        ]

    def _padded(self, text: str, column: int) -> str:
        return text + " " * (self.widths[column] - width(text))


def natural(rows: Sequence[Sequence[Sequence[str]]]) -> list[int]:
    """Return how wide each column of some rows is; a cell is a list of lines."""
    return [
        max(width(line) for cell in column for line in cell) for column in zip(*rows, strict=True)
    ]


def fitted(
    widths: Sequence[int],
    columns: int,
    flexible: int | None,
    spare: Sequence[int],
    fold: Sequence[int],
) -> Columns | None:
    """
    Return what fits into so many columns of a terminal; None: nothing would.

    The `flexible` column gives way first, down to 20 columns, then those that may be broken
    (`fold`), the widest before the others. Then the `spare` ones are left out, in their order.
    """
    found, shown = list(widths), list(range(len(widths)))

    def over() -> int:
        return sum(found[c] for c in shown) + _GAP * (len(shown) - 1) - columns

    leave = iter(spare)
    while True:
        found[:] = widths
        for column in (c for c in shown if c == flexible):
            found[column] = max(min(found[column], _LEAST), found[column] - max(0, over()))
        while over() > 0 and (narrow := [c for c in fold if c in shown and found[c] > _NO_LESS]):
            found[max(narrow, key=lambda c: found[c])] -= 1
        left_out = next(leave, None) if over() > 0 else None
        if left_out is None:
            break
        shown.remove(left_out)
    if over() > 0 and flexible is not None:
        found[flexible] = max(min(found[flexible], _NO_LESS), found[flexible] - over())
    return Columns(shown, found) if over() <= 0 else None


def stacked(
    head: Sequence[str], row: Sequence[Sequence[str]], columns: int
) -> Iterator[tuple[str, str, int]]:
    """Yield a row as lines of a title and a text, each with its column; what is empty is left out."""
    titles = max(width(title) for title in head)
    room = max(_NO_LESS, columns - titles - _GAP)
    for column, (title, cell) in enumerate(zip(head, row, strict=True)):
        lines = [line for part in cell if part for line in folded(part, room)]
        for number, line in enumerate(lines):
            word = "" if number else title
            yield word + " " * (titles + _GAP - width(word)), line, column


def _beginning(text: str, columns: int) -> str:
    """As much of a text as so many columns hold."""
    used = 0
    for number, character in enumerate(text):
        used += width(character)
        if used > columns:
            return text[:number]
    return text


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
