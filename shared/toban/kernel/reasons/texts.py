"""Reasons why something failed."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "reason.secret": {"en": "secret {name} is not set", "ja": "シークレット {name} が未設定です"},
    "reason.the-secret": {
        "en": "the secret {name} is not set",
        "ja": "シークレット {name} が未設定です",
    },
    "reason.smtp": {"en": "TOBAN_SMTP_HOST is not set", "ja": "TOBAN_SMTP_HOST が未設定です"},
    "reason.make-key": {
        "en": "; make a key by: openssl rand -base64 32",
        "ja": "。鍵の作成: openssl rand -base64 32",
    },
    "reason.key": {
        "en": "the key cannot be used, and nothing is kept unencrypted: ",
        "ja": "鍵を使えません（暗号化せずに保存することはありません）: ",
    },
    "reason.no-link": {
        "en": "no link can be made (TOBAN_PUBLIC_URL, LINK_SIGNING), so nobody could answer",
        "ja": "リンクを作れず（TOBAN_PUBLIC_URL、LINK_SIGNING）、応答できないため送りません",
    },
    "reason.breaker": {
        "en": "{channel} was not called: it has stopped answering",
        "ja": "{channel} は応答しなくなっているため、呼び出しませんでした",
    },
}
