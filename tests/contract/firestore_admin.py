"""
A stand-in for the Firestore Admin API, which the emulator lacks: exports, imports, operations.

It speaks the library's own protocol buffers over gRPC, so the unmodified client is tested. An export
lays the documents of an emulator's database into a bucket as Google does (an output file, the
metadata of its kind, last the overall metadata named like its folder); an import reads them back.
"""

from __future__ import annotations

from concurrent import futures
from datetime import UTC, datetime
from typing import Any

import grpc
from google.cloud import firestore_admin_v1 as admin
from google.cloud.firestore_v1 import types
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from google.rpc import status_pb2

from tests.contract.firestore_data import Documents, rename
from toban.ports.backup import Bucket

ADMIN = "google.firestore.admin.v1.FirestoreAdmin"
OPERATIONS = "google.longrunning.Operations"


class FirestoreAdmin:
    """Operations finish after they were asked for `polls` times."""

    def __init__(self, emulator: str, buckets: Any) -> None:
        self.emulator = emulator
        self.buckets = buckets
        self.polls = 1
        self.clock = datetime.now(UTC)
        self.operations: dict[str, operations_pb2.Operation] = {}
        self.started: list[Any] = []
        self.cancelled: list[str] = []
        self.lose_answers = 0
        """Carry out so many requests to start something and lose the answer."""
        self.fail_with: status_pb2.Status | None = None
        self.page_size = 2
        self.drop = 0
        """Imports leave so many documents out."""
        self._left: dict[str, int] = {}
        self._work: dict[str, Any] = {}
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        for service, methods in {
            ADMIN: {
                "ExportDocuments": (self._export, admin.ExportDocumentsRequest.pb()),
                "ImportDocuments": (self._import, admin.ImportDocumentsRequest.pb()),
            },
            OPERATIONS: {
                "GetOperation": (self._get, operations_pb2.GetOperationRequest),
                "ListOperations": (self._list, operations_pb2.ListOperationsRequest),
                "CancelOperation": (self._cancel, operations_pb2.CancelOperationRequest),
            },
        }.items():
            handlers = {
                name: grpc.unary_unary_rpc_method_handler(
                    method,
                    request_deserializer=kind.FromString,
                    response_serializer=lambda answer: answer.SerializeToString(),
                )
                for name, (method, kind) in methods.items()
            }
            self._server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(service, handlers),)
            )
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self) -> None:
        self._server.stop(0).wait()

    def _export(self, request: Any, context: grpc.ServicerContext) -> Any:
        seconds = request.snapshot_time.seconds
        if seconds % 60 or request.snapshot_time.nanos:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "snapshot_time must be a whole minute")
        age = self.clock.timestamp() - seconds
        if not 0 <= age <= 3600:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"snapshot_time is {age} s old")
        about = admin.ExportDocumentsMetadata.pb()(
            output_uri_prefix=request.output_uri_prefix, snapshot_time=request.snapshot_time
        )

        def work() -> None:
            bucket, folder = self._place(request.output_uri_prefix)
            _, project, _, database = request.name.split("/")
            found = Documents(self.emulator, project, database).all()
            kind = f"{folder}/all_namespaces/all_kinds"
            rows = [document.SerializeToString() for document in found.values()]
            bucket.create(
                f"{kind}/output-0", b"".join(len(row).to_bytes(4, "big") + row for row in rows)
            )
            bucket.create(f"{kind}/all_namespaces_all_kinds.export_metadata", b"kinds")
            bucket.create(
                f"{folder}/{folder.rpartition('/')[2]}.overall_export_metadata", b"overall"
            )
            about.progress_documents.completed_work = len(rows)

        return self._begin(request, about, work, context)

    def _import(self, request: Any, context: grpc.ServicerContext) -> Any:
        bucket, folder = self._place(request.input_uri_prefix)
        if bucket.stat(f"{folder}/{folder.rpartition('/')[2]}.overall_export_metadata") is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no overall_export_metadata there")
        about = admin.ImportDocumentsMetadata.pb()(input_uri_prefix=request.input_uri_prefix)

        def work() -> None:
            _, project, _, database = request.name.split("/")
            target = Documents(self.emulator, project, database)
            data = bucket.read(f"{folder}/all_namespaces/all_kinds/output-0")
            about.progress_documents.completed_work = -self.drop
            while data:
                about.progress_documents.completed_work += 1
                size = int.from_bytes(data[:4], "big")
                document = types.Document.pb().FromString(data[4 : 4 + size])
                data = data[4 + size :]
                old = document.name.partition("/documents/")[0]

                def fill(fields: Any, document: Any = document, old: str = old) -> None:
                    for name, value in document.fields.items():
                        fields[name].CopyFrom(value)
                        rename(fields[name], old, target.name)

                target.write([(document.name.partition("/documents/")[2], fill)])

        return self._begin(request, about, work, context)

    def _begin(self, request: Any, about: Any, work: Any, context: grpc.ServicerContext) -> Any:
        name = f"{request.name}/operations/op{len(self.operations)}"
        operation = operations_pb2.Operation(name=name)
        operation.metadata.Pack(about)
        self.operations[name] = operation
        self._left[name] = self.polls
        self._work[name] = (about, work)
        self.started.append(request)
        if self.lose_answers:
            self.lose_answers -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "the answer was lost")
        return operation

    def _get(self, request: Any, context: grpc.ServicerContext) -> Any:
        operation = self.operations.get(request.name)
        if operation is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such operation")
        self._left[request.name] -= 1
        if self._left[request.name] <= 0 and not operation.done:
            about, work = self._work[request.name]
            if self.fail_with is not None:
                operation.error.CopyFrom(self.fail_with)
            else:
                work()
                operation.response.Pack(empty_pb2.Empty())
            operation.metadata.Pack(about)
            operation.done = True
        return operation

    def _list(self, request: Any, context: grpc.ServicerContext) -> Any:
        mine = [op for name, op in self.operations.items() if name.startswith(f"{request.name}/")]
        start = int(request.page_token or 0)
        answer = operations_pb2.ListOperationsResponse(
            operations=mine[start : start + self.page_size]
        )
        if start + self.page_size < len(mine):
            answer.next_page_token = str(start + self.page_size)
        return answer

    def _cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.name not in self.operations:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such operation")
        self.cancelled.append(request.name)
        return empty_pb2.Empty()

    def _place(self, uri: str) -> tuple[Bucket, str]:
        bucket, _, folder = uri.removeprefix("gs://").partition("/")
        return self.buckets(bucket), folder
