"""What `toban trace` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.trace": {
        "en": "what caused what: events, handlers, times",
        "ja": "何が何を引き起こしたか",
    },
    "help.trace.id": {
        "en": "event, incident, backup, restore or correlation id",
        "ja": "イベント・インシデント・バックアップ・リストア・相関の ID",
    },
    "trace.none": {
        "en": "{id}: no event, incident or correlation, no backup or restore with that id was handled here",
        "ja": "{id}: その ID のイベント・インシデント・相関・バックアップ・リストアの記録はありません",
    },
    "trace.timer": {"en": "timer set: {type} at {at}", "ja": "タイマー設定: {type} {at}"},
    "trace.by-timer": {"en": "(timer)", "ja": "（タイマー）"},
    "trace.attempt": {"en": "attempt {n}", "ja": "{n}回目"},
    "trace.repeats": {"en": "duplicates dropped: {n}", "ja": "重複 {n} 件は無視"},
    "trace.sum": {
        "en": "{events:events}, {handlings:handlings}, {ms} ms of work. Times in {zone}.",
        "ja": "イベント {events} 件、処理 {handlings} 回、合計 {ms} ミリ秒。時刻は {zone}。",
    },
    "trace.event": {"en": "event", "ja": "イベント"},
    "trace.no-receipt": {
        "en": '{id}: no event, incident, correlation, backup or restore with that id left a receipt in the project; the log may know it: jsonPayload.event_id="{id}"',
        "ja": '{id}: その ID のイベント・インシデント・相関・バックアップ・リストアの受領記録はプロジェクトにありません。ログを検索してください: jsonPayload.event_id="{id}"',
    },
    "trace.receipts": {
        "en": "{events:events}, {handlings:handlings}, from what is recorded. Times in {zone}.",
        "ja": "イベント {events} 件、処理 {handlings} 回（記録から再構成）。時刻は {zone}。",
    },
    "trace.unknown": {
        "en": 'Durations, tries, repetitions and handlings that changed nothing (unrecorded) are known to Cloud Logging only: jsonPayload.correlation_id="{id}"',
        "ja": '所要時間・試行回数・重複と、何も変えなかった処理（unrecorded）は Cloud Logging にだけ残ります: jsonPayload.correlation_id="{id}"',
    },
}
