"""Queries as Firestore wants them."""

from __future__ import annotations

import re
from typing import Any

from google.cloud.firestore_v1 import types

from toban.adapters.google.firestore import values
from toban.kernel.indexes import require_index
from toban.ports import Query, Snapshot

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_OPERATORS = {
    "==": types.StructuredQuery.FieldFilter.Operator.EQUAL,
    "<": types.StructuredQuery.FieldFilter.Operator.LESS_THAN,
    "<=": types.StructuredQuery.FieldFilter.Operator.LESS_THAN_OR_EQUAL,
    ">": types.StructuredQuery.FieldFilter.Operator.GREATER_THAN,
    ">=": types.StructuredQuery.FieldFilter.Operator.GREATER_THAN_OR_EQUAL,
}
_ASCENDING = types.StructuredQuery.Direction.ASCENDING
_DESCENDING = types.StructuredQuery.Direction.DESCENDING
_IS_NULL = types.StructuredQuery.UnaryFilter.Operator.IS_NULL
_AND = types.StructuredQuery.CompositeFilter.Operator.AND


def matches_nothing(query: Query) -> bool:
    """
    Return whether no document can match (None is never less or greater than anything).

    Raises `ValueError` when a field is no plain name, an operator unknown, the limit below 1,
    or an index missing.
    """
    fields = [name for name, _, _ in query.where]
    if query.order_by is not None:
        fields.append(query.order_by.removeprefix("-"))
    for name in fields:
        if not _PLAIN.match(name):
            raise ValueError(f"not a field that can be queried: {name!r}")
    for name, operator, value in query.where:
        if operator not in _OPERATORS:
            raise ValueError(f"no such operator: {operator!r}")
        if isinstance(value, list | tuple | dict):
            raise ValueError(f"{name} can only be compared with a single value")
    if query.limit is not None and query.limit < 1:
        raise ValueError("a limit is at least 1")
    require_index(query)
    return any(value is None and operator != "==" for _, operator, value in query.where)


def fill(target: Any, query: Query) -> None:
    """Fill an empty protocol buffer ``StructuredQuery``."""
    target.from_.add(collection_id=values.document_id(query.collection))
    if query.where:
        every = target.where.composite_filter
        every.op = _AND
        for name, operator, value in query.where:
            one = every.filters.add()
            if value is None:
                one.unary_filter.field.field_path = _path(name)
                one.unary_filter.op = _IS_NULL
            else:
                one.field_filter.field.field_path = _path(name)
                one.field_filter.op = _OPERATORS[operator]
                values.put(one.field_filter.value, value)
    if query.order_by is not None:
        # Ids follow as the last criterion, in the same direction.
        name, descends = _direction(query.order_by)
        order = target.order_by.add()
        order.field.field_path = _path(name)
        order.direction = _DESCENDING if descends else _ASCENDING
    if query.limit is not None and not _sorted_here(query):
        target.limit.value = query.limit


def ordered(query: Query, found: list[Snapshot]) -> list[Snapshot]:
    """Return the answer in the order of the port, where the server could not be asked for it."""
    if not _sorted_here(query):
        return found
    return sorted(found, key=lambda snapshot: snapshot.key.id)[: query.limit]


def _sorted_here(query: Query) -> bool:
    """Firestore sorts a range by its field first; order by it, and the server applies the limit."""
    return query.order_by is None and any(operator != "==" for _, operator, _ in query.where)


def _direction(order_by: str) -> tuple[str, bool]:
    return order_by.removeprefix("-"), order_by.startswith("-")


def _path(name: str) -> str:
    escaped = values.escape(name)
    return escaped if escaped == name else f"`{escaped}`"
