"""The written forms of single values: durations, clock times, zones, dates, numbers, choices."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, get_args, get_origin

from toban.kernel.clock.wallclock import exists, instant, is_zone, zone
from toban.strictyaml.findings import closest, meant
from toban.strictyaml.texts import both
from toban.strictyaml.values import ClockTime, Seconds
from toban.texts import Both

NAMES: Final = {
    name: both(f"yaml.kind.{name}")
    for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map")
}
"""What YAML's own kinds of values are called."""

MAX_DURATION_DAYS = 3660

_DURATION = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
_LOOSE_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::00)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATETIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ]+(\d{2}:\d{2}(?::\d{2})?) ?(Z|z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_ID = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)
_ABBREVIATIONS = {
    "JST": "Asia/Tokyo",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "PST8PDT": "America/Los_Angeles",
    "MST": "America/Denver",
    "MDT": "America/Denver",
    "MST7MDT": "America/Denver",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "CST6CDT": "America/Chicago",
    "EST": "America/New_York",
    "EDT": "America/New_York",
    "EST5EDT": "America/New_York",
    "HST": "Pacific/Honolulu",
    "GMT": "Europe/London",
    "BST": "Europe/London",
    "WET": "Europe/Lisbon",
    "CET": "Europe/Berlin",
    "CEST": "Europe/Berlin",
    "MET": "Europe/Berlin",
    "EET": "Europe/Athens",
    "EEST": "Europe/Athens",
    "IST": "Asia/Kolkata",
}
"""
What people write for a place. Some are IANA names as well, for one offset all year (``EST``) or by
rules of no place (``CET``): not what somebody in New York or Paris means.
"""


class WrongValueError(ValueError):
    """A value cannot be understood; `message` says why."""

    def __init__(self, message: Both) -> None:
        super().__init__(message.en)
        self.message = message


def show(text: str) -> str:
    """Return a value as messages quote it: at most 60 characters."""
    return repr(text if len(text) <= 60 else text[:59] + "…")


def parse_duration(text: str) -> Seconds:
    """
    Whole seconds of ``90s``, ``15m``, ``4h``, ``7d`` or a sum of them (``1h30m``).

    Raises `WrongValueError`; a bare number is refused because nobody knows its unit.
    """
    found = _DURATION.fullmatch(text)
    if not text or found is None or not any(found.groups()):
        bare = re.fullmatch(r"\d+", text, re.ASCII)
        hint = both("finding.yaml.hint.unit", text=text) if bare else ""
        raise WrongValueError(both("finding.yaml.duration", text=show(text), hint=hint))
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if total > MAX_DURATION_DAYS * 86400:
        raise WrongValueError(
            both("finding.yaml.too-long", text=show(text), days=MAX_DURATION_DAYS),
        )
    return Seconds(total)


_OF_THIS_MACHINE = re.compile(r"(?:posix|right)/|(?:localtime|posixrules)$")
"""Files beside the zones: not there, or another zone, where the functions run."""


def parse_clock(text: str) -> ClockTime:
    """Return a clock time ``HH:MM``, 00:00 to 23:59; raises `WrongValueError`."""
    if _CLOCK.fullmatch(text):
        return ClockTime(text)
    loose = _LOOSE_CLOCK.fullmatch(text)
    hint: Both | str = ""
    if loose and int(loose[1]) < 24 and int(loose[2]) < 60:
        hint = meant(f"{int(loose[1]):02d}:{loose[2]}")
    raise WrongValueError(both("finding.yaml.clock", text=show(text), hint=hint))


def parse_zone(text: str) -> str:
    """
    Return an IANA zone name that this machine knows; raises `WrongValueError`, also for an
    abbreviation, and for what lies beside the zones on a machine (``localtime``).
    """
    place = _ABBREVIATIONS.get(text.upper())
    if place:
        raise WrongValueError(
            both("finding.yaml.zone-abbreviation", text=show(text), hint=meant(place))
        )
    if is_zone(text) and not _OF_THIS_MACHINE.match(text):
        return text
    known = (name for name in zoneinfo.available_timezones() if not _OF_THIS_MACHINE.match(name))
    near = closest(text, known)
    raise WrongValueError(
        both("finding.yaml.zone", text=show(text), hint=meant(near) if near else "")
    )


LATEST_YEAR = 9000
"""Weeks after it are computed, and years end at 9999."""


def parse_date(text: str) -> date:
    """Return a calendar day ``YYYY-MM-DD``; raises `WrongValueError`."""
    if _DATE.fullmatch(text):
        try:
            day = date.fromisoformat(text)
            if day.year > LATEST_YEAR:
                raise ValueError(text)
            return day
        except ValueError as error:
            raise WrongValueError(both("finding.yaml.no-day", text=text)) from error
    raise WrongValueError(
        both("finding.yaml.date", text=show(text)),
    )


