"""What every kind of bucket shares: names, checksums, reading an object of any size in ranges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import google_crc32c

from toban.ports.backup import Bucket, Damaged, ObjectInfo

CREATE_MAX_BYTES = 8 * 1024 * 1024
"""What Cloud Storage's client sends as one atomic request."""

RANGE_BYTES = 4 * 1024 * 1024
"""How much of an object is in memory while it is read or copied."""

DEFAULT_TYPE = "application/octet-stream"


def crc32c(data: bytes, before: int = 0) -> int:
    """CRC-32C of `data`, going on from `before`."""
    return int(google_crc32c.extend(before, data))


def check_object_name(name: str) -> None:
    """
    Raise `ValueError` for what Cloud Storage takes for no name.

    One to 1,024 bytes of UTF-8 without line ends, neither ``.`` nor ``..``
    (https://cloud.google.com/storage/docs/objects#naming).
    """
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise ValueError(f"not a name for an object: {name[:80]!r}") from None
    if not 1 <= size <= 1024 or name in {".", ".."} or "\r" in name or "\n" in name:
        raise ValueError(f"not a name for an object: {name[:80]!r}")


def check_size(name: str, data: bytes) -> None:
    """Raise `ValueError` for more than fits into one request."""
    if len(data) > CREATE_MAX_BYTES:
        raise ValueError(f"{name}: {len(data)} bytes are too many for one request")


def in_ranges(bucket: Bucket, info: ObjectInfo) -> Iterator[bytes]:
    """
    Yield the content of one generation of an object, a few MiB at a time.

    Raises `KeyError` when that generation is gone, `Damaged` when the bytes do not have the
    checksum that the bucket keeps for them.
    """
    checksum = 0
    # The last range is held back until everything has been compared.
    last = b""
    for start in range(0, info.size, RANGE_BYTES):
        if last:
            yield last
        end = min(start + RANGE_BYTES, info.size)
        last = bucket.read(info.name, start=start, end=end, generation=info.generation)
        if len(last) != end - start:
            raise Damaged(f"{bucket.name}/{info.name}: bytes {start} to {end} are not all there")
        checksum = crc32c(last, checksum)
    if checksum != info.crc32c:
        raise Damaged(f"{bucket.name}/{info.name}: the content does not have its checksum")
    if last:
        yield last


def compare(copied: ObjectInfo, source: ObjectInfo, where: str) -> None:
    """Raise `Damaged` unless a copy has the size and checksum of what it was copied from."""
    if (copied.size, copied.crc32c) != (source.size, source.crc32c):
        raise Damaged(
            f"{where}/{copied.name}: the copy of {source.name} has {copied.size} bytes and "
            f"CRC-32C {copied.crc32c:08x} instead of {source.size} and {source.crc32c:08x}"
        )


def blocks(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the same bytes in blocks of exactly `size`, but for the last."""
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        while len(pending) >= size:
            yield bytes(pending[:size])
            del pending[:size]
    if pending:
        yield bytes(pending)
