"""What `toban --help` and its commands' `--help` say."""

from __future__ import annotations

from typing import Final, Literal

HELP: Final[dict[str, dict[Literal["en", "ja"], str]]] = {
    "help.toban": {
        "en": "toban: whoever is on duty. Operations as events.",
        "ja": "toban（当番）: 運用をイベントで動かします。",
    },
    "help.more": {
        "en": "`toban COMMAND --help` explains a command. `toban demo` shows everything in 15 seconds.",
        "ja": "`toban コマンド --help` で各コマンドの説明、`toban demo` で15秒の実演。",
    },
    "help.commands": {"en": "commands", "ja": "コマンド"},
    "help.data": {
        "en": "directory with all local state (default: .toban)",
        "ja": "状態をすべて置くディレクトリ（既定: .toban）",
    },
    "help.services": {
        "en": "directory with the service profiles (default: infra/services)",
        "ja": "サービスプロファイルのディレクトリ（既定: infra/services）",
    },
    "help.lang": {
        "en": "language for people (default: from LANG)",
        "ja": "表示言語（既定: LANG から）",
    },
    "help.json": {"en": "for scripts: JSON on standard output", "ja": "スクリプト用に JSON で出力"},
    "help.version": {"en": "show the version", "ja": "バージョンを表示"},
    "help.dev": {"en": "run everything on this machine", "ja": "すべてをこのマシンで動かす"},
    "help.dev.port": {"en": "HTTP port (default: 8080)", "ja": "HTTP のポート（既定: 8080）"},
    "help.dev.emulators": {
        "en": "each function in its own process, on Google's emulators",
        "ja": "関数ごとのプロセスを Google のエミュレーター上で動かす",
    },
    "help.dev.quiet": {"en": "write only to the log file", "ja": "ログファイルだけに書く"},
    "help.demo": {
        "en": "play one incident, from the alert to the postmortem",
        "ja": "アラートからポストモーテムまでの実演",
    },
    "help.demo.keep": {
        "en": "keep the state in DIR (default: a new directory under the system's temporary one)",
        "ja": "状態を DIR に残す（既定: 一時ディレクトリに新しく作る）",
    },
    "help.send": {
        "en": "post an alert to the ingress, or publish an event",
        "ja": "アラートを送る、またはイベントを発行する",
    },
    "help.send.what": {
        "en": "cloud-monitoring, alertmanager, generic, an event type or a topic",
        "ja": "cloud-monitoring、alertmanager、generic、イベント型、またはトピック",
    },
    "help.send.file": {
        "en": "JSON file with the body (-: standard input)",
        "ja": "本文の JSON ファイル（-: 標準入力）",
    },
    "help.send.set": {
        "en": "change a value of the body: incident.severity=Error (may be repeated)",
        "ja": "本文の値を変える: incident.severity=Error（繰り返し可）",
    },
    "help.send.url": {"en": "where `toban dev` answers", "ja": "`toban dev` の URL"},
    "help.send.service": {
        "en": "name the service (?service=)",
        "ja": "サービスを指定（?service=）",
    },
    "help.send.show": {"en": "only print what would be sent", "ja": "送らずに内容だけ表示"},
    "help.incidents": {
        "en": "list incidents, look at one, act on it",
        "ja": "インシデントの一覧・詳細・操作",
    },
    "help.incidents.list": {
        "en": "open ones, and those resolved in the last 7 days",
        "ja": "対応中と、7日以内に解決したもの",
    },
    "help.incidents.all": {"en": "all there ever were", "ja": "これまでのすべて"},
    "help.incidents.status": {"en": "only these", "ja": "状態で絞る"},
    "help.incidents.service": {"en": "only this service", "ja": "サービスで絞る"},
    "help.incidents.show": {
        "en": "what happened so far, and what happens next",
        "ja": "これまでの経過と次の動き",
    },
    "help.incidents.ack": {
        "en": "acknowledge: you have taken it",
        "ja": "確認（対応を引き受ける）",
    },
    "help.incidents.resolve": {"en": "it is over", "ja": "解決にする"},
    "help.incidents.reopen": {"en": "it is not over after all", "ja": "再開する"},
    "help.incidents.note": {"en": "write a note into the timeline", "ja": "経過にメモを残す"},
    "help.incidents.escalate": {"en": "call the next people now", "ja": "次の担当者をすぐに呼ぶ"},
    "help.incidents.severity": {"en": "change the severity", "ja": "重大度を変える"},
    "help.id.newest": {
        "en": "incident id, or its beginning (default: the newest open one)",
        "ja": "インシデント ID（先頭だけでもよい。省略すると最新の未確認のもの）",
    },
    "help.id.only": {
        "en": "incident id, or its beginning (not needed when only one is open)",
        "ja": "インシデント ID（先頭だけでもよい。未確認が1件だけなら省略できる）",
    },
    "help.id": {"en": "incident id, or its beginning", "ja": "インシデント ID（先頭だけでもよい）"},
    "help.as": {"en": "who you are (default: $USER)", "ja": "操作者の名前（既定: $USER）"},
    "help.note": {"en": "a note to go with it", "ja": "添えるメモ"},
    "help.text": {"en": "the note", "ja": "メモ"},
    "help.label": {
        "en": "the service's own label, such as P2",
        "ja": "サービスの重大度（P2 など）",
    },
    "help.oncall": {"en": "who is on duty", "ja": "当番を表示"},
    "help.oncall.at": {
        "en": "at another time: 2026-11-22T12:00+09:00, or without offset in the service's zone",
        "ja": "別の時刻: 2026-11-22T12:00+09:00（オフセットなしはサービスのタイムゾーン）",
    },
    "help.service": {"en": "only this service", "ja": "このサービスだけ"},
    "help.notifications": {"en": "who was told, and how it went", "ja": "通知の一覧と結果"},
    "help.notifications.incident": {
        "en": "only of this incident",
        "ja": "このインシデントの通知だけ",
    },
    "help.notifications.all": {
        "en": "with those that were never tried, because the incident was closed first",
        "ja": "先に解決したため一度も送らなかったものも含める",
    },
    "help.topology": {"en": "the map: functions, topics, state", "ja": "関数とトピックの地図"},
    "help.topology.mermaid": {"en": "as a Mermaid drawing", "ja": "Mermaid の図で出力"},
    "help.trace": {
        "en": "what caused what: events, handlers, times",
        "ja": "何が何を引き起こしたか",
    },
    "help.trace.id": {
        "en": "event, incident, backup, restore or correlation id",
        "ja": "イベント・インシデント・バックアップ・リストア・相関の ID",
    },
    "help.check": {
        "en": "prove the profiles; exit code 1 when one has errors",
        "ja": "プロファイルを検査（エラーがあれば終了コード 1）",
    },
    "help.check.store": {
        "en": "look at the store instead: what is wrong there and does not mend itself",
        "ja": "プロファイルではなく保存データを調べ、自然には直らない問題を挙げる",
    },
    "help.check.files": {
        "en": "files (default: all of --services)",
        "ja": "ファイル（既定: --services のすべて）",
    },
    "help.plan": {"en": "show what `apply` would change", "ja": "`apply` で変わる内容を表示"},
    "help.apply": {
        "en": "write the profiles to the store, and in a project bring its Cloud Scheduler jobs in line",
        "ja": "プロファイルを反映し、プロジェクトでは Cloud Scheduler のジョブも合わせる",
    },
    "help.apply.dry": {"en": "change nothing, like `plan`", "ja": "何も変えない（`plan` と同じ）"},
    "help.parked": {
        "en": "messages that could not be handled",
        "ja": "処理できず退避したメッセージ",
    },
    "help.parked.id": {"en": "id, or its beginning", "ja": "ID（先頭だけでもよい）"},
    "help.dead": {
        "en": "messages that functions gave up on",
        "ja": "関数が処理を断念したメッセージ（デッドレター）",
    },
    "help.dead.redrive": {"en": "try them again now", "ja": "いますぐ再試行する"},
    "help.list": {"en": "list", "ja": "一覧"},
    "help.show": {"en": "show one", "ja": "詳細"},
}
