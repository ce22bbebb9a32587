"""What `toban notifications` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.notifications": {"en": "who was told, and how it went", "ja": "通知の一覧と結果"},
    "help.notifications.incident": {
        "en": "only of this incident",
        "ja": "このインシデントの通知だけ",
    },
    "help.notifications.all": {
        "en": "with those that were never tried, because the incident was closed first",
        "ja": "先に解決したため一度も送らなかったものも含める",
    },
    "none.notifications": {
        "en": "No notifications: nobody had to be told of anything. Incidents: toban incidents list",
        "ja": "通知はありません。インシデントの一覧: toban incidents list",
    },
    "column.incident": {"en": "INCIDENT", "ja": "インシデント"},
    "column.target": {"en": "WHO", "ja": "宛先"},
    "column.channel": {"en": "CHANNEL", "ja": "チャンネル"},
    "column.kind": {"en": "KIND", "ja": "内容"},
    "column.attempts": {"en": "TRIES", "ja": "試行"},
    "column.sent": {"en": "SENT", "ja": "送信"},
    "notification.sending": {"en": "sending", "ja": "送信中"},
    "notification.waiting": {"en": "waiting", "ja": "再送待ち"},
    "notification.sent": {"en": "sent", "ja": "送信済み"},
    "notification.outbox": {"en": "outbox", "ja": "送信箱"},
    "notification.failed": {"en": "failed", "ja": "失敗"},
    "notification.withdrawn": {"en": "withdrawn", "ja": "取りやめ"},
}
