"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.grouping.expires-too-soon": {
        "en": "at least one hour: longer than senders wait between two reports of the same alert.",
        "ja": "1 時間以上にしてください。送信元が同じアラートを繰り返し送る間隔よりも長くします。",
    },
    "finding.grouping.wrong-value": {
        "en": "at least one incident must be allowed to be open.",
        "ja": "1 以上にしてください。",
    },
}

both: Final = Catalogue(TEXTS).both
