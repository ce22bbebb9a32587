"""
One Firestore database as backups need it: every document in order, and writes in bulk.

The generated client with plain protocol buffers, on the connection of
`toban.adapters.google.firestore.store`. Protocol:
https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.cloud.firestore_v1 import types

from toban.adapters.google.firestore import store as firestore
from toban.adapters.google.firestore import values
from toban.ports.backup import SourceFailed, TargetFailed

PAGE: Final = 20_000
"""
Documents asked for at once. The emulator sorts the whole database for each query: with 1,000 it
is four times slower at 20,000 documents, and worse with more.
"""
STREAM_S: Final = 60.0
"""How long one query may stream; then reading goes on with another one."""
CALL_S: Final = 30.0
MAX_WRITES: Final = 500
"""In one batch: https://cloud.google.com/firestore/quotas."""
MARKERS: Final = "toban-restores"
"""Collection of the documents by which targets know what they loaded; no part of the data."""
ATTEMPTS: Final = 5
"""Of a call that makes no progress."""

_WAIT_S = 0.1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_BatchGet = types.BatchGetDocumentsRequest.pb()
_BatchWrite = types.BatchWriteRequest.pb()
_Commit = types.CommitRequest.pb()
_RunQuery = types.RunQueryRequest.pb()
_Aggregate = types.RunAggregationQueryRequest.pb()

Write = types.Write.pb()
"""The plain protocol buffer class."""

TRANSIENT: Final = (
    exceptions.ServerError,  # unavailable, deadline, internal, unknown
    exceptions.TooManyRequests,
    exceptions.Aborted,
    exceptions.Cancelled,
    exceptions.RetryError,
)
_TRANSIENT_CODES = {1, 2, 4, 8, 10, 13, 14}
"""The same as codes of gRPC, in the answers of a batch."""

Failure = Callable[[str, bool], Exception]
"""Makes what is raised from a reason and from whether trying again may help."""


def source_failed(reason: str, retryable: bool) -> Exception:
    """As a source says it."""
    return SourceFailed(reason, retryable=retryable)


def target_failed(reason: str, retryable: bool) -> Exception:
    """As a target says it."""
    return TargetFailed(reason, retryable=retryable)


