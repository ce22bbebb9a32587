"""
What the command line says, in English and Japanese.

Apart from `toban.texts`, because no deployed function needs any of it.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from toban.cli.words_demo import DEMO

Words: TypeAlias = dict[str, dict[Literal["en", "ja"], str]]

HELP: Final[Words] = {
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
        "ja": "手元の状態をすべて置くディレクトリ（既定: .toban）",
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
    "help.version": {"en": "show the version", "ja": "版を表示"},
    "help.dev": {"en": "run everything on this machine", "ja": "すべてをこの端末で動かす"},
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
        "ja": "別の時刻: 2026-11-22T12:00+09:00（オフセットなしはサービスの時刻帯）",
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
        "en": "event, incident or correlation id",
        "ja": "イベント・インシデント・相関の ID",
    },
    "help.check": {
        "en": "prove the profiles; exit code 1 when one has errors",
        "ja": "プロファイルを検査（誤りがあれば終了コード 1）",
    },
    "help.check.files": {
        "en": "files (default: all of --services)",
        "ja": "ファイル（既定: --services のすべて）",
    },
    "help.plan": {"en": "show what `apply` would change", "ja": "`apply` で変わる内容を表示"},
    "help.apply": {"en": "write the profiles to the store", "ja": "プロファイルを反映"},
    "help.apply.dry": {"en": "change nothing, like `plan`", "ja": "何も変えない（`plan` と同じ）"},
    "help.parked": {
        "en": "messages that could not be handled",
        "ja": "処理できず退避したメッセージ",
    },
    "help.parked.id": {"en": "id, or its beginning", "ja": "ID（先頭だけでもよい）"},
    "help.dead": {
        "en": "messages that functions gave up on",
        "ja": "関数が諦めたメッセージ（デッドレター）",
    },
    "help.dead.redrive": {"en": "try them again now", "ja": "いますぐ再試行する"},
    "help.list": {"en": "list", "ja": "一覧"},
    "help.show": {"en": "show one", "ja": "詳細"},
}

SAID: Final[Words] = {
    # --- asked wrongly, or it did not work ---------------------------------------------------
    "error": {"en": "toban: {message}", "ja": "toban: {message}"},
    "error.choice": {
        "en": "{word!s}: no such {what}.{hint}",
        "ja": "{word!s}: そのような{what}はありません。{hint}",
    },
    "error.meant": {"en": " Did you mean {word}?", "ja": " もしかして: {word}"},
    "error.known": {"en": " There are: {words}.", "ja": " 使えるもの: {words}"},
    "error.usage": {
        "en": "{message} (see `{program} --help`)",
        "ja": "{message}（`{program} --help` を参照）",
    },
    "error.option": {
        "en": "unknown option {word}.{hint}",
        "ja": "オプション {word} はありません。{hint}",
    },
    "error.missing": {"en": "missing: {names}", "ja": "足りません: {names}"},
    "what.command": {"en": "command", "ja": "コマンド"},
    "what.choice": {"en": "choice", "ja": "選択肢"},
    "what.incident": {"en": "incident", "ja": "インシデント"},
    "what.service": {"en": "service", "ja": "サービス"},
    "what.severity": {"en": "severity", "ja": "重大度"},
    "what.kind": {
        "en": "kind of alert, event type or topic",
        "ja": "アラートの種類・イベント型・トピック",
    },
    "what.parked": {"en": "parked message", "ja": "退避したメッセージ"},
    "what.trace": {"en": "event, incident or correlation", "ja": "イベント・インシデント・相関"},
    "ambiguous": {
        "en": "{word} is not unique: {words}",
        "ja": "{word} は複数に当てはまります: {words}",
    },
    "data.none": {
        "en": "there is nothing in {data} yet; start with `toban dev` (or `toban demo`), or name another place with --data",
        "ja": "{data} にはまだ何もありません。`toban dev`（または `toban demo`）を始めるか、--data で場所を指定してください",
    },
    "none": {"en": "nothing here", "ja": "ありません"},
    "none.incidents": {
        "en": "No incidents. (`--all` shows older ones.)",
        "ja": "インシデントはありません。（`--all` で過去も表示）",
    },
    "none.notifications": {"en": "No notifications.", "ja": "通知はありません。"},
    "none.parked": {"en": "No parked messages.", "ja": "退避したメッセージはありません。"},
    "none.dead": {"en": "No dead letters.", "ja": "デッドレターはありません。"},
    "bad.time": {
        "en": "{word!r} is not a time; write 2026-11-22T12:00+09:00",
        "ja": "{word!r} は時刻として読めません。2026-11-22T12:00+09:00 のように書きます",
    },
    "bad.json": {
        "en": "{where}: not JSON: {error}",
        "ja": "{where}: JSON として読めません: {error}",
    },
    "bad.set": {"en": "--set {word}: write path=value", "ja": "--set {word}: 経路=値 と書きます"},
    "bad.path": {
        "en": "--set {word}: there is no {part}",
        "ja": "--set {word}: {part} がありません",
    },
    "unreadable": {"en": "{where}: {error}", "ja": "{where}: {error}"},
    # --- columns -------------------------------------------------------------------------------
    "column.id": {"en": "ID", "ja": "ID"},
    "column.service": {"en": "SERVICE", "ja": "サービス"},
    "column.severity": {"en": "SEV", "ja": "重大度"},
    "column.status": {"en": "STATUS", "ja": "状態"},
    "column.title": {"en": "TITLE", "ja": "件名"},
    "column.opened": {"en": "OPENED", "ja": "発生"},
    "column.alerts": {"en": "ALERTS", "ja": "アラート"},
    "column.assignee": {"en": "ASSIGNEE", "ja": "担当"},
    "column.next": {"en": "NEXT STEP", "ja": "次の段階"},
    "column.incident": {"en": "INCIDENT", "ja": "インシデント"},
    "column.target": {"en": "WHO", "ja": "宛先"},
    "column.channel": {"en": "CHANNEL", "ja": "経路"},
    "column.kind": {"en": "KIND", "ja": "内容"},
    "column.attempts": {"en": "TRIES", "ja": "試行"},
    "column.sent": {"en": "SENT", "ja": "送信"},
    "column.error": {"en": "ERROR", "ja": "誤り"},
    "column.primary": {"en": "PRIMARY", "ja": "主当番"},
    "column.secondary": {"en": "SECONDARY", "ja": "副当番"},
    "column.until": {"en": "UNTIL", "ja": "まで"},
    "column.function": {"en": "FUNCTION", "ja": "関数"},
    "column.consumes": {"en": "CONSUMES", "ja": "受け取る"},
    "column.emits": {"en": "EMITS", "ja": "発行する"},
    "column.state": {"en": "STATE", "ja": "書く状態"},
    "column.reason": {"en": "REASON", "ja": "理由"},
    "column.at": {"en": "AT", "ja": "時刻"},
    "column.type": {"en": "TYPE", "ja": "型"},
    "column.subscription": {"en": "SUBSCRIPTION", "ja": "購読"},
    "column.count": {"en": "COUNT", "ja": "件数"},
    "column.version": {"en": "VERSION", "ja": "版"},
    "column.change": {"en": "CHANGE", "ja": "変更"},
    # --- incidents -----------------------------------------------------------------------------
    "status.open": {"en": "open", "ja": "未確認"},
    "status.acknowledged": {"en": "acknowledged", "ja": "対応中"},
    "status.resolved": {"en": "resolved", "ja": "解決済み"},
    "show.opened": {"en": "Opened", "ja": "発生"},
    "show.acknowledged": {"en": "Acknowledged", "ja": "確認"},
    "show.resolved": {"en": "Resolved", "ja": "解決"},
    "show.assignee": {"en": "Assignee", "ja": "担当"},
    "show.service": {"en": "Service", "ja": "サービス"},
    "show.alerts": {"en": "Alerts", "ja": "アラート"},
    "show.alerts.value": {"en": "{n}, {firing} firing", "ja": "{n}件（継続中 {firing}件）"},
    "show.links": {"en": "Links", "ja": "リンク"},
    "show.postmortem": {"en": "Postmortem", "ja": "ポストモーテム"},
    "show.after": {"en": "{moment} (after {duration})", "ja": "{moment}（{duration}後）"},
    "show.timeline": {"en": "What happened", "ja": "経過"},
    "show.next": {"en": "Next", "ja": "次に"},
    "next.step": {
        "en": "Unless somebody acknowledges by {moment} (in {duration}), step {step} calls {who}.",
        "ja": "{moment} まで（あと{duration}）に確認がなければ、第 {step} 段階として {who} を呼びます。",
    },
    "next.late": {
        "en": "Step {step} was due {duration} ago and calls {who}: `toban dev` does it as soon as it runs.",
        "ja": "第 {step} 段階（{who}）の時刻を{duration}過ぎています。`toban dev` が動き始めると呼びます。",
    },
    "next.last": {
        "en": "There is no further step. Take it: toban incidents ack {id}",
        "ja": "次の段階はありません。引き受けるには: toban incidents ack {id}",
    },
    "next.acknowledged": {
        "en": "{who} has it. When the work is done: toban incidents resolve {id}",
        "ja": "{who} が対応しています。終わったら: toban incidents resolve {id}",
    },
    "next.resolved": {
        "en": "It is over. If an alert fires again, that is a new incident.",
        "ja": "解決しました。再発した場合は新しいインシデントになります。",
    },
    "next.postmortem": {
        "en": "Fill in the postmortem: {url}",
        "ja": "ポストモーテムを仕上げてください: {url}",
    },
    "done.acknowledge": {"en": "acknowledged by {actor}", "ja": "{actor} が確認しました"},
    "done.resolve": {"en": "resolved by {actor}", "ja": "{actor} が解決にしました"},
    "done.reopen": {"en": "reopened by {actor}", "ja": "{actor} が再開しました"},
    "done.escalate": {"en": "escalated by {actor}", "ja": "{actor} がエスカレーションしました"},
    "done.note": {"en": "note written", "ja": "メモを残しました"},
    "done.severity": {"en": "severity changed by {actor}", "ja": "{actor} が重大度を変えました"},
    "undone": {
        "en": "{id}: nothing to do; it is {status}",
        "ja": "{id}: 変わりません。現在は{status}です",
    },
    "not-yet": {
        "en": "{id}: not carried out within {seconds} s; the command waits in the queue (see `toban trace {event}`)",
        "ja": "{id}: {seconds} 秒以内に実行されませんでした。操作は待ち行列にあります（`toban trace {event}`）",
    },
    "refused": {
        "en": "{id}: the command was set aside: {error}",
        "ja": "{id}: 操作は退避されました: {error}",
    },
    # --- on call, notifications ------------------------------------------------------------------
    "oncall.none": {"en": "(no rotation)", "ja": "（当番表なし）"},
    "oncall.nobody": {"en": "nobody", "ja": "なし"},
    "oncall.stand-in": {"en": "{name} (standing in)", "ja": "{name}（代理）"},
    "notification.sending": {"en": "sending", "ja": "送信中"},
    "notification.waiting": {"en": "waiting", "ja": "再送待ち"},
    "notification.sent": {"en": "sent", "ja": "送信済み"},
    "notification.failed": {"en": "failed", "ja": "失敗"},
    "notification.withdrawn": {"en": "withdrawn", "ja": "取りやめ"},
    # --- profiles ----------------------------------------------------------------------------------
    "check.good": {
        "en": "{n} profiles, no errors, {warnings} warnings.",
        "ja": "プロファイル {n} 件、誤りなし、警告 {warnings} 件。",
    },
    "check.bad": {
        "en": "{errors} errors, {warnings} warnings.",
        "ja": "誤り {errors} 件、警告 {warnings} 件。",
    },
    "apply.new": {"en": "new", "ja": "新規"},
    "apply.changed": {"en": "changed", "ja": "変更"},
    "apply.unchanged": {"en": "unchanged", "ja": "変更なし"},
    "apply.dry": {"en": "Nothing was written.", "ja": "何も書いていません。"},
    "apply.done": {
        "en": "Written to {data}. Open incidents keep the version they began with.",
        "ja": "{data} に反映しました。対応中のインシデントは始まったときの版のままです。",
    },
    # --- sending ---------------------------------------------------------------------------------
    "send.accepted": {"en": "accepted: {n} events", "ja": "受け付けました: イベント {n} 件"},
    "send.trace": {"en": "  follow it: toban trace {id}", "ja": "  経過を見る: toban trace {id}"},
    "send.refused": {
        "en": "{url} answered {status}: {body}",
        "ja": "{url} の応答は {status}: {body}",
    },
    "send.unreachable": {
        "en": "nobody answers at {url} ({error}); is `toban dev` running?",
        "ja": "{url} に応答がありません（{error}）。`toban dev` は動いていますか",
    },
    "send.secret": {
        "en": "TOBAN_SECRET_{name} is not set; set it to what `toban dev` has",
        "ja": "TOBAN_SECRET_{name} がありません。`toban dev` と同じ値を設定してください",
    },
    "send.published": {
        "en": "{type} published ({outcome})",
        "ja": "{type} を発行しました（{outcome}）",
    },
    "outcome.waiting": {"en": "waiting in the queue", "ja": "待ち行列"},
    # --- trace -----------------------------------------------------------------------------------
    "trace.none": {
        "en": "{id}: no event, incident or correlation with that id was handled here",
        "ja": "{id}: その ID のイベント・インシデント・相関の記録はありません",
    },
    "trace.timer": {"en": "timer {type} at {at}", "ja": "タイマー {type} {at}"},
    "trace.attempt": {"en": "attempt {n}", "ja": "{n}回目"},
    "trace.repeats": {"en": "duplicates dropped: {n}", "ja": "重複 {n} 件は無視"},
    "trace.sum": {
        "en": "{events} events, {handlings} handlings, {ms} ms of work",
        "ja": "イベント {events} 件、処理 {handlings} 回、合計 {ms} ミリ秒",
    },
    # --- parked, dead ------------------------------------------------------------------------------
    "dead.redriven": {
        "en": "redriven: {before} before, {after} left",
        "ja": "再試行しました: {before} 件 → 残り {after} 件",
    },
}

WORDS: Final[Words] = {**HELP, **SAID, **DEMO}
