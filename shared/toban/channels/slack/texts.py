"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.slack.secret": {
        "en": "webhook_secret or token_secret",
        "ja": "webhook_secret か token_secret",
    },
    "finding.slack.channel": {
        "en": "channel (token_secret requires it)",
        "ja": "channel（token_secret には必須）",
    },
}

both: Final = Catalogue(TEXTS).both
