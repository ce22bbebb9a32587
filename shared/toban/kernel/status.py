"""
Statuses: a table beside each document says which may follow which, and one function changes them.

One that may not follow is refused here, and again when the document is put (`toban.kernel.work`). A
status set anywhere else is refused by tests/house. `make map` draws each table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class IllegalTransitionError(RuntimeError):
    """A status that may not follow the current one: a defect of the caller."""


@dataclass(frozen=True)
class Transitions:
    """The statuses that a document may begin with, and those that may follow each."""

    first: tuple[str, ...]
    then: Mapping[str, tuple[str, ...]]
    field: str = "status"

    def require(self, document: str, before: str, after: str) -> None:
        """Raise `IllegalTransitionError` unless the status may follow the other or equals it."""
        if before != after and after not in self.then.get(before, ()):
            raise IllegalTransitionError(f"{document}: {after} does not follow {before}")


class WithStatus(Protocol):
    """A document that has a status."""

    id: str

    @property
    def STATUS(self) -> Transitions | None:  # noqa: N802  a constant of the class
        """See `toban.kernel.document.Document`."""


def move(document: WithStatus, to: str) -> None:
    """
    Give a document another status.

    Raises `IllegalTransitionError` when the table does not allow it. The current status is no
    change.
    """
    table = document.STATUS
    if table is None:
        raise IllegalTransitionError(f"{type(document).__name__} has no statuses")
    name = f"{type(document).__name__} {document.id}"
    table.require(name, getattr(document, table.field), to)
    setattr(document, table.field, to)
