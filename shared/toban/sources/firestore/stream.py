"""
The stream of a Firestore backup: how it is written, and what it must look like.

A sequence of records, each with its length before it (a base-128 varint, as protocol buffers
delimit messages). A record that begins with ``{`` is JSON, any other a serialized
``google.firestore.v1.Document`` (which begins with the tag of its name, 0x0A)::

    {"format": "toban-firestore", "version": 1, "kind": "scan", "database": …, "read_time": …}
    Document  Document  …                                  in strictly ascending order of names
    {"end": {"records": 2, "crc32c": …}}                   of everything before this record

or, for Google's managed export, the inventory of the objects that lie beside the stream::

    {"format": "toban-firestore", "version": 1, "kind": "export", "folder": …, "backup": …, …}
    {"name": "export-…/export-….overall_export_metadata", "size": 12, "crc32c": 34}  …
    {"end": {…}}

Documents are kept as protocol buffers because nothing else keeps every type exactly (64-bit
integers, NaN, -0.0, bytes, references, points, microseconds), at a fraction of the time of JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import google_crc32c
from google.cloud.firestore_v1 import types
from google.protobuf.message import DecodeError

from toban.ports.backup import Damaged, Fetch, FormatUnchecked, ObjectRef, Selection
from toban.sources.firestore.options import fits
from toban.sources.patterns import Wanted

FORMAT: Final = "toban-firestore"
VERSION: Final = 1
MAX_RECORD: Final = 16 * 1024 * 1024
"""A document of 1 MiB can be several times that as a message (references carry whole names)."""
MAX_COLLECTIONS: Final = 50
"""Top-level collections that are counted by name."""
EXPORTED: Final = "documents exported"
"""As Google counts: with toban's own markers, so it is not compared with what a scan finds."""
WHOLE: Final = (
    "Google imports an export as a whole: only= needs a backup by a scan (managed: false)"
)
OTHERS: Final = "documents in others"

Document = types.Document.pb()
"""The plain protocol buffer class."""

_NUMERIC = re.compile(r"__id(-?[0-9]{1,19})__\Z")


def delimited(data: bytes) -> bytes:
    """Return a record with its length before it."""
    length, head = len(data), bytearray()
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + data


def note(content: Mapping[str, object]) -> bytes:
    """Return a delimited JSON record."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return delimited(text.encode())


def document(message: Any) -> bytes:
    """
    Return a delimited document; the same bytes for the same document (maps have no order of
    theirs).
    """
    data: bytes = message.SerializeToString(deterministic=True)
    return delimited(data)


def split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """
    Yield the records of a stream however it is cut into chunks; holds a chunk and a record at
    most.

    Raises `Damaged` for an impossible length, or when the stream ends within a record.
    """
    rest = b""
    for chunk in chunks:
        data = rest + chunk if rest else chunk
        at = 0
        while (found := _length(data, at)) is not None:
            start, size = found
            if start + size > len(data):
                break
            at = start + size
            yield data[start:at]
        rest = data[at:]
    if rest:
        raise Damaged(f"the stream ends within a record ({len(rest)} bytes of it)")


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """Start and size of the record at `at`; None when its length is not all there."""
    size = shift = 0
    for start in range(at, len(data)):
        byte = data[start]
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            if not 0 < size <= MAX_RECORD:
                raise Damaged(f"a record of {size} bytes; 1 to {MAX_RECORD} are possible")
            return start + 1, size
        shift += 7
        if shift > 28:
            raise Damaged("a record's length is no length")
    return None


def is_note(record: bytes) -> bool:
    """Return whether a record is JSON; else it is a document."""
    return record[:1] == b"{"


def read_note(record: bytes) -> dict[str, Any]:
    """Return a JSON record's content; raises `Damaged`."""
    try:
        content = json.loads(record)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"a record that begins like JSON is none: {error}") from error
    assert isinstance(content, dict)  # it begins with {
    return content


