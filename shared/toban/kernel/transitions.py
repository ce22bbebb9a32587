"""Tables of statuses: which may follow which, said beside the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class IllegalTransitionError(RuntimeError):
    """A status that may not follow the one before: a defect of whoever asked for it."""


@dataclass(frozen=True)
class Transitions:
    """The statuses that a document may begin with, and those that may follow each."""

    first: tuple[str, ...]
    then: Mapping[str, tuple[str, ...]]
    field: str = "status"

    def require(self, document: str, before: str, after: str) -> None:
        """Raise `IllegalTransitionError` unless one may follow the other (or is the same)."""
        if before != after and after not in self.then.get(before, ()):
            raise IllegalTransitionError(f"{document}: {after} does not follow {before}")
