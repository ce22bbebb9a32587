"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.webhook.wrong-value": {
        "en": "expected a URL that begins with https://.",
        "ja": "https:// で始まる URL が必要です。",
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
