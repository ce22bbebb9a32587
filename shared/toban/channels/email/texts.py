"""How mail is called."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "channels.email.address": {"en": "email address", "ja": "メールアドレス"},
}

both: Final = Catalogue(TEXTS).both
