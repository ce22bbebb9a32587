"""Why a target reaches nobody."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "unreachable.nobody-on-call": {"en": "nobody is on call", "ja": "当番がいません"},
    "unreachable.no-secondary": {"en": "there is no secondary on call", "ja": "副当番がいません"},
    "unreachable.unknown-person": {
        "en": "person {detail} is not defined",
        "ja": "担当者 {detail} は定義されていません",
    },
    "unreachable.unknown-channel": {
        "en": "channel {detail} is not defined",
        "ja": "チャンネル {detail} は定義されていません",
    },
    "unreachable.no-channel": {
        "en": "no channel (via) is given for reaching a person",
        "ja": "担当者へ連絡するチャンネル（via）がありません",
    },
    "unreachable.no-address": {
        "en": "no address that channel {detail} could use",
        "ja": "チャンネル {detail} で使える宛先がありません",
    },
    "unreachable.bad-target": {
        "en": "not a target: oncall:ROLE, person:ID or channel:ID is expected",
        "ja": "宛先の書き方が正しくありません",
    },
}

text: Final = Catalogue(TEXTS)
