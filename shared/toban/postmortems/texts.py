"""What the timeline and the postmortem say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "timeline.opened": {
        "en": "Opened by the alert “{alert}” ({source})",
        "ja": "アラート「{alert}」（{source}）により発生しました",
    },
    "timeline.joined": {
        "en": "Another rule's alert joined: “{alert}” ({rule})",
        "ja": "別のルールのアラートが加わりました: 「{alert}」（{rule}）",
    },
    "timeline.attached": {
        "en": "Alert joined: “{alert}”",
        "ja": "アラートが加わりました: 「{alert}」",
    },
    "timeline.cleared": {
        "en": "Alert cleared: “{alert}”",
        "ja": "アラートが解消しました: 「{alert}」",
    },
    "timeline.raised": {
        "en": "Severity raised from {before} to {after}",
        "ja": "重大度が {before} から {after} に上がりました",
    },
    "timeline.raised.by": {
        "en": "{actor} raised the severity from {before} to {after}",
        "ja": "{actor} が重大度を {before} から {after} に上げました",
    },
    "timeline.lowered": {
        "en": "Severity lowered from {before} to {after}",
        "ja": "重大度が {before} から {after} に下がりました",
    },
    "timeline.lowered.by": {
        "en": "{actor} lowered the severity from {before} to {after}",
        "ja": "{actor} が重大度を {before} から {after} に下げました",
    },
    "timeline.escalated.time": {
        "en": "Not acknowledged in time: escalation step {step}",
        "ja": "時間内に応答がなかったため、エスカレーション第 {step} 段階へ進みました",
    },
    "timeline.escalated.unreached": {
        "en": "Nobody was reached: escalation step {step}, without waiting",
        "ja": "誰にも届かなかったため、待たずにエスカレーション第 {step} 段階へ進みました",
    },
    "timeline.escalated.asked": {
        "en": "{actor} escalated to step {step}",
        "ja": "{actor} がエスカレーション第 {step} 段階へ進めました",
    },
    "timeline.response-overdue": {
        "en": "Nobody has responded within the target of {severity}",
        "ja": "{severity} の対応開始目標までに応答がありませんでした",
    },
    "timeline.no-further-step": {
        "en": "{actor} asked to escalate; there is no further step",
        "ja": "{actor} がエスカレーションを求めましたが、次の段階がありません",
    },
    "timeline.acknowledged": {
        "en": "{actor} acknowledged (by {via})",
        "ja": "{actor} が対応を引き受けました（{via}）",
    },
    "timeline.confirmed": {
        "en": "{actor} is still on it (by {via})",
        "ja": "{actor} が対応を続けています（{via}）",
    },
    "timeline.reminded": {
        "en": "Nothing has happened since the acknowledgement by {assignee}: time for a reminder",
        "ja": "{assignee} が引き受けてから動きがないため、リマインドの時刻になりました",
    },
    "timeline.reminded.to": {
        "en": "{who} was reminded: nothing has happened since the acknowledgement",
        "ja": "引き受けてから動きがないため、{who} に知らせました",
    },
    "timeline.reminded.joined": {
        "en": "Alerts have joined since the acknowledgement by {assignee}, and nobody has answered to those: time for a reminder",
        "ja": "{assignee} の対応開始後に加わったアラートに応答がないため、リマインドの時刻になりました",
    },
    "timeline.reminded.joined.to": {
        "en": "{who} was reminded: alerts have joined since the acknowledgement, and nobody has answered to those",
        "ja": "対応開始後に加わったアラートに応答がないため、{who} に知らせました",
    },
    "timeline.ack-expired": {
        "en": "The acknowledgement by {assignee} ran out; people are called from the first step",
        "ja": "{assignee} の ACK が期限切れになり、最初の段階から呼び出します",
    },
    "timeline.repeated": {
        "en": "Nobody has answered any step; the steps begin again (repetition {times})",
        "ja": "どの段階にも応答がなかったため、最初の段階から呼び出します（{times} 回目の繰り返し）",
    },
    "timeline.note": {"en": "{actor}: {text}", "ja": "{actor}: {text}"},
    "timeline.unheard": {
        "en": "Not heard of since {since}: “{alert}”; its sender may be gone, or never say that it is over",
        "ja": "{since} を最後に続報がありません: 「{alert}」。送信元が止まっているか、解消を通知しない設定の可能性があります",
    },
    "timeline.heard-again": {
        "en": "Heard of again: “{alert}”",
        "ja": "続報が再び届きました: 「{alert}」",
    },
    "timeline.expired": {
        "en": "Alert closed by expiry, not heard of since {since}: “{alert}”",
        "ja": "{since} を最後に続報がないため、アラートを期限切れで終了しました: 「{alert}」",
    },
    "timeline.closed-unheard": {
        "en": "Closed by expiry: not heard of since {since}; nobody said that it is over",
        "ja": "{since} を最後に続報がないため、期限切れで終了しました（解消の通知は届いていません）",
    },
    "timeline.resolved": {
        "en": "Resolved: all alerts have cleared",
        "ja": "すべてのアラートが解消し、解決しました",
    },
    "timeline.resolved.by": {"en": "{actor} resolved it", "ja": "{actor} が解決済みにしました"},
    "timeline.reopened.alert-joined": {
        "en": "Reopened: an alert fires again",
        "ja": "アラートが再び発生したため、再開しました",
    },
    "timeline.reopened.untold": {
        "en": "Reopened: an alert had joined, and nobody was told of it before it was resolved",
        "ja": "加わったアラートを誰にも知らせないうちに解決されたため、再開しました",
    },
    "timeline.reopened.still-firing": {
        "en": "Reopened: its alerts still fire",
        "ja": "アラートが続いているため、再開しました",
    },
    "timeline.reopened.by": {"en": "{actor} reopened it", "ja": "{actor} が再開しました"},
    "timeline.reopened.why": {
        "en": "{actor} reopened it: {why}",
        "ja": "{actor} が再開しました: {why}",
    },
    "timeline.page-failed": {
        "en": "Step {step} reached nobody: {reason}",
        "ja": "第 {step} 段階は誰にも届きませんでした: {reason}",
    },
    "timeline.notification-failed": {
        "en": "{channel} could not reach {target}: {error}",
        "ja": "{channel} で {target} に通知できませんでした: {error}",
    },
    "timeline.notification-failed.fallback": {
        "en": "{channel} could not reach {target} ({error}); {fallback} is used instead",
        "ja": "{channel} で {target} に通知できませんでした（{error}）。代わりに {fallback} を使います",
    },
    "timeline.postmortem": {
        "en": "Postmortem draft written: {blob}",
        "ja": "ポストモーテムの下書きができました: {blob}",
    },
    "timeline.notification-failed.channel": {
        "en": "{channel} failed: {error}",
        "ja": "{channel} に送れませんでした: {error}",
    },
    "timeline.notification-failed.channel.fallback": {
        "en": "{channel} failed ({error}); {fallback} is used instead",
        "ja": "{channel} に送れませんでした（{error}）。代わりに {fallback} を使います",
    },
    "timeline.notified": {
        "en": "Told {target} by {channel} ({kind})",
        "ja": "{target} に {channel} で通知しました（{kind}）",
    },
    "timeline.notified.channel": {
        "en": "Told {channel} ({kind})",
        "ja": "{channel} に通知しました（{kind}）",
    },
    "timeline.outbox": {
        "en": "Only kept in the outbox: to {target} by {channel} ({kind}); nobody was told",
        "ja": "{target} への {channel} の通知を送信箱に保存しただけです（{kind}、実際には送っていません）",
    },
    "timeline.outbox.channel": {
        "en": "Only kept in the outbox: to {channel} ({kind}); nobody was told",
        "ja": "{channel} への通知を送信箱に保存しただけです（{kind}、実際には送っていません）",
    },
    "timeline.logged": {
        "en": "Only written to the log: to {target} by {channel} ({kind}); nobody was told",
        "ja": "{target} への {channel} の通知をログに出力しただけです（{kind}、本人には届いていません）",
    },
    "timeline.logged.channel": {
        "en": "Written to the log by {channel} ({kind})",
        "ja": "{channel} がログに出力しました（{kind}）",
    },
    "told.opened": {"en": "incident opened", "ja": "インシデント発生"},
    "told.escalated": {"en": "escalation", "ja": "エスカレーション"},
    "told.raised": {"en": "severity raised", "ja": "重大度の引き上げ"},
    "told.joined": {"en": "another alert joined", "ja": "アラート追加"},
    "told.reopened": {"en": "incident reopened", "ja": "インシデント再開"},
    "told.reminded": {"en": "reminder", "ja": "未解決の知らせ"},
    "told.expired": {"en": "acknowledgement ran out", "ja": "ACK の期限切れ"},
    "told.repeated": {"en": "nobody has answered", "ja": "応答なし"},
    "told.unheard": {"en": "not heard of any more", "ja": "続報なし"},
    "told.test": {"en": "test page", "ja": "テスト呼び出し"},
    "told.shift": {
        "en": "shift of somebody untested",
        "ja": "テスト呼び出しに応答していない人の当番",
    },
    "told.acknowledged": {"en": "acknowledged", "ja": "対応中"},
    "told.resolved": {"en": "resolved", "ja": "解決"},
    "timeline.unknown": {"en": "{kind}", "ja": "{kind}"},
    "via.cli": {"en": "command line", "ja": "コマンド"},
    "via.link": {"en": "link", "ja": "リンク"},
    "postmortem.title": {"en": "Postmortem: {title}", "ja": "インシデントレポート: {title}"},
    "postmortem.intro": {
        "en": "A draft, written by toban when the incident was resolved. Times, people and notifications are as recorded; **every place marked ✍️ is for you.** Write about causes and systems, never about blame.",
        "ja": "インシデントの解決時に toban が作成した下書きです。時刻・担当・通知は記録のとおりです。**✍️ の箇所は人が記入してください。** 個人ではなく、原因と仕組みについて書きます。",
    },
    "postmortem.mandatory": {
        "en": "A postmortem is mandatory at {severity}.",
        "ja": "{severity} ではポストモーテムが必須です。",
    },
    "postmortem.optional": {
        "en": "At {severity} a postmortem is not mandatory.",
        "ja": "{severity} ではポストモーテムは必須ではありません。",
    },
    "postmortem.earlier": {
        "en": "Draft of an earlier turn of this incident: `{blob}`",
        "ja": "このインシデントの前回の下書き: `{blob}`",
    },
    "postmortem.todo": {"en": "✍️ _{ask}_", "ja": "✍️ _{ask}_"},
    "postmortem.unknown": {"en": "not recorded", "ja": "記録なし"},
    "postmortem.none": {"en": "none", "ja": "なし"},
    "postmortem.nobody": {"en": "nobody", "ja": "なし"},
    "postmortem.automatic": {
        "en": "automatically, when all alerts had cleared",
        "ja": "すべてのアラートが解消し自動で解決",
    },
    "postmortem.summary": {"en": "Summary", "ja": "概要"},
    "postmortem.occurred": {"en": "Occurred", "ja": "発生日時"},
    "postmortem.detected": {"en": "Detected", "ja": "検知日時"},
    "postmortem.detected.value": {
        "en": "{moment} (after {duration})",
        "ja": "{moment}（発生から{duration}）",
    },
    "postmortem.acknowledged": {"en": "Acknowledged", "ja": "対応開始日時"},
    "postmortem.acknowledged.value": {
        "en": "{moment} (after {duration}, by {who})",
        "ja": "{moment}（検知から{duration}、{who}）",
    },
    "postmortem.acknowledged.never": {
        "en": "nobody acknowledged",
        "ja": "対応を引き受けた人はいませんでした",
    },
    "postmortem.recovered": {"en": "Recovered", "ja": "復旧日時"},
    "postmortem.recovered.unknown": {
        "en": "unknown: not heard of since {since}, closed by expiry at {moment}",
        "ja": "不明（{since} を最後に続報がなく、{moment} に期限切れで終了）",
    },
    "postmortem.recovered.value": {"en": "{moment} ({how})", "ja": "{moment}（{how}）"},
    "postmortem.duration": {"en": "Duration", "ja": "影響時間"},
    "postmortem.severity": {"en": "Severity", "ja": "レベル"},
    "postmortem.environment": {"en": "Environment", "ja": "環境"},
    "postmortem.service": {"en": "Service", "ja": "サービス"},
    "postmortem.incident": {"en": "Incident", "ja": "インシデント"},
    "postmortem.assignee": {"en": "Assignee", "ja": "担当"},
    "postmortem.alerts": {"en": "Alerts", "ja": "アラート"},
    "postmortem.alerts.value": {"en": "{n} ({rules})", "ja": "{n}件（{rules}）"},
    "postmortem.scope": {"en": "Scope", "ja": "影響範囲"},
    "postmortem.scope.ask": {
        "en": "Who and what was affected?",
        "ja": "誰の、どの機能に影響しましたか",
    },
    "postmortem.happened": {"en": "What happened", "ja": "何が起きたか"},
    "postmortem.happened.ask": {
        "en": "In two or three sentences, for a reader who was not there.",
        "ja": "その場にいなかった人に向けて、2〜3文で書いてください。",
    },
    "postmortem.reported": {"en": "What the monitor reported:", "ja": "監視からの報告:"},
    "postmortem.impact": {"en": "Impact", "ja": "影響"},
    "postmortem.impact.users": {"en": "Users affected", "ja": "影響を受けたユーザー数"},
    "postmortem.impact.loss": {
        "en": "Requests, conversions or data lost",
        "ja": "失われたリクエスト・コンバージョン・データ",
    },
    "postmortem.impact.money": {"en": "Cost", "ja": "金額的損失"},
    "postmortem.impact.ask": {
        "en": "number, and how it was measured",
        "ja": "数値と、その算出方法",
    },
    "postmortem.timeline": {"en": "Timeline", "ja": "タイムライン"},
    "postmortem.timeline.zone": {"en": "Times in {zone}.", "ja": "時刻は {zone} です。"},
    "postmortem.timeline.ask": {
        "en": "Add what was tried, what was found and what was decided, with times.",
        "ja": "試したこと、わかったこと、判断したことを時刻とともに書き足してください。",
    },
    "postmortem.calls": {"en": "Who was told", "ja": "通知の記録"},
    "postmortem.calls.at": {"en": "Time", "ja": "時刻"},
    "postmortem.calls.who": {"en": "Who", "ja": "宛先"},
    "postmortem.calls.channel": {"en": "Channel", "ja": "チャンネル"},
    "postmortem.calls.why": {"en": "Reason", "ja": "理由"},
    "postmortem.calls.result": {"en": "Result", "ja": "結果"},
    "postmortem.more": {
        "en": "Only the first {n} are shown; there may be more.",
        "ja": "最初の {n} 件だけを示しています。これ以外にもある可能性があります。",
    },
    "postmortem.alerts.began": {"en": "Began", "ja": "発生"},
    "postmortem.alerts.ended": {"en": "Cleared", "ja": "解消"},
    "postmortem.alerts.title": {"en": "Alert", "ja": "アラート"},
    "postmortem.alerts.expired": {"en": "unknown (not heard of)", "ja": "不明（続報なし）"},
    "postmortem.alerts.firing": {"en": "still firing", "ja": "継続中"},
    "postmortem.cause": {"en": "Root cause", "ja": "根本原因"},
    "postmortem.cause.ask": {
        "en": "Why did it happen? Ask “why” until the answer is something that can be changed.",
        "ja": "なぜ起きましたか。変えられるものに行き着くまで「なぜ」を繰り返してください。",
    },
    "postmortem.cause.detection": {
        "en": "Why was it not noticed earlier, or not caught before release?",
        "ja": "なぜ、もっと早く気付けなかったのですか。なぜ、リリース前に防げなかったのですか。",
    },
    "postmortem.solution": {"en": "Solution", "ja": "解決策"},
    "postmortem.solution.ask": {
        "en": "What was done to recover, and is it for good or for now?",
        "ja": "復旧のために何をしましたか。恒久対応ですか、暫定対応ですか。",
    },
    "postmortem.notes": {"en": "Notes made during the incident:", "ja": "対応中に残されたメモ:"},
    "postmortem.prevention": {"en": "Prevention", "ja": "再発防止策"},
    "postmortem.action": {"en": "Action", "ja": "対策"},
    "postmortem.owner": {"en": "Owner", "ja": "担当者"},
    "postmortem.due": {"en": "Due", "ja": "期限"},
    "postmortem.owner.ask": {"en": "✍️ owner", "ja": "✍️ 担当者"},
    "postmortem.due.ask": {"en": "✍️ YYYY-MM-DD", "ja": "✍️ YYYY-MM-DD"},
    "postmortem.action.ask": {
        "en": "✍️ what keeps it from happening again",
        "ja": "✍️ 再び起こさないためにすること",
    },
    "postmortem.action.detect": {
        "en": "✍️ what shows it sooner",
        "ja": "✍️ もっと早く気付くためにすること",
    },
    "postmortem.action.channel": {
        "en": "Find out why notifications by {channel} failed: {error}",
        "ja": "{channel} で通知に失敗した原因を調べる: {error}",
    },
    "postmortem.action.nobody": {
        "en": "Find out why nobody acknowledged",
        "ja": "誰も対応を引き受けなかった理由を調べる",
    },
    "postmortem.action.late": {
        "en": "Find out why step {step} of the escalation was needed",
        "ja": "エスカレーション第 {step} 段階まで必要になった理由を調べる",
    },
    "postmortem.learned": {"en": "What we learned", "ja": "学んだこと"},
    "postmortem.learned.well": {"en": "What went well", "ja": "うまくいったこと"},
    "postmortem.learned.badly": {"en": "What went badly", "ja": "うまくいかなかったこと"},
    "postmortem.learned.luck": {"en": "Where we were lucky", "ja": "運が良かったこと"},
    "postmortem.result.sending": {"en": "being sent", "ja": "送信中"},
    "postmortem.result.waiting": {
        "en": "will be tried again ({attempts:attempts})",
        "ja": "再送待ち（{attempts}回試行）",
    },
    "postmortem.result.sent": {"en": "sent", "ja": "送信済み"},
    "postmortem.result.outbox": {"en": "only kept in the outbox", "ja": "送信箱に保存（未送信）"},
    "postmortem.result.logged": {"en": "only written to the log", "ja": "ログに出力したのみ"},
    "postmortem.result.sent.again": {
        "en": "sent (attempt {attempts})",
        "ja": "送信済み（{attempts}回目）",
    },
    "postmortem.result.failed": {"en": "failed: {error}", "ja": "失敗: {error}"},
    "postmortem.result.withdrawn": {
        "en": "not sent: it was over before",
        "ja": "送信取りやめ（解決済みのため）",
    },
    "timeline.not-done.stale": {
        "en": "{actor} asked for “{action}”: not done, the incident had moved on since",
        "ja": "{actor} の操作「{action}」: その前に状態が変わっていたため、行いませんでした",
    },
    "timeline.not-done.nothing": {
        "en": "{actor} asked for “{action}”: nothing to do, it was so already",
        "ja": "{actor} の操作「{action}」: すでにその状態のため、変更はありません",
    },
    "timeline.not-done.refused": {
        "en": "{actor} asked for “{action}”: refused, {reason}",
        "ja": "{actor} の操作「{action}」: 拒否しました（{reason}）",
    },
    "timeline.unproven": {
        "en": "{line} (who it was is not proven: others can use that link too)",
        "ja": "{line}（共有リンクからの操作のため、本人かどうかは証明されていません）",
    },
    "timeline.entered": {"en": "{line} (entered by {who})", "ja": "{line}（入力: {who}）"},
    "action.acknowledge": {"en": "acknowledge", "ja": "対応を引き受ける"},
    "action.resolve": {"en": "resolve", "ja": "解決済みにする"},
    "action.reopen": {"en": "reopen", "ja": "再開する"},
    "action.escalate": {"en": "escalate", "ja": "エスカレーションする"},
    "action.note": {"en": "note", "ja": "メモを記録"},
    "action.severity": {"en": "severity", "ja": "重大度を変更"},
}

text: Final = Catalogue(TEXTS)
