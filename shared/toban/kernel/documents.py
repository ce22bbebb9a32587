"""
Reading documents: typed, from any store. Only a unit of work checks at its commit that nothing
changed.
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
    Decoded reference documents that an instance remembers: those that change rarely, or never.

    Never the basis of a precondition.
    """

    def __init__(self) -> None:
        """Empty."""
        self._entries: dict[object, tuple[datetime, Any]] = {}
        self._seen: set[Key] = set()

    def get(
        self, name: object, now: datetime, max_age: timedelta | None, load: Callable[[], T]
    ) -> T:
        """
        Return what `load` returned at most `max_age` ago (None: ever), else what it returns
        now.
        """
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
        Return whether `key` was seen before, and remember it.

        For a document that a decision was about to create: most likely it exists by now.
        """
        if key in self._seen:
            return True
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        self._seen.add(key)
        return False

    def clear(self) -> None:
        """Forget everything (a profile was applied in this process)."""
        self._entries.clear()


class Documents:
    """
    The documents of a store, as they are now.

    Raises what the store raises, and `msgspec.ValidationError` where it holds something that
    this code did not write.
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
        """Return the document, or None."""
        found = self.store.get([cls.key(id)])[0]
        return None if found is None else decode(cls, found.data)

    def get_many(self, cls: type[D], ids: Sequence[str]) -> list[D | None]:
        """Return the documents in the order asked for, read at once; None where there is none."""
        snapshots = self.store.get([cls.key(id) for id in ids])
        return [None if found is None else decode(cls, found.data) for found in snapshots]

    def find(
        self,
        cls: type[D],
        *where: tuple[str, Operator, Value],
        order_by: str | None = None,
        limit: int | None = None,
    ) -> list[D]:
        """Return the documents that match (see `toban.ports.Query`)."""
        query = Query(cls.COLLECTION, tuple(where), order_by, limit)
        return [decode(cls, found.data) for found in self.store.query(query)]

    def count(self, cls: type[D], *where: tuple[str, Operator, Value]) -> int:
        """Return how many documents match."""
        return self.store.count(Query(cls.COLLECTION, tuple(where)))

    def reference(self, cls: type[D], id: str, max_age: timedelta | None = None) -> D | None:
        """Return a document that never changes (or may be `max_age` old), from the cache."""

        def load() -> D | None:
            return Documents.get(self, cls, id)

        return self.cache.get(cls.key(id), self.now, max_age, load)

    def references(self, cls: type[D], max_age: timedelta) -> list[D]:
        """Return all documents of a small collection, at most `max_age` old, from the cache."""

        def load() -> list[D]:
            return Documents.find(self, cls)

        return self.cache.get(cls.COLLECTION, self.now, max_age, load)
