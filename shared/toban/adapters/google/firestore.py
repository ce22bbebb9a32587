"""
Documents in Firestore.

One optimistic batch per commit, never a read-write transaction: those lock pessimistically,
collapse under contention, and a crashed one blocks its documents for a minute. No client library
stands in between: `google.cloud.firestore.WriteBatch` retries commits by default (a lost answer
then looks like a conflict with ourselves), cannot replace a whole document under an update-time
precondition, and takes longer to import than a function to start. Protocol:
https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#commitrequest
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

import grpc

from toban.adapters.google import queries, rpc, values, wire
from toban.ports import (
    AlreadyExists,
    Create,
    Delete,
    Key,
    Query,
    Snapshot,
    Stale,
    Unavailable,
    Update,
    Write,
)

TIMEOUT_S = 5.0
"""For one call. A silent connection would otherwise hold a commit for a minute."""

MAX_COMMIT_BYTES = 3_000_000
"""Firestore takes 10 MiB, its emulator 4 MiB, and an oversize commit is reported as overload."""

_SERVICE = "/google.firestore.v1.Firestore/"
# Reading twice is harmless, so a connection that the other side closed is worth one more try.
_READ_AGAIN = frozenset({grpc.StatusCode.UNAVAILABLE})


@functools.cache
def connect(emulator: str | None = None) -> grpc.Channel:
    """
    The connection, made once per process and address.

    Call it from a request at the earliest: gRPC does not survive gunicorn's fork.

    Args:
        emulator: ``host:port`` of an emulator; by default ``FIRESTORE_EMULATOR_HOST`` if set,
            else Google's service with the credentials of the environment.
    """
    host = emulator or os.environ.get("FIRESTORE_EMULATOR_HOST")
    return rpc.open_channel("firestore.googleapis.com", host)


class FirestoreStore:
    """
    The documents of one Firestore database.

    A write that changes nothing keeps the version in Firestore itself; to honour the port every
    replaced document carries a field derived from the version that it replaced.
    """

    def __init__(
        self,
        project: str,
        database: str = "(default)",
        client: Callable[[], grpc.Channel] = connect,
    ) -> None:
        """`client` is called at the first request, not here."""
        self._database = f"projects/{project}/databases/{database}"
        self._documents = f"{self._database}/documents"
        self._client = client
        self._prefix = ("google-cloud-resource-prefix", self._database)

    def get(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """See `toban.ports.Store`; one call, outside any transaction."""
        if not keys:
            return []
        names = [self._name(key) for key in keys]
        request = wire.BatchGetDocumentsRequest(
            database=self._database, documents=dict.fromkeys(names)
        )
        found = {
            answer.found.name: answer.found
            for answer in self._stream(
                "BatchGetDocuments",
                request,
                wire.BatchGetDocumentsResponse,
                rpc.routed("database", self._database, self._prefix),
            )
            if answer.WhichOneof("result") == "found"
        }
        return [
            _snapshot(Key(*key), found[name]) if name in found else None
            for key, name in zip(keys, names, strict=True)
        ]

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """See `toban.ports.Store`. Raises `ValueError` for a batch that can never be applied."""
        if not writes:
            return []
        if len({write.key for write in writes}) != len(writes):
            raise ValueError("a document is written twice in one commit")
        request = wire.CommitRequest(database=self._database)
        for write in writes:
            self._add(request.writes.add(), write)
        if request.ByteSize() > MAX_COMMIT_BYTES:
            raise ValueError(
                f"a commit of {request.ByteSize()} bytes; at most {MAX_COMMIT_BYTES} are sent"
            )
        try:
            answer = rpc.unary(
                self._client(),
                f"{_SERVICE}Commit",
                request,
                wire.CommitResponse,
                TIMEOUT_S,
                rpc.routed("database", self._database, self._prefix),
            )
        except grpc.RpcError as error:
            raise _refusal(error, writes) from error
        return [
            "" if isinstance(write, Delete) else values.version(result.update_time)
            for write, result in zip(writes, answer.write_results, strict=True)
        ]

    def query(self, query: Query) -> list[Snapshot]:
        """See `toban.ports.Store`. `queries.composite_index` tells the index that it needs."""
        if queries.matches_nothing(query):
            return []
        request = wire.RunQueryRequest(parent=self._documents)
        queries.fill(request.structured_query, query)
        answers = self._stream(
            "RunQuery",
            request,
            wire.RunQueryResponse,
            rpc.routed("parent", self._documents, self._prefix),
        )
        snapshots = [
            _snapshot(Key(query.collection, _id(answer.document.name)), answer.document)
            for answer in answers
            if answer.HasField("document")
        ]
        return queries.ordered(query, snapshots)

    def count(self, query: Query) -> int:
        """See `toban.ports.Store`; counted by the server."""
        if queries.matches_nothing(query):
            return 0
        request = wire.RunAggregationQueryRequest(parent=self._documents)
        aggregation = request.structured_aggregation_query
        queries.fill(aggregation.structured_query, Query(query.collection, query.where))
        aggregation.aggregations.add(alias="n").count.SetInParent()
        total = 0
        for answer in self._stream(
            "RunAggregationQuery",
            request,
            wire.RunAggregationQueryResponse,
            rpc.routed("parent", self._documents, self._prefix),
        ):
            if answer.HasField("result"):
                total += answer.result.aggregate_fields["n"].integer_value
        return total

    def _name(self, key: Key) -> str:
        collection = values.document_id(key.collection)
        return f"{self._documents}/{collection}/{values.document_id(key.id)}"

    def _add(self, target: Any, write: Write) -> None:
        name = self._name(write.key)
        if isinstance(write, Delete):
            target.delete = name
        else:
            # Without an update mask the document is replaced as a whole.
            target.update.name = name
            values.put_fields(target.update.fields, write.data)
        if isinstance(write, Create):
            target.current_document.exists = False
            return
        try:
            values.put_version(target.current_document.update_time, write.version)
        except ValueError as error:
            raise Stale(f"{write.key.collection}: {error}") from error
        if isinstance(write, Update):
            # Reversed, because ascending values of an indexed field make a hot range.
            target.update.fields[_REPLACED].string_value = write.version[::-1]

    def _stream(self, method: str, request: Any, answer: Any, metadata: rpc.Metadata) -> list[Any]:
        def call(left_s: float) -> list[Any]:
            return rpc.stream(self._client(), _SERVICE + method, request, answer, left_s, metadata)

        try:
            answers: list[Any] = rpc.again(call, _READ_AGAIN, TIMEOUT_S, 0.05, 0.5)
        except grpc.RpcError as error:
            raise _failure(error) from error
        return answers


_REPLACED = "~replaced"
"""The version that this write replaced; no field of a document is escaped to this name."""


def _snapshot(key: Key, document: Any) -> Snapshot:
    data = {
        values.unescape(name): values.take(value)
        for name, value in document.fields.items()
        if name != _REPLACED
    }
    return Snapshot(key, data, values.version(document.update_time))


def _id(name: str) -> str:
    return values.unescape(name.rpartition("/")[2])


def _refusal(error: grpc.RpcError, writes: Sequence[Write]) -> Exception:
    """What to raise for a failed commit."""
    code = rpc.code(error)
    if code is grpc.StatusCode.ALREADY_EXISTS:
        return AlreadyExists(rpc.text(error))
    if code is grpc.StatusCode.NOT_FOUND:
        # Only a precondition needs a document to be there; else it is the database.
        if all(isinstance(write, Create) for write in writes):
            return _failure(error)
        return Stale(rpc.text(error))
    if code in {grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ABORTED}:
        # Aborted: another writer held a document, and nothing of this batch was applied.
        return Stale(rpc.text(error))
    return _failure(error)


def _failure(error: grpc.RpcError) -> Exception:
    """What to raise for an error whose outcome is unknown, or that no retry can mend."""
    text = f"Firestore: {rpc.text(error)}"
    if rpc.code(error) in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE}:
        return ValueError(text)
    return Unavailable(text)
