"""
Changing one document outside of any handling: what a person marks or applies.

No event is emitted. The write is optimistic, so a concurrent change of the document is not lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import overload

import msgspec

from toban.kernel.command import Audit, Outcome
from toban.kernel.document import D, Document, decode, encode, require_transition
from toban.ports import AlreadyExists, Create, Delete, Stale, Store, Update, Write


@overload
def change(
    store: Store,
    cls: type[D],
    id: str,
    decide: Callable[[D | None], D],
    audit: Audit | None = None,
) -> D: ...


@overload
def change(
    store: Store,
    cls: type[D],
    id: str,
    decide: Callable[[D | None], D | None],
    audit: Audit | None = None,
) -> D | None: ...


def change(
    store: Store,
    cls: type[D],
    id: str,
    decide: Callable[[D | None], D | None],
    audit: Audit | None = None,
) -> D | None:
    """
    Write what `decide` returns for the current document (None: there is none), and return it.

    Nothing is written when it is unchanged or `decide` returns None. `decide` may run again
    (another writer was first), so it must have no other effect. When it raises, the document
    stays as it was.

    An `audit` record is created in the same commit with what came of it: ``done``, or ``nothing``;
    ``refused``, with the reason, when `decide` raises `ValueError`.
    """
    key = cls.key(id)
    while True:
        found = store.get([key])[0]
        before = None if found is None else decode(cls, found.data)
        try:
            wanted = decide(None if found is None else decode(cls, found.data))
        except ValueError as error:
            if audit is not None:
                store.commit([_created(audit, "refused", str(error))])
            raise
        changed = wanted is not None and wanted != before
        writes: list[Write] = []
        if wanted is not None and changed:
            if found is not None:
                require_transition(wanted, found.data)
            data = encode(wanted)
            writes.append(Create(key, data) if found is None else Update(key, data, found.version))
        if audit is not None:
            writes.append(_created(audit, "done" if changed else "nothing"))
        if not writes:
            return wanted
        try:
            store.commit(writes)
        except (AlreadyExists, Stale):
            continue  # it changed at this very moment: look again
        return wanted


def _created(audit: Audit, outcome: Outcome, reason: str = "") -> Create:
    record = msgspec.structs.replace(audit, outcome=outcome, reason=reason)
    return Create(record.key(record.id), encode(record))


def remove(store: Store, seen: Document, audit: Audit | None = None) -> bool:
    """
    Remove a document unless it changed since it was read; return whether it is gone.

    An `audit` record is created in the same commit.
    """
    key = seen.key(seen.id)
    found = store.get([key])[0]
    if found is None:
        return True
    if encode(decode(type(seen), found.data)) != encode(seen):
        return False
    try:
        store.commit(
            [Delete(key, found.version), *([] if audit is None else [_created(audit, "done")])]
        )
    except Stale:
        return False
    return True
