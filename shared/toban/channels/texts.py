"""What several kinds of channels say around a notice."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "notice.service": {"en": "Service", "ja": "サービス"},
    "notice.labels": {"en": "Labels", "ja": "ラベル"},
    "notice.next": {"en": "Next", "ja": "次に"},
}

text: Final = Catalogue(TEXTS)
