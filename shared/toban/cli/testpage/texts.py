"""What `toban test-page` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.test-page": {
        "en": "call somebody for a test, by every channel; they answer with one tap",
        "ja": "全チャンネルでテスト呼び出しを送る（本人はワンタップで応答）",
    },
    "help.test-page.person": {"en": "id or name of the person", "ja": "呼び出す人の ID または名前"},
    "help.test-page.list": {
        "en": "instead: who has answered one, and by what",
        "ja": "送らずに、誰がどの手段で応答したかを一覧にする",
    },
    "test-page.whom": {
        "en": "name whom to call: toban test-page PERSON; who has answered: toban test-page --list",
        "ja": "呼び出す人を指定してください: toban test-page PERSON。応答の一覧: toban test-page --list",
    },
    "test-page.several": {
        "en": "several services have {word!r}: say which by {services}",
        "ja": "{word!r} は複数のサービスにいます。いずれかを指定してください: {services}",
    },
    "what.person": {"en": "person", "ja": "人"},
    "test-page.refused": {
        "en": "no test page for {person}: {error}",
        "ja": "{person} にテスト呼び出しを送れません: {error}",
    },
    "test-page.not-seen": {
        "en": "nothing was seen of the test page for {person} within {seconds} s; it may still be sent: toban trace {event}",
        "ja": "{person} へのテスト呼び出しを {seconds} 秒以内に確認できませんでした。これから送られる可能性があります: toban trace {event}",
    },
    "test-page.reached": {
        "en": "test page to {name} by {channels}",
        "ja": "{name} にテスト呼び出し（{channels}）",
    },
    "test-page.under-way": {
        "en": "test page to {name} by {channels}, not sent yet",
        "ja": "{name} へのテスト呼び出し（{channels}）はまだ送信されていません",
    },
    "test-page.failed": {
        "en": "the test page to {name} reached nobody: no message could be sent",
        "ja": "{name} へのテスト呼び出しは届いていません。どのチャンネルでも送信できませんでした",
    },
    "test-page.next": {
        "en": "To be answered by its link within {within}; see: toban test-page --list {person}",
        "ja": "{within}以内にリンクから応答が必要です。確認: toban test-page --list {person}",
    },
    "none.test-pages": {
        "en": "Nobody is called by a channel that leaves this machine (toban apply brings profiles here).",
        "ja": "このマシンの外に届くチャンネルで呼び出す人はいません（プロファイルの適用: toban apply）。",
    },
    "test-page.never": {"en": "not yet", "ja": "まだ"},
    "test-page.changed": {"en": "changed since", "ja": "確認後に変更"},
    "test-page.shown": {"en": "shown", "ja": "確認済み"},
    "test-page.status.sent": {"en": "waiting", "ja": "応答待ち"},
    "test-page.status.failed": {"en": "not sent", "ja": "送信失敗"},
    "test-page.status.unanswered": {"en": "not answered", "ja": "応答なし"},
    "test-page.status.answered": {"en": "answered", "ja": "応答あり"},
    "column.person": {"en": "PERSON", "ja": "人"},
    "column.reachable": {"en": "REACHABLE", "ja": "到達確認"},
    "column.ways": {"en": "CHANNELS", "ja": "チャンネル"},
    "column.asked": {"en": "TESTED", "ja": "テスト"},
    "column.newest-test": {"en": "RESULT", "ja": "結果"},
    "column.answered-by": {"en": "ANSWERED BY", "ja": "応答した手段"},
}
