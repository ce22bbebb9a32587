"""The ports in memory: deterministic and thread-safe, for tests, simulation and rehearsal."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from toban.adapters.local.sqlite import values
from toban.kernel.prepared import unpacked
from toban.ports import (
    AlreadyExists,
    Create,
    Delete,
    Key,
    Query,
    Snapshot,
    Stale,
    Trace,
    Write,
)


class VirtualClock:
    """A clock that moves only when told to."""

    def __init__(self, start: datetime) -> None:
        self._lock = threading.Lock()
        self._now = _aware(start)

    def now(self) -> datetime:
        """Return the time it was set to."""
        with self._lock:
            return self._now

    def set(self, moment: datetime) -> None:
        """Jump, also backwards, as a real clock may."""
        with self._lock:
            self._now = _aware(moment)

    def advance(self, by: timedelta | float) -> datetime:
        """Go on by a duration or by seconds, and return the new time."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        with self._lock:
            self._now += step
            return self._now


FixedClock = VirtualClock
"""The same clock under the name that suits a test in which time stands still."""


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment}")
    return moment.astimezone(UTC)


class _Stored(NamedTuple):
    """A document as it is kept: nobody outside ever holds `data` itself."""

    data: dict[str, Any]
    packed: bytes
    version: str


class MemoryStore:
    """The `Store` port in a dictionary. What goes in and comes out is copied."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: dict[str, dict[str, _Stored]] = {}
        """By collection and id."""
        self._version = 0

    def get(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """See `toban.ports.Store`."""
        for key in keys:
            values.check_key(key)
        with self._lock:
            found = [(Key(*key), self._kept(key)) for key in keys]
        return [None if kept is None else _snapshot(key, kept) for key, kept in found]

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """See `toban.ports.Store`; in memory it is never `Unavailable`."""
        values.check_writes(writes)
        contents = [
            None if isinstance(write, Delete) else values.normal(write.data) for write in writes
        ]
        for content in contents:
            values.check_size(content)
        with self._lock:
            for write in writes:
                self._require(write)
            versions = []
            for write, content in zip(writes, contents, strict=True):
                collection, id = write.key
                if content is None:
                    del self._documents[collection][id]
                    versions.append("")
                    continue
                self._version += 1
                kept = _Stored(content, values.packed(content), str(self._version))
                self._documents.setdefault(collection, {})[id] = kept
                versions.append(kept.version)
            return versions

    def query(self, query: Query) -> list[Snapshot]:
        """See `toban.ports.Store`."""
        values.check_query(query)
        with self._lock:
            found = sorted(self._matching(query), key=lambda document: document[0])
        if query.order_by is not None:
            field = query.order_by.removeprefix("-")
            found = [(id, kept) for id, kept in found if field in kept.data]
            found.sort(key=lambda document: values.order_key(document[1].data[field]))
            if query.order_by.startswith("-"):
                found.reverse()
        return [_snapshot(Key(query.collection, id), kept) for id, kept in found[: query.limit]]

    def count(self, query: Query) -> int:
        """See `toban.ports.Store`."""
        values.check_query(replace(query, order_by=None))
        with self._lock:
            return len(self._matching(query))

    def packed(self, collection: str) -> dict[str, bytes]:
        """Return every document of a collection by its id, as MessagePack: equal when these are."""
        with self._lock:
            return {id: kept.packed for id, kept in self._documents.get(collection, {}).items()}

    def _matching(self, query: Query) -> list[tuple[str, _Stored]]:
        matches = values.matching(query)
        documents = self._documents.get(query.collection, {})
        return [(id, kept) for id, kept in documents.items() if matches(kept.data)]

    def _kept(self, key: Key) -> _Stored | None:
        return self._documents.get(key[0], {}).get(key[1])

    def _require(self, write: Write) -> None:
        collection, id = write.key
        kept = self._kept(write.key)
        if isinstance(write, Create):
            if kept is not None:
                raise AlreadyExists(f"{collection}/{id}")
        elif kept is None or kept.version != write.version:
            raise Stale(f"{collection}/{id}")


def _snapshot(key: Key, kept: _Stored) -> Snapshot:
    return Snapshot(key, unpacked(kept.packed), kept.version)


class MemoryBlobs:
    """The `Blobs` port in a dictionary."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, bytes] = {}

    def create(self, name: str, data: bytes, content_type: str) -> bool:  # noqa: ARG002
        """See `toban.ports.Blobs`; the content type is not kept."""
        values.check_blob_name(name)
        with self._lock:
            if name in self._objects:
                return False
            self._objects[name] = bytes(data)
            return True

    def read(self, name: str) -> bytes:
        """See `toban.ports.Blobs`."""
        values.check_blob_name(name)
        with self._lock:
            return self._objects[name]

    def names(self, prefix: str) -> list[str]:
        """See `toban.ports.Blobs`."""
        with self._lock:
            return sorted(name for name in self._objects if name.startswith(prefix))

    def delete(self, name: str) -> None:
        """See `toban.ports.Blobs`."""
        values.check_blob_name(name)
        with self._lock:
            self._objects.pop(name, None)

    def url(self, name: str) -> str:
        """Return a ``file://`` address that opens nothing."""
        values.check_blob_name(name)
        return f"file:///memory/{name}"


class MemorySecrets:
    """The `Secrets` port from a mapping of names to values, the newest first."""

    def __init__(self, secrets: Mapping[str, Sequence[str]] | None = None) -> None:
        self._secrets = {name: list(found) for name, found in (secrets or {}).items()}

    def values(self, name: str) -> list[str]:
        """See `toban.ports.Secrets`."""
        return list(self._secrets.get(name, ()))

    def set(self, name: str, *values_: str) -> None:
        """Replace the accepted values of a secret; none removes it."""
        self._secrets[name] = list(values_)


class MemoryTracer:
    """The `Tracer` port in a list."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._traces: list[Trace] = []

    def note(self, trace: Trace) -> None:
        """See `toban.ports.Tracer`."""
        with self._lock:
            self._traces.append(trace)

    def by_correlation(self, correlation_id: str) -> list[Trace]:
        """Return every handling that belongs to one story, in the order noted."""
        with self._lock:
            return [trace for trace in self._traces if trace.correlation_id == correlation_id]

    def by_event(self, event_id: str) -> list[Trace]:
        """Return every handling of one event, in the order noted."""
        with self._lock:
            return [trace for trace in self._traces if trace.event_id == event_id]
