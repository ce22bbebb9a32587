"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.postgres.incomplete": {
        "en": "instance needs database as well.",
        "ja": "instance には database も必要です。",
    },
}

both: Final = Catalogue(TEXTS).both
