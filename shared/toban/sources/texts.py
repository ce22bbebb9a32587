"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.sources.wrong-value": {
        "en": "not the name of a bucket (no gs://): {name}.",
        "ja": "バケット名ではありません（gs:// は付けません）: {name}",
    },
    "finding.sources.incomplete": {
        "en": "it needs either url_secret or instance.",
        "ja": "url_secret か instance のどちらか一つが必要です。",
    },
    "finding.sources.wrong-value.instance": {
        "en": "expected {form}, got {instance}.",
        "ja": "{form} の形で書きます: {instance}",
    },
}

both: Final = Catalogue(TEXTS).both
