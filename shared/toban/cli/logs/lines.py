"""Log lines of a data directory: where they are, which are meant, and what is new."""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from toban.local.logs import KEPT

LEVELS: Final = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
FILE: Final = "toban.log"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log; what is no JSON (a library's own words) has no fields."""

    text: str
    at: str
    """When it was written (RFC 3339, UTC); of words without a time that of the line before them."""
    fields: Mapping[str, Any] | None

    def mentions(self, ids: frozenset[str]) -> bool:
        """Return whether any field has one of these values."""
        for value in (self.fields or {}).values():
            if isinstance(value, str) and value in ids:
                return True
            if isinstance(value, list) and any(v in ids for v in value if isinstance(v, str)):
                return True
        return False


@dataclass(frozen=True, slots=True)
class LineFilter:
    """Which lines are meant; what is not said makes no difference."""

    ids: frozenset[str] | None = None
    """Only what mentions one of them."""
    service: str = ""
    of_service: frozenset[str] = frozenset()
    """Ids of the service's own: its incidents, and the correlations that belong to it."""
    function: str = ""
    level: str = ""
    since: str = ""

    def fits(self, line: LogLine) -> bool:
        """Return whether a line is meant."""
        if line.at < self.since:
            return False
        if line.fields is None:
            return self.ids is None and not (self.service or self.function or self.level)
        severity = LEVELS.get(str(line.fields.get("severity")), 0)
        return (
            (not self.level or severity >= LEVELS[self.level])
            and self.function in ("", line.fields.get("function"))
            and (self.ids is None or line.mentions(self.ids))
            and (not self.service or self._is_of_service(line))
        )

    def _is_of_service(self, line: LogLine) -> bool:
        fields = line.fields or {}
        backup = str(fields.get("backup", ""))
        return (
            fields.get("service") == self.service
            or backup.startswith(f"{self.service}.")
            or line.mentions(self.of_service)
        )


def read(texts: Iterable[str]) -> Iterator[LogLine]:
    """Yield the lines of one file."""
    at = ""
    for text in texts:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        fields = found if isinstance(found, dict) else None
        at = str((fields or {}).get("timestamp") or at)
        yield LogLine(text, at, fields)


def older(data: Path) -> list[Path]:
    """Return the files that are not written to any more, the oldest first."""
    found = (data / f"{FILE}.{number}" for number in range(KEPT, 0, -1))
    return [path for path in found if path.is_file()]


def current(data: Path) -> list[Path]:
    """Return the files that are written to: on emulators each function has one of its own."""
    functions = sorted((data / "logs").glob("*.log"))
    found = [data / FILE, *(path for path in functions if not path.stem.endswith("-emulator"))]
    return [path for path in found if path.is_file()]


def past(data: Path) -> Iterator[LogLine]:
    """Yield what is in the files that are not written to any more."""
    for path in older(data):
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from read(map(str.rstrip, file))


@dataclass
class _Open:
    """A file that is read as it grows."""

    file: IO[str]
    node: tuple[int, int]
    begun: str = ""
    """A line that is not whole yet."""

    def lines(self) -> list[str]:
        """Return the lines that have been finished since."""
        *whole, self.begun = (self.begun + self.file.read()).split("\n")
        return whole


@dataclass
class LogTail:
    """The files that are written to, from their beginning; close it."""

    data: Path
    _open: dict[Path, _Open] = field(default_factory=dict)

    def new(self) -> list[LogLine]:
        """Return what was written since the last call (first: everything), in the order of time."""
        found: dict[Path, list[str]] = {path: known.lines() for path, known in self._open.items()}
        for path in current(self.data):
            state = os.stat(path)  # noqa: PTH116  the file under that name now
            node = (state.st_dev, state.st_ino)
            known = self._open.get(path)
            if known is not None and known.node == node and state.st_size >= known.file.tell():
                continue
            if known is not None:  # put aside, and begun anew
                found[path] += known.lines()
                known.file.close()
            self._open[path] = _Open(path.open(encoding="utf-8", errors="replace"), node)
            found[path] = found.get(path, []) + self._open[path].lines()
        return list(heapq.merge(*map(read, found.values()), key=lambda line: line.at))

    def close(self) -> None:
        """Let go of the files."""
        for known in self._open.values():
            known.file.close()
