"""The messages that are kept: a file for each below ``outbox/`` of the data directory."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

import msgspec

from toban.adapters.local.files.blobs import unfinished
from toban.kernel.prepared import from_json

OUTBOX = "outbox"
"""Name in a data directory."""
MOST = 500
"""Messages that are kept; the oldest go. One is some 20 KB."""
_ENDING = ".json"
_TIME = "%Y%m%dT%H%M%S.%f"


class OutboxMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was not sent, as its receiver would have seen it."""

    id: str
    """The notification's."""
    at: datetime
    service: str
    incident: str
    """The incident (or what else it is about)."""
    channel: str
    """As the profile calls it."""
    kind: str
    """What it says, as `toban.events.NotificationKind`."""
    target_name: str
    lacks: str
    """The secret or variable for want of which it was not sent."""
    to: str
    subject: str
    text: str
    html: str = ""
    payload: str = ""
    """The JSON that would have been posted."""


class Outbox:
    """The messages in a directory, at most `most` of them."""

    def __init__(self, directory: Path, most: int = MOST) -> None:
        self._directory = directory
        self._most = most
        self._lock = threading.Lock()

    def keep(self, message: OutboxMessage) -> None:
        """
        Keep a message, whole or not at all; one that was kept already is replaced.

        Raises `OSError` when the disk does not take it.
        """
        name = f"{message.at:{_TIME}}-{message.id}{_ENDING}"
        with self._lock:
            before = self._named(message.id)
            with unfinished(self._directory / ".tmp", (msgspec.json.encode(message),)) as whole:
                whole.chmod(0o600)  # its links are permissions
                path = self._directory / (before[0] if before else name)
                whole.replace(path)
            for old in self._names()[: -self._most]:
                (self._directory / old).unlink(missing_ok=True)

    def expire(self, before: datetime) -> None:
        """Remove what was kept before that time."""
        for name in self._names():
            if name < f"{before:{_TIME}}":
                (self._directory / name).unlink(missing_ok=True)

    def messages(self) -> list[OutboxMessage]:
        """Return what is kept, the oldest first; what cannot be read is left out."""
        found = (self._read(name) for name in self._names())
        return [message for message in found if message is not None]

    def find(self, id: str) -> list[OutboxMessage]:
        """Return the messages whose id begins so."""
        found = (self._read(name) for name in self._named(id, whole=False))
        return [message for message in found if message is not None]

    def _named(self, id: str, *, whole: bool = True) -> list[str]:
        names = ((name, name.partition("-")[2].removesuffix(_ENDING)) for name in self._names())
        return [name for name, of in names if of == id or (not whole and of.startswith(id))]

    def _names(self) -> list[str]:
        try:
            return sorted(path.name for path in self._directory.glob(f"*{_ENDING}"))
        except FileNotFoundError:
            return []

    def _read(self, name: str) -> OutboxMessage | None:
        try:
            return from_json((self._directory / name).read_bytes(), OutboxMessage)
        except (OSError, msgspec.MsgspecError):
            return None


def outbox_of(data: Path) -> Outbox:
    """Return the outbox of a data directory."""
    return Outbox(data / OUTBOX)
