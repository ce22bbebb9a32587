"""
The composite indexes that queries need, checked by every store.

In production Firestore refuses a query without its index; its emulator, SQLite and memory would
answer it. So each of them asks here first, and a missing index fails in the first test that meets
the query. `make map` writes what the classes declare to infra/terraform/documents.tf.
"""

from __future__ import annotations

import sys

from toban.kernel.document import CLASSES
from toban.ports import Query


class MissingIndexError(ValueError):
    """Firestore would refuse this query: no declared index serves it."""


def composite_index(query: Query) -> list[tuple[str, str]] | None:
    """
    Return the fields and directions of the composite index that the query needs in production.

    None when the automatic single-field indexes are enough. Rules:
    https://cloud.google.com/firestore/docs/query-data/index-overview
    """
    order = [] if query.order_by is None else [_direction(query.order_by)]
    known = {name for name, _ in order}
    equal = {name for name, operator, _ in query.where if operator == "=="} - known
    ranged = {name for name, operator, _ in query.where if operator != "=="} - known
    fields = [
        *((name, "ASCENDING") for name in sorted(equal)),
        *order,
        *((name, "ASCENDING") for name in sorted(ranged)),
    ]
    # Equalities alone are answered by merging single-field indexes.
    needed = len(fields) > 1 and bool(order or ranged)
    return fields if needed else None


def require_index(query: Query) -> None:
    """
    Raise `MissingIndexError` for a query whose index its document class does not declare.

    Collections without a document class (a source that is backed up, a store's own tests) are
    not checked.
    """
    owner = CLASSES.get(query.collection)
    needed = composite_index(query) if owner is not None else None
    if owner is None or needed is None:
        return
    fields = tuple(f"-{name}" if way == "DESCENDING" else name for name, way in needed)
    if fields not in owner.INDEXES:
        place = getattr(sys.modules.get(owner.__module__), "__file__", owner.__module__)
        raise MissingIndexError(
            f"{place}: {owner.__name__}.INDEXES lacks {fields!r}, which {query} needs;"
            " add it and run `make map`"
        )


def _direction(order_by: str) -> tuple[str, str]:
    return order_by.removeprefix("-"), "DESCENDING" if order_by[0] == "-" else "ASCENDING"
