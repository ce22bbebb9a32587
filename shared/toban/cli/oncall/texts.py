"""What `toban oncall` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.oncall": {"en": "who is on duty", "ja": "当番を表示"},
    "help.oncall.at": {
        "en": "at another time: 2026-11-22T12:00+09:00, or without offset in the service's zone",
        "ja": "別の時刻: 2026-11-22T12:00+09:00（オフセットなしはサービスのタイムゾーン）",
    },
    "column.primary": {"en": "PRIMARY", "ja": "主当番"},
    "column.secondary": {"en": "SECONDARY", "ja": "副当番"},
    "column.until": {"en": "UNTIL", "ja": "まで"},
    "oncall.by.applied": {
        "en": "By what is applied to {place}.",
        "ja": "{place} に反映済みの内容によります。",
    },
    "oncall.by.files": {
        "en": "By the files of {place}, applied or not.",
        "ja": "{place} のファイルによります（反映済みかどうかは問わない）。",
    },
    "oncall.none": {"en": "(no rotation)", "ja": "（当番表なし）"},
    "oncall.stand-in": {"en": "{name} (standing in)", "ja": "{name}（代理）"},
}
