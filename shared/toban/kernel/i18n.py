"""
Texts for people, in Japanese and English, and how times and durations are written.

Templates are ours (`toban.texts`), values are anybody's: a value is inserted as it is and never
read as a template. Escaping for Slack or HTML is the renderer's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from toban.kernel.wallclock import zone as zone_of
from toban.texts import en, ja

Language = Literal["ja", "en"]

CATALOGUES: Mapping[str, Mapping[str, str]] = {"ja": ja.TEXTS, "en": en.TEXTS}

_WEEKDAYS = {"ja": "月火水木金土日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_UNITS = ((86400, "unit.days"), (3600, "unit.hours"), (60, "unit.minutes"), (1, "unit.seconds"))


def text(language: Language, key: str, **values: object) -> str:
    """
    The text of `key` with `values` filled in.

    Raises `KeyError` when there is no such text, or a value it needs is missing.
    """
    template = CATALOGUES[language][key]
    # Only what the template names is looked up; braces inside a value stay what they are.
    return template.format_map({name: str(value) for name, value in values.items()})


def moment(language: Language, at: datetime, zone: str) -> str:
    """`at` on the wall clock of `zone`, which is shown: ``2026-11-22 (Sun) 12:00:05 JST``."""
    local = at.astimezone(zone_of(zone))
    name = local.tzname() or ""
    if not name.isalpha():  # zones without letters are named by their offset: +03
        name = f"UTC{local:%z}" if local.utcoffset() else "UTC"
    weekday = _WEEKDAYS[language][local.weekday()]
    return f"{local:%Y-%m-%d} ({weekday}) {local:%H:%M:%S} {name}"


def duration(language: Language, seconds: float) -> str:
    """
    A length of time in its two largest units: ``2 h 5 min``, ``2時間5分``.

    Negative lengths (clocks differ) count as none.
    """
    rest = max(0, int(seconds))
    parts: list[str] = []
    for size, key in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(text(language, key, n=count))
        elif parts:
            break
        if len(parts) == 2:
            break
    joined = ("" if language == "ja" else " ").join(parts)
    return joined or text(language, "unit.seconds", n=0)
