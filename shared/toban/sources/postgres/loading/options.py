"""What a restore says about its target."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from toban.sources.postgres.loading.databases import GENERATED

_NAME: Final = re.compile(r"[a-z0-9_]{1,40}")


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """What a restore says about its target."""

    database: str = ""
    """Empty: one that we make, and name."""
    clean: bool = False
    """Replace a database full of data, and keep it beside."""
    restore: str = ""
    purpose: str = "recovery"
    """``test``: it is dropped again."""
    attempt: int = 0
    owners: bool = True
    any_locale: bool = False
    settings: bool = True
    only: tuple[str, ...] = ()
    server: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What was recorded beside the dump (`toban.sources.postgres.needs`)."""

    @property
    def owned(self) -> bool:
        """Whether owners and privileges are restored."""
        return self.owners and self.purpose != "test"


def generated_name(words: Iterable[object]) -> str:
    """``toban_restore_`` and the first word there is: as it is, or hashed if it is no plain name."""
    word = next(str(word) for word in words if word)
    plain = word.lower().replace("-", "_")
    if not _NAME.fullmatch(plain):
        plain = hashlib.sha256(word.encode()).hexdigest()[:16]
    return GENERATED + plain
