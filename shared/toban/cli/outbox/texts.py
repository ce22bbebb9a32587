"""What `toban outbox` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.outbox": {
        "en": "what channels that are not configured would have sent",
        "ja": "未設定のチャンネルが送るはずだった通知",
    },
    "help.outbox.list": {
        "en": "what is kept of it on this machine",
        "ja": "このマシンに保存した通知の一覧",
    },
    "help.outbox.show": {
        "en": "one as it would have looked: mail, Slack message, webhook",
        "ja": "届くはずだった形で表示（メール、Slack、Webhook）",
    },
    "help.outbox.incident": {
        "en": "only of this incident",
        "ja": "このインシデントの通知だけ",
    },
    "help.outbox.id": {
        "en": "id, or its beginning (default: the newest)",
        "ja": "ID（先頭だけでもよい、既定: 最新）",
    },
    "help.outbox.html": {
        "en": "write the HTML of the mail to a file, for a browser",
        "ja": "メールの HTML をファイルに書き出す（ブラウザー用）",
    },
    "what.outbox": {"en": "message in the outbox", "ja": "送信箱の通知"},
    "none.outbox": {
        "en": "The outbox is empty: toban dev keeps here what a channel without its settings would send.",
        "ja": "送信箱は空です。toban dev は、設定のないチャンネルが送るはずだった通知をここに保存します。",
    },
    "none.outbox.such": {
        "en": "Nothing like that is in the outbox. Everything in it: toban outbox list",
        "ja": "条件に合う通知は送信箱にありません。すべて表示: toban outbox list",
    },
    "outbox.more": {
        "en": "None of these was sent. One as it would have looked: toban outbox show ID",
        "ja": "いずれも送信していません。届くはずだった形で見る: toban outbox show ID",
    },
    "outbox.no-html": {
        "en": "{channel} sends no HTML: leave --html out",
        "ja": "{channel} は HTML を送りません。--html を外してください",
    },
    "outbox.written": {"en": "written to {file}", "ja": "{file} に書き出しました"},
    "outbox.has-html": {
        "en": "As HTML: toban outbox show {id} --html mail.html",
        "ja": "HTML で見る: toban outbox show {id} --html mail.html",
    },
    "outbox.to": {"en": "To", "ja": "宛先"},
    "outbox.channel": {"en": "Channel", "ja": "チャンネル"},
    "outbox.subject": {"en": "Subject", "ja": "件名"},
    "outbox.at": {"en": "At", "ja": "時刻"},
    "outbox.lacks": {"en": "Not sent, for want of", "ja": "未送信（設定がないもの）"},
    "column.headline": {"en": "SUBJECT", "ja": "件名"},
}
