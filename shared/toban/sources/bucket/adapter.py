"""
The objects of a bucket as a source of backups.

Not contained: access rules, holds and the settings of the bucket (they belong to a configuration
source or into version control), and generations that are no longer live.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from toban.adapters.objects import crc32c, in_ranges
from toban.ports.backup import (
    BackupRun,
    Bucket,
    Chunk,
    Damaged,
    Fetch,
    Format,
    NoBucket,
    ObjectInfo,
    ObjectRef,
    Selection,
    Source,
    SourceFailed,
    SourceSnapshot,
    Target,
)
from toban.sources import inventory
from toban.sources.inventory import ContentRef, InventoryHeader, InventoryRecord, record_of
from toban.sources.patterns import Exclusion, Wanted, flag, texts
from toban.sources.ports import SourcePorts
from toban.sources.side_by_side import Waiting, side_by_side

TRIES: Final = 5
"""How often an object may change while it is being read."""
PART_BYTES: Final = 64 * 1024 * 1024
PART_OBJECTS: Final = 500
"""
A part ends with so much content, although the inventory itself is small: taking and restoring can
be left and gone on with only between parts.
"""


def source(options: Mapping[str, object], ports: SourcePorts) -> Source:
    """
    Return what reads a bucket.

    Args:
        options: ``bucket``; ``prefix``; ``exclude`` (`toban.sources.patterns.Exclusion`);
            ``copy``: content is copied server-side instead of sealed.
        ports: Its `bucket_to_read` is used.

    Raises `ValueError` for options that are none.
    """
    return BucketSource(
        ports.bucket_to_read(named(options)),
        prefix=str(options.get("prefix") or ""),
        exclude=texts(options.get("exclude"), "exclude"),
        copy=flag(options.get("copy")),
    )


def format_(ports: SourcePorts) -> Format:  # noqa: ARG001 - every kind is given it
    """Return what an inventory must look like."""
    return InventoryFormat()


def target(options: Mapping[str, object], ports: SourcePorts) -> Target:
    """
    Return what writes objects back; for the options see `toban.sources.bucket.restore`.

    Raises `ValueError` for options that are none.
    """
    from toban.sources.bucket.restore import BucketTarget

    return BucketTarget.of(options, ports.buckets(named(options)))


def named(options: Mapping[str, object]) -> str:
    """
    Return the name of the bucket (``gs://name/`` is ``name``); raises `ValueError` when there
    is none.
    """
    name = str(options.get("bucket") or "").strip().removeprefix("gs://").removesuffix("/")
    if not name or "/" in name:
        raise ValueError("a bucket has to be named (what is below it: prefix)")
    return name


@dataclass(frozen=True, slots=True)
class _Cursor:
    """After which name reading goes on, and what was counted before."""

    objects: int = 0
    bytes: int = 0
    name: str = ""

    @classmethod
    def of(cls, text: str) -> _Cursor:
        if not text:
            return cls()
        objects, size, name = text.split(" ", 2)
        return cls(int(objects), int(size), name)

    def after(self, record: InventoryRecord) -> _Cursor:
        return _Cursor(self.objects + 1, self.bytes + record.size, record.name)

    def __str__(self) -> str:
        return f"{self.objects} {self.bytes} {self.name}"


class BucketSource:
    """
    Live objects below a prefix, each as it is when its turn comes.

    There is no snapshot of a bucket: an object that changes or goes while the bucket is read is
    contained in its newer state or not at all, never mixed.
    """

    resumable = True

    def __init__(
        self, bucket: Bucket, *, prefix: str = "", exclude: tuple[str, ...] = (), copy: bool = False
    ) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._excluded = Exclusion(exclude)
        self._copy = copy

    @property
    def identity(self) -> str:
        """See `toban.ports.backup.Source`."""
        return inventory.identity(self._bucket)

    def begin(self, run: BackupRun, before: SourceSnapshot | None, now: datetime) -> SourceSnapshot:  # noqa: ARG002
        """See `toban.ports.backup.Source`: every object is read in a state later than `now`."""
        return before or SourceSnapshot(at=now)

    def read(self, run: BackupRun, snapshot: SourceSnapshot, cursor: str) -> Iterator[Chunk]:  # noqa: ARG002
        """See `toban.ports.backup.Source`."""
        at = _Cursor.of(cursor)
        if not at.name:
            header = InventoryHeader(
                version=inventory.VERSION,
                bucket=self._bucket.name,
                prefix=self._prefix,
                exclude=self._excluded.patterns,
                backup=run.backup_id,
                base=run.base.backup_id if run.base else "",
            )
            yield Chunk(inventory.encode(header))
        begun = at
        joined = _joined(self._found(at.name), self._base(run))
        for record in side_by_side(lambda pair: self._record(run, *pair), joined):
            if isinstance(record, Waiting):
                yield Chunk(b"")
                continue
            if record is None:
                continue
            at = at.after(record)
            full = (
                at.objects - begun.objects >= PART_OBJECTS or at.bytes - begun.bytes >= PART_BYTES
            )
            begun = at if full else begun
            yield Chunk(inventory.encode(record), str(at), items=1, ends_part=full)
        yield Chunk(inventory.encode(inventory.InventoryEnd(at.objects, at.bytes)))

    def end(self, run: BackupRun, snapshot: SourceSnapshot) -> None:
        """See `toban.ports.backup.Source`: there is nothing to remove."""

    def _found(self, after: str) -> Iterator[ObjectInfo]:
        try:
            for info in self._bucket.list(self._prefix, after):
                if not self._excluded(info.name):
                    yield info
        except NoBucket as error:
            raise SourceFailed(str(error), retryable=False) from error

    def _base(self, run: BackupRun) -> Iterator[InventoryRecord]:
        return inventory.records(run.base.pieces()) if run.base else iter(())

    def _record(
        self, run: BackupRun, info: ObjectInfo, base: InventoryRecord | None
    ) -> InventoryRecord | None:
        """An object whose content is kept; None when it is gone for good."""
        found: ObjectInfo | None = info
        for _ in range(TRIES):
            if found is None:
                return None
            if base is not None and _same(found, base):
                return record_of(found, base.content)
            try:
                return record_of(found, self._kept(run, found))
            except KeyError:
                # Written anew, or removed, since it was listed.
                found = self._bucket.stat(info.name)
        raise SourceFailed(
            f"{self._bucket.name}/{info.name} changed {TRIES} times while it was read",
            retryable=True,
        )

    def _kept(self, run: BackupRun, info: ObjectInfo) -> ContentRef:
        """Keep the content of one generation; raises `KeyError` when that is gone."""
        name = content_name(info)
        if not self._copy:
            kept = run.objects.put(name, in_ranges(self._bucket, info))
            if (kept.plain_bytes, kept.plain_crc32c) != (info.size, info.crc32c):
                raise Damaged(f"{self._bucket.name}/{info.name}: not what was read was stored")
            return ContentRef(run.backup_id, kept.name, copied=False)
        beside = run.objects
        full = beside.prefix + name
        copied = beside.bucket.copy(self._bucket, info.name, full, info.generation)
        if copied is None:
            copied = beside.bucket.stat(full)
            if copied is None or (copied.size, copied.crc32c) != (info.size, info.crc32c):
                raise Damaged(f"{beside.bucket.name}/{full}: is there already, and another object")
        return ContentRef(run.backup_id, "objects/" + name, copied=True)


def content_name(info: ObjectInfo) -> str:
    """
    Return where the content of a generation is kept, below ``objects/``.

    A hash: an object's own name may be longer than there is room for, and no path at all.
    """
    hashed = hashlib.sha256(f"{info.generation} {info.name}".encode()).hexdigest()
    return f"{hashed[:2]}/{hashed[2:40]}"


def _same(info: ObjectInfo, base: InventoryRecord) -> bool:
    now = (info.generation, info.size, info.crc32c)
    return now == (base.generation, base.size, base.crc32c)


def _joined(
    found: Iterator[ObjectInfo], base: Iterator[InventoryRecord]
) -> Iterator[tuple[ObjectInfo, InventoryRecord | None]]:
    """Each object with what the base says of its name; both are in the same order."""
    earlier = next(base, None)
    for info in found:
        name = info.name.encode()
        while earlier is not None and earlier.name.encode() < name:
            earlier = next(base, None)
        same = earlier is not None and earlier.name == info.name
        yield info, earlier if same else None


class InventoryFormat:
    """See `toban.ports.backup.Format`."""

    def check(self, pieces: Iterator[bytes], fetch: Fetch) -> dict[str, int]:
        """Read the inventory, and every content it tells of; ``objects`` and ``bytes``."""
        counts = {"objects": 0, "bytes": 0}
        for record in inventory.records(pieces):
            size = checksum = 0
            for data in fetch(record.ref):
                size += len(data)
                checksum = crc32c(data, checksum)
            if (size, checksum) != (record.size, record.crc32c):
                raise Damaged(
                    f"{record.content.name} of {record.content.backup}: {size} bytes with CRC-32C"
                    f" {checksum:08x}; the object {record.name!r} had {record.size} with"
                    f" {record.crc32c:08x}"
                )
            counts["objects"] += 1
            counts["bytes"] += size
        return counts

    selects_early = False

    def select(self, pieces: Iterator[bytes], only: Sequence[str]) -> Selection:
        """See `toban.ports.backup.Selecting`."""
        wanted, taken, left = Wanted(only), 0, 0
        for record in inventory.records(pieces):
            if wanted(record.name, "objects"):
                taken += record.size
            else:
                left += record.size
        found = wanted.selection()
        return Selection({**found.comes, "bytes": taken}, {**found.left_out, "bytes": left})

    def object_refs(self, pieces: Iterator[bytes]) -> Iterator[ObjectRef]:
        """See `toban.ports.backup.Format`."""
        for record in inventory.records(pieces):
            yield record.ref