class FirestoreDatabase:
    """Documents are named by their path below the database (``users/u1/posts/p1``)."""

    def __init__(self, project: str, database: str, emulator: str | None, failed: Failure) -> None:
        """Connects at the first call; `failed` makes what is raised."""
        self.project = project
        self.database = database
        self.name = f"projects/{project}/databases/{database}"
        self.documents = f"{self.name}/documents"
        self.identity = f"firestore://{project}/{database}"
        self.marker = f"{MARKERS}/{database}"
        """Named by the database, so that importing another one's documents does not replace it."""
        self.emulator = emulator
        self.failed = failed
        self._metadata: tuple[tuple[str, str], ...] = (("google-cloud-resource-prefix", self.name),)
        if emulator:
            # It takes batches only from an administrator, and this is what makes one.
            self._metadata += (("authorization", "Bearer owner"),)

    def now(self) -> datetime:
        """
        Return the server's time of a read, to the microsecond: what a later read can be
        asked for.
        """
        return self._get(self.marker)[1]

    def get(self, path: str) -> Any | None:
        """Return a document; None when there is none."""
        return self._get(path)[0]

    def scan(
        self, *, at: datetime | None = None, after: str = "", keys: bool = False
    ) -> Iterator[Any]:
        """
        Yield every document after the path `after` in the order of names, missing parents
        or not.

        A broken stream is taken up after the last document that came. `at`: as it was then,
        the only way to see one state over several queries. `keys`: names and times without
        fields.
        """
        failures = 0
        while True:
            found = 0
            try:
                for message in self._page(at, after, keys):
                    found, failures = found + 1, 0
                    after = message.name[len(self.documents) + 1 :]
                    yield message
            except (exceptions.GoogleAPIError, GoogleAuthError) as error:
                failures += 1
                self._pause(error, failures, at)
            else:
                if found < PAGE:
                    return

    def is_empty(self) -> bool:
        """Return whether there are no documents but markers."""
        return all(is_marker(self.path(message)) for message in self.scan(keys=True))

    def path(self, message: Any) -> str:
        """Return a document's name below the database."""
        name: str = message.name
        return name[len(self.documents) + 1 :]

    def write(self, writes: Iterable[Any]) -> None:
        """
        Apply writes that may be applied twice, at most `MAX_WRITES`; returns when all are durable.

        Not one transaction: those that fail for a passing reason are sent again by themselves.
        """
        waiting, failures = list(writes), 0
        while waiting:
            request = _BatchWrite(database=self.name, writes=waiting)
            try:
                answer = types.BatchWriteResponse.pb(
                    self._client().batch_write(
                        types.BatchWriteRequest.wrap(request),
                        retry=None,
                        timeout=CALL_S,
                        metadata=self._metadata,
                    )
                )
            except (exceptions.GoogleAPIError, GoogleAuthError) as error:
                failures += 1
                self._pause(error, failures, None)
                continue
            refused = [
                (write, status)
                for write, status in zip(waiting, answer.status, strict=True)
                if status.code
            ]
            for write, status in refused:
                name = write.update.name or write.delete
                if status.code not in _TRANSIENT_CODES or failures >= ATTEMPTS:
                    raise self.failed(
                        f"{self.identity}: writing {name[len(self.documents) + 1 :][:200]}:"
                        f" {status.message[:300]} (code {status.code})",
                        status.code in _TRANSIENT_CODES,
                    )
            failures = failures + 1 if len(refused) == len(waiting) else 0
            waiting = [write for write, _ in refused]
            if waiting:
                time.sleep(_WAIT_S * 2**failures)

    def create(self, path: str, fields: Mapping[str, object]) -> bool:
        """Create one document; False when it is there already."""
        request = _Commit(database=self.name)
        write = request.writes.add()
        write.update.name = f"{self.documents}/{path}"
        values.put_fields(write.update.fields, fields)
        write.current_document.exists = False
        try:
            self._client().commit(
                types.CommitRequest.wrap(request),
                retry=None,
                timeout=CALL_S,
                metadata=self._metadata,
            )
        except exceptions.AlreadyExists:
            return False
        except (exceptions.GoogleAPIError, GoogleAuthError) as error:
            self._raise(error, None)
        return True

    def put(self, path: str, fields: Mapping[str, object]) -> None:
        """Write one document, replacing what is there."""
        write = Write()
        write.update.name = f"{self.documents}/{path}"
        values.put_fields(write.update.fields, fields)
        self.write([write])

    def delete(self, paths: Sequence[str]) -> None:
        """Remove documents, at most `MAX_WRITES`."""
        self.write([Write(delete=f"{self.documents}/{path}") for path in paths])

    def count(self, parent: str, collection: str) -> int:
        """Documents directly in a collection; `parent`: path of a document, or empty."""
        request = _Aggregate(parent=f"{self.documents}/{parent}" if parent else self.documents)
        aggregation = request.structured_aggregation_query
        aggregation.structured_query.from_.add(collection_id=collection)
        aggregation.aggregations.add(alias="n").count.SetInParent()
        total = 0
        for answer in self._all(
            lambda: self._client().run_aggregation_query(
                types.RunAggregationQueryRequest.wrap(request),
                retry=None,
                timeout=CALL_S,
                metadata=self._metadata,
            )
        ):
            if answer.HasField("result"):
                total += answer.result.aggregate_fields["n"].integer_value
        return total

    def _get(self, path: str) -> tuple[Any | None, datetime]:
        request = _BatchGet(database=self.name, documents=[f"{self.documents}/{path}"])
        (answer,) = self._all(
            lambda: self._client().batch_get_documents(
                types.BatchGetDocumentsRequest.wrap(request),
                retry=None,
                timeout=CALL_S,
                metadata=self._metadata,
            )
        )
        return (
            answer.found if answer.HasField("found") else None,
            moment(answer.read_time),
        )

    def _page(self, at: datetime | None, after: str, keys: bool) -> Iterator[Any]:
        stream = self._query(at, after, keys)
        try:
            for answer in stream:
                message = type(answer).pb(answer)
                if message.HasField("document"):
                    yield message.document
        finally:
            stream.cancel()

    def _query(self, at: datetime | None, after: str, keys: bool) -> Any:
        request = _RunQuery(parent=self.documents)
        query = request.structured_query
        query.from_.add(all_descendants=True)  # of no kind: every collection
        query.order_by.add(direction=types.StructuredQuery.Direction.ASCENDING)
        query.order_by[0].field.field_path = "__name__"
        query.limit.value = PAGE
        if keys:
            query.select.fields.add(field_path="__name__")
        if after:
            query.start_at.values.add(reference_value=f"{self.documents}/{after}")
            query.start_at.before = False
        if at is not None:
            values.put_time(request.read_time, at)
        return self._client().run_query(
            types.RunQueryRequest.wrap(request),
            retry=None,
            timeout=STREAM_S,
            metadata=self._metadata,
        )

    def _all(self, call: Callable[[], Iterable[Any]]) -> list[Any]:
        """All answers of a short stream, asked again for a passing reason."""
        failures = 0
        while True:
            try:
                return [type(answer).pb(answer) for answer in call()]
            except (exceptions.GoogleAPIError, GoogleAuthError) as error:
                failures += 1
                self._pause(error, failures, None)

    def _client(self) -> Any:
        return firestore.connect(self.emulator)

    def _pause(self, error: Exception, failures: int, at: datetime | None) -> None:
        if not isinstance(error, TRANSIENT) or failures >= ATTEMPTS:
            self._raise(error, at)
        time.sleep(_WAIT_S * 2 ** (failures - 1))

    def _raise(self, error: Exception, at: datetime | None) -> NoReturn:
        text = str(error)[:300]
        if at is not None and isinstance(
            error, exceptions.FailedPrecondition | exceptions.InvalidArgument
        ):
            raise self.failed(
                f"{self.identity} cannot be read as of {at.isoformat()} any more. Firestore keeps"
                " old versions for one hour (seven days with point-in-time recovery), so a scan"
                " has to end within that: begin anew at a later read time, enable point-in-time"
                f" recovery or use the managed export ({text})",
                True,
            ) from error
        retryable = isinstance(error, (*TRANSIENT, GoogleAuthError, exceptions.Unauthorized))
        raise self.failed(f"{self.identity}: {type(error).__name__}: {text}", retryable) from error


def is_marker(path: str) -> bool:
    """Return whether a document marks a restore."""
    collection, _, rest = path.partition("/")
    return collection == MARKERS and "/" not in rest


def moment(stamp: Any) -> datetime:
    """Return a protocol buffer ``Timestamp``, cut to the microsecond."""
    return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1_000)
