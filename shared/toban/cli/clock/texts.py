"""What `toban clock` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.clock": {
        "en": "the virtual clock of a data directory (`toban dev --clock virtual`)",
        "ja": "データディレクトリの仮想時計（`toban dev --clock virtual`）",
    },
    "help.clock.show": {"en": "the time it has", "ja": "現在の時刻を表示する"},
    "help.clock.advance": {
        "en": "let time pass: timers, schedules, leases and back-off follow",
        "ja": "時刻を進める（タイマー、スケジュール、リース、再試行の待ち時間も進む）",
    },
    "help.clock.how": {
        "en": "a duration; `to` and a time (without offset in the service's zone); or `until-idle`, until no message waits",
        "ja": "期間、`to` と時刻（オフセットなしはサービスのタイムゾーン）、または until-idle（待っているメッセージがなくなるまで）",
    },
    "clock.real": {
        "en": "{data} goes by the machine's clock. Begin another with: toban --data DIR dev --clock virtual",
        "ja": "{data} はこのマシンの時計で動いています。仮想時計は別のディレクトリで始めます: toban --data DIR dev --clock virtual",
    },
    "clock.project": {
        "en": "a Google Cloud project has no virtual clock: leave out --project",
        "ja": "Google Cloud のプロジェクトに仮想時計はありません。--project を外してください",
    },
    "clock.not-running": {
        "en": "nothing runs on {data}. Start it with: toban --data {data} dev --clock virtual",
        "ja": "{data} では何も動いていません。起動: toban --data {data} dev --clock virtual",
    },
    "clock.bad": {
        "en": "cannot read {word!r}: say 25m, `to 2026-11-24T03:00+09:00` or `until-idle`",
        "ja": "{word!r} を読めません。25m、`to 2026-11-24T03:00+09:00`、`until-idle` のように書きます",
    },
    "clock.refused": {
        "en": "the clock was not moved: {error}",
        "ja": "時刻を進められません: {error}",
    },
    "clock.now": {"en": "{now} (virtual)", "ja": "{now}（仮想時計）"},
    "clock.moved": {
        "en": "{before} → {now}: {instants:instants} at which something was due",
        "ja": "{before} → {now}: 途中で {instants} 回、期限の来たものを処理",
    },
    "clock.next": {
        "en": "next at {at}; {waiting:messages} waiting",
        "ja": "次は {at}。待っているメッセージ {waiting} 件",
    },
}
