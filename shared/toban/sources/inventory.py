"""
The stream of a bucket's backup: what objects there are, and where their content is kept.

JSON lines: a header, one record for each object in the order of the names' UTF-8 bytes, an end.
No line is cut by a part, so that loading can begin at any part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from toban.kernel.prepared import decoder
from toban.ports.backup import Bucket, Damaged, ObjectInfo, ObjectRef

VERSION: Final = 1


class InventoryHeader(msgspec.Struct, frozen=True, tag="header", tag_field="record"):
    """The first line of an inventory."""

    version: int
    bucket: str
    prefix: str
    exclude: tuple[str, ...]
    backup: str
    base: str = ""
    """The earlier backup that it builds on."""


class ContentRef(msgspec.Struct, frozen=True):
    """Where an object's content is kept."""

    backup: str
    """The id of the backup beside whose stream it lies."""
    name: str
    copied: bool


class InventoryRecord(
    msgspec.Struct, frozen=True, tag="object", tag_field="record", omit_defaults=True
):
    """The line of one object in an inventory."""

    name: str
    generation: int
    size: int
    crc32c: int
    content: ContentRef
    content_type: str = ""
    metadata: dict[str, str] = {}
    headers: dict[str, str] = {}

    @property
    def ref(self) -> ObjectRef:
        """Return the reference by which its content is fetched."""
        content = self.content
        return ObjectRef(content.backup, content.name, content.copied, self.size, self.crc32c)


class InventoryEnd(msgspec.Struct, frozen=True, tag="end", tag_field="record"):
    """The last line of an inventory."""

    objects: int
    bytes: int


Line = InventoryHeader | InventoryRecord | InventoryEnd

_ENCODER = msgspec.json.Encoder()
_DECODER = decoder(Line)


def record_of(info: ObjectInfo, content: ContentRef) -> InventoryRecord:
    """Return the line of an object and its content."""
    return InventoryRecord(
        name=info.name,
        generation=info.generation,
        size=info.size,
        crc32c=info.crc32c,
        content=content,
        content_type=info.content_type,
        metadata=dict(info.metadata),
        headers=dict(info.headers),
    )


def encode(line: Line) -> bytes:
    """Return one line as bytes."""
    return _ENCODER.encode(line) + b"\n"


def lines(pieces: Iterable[bytes]) -> Iterator[Line]:
    """Yield the lines of a stream, from its beginning or from the beginning of any part."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield _decode(line)
    if rest:
        raise Damaged(f"the inventory ends within a line ({len(rest)} bytes)")


def _decode(line: bytes) -> Line:
    try:
        decoded: Line = _DECODER.decode(line)
    except msgspec.MsgspecError as error:
        raise Damaged(f"the inventory has a line that is none: {error}") from error
    if isinstance(decoded, InventoryHeader) and decoded.version != VERSION:
        raise Damaged(f"the inventory is of version {decoded.version}; known is {VERSION}")
    return decoded


def records(pieces: Iterable[bytes]) -> Iterator[InventoryRecord]:
    """
    Yield the objects of a whole stream.

    Raises `Damaged` unless it begins with a header, is in order, and ends with an end whose
    counts match.
    """
    found = lines(pieces)
    if not isinstance(next(found, None), InventoryHeader):
        raise Damaged("the inventory does not begin with its header")
    objects = size = 0
    before = b""
    end: InventoryEnd | None = None
    for line in found:
        if end is not None or isinstance(line, InventoryHeader):
            raise Damaged("the inventory goes on where it should not")
        if isinstance(line, InventoryEnd):
            end = line
            continue
        name = line.name.encode()
        if name <= before:
            raise Damaged(f"the inventory is not in order at {line.name!r}")
        before = name
        objects += 1
        size += line.size
        yield line
    if end is None:
        raise Damaged("the inventory has no end")
    if (end.objects, end.bytes) != (objects, size):
        raise Damaged(
            f"the inventory has {objects} objects of {size} bytes"
            f" and says {end.objects} of {end.bytes}"
        )


def identity(bucket: Bucket) -> str:
    """
    Return the identity of the whole bucket, whatever the prefix: one prefix may lie within
    another.
    """
    return f"bucket {bucket.name}"
