"""Documents in SQLite."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from toban.adapters.local.sqlite import values
from toban.adapters.local.sqlite.database import SqliteDatabase, Transaction
from toban.ports import (
    AlreadyExists,
    Create,
    Delete,
    Key,
    Query,
    Snapshot,
    Stale,
    Unavailable,
    Write,
)

_OPERATORS = {"==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class SqliteStore:
    """
    The `Store` port in one table.

    A field gets its index when it is first queried: one index for each collection and field,
    over (rank of the value's type, value, id), so that a comparison never meets another type
    and `order_by` needs no sorting.
    """

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._indexed: set[tuple[str, str]] = set()

    def get(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """See `toban.ports.Store`; all are read at one moment."""
        for key in keys:
            values.check_key(key)
        with self._database.reading() as connection:
            if len(keys) > 1:
                connection.execute("BEGIN")
            return [self._read(connection, Key(*key)) for key in keys]

    @staticmethod
    def _read(connection: sqlite3.Connection, key: Key) -> Snapshot | None:
        row = connection.execute(
            "SELECT version, data FROM documents WHERE collection = ? AND id = ?", key
        ).fetchone()
        if row is None:
            return None
        return Snapshot(key, values.decode_document(row[1]), str(row[0]))

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """See `toban.ports.Store`."""
        values.check_writes(writes)
        if not writes:
            return []
        texts = [
            "" if isinstance(write, Delete) else values.encode_document(write.data)
            for write in writes
        ]

        def apply(transaction: Transaction) -> list[str]:
            return [
                _apply(transaction, write, text) for write, text in zip(writes, texts, strict=True)
            ]

        return self._database.write(apply)

    def query(self, query: Query) -> list[Snapshot]:
        """See `toban.ports.Store`."""
        statement, parameters = self.statement(query)
        with self._database.reading() as connection:
            rows = connection.execute(statement, parameters).fetchall()
        return [
            Snapshot(Key(query.collection, id_), values.decode_document(data), str(version))
            for id_, version, data in rows
        ]

    def count(self, query: Query) -> int:
        """See `toban.ports.Store`."""
        source, condition, parameters = self._selection(replace(query, order_by=None))
        with self._database.reading() as connection:
            row = connection.execute(
                f"SELECT count(*) FROM {source} WHERE {condition}",  # noqa: S608
                parameters,
            ).fetchone()
        return int(row[0])

    def statement(self, query: Query) -> tuple[str, tuple[Any, ...]]:
        """Return the SQL of a query and what is bound to it; makes the index that it uses."""
        source, condition, parameters = self._selection(query)
        order = "id"
        if query.order_by is not None:
            field = query.order_by.removeprefix("-")
            down = " DESC" if query.order_by.startswith("-") else ""
            condition += f" AND {_rank(field)} IS NOT NULL"
            order = f"{_value(field)}{down}, id{down}"
            if all(field != compared for compared, _, _ in query.where):
                order = f"{_rank(field)}{down}, {order}"  # else one type, and the index is in order
        sql = f"SELECT id, version, data FROM {source} WHERE {condition} ORDER BY {order} LIMIT ?"  # noqa: S608
        return sql, (*parameters, -1 if query.limit is None else query.limit)

    def _selection(self, query: Query) -> tuple[str, str, tuple[Any, ...]]:
        """
        What to select from, under which condition, and the parameters of that.

        Fields are plain names (`values.check_query`); everything else is bound or quoted.
        """
        values.check_query(query)
        # A literal, not a parameter: a partial index is used only for a condition known in time.
        parts = [f"collection = {_literal(query.collection)}"]
        parameters: list[Any] = []
        for field, operator, value in query.where:
            plain = values.normal(value)
            parts.append(f"{_rank(field)} = {values.rank(plain)}")
            if plain is not None:
                parts.append(f"{_value(field)} {_OPERATORS[operator]} ?")
                parameters.append(values.encode_scalar(plain))
            elif operator != "==":
                parts.append("FALSE")
        # The planner knows nothing about these indexes and would rather read the collection.
        equal = [field for field, operator, _ in query.where if operator == "=="]
        order = [query.order_by.removeprefix("-")] if query.order_by else []
        compared = [field for field, _, _ in query.where]
        best = [*equal, *(field for field in order if field in compared), *compared, *order]
        if not best:
            return "documents", " AND ".join(parts), ()
        source = "documents"
        with contextlib.suppress(Unavailable):  # a full disk can still be read, only more slowly
            self._index(query.collection, best[0])
            source += f" INDEXED BY {_identifier(_index_name(query.collection, best[0]))}"
        return source, " AND ".join(parts), tuple(parameters)

    def _index(self, collection: str, field: str) -> None:
        with self._lock:
            known = (collection, field) in self._indexed
        if known:
            return
        name = _index_name(collection, field)
        with self._database.reading() as connection:
            known = bool(
                connection.execute(
                    "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?",
                    (name,),
                ).fetchone()
            )
        if not known:
            statement = (
                f"CREATE INDEX IF NOT EXISTS {_identifier(name)} ON documents"
                f" ({_rank(field)}, {_value(field)}, id)"
                f" WHERE collection = {_literal(collection)}"
            )
            self._database.write(lambda transaction: transaction.execute(statement).rowcount)
        with self._lock:
            self._indexed.add((collection, field))


def _apply(transaction: Transaction, write: Write, text: str) -> str:
    place = f"{write.key.collection}/{write.key.id}"
    version = 0 if isinstance(write, Delete) else transaction.next_number()
    if isinstance(write, Create):
        try:
            transaction.execute(
                "INSERT INTO documents (collection, id, version, data) VALUES (?, ?, ?, ?)",
                (*write.key, version, text),
            )
        except sqlite3.IntegrityError:
            raise AlreadyExists(place) from None
        return str(version)
    # No version of this store has more digits than fit SQLite's integers.
    if not (write.version.isascii() and write.version.isdigit() and len(write.version) < 19):
        raise Stale(place)
    expected = int(write.version)
    if isinstance(write, Delete):
        cursor = transaction.execute(
            "DELETE FROM documents WHERE collection = ? AND id = ? AND version = ?",
            (*write.key, expected),
        )
    else:
        cursor = transaction.execute(
            "UPDATE documents SET version = ?, data = ?"
            " WHERE collection = ? AND id = ? AND version = ?",
            (version, text, *write.key, expected),
        )
    if cursor.rowcount != 1:
        raise Stale(place)
    return str(version) if version else ""


def _index_name(collection: str, field: str) -> str:
    return f"documents {collection} {field}"


def _value(field: str) -> str:
    return f"json_extract(data, '$.{field}')"


def _rank(field: str) -> str:
    """`values.rank` in SQL; NULL where there is no such field."""
    return (
        f"CASE json_type(data, '$.{field}') WHEN 'null' THEN 0 WHEN 'true' THEN 1"
        " WHEN 'false' THEN 1 WHEN 'integer' THEN 2 WHEN 'real' THEN 2 WHEN 'text' THEN"
        f" CASE substr({_value(field)}, 1, 2) WHEN '~t' THEN 3 WHEN '~b' THEN 5 ELSE 4 END"
        " WHEN 'array' THEN 6 WHEN 'object' THEN 7 END"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
