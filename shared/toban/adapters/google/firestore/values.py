"""
Document values as Firestore protocol buffers, and names that Firestore would not take.

Firestore reserves names of the form ``__…__`` (ids and field names), refuses empty field names,
the ids ``.`` and ``..``, and an array directly inside an array. Labels of alerts come from
outside, so all of these do occur. Such a name gets a leading ``~`` (as does one that begins with
``~``), and an inner array becomes a map with the single key ``~[``, which no name turns into.
Limits: https://cloud.google.com/firestore/quotas.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INT64 = 2**63
_INNER_LIST = "~["
_MAX_ID_BYTES = 700


def escape(name: str) -> str:
    """Return a field name or id as Firestore takes it; `unescape` gives it back."""
    reserved = len(name) >= 4 and name.startswith("__") and name.endswith("__")
    return f"~{name}" if reserved or name in {"", ".", ".."} or name[0] == "~" else name


def unescape(name: str) -> str:
    """Return what `escape` was given."""
    return name.removeprefix("~")


def document_id(id: str) -> str:
    """
    Return an id as the last part of a document name.

    Raises `ValueError` unless it is 1 to 700 bytes of UTF-8 without ``/``.
    """
    if not id or "/" in id or len(id.encode()) > _MAX_ID_BYTES:
        raise ValueError(
            f"each part of a key is 1 to {_MAX_ID_BYTES} bytes without '/': {id[:80]!r}"
        )
    return escape(id)


def put(target: Any, value: Any) -> None:
    """
    Set a protocol buffer ``Value`` to a document value.

    Raises `ValueError` for what a document cannot hold: integers over 64 bits, numbers that are
    not finite, naive times, unpaired surrogates, keys that are no strings, other types.
    """
    match value:
        case None:
            target.null_value = 0
        case bool():
            target.boolean_value = value
        case int():
            if not -_INT64 <= value < _INT64:
                raise ValueError(f"an integer of more than 64 bits: {value}")
            target.integer_value = value
        case float():
            if not math.isfinite(value):
                raise ValueError(f"not a finite number: {value}")
            target.double_value = value
        case str():
            value.encode()
            target.string_value = value
        case datetime():
            put_time(target.timestamp_value, value)
        case bytes() | bytearray():
            target.bytes_value = bytes(value)
        case Mapping():
            target.map_value.SetInParent()
            put_fields(target.map_value.fields, value)
        case list() | tuple():
            target.array_value.SetInParent()
            for item in value:
                slot = target.array_value.values.add()
                if isinstance(item, list | tuple):
                    slot = slot.map_value.fields[_INNER_LIST]
                put(slot, item)
        case _:
            raise ValueError(f"a document cannot hold a {type(value).__name__}")


def put_fields(target: Any, data: Mapping[str, Any]) -> None:
    """Fill a protocol buffer map of fields; raises as `put`."""
    for name, value in data.items():
        if not isinstance(name, str):
            raise ValueError(f"a key that is not a string: {name!r}")
        name.encode()
        put(target[escape(name)], value)


def put_time(target: Any, moment: datetime) -> None:
    """Set a protocol buffer ``Timestamp``; raises `ValueError` for a naive time."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment}")
    since = moment - _EPOCH
    target.seconds = since.days * 86_400 + since.seconds
    target.nanos = since.microseconds * 1_000


def take(source: Any) -> Any:
    """Return the document value that a protocol buffer ``Value`` holds; times are plain, in UTC."""
    kind = source.WhichOneof("value_type")
    match kind:
        case None | "null_value":
            return None
        case "map_value":
            fields = source.map_value.fields
            if len(fields) == 1 and _INNER_LIST in fields:
                return take(fields[_INNER_LIST])
            return take_fields(fields)
        case "array_value":
            return [take(item) for item in source.array_value.values]
        case "timestamp_value":
            stamp = source.timestamp_value
            return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1_000)
        case "boolean_value" | "integer_value" | "double_value" | "string_value" | "bytes_value":
            return getattr(source, kind)
    raise ValueError(f"toban does not write values of the kind {kind}")


def take_fields(source: Any) -> dict[str, Any]:
    """Return a document from its protocol buffer map, which has no order: names are sorted."""
    return {unescape(name): take(source[name]) for name in sorted(source)}


def version(stamp: Any) -> str:
    """Return an update time as an opaque version, with every nanosecond."""
    return f"{stamp.seconds}.{stamp.nanos:09d}"


def put_version(target: Any, text: str) -> None:
    """Set a ``Timestamp`` from `version`; raises `ValueError` when it is not one of ours."""
    seconds, dot, nanos = text.partition(".")
    if not dot or len(nanos) != 9:
        raise ValueError(f"not a version: {text[:40]!r}")
    target.seconds, target.nanos = int(seconds), int(nanos)
