"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.severities.reaches-nobody": {
        "en": "alerts come in, but without severities their incidents reach nobody.",
        "ja": "アラートを受けるのに severities がなく、インシデントは誰にも届きません。",
    },
    "finding.severities.same-level": {
        "en": "level {level} is the same as that of {first}.",
        "ja": "レベル {level} は {first} と同じです。",
    },
    "finding.severities.wrong-value": {
        "en": "at least 5m: nobody can look after an incident that asks more often.",
        "ja": "5m 以上にしてください。",
    },
    "finding.severities.empty": {"en": "the word is empty.", "ja": "空の語です。"},
    "finding.severities.long-silence": {
        "en": "beyond 7d an incident that everybody has forgotten stays so for long.",
        "ja": "7d を超えると、忘れられたインシデントが長く放置されます。",
    },
    "finding.severities.ambiguous-word": {
        "en": "{word} already means {owner}.",
        "ja": "{word} はすでに {owner} を意味しています。",
    },
    "section.severities": {"en": "severities", "ja": "重大度"},
}

both: Final = Catalogue(TEXTS).both
