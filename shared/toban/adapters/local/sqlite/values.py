"""
Document values: which are allowed, how they compare, and how SQLite stores them.

Both local stores share this module, so a query means the same in memory and on disk. Stored
documents are JSON. What JSON lacks travels in strings that begin with ``~``: ``~t`` and a
fixed-width UTC time, ``~b`` and bytes in hexadecimal; a string that itself begins with ``~``
gets one more. All three keep their order under SQLite's byte-wise text comparison, so indexes
on expressions serve range queries directly.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from toban.kernel.indexes import require_index
from toban.ports import Key, Operator, Query, Write

MAX_DOCUMENT_BYTES = 1_048_576
"""Firestore's limit for one document; the same here, so that nothing works only on a laptop."""

_INT64 = 2**63
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RANKS = {type(None): 0, bool: 1, int: 2, float: 2, datetime: 3, str: 4, bytes: 5, list: 6}
_ESCAPED = re.compile("\x01([\x01\x02])")


def check_key(key: Key) -> None:
    """Raise `ValueError` unless the collection and the id are 1 to 700 bytes without ``/``."""
    for part in key:
        if not part or "/" in part or len(part.encode()) > 700:
            raise ValueError(f"not a document key: {key!r}")


def check_writes(writes: Sequence[Write]) -> None:
    """Raise `ValueError` for a bad key or one that occurs twice."""
    for write in writes:
        check_key(write.key)
    if len({tuple(write.key) for write in writes}) != len(writes):
        raise ValueError("a key occurs twice in one commit")


def check_blob_name(name: str) -> None:
    """
    Raise `ValueError` unless the name is one to 1,024 bytes of plain segments.

    Segments are separated by ``/``, at most 255 bytes each, not empty, not ``.`` or ``..``, do
    not begin with ``.tmp`` and hold no control characters or backslashes.
    """
    segments = name.split("/")
    if (
        len(name.encode()) > 1024
        or any(
            segment in {"", ".", ".."} or segment.startswith(".tmp") or len(segment.encode()) > 255
            for segment in segments
        )
        or any(character < " " or character in "\\\x7f" for character in name)
    ):
        raise ValueError(f"not a name for an object: {name!r}")


def check_query(query: Query) -> None:
    """
    Raise `ValueError` when a field is no plain name, a value no scalar, the limit below 1, or an
    index missing that Firestore would need.
    """
    fields = [name for name, _, _ in query.where]
    if query.order_by is not None:
        fields.append(query.order_by.removeprefix("-"))
    for name in fields:
        if not _FIELD.match(name):
            raise ValueError(f"not a field that can be queried: {name!r}")
    for name, _, value in query.where:
        if isinstance(value, (list, dict)):
            raise ValueError(f"{name} can only be compared with a single value")
        normal(value)
    if query.limit is not None and query.limit < 1:
        raise ValueError("a limit is at least 1")
    require_index(query)


def normal(value: Any) -> Any:
    """
    Return a deep copy of a value in its stored form: times in UTC, tuples and mappings plain.

    Raises `ValueError` (or its `UnicodeEncodeError`) for what a document cannot hold: numbers
    that are not finite or need more than 64 bits, naive times, unpaired surrogates, keys that
    are no strings, other types.
    """
    kind = type(value)
    # Nearly all of nearly every document; the rest costs what it costs.
    if kind is str:
        if not value.isascii():
            value.encode()
        return value
    if value is None or kind is bool:
        return value
    if kind is dict:
        plain = {}
        for name, item in value.items():
            field = name if type(name) is str and name.isascii() else _name(name)
            plain[field] = item if type(item) is str and item.isascii() else normal(item)
        return plain
    if kind is list:
        return [normal(item) for item in value]
    if kind is datetime and value.tzinfo is UTC:
        return value
    return _normal(value)


def _normal(value: Any) -> Any:
    match value:
        case str():
            return normal(str(value))
        case int():
            if not -_INT64 <= value < _INT64:
                raise ValueError(f"an integer of more than 64 bits: {value}")
            return int(value)
        case float():
            if not math.isfinite(value):
                raise ValueError(f"not a finite number: {value}")
            return value
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"a time without a zone: {value}")
            return value.astimezone(UTC)
        case bytes() | bytearray():
            return bytes(value)
        case Mapping():
            return {_name(name): normal(item) for name, item in value.items()}
        case list() | tuple():
            return [normal(item) for item in value]
    raise ValueError(f"a document cannot hold a {type(value).__name__}")


def _name(name: Any) -> Any:
    if not isinstance(name, str):
        raise ValueError("a key that is not a string")
    return normal(name)


# --- comparing ---------------------------------------------------------------------------------


