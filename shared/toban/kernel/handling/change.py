"""
Changing one document outside of any handling: what a person marks or applies.

No event is emitted. The write is optimistic, so a concurrent change of the document is not lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import overload

from toban.kernel.document import D, Document, decode, encode, require_transition
from toban.ports import AlreadyExists, Create, Delete, Stale, Store, Update


@overload
def change(store: Store, cls: type[D], id: str, decide: Callable[[D | None], D]) -> D: ...


@overload
def change(
    store: Store, cls: type[D], id: str, decide: Callable[[D | None], D | None]
) -> D | None: ...


def change(store: Store, cls: type[D], id: str, decide: Callable[[D | None], D | None]) -> D | None:
    """
    Write what `decide` returns for the current document (None: there is none), and return it.

    Nothing is written when it is unchanged or `decide` returns None. `decide` may run again
    (another writer was first), so it must have no other effect. When it raises, the document
    stays as it was.
    """
    key = cls.key(id)
    while True:
        found = store.get([key])[0]
        before = None if found is None else decode(cls, found.data)
        wanted = decide(None if found is None else decode(cls, found.data))
        if wanted is None or wanted == before:
            return wanted
        if found is not None:
            require_transition(wanted, found.data)
        data = encode(wanted)
        try:
            store.commit([Create(key, data) if found is None else Update(key, data, found.version)])
        except (AlreadyExists, Stale):
            continue  # it changed at this very moment: look again
        return wanted


def remove(store: Store, seen: Document) -> bool:
    """Remove a document unless it changed since it was read; return whether it is gone."""
    key = seen.key(seen.id)
    found = store.get([key])[0]
    if found is None:
        return True
    if decode(type(seen), found.data) != seen:
        return False
    try:
        store.commit([Delete(key, found.version)])
    except Stale:
        return False
    return True
