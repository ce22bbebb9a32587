"""The written forms of single values: durations, clock times, zones, dates, numbers, choices."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, get_args, get_origin

from toban.kernel.clock.wallclock import exists, instant, is_zone, zone
from toban.strictyaml.findings import closest, did_you_mean
from toban.strictyaml.values import ClockTime, Seconds

NAMES: Final[dict[str, tuple[str, str]]] = {
    "str": ("文字列", "text"),
    "int": ("整数", "a whole number"),
    "float": ("小数", "a number"),
    "bool": ("真偽値", "a true/false value"),
    "null": ("空の値", "nothing"),
    "timestamp": ("日付", "a date"),
    "seq": ("リスト", "a list"),
    "map": ("キーと値", "keys and values"),
}
"""What YAML's own kinds of values are called, Japanese and English."""

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
    "EDT": "America/New_York",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "BST": "Europe/London",
    "CEST": "Europe/Berlin",
    "IST": "Asia/Kolkata",
}


class WrongValueError(ValueError):
    """A value that cannot be understood, told in both languages."""

    def __init__(self, japanese: str, english: str) -> None:
        super().__init__(english)
        self.japanese = japanese
        self.english = english


def show(text: str) -> str:
    """A value as messages quote it: at most 60 characters."""
    return repr(text if len(text) <= 60 else text[:59] + "…")


def parse_duration(text: str) -> Seconds:
    """
    Whole seconds of ``90s``, ``15m``, ``4h``, ``7d`` or a sum of them (``1h30m``).

    Raises `WrongValueError`; a bare number is refused because nobody knows its unit.
    """
    found = _DURATION.fullmatch(text)
    if not text or found is None or not any(found.groups()):
        hint_ja, hint_en = "", ""
        if re.fullmatch(r"\d+", text, re.ASCII):
            hint_ja, hint_en = (
                f" 単位を付けてください: {text}s または {text}m",
                f" Add the unit: {text}s or {text}m.",
            )
        raise WrongValueError(
            f"期間は 90s、15m、4h、7d、1h30m のように書きます（{show(text)} は読めません）。{hint_ja}",
            f"expected a duration like 90s, 15m, 4h, 7d or 1h30m, got {show(text)}.{hint_en}",
        )
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if total > MAX_DURATION_DAYS * 86400:
        raise WrongValueError(
            f"期間 {show(text)} が長すぎます（最大 {MAX_DURATION_DAYS} 日）。",
            f"the duration {show(text)} is too long (at most {MAX_DURATION_DAYS}d).",
        )
    return Seconds(total)


def parse_clock(text: str) -> ClockTime:
    """A clock time ``HH:MM``, 00:00 to 23:59; raises `WrongValueError`."""
    if _CLOCK.fullmatch(text):
        return ClockTime(text)
    loose = _LOOSE_CLOCK.fullmatch(text)
    hint_ja, hint_en = "", ""
    if loose and int(loose[1]) < 24 and int(loose[2]) < 60:
        near = f"{int(loose[1]):02d}:{loose[2]}"
        hint_ja, hint_en = f" もしかして: {near}", f" Did you mean {near}?"
    raise WrongValueError(
        f"時刻は HH:MM（00:00〜23:59）で書きます（{show(text)} は読めません）。{hint_ja}",
        f"expected a time of day HH:MM, 00:00 to 23:59, got {show(text)}.{hint_en}",
    )


def parse_zone(text: str) -> str:
    """An IANA zone name that this machine knows; raises `WrongValueError`."""
    if is_zone(text):
        return text
    near = _ABBREVIATIONS.get(text.upper()) or closest(text, zoneinfo.available_timezones())
    raise WrongValueError(
        f"タイムゾーン {show(text)} はありません。Asia/Tokyo のような IANA 名を書きます。"
        + (f" もしかして: {near}" if near else ""),
        f"unknown time zone {show(text)}, expected an IANA name like Asia/Tokyo."
        + (f" Did you mean {near}?" if near else ""),
    )


def parse_date(text: str) -> date:
    """A calendar day ``YYYY-MM-DD``; raises `WrongValueError`."""
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise WrongValueError(
                f"{text} という日付はありません。", f"there is no such day as {text}."
            ) from error
    raise WrongValueError(
        f"日付は YYYY-MM-DD で書きます（{show(text)} は読めません）。",
        f"expected a date YYYY-MM-DD, got {show(text)}.",
    )


