"""Streams, and whole stored backups of them, small enough to be damaged in many ways."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import google_crc32c

from toban.adapters.local.files.buckets import MemoryBucket
from toban.backups.catalogue.manifest import (
    IndexRef,
    Manifest,
    ManifestKey,
    PartEntry,
    encode,
    index_object,
    stream_digest,
)
from toban.backups.storage import layout
from toban.backups.storage.parts import Part, cut
from toban.backups.storage.sealing import BackupLocation, SealedObjectSink, store_part
from toban.ports.backup import Chunk, ObjectRef

KEY = bytes(range(32))
WRAPPED = b"wrapped by the key that everything here uses"
PART_BYTES = 8 * 1024
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def noise(size: int, seed: object) -> bytes:
    """Incompressible, and the same each time."""
    return random.Random(str(seed)).randbytes(size)


def stream(seed: object, pieces: int = 24, size: int = 1500) -> list[Chunk]:
    """Pieces with cursors: `from_cursor` goes on from each."""
    return [Chunk(noise(size, (seed, n)), cursor=str(n + 1), items=1) for n in range(pieces)]


def from_cursor(pieces: list[Chunk], cursor: str) -> Iterator[Chunk]:
    """What a resumable source would read."""
    return iter(pieces[int(cursor or 0) :])


@dataclass
class Stored:
    """A backup as it lies in its bucket."""

    bucket: MemoryBucket
    location: BackupLocation
    manifest: Manifest
    plain: bytes
    objects: dict[str, bytes]
    refs: list[ObjectRef]

    @property
    def manifest_name(self) -> str:
        return self.location.prefix + layout.MANIFEST

    def alter(self, name: str, data: bytes | None) -> None:
        """Replace an object's content, or remove it."""
        self.bucket.delete(name)
        if data is not None:
            assert self.bucket.create(name, data) is not None


def store(bucket: MemoryBucket, backup_id: str, data_key: bytes | None) -> Stored:
    """A backup with five parts, two index objects, a sealed object in parts, two copied ones."""
    location = BackupLocation(
        bucket, layout.prefix("shop", "db", "daily", backup_id), backup_id, data_key
    )
    pieces = stream(backup_id)
    entries = [_stored(location, part) for part in _cut(location, pieces)]
    assert len(entries) == 5
    index: list[IndexRef] = []
    for number in (1, 2):
        ref, data = index_object(backup_id, 1, number, entries[number - 1 : number])
        bucket.create(location.prefix + ref.name, data)
        index.append(ref)
    objects = {
        "ab/sealed-7": noise(20_000, (backup_id, "sealed")),
        "cd/copied-1": noise(5000, (backup_id, "copied")),
        "cd/copied-2": noise(5000, (backup_id, "another")),
    }
    sink = SealedObjectSink(bucket, location.prefix, backup_id, data_key, part_bytes=PART_BYTES)
    refs = []
    for name, content in objects.items():
        copied = "copied" in name
        if copied:
            bucket.upload(sink.prefix + name, [content])
        else:
            sink.put(name, iter([content]))
        crc32c = google_crc32c.value(content)
        refs.append(ObjectRef(backup_id, layout.object_name(name), copied, len(content), crc32c))
    manifest = Manifest(
        backup_id=backup_id,
        service="shop",
        source="db",
        class_="daily",
        kind="postgres",
        slot=NOON,
        started_at=NOON,
        snapshot_at=NOON,
        finished_at=NOON,
        cipher="none" if data_key is None else "aes-256-gcm",
        key=None if data_key is None else ManifestKey(key_id="k/1", wrapped=WRAPPED),
        index=index,
        parts=entries[2:],
        stream_digest=stream_digest(entries),
        total_parts=len(entries),
        bytes_=sum(entry.size for entry in entries),
        plain_bytes=sum(entry.plain_bytes for entry in entries),
        items=len(pieces),
        tools={"server": "15.18", "pg_dump": "15.18"},
        counts={"tables": 3},
        needs=["b-0"],
    )
    bucket.create(location.prefix + layout.MANIFEST, encode(manifest, data_key))
    plain = b"".join(piece.data for piece in pieces)
    return Stored(bucket, location, manifest, plain, objects, refs)


def _cut(location: BackupLocation, pieces: list[Chunk]) -> Iterator[Part]:
    seal = location.seal(layout.stream_name(1))
    return cut(iter(pieces), seal, resumable=True, part_bytes=PART_BYTES)


def _stored(location: BackupLocation, part: Part) -> PartEntry:
    name = layout.part_name(1, part.number)
    stored, _ = store_part(location, name, layout.stream_name(1), part)
    return PartEntry.of(stored, 1, location.data_key)


def sha256(data: bytes) -> str:
    """Hexadecimal."""
    return hashlib.sha256(data).hexdigest()
