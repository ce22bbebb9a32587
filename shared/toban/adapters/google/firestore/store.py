"""
Documents in Firestore.

One optimistic batch per commit, never a read-write transaction: those lock pessimistically,
collapse under contention, and a crashed one blocks its documents for a minute. The generated
client is used directly because `google.cloud.firestore.WriteBatch` retries commits by default
(a lost answer then looks like a conflict with ourselves) and cannot replace a whole document
under an update-time precondition. Protocol:
https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#commitrequest
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import grpc
from google.api_core import exceptions, retry
from google.auth.exceptions import GoogleAuthError
from google.cloud.firestore_v1 import types
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport

from toban.adapters.google.firestore import queries, values
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

# The plain protocol buffer classes: proto-plus wrappers cost more than the rest of a commit here.
_CommitRequest = types.CommitRequest.pb()
_BatchGetRequest = types.BatchGetDocumentsRequest.pb()
_RunQueryRequest = types.RunQueryRequest.pb()
_CountRequest = types.RunAggregationQueryRequest.pb()

# Reading twice is harmless, so a connection that the other side closed is worth one more try.
_RETRY_READ = retry.Retry(
    predicate=retry.if_exception_type(exceptions.ServiceUnavailable),
    initial=0.05,
    maximum=0.5,
    timeout=TIMEOUT_S,
)


@functools.cache
def connect(emulator: str | None = None) -> FirestoreClient:
    """
    Return the generated client, made once per process and address.

    Call it from a request at the earliest: gRPC does not survive gunicorn's fork.

    Args:
        emulator: ``host:port`` of an emulator; by default ``FIRESTORE_EMULATOR_HOST`` if set,
            else Google's service with the credentials of the environment.
    """
    host = emulator or os.environ.get("FIRESTORE_EMULATOR_HOST")
    if not host:
        return FirestoreClient()
    channel = grpc.insecure_channel(host)
    return FirestoreClient(transport=FirestoreGrpcTransport(host=host, channel=channel))


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
        client: Callable[[], FirestoreClient] = connect,
    ) -> None:
        """`client` is called at the first request, not here."""
        self._database = f"projects/{project}/databases/{database}"
        self._documents = f"{self._database}/documents"
        self._client = client
        self._metadata = (("google-cloud-resource-prefix", self._database),)

    def get(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """See `toban.ports.Store`; one call, outside any transaction."""
        if not keys:
            return []
        names = [self._name(key) for key in keys]
        request = _BatchGetRequest(database=self._database, documents=dict.fromkeys(names))
        found = {
            answer.found.name: answer.found
            for answer in self._stream(
                self._client().batch_get_documents, types.BatchGetDocumentsRequest.wrap(request)
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
        request = _CommitRequest(database=self._database)
        for write in writes:
            self._add(request.writes.add(), write)
        if request.ByteSize() > MAX_COMMIT_BYTES:
            raise ValueError(
                f"a commit of {request.ByteSize()} bytes; at most {MAX_COMMIT_BYTES} are sent"
            )
        try:
            answer = self._client().commit(
                types.CommitRequest.wrap(request),
                retry=None,
                timeout=TIMEOUT_S,
                metadata=self._metadata,
            )
        except exceptions.AlreadyExists as error:
            raise AlreadyExists(error.message) from error
        except exceptions.NotFound as error:
            # Only a precondition needs a document to be there; else it is the database.
            if all(isinstance(write, Create) for write in writes):
                raise Unavailable(_text(error)) from error
            raise Stale(error.message) from error
        except (exceptions.FailedPrecondition, exceptions.Aborted) as error:
            # Aborted: another writer held a document, and nothing of this batch was applied.
            raise Stale(error.message) from error
        except (exceptions.GoogleAPIError, GoogleAuthError) as error:
            raise _failure(error) from error
        return [
            "" if isinstance(write, Delete) else values.version(result.update_time)
            for write, result in zip(
                writes, types.CommitResponse.pb(answer).write_results, strict=True
            )
        ]

    def query(self, query: Query) -> list[Snapshot]:
        """See `toban.ports.Store`."""
        if queries.matches_nothing(query):
            return []
        request = _RunQueryRequest(parent=self._documents)
        queries.fill(request.structured_query, query)
        answers = self._stream(self._client().run_query, types.RunQueryRequest.wrap(request))
        snapshots = [
            _snapshot(Key(query.collection, _id(answer.document.name)), answer.document)
            for answer in answers
            if answer.HasField("document")
        ]
        return queries.ordered(query, snapshots)

    def count(self, query: Query) -> int:
        """See `toban.ports.Store`; counted by the server."""
        query = Query(query.collection, query.where)
        if queries.matches_nothing(query):
            return 0
        request = _CountRequest(parent=self._documents)
        aggregation = request.structured_aggregation_query
        queries.fill(aggregation.structured_query, query)
        aggregation.aggregations.add(alias="n").count.SetInParent()
        total = 0
        for answer in self._stream(
            self._client().run_aggregation_query, types.RunAggregationQueryRequest.wrap(request)
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

    def _stream(self, call: Callable[..., Iterable[Any]], request: Any) -> Iterable[Any]:
        try:
            for answer in call(
                request, retry=_RETRY_READ, timeout=TIMEOUT_S, metadata=self._metadata
            ):
                yield type(answer).pb(answer)
        except (exceptions.GoogleAPIError, GoogleAuthError) as error:
            raise _failure(error) from error


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


def _text(error: Exception) -> str:
    return f"Firestore: {type(error).__name__}: {str(error)[:500]}"


def _failure(error: Exception) -> Exception:
    """What to raise for an error whose outcome is unknown, or that no retry can mend."""
    if isinstance(error, exceptions.InvalidArgument | exceptions.OutOfRange):
        return ValueError(_text(error))
    return Unavailable(_text(error))