def read_document(record: bytes) -> Any:
    """Return a document; raises `Damaged`."""
    try:
        message = Document.FromString(record)
    except DecodeError as error:
        raise Damaged(f"a record is no Firestore document: {error}") from error
    path = message.name.split("/")
    if len(path) < 7 or len(path) % 2 == 0 or (path[0], path[2], path[4]) != _PLACES:
        raise Damaged(f"a document with the name {message.name[:200]!r}")
    return message


_PLACES = ("projects", "databases", "documents")


def database_of(name: str) -> str:
    """``projects/…/databases/…`` of a document's full name."""
    return "/".join(name.split("/", 4)[:4])


def order(path: str) -> tuple[tuple[int, int, bytes], ...]:
    """
    Return a key that sorts paths as Firestore does.

    By segment; numeric ids of Datastore (``__id7__``) first, all others by their UTF-8 bytes:
    https://cloud.google.com/firestore/docs/concepts/data-types#value_type_ordering (checked on
    the emulator).
    """
    return tuple(_segment(segment) for segment in path.split("/"))


def _segment(segment: str) -> tuple[int, int, bytes]:
    number = _NUMERIC.match(segment) if segment.startswith("__") else None
    return (0, int(number[1]), b"") if number else (1, 0, segment.encode())


class Counts:
    """Documents in all and by top-level collection: the same of a stream and of a database."""

    def __init__(self) -> None:
        self._total = 0
        self._named: dict[str, int] = {}
        self._others = 0

    def add(self, path: str) -> None:
        """Count a document; they come in ascending order, so that the names counted are equal."""
        self._total += 1
        collection = path.partition("/")[0]
        if collection in self._named:
            self._named[collection] += 1
        elif len(self._named) < MAX_COLLECTIONS:
            self._named[collection] = 1
        else:
            self._others += 1

    def result(self) -> dict[str, int]:
        """``{"documents": 3, "documents in users": 2, …}``, the rest under `OTHERS`."""
        named = {f"documents in {name}": count for name, count in self._named.items()}
        others = {OTHERS: self._others} if self._others else {}
        return {"documents": self._total, **named, **others}


@dataclass(frozen=True, slots=True)
class StreamProgress:
    """How far a stream was written: what its end record will say."""

    records: int = 0
    crc32c: int = 0
    last: str = ""
    """Path of the last document; empty: none."""

    @property
    def cursor(self) -> str:
        """As text; `parse` gives it back."""
        return f"{self.records} {self.crc32c:08x} {self.last}"

    @classmethod
    def parse(cls, cursor: str) -> StreamProgress:
        """Raises `ValueError` for what is no cursor."""
        records, crc32c, last = cursor.split(" ", 2)
        return cls(int(records), int(crc32c, 16), last)

    def end(self) -> bytes:
        """Return the end record."""
        return note({"end": {"records": self.records, "crc32c": self.crc32c}})


class CheckedRecords:
    """Records of a whole stream from its beginning: header and end are checked on the way."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._records = split(chunks)
        first = next(self._records, b"")
        self.header = read_header(first)
        self._crc = google_crc32c.value(delimited(first))
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        """What is between header and end; raises `Damaged` unless the end is as it must be."""
        found = 0
        for record in self._records:
            if is_note(record) and "end" in (content := read_note(record)):
                if content["end"] != {"records": found, "crc32c": self._crc}:
                    raise Damaged(
                        f"the end says {str(content['end'])[:100]}, but there are {found} records"
                        f" with the checksum {self._crc}"
                    )
                if next(self._records, None) is not None:
                    raise Damaged("something follows the end of the stream")
                return
            self._crc = google_crc32c.extend(self._crc, delimited(record))
            found += 1
            self.bytes += len(record)
            yield record
        raise Damaged(f"the stream ends after {found} records without its end record")


_NEEDED = {"scan": ("database",), "export": ("database", "folder", "backup")}


def read_header(record: bytes) -> dict[str, Any]:
    """Return the first record's content; raises `Damaged` when it is none that we know."""
    if not is_note(record):
        raise Damaged("the stream does not begin with a header")
    header = read_note(record)
    if (header.get("format"), header.get("version")) != (FORMAT, VERSION):
        raise Damaged(f"not a stream of {FORMAT} {VERSION}: {str(header)[:200]}")
    needed = _NEEDED.get(str(header.get("kind")))
    if needed is None:
        raise Damaged(f"a stream of the kind {header.get('kind')!r}")
    if not all(isinstance(header.get(name), str) for name in needed):
        raise Damaged(f"a header without {' and '.join(needed)}: {str(header)[:200]}")
    return header


