"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.grouping.wrong-value": {
        "en": "at least one incident must be allowed to be open.",
        "ja": "1 以上にしてください。",
    },
}

both: Final = Catalogue(TEXTS).both
