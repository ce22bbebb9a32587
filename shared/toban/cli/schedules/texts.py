"""What `toban schedules` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.schedules": {
        "en": "what happens by the clock, and when next",
        "ja": "定期的に実行されるものと次回の時刻",
    },
    "column.schedule": {"en": "SCHEDULE", "ja": "スケジュール"},
    "column.cron": {"en": "CRON", "ja": "CRON"},
    "column.zone": {"en": "ZONE", "ja": "タイムゾーン"},
    "column.slot": {"en": "NEXT", "ja": "次回"},
    "column.slot-utc": {"en": "NEXT (UTC)", "ja": "次回（UTC）"},
    "column.then": {"en": "THEN", "ja": "その後"},
    "column.last": {"en": "LAST", "ja": "前回"},
    "schedules.never": {"en": "never", "ja": "なし"},
    "schedules.no-location": {
        "en": "When they last ran, Cloud Scheduler knows: say --location (or TOBAN_LOCATION)",
        "ja": "前回の時刻は Cloud Scheduler にあります。--location（または TOBAN_LOCATION）を指定してください",
    },
}
