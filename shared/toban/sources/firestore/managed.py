"""
Google's managed export of Firestore as a source of backups, and its import as a target.

The export runs on Google's side and writes its objects into the bucket, below the backup's own
prefix (Google's service agent for Firestore must be allowed to write there); the stream is their
inventory. They are encrypted at rest by the bucket's key, not by us.
Like a scan, an export holds no definitions of indexes, rules or settings.
https://cloud.google.com/firestore/docs/manage-data/export-import
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import google_crc32c
import grpc
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.cloud import firestore_admin_v1 as admin
from google.cloud.firestore_admin_v1.services.firestore_admin.transports import (
    FirestoreAdminGrpcTransport,
)
from google.longrunning import operations_pb2  # type: ignore[import-untyped]

from toban.adapters.google.firestore import values
from toban.ports import Unavailable
from toban.ports.backup import (
    BackupRun,
    Bucket,
    Chunk,
    Fetch,
    SourceFailed,
    SourceSnapshot,
    TargetBusy,
    TargetFailed,
)
from toban.sources.firestore import stream as stream
from toban.sources.firestore.database import TRANSIENT, Failure, FirestoreDatabase, source_failed
from toban.sources.firestore.database import moment as moment_of
from toban.sources.firestore.options import EMULATOR, PIECE
from toban.sources.ports import SourcePorts

ADMIN: Final = "TOBAN_FIRESTORE_ADMIN"
"""Environment: ``host:port`` of a stand-in for the Admin API, which the emulator does not have."""
CALL_S: Final = 30.0
PATIENCE_S: Final = 20.0
"""How long loading waits for an import before it asks to be called again."""
COPY_S: Final = 90.0
"""How long loading lays out objects before it asks to be called again; what is there stays."""
MARGIN: Final = timedelta(seconds=10)
"""A snapshot is at least this old: our clock may be ahead, and the future cannot be exported."""

_SECONDS_BETWEEN = 1.0
_TRANSIENT_CODES = {1, 4, 8, 10, 13, 14}
_FOLDER_TIME = "%Y%m%dT%H%MZ"

_ExportMetadata = admin.ExportDocumentsMetadata.pb()
_ImportMetadata = admin.ImportDocumentsMetadata.pb()
_ExportRequest = admin.ExportDocumentsRequest.pb()
_ImportRequest = admin.ImportDocumentsRequest.pb()


@functools.cache
def connect(stand_in: str | None) -> Any:
    """Return the generated admin client, once per process and address."""
    if not stand_in:
        return admin.FirestoreAdminClient()
    channel = grpc.insecure_channel(stand_in)
    return admin.FirestoreAdminClient(
        transport=FirestoreAdminGrpcTransport(host=stand_in, channel=channel)
    )


class Admin:
    """Long-running operations of one database."""

    def __init__(self, name: str, ports: SourcePorts, failed: Failure) -> None:
        """`name`: ``projects/…/databases/…``; `failed` makes what is raised."""
        self.name = name
        self._ports = ports
        self._failed = failed

    def client(self) -> Any:
        """Raises for an emulator without a stand-in: Google must not be called in its place."""
        stand_in = self._ports.environ.get(ADMIN) or None
        if stand_in is None and self._ports.environ.get(EMULATOR):
            raise self._failed("the Firestore emulator has no managed export and import", False)
        return connect(stand_in)

    def call(self, doing: str, method: str, *arguments: Any) -> Any:
        """
        One request, not repeated: starting twice is not the same as starting once.

        `NotFound` goes through.
        """
        try:
            return getattr(self.client(), method)(*arguments, retry=None, timeout=CALL_S)
        except exceptions.NotFound:
            raise
        except (exceptions.GoogleAPIError, GoogleAuthError) as error:
            retryable = isinstance(error, (*TRANSIENT, GoogleAuthError))
            raise self._failed(
                f"{doing} {self.name}: {type(error).__name__}: {str(error)[:300]}", retryable
            ) from error

    def operation(self, name: str) -> Any | None:
        """Return an operation; None when Google does not know it (any more)."""
        try:
            return self.call(
                "asking after an operation of",
                "get_operation",
                operations_pb2.GetOperationRequest(name=name),
            )
        except exceptions.NotFound:
            return None

    def operations(self, metadata: Any) -> Iterator[tuple[Any, Any]]:
        """Operations whose metadata are of the given message class, with these."""
        token = ""
        while True:
            try:
                answer = self.call(
                    "listing operations of",
                    "list_operations",
                    operations_pb2.ListOperationsRequest(
                        name=self.name, page_size=100, page_token=token
                    ),
                )
            except exceptions.NotFound as error:
                raise self._failed(f"{self.name} does not exist: {error}"[:300], False) from error
            for operation in answer.operations:
                about = metadata()
                if operation.metadata.Unpack(about):
                    yield operation, about
            token = answer.next_page_token
            if not token:
                return

    def refuse(self, doing: str, operation: Any) -> None:
        """Raise when an operation that is done did not succeed."""
        if operation.HasField("error"):
            error = operation.error
            raise self._failed(
                f"{doing} {self.name} failed: {error.message[:300]} (code {error.code})",
                error.code in _TRANSIENT_CODES,
            )


class ManagedSource:
    """
    An export of the whole database as of a whole minute.

    Its folder is named by that minute (``export-20260131T0305Z``), so that a process which takes
    over after a crash knows it: first what operations are known, then the file that an export
    writes last, is looked for below the backup's prefix.
    """

    resumable = False

    def __init__(self, database: tuple[str, str], ports: SourcePorts) -> None:
        project, name = database
        self.identity = f"firestore://{project}/{name}"
        self._name = f"projects/{project}/databases/{name}"
        self._admin = Admin(self._name, ports, source_failed)

    def begin(self, run: BackupRun, before: SourceSnapshot | None, now: datetime) -> SourceSnapshot:
        """See `toban.ports.backup.Source`: starts the export, then says whether it is ready."""
        if before is not None and before.ready:
            return before
        if before is not None:
            operation = self._admin.operation(before.token["operation"])
            if operation is not None:
                return self._seen(before.token["folder"], operation)
        return self._found(run) or self._start(run, now)

    def read(self, run: BackupRun, snapshot: SourceSnapshot, cursor: str) -> Iterator[Chunk]:  # noqa: ARG002
        """See `toban.ports.backup.Source`: the inventory."""
        folder = snapshot.token["folder"]
        known = snapshot.token.get("documents")
        header = {
            "format": stream.FORMAT,
            "version": stream.VERSION,
            "kind": "export",
            "database": self._name,
            "read_time": snapshot.at.astimezone(UTC).isoformat(),
            "backup": run.backup_id,
            "folder": folder,
            **({"documents": int(known)} if known else {}),
        }
        waiting = stream.note(header)
        records, crc, items, complete = 0, google_crc32c.value(waiting), 0, False
        for info in run.objects.bucket.list(f"{run.objects.prefix}{folder}/"):
            name = info.name[len(run.objects.prefix) :]
            complete = complete or name == _last_file(folder)
            record = stream.note({"name": name, "size": info.size, "crc32c": info.crc32c})
            if len(waiting) + len(record) > PIECE:
                yield Chunk(waiting, items=items)
                waiting, items = b"", 0
            waiting += record
            records, crc = records + 1, google_crc32c.extend(crc, record)
            items += 1
        if not complete:
            raise SourceFailed(
                f"the export of {self._name} left no {_last_file(folder)}", retryable=True
            )
        yield from (Chunk(waiting, items=items), Chunk(stream.StreamProgress(records, crc).end()))

    def end(self, run: BackupRun, snapshot: SourceSnapshot) -> None:  # noqa: ARG002
        """Cancel an export that nobody waits for any more."""
        if snapshot.ready or "operation" not in snapshot.token:
            return
        try:
            self._admin.call(
                "cancelling an export of",
                "cancel_operation",
                operations_pb2.CancelOperationRequest(name=snapshot.token["operation"]),
            )
        except exceptions.NotFound:
            return  # there is nothing to cancel

    def _start(self, run: BackupRun, now: datetime) -> SourceSnapshot:
        at = (now.astimezone(UTC) - MARGIN).replace(second=0, microsecond=0)
        folder = f"export-{at.strftime(_FOLDER_TIME)}"
        request = _ExportRequest(
            name=self._name,
            output_uri_prefix=f"gs://{run.objects.bucket.name}/{run.objects.prefix}{folder}",
        )
        values.put_time(request.snapshot_time, at)
        try:
            started = self._admin.call(
                "exporting", "export_documents", admin.ExportDocumentsRequest.wrap(request)
            )
        except exceptions.NotFound as error:
            raise SourceFailed(f"exporting {self._name}: {error}"[:400], retryable=False) from error
        return self._seen(folder, started.operation)

    def _found(self, run: BackupRun) -> SourceSnapshot | None:
        """An export that an earlier process of this backup started; a failed one does not count."""
        place = f"gs://{run.objects.bucket.name}/{run.objects.prefix}"
        for operation, about in self._admin.operations(_ExportMetadata):
            folder = about.output_uri_prefix.removeprefix(place).rstrip("/")
            if (
                about.output_uri_prefix.startswith(place)
                and _folder_time(folder)
                and not operation.HasField("error")
            ):
                return self._seen(folder, operation)
        for info in run.objects.bucket.list(f"{run.objects.prefix}export-"):
            folder, _, name = info.name[len(run.objects.prefix) :].partition("/")
            at = _folder_time(folder)
            if at is not None and f"{folder}/{name}" == _last_file(folder):
                return SourceSnapshot(at, {"folder": folder}, tools=_TOOLS)
        return None

    def _seen(self, folder: str, operation: Any) -> SourceSnapshot:
        at = _folder_time(folder)
        if at is None:
            raise SourceFailed(f"not a folder of an export: {folder[:80]!r}", retryable=False)
        token = {"folder": folder, "operation": operation.name}
        if not operation.done:
            return SourceSnapshot(at, token, ready=False, tools=_TOOLS)
        self._admin.refuse("the export of", operation)
        about = _ExportMetadata()
        if operation.metadata.Unpack(about):
            token["documents"] = str(about.progress_documents.completed_work)
            if about.HasField("snapshot_time"):
                at = moment_of(about.snapshot_time)
        return SourceSnapshot(at, token, tools=_TOOLS)


_TOOLS = {"firestore": "managed export v1"}


def _last_file(folder: str) -> str:
    return f"{folder}/{folder}.overall_export_metadata"


def _folder_time(folder: str) -> datetime | None:
    match = re.fullmatch(r"export-([0-9]{8}T[0-9]{4}Z)", folder)
    return datetime.strptime(match[1], _FOLDER_TIME).replace(tzinfo=UTC) if match else None


class ManagedImport:
    """
    Google's import of an export that we hold.

    Google reads only from a bucket, and a copy of a backup may lie anywhere: the option
    ``bucket`` names one in the database's location. The objects are read through the backup's
    verification, laid there below ``toban-imports/``, imported and removed.
    """

    def __init__(
        self, database: FirestoreDatabase, options: Mapping[str, object], ports: SourcePorts
    ) -> None:
        self._database = database
        self._admin = Admin(database.name, ports, database.failed)
        self._bucket_name = str(options.get("bucket") or "")
        self._patience = float(str(options.get("patience_s", PATIENCE_S)))
        self._ports = ports

    def run(self, parts: Iterator[bytes], fetch: Fetch, *, attempt: str) -> list[int]:
        """
        Import everything; the entries of each part.

        Raises `TargetBusy` while the import goes on at Google's: called again with the same
        `attempt` it finds the import that it started.
        """
        if not self._bucket_name:
            raise TargetFailed(
                "a managed export is imported from a bucket in the database's location: name one"
                " (bucket)",
                retryable=False,
            )
        bucket = self._ports.buckets(self._bucket_name)
        counts: list[int] = []

        def counted() -> Iterator[bytes]:
            for part in parts:
                counts.append(0)
                yield part

        began = time.monotonic()
        checked = stream.CheckedRecords(counted())
        folder = str(checked.header["folder"])
        place = f"toban-imports/{attempt}/{folder}"
        for record in checked:
            counts[-1] += 1
            ref = stream.object_ref(checked.header, record)
            name = f"{place}/{ref.name.removeprefix(f'objects/{folder}/')}"
            there = bucket.stat(name)
            if there is None or (there.size, there.crc32c) != (ref.size, ref.crc32c):
                if time.monotonic() - began > COPY_S:
                    raise TargetBusy(f"copying the export to {bucket.name} goes on")
                there = bucket.upload(name, fetch(ref))
            if (there.size, there.crc32c) != (ref.size, ref.crc32c):
                raise TargetFailed(f"{ref.name} did not arrive whole in {name}", retryable=True)
        imported = self._import(f"gs://{bucket.name}/{place}")
        exported = checked.header.get("documents")
        if imported and exported and imported != exported:
            raise TargetFailed(
                f"{imported} documents were imported, {exported} exported", retryable=False
            )
        _remove(bucket, f"toban-imports/{attempt}/")
        return counts

    def _import(self, uri: str) -> int:
        """Import, or wait for it; the number of documents (0: Google does not say)."""
        operation = self._known(uri) or self._start(uri)
        until = time.monotonic() + self._patience
        while not operation.done:
            time.sleep(min(_SECONDS_BETWEEN, self._patience))
            operation = self._admin.operation(operation.name) or operation
            if not operation.done and time.monotonic() > until:
                raise TargetBusy(f"the import into {self._database.name} goes on")
        self._admin.refuse("the import into", operation)
        about = _ImportMetadata()
        known = operation.metadata.Unpack(about)
        return int(about.progress_documents.completed_work) if known else 0

    def _known(self, uri: str) -> Any | None:
        return next(
            (
                operation
                for operation, about in self._admin.operations(_ImportMetadata)
                if about.input_uri_prefix.rstrip("/") == uri and not operation.HasField("error")
            ),
            None,
        )

    def _start(self, uri: str) -> Any:
        request = _ImportRequest(name=self._database.name, input_uri_prefix=uri)
        try:
            return self._admin.call(
                "importing into", "import_documents", admin.ImportDocumentsRequest.wrap(request)
            ).operation
        except exceptions.NotFound as error:
            raise TargetFailed(f"{self._database.name}: {error}"[:400], retryable=False) from error


def _remove(bucket: Bucket, prefix: str) -> None:
    """What is left behind costs storage, nothing else: the import is not undone for it."""
    try:
        for info in bucket.list(prefix):
            bucket.delete(info.name)
    except Unavailable:
        return
