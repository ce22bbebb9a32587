"""
Reading documents: typed, from any store, by whoever only reads.

A unit of work reads so and insists at its commit on what it read; a step of a job, the command line
and the clockwork of a laptop just read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from toban.kernel.document import D, decode
from toban.ports import Key, Operator, Query, Store, Value

T = TypeVar("T")

MOST_SEEN = 20_000
"""Documents an instance remembers to have met, a few megabytes."""


class Cache:
    """
    What an instance remembers between events: reference documents, decoded.

    Nothing in here is ever the basis of a precondition; it holds what changes rarely (profiles)
    and what never does (pinned versions of them).
    """

    def __init__(self) -> None:
        """Empty."""
        self._entries: dict[object, tuple[datetime, Any]] = {}
        self._seen: set[Key] = set()

    def get(
        self, name: object, now: datetime, max_age: timedelta | None, load: Callable[[], T]
    ) -> T:
        """What `load` gave at most `max_age` ago (None: ever), else what it gives now."""
        entry = self._entries.get(name)
        # Also what was read while the clock was ahead is read anew.
        if entry is not None and (max_age is None or abs(now - entry[0]) <= max_age):
            value: T = entry[1]
            return value
        fresh = load()
        if fresh is not None:
            self._entries[name] = (now, fresh)
        return fresh

    def seen(self, key: Key) -> bool:
        """
        Whether this was asked before, and note that it was.

        Of a document that a decision was about to create: it is there by now, most likely.
        """
        if key in self._seen:
            return True
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        self._seen.add(key)
        return False

    def clear(self) -> None:
        """Forget everything (a profile was applied in this very process)."""
        self._entries.clear()


class Documents:
    """
    Documents as they are in a store now.

    Raises what the store raises, and `msgspec.ValidationError` where it holds something that this
    code did not write.
    """

    store: Store
    now: datetime
    """The time that is gone by: how old a `reference` is, what lies ahead."""
    cache: Cache

    def __init__(self, store: Store, now: datetime, cache: Cache | None = None) -> None:
        """Without a `cache` every reference is read once by this object."""
        self.store = store
        self.now = now
        self.cache = cache or Cache()

    def get(self, cls: type[D], id: str) -> D | None:
        """The document, or None."""
        found = self.store.get([cls.key(id)])[0]
        return None if found is None else decode(cls, found.data)

    def get_many(self, cls: type[D], ids: Sequence[str]) -> list[D | None]:
        """The documents in the order asked for, read at once; None where there is none."""
        snapshots = self.store.get([cls.key(id) for id in ids])
        return [None if found is None else decode(cls, found.data) for found in snapshots]

    def find(
        self,
        cls: type[D],
        *where: tuple[str, Operator, Value],
        order_by: str | None = None,
        limit: int | None = None,
    ) -> list[D]:
        """Documents that match (see `toban.ports.Query`)."""
        query = Query(cls.COLLECTION, tuple(where), order_by, limit)
        return [decode(cls, found.data) for found in self.store.query(query)]

    def count(self, cls: type[D], *where: tuple[str, Operator, Value]) -> int:
        """How many documents match."""
        return self.store.count(Query(cls.COLLECTION, tuple(where)))

    def reference(self, cls: type[D], id: str, max_age: timedelta | None = None) -> D | None:
        """A document that never changes (or may be `max_age` old), from the instance's cache."""

        def load() -> D | None:
            return Documents.get(self, cls, id)

        return self.cache.get(cls.key(id), self.now, max_age, load)

    def references(self, cls: type[D], max_age: timedelta) -> list[D]:
        """All documents of a small collection, at most `max_age` old, from the cache."""

        def load() -> list[D]:
            return Documents.find(self, cls)

        return self.cache.get(cls.COLLECTION, self.now, max_age, load)