def parse_datetime(text: str, zone_name: str) -> datetime:
    """
    Return a moment ``YYYY-MM-DD HH:MM``, with an offset, or else in the zone `zone_name`; aware
    UTC.

    A local time that occurs twice means the first. Raises `WrongValueError`, also for a local
    time that the zone skips.
    """
    found = _DATETIME.fullmatch(text)
    if found is None:
        raise WrongValueError(
            both("finding.yaml.moment", text=show(text)),
        )
    day, clock, offset = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{(offset or '').upper()}")
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        if exists(moment, zone(zone_name)):
            return instant(moment, zone(zone_name))
        after = instant(moment, zone(zone_name)).astimezone(zone(zone_name))
    except (ValueError, OverflowError) as error:
        raise WrongValueError(
            both("finding.yaml.no-moment", text=show(text)),
        ) from error
    raise WrongValueError(
        both("finding.yaml.skipped", text=text, zone=zone_name, after=f"{after:%Y-%m-%d %H:%M}"),
    )


def parse_id(text: str) -> str:
    """Return an id that may name documents and addresses; raises `WrongValueError`."""
    if _ID.fullmatch(text):
        return text
    raise WrongValueError(
        both("finding.yaml.id", text=show(text)),
    )


def parse(text: str, tag: str, kind: Any, zone_name: str) -> Any:
    """
    Return the value of a scalar that YAML takes for a `tag` (``int``, ``bool``, …), as a
    `kind`.

    None when text is wanted and the scalar is something else. Raises `WrongValueError`.
    """
    if get_origin(kind) is Literal:
        return _choice(text, tag, get_args(kind))
    if kind is bool:
        return _boolean(text, tag)
    if kind is int:
        return _integer(text, tag)
    if kind is datetime:
        return parse_datetime(text, zone_name)
    by_kind = _KINDS.get(kind)
    for note in getattr(kind, "__metadata__", ()):
        by_kind = by_kind or _FORMATS.get(str((note.extra or {}).get("format", "")))
    if by_kind is not None:
        return by_kind(text)
    return text if tag == "str" else None


_KINDS: Final[dict[Any, Callable[[str], Any]]] = {
    Seconds: parse_duration,
    ClockTime: parse_clock,
    date: parse_date,
}
_FORMATS: Final[dict[str, Callable[[str], Any]]] = {"zone": parse_zone, "id": parse_id}


def constrained(value: Any, kind: Any) -> Any:
    """`value`, if it keeps what `kind` (``Annotated[…, Meta(…)]``) says; raises `WrongValueError`."""
    for note in getattr(kind, "__metadata__", ()):
        if note.ge is not None and value < note.ge:
            raise WrongValueError(both("finding.yaml.at-least", ge=note.ge))
        if note.le is not None and value > note.le:
            raise WrongValueError(both("finding.yaml.at-most", le=note.le))
        if note.min_length is not None and len(value) < note.min_length:
            raise WrongValueError(both("finding.yaml.short", n=note.min_length))
        if note.max_length is not None and len(value) > note.max_length:
            raise WrongValueError(both("finding.yaml.long", n=note.max_length))
        if note.pattern is not None and re.search(note.pattern, value) is None:
            raise WrongValueError(
                both("finding.yaml.pattern", pattern=note.pattern, value=show(value)),
            )
    return value


def expected(kind: Any) -> Both:
    """Return the name of a `kind` of scalar for messages."""
    if get_origin(kind) is Literal:
        names = ", ".join(str(choice) for choice in get_args(kind))
        return both("yaml.kind.choice", names=names)
    if kind is Seconds:
        return both("yaml.kind.duration")
    if kind is ClockTime:
        return both("yaml.kind.clock")
    if kind in {date, datetime}:
        return NAMES["timestamp"]
    return NAMES.get(getattr(kind, "__name__", "str"), NAMES["str"])


def _choice(text: str, tag: str, choices: tuple[Any, ...]) -> Any:
    value: Any = text
    if isinstance(choices[0], int):
        value = _integer(text, tag)
    if value in choices:
        return value
    names = ", ".join(str(choice) for choice in choices)
    near = closest(text, [str(choice) for choice in choices])
    hint = meant(near) if near else ""
    raise WrongValueError(both("finding.yaml.choice", names=names, text=show(text), hint=hint))


def _boolean(text: str, tag: str) -> bool:
    if tag == "bool" and text in {"true", "false"}:
        return text == "true"
    near = (
        {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower())
        or {"true": "true", "false": "false"}.get(text.lower())
        or ""
    )
    hint = meant(near) if near else ""
    raise WrongValueError(both("finding.yaml.boolean", text=show(text), hint=hint))


def _integer(text: str, tag: str) -> int:
    digits = text.removeprefix("-")
    # 010 is eight to YAML 1.1 and ten to people; 1:30 is ninety. Neither is meant.
    plain = digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
    if tag == "int" and plain and len(digits) < 10:
        return int(text)
    raise WrongValueError(both("finding.yaml.integer", text=show(text)))
