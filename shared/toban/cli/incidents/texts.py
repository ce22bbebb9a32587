"""What `toban incidents` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.incidents": {
        "en": "list incidents, look at one, act on it",
        "ja": "インシデントの一覧・詳細・操作",
    },
    "help.incidents.list": {
        "en": "open ones, and those resolved in the last 7 days",
        "ja": "未解決のものと、7日以内に解決したもの",
    },
    "help.incidents.all": {"en": "all there ever were", "ja": "これまでのすべて"},
    "help.incidents.service": {"en": "only this service", "ja": "サービスで絞る"},
    "help.incidents.show": {
        "en": "what happened so far, and what happens next",
        "ja": "これまでの経過と次の動き",
    },
    "help.incidents.ack": {
        "en": "acknowledge: you have taken it",
        "ja": "対応を引き受ける（ACK）",
    },
    "help.incidents.resolve": {"en": "it is over", "ja": "解決済みにする"},
    "help.incidents.reopen": {"en": "it is not over after all", "ja": "再開する"},
    "help.incidents.note": {"en": "write a note into the timeline", "ja": "経過にメモを残す"},
    "help.incidents.escalate": {"en": "call the next people now", "ja": "次の担当者をすぐに呼ぶ"},
    "help.incidents.severity": {"en": "change the severity", "ja": "重大度を変える"},
    "help.id.newest": {
        "en": "incident id, or its beginning (default: the newest open one)",
        "ja": "インシデント ID（先頭だけでもよい。省略すると最新の未対応のもの）",
    },
    "help.id.only": {
        "en": "incident id, or its beginning (not needed when only one is open)",
        "ja": "インシデント ID（先頭だけでもよい。該当が1件だけなら省略できる）",
    },
    "help.id": {"en": "incident id, or its beginning", "ja": "インシデント ID（先頭だけでもよい）"},
    "help.text": {"en": "the note", "ja": "メモ"},
    "help.label": {
        "en": "the service's own label, such as P2",
        "ja": "サービスの重大度（P2 など）",
    },
    "what.severity": {"en": "severity", "ja": "重大度"},
    "none.incidents": {
        "en": "No incidents yet. To make one, while `toban dev` runs: toban send generic",
        "ja": "インシデントはまだありません。試すには、`toban dev` を動かして: toban send generic",
    },
    "none.lately": {
        "en": "Nothing is open, and nothing was resolved in the last 7 days. Older ones: toban incidents list --all",
        "ja": "未解決のものも、7日以内に解決したものもありません。過去の分: toban incidents list --all",
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
        "ja": "未対応のインシデントはありません。直近のもの（{status}）: toban incidents show {id}",
    },
    "which": {
        "en": "{n} incidents are open; say which: {words}",
        "ja": "未解決のインシデントが {n} 件あります。ID を指定してください: {words}",
    },
    "note.empty": {"en": "a note has words", "ja": "メモの内容を書いてください"},
    "others": {
        "en": "({n} more not resolved: toban incidents list)",
        "ja": "（ほかに未解決が {n} 件: toban incidents list）",
    },
    "column.title": {"en": "TITLE", "ja": "件名"},
    "column.opened": {"en": "OPENED", "ja": "発生"},
    "column.alerts": {"en": "ALERTS", "ja": "アラート"},
    "column.assignee": {"en": "ASSIGNEE", "ja": "担当"},
    "column.next": {"en": "NEXT STEP", "ja": "次の段階"},
    "status.open": {"en": "open", "ja": "未対応"},
    "status.acknowledged": {"en": "acknowledged", "ja": "対応中"},
    "status.resolved": {"en": "resolved", "ja": "解決済み"},
    "show.value": {"en": "Value", "ja": "測定値"},
    "show.since": {"en": "Since", "ja": "発生"},
    "show.opened": {"en": "Opened", "ja": "検知"},
    "show.labels": {"en": "Labels", "ja": "ラベル"},
    "show.untold": {
        "en": "({n:more alerts} not told one by one)",
        "ja": "（ほかのアラート {n} 件は省略）",
    },
    "show.more": {"en": "+{n} more (--json shows all)", "ja": "ほか {n} 件（--json ですべて表示）"},
    "show.acknowledged": {"en": "Acknowledged", "ja": "対応開始"},
    "show.resolved": {"en": "Resolved", "ja": "解決"},
    "list.unheard": {
        "en": "(not heard of since {since}) {title}",
        "ja": "（最後の続報 {since}）{title}",
    },
    "status.closed-unheard": {"en": "closed unheard", "ja": "続報なし終了"},
    "show.closed": {"en": "Closed", "ja": "終了"},
    "show.unheard": {"en": "Not heard of since", "ja": "最後の続報"},
    "show.assignee": {"en": "Assignee", "ja": "担当"},
    "show.environment": {"en": "Environment", "ja": "環境"},
    "show.service": {"en": "Service", "ja": "サービス"},
    "show.alerts": {"en": "Alerts", "ja": "アラート"},
    "show.alerts.value": {"en": "{n}, {firing} firing", "ja": "{n}件（継続中 {firing}件）"},
    "show.links": {"en": "Links", "ja": "リンク"},
    "show.after": {"en": "{moment} (after {duration})", "ja": "{moment}（{duration}後）"},
    "show.timeline": {"en": "What happened", "ja": "経過"},
    "show.next": {"en": "Next", "ja": "次の対応"},
    "next.step": {
        "en": "Unless somebody acknowledges by {moment} (in {duration}), step {step} calls {who}.",
        "ja": "{moment}（あと{duration}）までに誰も対応を引き受けない（ACK しない）場合、第 {step} 段階として {who} を呼びます。",
    },
    "next.late": {
        "en": "Step {step} was due {duration} ago and calls {who}: `toban dev` does it as soon as it runs.",
        "ja": "第 {step} 段階（{who}）の時刻を{duration}過ぎています。`toban dev` が動き始めると呼びます。",
    },
    "next.last": {
        "en": "There is no further step. Take it: toban incidents ack {id}",
        "ja": "次の段階はありません。引き受けるには: toban incidents ack {id}",
    },
    "next.nobody": {
        "en": "{environment}: nobody is called. When the work is done: toban incidents resolve {id}",
        "ja": "{environment} では誰も呼び出しません。終わったら: toban incidents resolve {id}",
    },
    "next.repeated": {
        "en": "All steps were taken; unless somebody acknowledges, they begin again at {moment} (in {duration}). Take it: toban incidents ack {id}",
        "ja": "全段階を終えました。{moment}（あと{duration}）までに誰も対応を引き受けない（ACK しない）場合、最初の段階から呼び出します。引き受けるには: toban incidents ack {id}",
    },
    "next.acknowledged": {
        "en": "{who} has it. When the work is done: toban incidents resolve {id}",
        "ja": "{who} が対応しています。終わったら: toban incidents resolve {id}",
    },
    "next.reminder": {
        "en": "{who} has it. Unless it is resolved by {moment} (in {duration}), a reminder goes to: {asked}. When the work is done: toban incidents resolve {id}",
        "ja": "{who} が対応しています。{moment}（あと{duration}）になっても未解決なら、{asked} に知らせます。終わったら: toban incidents resolve {id}",
    },
    "next.expires": {
        "en": "{who} has it, and nobody has answered the reminder to {asked}: at {moment} (in {duration}) people are called again. Still on it? toban incidents ack {id}",
        "ja": "{who} が対応しています。リマインド（宛先: {asked}）に応答がありません。{moment}（あと{duration}）に改めて呼び出します。対応を続けるなら: toban incidents ack {id}",
    },
    "next.closed-unheard": {
        "en": "It was closed by expiry: nobody has said that it is over. If an alert is heard of again, that is a new incident.",
        "ja": "期限切れで終了しました。解消の通知は届いていません。再び続報があれば新しいインシデントになります。",
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
    "done.acknowledge": {"en": "acknowledged by {actor}", "ja": "{actor} が対応を引き受けました"},
    "done.resolve": {"en": "resolved by {actor}", "ja": "{actor} が解決済みにしました"},
    "done.reopen": {"en": "reopened by {actor}", "ja": "{actor} が再開しました"},
    "done.escalate": {"en": "escalated by {actor}", "ja": "{actor} がエスカレーションしました"},
    "done.note": {"en": "note written", "ja": "メモを残しました"},
    "done.severity": {"en": "severity changed by {actor}", "ja": "{actor} が重大度を変えました"},
    "undone": {
        "en": "{id}: nothing to do; it is {status}",
        "ja": "{id}: 変更はありません（現在: {status}）",
    },
    "moved-on": {
        "en": "{id}: not done, it had moved on since you saw it; it is {status}",
        "ja": "{id}: その前に状態が変わっていたため、行いませんでした（現在: {status}）",
    },
    "not-yet": {
        "en": "{id}: not carried out within {seconds} s; the command waits in the queue (see `toban trace {event}`)",
        "ja": "{id}: {seconds} 秒以内に実行されませんでした。操作はキューで待機中です（`toban trace {event}`）",
    },
    "refused": {
        "en": "{id}: the command was set aside: {error}",
        "ja": "{id}: 操作を実行できず、退避しました: {error}",
    },
    "not-seen": {
        "en": "{id}: it is {status}, and nothing has changed within {seconds} s: either there was nothing to do, or the command still waits (see `toban trace {event}`, `toban dead list` and `toban parked list`)",
        "ja": "{id}: {seconds} 秒待ちましたが変化がありません（現在: {status}）。変更が不要だったか、操作がまだ待機中です（`toban trace {event}`、`toban dead list`、`toban parked list`）",
    },
}
