"""
How commands on this machine find the emulators of a data directory (``emulators.json``).

Only while they run: what they keep ends with them.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "emulators.json"
_CONNECT_S = 2.0


@dataclass(frozen=True)
class RunningEmulators:
    """The project of a run on emulators, and their addresses (``host:port``)."""

    project: str
    firestore: str
    pubsub: str
    gcs: str

    def answers(self) -> bool:
        """Return whether documents can be read: the run may have died."""
        host, _, port = self.firestore.rpartition(":")
        try:
            socket.create_connection((host, int(port)), _CONNECT_S).close()
        except (OSError, ValueError):
            return False
        return True


def note(data: Path, running: RunningEmulators) -> None:
    """Record that a run has begun."""
    new = (data / FILE).with_suffix(".new")
    new.write_text(json.dumps(asdict(running)), encoding="utf-8")
    os.replace(new, data / FILE)  # noqa: PTH105  the same in one call


def forget(data: Path) -> None:
    """Remove the record of a run that has ended."""
    (data / FILE).unlink(missing_ok=True)


def find(data: Path) -> RunningEmulators | None:
    """Return the run recorded in a data directory, or None; it may have died since."""
    try:
        said = json.loads((data / FILE).read_text(encoding="utf-8"))
        return RunningEmulators(**{name: str(value) for name, value in said.items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None
