"""
A document changed outside of any handling: what a person marks or applies, for no function to react to.

Optimistic like everything else, so nothing that happens to the document meanwhile is lost.
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
    Write and return what `decide` makes of the document as it is now (None: there is none).

    Nothing is written when nothing changed, or when it returns None. Somebody else may be quicker:
    then `decide` is asked again, so it must have no other effect. What it raises leaves the document
    as it was.
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
    """Remove a document unless it has changed since it was read; whether it is gone."""
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
