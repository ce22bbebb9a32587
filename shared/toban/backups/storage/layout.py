"""
Where a backup's objects lie in a bucket.

::

    <service>/<source>/<class>/<backup id>/manifest.json       last to be written, first to go
    <service>/<source>/<class>/<backup id>/parts/a1/000001     attempt 1 of reading, part 1
    <service>/<source>/<class>/<backup id>/index/a1/000001     parts of a long backup, listed
    <service>/<source>/<class>/<backup id>/objects/<name>      a server-side copy, or
    <service>/<source>/<class>/<backup id>/objects/<name>/000001   a sealed object's part 1

An attempt that reads a source anew from its beginning has a number of its own, so that parts of two
readings never mix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MANIFEST: Final = "manifest.json"
OBJECTS: Final = "objects/"
MOST_PARTS: Final = 999_999

_SEGMENT = re.compile(r"[^/\x00-\x1f\x7f]+")
_ATTEMPT = re.compile(r"(?:parts|index)/a([1-9]\d{0,5})/")
_PART = re.compile(r"parts/a([1-9]\d{0,5})/(\d{6})")


@dataclass(frozen=True, slots=True)
class ObjectName:
    """The parts of an object's full name: its backup, and what it is there."""

    service: str
    source: str
    class_: str
    backup_id: str
    rest: str
    """Below the backup's prefix: ``manifest.json``, ``parts/a1/000001``, …"""

    @property
    def prefix(self) -> str:
        """Return the backup's prefix; ends with ``/``."""
        return prefix(self.service, self.source, self.class_, self.backup_id)


def prefix(service: str, source: str, class_: str, backup_id: str) -> str:
    """
    Return the prefix of a backup's objects; ends with ``/``. Raises `ValueError` for a bad
    segment.
    """
    for segment in (service, source, class_, backup_id):
        if segment in {".", ".."} or not _SEGMENT.fullmatch(segment):
            raise ValueError(f"not a segment of an object's name: {segment[:80]!r}")
    return f"{service}/{source}/{class_}/{backup_id}/"


def parse(name: str) -> ObjectName | None:
    """Return the parts of an object's full name; None when it is not below a backup's prefix."""
    segments = name.split("/", 4)
    if len(segments) < 5 or not all(segments):
        return None
    return ObjectName(*segments)


def _numbered(number: int) -> str:
    if not 1 <= number <= MOST_PARTS:
        raise ValueError(f"number {number}: 1 to {MOST_PARTS} are possible")
    return f"{number:06}"


def part_name(attempt: int, number: int) -> str:
    """Return the name of a part of the stream, below the backup's prefix."""
    return f"parts/a{attempt}/{_numbered(number)}"


def parse_part(name: str) -> tuple[int, int] | None:
    """Return attempt and number from a part's name; None for any other name."""
    found = _PART.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None


def index_name(attempt: int, number: int) -> str:
    """Return the name of a list of parts, below the backup's prefix."""
    return f"index/a{attempt}/{_numbered(number)}"


def attempt_of(name: str) -> int:
    """Return the attempt of a part or a list of parts (below the backup's prefix); 0: neither."""
    found = _ATTEMPT.match(name)
    return int(found[1]) if found else 0


def stream_name(attempt: int) -> str:
    """
    Return the name under which one reading is sealed
    (`toban.backups.storage.frames.Seal.stream`).
    """
    return f"stream/a{attempt}"


def object_name(name: str) -> str:
    """
    Return the name of an object besides the stream, below the backup's prefix. Raises
    `ValueError`.
    """
    segments = name.split("/")
    if any(s in {"", ".", ".."} or not _SEGMENT.fullmatch(s) for s in segments):
        raise ValueError(f"not a name for an object beside a stream: {name[:80]!r}")
    return OBJECTS + name


def object_part(object_: str, number: int) -> str:
    """Return the name of a part of a sealed object, below the backup's prefix."""
    return f"{object_}/{_numbered(number)}"
