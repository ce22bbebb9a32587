"""Documents for tests of Firestore backups, written and read without the code under test."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.cloud.firestore_v1 import types

from toban.adapters.google.firestore import store as firestore
from toban.adapters.local.files.buckets import MemoryBuckets
from toban.adapters.local.memory.store import MemoryStore
from toban.ports.backup import BackupRun, Bucket, Chunk, ObjectRef, StoredObject
from toban.sources.firestore import adapter as kind
from toban.sources.ports import SourcePorts

Fill = Callable[[Any], None]
NOW = datetime(2026, 1, 31, tzinfo=UTC)


def world(emulator: str, **environ: str) -> SourcePorts:
    """A world with the emulator and buckets in memory."""
    buckets = MemoryBuckets()

    def nothing(name: str) -> Any:
        raise AssertionError(f"asked for {name}")

    return SourcePorts(
        store=MemoryStore(),
        secrets=None,
        buckets=buckets,
        keys=nothing,
        scratch=Path("/nonexistent"),
        environ={"FIRESTORE_EMULATOR_HOST": emulator, **environ},
    )


class Beside:
    """What lies beside a stream, in a bucket of the world."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self.bucket = bucket
        self.prefix = prefix

    def put(self, name: str, data: Iterator[bytes]) -> StoredObject:
        raise AssertionError(f"nothing is put beside: {name}")


def run(world: SourcePorts, backup_id: str = "b1") -> BackupRun:
    bucket = world.buckets("backups")
    return BackupRun(backup_id, Beside(bucket, f"svc/db/daily/{backup_id}/objects/"))


def no_fetch(held: ObjectRef) -> Iterator[bytes]:
    raise AssertionError(f"nothing lies beside a scan: {held}")


class Documents:
    """One database of the emulator."""

    def __init__(self, emulator: str, project: str, database: str = "(default)") -> None:
        self.name = f"projects/{project}/databases/{database}"
        self.root = f"{self.name}/documents"
        self._client = firestore.connect(emulator)
        self._metadata = (
            ("google-cloud-resource-prefix", self.name),
            ("authorization", "Bearer owner"),
        )

    def write(self, documents: Iterable[tuple[str, Fill]]) -> None:
        batch: list[Any] = []
        for path, fill in documents:
            batch.append(types.Write.pb()())
            batch[-1].update.name = f"{self.root}/{path}"
            fill(batch[-1].update.fields)
            if len(batch) == 500:
                self._send(batch)
                batch = []
        self._send(batch)

    def delete(self, paths: Iterable[str]) -> None:
        every = [types.Write.pb()(delete=f"{self.root}/{path}") for path in paths]
        for start in range(0, len(every), 500):
            self._send(every[start : start + 500])

    def _send(self, batch: Sequence[Any]) -> None:
        if not batch:
            return
        request = types.BatchWriteRequest.pb()(database=self.name, writes=batch)
        answer = self._client.batch_write(
            types.BatchWriteRequest.wrap(request), retry=None, timeout=30, metadata=self._metadata
        )
        bad = [s for s in types.BatchWriteResponse.pb(answer).status if s.code]
        assert not bad, bad[0]

    def all(self) -> dict[str, Any]:
        """Every document by its path, as it comes: one query, no paging."""
        query = {"from": [{"all_descendants": True}]}
        request = types.RunQueryRequest(parent=self.root, structured_query={"from_": query["from"]})
        found = {}
        for answer in self._client.run_query(request, timeout=60, metadata=self._metadata):
            message = types.RunQueryResponse.pb(answer)
            if message.HasField("document"):
                found[message.document.name[len(self.root) + 1 :]] = message.document
        return found

    def contents(self) -> dict[str, bytes]:
        """Every document's fields, serialized, with references into this database made neutral."""
        result = {}
        for path, message in self.all().items():
            if path.startswith("toban-restores/"):
                continue
            plain = types.Document.pb()()
            for name, value in message.fields.items():
                plain.fields[name].CopyFrom(value)
                rename(plain.fields[name], self.name, "projects/X/databases/Y")
            result[path] = plain.SerializeToString(deterministic=True)
        return result


def rename(value: Any, old: str, new: str) -> None:
    kind = value.WhichOneof("value_type")
    if kind == "reference_value":
        value.reference_value = value.reference_value.replace(f"{old}/", f"{new}/")
    elif kind == "array_value":
        for item in value.array_value.values:
            rename(item, old, new)
    elif kind == "map_value":
        for item in value.map_value.fields.values():
            rename(item, old, new)


