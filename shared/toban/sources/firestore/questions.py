"""
Content queries of a restore test on Firestore: a tiny language that only reads.

``count PATH``
    Documents directly in a collection (``count users``, ``count users/u1/posts``).
``get PATH FIELD``
    A field of a document (``get users/u1 name``); with dots into maps (``address.city``). Words
    are parted by the last blank, so ids may hold blanks and names of fields may not.

Answers are text: strings as they are, numbers in decimal, ``true false null``, times as in RFC
3339, bytes in base64, references as the path, points as ``latitude,longitude``, arrays and maps
as JSON of these. A document or field that is not there answers ``(missing)``.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from toban.ports.backup import TargetFailed
from toban.sources.firestore.database import FirestoreDatabase, moment

MISSING: Final = "(missing)"


def answer(database: FirestoreDatabase, query: str) -> str:
    """Return the answer of `database`; raises `TargetFailed` for what is no question."""
    verb, _, rest = query.strip().partition(" ")
    path, field = rest.strip(), ""
    if verb == "get":
        path, _, field = path.rpartition(" ")
        path = path.strip()
    segments = path.split("/")
    if verb not in {"count", "get"} or not all(segments) or len(segments) % 2 == (verb == "get"):
        raise TargetFailed(
            f"not a question to Firestore: {query[:200]!r} (count COLLECTION, or"
            " get DOCUMENT FIELD)",
            retryable=False,
        )
    if verb == "count":
        return str(database.count("/".join(segments[:-1]), segments[-1]))
    document = database.get(path)
    if document is None:
        return MISSING
    fields = document.fields
    *into, last = field.split(".")
    for name in into:
        if name not in fields or fields[name].WhichOneof("value_type") != "map_value":
            return MISSING
        fields = fields[name].map_value.fields
    return _text(fields[last]) if last in fields else MISSING


def _text(value: Any) -> str:
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _plain(value: Any) -> object:
    """A protocol buffer ``Value`` as what JSON knows."""
    kind = value.WhichOneof("value_type")
    match kind:
        case "map_value":
            fields = value.map_value.fields
            return {name: _plain(fields[name]) for name in sorted(fields)}
        case "array_value":
            return [_plain(item) for item in value.array_value.values]
        case "timestamp_value":
            return moment(value.timestamp_value).isoformat().replace("+00:00", "Z")
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "reference_value":
            return str(value.reference_value).split("/documents/", 1)[-1]
        case "geo_point_value":
            return f"{value.geo_point_value.latitude},{value.geo_point_value.longitude}"
        case "boolean_value" | "integer_value" | "double_value" | "string_value":
            content: object = getattr(value, kind)
            return content
        case _:
            return None
