"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.logs.empty": {"en": "there are no paths.", "ja": "パスがありません。"},
}

both: Final = Catalogue(TEXTS).both
