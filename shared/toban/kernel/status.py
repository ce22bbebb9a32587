"""
Statuses: which may follow which, said beside the document and changed by one function.

A status that is set anywhere else is refused by tests/house; one that does not follow is refused
here, and once more when the document is put (`toban.kernel.work`), however it was changed.
`make map` draws each table.
"""

from __future__ import annotations

from toban.kernel.transitions import IllegalTransitionError


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
