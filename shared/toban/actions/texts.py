"""What the HTML behind a link says."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "link.ask.acknowledge": {"en": "Take this incident?", "ja": "このインシデントを確認しますか？"},
    "link.button.acknowledge": {"en": "Acknowledge", "ja": "確認する（対応を引き受ける）"},
    "link.ask.resolve": {
        "en": "Mark this incident as resolved?",
        "ja": "このインシデントを解決にしますか？",
    },
    "link.button.resolve": {"en": "Resolve", "ja": "解決にする"},
    "link.ask.reopen": {
        "en": "Open this incident again?",
        "ja": "このインシデントを再開しますか？",
    },
    "link.button.reopen": {"en": "Reopen", "ja": "再開する"},
    "link.ask.escalate": {
        "en": "Call the next people now?",
        "ja": "次の担当者へエスカレーションしますか？",
    },
    "link.button.escalate": {"en": "Escalate", "ja": "エスカレーションする"},
    "link.done.acknowledge": {"en": "Acknowledgement received", "ja": "確認を受け付けました"},
    "link.done.resolve": {"en": "Resolution received", "ja": "解決を受け付けました"},
    "link.done.reopen": {"en": "Reopening received", "ja": "再開を受け付けました"},
    "link.done.escalate": {"en": "Escalation received", "ja": "エスカレーションを受け付けました"},
    "link.incident": {"en": "Incident", "ja": "インシデント"},
    "link.as": {"en": "As", "ja": "操作者"},
    "link.until": {"en": "Link valid until", "ja": "リンクの有効期限"},
    "link.settled": {
        "en": "It takes effect in a moment. If the incident has moved on in the meantime, nothing changes. You can close this page.",
        "ja": "まもなく反映されます。その前にインシデントの状態が変わっていた場合は、何も起こりません。このページは閉じてかまいません。",
    },
    "link.refused": {"en": "This link cannot be used", "ja": "このリンクは使えません"},
    "link.refused.more": {
        "en": "It may have been cut off on its way. Open it from the notification again, or use the toban command.",
        "ja": "リンクが途中で切れている可能性があります。通知のリンクをもう一度開くか、toban コマンドで操作してください。",
    },
    "link.expired": {"en": "This link has expired", "ja": "リンクの有効期限が切れています"},
    "link.expired.more": {
        "en": "Use the link in a newer notification, or the toban command.",
        "ja": "新しい通知のリンクを使うか、toban コマンドで操作してください。",
    },
    "link.later": {"en": "Not possible right now", "ja": "いまは受け付けられません"},
    "link.later.more": {
        "en": "Nothing has been done yet. Please wait a moment and try again.",
        "ja": "操作はまだ行われていません。少し待って、もう一度お試しください。",
    },
}

text: Final = Catalogue(TEXTS)
