"""What the HTML behind a link says."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "link.ask.acknowledge": {
        "en": "Take this incident?",
        "ja": "このインシデントの対応を引き受けますか？",
    },
    "link.button.acknowledge": {"en": "Acknowledge", "ja": "対応を引き受ける（ACK）"},
    "link.button.yours": {"en": "I still have it", "ja": "引き続き対応する（ACK）"},
    "link.button.taken": {"en": "Take it over", "ja": "対応を代わる（ACK）"},
    "link.ask.resolve": {
        "en": "Mark this incident as resolved?",
        "ja": "このインシデントを解決済みにしますか？",
    },
    "link.button.resolve": {"en": "Resolve", "ja": "解決済みにする"},
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
    "link.is.yours": {"en": "You have it since {at}", "ja": "{at} からあなたが対応しています"},
    "link.is.taken": {"en": "{who} has it since {at}", "ja": "{at} から {who} が対応しています"},
    "link.is.resolved": {"en": "Resolved at {at} ({who})", "ja": "{at} に解決済み（{who}）"},
    "link.is.open": {"en": "It is open", "ja": "このインシデントは未解決です"},
    "link.nobody": {"en": "automatic", "ja": "自動"},
    "link.asked": {
        "en": "Asked for, not yet recorded",
        "ja": "依頼しました（まだ記録されていません）",
    },
    "link.asked.more": {
        "en": "Nothing has changed until it is recorded. This page looks again by itself.",
        "ja": "記録されるまで、状態は変わりません。このページは自動で更新されます。",
    },
    "link.slow": {"en": "Still not recorded", "ja": "まだ記録されていません"},
    "link.slow.more": {
        "en": "What you asked for has not been carried out. Ask again, use the toban command, or call somebody.",
        "ja": "依頼はまだ実行されていません。もう一度依頼するか、toban コマンドを使うか、電話などで連絡してください。",
    },
    "link.changed.acknowledge": {
        "en": "Nobody has it: it has changed since you looked",
        "ja": "まだ誰も対応していません（画面を開いたあとに状態が変わりました）",
    },
    "link.changed.resolve": {
        "en": "Not resolved: it has changed since you looked",
        "ja": "解決済みになっていません（画面を開いたあとに状態が変わりました）",
    },
    "link.changed.reopen": {
        "en": "Not open: it has changed since you looked",
        "ja": "再開されていません（画面を開いたあとに状態が変わりました）",
    },
    "link.changed.escalate": {
        "en": "It has changed since you looked",
        "ja": "画面を開いたあとに状態が変わりました",
    },
    "link.again": {
        "en": "People were called again at {at}. {who} has not answered that yet.",
        "ja": "{at} に改めて呼び出しました。{who} の応答はまだありません。",
    },
    "link.before": {
        "en": "Your message is from before: the severity has risen since, or people were called anew. This page shows how it is now.",
        "ja": "この通知のあとに、重大度が上がったか、呼び出しがやり直されています。この画面は現在の状態です。",
    },
    "link.timeline": {
        "en": "Who was called is on the timeline of the incident.",
        "ja": "誰を呼び出したかは、インシデントのタイムラインに残ります。",
    },
    "link.unread": {
        "en": "How the incident is cannot be read right now.",
        "ja": "インシデントの現在の状態を読み取れません。",
    },
    "link.missing": {
        "en": "There is no such incident",
        "ja": "インシデントが見つかりません",
    },
    "link.missing.more": {
        "en": "{incident} is not recorded here. Nothing can be done by this link.",
        "ja": "{incident} の記録がありません。このリンクでは何もできません。",
    },
    "link.who": {"en": "Who are you?", "ja": "お名前を選んでください"},
    "link.other": {"en": "Another name (may stay empty)", "ja": "その他の名前（空欄でも可）"},
    "link.unproven": {
        "en": "Others can read this link, too: the name is recorded as given, not as proven.",
        "ja": "このリンクはほかの人も読めるため、名前は本人確認なしの申告として記録されます。",
    },
    "link.severity": {"en": "Severity", "ja": "重大度"},
    "link.service": {"en": "Service", "ja": "サービス"},
    "link.since": {"en": "Since", "ja": "発生"},
    "link.lasts": {"en": "{since} (for {lasts})", "ja": "{since}（{lasts}経過）"},
    "link.taken": {"en": "Taken", "ja": "対応開始"},
    "link.by": {"en": "{at} ({who})", "ja": "{at}（{who}）"},
    "link.incident": {"en": "Incident", "ja": "インシデント"},
    "link.as": {"en": "As", "ja": "操作者"},
    "link.until": {"en": "Link valid until", "ja": "リンクの有効期限"},
    "answer.ask": {"en": "Did the test page reach you?", "ja": "テスト呼び出しは届きましたか？"},
    "answer.ask.more": {
        "en": "Nothing is wrong: this is a test. One tap, and it is known that you can be called by this.",
        "ja": "障害ではありません。これはテストです。一度押すだけで、この連絡方法で呼び出せることが記録されます。",
    },
    "answer.button": {"en": "It reached me", "ja": "届きました"},
    "answer.button.shared": {"en": "I am {name}: it reached me", "ja": "{name} です。届きました"},
    "answer.shared": {
        "en": "Others can read this link, too. If you are not {name}, leave it to them.",
        "ja": "このリンクはほかの人も読めます。{name} さん以外の方は押さないでください。",
    },
    "answer.done": {
        "en": "It worked: the test page reached you",
        "ja": "テスト成功: 呼び出しが届きました",
    },
    "answer.done.more": {
        "en": "It was a test, and it is recorded that you can be called by this. There is nothing more to do.",
        "ja": "これはテストです。この連絡方法で呼び出せることを記録しました。ほかに必要な操作はありません。",
    },
    "answer.slow.more": {
        "en": "Your answer has not been recorded. Tap again in a moment.",
        "ja": "応答はまだ記録されていません。少し待って、もう一度押してください。",
    },
    "answer.missing": {
        "en": "There is no such test page",
        "ja": "このテスト呼び出しは見つかりません",
    },
    "answer.missing.more": {
        "en": "{test} is not recorded here. Have another one sent: toban test-page.",
        "ja": "{test} の記録がありません。toban test-page で送り直してもらってください。",
    },
    "answer.for": {"en": "For", "ja": "宛先"},
    "answer.by": {"en": "Channel", "ja": "チャンネル"},
    "answer.at": {"en": "Answered", "ja": "応答"},
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
