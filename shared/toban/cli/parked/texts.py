"""What `toban parked` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.parked": {
        "en": "messages that could not be handled",
        "ja": "処理できず退避したメッセージ",
    },
    "help.parked.id": {"en": "id, or its beginning", "ja": "ID（先頭だけでもよい）"},
    "what.parked": {"en": "parked message", "ja": "退避したメッセージ"},
    "none.parked": {
        "en": "No parked messages: everything that came could be understood.",
        "ja": "退避したメッセージはありません。届いたものはすべて読み取れています。",
    },
    "parked.more": {
        "en": "One of them in full: toban parked show ID",
        "ja": "中身を見る: toban parked show ID",
    },
    "column.reason": {"en": "REASON", "ja": "理由"},
    "column.at": {"en": "AT", "ja": "時刻"},
    "column.type": {"en": "TYPE", "ja": "型"},
}
