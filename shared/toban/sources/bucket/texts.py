"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.bucket.source-is-destination": {
        "en": "{bucket} is a destination as well.",
        "ja": "{bucket} は保存先でもあります。",
    },
    "finding.bucket.not-sealed": {
        "en": "with copy: true content is not encrypted by key, only at rest by the bucket's own.",
        "ja": "copy: true の内容は key で暗号化されず、バケットの保存時の暗号化だけになります。",
    },
}

both: Final = Catalogue(TEXTS).both
