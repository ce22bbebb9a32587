"""
What the command line says, in English and Japanese.

Apart from `toban.texts`, because no deployed function needs any of it.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from toban.cli.backups.catalogue.texts import CATALOGUE
from toban.cli.backups.help import BACKUP_HELP
from toban.cli.backups.restores.texts import RESTORE
from toban.cli.backups.texts import BACKUPS
from toban.cli.demo.texts import DEMO
from toban.cli.kit.help import HELP
from toban.cli.schedules.texts import SCHEDULES

Words: TypeAlias = dict[str, dict[Literal["en", "ja"], str]]

SAID: Final[Words] = {
    # --- asked wrongly, or it did not work ---------------------------------------------------
    "error": {"en": "toban: {message}", "ja": "toban: {message}"},
    "error.choice": {
        "en": "{word!s}: no such {what}.{hint}",
        "ja": "{word!s}: そのような{what}はありません。{hint}",
    },
    "error.meant": {"en": " Did you mean {word}?", "ja": " もしかして: {word}"},
    "error.known": {"en": " There are: {words}.", "ja": " 指定できるもの: {words}"},
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
    "none.incidents": {
        "en": "No incidents yet. To make one, while `toban dev` runs: toban send generic",
        "ja": "インシデントはまだありません。試すには、`toban dev` を動かして: toban send generic",
    },
    "none.lately": {
        "en": "Nothing is open, and nothing was resolved in the last 7 days. Older ones: toban incidents list --all",
        "ja": "対応中のものも、7日以内に解決したものもありません。過去の分: toban incidents list --all",
    },
    "none.like-that": {
        "en": "No incident is like that. All of them: toban incidents list --all",
        "ja": "当てはまるインシデントはありません。すべて表示: toban incidents list --all",
    },
    "none.open": {
        "en": "no incident is open, and there never was one; `toban send generic` makes one",
        "ja": "インシデントはまだ一件もありません。試すには: toban send generic",
    },
    "none.open.last": {
        "en": "no incident is open. The last one is {status}: toban incidents show {id}",
        "ja": "未確認のインシデントはありません。直近のもの（{status}）: toban incidents show {id}",
    },
    "which": {
        "en": "{n} incidents are open; say which: {words}",
        "ja": "未確認のインシデントが {n} 件あります。ID を指定してください: {words}",
    },
    "others": {
        "en": "({n} more not resolved: toban incidents list)",
        "ja": "（ほかに未解決が {n} 件: toban incidents list）",
    },
    "none.notifications": {
        "en": "No notifications: nobody had to be told of anything. Incidents: toban incidents list",
        "ja": "通知はありません。インシデントの一覧: toban incidents list",
    },
    "none.parked": {
        "en": "No parked messages: everything that came could be understood.",
        "ja": "退避したメッセージはありません。届いたものはすべて読み取れています。",
    },
    "none.dead": {
        "en": "No dead letters: no function has given up on a message.",
        "ja": "デッドレターはありません。処理を断念したメッセージはありません。",
    },
    "parked.more": {
        "en": "One of them in full: toban parked show ID",
        "ja": "中身を見る: toban parked show ID",
    },
    "dead.more": {
        "en": "Once the cause is mended, try them again: toban dead redrive",
        "ja": "原因を直したら再試行: toban dead redrive",
    },
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
    "due.in": {"en": "in {duration}", "ja": "あと{duration}"},
    "due.late": {"en": "{duration} late", "ja": "{duration}超過"},
    "column.incident": {"en": "INCIDENT", "ja": "インシデント"},
    "column.target": {"en": "WHO", "ja": "宛先"},
    "column.channel": {"en": "CHANNEL", "ja": "経路"},
    "column.kind": {"en": "KIND", "ja": "内容"},
    "column.attempts": {"en": "TRIES", "ja": "試行"},
    "column.sent": {"en": "SENT", "ja": "送信"},
    "column.error": {"en": "ERROR", "ja": "エラー"},
    "column.primary": {"en": "PRIMARY", "ja": "主当番"},
    "column.secondary": {"en": "SECONDARY", "ja": "副当番"},
    "column.until": {"en": "UNTIL", "ja": "まで"},
    "column.function": {"en": "FUNCTION", "ja": "関数"},
    "column.consumes": {"en": "CONSUMES", "ja": "受け取る"},
    "column.emits": {"en": "EMITS", "ja": "発行する"},
    "column.state": {"en": "STATE", "ja": "書き込む状態"},
    "column.reason": {"en": "REASON", "ja": "理由"},
    "column.at": {"en": "AT", "ja": "時刻"},
    "column.type": {"en": "TYPE", "ja": "型"},
    "column.subscription": {"en": "SUBSCRIPTION", "ja": "サブスクリプション"},
    "column.count": {"en": "COUNT", "ja": "件数"},
    "column.version": {"en": "VERSION", "ja": "バージョン"},
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
    "next.repeated": {
        "en": "All steps were taken; unless somebody acknowledges, they begin again at {moment} (in {duration}). Take it: toban incidents ack {id}",
        "ja": "全段階を終えました。{moment}（あと{duration}）までに確認がなければ、最初の段階から呼び出します。引き受けるには: toban incidents ack {id}",
    },
    "next.acknowledged": {
        "en": "{who} has it. When the work is done: toban incidents resolve {id}",
        "ja": "{who} が対応しています。終わったら: toban incidents resolve {id}",
    },
    "next.reminder": {
        "en": "{who} has it, and is reminded at {moment} (in {duration}). When the work is done: toban incidents resolve {id}",
        "ja": "{who} が対応しています。{moment}（あと{duration}）になっても未解決なら、本人に知らせます。終わったら: toban incidents resolve {id}",
    },
    "next.expires": {
        "en": "{who} has it, was reminded, and has not answered: at {moment} (in {duration}) people are called again. Still on it? toban incidents ack {id}",
        "ja": "{who} に知らせましたが返事がありません。{moment}（あと{duration}）に改めて呼び出します。対応を続けるなら: toban incidents ack {id}",
    },
    "next.resolved": {
        "en": "Nothing more to do: it is over. If an alert fires again, that is a new incident.",
        "ja": "対応することはもうありません。再発した場合は新しいインシデントになります。",
    },
    "firing.one": {"en": "{n} alert still fires", "ja": "アラートがまだ{n}件続いています"},
    "firing.many": {"en": "{n} alerts still fire", "ja": "アラートがまだ{n}件続いています"},
    "next.firing": {
        "en": "{n}; the incident reopens at {moment} (in {duration}) if that has not changed by then.",
        "ja": "{n}。{moment}（あと{duration}）になっても続いていれば再開します。",
    },
    "next.firing.late": {
        "en": "{n}; the incident was due to reopen at {moment} ({duration} ago): `toban dev` does it as soon as it runs.",
        "ja": "{n}。再開の時刻 {moment} を{duration}過ぎています。`toban dev` が動き始めると再開します。",
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
        "ja": "{id}: 変更はありません（現在: {status}）",
    },
    "not-yet": {
        "en": "{id}: not carried out within {seconds} s; the command waits in the queue (see `toban trace {event}`)",
        "ja": "{id}: {seconds} 秒以内に実行されませんでした。操作はキューで待機中です（`toban trace {event}`）",
    },
    "refused": {
        "en": "{id}: the command was set aside: {error}",
        "ja": "{id}: 操作を実行できず、退避しました: {error}",
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
        "ja": "プロファイル {n} 件、エラーなし、警告 {warnings} 件。",
    },
    "check.store-good": {
        "en": "Nothing found ({n} checks of the store).",
        "ja": "問題はありません（保存データの検査 {n} 件）。",
    },
    "check.store-or-files": {
        "en": "--store looks at the store, not at files: leave one of the two out",
        "ja": "--store は保存データを調べます。ファイルと同時には指定できません",
    },
    "check.error": {"en": "error", "ja": "エラー"},
    "check.warning": {"en": "warning", "ja": "警告"},
    "check.backup-ahead": {
        "en": "a backup dated in the future: {at}",
        "ja": "未来の日付のバックアップ: {at}",
    },
    "check.backup-ahead.do": {
        "en": "correct the clock, then: toban backups discard {id}",
        "ja": "時計を直してから: toban backups discard {id}",
    },
    "check.incident-silent": {
        "en": "nobody will hear of it again (last call {at}): {title}",
        "ja": "今後誰にも知らされません（最後の呼び出し {at}）: {title}",
    },
    "check.incident-silent.do": {
        "en": "toban incidents ack {id}, or resolve it",
        "ja": "toban incidents ack {id}（または解決済みにする）",
    },
    "check.incident-left-open": {
        "en": "the end of its alerts ({n}) may have been lost (since {at}): {title}",
        "ja": "アラート {n} 件の解決が失われたおそれがあります（{at} から）: {title}",
    },
    "check.incident-left-open.do": {
        "en": "if the monitor says that it is over: toban incidents resolve {id}",
        "ja": "監視側で解消していれば: toban incidents resolve {id}",
    },
    "column.what": {"en": "WHAT", "ja": "内容"},
    "column.do": {"en": "WHAT TO DO", "ja": "対処"},
    "check.bad": {
        "en": "{errors} errors, {warnings} warnings.",
        "ja": "エラー {errors} 件、警告 {warnings} 件。",
    },
    "apply.new": {"en": "new", "ja": "新規"},
    "apply.changed": {"en": "changed", "ja": "変更"},
    "apply.unchanged": {"en": "unchanged", "ja": "変更なし"},
    "apply.dry": {"en": "Nothing was written.", "ja": "何も書き込んでいません。"},
    "apply.done": {
        "en": "Written to {data}. Open incidents keep the version they began with.",
        "ja": "{data} に反映しました。対応中のインシデントには、開始時のバージョンを使い続けます。",
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
    "outcome.waiting": {"en": "waiting in the queue", "ja": "キューで待機中"},
    # --- trace -----------------------------------------------------------------------------------
    "trace.none": {
        "en": "{id}: no event, incident or correlation, no backup or restore with that id was handled here",
        "ja": "{id}: その ID のイベント・インシデント・相関・バックアップ・リストアの記録はありません",
    },
    "trace.timer": {"en": "timer set: {type} at {at}", "ja": "タイマー設定: {type} {at}"},
    "trace.by-timer": {"en": "(timer)", "ja": "（タイマー）"},
    "trace.attempt": {"en": "attempt {n}", "ja": "{n}回目"},
    "trace.repeats": {"en": "duplicates dropped: {n}", "ja": "重複 {n} 件は無視"},
    "trace.sum": {
        "en": "{events} events, {handlings} handlings, {ms} ms of work. Times in {zone}.",
        "ja": "イベント {events} 件、処理 {handlings} 回、合計 {ms} ミリ秒。時刻は {zone}。",
    },
    # --- parked, dead ------------------------------------------------------------------------------
    "dead.redriven": {
        "en": "redriven: {before} before, {after} left",
        "ja": "再試行しました: {before} 件 → 残り {after} 件",
    },
}

WORDS: Final[Words] = {
    **HELP,
    **SAID,
    **DEMO,
    **SCHEDULES,
    **BACKUPS,
    **BACKUP_HELP,
    **CATALOGUE,
    **RESTORE,
}