def every_type(root: str) -> Fill:
    """One field of each type, and the awkward values of it."""

    def fill(fields: Any) -> None:
        fields["null"].null_value = 0
        fields["true"].boolean_value = True
        for name, number in {
            "zero": 0,
            "least": -(2**63),
            "most": 2**63 - 1,
            "float like": 3,
        }.items():
            fields[name].integer_value = number
        for name, value in {
            "three": 3.0,
            "minus zero": -0.0,
            "nan": math.nan,
            "infinite": -math.inf,
            "tiny": 5e-324,
            "third": 1 / 3,
        }.items():
            fields[f"double {name}"].double_value = value
        fields["text"].string_value = "当番 \u0000 \U0001f600 e\u0301 \uffff"
        fields["empty text"].string_value = ""
        fields["bytes"].bytes_value = bytes(range(256))
        fields["empty bytes"].bytes_value = b""
        fields["time"].timestamp_value.seconds = 1_700_000_000
        fields["time"].timestamp_value.nanos = 123_456_000
        fields["old time"].timestamp_value.seconds = -62_135_596_800
        fields["late time"].timestamp_value.seconds = 253_402_300_799
        fields["late time"].timestamp_value.nanos = 999_999_000
        fields["point"].geo_point_value.latitude = -89.999999
        fields["point"].geo_point_value.longitude = 180.0
        fields["reference"].reference_value = f"{root}/users/u1"
        fields["reference deep"].reference_value = f"{root}/users/u1/posts/p 1"
        fields[
            "reference abroad"
        ].reference_value = "projects/elsewhere/databases/(default)/documents/users/u1"
        fields["empty map"].map_value.SetInParent()
        fields["empty array"].array_value.SetInParent()
        inner = fields["map"].map_value.fields["in"].map_value.fields["array"].array_value
        inner.values.add(reference_value=f"{root}/users/u2")
        inner.values.add(integer_value=1)
        inner.values.add(double_value=1.0)
        deep = inner.values.add().map_value.fields
        deep["again"].array_value.values.add(reference_value=f"{root}/users/u3")
        deep["a.b `c` \\"].string_value = "odd name"
        vector = fields["vector"].map_value.fields
        vector["__type__"].string_value = "__vector__"
        for x in (0.5, -1.5):
            vector["value"].array_value.values.add(double_value=x)

    return fill


def text(content: str) -> Fill:
    def fill(fields: Any) -> None:
        fields["text"].string_value = content

    return fill


def nothing(fields: Any) -> None:
    """An empty document."""


ODD_IDS = [
    "a", "a b", "a-", "a.", "a!b", "é", "e\u0301", "\uff5e", "\U0001f600", "\ue000", "中", "9", "10",
    "__id7__", "__id10__", "__id-3__", "~", "A", "x" * 1400, "%2F", "\u202e", "'\"`\\",
]  # fmt: skip


def many_kinds(root: str) -> list[tuple[str, Fill]]:
    """Documents that a careless backup loses or changes."""
    large = [random.Random(seed).randbytes(500_000).hex() for seed in (1, 2)]  # barely compress
    return [
        ("types/all", every_type(root)),
        ("empty/nothing", nothing),
        ("users/u1", text("with a child")),
        ("users/u1/posts/p 1", text("child")),
        ("users/u1/posts/p 1/comments/c1", text("grandchild")),
        ("users/gone/posts/p1", text("its parent does not exist")),
        ("nowhere/gone/sub/gone/sub/here", text("nor do these")),
        *((f"odd/{id}", text(id[:20])) for id in ODD_IDS),
        *((f"{collection}/x", text(collection)) for collection in ("c", "c ", "c!", "c-", "日本")),
        ("large/a", text(large[0])),
        ("large/b", text(large[1])),
        ("toban/receipts", text("toban's own documents are documents too")),
    ]


def read(source: Any, run: BackupRun, snapshot: Any, cursor: str = "") -> list[Chunk]:
    return list(source.read(run, snapshot, cursor))


def make_source(emulator: str, project: str):
    return kind.source({"project": project}, world(emulator))


def make_target(emulator: str, project: str, **options: object):
    given = {"project": project, "database": "staging", "purpose": "test", **options}
    return kind.target(given, world(emulator))


def taken(source) -> list[Chunk]:
    this = run(world(""))
    return read(source, this, source.begin(this, None, NOW))


def parts_of(pieces: list[Chunk]) -> list[bytes]:
    """As a run cuts them: a part ends only where a piece has a cursor."""
    parts, part = [], b""
    for piece in pieces:
        part += piece.data
        if piece.cursor is not None:
            parts.append(part)
            part = b""
    return [*parts, part] if part else parts
