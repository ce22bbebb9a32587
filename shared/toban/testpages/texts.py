"""What test pages say, beside what every notification says."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "test.title.test": {
        "en": "Can you be called by this? ({name})",
        "ja": "この連絡方法で呼び出せるかの確認（{name}）",
    },
    "test.title.shift": {
        "en": "{name} comes on duty and has not shown that they can be called",
        "ja": "当番に入る {name} は、呼び出しテストにまだ応答していません",
    },
    "test.asked": {
        "en": "This is a test, asked for by {who}.",
        "ja": "これはテストです（依頼: {who}）。",
    },
    "test.shift": {
        "en": "This is a test. Your shift for {service} begins at {at}, and it has not been shown that you can be called by this.",
        "ja": "これはテストです。{service} の当番が {at} に始まりますが、この連絡方法で呼び出せることがまだ確認されていません。",
    },
    "test.others": {
        "en": "The shift of {name} begins at {at}. If they cannot be called, incidents will wait for the next step. To send another test page: toban test-page {id}",
        "ja": "{name} の当番は {at} に始まります。呼び出せない場合、インシデントは次の段階まで待つことになります。テストを送り直す: toban test-page {id}",
    },
}

text: Final = Catalogue(TEXTS)
"""Returns a text by language and key."""
