"""What `toban send` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
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
    "what.kind": {
        "en": "kind of alert, event type or topic",
        "ja": "アラートの種類・イベント型・トピック",
    },
    "bad.set": {"en": "--set {word}: write path=value", "ja": "--set {word}: パス=値 と書きます"},
    "bad.path": {
        "en": "--set {word}: there is no {part}",
        "ja": "--set {word}: {part} がありません",
    },
    "send.accepted": {"en": "accepted: {n:events}", "ja": "受け付けました: イベント {n} 件"},
    "send.trace": {"en": "  follow it: toban trace {id}", "ja": "  経過を見る: toban trace {id}"},
    "send.refused": {
        "en": "{url} answered {status}: {body}",
        "ja": "{url} の応答は {status}: {body}",
    },
    "send.stranger": {
        "en": "{url} does not know the sender ({status}): {name} is another one there. If it was changed, start `toban dev` again",
        "ja": "{url} が送信元を認証しません（{status}）。{name} がここと異なります。変更したときは `toban dev` を起動し直してください",
    },
    "send.other-dev": {
        "en": "no `toban dev` runs on {data}, and the one that answers at {url} is another's: it does not know the sender ({status}). Start yours, or say which with --data or --url",
        "ja": "{data} で `toban dev` は動いていません。{url} で応答しているのは別のもので、送信元を認証しません（{status}）。ここの `toban dev` を起動するか、--data か --url で指定してください",
    },
    "send.unreachable": {
        "en": "nobody answers at {url} ({error}); is `toban dev` running?",
        "ja": "{url} に応答がありません（{error}）。`toban dev` は動いていますか",
    },
    "send.secret": {
        "en": "TOBAN_SECRET_{name} is not set, neither in the environment nor in {path}; it has to be what `toban dev` has",
        "ja": "TOBAN_SECRET_{name} が環境変数にも {path} にもありません。`toban dev` と同じ値を設定してください",
    },
    "send.not-configured": {
        "en": "{url} has no secret: `toban dev` was started without TOBAN_SECRET_{name}. Stop it, set the variable to what it is here (both read {path}), and start it again",
        "ja": "{url} にシークレットがありません。`toban dev` は TOBAN_SECRET_{name} なしで起動されています。いったん止め、ここと同じ値を設定して起動し直してください（どちらも {path} を読みます）",
    },
    "send.emulators": {
        "en": "`toban dev --emulators` runs on {data}, and its events travel through the Pub/Sub emulator: send an alert instead (`toban send generic`)",
        "ja": "{data} では `toban dev --emulators` が動いており、イベントは Pub/Sub エミュレーターを通ります。代わりにアラートを送ってください（`toban send generic`）",
    },
    "send.published": {
        "en": "{type} published ({outcome})",
        "ja": "{type} を発行しました（{outcome}）",
    },
    "outcome.waiting": {"en": "waiting in the queue", "ja": "キューで待機中"},
}
