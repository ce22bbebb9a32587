"""Reading decoded JSON field by field; an error names the path of the first invalid field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from toban.kernel.prepared import converted

_NAMES = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


class InvalidField(Exception):
    """A field is not valid. The message has its path and never its value."""


def misfit(path: str, expected: str, value: Any) -> InvalidField:
    """Return the error for `value` at `path`."""
    return InvalidField(f"{path or 'body'}: expected {expected}, got {_NAMES[type(value)]}")


def join(path: str, name: str) -> str:
    """Return the path of a member."""
    return f"{path}.{name}" if path else name


def as_object(value: Any, path: str) -> dict[str, Any]:
    """Return `value`, which has to be an object."""
    if not isinstance(value, dict):
        raise misfit(path, "an object", value)
    return value


def as_list(value: Any, path: str) -> list[Any]:
    """Return `value`, which has to be an array."""
    if not isinstance(value, list):
        raise misfit(path, "an array", value)
    return value


def as_text(value: Any, path: str) -> str:
    """
    Return a string, or a number, boolean or null as a string (senders differ in what they
    quote).
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return msgspec.json.encode(value).decode()
    raise misfit(path, "a string", value)


def text(fields: dict[str, Any], name: str, path: str) -> str:
    """Return a member as text; absent or null is empty."""
    return as_text(fields.get(name), join(path, name))


def strict_text(fields: dict[str, Any], name: str, path: str) -> str:
    """Return a member that has to be a string; absent or null is empty."""
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    raise misfit(join(path, name), "a string", value)


def required_text(fields: dict[str, Any], name: str, path: str) -> str:
    """Return a member as text; it has to be there and not blank."""
    found = text(fields, name, path)
    if not found.strip():
        raise InvalidField(f"{join(path, name)}: expected a string that is not empty")
    return found


def member(fields: dict[str, Any], name: str, path: str) -> dict[str, Any]:
    """Return a member that has to be an object; absent or null is empty."""
    value = fields.get(name)
    return {} if value is None else as_object(value, join(path, name))


def texts(fields: dict[str, Any], name: str, path: str) -> Iterator[tuple[str, str]]:
    """Return the members of an object member, as text."""
    inside = join(path, name)
    for key, value in member(fields, name, path).items():
        yield key, as_text(value, join(inside, key[:80]))


def rfc3339(fields: dict[str, Any], name: str, path: str) -> datetime | None:
    """Return a time with an offset, in UTC; None when absent, null, empty, or Go's zero time."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    expected = "an RFC 3339 time as 2026-11-22T03:00:00Z"
    if not isinstance(value, str):
        raise misfit(join(path, name), expected, value)
    try:
        moment = converted(value, datetime)
    except msgspec.ValidationError as error:
        raise InvalidField(f"{join(path, name)}: expected {expected}") from error
    if moment.tzinfo is None:
        raise InvalidField(f"{join(path, name)}: expected {expected}: the offset is missing")
    return _in_range(moment, join(path, name))


def epoch(fields: dict[str, Any], name: str, path: str) -> datetime | None:
    """
    Return seconds since 1970 (also quoted or with a fraction) as a time; None when absent, null
    or zero.
    """
    value = fields.get(name)
    place = join(path, name)
    if isinstance(value, bool) or not isinstance(value, (int, float, str, type(None))):
        raise misfit(place, "seconds since 1970", value)
    if value is None or value == "":
        return None
    try:
        seconds = float(value)
        moment = datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidField(f"{place}: expected seconds since 1970") from error
    return None if moment is None else _in_range(moment, place)


def _in_range(moment: datetime, place: str) -> datetime | None:
    # Senders write "not set" as the year 1; the year 9999 would overflow in arithmetic later on.
    if moment.year < 1900:
        return None
    if moment.year > 9000:
        raise InvalidField(f"{place}: expected a time before the year 9000")
    return moment.astimezone(UTC)
