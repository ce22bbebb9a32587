"""A clock that stands in a file, the same for every process that reads it."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

from toban.ports import Unavailable


class FileClock:
    """A clock whose time is in a file (ISO 8601, UTC) and stands still until `set`. Thread-safe."""

    def __init__(self, path: Path) -> None:
        """Raises `FileNotFoundError` when there is no such file, `Unavailable` when it is no time."""
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._now = datetime.min.replace(tzinfo=UTC)
        self.now()

    @classmethod
    def begin(cls, path: Path, start: datetime) -> FileClock:
        """Return a clock that stands at `start`, in a new file."""
        _write(path, start)
        return cls(path)

    def now(self) -> datetime:
        """See `toban.ports.Clock`: also what another process has set."""
        about = self._path.stat()
        seen = (about.st_mtime_ns, about.st_ino)
        with self._lock:
            if seen != self._seen:
                try:
                    said = self._path.read_text(encoding="ascii").strip()
                    moment = datetime.fromisoformat(said)
                except ValueError as error:
                    raise Unavailable(f"{self._path} holds no time: {error}") from error
                if moment.tzinfo is None:
                    raise Unavailable(f"{self._path} holds no time: {said} has no offset")
                self._now = moment
                self._seen = seen
            return self._now

    def set(self, moment: datetime) -> None:
        """Move to `moment`, for every process."""
        with self._lock:
            _write(self._path, moment)
            self._seen = None


def _write(path: Path, moment: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(moment.astimezone(UTC).isoformat() + "\n", encoding="ascii")
    os.replace(new, path)  # noqa: PTH105  the same in one call
