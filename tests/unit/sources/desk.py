"""What the tests of sources are written with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toban.ports.backup import BackupRun, Bucket, Source, SourceSnapshot, StoredObject, Target
from toban.sources.ports import SourcePorts

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


class GivenSecrets:
    def __init__(self, **secrets: str | list[str]) -> None:
        self.secrets = {k: [v] if isinstance(v, str) else v for k, v in secrets.items()}

    def values(self, name: str) -> list[str]:
        return self.secrets.get(name, [])


class NothingBeside:
    prefix = "shop/db/daily/b1/objects/"

    def __init__(self, bucket: Bucket | None = None) -> None:
        self._bucket = bucket

    @property
    def bucket(self) -> Bucket:
        assert self._bucket is not None
        return self._bucket

    def put(self, name: str, data: Iterator[bytes]) -> StoredObject:
        raise AssertionError("this source keeps nothing beside its stream")


def run_for(backup_id: str = "b1", bucket: Bucket | None = None) -> BackupRun:
    return BackupRun(backup_id, NothingBeside(bucket))


def world(scratch: Path, secrets: GivenSecrets, **more: Any) -> SourcePorts:
    def nothing(name: str) -> Any:
        raise AssertionError(name)

    return SourcePorts(
        store=more.get("store"),
        secrets=secrets,
        buckets=more.get("buckets", nothing),
        keys=nothing,
        scratch=scratch,
        environ={**os.environ, **more.get("environ", {})},
    )


def backup(source: Source) -> tuple[SourceSnapshot, bytes]:
    """Everything a source gives, as one backup would read it."""
    run = run_for()
    snapshot = source.begin(run, None, NOW)
    assert snapshot.ready
    data = b"".join(piece.data for piece in source.read(run, snapshot, ""))
    source.end(run, snapshot)
    return snapshot, data


def cut(data: bytes, size: int = 1 << 20) -> Iterator[bytes]:
    """In parts, as they come out of a bucket."""
    yield from (data[at : at + size] for at in range(0, len(data), size))


def restore(target: Target, data: bytes, *, fresh: bool = True, size: int = 1 << 20) -> list[int]:
    """Load it; what was yielded for each part."""
    target.prepare(fresh=fresh)
    return list(target.load(cut(data, size), no_objects))


def no_objects(ref: Any) -> Iterator[bytes]:
    raise AssertionError("nothing lies beside this stream")
