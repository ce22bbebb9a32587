"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.webhook.wrong-value": {
        "en": "expected a URL like https://host.example/path.",
        "ja": "https://host.example/path のような URL が必要です。",
    },
    "finding.webhook.credentials": {
        "en": "an address must not carry a password or a token: use url_secret, or signing_secret.",
        "ja": "URL にパスワードやトークンを書かないでください。url_secret か signing_secret を使ってください。",
    },
    "finding.webhook.plain": {
        "en": "http:// is not called: use https://.",
        "ja": "http:// の URL は呼び出しません。https:// を使ってください。",
    },
    "finding.webhook.here": {
        "en": "only `toban dev` calls an address on its own machine; deployed, it is refused.",
        "ja": "このマシン自身の URL を呼び出せるのは `toban dev` だけです。デプロイ後は拒否されます。",
    },
    "finding.webhook.forbidden": {
        "en": "a metadata server, or another address that is never called.",
        "ja": "メタデータサーバーなど、決して呼び出さない宛先です。",
    },
    "finding.webhook.private": {
        "en": "it leads into a private network, which is not called.",
        "ja": "プライベートネットワーク内の宛先は呼び出しません。",
    },
    "finding.webhook.secret-name": {
        "en": "a Slack webhook URL is a secret: use url_secret.",
        "ja": "Slack の Webhook URL は秘密です。url_secret を使ってください。",
    },
    "finding.webhook.url": {
        "en": "either url or url_secret",
        "ja": "url か url_secret のどちらか一つ",
    },
}

both: Final = Catalogue(TEXTS).both
