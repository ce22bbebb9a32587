"""Units of time."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "unit.days": {"en": "{n} d", "ja": "{n}日"},
    "unit.hours": {"en": "{n} h", "ja": "{n}時間"},
    "unit.minutes": {"en": "{n} min", "ja": "{n}分"},
    "unit.seconds": {"en": "{n} s", "ja": "{n}秒"},
    "unit.days.exact": {"en": "{n}d", "ja": "{n}日"},
    "unit.hours.exact": {"en": "{n}h", "ja": "{n}時間"},
    "unit.minutes.exact": {"en": "{n}m", "ja": "{n}分"},
    "unit.seconds.exact": {"en": "{n}s", "ja": "{n}秒"},
}
