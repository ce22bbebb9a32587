"""What a restore says about its target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


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
