"""What an alert about the incidents themselves says."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "alert.too-many-open": {
        "en": "{service}: {number} incidents are open at once",
        "ja": "{service}: インシデントが同時に {number} 件発生中です",
    },
    "alert.too-many-open.summary": {
        "en": "Alerts of further rules join the newest of them from now on. Their people are still called, but resolve what is over, or group alerts differently (grouping.by, grouping.max_open).",
        "ja": "これ以降、ほかのルールのアラートは最新のインシデントに加わります。呼び出しは続きますが、終わったものを解決するか、まとめ方（grouping.by、grouping.max_open）を見直してください。",
    },
}

text: Final = Catalogue(TEXTS)
