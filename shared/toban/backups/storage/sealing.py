"""Storing parts: each is created once, and parts of a dead process are taken over."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import google_crc32c

from toban.backups.storage import layout
from toban.backups.storage.frames import Seal, random_nonce
from toban.backups.storage.parts import PART_BYTES, STRETCH, Part, cut, open_part
from toban.ports import Unavailable
from toban.ports.backup import Bucket, Chunk, Damaged, StoredObject

CONTENT_TYPE = "application/vnd.toban.backup-part"


@dataclass(frozen=True, slots=True)
class BackupLocation:
    """The bucket and prefix of one backup, and the key that decrypts it."""

    bucket: Bucket
    prefix: str
    """Of the backup; ends with ``/``."""
    backup_id: str
    data_key: bytes | None = field(repr=False)

    def seal(self, stream: str) -> Seal:
        """Return the seal of the parts of one stream (`toban.backups.storage.layout`)."""
        return Seal(self.backup_id, stream, self.data_key)


def find_part(location: BackupLocation, name: str, stream: str, number: int) -> Part | None:
    """
    Return a part that is in the bucket though no checkpoint knows it, checked; None: none.

    Cutting can continue after it: from its `cursor`, with number + 1, unless it is the `last`.
    A damaged one is removed (may raise `toban.ports.backup.DeleteBlocked`). `name` is below the
    backup's prefix.
    """
    full = location.prefix + name
    try:
        data = location.bucket.read(full)
    except KeyError:
        return None
    try:
        return open_part(data, location.seal(stream), number, name=full).as_part()
    except Damaged:
        # Nothing relies on it yet. It is made anew from the source.
        location.bucket.delete(full)
        return None


def store_part(location: BackupLocation, name: str, stream: str, part: Part) -> tuple[Part, bool]:
    """
    Store a part under a name below the backup's prefix.

    Returns the part that is there now, and whether there was one before. An earlier one with
    the same content (sealed with another nonce) is kept; one with any other content is
    replaced. Raises `toban.ports.Unavailable`, also when it arrived damaged or another process
    writes the same part now, and `toban.ports.backup.DeleteBlocked`.
    """
    if _created(location, name, part):
        return part, False
    there = find_part(location, name, stream, part.number)
    if there is not None:
        if _content(there) == _content(part):
            return there, True
        location.bucket.delete(location.prefix + name)
    if not _created(location, name, part):
        raise Unavailable(f"{location.prefix}{name} is being written by somebody else")
    return part, True


def _created(location: BackupLocation, name: str, part: Part) -> bool:
    full = location.prefix + name
    info = location.bucket.create(full, part.data, CONTENT_TYPE)
    if info is None:
        return False
    if (info.size, info.crc32c) != (part.size, part.crc32c):
        location.bucket.delete(full)
        raise Unavailable(f"{full} arrived damaged in {location.bucket.name}")
    return True


def _content(part: Part) -> tuple[str, int, str, int, bool]:
    return part.plain_sha256, part.plain_bytes, part.cursor, part.items, part.last


class SealedObjectSink:
    """The `toban.ports.backup.ObjectSink` of a backup: whole objects, sealed in parts of their own."""

    def __init__(
        self,
        bucket: Bucket,
        prefix: str,
        backup_id: str,
        data_key: bytes | None,
        *,
        part_bytes: int = PART_BYTES,
        nonce: Callable[[], bytes] = random_nonce,
    ) -> None:
        """`prefix` is the backup's; the others are as in `BackupLocation` and `toban.backups.storage.parts.cut`."""
        self._location = BackupLocation(bucket, prefix, backup_id, data_key)
        self._part_bytes = part_bytes
        self._nonce = nonce

    @property
    def bucket(self) -> Bucket:
        """See `toban.ports.backup.ObjectSink`."""
        return self._location.bucket

    @property
    def prefix(self) -> str:
        """See `toban.ports.backup.ObjectSink`."""
        return self._location.prefix + layout.OBJECTS

    def put(self, name: str, data: Iterator[bytes]) -> StoredObject:
        """
        See `toban.ports.backup.ObjectSink`.

        Raises what `data` raises, `toban.ports.Unavailable`, and `ValueError` for a bad name.
        """
        stream = layout.object_name(name)
        whole = _Whole()
        parts = cut(
            whole.passing(data),
            self._location.seal(stream),
            resumable=False,
            part_bytes=self._part_bytes,
            nonce=self._nonce,
        )
        number, met = 0, False
        for part in parts:
            number = part.number
            name = layout.object_part(stream, number)
            _, earlier = store_part(self._location, name, stream, part)
            met = met or earlier
        if met:
            self._remove_after(stream, number)
        return StoredObject(
            name=stream,
            plain_bytes=whole.size,
            plain_sha256=whole.sha256.hexdigest(),
            plain_crc32c=whole.crc32c,
        )

    def _remove_after(self, stream: str, number: int) -> None:
        """What a longer content under the same name had left."""
        prefix = f"{self._location.prefix}{stream}/"
        last = self._location.prefix + layout.object_part(stream, number)
        for stray in self._location.bucket.list(prefix, after=last):
            self._location.bucket.delete(stray.name)


class _Whole:
    """What goes by, counted and hashed, in stretches whose cut does not depend on the giver's."""

    def __init__(self) -> None:
        self.size = 0
        self.sha256 = hashlib.sha256()
        self.crc32c = 0

    def passing(self, data: Iterator[bytes]) -> Iterator[Chunk]:
        for stretch in evenly(data):
            self.size += len(stretch)
            self.sha256.update(stretch)
            self.crc32c = google_crc32c.extend(self.crc32c, stretch)
            yield Chunk(stretch)


def evenly(data: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes, 1 MiB at a time, only the last shorter."""
    waiting = bytearray()
    for some in data:
        if not waiting and len(some) == STRETCH:
            yield some
            continue
        waiting += some
        start = 0
        while len(waiting) - start >= STRETCH:
            yield bytes(waiting[start : start + STRETCH])
            start += STRETCH
        del waiting[:start]
    if waiting:
        yield bytes(waiting)
