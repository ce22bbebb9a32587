"""Reading a backup's data back; everything is checked while it is read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator

import google_crc32c

from toban.backups.catalogue.manifest import Manifest, PartEntry, entries, plain_digest
from toban.backups.storage import layout
from toban.backups.storage.frames import PartTrailer
from toban.backups.storage.parts import STRETCH, OpenedPart, open_part
from toban.backups.storage.sealing import BackupLocation
from toban.ports.backup import Damaged, Fetch, ObjectInfo, ObjectRef

_RANGE = 8 * 1024 * 1024


def read_part(location: BackupLocation, manifest: Manifest, entry: PartEntry) -> OpenedPart:
    """
    Return one part as the manifest lists it: stored hashes, header and trailer are checked.

    Its content is checked when it is read. Raises `Damaged` or `toban.ports.Unavailable`.
    """
    name = location.prefix + entry.name
    data = _read(location, name)
    # Opened first: it can tell what is wrong with it, the hash only that something is.
    part = open_part(data, manifest.seal(location.data_key), entry.number, name=name)
    if len(data) != entry.size or google_crc32c.value(data) != entry.crc32c:
        raise Damaged(f"{name}: is not the object that the manifest lists (CRC32C)")
    if not hmac.compare_digest(hashlib.sha256(data).hexdigest(), entry.sha256):
        raise Damaged(f"{name}: is not the object that the manifest lists (SHA-256)")
    _compare(name, part.trailer, entry, manifest, location.data_key)
    return part


def _compare(
    name: str, trailer: PartTrailer, entry: PartEntry, manifest: Manifest, data_key: bytes | None
) -> None:
    said = (trailer.plain_bytes, trailer.items, plain_digest(trailer.plain_sha256, data_key))
    if said != (entry.plain_bytes, entry.items, entry.plain_digest):
        raise Damaged(f"{name}: its content is not what the manifest lists")
    if trailer.last != (entry.number == manifest.total_parts):
        what = "ends the stream too early" if trailer.last else "does not end the stream"
        raise Damaged(f"{name}: {what}")


def read_parts(
    location: BackupLocation, manifest: Manifest, *, first: int = 1
) -> Iterator[OpenedPart]:
    """
    Yield the parts from number `first` on; each has `pieces()` and `read()` for its plain
    content.

    Raises `Damaged` (for a missing part as well), and after the last part for a list of parts
    that does not match its totals.
    """
    for entry in entries(manifest, location.bucket.read):
        if entry.number >= first:
            yield read_part(location, manifest, entry)


def read_stream(location: BackupLocation, manifest: Manifest) -> Iterator[bytes]:
    """
    Yield the whole plain stream, at most 1 MiB at a time; it is right only when this ends
    normally.

    Raises `Damaged` or `toban.ports.Unavailable`.
    """
    for part in read_parts(location, manifest):
        yield from part.pieces()


def fetch_from(location_of: Callable[[str], BackupLocation]) -> Fetch:
    """
    Return what reads objects besides streams; `location_of` finds the backup that holds one by
    its id.

    The content counts only when it ends normally; it raises `Damaged`, naming the object, or
    `toban.ports.Unavailable`.
    """

    def fetch(ref: ObjectRef) -> Iterator[bytes]:
        location = location_of(ref.backup_id)
        name = location.prefix + ref.name
        try:
            layout.object_name(ref.name.removeprefix(layout.OBJECTS))
        except ValueError as error:
            raise Damaged(f"{name[:200]}: is no name of an object beside a stream") from error
        if not ref.name.startswith(layout.OBJECTS):
            raise Damaged(f"{name}: does not lie beside the stream")
        data = _copied(location, name, ref) if ref.copied else _sealed(location, ref.name)
        yield from _checked(data, name, ref)

    return fetch


def _checked(data: Iterator[bytes], name: str, ref: ObjectRef) -> Iterator[bytes]:
    size = crc32c = 0
    for some in data:
        size += len(some)
        if size > ref.size:
            raise Damaged(f"{name}: has more than its {ref.size} bytes")
        crc32c = google_crc32c.extend(crc32c, some)
        yield some
    if size != ref.size:
        raise Damaged(f"{name}: has {size} bytes instead of {ref.size}")
    if crc32c != ref.crc32c:
        raise Damaged(f"{name}: its content is not what was stored (CRC32C)")


def _sealed(location: BackupLocation, stream: str) -> Iterator[bytes]:
    number, last = 0, False
    while not last:
        number += 1
        name = location.prefix + layout.object_part(stream, number)
        part = open_part(_read(location, name), location.seal(stream), number, name=name)
        yield from part.pieces()
        last = part.trailer.last


def _copied(location: BackupLocation, name: str, ref: ObjectRef) -> Iterator[bytes]:
    info = location.bucket.stat(name)
    if info is None:
        raise Damaged(f"{name}: is missing")
    if info.size != ref.size:
        raise Damaged(f"{name}: has {info.size} bytes instead of {ref.size}")
    if info.crc32c != ref.crc32c:
        raise Damaged(f"{name}: is another object than was copied (CRC32C)")
    for start in range(0, info.size, _RANGE):
        data = _range(location, info, start)
        for at in range(0, len(data), STRETCH):
            yield data[at : at + STRETCH]


def _range(location: BackupLocation, info: ObjectInfo, start: int) -> bytes:
    end = min(start + _RANGE, info.size)
    try:
        return location.bucket.read(info.name, start=start, end=end, generation=info.generation)
    except KeyError as error:
        raise Damaged(f"{info.name}: was replaced or removed while it was read") from error


def _read(location: BackupLocation, name: str) -> bytes:
    try:
        return location.bucket.read(name)
    except KeyError as error:
        raise Damaged(f"{name}: is missing") from error
