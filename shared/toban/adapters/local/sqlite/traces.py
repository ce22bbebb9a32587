"""Traces in SQLite, written a little later and without a sync: they may be lost."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import asdict
from datetime import datetime
from typing import Any

from toban.adapters.local.sqlite.database import SqliteDatabase, Transaction
from toban.ports import Trace, Unavailable

_FLUSH_S = 0.2
_MOST_WAITING = 50_000
_BATCH = 500
_log = logging.getLogger(__name__)


class SqliteTracer:
    """The `Tracer` port in SQLite; close it to write what is still waiting."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: list[Trace] = []
        self._lost = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="toban-traces", daemon=True)
        self._thread.start()

    def note(self, trace: Trace) -> None:
        """See `toban.ports.Tracer`; returns at once."""
        with self._lock:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.append(trace)
            else:
                self._lost += 1

    def by_correlation(self, correlation_id: str) -> list[Trace]:
        """Return every handling that belongs to one story, in the order noted."""
        return self._select("correlation_id", correlation_id)

    def by_event(self, event_id: str) -> list[Trace]:
        """Return every handling of one event, in the order noted."""
        return self._select("event_id", event_id)

    def touching(self, document: str) -> list[Trace]:
        """Return every handling that wrote a document (``incidents/inc-1``), in the order noted."""
        self.flush()
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT trace FROM traces WHERE instr(trace, ?) ORDER BY seq", (f' {document}"',)
            ).fetchall()
        return [_decode(text) for (text,) in rows]

    def flush(self) -> None:
        """Write what waits; what cannot be written is dropped and said in the log."""
        with self._lock:
            traces, self._waiting = self._waiting, []
            lost, self._lost = self._lost, 0
        rows = [(trace.correlation_id, trace.event_id, _encode(trace)) for trace in traces]

        def insert(transaction: Transaction) -> None:
            for row in rows:
                transaction.execute(
                    "INSERT INTO traces (correlation_id, event_id, trace) VALUES (?, ?, ?)", row
                )

        try:
            if rows:
                self._database.write(insert, synced=False)
        except Unavailable:
            lost += len(rows)
        if lost:
            _log.warning("%d traces were lost", lost)

    def expire(self, before: datetime) -> None:
        """Remove what was noted of handlings before that time; raises `Unavailable`."""
        limit = before.isoformat()

        def remove(transaction: Transaction) -> int:
            rows = transaction.execute(
                "SELECT seq, json_extract(trace, '$.started_at') FROM traces ORDER BY seq LIMIT ?",
                (_BATCH,),
            ).fetchall()
            # In the order noted, which is that of time but for a clock that was set.
            old = [seq for seq, started_at in rows if started_at < limit]
            for seq in old:
                transaction.execute("DELETE FROM traces WHERE seq = ?", (seq,))
            return len(old)

        while self._database.write(remove, synced=False) == _BATCH:
            pass

    def close(self) -> None:
        """Write what waits and stop."""
        self._stop.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._stop.wait(_FLUSH_S):
            self.flush()

    def _select(self, column: str, value: str) -> list[Trace]:
        self.flush()
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT trace FROM traces WHERE {column} = ? ORDER BY seq",  # noqa: S608
                (value,),
            ).fetchall()
        return [_decode(text) for (text,) in rows]


def _encode(trace: Trace) -> str:
    return json.dumps(asdict(trace) | {"started_at": trace.started_at.isoformat()})


def _decode(text: str) -> Trace:
    fields: dict[str, Any] = json.loads(text)
    fields["started_at"] = datetime.fromisoformat(fields["started_at"])
    fields["changes"] = tuple(fields["changes"])
    fields["emitted"] = tuple((kind, id_) for kind, id_ in fields["emitted"])
    fields["timers"] = tuple((kind, due) for kind, due in fields["timers"])
    return Trace(**fields)
