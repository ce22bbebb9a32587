"""What several kinds of channels say around a notice."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "notice.service": {"en": "Service", "ja": "サービス"},
    "notice.labels": {"en": "Labels", "ja": "ラベル"},
    "notice.next": {"en": "Next", "ja": "次の対応"},
    "finding.channels.unknown-channel": {
        "en": "there is no channel {name}.{hint}",
        "ja": "チャンネル {name} は定義されていません。{hint}",
    },
    "finding.channels.fallback-loop": {
        "en": "the fallbacks go round in a circle: {chain}",
        "ja": "代替チャンネルが循環しています: {chain}",
    },
    "finding.channels.unused-channel": {
        "en": "nothing uses the channel {name}.",
        "ja": "チャンネル {name} はどこからも使われていません。",
    },
    "channels.address": {"en": "address", "ja": "宛先"},
    "section.channels": {"en": "notification channels", "ja": "通知チャンネル"},
}

text: Final = Catalogue(TEXTS)
both: Final = text.both
