"""A safe keeps the backups of one source: the real pipe, without catalogue and functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from toban.backups.catalogue.readback import fetch_from
from toban.backups.storage.sealing import BackupLocation, SealedObjectSink
from toban.ports.backup import (
    BackupRun,
    BaseBackup,
    Bucket,
    Fetch,
    Format,
    ObjectSink,
    Source,
    Target,
)

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
KEY = bytes(range(32))


class Died(Exception):
    """The process is gone."""


@dataclass
class Safe:
    """Streams are kept in memory as plain parts; what lies beside them, sealed in `bucket`."""

    bucket: Bucket
    key: bytes | None = KEY

    def __post_init__(self) -> None:
        self.parts: dict[str, list[bytes]] = {}

    def run(self, id: str, base: str = "") -> BackupRun:
        beside = SealedObjectSink(self.bucket, f"safe/{id}/", id, self.key)
        return BackupRun(id, beside, BaseBackup(base, lambda: self.stream(base)) if base else None)

    def take(
        self,
        source: Source,
        id: str,
        base: str = "",
        *,
        die: Callable[[int], bool] = lambda _: False,
        beside: Callable[[ObjectSink], ObjectSink] = lambda beside: beside,
    ) -> str:
        """
        Back up; a part ends at every cursor.

        `die` is asked after every piece, numbered through all attempts: the piece is lost, and a
        new attempt goes on from the newest cursor.
        """
        snapshot, cursor, number = None, "", 0
        parts: list[bytes] = []
        while True:
            run = self.run(id, base)
            run = BackupRun(id, beside(run.objects), run.base)
            snapshot = source.begin(run, snapshot, NOW)
            waiting = b""
            try:
                for piece in source.read(run, snapshot, cursor):
                    number += 1
                    if die(number):
                        raise Died
                    waiting += piece.data
                    if piece.cursor:
                        parts.append(waiting)
                        waiting, cursor = b"", piece.cursor
                parts.append(waiting)
                break
            except Died:
                if not source.resumable:
                    parts.clear()
        source.end(run, snapshot)
        self.parts[id] = parts
        return id

    def stream(self, id: str) -> Iterator[bytes]:
        return iter(self.parts[id])

    @property
    def fetch(self) -> Fetch:
        return fetch_from(
            lambda held_by: BackupLocation(self.bucket, f"safe/{held_by}/", held_by, self.key)
        )

    def check(self, form: Format, id: str) -> dict[str, int]:
        return form.check(self.stream(id), self.fetch)

    def restore(self, id: str, target: Target, *, die_after: int = 0) -> int:
        """Load; interrupted after so many parts, and gone on with. The number of items."""
        target.prepare(fresh=True)
        items = done = 0
        if die_after:
            for items_of_part in target.load(iter(self.parts[id]), self.fetch):
                items, done = items + items_of_part, done + 1
                if done == die_after:
                    break
            target.prepare(fresh=not target.resumable)
            if not target.resumable:
                items = done = 0
        for items_of_part in target.load(iter(self.parts[id][done:]), self.fetch):
            items += items_of_part
        return items
