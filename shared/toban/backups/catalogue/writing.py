"""
Finishing a backup in its first destination: extra objects are removed, the manifest is written
last.

Everything here may be repeated: listing, deleting what no checkpoint knows, and creating objects
whose bytes follow from the checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from toban.backups.catalogue.manifest import (
    DestinationEntry,
    IndexRef,
    Manifest,
    ManifestKey,
    ObjectTotals,
    PartEntry,
    encode,
    index_object,
    listed,
    peek,
    stream_digest,
)
from toban.backups.catalogue.plans import ResolvedPlan
from toban.backups.documents import Backup
from toban.backups.storage import layout
from toban.backups.storage.parts import Part
from toban.kernel.environment import PRODUCTION
from toban.ports.backup import Bucket, Damaged, SourceSnapshot
from toban.sources.base import source_kinds

FLUSH: Final = 200
"""Entries of a checkpoint before they become an index object: a checkpoint stays small."""


class WriteProgress(msgspec.Struct, kw_only=True):
    """The parts stored so far, as kept in a checkpoint."""

    attempt: int = 1
    parts: int = 0
    bytes: int = 0
    plain_bytes: int = 0
    items: int = 0
    cursor: str = ""
    last: bool = False
    """The last part is stored."""
    index: list[IndexRef] = []
    entries: list[PartEntry] = []
    """Of the parts that are in no index object yet."""


def note(progress: WriteProgress, part: Part, data_key: bytes | None) -> None:
    """Count a stored part."""
    progress.parts = part.number
    progress.bytes += part.size
    progress.plain_bytes += part.plain_bytes
    progress.items += part.items
    progress.cursor = part.cursor
    progress.last = part.last
    progress.entries.append(PartEntry.of(part, progress.attempt, data_key))


def flush(progress: WriteProgress, bucket: Bucket, backup: Backup) -> None:
    """Move the entries into an index object once there are `FLUSH` of them."""
    if len(progress.entries) < FLUSH:
        return
    ref, data = index_object(backup.id, progress.attempt, len(progress.index) + 1, progress.entries)
    name = backup.prefix + ref.name
    if bucket.create(name, data, "application/json") is None and bucket.read(name) != data:
        raise Damaged(f"{name}: is there already and says something else")
    progress.index.append(ref)
    progress.entries = []


def sweep(
    bucket: Bucket, backup: Backup, progress: WriteProgress, beat: Callable[[], None]
) -> None:
    """
    Remove parts and index objects that no checkpoint counts (of attempts that died).

    Those of a later attempt stay: then somebody has taken over from us, and we do not know it yet.
    """
    ours = {ref.name for ref in progress.index}
    for info in _below(bucket, backup, ("parts/", "index/"), beat):
        place = layout.parse(info)
        rest = place.rest if place else ""
        number = layout.parse_part(rest)
        if number is not None and number[0] == progress.attempt and number[1] <= progress.parts:
            continue
        if rest not in ours and layout.attempt_of(rest) <= progress.attempt:
            bucket.delete(info)


def _below(
    bucket: Bucket, backup: Backup, folders: tuple[str, ...], beat: Callable[[], None]
) -> Iterator[str]:
    for folder in folders:
        for info in bucket.list(backup.prefix + folder):
            beat()
            yield info.name


def object_totals(bucket: Bucket, backup: Backup, beat: Callable[[], None]) -> ObjectTotals:
    """Return the count and size of the objects besides the stream."""
    objects = size = 0
    for info in bucket.list(backup.prefix + layout.OBJECTS):
        beat()
        objects += 1
        size += info.size
    return ObjectTotals(objects=objects, bytes=size)


def manifest_of(
    backup: Backup,
    planned: ResolvedPlan,
    snapshot: SourceSnapshot,
    progress: WriteProgress,
    totals: ObjectTotals,
    *,
    identity: str,
    key: ManifestKey | None,
    now: datetime,
    read: Callable[[str], bytes],
) -> Manifest:
    """Return the manifest of a stored stream; `read` returns its index objects by their full name."""
    manifest = Manifest(
        backup_id=backup.id,
        service=backup.service,
        source=backup.source,
        class_=backup.class_,
        kind=backup.kind,
        environment=msgspec.UNSET if backup.environment == PRODUCTION else backup.environment,
        identity=identity,
        slot=backup.slot,
        started_at=backup.started_at,
        snapshot_at=snapshot.at,
        finished_at=now,
        profile_version=backup.profile_version,
        requested_by=backup.requested_by,
        destinations=[DestinationEntry(bucket=c.bucket, region=c.region) for c in backup.copies],
        level=planned.plan.level,
        replica_level=planned.plan.replica_level,
        tools=dict(snapshot.tools),
        server={name: list(found) for name, found in snapshot.server.items()} or msgspec.UNSET,
        fingerprint=snapshot.fingerprint,
        cipher="none" if key is None else "aes-256-gcm",
        key=key,
        attempt=progress.attempt,
        index=list(progress.index),
        parts=list(progress.entries),
        stream_digest="",
        total_parts=progress.parts,
        bytes_=progress.bytes + totals.bytes,
        plain_bytes=progress.plain_bytes,
        items=progress.items,
        needs=list(backup.needs),
        object_totals=totals,
    )
    return msgspec.structs.replace(manifest, stream_digest=stream_digest(listed(manifest, read)))


def publish(bucket: Bucket, manifest: Manifest, data_key: bytes | None) -> Manifest:
    """
    Write the manifest, and return the one that counts.

    One that exists already, written by a process that died before it could record it, counts as
    well (its parts are the same). Raises `Damaged` when it is of another reading of the source.
    """
    name = manifest.prefix + layout.MANIFEST
    data = encode(manifest, data_key)
    if bucket.create(name, data, "application/json") is not None:
        return manifest
    there = peek(bucket.read(name), name=name)
    if (there.attempt, there.stream_digest) != (manifest.attempt, manifest.stream_digest):
        raise Damaged(f"{name}: is there already, of another reading")
    return there


def problem(manifest: Manifest, before: int, max_shrink: int) -> str:
    """
    Return why a complete stream is not to be trusted; empty: nothing is wrong.

    `before`: `weight` of the backup before it, 0 when there is none to compare with. A backup
    that a person asked for is not compared.
    """
    if manifest.plain_bytes == 0:
        return "the source gave no bytes at all"
    if manifest.requested_by:
        return ""
    by_hand = "If that is right, take one by hand: it is kept without this question"
    kind = source_kinds().get(manifest.kind)
    if manifest.items == 0 and kind is not None and kind.ITEMS:
        return f"there was nothing in the source. {by_hand}"
    now = weight(manifest)
    if before and not manifest.needs and now < before * (100 - max_shrink) / 100:
        return (
            f"{now} bytes, where the backup before had {before}: it shrank by more than"
            f" {max_shrink} %. {by_hand}"
        )
    return ""


def weight(manifest: Manifest) -> int:
    """Return the size that shrinking is measured by: the plain stream and the objects besides it."""
    return manifest.plain_bytes + manifest.object_totals.bytes
