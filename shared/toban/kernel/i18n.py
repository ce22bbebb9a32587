"""How times and durations are written for people, in Japanese and English."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from toban.kernel.clock.wallclock import zone as zone_of
from toban.kernel.texts import TEXTS
from toban.texts import Both, Catalogue
from toban.texts import Language as Language

unit: Final = Catalogue(TEXTS)

_WEEKDAYS = {"ja": "月火水木金土日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_UNITS = ((86400, "unit.days"), (3600, "unit.hours"), (60, "unit.minutes"), (1, "unit.seconds"))
_EXACT = (
    (86400, "unit.days.exact"),
    (3600, "unit.hours.exact"),
    (60, "unit.minutes.exact"),
    (1, "unit.seconds.exact"),
)


def moment(language: Language, at: datetime, zone: str) -> str:
    """Return `at` on the wall clock of `zone`, with the zone: ``2026-11-22 (Sun) 12:00:05 JST``."""
    local = at.astimezone(zone_of(zone))
    name = local.tzname() or ""
    if not name.isalpha():  # zones without letters are named by their offset: +03
        name = f"UTC{local:%z}" if local.utcoffset() else "UTC"
    weekday = _WEEKDAYS[language][local.weekday()]
    return f"{local:%Y-%m-%d} ({weekday}) {local:%H:%M:%S} {name}"


def exact(length: timedelta | float) -> Both:
    """
    Return a length of time (or seconds) to the second; in English as profiles write it:
    ``1d12h``, ``1日12時間``.
    """
    rest = int(length.total_seconds() if isinstance(length, timedelta) else length)
    parts: list[Both] = []
    for size, key in _EXACT:
        count, rest = divmod(rest, size)
        if count:
            parts.append(unit.both(key, n=count))
    parts = parts or [unit.both("unit.minutes.exact", n=0)]
    return Both("".join(part.ja for part in parts), "".join(part.en for part in parts))


def duration(language: Language, seconds: float) -> str:
    """
    Return a length of time in its two largest units: ``2 h 5 min``, ``2時間5分``.

    A negative one (clocks differ) counts as zero.
    """
    rest = max(0, int(seconds))
    parts: list[str] = []
    for size, key in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(unit(language, key, n=count))
        elif parts:
            break
        if len(parts) == 2:
            break
    joined = ("" if language == "ja" else " ").join(parts)
    return joined or unit(language, "unit.seconds", n=0)
