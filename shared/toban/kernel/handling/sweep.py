"""
Sweeping: what the store's TTL does, and what it cannot know.

Firestore removes a document some time after `expires_at`, whoever still needs it. So twice before
that its holders are looked at (`Document.holders`), and while one of them lives it gets another
whole life: halfway, so that sweeping may fail for weeks, and shortly before the end, because an
incident may have been reopened since. Documents that an earlier release wrote get their expiry.
On a laptop `remove_expired` is the TTL.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from toban.kernel import log
from toban.kernel.clock.skew import not_ahead
from toban.kernel.document import CLASSES, Document, Keep, decode, encode, expiry
from toban.kernel.handling.decision import Handled
from toban.kernel.platform import Platform
from toban.kernel.work import clock_now
from toban.ports import (
    AlreadyExists,
    Create,
    Delete,
    Key,
    Query,
    Snapshot,
    Stale,
    Store,
    Update,
    Value,
)

BATCH = 200
LAST_LOOK = timedelta(hours=3)
"""Before the end; more than the hour between two sweeps."""
DEPLOYED = timedelta(days=1)
"""An earlier release may still write for so long after this one has begun to."""
MOST_ADOPTED = 20
"""Batches in one sweep."""


class Sweep(Document, kw_only=True):
    """How far sweeping has come with a collection (its id)."""

    COLLECTION: ClassVar[str] = "sweeps"
    KEEP = Keep.always("one for each collection")

    began_at: datetime
    looked: dict[str, datetime] = {}
    """Look (``half``, ``last``) → up to which expiry holders were looked at; ``day`` → when."""
    adopted_to: str = ""
    """Documents of an earlier release have their expiry up to this id."""
    adopted: bool = False
    """All have it."""


@dataclass(frozen=True)
class Daily:
    """`decide` about all documents of a class once a day; it returns the ids of those it changed."""

    cls: type[Document]
    decide: Callable[[Store, datetime], list[str]]


def sweeping(*classes: type[Document] | Daily) -> Callable[[str, Platform], Handled]:
    """
    The routine that gives more time to what is needed, and an expiry to what an earlier release wrote.

    Twice at once, or interrupted at any point, it does some of it again, with the same result.
    """

    def run(_function: str, platform: Platform) -> Handled:
        changes: list[str] = []
        for one in classes:
            mark = _Mark(one.cls if isinstance(one, Daily) else one, platform)
            if isinstance(one, Daily):
                changes += _once_a_day(one, mark, platform)
            else:
                changes += _adopt(one, mark.document, platform, mark.now)
                changes += _look(one, mark.document, platform, mark.now)
            mark.save()
        return Handled("done" if changes else "nothing", tuple(changes))

    return run


class _Mark:
    """The `Sweep` of a class, as read and to be written."""

    def __init__(self, cls: type[Document], platform: Platform) -> None:
        self.now = clock_now(platform.clock)
        self._store = platform.store
        self._key = Sweep.key(cls.COLLECTION)
        self._found = platform.store.get([self._key])[0]
        self.document = (
            decode(Sweep, self._found.data)
            if self._found
            else Sweep(id=self._key.id, began_at=self.now)
        )

    def save(self) -> None:
        """Write it if it has changed."""
        key, data, found = self._key, encode(self.document), self._found
        if found is not None and found.data == data:
            return
        # If another sweep was quicker, either's mark is true.
        with contextlib.suppress(AlreadyExists, Stale):
            self._store.commit(
                [Create(key, data) if found is None else Update(key, data, found.version)]
            )


def _once_a_day(daily: Daily, mark: _Mark, platform: Platform) -> list[str]:
    before = not_ahead(mark.document.looked.get("day"), mark.now)
    if before is not None and mark.now - before < timedelta(days=1):
        return []
    mark.document.looked = {**mark.document.looked, "day": mark.now}
    changed = daily.decide(platform.store, mark.now)
    return [f"changed {daily.cls.COLLECTION}/{id}" for id in changed]


def _look(cls: type[Document], mark: Sweep, platform: Platform, now: datetime) -> list[str]:
    """Look at the holders of what has come near its end since the last look."""
    keep = cls.KEEP.time if cls.KEEP else None
    if keep is None or cls.holders is Document.holders:
        return []
    changes: list[str] = []
    for name, margin in (("half", keep / 2), ("last", LAST_LOOK)):
        until = now + margin
        # What a clock that was ahead has noted stands for one sweep; that clock has looked further.
        since = mark.looked.get(name, now)
        for snapshot in _pages(platform.store, cls, "expires_at", since, until):
            until_then = _needed_until(snapshot, cls, platform.store, now + keep)
            if until_then is not None and _renew(snapshot, until_then, platform.store):
                changes.append(f"changed {snapshot.key.collection}/{snapshot.key.id}")
        mark.looked = {**mark.looked, name: until}
    return changes


def _needed_until(
    snapshot: Snapshot, cls: type[Document], store: Store, longest: datetime
) -> datetime | None:
    """Until when to keep it beyond its expiry: `longest` while a holder lives; None: no longer."""
    keys = decode(cls, snapshot.data).holders()
    holders = [found for found in (store.get(keys) if keys else ()) if found is not None]
    if any("expires_at" not in holder.data for holder in holders):
        return longest
    ends = max((holder.data["expires_at"] for holder in holders), default=None)
    later = cls.IS_PART and ends is not None and ends > snapshot.data["expires_at"]
    return ends if later else None


def _renew(snapshot: Snapshot, until: datetime, store: Store) -> bool:
    try:
        store.commit(
            [Update(snapshot.key, {**snapshot.data, "expires_at": until}, snapshot.version)]
        )
    except Stale:
        return False  # just changed, and so its expiry was set anew
    return True


def _adopt(cls: type[Document], mark: Sweep, platform: Platform, now: datetime) -> list[str]:
    """Give documents without an expiry the one they would have been written with."""
    if mark.adopted or now - mark.began_at < DEPLOYED:
        return []
    changes: list[str] = []
    for _ in range(MOST_ADOPTED):
        found = platform.store.query(
            Query(cls.COLLECTION, (("id", ">", mark.adopted_to),), "id", BATCH)
        )
        for snapshot in found:
            if "expires_at" not in snapshot.data and _give_expiry(cls, snapshot, platform.store):
                changes.append(f"changed {snapshot.key.collection}/{snapshot.key.id}")
            mark.adopted_to = snapshot.key.id
        if len(found) < BATCH:
            mark.adopted = True
            break
    return changes


def _give_expiry(cls: type[Document], snapshot: Snapshot, store: Store) -> bool:
    try:
        at = expiry(decode(cls, snapshot.data))
    except msgspec.ValidationError as error:
        log.error("document without expiry cannot be read", key=str(snapshot.key), error=error)
        return False
    return at is not None and _renew(snapshot, at, store)


def remove_expired(platform: Platform, cls: type[Document], now: datetime) -> Iterator[Snapshot]:
    """
    Each document of a class whose time is over, before it is removed; held ones are renewed.

    Whoever iterates may remove what belongs to it first.
    """
    keep = cls.KEEP.time if cls.KEEP else None
    if keep is None:
        return
    for snapshot in _pages(platform.store, cls, "expires_at", _LONG_AGO, now):
        if cls.holders is not Document.holders:
            until = _needed_until(snapshot, cls, platform.store, now + keep)
            if until is not None and until > now:
                _renew(snapshot, until, platform.store)
                continue
        yield snapshot
        try:
            platform.store.commit([Delete(snapshot.key, snapshot.version)])
        except Stale:
            continue  # just changed: the next sweep sees it


def expiring() -> list[type[Document]]:
    """Every class in this process whose documents are removed some time."""
    return [cls for _, cls in sorted(CLASSES.items()) if cls.KEEP and cls.KEEP.time is not None]


_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _pages(
    store: Store, cls: type[Document], field: str, since: Value, until: Value
) -> Iterator[Snapshot]:
    """Documents whose field lies after `since`, up to `until`, each once."""
    seen: set[Key] = set()
    while True:
        found = store.query(
            Query(cls.COLLECTION, ((field, ">=", since), (field, "<=", until)), field, BATCH)
        )
        fresh = [snapshot for snapshot in found if snapshot.key not in seen]
        yield from fresh
        seen.update(snapshot.key for snapshot in fresh)
        if len(found) < BATCH or not fresh:
            return
        since = fresh[-1].data[field]