def rank(value: Any) -> int:
    """
    Return the place of the type of a value in stored form in the order of types, which is
    Firestore's.
    """
    return _RANKS.get(type(value), 7)


def order_key(value: Any) -> tuple[int, Any]:
    """Sorts values of any type; text by code point, lists and dicts by their JSON."""
    if isinstance(value, (list, dict)):
        return rank(value), encode(value)
    return rank(value), 0 if value is None else value


_MISSING = object()
_COMPARE: dict[Operator, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matching(query: Query) -> Callable[[Mapping[str, Any]], bool]:
    """Return a test whether a document in stored form fulfils every condition of the query."""
    texts: list[tuple[str, str]] = []
    wanted: list[tuple[str, frozenset[type], Callable[[Any, Any], Any], Any]] = []
    for name, asked, value in query.where:
        if asked == "==" and type(value) is str:
            texts.append((name, value))  # nearly every condition, and equal only to its like
        else:
            plain = normal(value)
            wanted.append((name, _comparable(asked, plain), _COMPARE[asked], plain))

    def matches(data: Mapping[str, Any]) -> bool:
        for name, text in texts:
            if data.get(name) != text:
                return False
        for name, types, compare, right in wanted:
            left = data.get(name, _MISSING)
            if type(left) not in types or not compare(left, right):
                return False
        return True

    return matches


def _comparable(asked: Operator, right: Any) -> frozenset[type]:
    """Types of the values that may compare so with `right`: those of its place in the order."""
    place = rank(right)
    if place > 5 or (right is None and asked != "=="):
        return frozenset()
    return frozenset(type for type, other in _RANKS.items() if other == place)


# --- storing -----------------------------------------------------------------------------------


def encode_scalar(value: Any) -> bool | int | float | str | None:
    """Return a single value in stored form as JSON holds it, which SQLite can compare."""
    match value:
        case datetime():
            return f"~t{value.replace(tzinfo=None).isoformat(timespec='microseconds')}"
        case bytes():
            return f"~b{value.hex()}"
        case str():
            # SQLite's json_extract cuts text at NUL: spell it, keeping the order.
            if "\x00" in value or "\x01" in value:
                value = value.replace("\x01", "\x01\x02").replace("\x00", "\x01\x01")
            return f"~{value}" if value.startswith("~") else value
        case None | bool() | int() | float():
            return value
    raise TypeError(f"not a single value: {type(value).__name__}")


def encode(value: Any) -> str:
    """JSON of a value that `normal` returned."""
    return json.dumps(_tagged(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def encode_document(data: Mapping[str, Any]) -> str:
    """
    Return a document as it is stored.

    Raises `ValueError` for what a document cannot hold and above `MAX_DOCUMENT_BYTES`, which
    are counted without the doubling that bytes get here.
    """
    plain = normal(data)
    text = encode(plain)
    if len(text) > MAX_DOCUMENT_BYTES // 4:
        check_size(plain)
    return text


def check_size(value: Any) -> None:
    """Raise `ValueError` when a document in stored form is larger than one may be."""
    if 8 * len(packed(value)) > MAX_DOCUMENT_BYTES and size(value) > MAX_DOCUMENT_BYTES:
        raise ValueError(f"a document of more than {MAX_DOCUMENT_BYTES} bytes")


packed = msgspec.msgpack.Encoder().encode
"""Returns a value in stored form as bytes: at least an eighth of its `size`, and made much quicker."""


def size(value: Any) -> int:
    """Bytes of a value in stored form, about as Firestore counts them."""
    kind = type(value)
    if kind is str:
        return len(value if value.isascii() else value.encode()) + 1
    if kind is dict:
        return sum(size(name) + size(item) for name, item in value.items())
    if kind is list:
        return sum(map(size, value))
    if kind is bytes:
        return len(value)
    return 1 if value is None or kind is bool else 8


def _tagged(value: Any) -> Any:
    if isinstance(value, dict):
        # Keys carry no tags: nothing compares them, and JSON keeps every character.
        return {name: _tagged(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_tagged(item) for item in value]
    return encode_scalar(value)


def decode_document(text: str) -> dict[str, Any]:
    """Return the document that `encode_document` wrote."""
    document: dict[str, Any] = _untagged(json.loads(text))
    return document


def _untagged(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _untagged(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_untagged(item) for item in value]
    if not isinstance(value, str):
        return value
    if value.startswith("~"):
        if value.startswith("~t"):
            return datetime.fromisoformat(value[2:]).replace(tzinfo=UTC)
        if value.startswith("~b"):
            return bytes.fromhex(value[2:])
        value = value[1:]
    if "\x01" in value:
        value = _ESCAPED.sub(lambda found: "\x00" if found[1] == "\x01" else "\x01", value)
    return value
