"""
Sweeping: extending the expiry of documents that others still need.

Firestore removes a document some time after `expires_at`, whether it is needed or not. So twice
before that its holders are read (`Document.holders`), and while one of them exists the document
gets its full life again: halfway, so that sweeping may fail for weeks, and shortly before the end,
because an incident may have been reopened since. Documents of an earlier release get their expiry.
Locally `remove_expired` does what Firestore's TTL does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

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
    Operator,
    Query,
    Snapshot,
    Stale,
    Store,
    Update,
)

BATCH = 200
LAST_LOOK = timedelta(hours=3)
"""Before the end; more than the hour between two sweeps."""
DEPLOYED = timedelta(days=1)
"""An earlier release may still write for so long after this one has begun to."""
MOST_PAGES = 50
"""Of `BATCH` documents, in one sweep of a class: the next goes on from there."""


class SweepCursor(msgspec.Struct, kw_only=True):
    """How far sweeping has come in one collection."""

    looked: dict[str, datetime] = {}
    """Look (``half``, ``last``) → up to which expiry holders were looked at; ``day`` → when."""
    adopted_to: str = ""
    """Documents of an earlier release have their expiry up to this id."""
    adopted: bool = False
    """All have it."""


class Sweep(Document, kw_only=True):
    """The progress of sweeping in all collections (one document, `ONLY`)."""

    COLLECTION: ClassVar[str] = "sweeps"
    KEEP = Keep.always("there is one")

    began_at: datetime
    marks: dict[str, SweepCursor] = {}
    """By collection."""


ONLY: Final = "sweep"


@dataclass(frozen=True)
class Daily:
    """
    A check of all documents of a class once a day: `decide` returns the ids of those it
    changed.
    """

    cls: type[Document]
    decide: Callable[[Store, datetime], list[str]]


def sweeping(*classes: type[Document] | Daily) -> Callable[[str, Platform], Handled]:
    """
    Return the routine that extends documents still needed, and gives older ones their expiry.

    Run twice at once, or interrupted anywhere, it repeats some of its work with the same
    result.
    """

    def run(_function: str, platform: Platform) -> Handled:
        key = Sweep.key(ONLY)
        found = platform.store.get([key])[0]
        now = clock_now(platform.clock)
        document = decode(Sweep, found.data) if found else Sweep(id=ONLY, began_at=now)
        changes: list[str] = []
        for one in classes:
            cls = one.cls if isinstance(one, Daily) else one
            mark = document.marks.setdefault(cls.COLLECTION, SweepCursor())
            if isinstance(one, Daily):
                changes += _once_a_day(one, mark, platform.store, now)
                continue
            if now - document.began_at >= DEPLOYED:
                changes += _adopt(cls, mark, platform.store)
            changes += _look(cls, mark, platform.store, now)
        data = encode(document)
        if found is None or found.data != data:
            # If another sweep was quicker, either's marks are true.
            with contextlib.suppress(AlreadyExists, Stale):
                platform.store.commit(
                    [Create(key, data) if found is None else Update(key, data, found.version)]
                )
        return Handled("done" if changes else "nothing", tuple(changes))

    return run


def _once_a_day(daily: Daily, mark: SweepCursor, store: Store, now: datetime) -> list[str]:
    before = not_ahead(mark.looked.get("day"), now)
    if before is not None and now - before < timedelta(days=1):
        return []
    mark.looked = {**mark.looked, "day": now}
    return [f"changed {daily.cls.COLLECTION}/{id}" for id in daily.decide(store, now)]


def _look(cls: type[Document], mark: SweepCursor, store: Store, now: datetime) -> list[str]:
    """Look at the holders of what has come near its end since the last look."""
    keep = cls.KEEP.time if cls.KEEP else None
    if keep is None or cls.holders is Document.holders:
        return []
    changes: list[str] = []
    for name, margin in (("half", keep / 2), ("last", LAST_LOOK)):
        until = now + margin
        # What a clock that was ahead has noted stands for one sweep; that clock has looked further.
        since, seen = mark.looked.get(name, now), 0
        for page in _by_expiry(store, cls, since, until):
            if seen >= BATCH * MOST_PAGES:
                until = since
                break
            for snapshot, longer in _needed_until(page, cls, store, now + keep):
                if longer is not None and _renew(snapshot, longer, store):
                    changes.append(f"changed {snapshot.key.collection}/{snapshot.key.id}")
            seen += len(page)
            since = page[-1].data["expires_at"]
        mark.looked = {**mark.looked, name: until}
    return changes


def _needed_until(
    page: Sequence[Snapshot], cls: type[Document], store: Store, longest: datetime
) -> list[tuple[Snapshot, datetime | None]]:
    """Until when each is kept beyond its expiry: `longest` while a holder lives; None: no longer."""
    if cls.holders is Document.holders:
        return [(snapshot, None) for snapshot in page]
    keys = {snapshot.key: _holders(snapshot, cls) for snapshot in page}
    asked = sorted({key for held_by in keys.values() for key in held_by or ()})
    holders = dict(zip(asked, store.get(asked) if asked else (), strict=True))
    found: list[tuple[Snapshot, datetime | None]] = []
    for snapshot in page:
        held_by = keys[snapshot.key]
        there = [holders[key] for key in held_by or ()]
        ends: list[Any] = [h.data.get("expires_at") for h in there if h is not None]
        if held_by is None or None in ends:
            found.append((snapshot, longest))
        elif cls.IS_PART and ends and max(ends) > snapshot.data["expires_at"]:
            found.append((snapshot, max(ends)))
        else:
            found.append((snapshot, None))
    return found


def _holders(snapshot: Snapshot, cls: type[Document]) -> Sequence[Key] | None:
    """What needs a document; None: it cannot be read, so that nobody knows."""
    try:
        return decode(cls, snapshot.data).holders()
    except msgspec.ValidationError as error:
        log.error("expiring document not readable", key=str(snapshot.key), error=error)
        return None


def _renew(snapshot: Snapshot, until: datetime, store: Store) -> bool:
    try:
        store.commit(
            [Update(snapshot.key, {**snapshot.data, "expires_at": until}, snapshot.version)]
        )
    except Stale:
        return False  # just changed, and so its expiry was set anew
    return True


def _adopt(cls: type[Document], mark: SweepCursor, store: Store) -> list[str]:
    """Give documents without an expiry the one they would have been written with."""
    changes: list[str] = []
    for _ in range(0 if mark.adopted else MOST_PAGES):
        found = store.query(Query(cls.COLLECTION, (("id", ">", mark.adopted_to),), "id", BATCH))
        for snapshot in found:
            if "expires_at" not in snapshot.data and _give_expiry(cls, snapshot, store):
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
        log.error("document without expiry not readable", key=str(snapshot.key), error=error)
        return False
    return at is not None and _renew(snapshot, at, store)


def remove_expired(platform: Platform, cls: type[Document], now: datetime) -> Iterator[Snapshot]:
    """
    Yield each expired document of a class before it is removed; documents still needed are
    extended.

    The caller may remove what belongs to a document before it takes the next.
    """
    keep = cls.KEEP.time if cls.KEEP else None
    if keep is None:
        return
    for page in _by_expiry(platform.store, cls, _LONG_AGO, now):
        for snapshot, until in _needed_until(page, cls, platform.store, now + keep):
            if until is not None and until > now:
                _renew(snapshot, until, platform.store)
                continue
            yield snapshot
            # If it has just changed, the next sweep sees it.
            with contextlib.suppress(Stale):
                platform.store.commit([Delete(snapshot.key, snapshot.version)])


def expiring() -> list[type[Document]]:
    """Return every class in this process whose documents expire."""
    return [cls for _, cls in sorted(CLASSES.items()) if cls.KEEP and cls.KEEP.time is not None]


_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _by_expiry(
    store: Store, cls: type[Document], since: datetime, until: datetime
) -> Iterator[list[Snapshot]]:
    """
    Documents that expire after `since`, up to `until`, in that order, by the page.

    All that expire at one moment (the alerts of one report) stand in one page, however many.
    """

    def ask(*where: tuple[str, Operator, datetime], limit: int | None = None) -> list[Snapshot]:
        return store.query(Query(cls.COLLECTION, where, "expires_at", limit))

    while True:
        found = ask(("expires_at", ">", since), ("expires_at", "<=", until), limit=BATCH)
        if len(found) < BATCH:
            if found:
                yield found
            return
        last = found[-1].data["expires_at"]
        before = [snapshot for snapshot in found if snapshot.data["expires_at"] != last]
        yield [*before, *ask(("expires_at", "==", last))]
        since = last