def parse_datetime(text: str, zone_name: str) -> datetime:
    """
    A moment ``YYYY-MM-DD HH:MM``, with an offset, or else in the zone `zone_name`; aware UTC.

    A local time that occurs twice means the first. Raises `WrongValueError`, also for a local
    time that the zone skips.
    """
    found = _DATETIME.fullmatch(text)
    if found is None:
        raise WrongValueError(
            f"日時は 2025-01-06 09:00 または 2025-01-06T09:00+09:00 のように書きます"
            f"（{show(text)} は読めません）。",
            f"expected a date and time like 2025-01-06 09:00 or 2025-01-06T09:00+09:00, "
            f"got {show(text)}.",
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
            f"{show(text)} という日時はありません。",
            f"there is no such date and time as {show(text)}.",
        ) from error
    raise WrongValueError(
        f"{text} は {zone_name} に存在しません（夏時間の切替で飛ばされます）。"
        f" {after:%Y-%m-%d %H:%M} 以降にするか、UTC オフセットを付けてください。",
        f"{text} does not exist in {zone_name}: the clocks skip it. "
        f"Write {after:%Y-%m-%d %H:%M} or later, or add a UTC offset.",
    )


def parse_id(text: str) -> str:
    """An id that may name documents and addresses; raises `WrongValueError`."""
    if _ID.fullmatch(text):
        return text
    raise WrongValueError(
        f"ID は英小文字で始まる英小文字・数字・ハイフン、63 文字以内です（{show(text)}）。",
        "expected an id of lower-case letters, digits and '-', beginning with a letter, "
        f"at most 63 characters, got {show(text)}.",
    )


def parse(text: str, tag: str, kind: Any, zone_name: str) -> Any:
    """
    The value of a scalar that YAML takes for a `tag` (``int``, ``bool``, …), as a `kind`.

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
            raise WrongValueError(
                f"{note.ge} 以上にしてください。", f"expected at least {note.ge}."
            )
        if note.le is not None and value > note.le:
            raise WrongValueError(f"{note.le} 以下にしてください。", f"expected at most {note.le}.")
        if note.min_length is not None and len(value) < note.min_length:
            raise WrongValueError("短すぎます。", f"shorter than {note.min_length} characters.")
        if note.max_length is not None and len(value) > note.max_length:
            raise WrongValueError("長すぎます。", f"longer than {note.max_length} characters.")
        if note.pattern is not None and re.search(note.pattern, value) is None:
            raise WrongValueError(
                f"{note.pattern} の形で書きます（{show(value)}）。",
                f"expected the form {note.pattern}, got {show(value)}.",
            )
    return value


def expected(kind: Any) -> tuple[str, str]:
    """What a `kind` of scalar is called, Japanese and English."""
    if get_origin(kind) is Literal:
        names = ", ".join(str(choice) for choice in get_args(kind))
        return f"{names} のどれか", f"one of {names}"
    if kind is Seconds:
        return "期間（15m など）", "a duration (like 15m)"
    if kind is ClockTime:
        return "時刻（09:00 など）", "a time of day (like 09:00)"
    if kind in {date, datetime}:
        return "日付", "a date"
    return NAMES.get(getattr(kind, "__name__", "str"), NAMES["str"])


def _choice(text: str, tag: str, choices: tuple[Any, ...]) -> Any:
    value: Any = text
    if isinstance(choices[0], int):
        value = _integer(text, tag)
    if value in choices:
        return value
    hint = did_you_mean(text, [str(choice) for choice in choices])
    names = ", ".join(str(choice) for choice in choices)
    raise WrongValueError(
        f"{names} のどれかです（{show(text)}）。{hint[0]}",
        f"expected one of {names}, got {show(text)}.{hint[1] if hint[1].startswith(' Did') else ''}",
    )


def _boolean(text: str, tag: str) -> bool:
    if tag == "bool" and text in {"true", "false"}:
        return text == "true"
    hint = (
        {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower())
        or {"true": "true", "false": "false"}.get(text.lower())
        or ""
    )
    raise WrongValueError(
        f"true か false を書きます（{show(text)}）。" + (f" もしかして: {hint}" if hint else ""),
        f"expected true or false, got {show(text)}." + (f" Did you mean {hint}?" if hint else ""),
    )


def _integer(text: str, tag: str) -> int:
    digits = text.removeprefix("-")
    # 010 is eight to YAML 1.1 and ten to people; 1:30 is ninety. Neither is meant.
    plain = digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
    if tag == "int" and plain and len(digits) < 10:
        return int(text)
    raise WrongValueError(
        f"整数が必要です（{show(text)}）。", f"expected a whole number, got {show(text)}."
    )
