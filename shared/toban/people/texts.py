"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.people.unknown-person": {
        "en": "there is no person {name}.{hint}",
        "ja": "担当者 {name} は定義されていません。{hint}",
    },
    "finding.people.no-email": {
        "en": "{name} has no email address.",
        "ja": "{name} にメールアドレスがありません。",
    },
    "finding.people.unused-person": {
        "en": "nothing ever calls {name}.",
        "ja": "{name} はどこからも呼ばれません。",
    },
    "section.people": {"en": "people", "ja": "担当者"},
}

both: Final = Catalogue(TEXTS).both
