"""Where a local runtime logs: everything to a file that rotates, what matters to the terminal."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO, cast

from toban.kernel import log
from toban.kernel.i18n import moment
from toban.kernel.lives import LOGS

MAX_BYTES = 20_000_000
KEPT = 3
"""Older files that are kept, as ``toban.log.1`` (the newest) and so on."""
FLUSH_S = 0.1
"""How long a line below WARNING may wait for others before the system gets it."""

_ENOUGH = 200_000
"""Bytes in which a whole line is found."""
_NO_ROOM = (OSError, ValueError)
"""A full disk, writing to the file that could then not be opened anew, and nobody who reads."""
_QUIET = ('"severity":"INFO"', '"severity":"DEBUG"')


class LogFile:
    """
    The stream of `toban.kernel.log`: a file of at most `max_bytes`, and a terminal.

    No stream of `io`, whose finalizer would close what could never be opened (and says so since 3.13).

    Lines of WARNING and above are repeated on `terminal` in a form for people, and are in the
    file at once. Others are written together, within `FLUSH_S`: a system call for each line, by
    whichever of a dozen threads wrote it, cost more than the line.
    """

    def __init__(
        self,
        path: Path,
        terminal: TextIO | None,
        max_bytes: int = MAX_BYTES,
        zone: str = "UTC",
    ) -> None:
        """`terminal` None: the file only. `zone`: of the times shown there."""
        self._path = path
        self._terminal = terminal
        self._max_bytes = max_bytes
        self._zone = zone
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._size = path.stat().st_size
        self._urgent = False
        self._ended = threading.Event()
        self._flusher = threading.Thread(target=self._flush_often, name="toban-log", daemon=True)
        self._flusher.start()

    def write(self, text: str) -> int:
        """Return one line with its line break, as `toban.kernel.log` writes it."""
        matters = _matters(text)
        # A full disk must not stop what is logged about: the line is lost, the terminal has it.
        with self._lock, contextlib.suppress(*_NO_ROOM):
            self._urgent = self._urgent or matters
            self._file.write(text)
            self._size += len(text)
            if self._size > self._max_bytes:
                self._rotate()
        if self._terminal is not None and matters:
            # Nor may a terminal that is gone (or a pipe that nobody reads): handlers write here.
            with contextlib.suppress(*_NO_ROOM):
                self._terminal.write(steering_nothing(readable(text, self._zone)) + "\n")
                self._terminal.flush()
        return len(text)

    def flush(self) -> None:
        """Hand what was written to the system if some of it matters; the rest follows soon."""
        if self._urgent:
            self._hand_over()

    def expire(self, now: datetime) -> None:
        """
        Remove lines that are older than `toban.kernel.lives.LOGS`, by the file.

        A file that was begun a third of that ago is put aside, and one that was put aside goes when
        its newest line is two thirds of it old.
        """
        third = LOGS / 3
        with self._lock, contextlib.suppress(*_NO_ROOM):
            self._file.flush()
            if (_written(self._path, newest=False) or now) < now - third:
                self._rotate()
            for number in range(1, KEPT + 1):
                older = self._path.with_name(f"{self._path.name}.{number}")
                if older.exists() and (_written(older, newest=True) or now) < now - 2 * third:
                    older.unlink()

    def close(self) -> None:
        """Close the file (not the terminal)."""
        self._ended.set()
        self._flusher.join()
        with self._lock, contextlib.suppress(*_NO_ROOM):
            self._file.close()

    def _hand_over(self) -> None:
        with self._lock, contextlib.suppress(*_NO_ROOM):
            self._urgent = False
            self._file.flush()

    def _flush_often(self) -> None:
        while not self._ended.wait(FLUSH_S):
            self._hand_over()

    def _rotate(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        for number in range(KEPT, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = (
                self._path
                if number == 1
                else self._path.with_name(f"{self._path.name}.{number - 1}")
            )
            if newer.exists():
                newer.replace(older)
        self._file = self._path.open("a", encoding="utf-8")
        self._size = 0


def _written(path: Path, *, newest: bool) -> datetime | None:
    """When the oldest or the newest line of a log was written; None: it has none."""
    with path.open("rb") as file:
        if newest:
            file.seek(max(0, path.stat().st_size - _ENOUGH))
        text = file.read(_ENOUGH).decode("utf-8", "replace")
    found = re.findall(r'^\{"timestamp":"(\d{4}-\d\d-\d\dT[\d:.]+Z)"', text, re.MULTILINE)
    return datetime.fromisoformat(found[-1 if newest else 0]) if found else None


def steering_nothing(text: str) -> str:
    """Return a line in which what a terminal would obey is shown as blanks: anybody may have written it."""
    return "".join(c if c.isprintable() else " " for c in text)


def _matters(text: str) -> bool:
    head = text[:120]
    return not any(mark in head for mark in _QUIET)


def readable(text: str, zone: str = "UTC", *, dated: bool = False) -> str:
    """
    Return a structured line for people: ``12:34:56 JST WARNING open_incident: what happened: why``.

    Who was told follows as ``→ Hanako``. `dated`: the day stands before the time.
    """
    try:
        line: dict[str, Any] = json.loads(text)
    except ValueError:
        return text.rstrip("\n")
    where = f"{line['function']}: " if "function" in line else ""
    error = line.get("error")
    reasons = [str(line[name]) for name in ("reason", "missing") if line.get(name)]
    if isinstance(error, dict):
        reasons.append(str(error.get("message") or error.get("type")))
    told = f" → {line['target']}" if line.get("target") else ""
    head = f"{_time(line, zone, dated)} {line.get('severity', '')}"
    return ": ".join([f"{head} {where}{line.get('message', '')}{told}", *reasons])


def _time(line: dict[str, Any], zone: str, dated: bool) -> str:
    """When a line was written, on the wall clock of `zone`: ``12:34:56 JST``."""
    try:
        at = datetime.fromisoformat(str(line.get("timestamp")))
    except ValueError:
        return ""
    day, _, time, name = moment("en", at, zone).split()
    return f"{day} {time} {name}" if dated else f"{time} {name}"


class _ToStructured(logging.Handler):
    """What libraries say through `logging`, as structured lines."""

    def emit(self, record: logging.LogRecord) -> None:
        severity = record.levelname if record.levelname in log._LEVELS else "INFO"
        error = record.exc_info[1] if record.exc_info else None
        log.write(severity, record.getMessage(), error=error, logger=record.name)


def begin(path: Path, terminal: TextIO | None = sys.stderr, zone: str = "UTC") -> LogFile:
    """Send this process's log to `path` and what matters to `terminal`, its times in `zone`."""
    file = LogFile(path, terminal, zone=zone)
    log.Settings.stream = cast("TextIO", file)
    root = logging.getLogger()
    root.handlers[:] = [_ToStructured()]
    root.setLevel(logging.WARNING)
    return file


def expire(_now: datetime) -> None:
    """Remove this process's lines that are old enough, by the clock that they bear the time of."""
    stream: object = log.Settings.stream
    if isinstance(stream, LogFile):
        stream.expire(log.Settings.clock())


def end(file: LogFile) -> None:
    """Back to standard output."""
    log.Settings.stream = None
    logging.getLogger().handlers.clear()
    file.close()
