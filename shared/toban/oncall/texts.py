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
    "finding.oncall.uncovered": {
        "en": "without members nobody is on duty at any hour.",
        "ja": "メンバーがいないので、どの時間も当番がいません。",
    },
    "finding.oncall.wrong-value": {"en": "at least 1.", "ja": "1 以上にしてください。"},
    "finding.oncall.override-time": {
        "en": "it does not end after it starts.",
        "ja": "終了は開始より後にしてください。",
    },
    "finding.oncall.override-overlap": {
        "en": "it overlaps oncall.overrides[{earlier}]; this later one wins.",
        "ja": "oncall.overrides[{earlier}] と重なります。後に書いたこちらが優先されます。",
    },
    "finding.oncall.override-both": {
        "en": "{person} is primary and secondary at once; the next member becomes secondary.",
        "ja": "{person} が同時に主当番と副当番です。副当番は次のメンバーになります。",
    },
    "finding.oncall.no-oncall": {
        "en": "{target} needs an oncall section.",
        "ja": "{target} を使うには oncall が必要です。",
    },
    "finding.oncall.no-secondary": {
        "en": "the rotation has a single member, so there is no secondary.",
        "ja": "メンバーが一人なので副当番はいません。",
    },
    "finding.oncall.bad-target": {
        "en": "{target} is not a target (oncall:primary|secondary|all, person:ID, channel:ID).{hint}",
        "ja": "{target} は宛先ではありません（oncall:primary、person:ID、channel:ID など）。{hint}",
    },
    "finding.oncall.first-shift": {
        "en": "{first} is a {weekday}, the hand-over is on {handover}. Did you mean {day}?",
        "ja": "{first} は引き継ぎの曜日（{handover}）ではなく{weekday}です。もしかして: {day}",
    },
    "weekday.mon": {"en": "Monday", "ja": "月曜日"},
    "weekday.tue": {"en": "Tuesday", "ja": "火曜日"},
    "weekday.wed": {"en": "Wednesday", "ja": "水曜日"},
    "weekday.thu": {"en": "Thursday", "ja": "木曜日"},
    "weekday.fri": {"en": "Friday", "ja": "金曜日"},
    "weekday.sat": {"en": "Saturday", "ja": "土曜日"},
    "weekday.sun": {"en": "Sunday", "ja": "日曜日"},
    "finding.oncall.no-room": {
        "en": "{target} has no '{key}': it can only be used for people (via).",
        "ja": "{target} には {key} がないので、人宛て（via）にしか使えません。",
    },
    "finding.oncall.no-way": {
        "en": "there is no channel to reach {target} by: give via, in the severity or the step.",
        "ja": "{target} へ連絡する手段がありません。via（重大度または段階）を書いてください。",
    },
    "finding.oncall.no-address": {
        "en": "{person} has no {address}, which {channel} needs.",
        "ja": "{person} には{address}がなく、{channel} で届きません。",
    },
    "finding.oncall.unnoticed": {
        "en": "{person} has no Slack member ID, and {channels} is the only way: the message mentions nobody, so no phone rings.",
        "ja": "{person} に Slack のメンバー ID がなく、連絡手段は {channels} だけです。誰もメンションされず、通知に気づけません。",
    },
    "section.oncall": {"en": "on-call", "ja": "当番"},
}

text: Final = Catalogue(TEXTS)
both: Final = text.both
