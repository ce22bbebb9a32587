"""What notifications say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "notify.kind.opened": {"en": "incident opened", "ja": "インシデント発生"},
    "notify.kind.escalated": {"en": "escalated", "ja": "エスカレーション"},
    "notify.kind.raised": {"en": "severity raised", "ja": "重大度の引き上げ"},
    "notify.kind.joined": {"en": "another alert joined", "ja": "アラート追加"},
    "notify.kind.reopened": {"en": "incident reopened", "ja": "インシデント再開"},
    "notify.kind.reminded": {"en": "still open", "ja": "未解決のまま"},
    "notify.kind.expired": {"en": "acknowledgement ran out", "ja": "ACK の期限切れ"},
    "notify.kind.repeated": {"en": "nobody has answered", "ja": "応答なし"},
    "notify.kind.unheard": {"en": "not heard of any more", "ja": "続報なし"},
    "notify.kind.closed-unheard": {
        "en": "closed, not heard of any more",
        "ja": "続報がないため終了",
    },
    "notify.kind.acknowledged": {"en": "acknowledged", "ja": "対応中"},
    "notify.kind.resolved": {"en": "resolved", "ja": "解決済み"},
    "notify.kind.test": {"en": "test page", "ja": "テスト呼び出し"},
    "notify.kind.shift": {
        "en": "not shown to be reachable",
        "ja": "テスト呼び出しに応答なし",
    },
    "notify.test": {"en": "TEST", "ja": "【テスト】"},
    "notify.short.opened": {"en": "opened", "ja": "発生"},
    "notify.short.joined": {"en": "alert joined", "ja": "アラート追加"},
    "notify.short.reopened": {"en": "reopened", "ja": "再開"},
    "notify.headline": {"en": "{severity} {kind}: {title}", "ja": "{severity} {kind}: {title}"},
    "notify.headline.measured": {
        "en": "{severity} {kind}: {title} ({measured})",
        "ja": "{severity} {kind}: {title}（{measured}）",
    },
    "notify.subject": {"en": "{headline} [{service}]", "ja": "{headline} [{service}]"},
    "notify.against": {
        "en": "{value}, threshold {threshold}",
        "ja": "{value}、しきい値 {threshold}",
    },
    "notify.threshold": {"en": "threshold {threshold}", "ja": "しきい値 {threshold}"},
    "notify.field.environment": {"en": "Environment", "ja": "環境"},
    "notify.field.severity": {"en": "Severity", "ja": "重大度"},
    "notify.field.value": {"en": "Value", "ja": "測定値"},
    "notify.field.since": {"en": "Since", "ja": "発生"},
    "notify.field.opened": {"en": "Opened", "ja": "検知"},
    "notify.field.step": {"en": "Step", "ja": "段階"},
    "notify.field.why": {"en": "Why", "ja": "きっかけ"},
    "notify.field.acknowledged": {"en": "Acknowledged", "ja": "対応開始"},
    "notify.field.resolved": {"en": "Resolved", "ja": "解決"},
    "notify.field.closed": {"en": "Closed", "ja": "終了"},
    "notify.field.unheard": {"en": "Not heard of since", "ja": "最後の続報"},
    "notify.field.assignee": {"en": "Assignee", "ja": "担当"},
    "notify.field.rules": {"en": "Rules", "ja": "ルール"},
    "notify.field.links": {"en": "Links", "ja": "リンク"},
    "notify.field.number": {"en": "Number", "ja": "番号"},
    "notify.by": {"en": "{moment} ({who})", "ja": "{moment}（{who}）"},
    "notify.by_took": {
        "en": "{moment} ({who}, after {duration})",
        "ja": "{moment}（{who}、発生から{duration}）",
    },
    "notify.step": {"en": "{number} of {count}", "ja": "{number} / {count}"},
    "notify.why.time": {
        "en": "nobody acknowledged in time",
        "ja": "時間内に応答がなかったため",
    },
    "notify.why.unreached": {
        "en": "the step before reached nobody",
        "ja": "前の段階の連絡が誰にも届かなかったため",
    },
    "notify.why.asked": {"en": "asked for by hand", "ja": "手動でのエスカレーション"},
    "notify.why.asked.by": {"en": "asked for by {who}", "ja": "{who} によるエスカレーション"},
    "notify.why.raised": {"en": "was {before} before", "ja": "{before} から引き上げ"},
    "notify.why.raised.by": {
        "en": "was {before} before; raised by {who}",
        "ja": "{before} から引き上げ（{who}）",
    },
    "notify.why.alert-joined": {
        "en": "an alert fired while it was being resolved",
        "ja": "解決と同時に別のアラートが発生したため",
    },
    "notify.why.untold": {
        "en": "resolved by hand before anybody was told of an alert that had joined",
        "ja": "加わったアラートを誰にも知らせないうちに手動で解決されたため",
    },
    "notify.why.still-firing": {
        "en": "resolved by hand, and its alerts still fire",
        "ja": "手動で解決された後もアラートが続いているため",
    },
    "notify.why.by": {"en": "by {who}", "ja": "{who}"},
    "notify.automatic": {"en": "automatic", "ja": "自動"},
    "notify.next.deadline": {
        "en": "Escalates unless acknowledged by {deadline}: step {step} calls {who}.",
        "ja": "{deadline} までに誰も対応を引き受けない（ACK しない）場合、第 {step} 段階として {who} を呼び出します。",
    },
    "notify.next.again": {
        "en": "That was the last step. Unless acknowledged by {deadline}, the steps begin again.",
        "ja": "これが最後の段階です。{deadline} までに誰も対応を引き受けない（ACK しない）場合、最初の段階から呼び出します。",
    },
    "notify.next.nobody-there": {"en": "nobody", "ja": "（該当者なし）"},
    "notify.who.more": {"en": "{names} and {n} more", "ja": "{names} ほか {n} 名"},
    "notify.labels.more": {"en": "+{n} more", "ja": "ほか {n} 件"},
    "notify.next.reminded": {
        "en": "Resolve it, or acknowledge again to keep it. Otherwise people are called again at {deadline}.",
        "ja": "対応が終わったら解決（resolve）し、続けるなら、もう一度 ACK してください。どちらもなければ、{deadline} に改めて呼び出します。",
    },
    "notify.next.last": {
        "en": "Acknowledge and take it from here.",
        "ja": "対応を引き受けて（ACK して）始めてください。",
    },
    "notify.next.nobody": {
        "en": "Nobody is called for {environment}. Resolve it when the work is done.",
        "ja": "{environment} では誰も呼び出しません。対応が終わったら解決（resolve）してください。",
    },
    "notify.next.taken": {
        "en": "{who} has it: there is nothing for you to do.",
        "ja": "{who} が対応しています。あなたの対応は不要です。",
    },
    "notify.next.acknowledged": {
        "en": "Resolve it when the work is done.",
        "ja": "対応が終わったら解決（resolve）してください。",
    },
    "notify.next.joined": {
        "en": "{who} has the incident. Whoever takes what has joined, too, acknowledges once more: else {asked} is asked at {deadline}, and then people are called again.",
        "ja": "{who} が対応しています。加わったアラートにも対応する場合は、もう一度 ACK してください。ACK がなければ {deadline} に {asked} に知らせ、それでも動きがなければ改めて呼び出します。",
    },
    "notify.next.unheard": {
        "en": "Its alerts fire as far as we know, but nothing has been heard of them since: the sender may be gone, or never say that they are over. Look, and resolve it if it is over.",
        "ja": "アラートは続いている扱いですが、その後の続報がありません。送信元が止まっているか、解消を通知しない設定の可能性があります。状況を確かめ、解消していれば解決（resolve）してください。",
    },
    "notify.next.closed-unheard": {
        "en": "Nobody has said that it is over. If its alert is heard of again, that is a new incident.",
        "ja": "解消の通知は届いていません。再び続報があれば、新しいインシデントとしてお知らせします。",
    },
    "notify.next.resolved": {
        "en": "Nothing more to do. If the alert fires again, that is a new incident.",
        "ja": "対応は不要です。再発した場合は、新しいインシデントとしてお知らせします。",
    },
    "notify.next.postmortem": {
        "en": "A postmortem is due; a draft is on its way.",
        "ja": "ポストモーテムが必要です。下書きを用意しています。",
    },
    "notify.next.test": {
        "en": "Nothing is wrong. Open the link and press its one button: then it is known that you can be called by this.",
        "ja": "障害ではありません。リンクを開いてボタンを一度押してください。この連絡方法で呼び出せることが記録されます。",
    },
    "notify.next.shift": {
        "en": "They were just sent a test page. Ask them to answer it, or send another: toban test-page.",
        "ja": "本人にはテスト呼び出しを送りました。応答するよう本人に伝えるか、toban test-page で送り直してください。",
    },
    "notify.action.answer": {"en": "It reached me", "ja": "届きました"},
    "notify.target": {
        "en": "Respond within {duration} (by {deadline})",
        "ja": "対応開始目標: {duration}以内（{deadline} まで）",
    },
    "notify.action.acknowledge": {"en": "Acknowledge", "ja": "対応を引き受ける（ACK）"},
    "notify.action.resolve": {"en": "Resolve", "ja": "解決済みにする"},
    "notify.somebody": {"en": "somebody in {room}", "ja": "{room} の誰か"},
    "notify.unreached": {"en": "Could not be reached: {who}", "ja": "届かなかった宛先: {who}"},
    "notify.fallback": {
        "en": "Sent this way because an earlier channel failed.",
        "ja": "本来のチャンネルで送れなかったため、このチャンネルで送っています。",
    },
    "notify.repetition": {
        "en": "This may be a repetition (#{number}): ignore it if you have it already.",
        "ja": "再送の可能性があります（#{number}）。すでに受け取っている場合は無視してください。",
    },
    "notify.footer": {"en": "Sent automatically by toban.", "ja": "toban の自動通知です。"},
    "notify.footer.person": {
        "en": "Sent automatically by toban to {name}.",
        "ja": "{name} さん宛ての toban の自動通知です。",
    },
    "page.no-targets": {
        "en": "nobody is named for severity {severity}",
        "ja": "重大度 {severity} の連絡先が設定されていません",
    },
    "page.unreached": {"en": "{target}: {reason}", "ja": "{target}: {reason}"},
}

text: Final = Catalogue(TEXTS)
