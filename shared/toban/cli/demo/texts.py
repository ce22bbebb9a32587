"""What `toban demo` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.demo": {
        "en": "play one incident, from the alert to the postmortem",
        "ja": "アラートからポストモーテムまでの実演",
    },
    "help.demo.keep": {
        "en": "keep the state in DIR (default: a new directory under the system's temporary one)",
        "ja": "状態を DIR に残す（既定: 一時ディレクトリに新しく作る）",
    },
    "demo.title": {
        "en": "toban demo: one incident, from the alert to the postmortem, and one backup",
        "ja": "toban の実演: アラートからポストモーテムまでのインシデントと、バックアップの復元",
    },
    "demo.intro": {
        "en": "Everything runs on this machine, in {data}. Slack and the mail server are stand-ins.",
        "ja": "すべてこのマシンの {data} で動きます。Slack とメールサーバーはスタブです。",
    },
    "demo.shortened": {
        "en": "So that nobody has to wait, a copy of the profile ({services}) has its escalation steps at {after} instead of {before}.",
        "ja": "待たずに済むよう、プロファイルのコピー（{services}）ではエスカレーションの時刻を {before} から {after} に縮めています。",
    },
    "demo.ready": {
        "en": "toban dev is ready at {url} (after {seconds} s)",
        "ja": "toban dev が {url} で動き始めました（{seconds} 秒）",
    },
    "demo.duty": {
        "en": "on duty: {primary}; second: {secondary}",
        "ja": "主当番: {primary}、副当番: {secondary}",
    },
    "demo.fires": {
        "en": "Cloud Monitoring reports: the error rate is too high",
        "ja": "Cloud Monitoring からの通知: エラー率が高くなっています",
    },
    "demo.posted": {"en": "POST {path} → {status}", "ja": "POST {path} → {status}"},
    "demo.opened": {
        "en": "{id} opened after {ms} ms: {severity} {title}",
        "ja": "{ms} ミリ秒でインシデント {id} を開始: {severity} {title}",
    },
    "demo.notified": {"en": "→ {who}: {status}", "ja": "→ {who}: {status}"},
    "demo.again": {
        "en": "The same message comes a second time, as messages do",
        "ja": "同じメッセージがもう一度届きます（よくあることです）",
    },
    "demo.unchanged": {
        "en": "still {incidents} open incident with {alerts} alert, {more} more notifications",
        "ja": "未解決のインシデントは {incidents} 件、アラートは {alerts} 件、増えた通知は {more} 件",
    },
    "demo.more": {
        "en": "Alertmanager reports two slow instances of the same service",
        "ja": "Alertmanager からの通知: 同じサービスのインスタンス 2 台の応答が遅くなっています",
    },
    "demo.joined": {
        "en": "{n} alerts joined {id}, which has {alerts} now; nobody is woken again",
        "ja": "{n} 件が {id} に加わり、アラートは {alerts} 件になりました。担当者を再び起こすことはありません",
    },
    "demo.waiting": {
        "en": "Nobody answers. In {seconds} s step {step} calls {who} …",
        "ja": "誰も応答しません。あと {seconds} 秒で第 {step} 段階に進み、{who} を呼びます…",
    },
    "demo.escalated": {"en": "escalated to step {step}", "ja": "第 {step} 段階へ進みました"},
    "demo.link": {
        "en": "{who} opens the link in the mail “{subject}”",
        "ja": "{who} がメール「{subject}」のリンクを開きます",
    },
    "demo.looked": {
        "en": "opening it only asks (the incident is still {status}); the button acts",
        "ja": "開いただけでは変わらず（状態は{status}のまま）、ボタンで操作が行われます",
    },
    "demo.acknowledged": {
        "en": "acknowledged by {who} after {after}; the escalation stops",
        "ja": "{after}後に {who} が対応を引き受け、エスカレーションが止まりました",
    },
    "demo.note": {
        "en": "They find the cause, and write it down ({command})",
        "ja": "原因を見つけ、書き残します（{command}）",
    },
    "demo.note.text": {
        "en": "Revision 00042 answers 5xx; traffic is back on 00041.",
        "ja": "リビジョン 00042 が 5xx を返していたため、00041 に戻しました。",
    },
    "demo.noted": {"en": "in the timeline now: {note}", "ja": "経過に残りました: {note}"},
    "demo.recovers": {
        "en": "Both monitors report that all is well again",
        "ja": "どちらの監視からも復旧の通知が届きます",
    },
    "demo.resolved": {
        "en": "resolved after {after}; whoever was called is told",
        "ja": "{after}で解決しました。呼ばれた全員に知らせます",
    },
    "demo.drafted": {"en": "postmortem draft: {blob}", "ja": "ポストモーテムの下書き: {blob}"},
    "demo.what-happened": {"en": "── The incident", "ja": "── このインシデント"},
    "demo.what-caused": {
        "en": "── What caused what (from the first alert)",
        "ja": "── 何が何を引き起こしたか（最初のアラートから）",
    },
    "demo.received": {
        "en": "The stand-ins received {slack:Slack messages} and {mails:mails}.",
        "ja": "スタブが受け取ったのは Slack {slack} 通、メール {mails} 通です。",
    },
    "demo.postmortem": {"en": "── The postmortem draft", "ja": "── ポストモーテムの下書き"},
    "demo.next": {"en": "── What to try next", "ja": "── 次に試すこと"},
    "demo.try.show": {
        "en": "the incident again, at any time",
        "ja": "このインシデントをいつでも見直す",
    },
    "demo.try.trace": {
        "en": "every event, handler and millisecond",
        "ja": "すべてのイベント、処理、所要時間",
    },
    "demo.try.notifications": {
        "en": "who was told, and how it went",
        "ja": "誰に知らせたか、その結果",
    },
    "demo.try.oncall": {"en": "who is on duty", "ja": "いまの当番"},
    "demo.try.dev": {
        "en": "run it yourself; the README goes on from here",
        "ja": "自分で動かす（続きは README に）",
    },
    "demo.done": {
        "en": "Done in {seconds} s. Everything lies in {data}; remove it when you like.",
        "ja": "{seconds} 秒で終わりました。すべて {data} にあります。いつ消してもかまいません。",
    },
    "demo.stuck": {
        "en": "{what} did not come; see {log}",
        "ja": "{what} が届きませんでした。{log} を確認してください",
    },
    "demo.not-ready": {
        "en": "toban dev did not get ready; see {log}",
        "ja": "toban dev が起動しませんでした。{log} を確認してください",
    },
    "demo.backup.due": {
        "en": "A backup is due: {objects} recordings, as the profile says ({schedule})",
        "ja": "バックアップの時刻です: 録音 {objects} 件（プロファイルのスケジュール {schedule}）",
    },
    "demo.backup.verified": {
        "en": "{id}: taken, replicated and read back in {seconds} s ({bytes} bytes in each region)",
        "ja": "{id}: 取得・複製・読み戻しの検証まで {seconds} 秒（各リージョンに {bytes} バイト）",
    },
    "demo.backup.copy": {
        "en": "{region}: {bucket}, verified to the level “{level}”",
        "ja": "{region}: {bucket}、検証レベルは{level}",
    },
    "demo.backup.lost": {
        "en": "Somebody empties {bucket}, and the region {region} is lost with it",
        "ja": "誰かが {bucket} を空にし、リージョン {region} も失われました",
    },
    "demo.backup.gone": {
        "en": "{objects} recordings are left. Restoring …",
        "ja": "残った録音は {objects} 件。復元します…",
    },
    "demo.backup.back": {
        "en": "{same} of {objects} recordings are back as they were, from {region} alone",
        "ja": "録音 {objects} 件のうち {same} 件が、{region} だけから元どおりに戻りました",
    },
    "demo.backup.spans": {
        "en": "what the recovery clock says: {spans}",
        "ja": "復旧にかかった時間: {spans}",
    },
}
