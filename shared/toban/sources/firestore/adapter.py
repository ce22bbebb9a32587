"""
Firestore as a source of backups: a scan at one read time, or Google's managed export.

Not contained, because they are no documents: definitions of indexes, security rules, TTL policies
and the settings of the database. They belong into version control or a configuration source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

import google_crc32c

from toban.ports.backup import (
    BackupRun,
    Chunk,
    Format,
    Source,
    SourceFailed,
    SourceSnapshot,
    Target,
)
from toban.sources.firestore import stream as stream
from toban.sources.firestore.database import FirestoreDatabase, is_marker, source_failed
from toban.sources.firestore.options import EMULATOR, PIECE, flag, named
from toban.sources.ports import SourcePorts

FULL: Final = 256 * 1024
"""A piece is handed on when it has grown to this."""


def source(options: Mapping[str, object], ports: SourcePorts) -> Source:
    """
    Return what reads a database.

    Args:
        options: ``project``, ``database`` (else ``(default)``) and ``managed`` (Google's export,
            `toban.sources.firestore.managed`).
        ports: Its environment names the emulator, if there is one.
    """
    if flag(options, "managed", False):
        from toban.sources.firestore.managed import ManagedSource

        return ManagedSource(named(options), ports)
    return ScanSource(
        FirestoreDatabase(*named(options), ports.environ.get(EMULATOR) or None, source_failed)
    )


def format_(ports: SourcePorts) -> Format:  # noqa: ARG001  every kind is given it
    """Return what the stream of either kind must look like."""
    return stream.FirestoreFormat()


def target(options: Mapping[str, object], ports: SourcePorts) -> Target:
    """
    Return what loads either kind of stream into a database; for the options see
    `FirestoreTarget`.

    Raises `ValueError` without ``project``.
    """
    from toban.sources.firestore.restore import FirestoreTarget

    return FirestoreTarget(options, ports)


class ScanSource:
    """
    Every document of a database, toban's own included, as of one read time (but for those by which
    restores into it are marked, `is_marker`).

    One query over all collections at once (no kind, all descendants) ordered by name: documents
    whose parent does not exist are found as well, which listing collections would miss. In the
    cloud the run has to end within an hour of its snapshot unless the database has point-in-time
    recovery. Each document read is billed.
    """

    resumable = True

    def __init__(self, database: FirestoreDatabase) -> None:
        self._database = database

    @property
    def identity(self) -> str:
        """``firestore://project/database``."""
        return self._database.identity

    def begin(self, run: BackupRun, before: SourceSnapshot | None, now: datetime) -> SourceSnapshot:  # noqa: ARG002
        """See `toban.ports.backup.Source`. The time is the server's: ours may be ahead of it."""
        return before or SourceSnapshot(at=self._database.now(), tools={"firestore": "v1"})

    def read(self, run: BackupRun, snapshot: SourceSnapshot, cursor: str) -> Iterator[Chunk]:  # noqa: ARG002
        """See `toban.ports.backup.Source`; the stream is described in `stream`."""
        try:
            progress = stream.StreamProgress.parse(cursor) if cursor else stream.StreamProgress()
        except ValueError as error:
            raise SourceFailed(
                f"not a cursor of a scan: {cursor[:80]!r}", retryable=False
            ) from error
        records, crc, last = progress.records, progress.crc32c, progress.last
        waiting, items = bytearray(), 0
        if not cursor:
            waiting += self._header(snapshot)
            crc = google_crc32c.value(bytes(waiting))
        for message in self._database.scan(at=snapshot.at, after=last):
            path = self._database.path(message)
            if is_marker(path):
                continue
            record = stream.document(message)
            if waiting and len(waiting) + len(record) > PIECE:
                yield Chunk(bytes(waiting), stream.StreamProgress(records, crc, last).cursor, items)
                waiting, items = bytearray(), 0
            waiting += record
            records, crc, last = records + 1, google_crc32c.extend(crc, record), path
            items += 1
            if len(waiting) >= FULL:
                yield from _cut(
                    bytes(waiting), stream.StreamProgress(records, crc, last).cursor, items
                )
                waiting, items = bytearray(), 0
        end = stream.StreamProgress(records, crc, last).end()
        yield from _cut(bytes(waiting) + end, None, items)

    def end(self, run: BackupRun, snapshot: SourceSnapshot) -> None:
        """Nothing was left anywhere."""

    def _header(self, snapshot: SourceSnapshot) -> bytes:
        return stream.note(
            {
                "format": stream.FORMAT,
                "version": stream.VERSION,
                "kind": "scan",
                "database": self._database.name,
                "read_time": snapshot.at.astimezone(UTC).isoformat(),
            }
        )


def _cut(data: bytes, cursor: str | None, items: int) -> Iterator[Chunk]:
    """Pieces of at most `PIECE`; only the last ends where reading can go on."""
    while len(data) > PIECE:
        yield Chunk(data[:PIECE])
        data = data[PIECE:]
    yield Chunk(data, cursor, items)
