"""What `toban logs` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.logs": {
        "en": "what the functions logged, of an incident or of everything",
        "ja": "関数のログを表示（インシデントごと、または全体）",
    },
    "help.logs.id": {
        "en": "only of this incident, backup, restore, event or correlation id",
        "ja": "このインシデント・バックアップ・リストア・イベント・相関の ID に関するものだけ",
    },
    "help.logs.function": {"en": "only of this function", "ja": "この関数だけ"},
    "help.logs.level": {
        "en": "only of this severity and above: debug, info, warning, error, critical",
        "ja": "この重要度以上だけ: debug、info、warning、error、critical",
    },
    "help.logs.since": {
        "en": "from this time on, or so long ago as 90m, 12h, 7d",
        "ja": "この時刻以降、または 90m、12h、7d 前以降",
    },
    "help.logs.lines": {
        "en": "only the newest N (default: 100, and all of an ID or since a time)",
        "ja": "新しいものから N 行だけ（既定: 100 行。ID や --since を指定したときはすべて）",
    },
    "help.logs.follow": {
        "en": "go on with what is logged from now on, until Ctrl-C",
        "ja": "新しい行を表示し続ける（Ctrl-C で終了）",
    },
    "help.logs.json": {
        "en": "the lines as they were written, one JSON object a line",
        "ja": "書かれたままの行（1 行に JSON オブジェクト一つ）",
    },
    "logs.no-file": {
        "en": "nothing is logged in {data} yet; `toban dev` begins a log, --data names another place",
        "ja": "{data} にはまだログがありません。`toban dev` を動かすとログができます。別の場所は --data で指定します",
    },
    "logs.none": {"en": "No line fits.", "ja": "条件に合う行はありません。"},
    "logs.unknown": {
        "en": "{id}: no line is about that, and no incident, backup or restore has that id here",
        "ja": "{id}: これに関する行はありません。この ID のインシデント・バックアップ・リストアもありません",
    },
    "logs.few": {"en": "--lines {n}: a number from 1", "ja": "--lines {n}: 1 以上の数を指定します"},
    "logs.in-project": {
        "en": "A project's log is in Cloud Logging; this shows it (roles/logging.viewer):",
        "ja": "プロジェクトのログは Cloud Logging にあります。次のコマンドで表示できます（roles/logging.viewer が必要）:",
    },
}
