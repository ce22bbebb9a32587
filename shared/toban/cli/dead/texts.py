"""What `toban dead` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.dead": {
        "en": "messages that functions gave up on",
        "ja": "関数が処理を断念したメッセージ（デッドレター）",
    },
    "help.dead.redrive": {"en": "try them again now", "ja": "いますぐ再試行する"},
    "none.dead": {
        "en": "No dead letters: no function has given up on a message.",
        "ja": "デッドレターはありません。処理を断念したメッセージはありません。",
    },
    "dead.more": {
        "en": "Once the cause is mended, try them again: toban dead redrive",
        "ja": "原因を直したら再試行: toban dead redrive",
    },
    "column.subscription": {"en": "SUBSCRIPTION", "ja": "サブスクリプション"},
    "column.count": {"en": "COUNT", "ja": "件数"},
    "dead.redriven": {
        "en": "redriven: {before} before, {after} left",
        "ja": "再試行しました: {before} 件 → 残り {after} 件",
    },
}
