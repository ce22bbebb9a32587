"""
Statuses: which may follow which, said beside the document and changed by one function.

A status that is set anywhere else is refused by tests/house; one that does not follow is refused
here, and once more when the document is put (`toban.kernel.work`), however it was changed.
`make map` draws each table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


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


class WithStatus(Protocol):
    """A document, as far as its status goes."""

    id: str

    @property
    def STATUS(self) -> Transitions | None:  # noqa: N802  a constant of the class
        """See `toban.kernel.document.Document`."""


def move(document: WithStatus, to: str) -> None:
    """
    Give a document another status.

    Raises `IllegalTransitionError` for one that its table does not know. One that it has already is
    no change.
    """
    table = document.STATUS
    if table is None:
        raise IllegalTransitionError(f"{type(document).__name__} has no statuses")
    name = f"{type(document).__name__} {document.id}"
    table.require(name, getattr(document, table.field), to)
    setattr(document, table.field, to)
