"""What a benchmark found, as a table for people and as JSON."""

from __future__ import annotations

import json
import statistics
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """One measured thing; `met` is None where there is no aim or nothing to compare."""

    what: str
    measured: str
    aim: str = ""
    met: bool | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """One benchmark's rows, and what has to be known to read them."""

    title: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()


_HEAD = ("", "measured", "aim", "")
_VERDICT = {True: "met", False: "MISSED", None: ""}


def table(sections: Sequence[Section]) -> str:
    """All sections under one head, columns aligned over all of them."""
    cells = [[(r.what, r.measured, r.aim, _VERDICT[r.met]) for r in s.rows] for s in sections]
    flat = [_HEAD, *(row for section in cells for row in section)]
    widths = [max(_width(row[column]) for row in flat) for column in range(4)]
    lines = []
    for section, rows in zip(sections, cells, strict=True):
        lines += ["", section.title, _line(_HEAD, widths)]
        lines += [_line(row, widths) for row in rows]
        lines += [f"    {note}" for note in section.notes]
    return "\n".join(lines)


def as_json(sections: Sequence[Section]) -> str:
    """The same for programs, with the numbers behind the texts."""
    return json.dumps([asdict(section) for section in sections], indent=1, ensure_ascii=False)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (c + " " * (w - _width(c)) for c, w in zip(row, widths, strict=True))
    return ("  " + "  ".join(padded)).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def progress(text: str) -> None:
    """Say on stderr what is being done."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 to 1) of all is not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * share // 1).__int__() - 1))]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def spread(values: Sequence[float], digits: int = 0) -> str:
    """``median (lowest to highest)``."""
    low, middle, high = min(values), median(values), max(values)
    return f"{middle:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"