class FirestoreFormat:
    """Both kinds of stream; see the top of this module."""

    def check(self, pieces: Iterator[bytes], fetch: Fetch) -> dict[str, int]:
        """
        See `toban.ports.backup.Format`.

        A scan gives ``documents``, ``bytes`` and ``documents in <collection>`` (of the first
        `MAX_COLLECTIONS`); an export ``objects``, ``bytes`` and, where Google told, `EXPORTED`.
        """
        stream = CheckedRecords(pieces)
        if stream.header["kind"] == "export":
            return _check_export(stream, fetch)
        return _check_scan(stream)

    selects_early = False

    def select(self, pieces: Iterator[bytes], only: Sequence[str]) -> Selection:
        """See `toban.ports.backup.Selecting`: documents by their top-level collection."""
        records = CheckedRecords(pieces)
        if records.header["kind"] != "scan":
            raise FormatUnchecked(WHOLE)
        wanted = Wanted(only, fits)
        for record in records:
            path = read_document(record).name.split("/", 5)[5]
            wanted(path, f"documents in {path.partition('/')[0]}")
        return wanted.selection()

    def object_refs(self, pieces: Iterator[bytes]) -> Iterator[ObjectRef]:
        """See `toban.ports.backup.Format`."""
        stream = CheckedRecords(pieces)
        if stream.header["kind"] == "export":
            for record in stream:
                yield object_ref(stream.header, record)


def _check_scan(stream: CheckedRecords) -> dict[str, int]:
    prefix = f"{stream.header['database']}/documents/"
    counts, previous = Counts(), ""
    last: tuple[tuple[int, int, bytes], ...] = ()
    for record in stream:
        if is_note(record):
            raise Damaged("a note between documents")
        name = read_document(record).name
        if not name.startswith(prefix):
            raise Damaged(f"{name[:200]} is not of {stream.header['database']}")
        path = name[len(prefix) :]
        place = order(path)
        if place <= last:
            raise Damaged(f"{path[:200]} comes after {previous[:200]}")
        last, previous = place, path
        counts.add(path)
    return {"bytes": stream.bytes, **counts.result()}


def _check_export(stream: CheckedRecords, fetch: Fetch) -> dict[str, int]:
    folder = stream.header["folder"]
    wanted = f"objects/{folder}/{folder}.overall_export_metadata"
    objects = total = 0
    complete = False
    for record in stream:
        one = object_ref(stream.header, record)
        size = crc = 0
        for chunk in fetch(one):
            size += len(chunk)
            crc = google_crc32c.extend(crc, chunk)
        if (size, crc) != (one.size, one.crc32c):
            raise Damaged(
                f"{one.name}: {size} bytes with crc32c {crc}; the inventory says {one.size} bytes"
                f" with {one.crc32c}"
            )
        complete = complete or one.name == wanted
        objects += 1
        total += size
    if not complete:
        raise Damaged(f"the export has no {wanted}")
    known = stream.header.get("documents")
    documents = {EXPORTED: known} if isinstance(known, int) else {}
    return {"objects": objects, "bytes": total, **documents}


def object_ref(header: Mapping[str, Any], record: bytes) -> ObjectRef:
    """Return an entry of an export's inventory; raises `Damaged`."""
    entry = read_note(record) if is_note(record) else {}
    try:
        return ObjectRef(
            backup_id=str(header["backup"]),
            name=f"objects/{entry['name']}",
            copied=True,
            size=int(entry["size"]),
            crc32c=int(entry["crc32c"]),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise Damaged(f"not an entry of an inventory: {record[:200]!r}") from error
