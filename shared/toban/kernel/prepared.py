"""
Types made ready for decoding by one thread at a time.

msgspec works out how to decode a struct when it is first used, and marks it as known before it has
finished (so that types may contain themselves). A second thread that decodes the type at that very
moment uses the unfinished half and the process dies (msgspec 0.20, seen under load).
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

_lock = threading.RLock()
_ready: set[type] = set()


def prepare(cls: type[Any]) -> None:
    """Have msgspec work out `cls`, and all it contains, before anybody decodes it."""
    if cls in _ready:
        return
    with _lock:
        if cls not in _ready:
            msgspec.json.Decoder(cls)
            _ready.add(cls)


T = TypeVar("T")


def convert(data: Any, kind: type[T]) -> T:
    """
    `data` (plain values) as a `kind`.

    A class inside it that is no type of msgspec makes itself of its stored form (`from_stored`).
    Raises `msgspec.ValidationError` naming the path.
    """
    prepare(kind)
    return msgspec.convert(data, kind, dec_hook=_from_stored)


def _from_stored(kind: Any, value: Any) -> Any:
    return kind.from_stored(value)
