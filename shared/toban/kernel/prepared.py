"""
Decoding by msgspec, from types made ready by one thread at a time. Decode here, nowhere else.

msgspec works out how to decode a struct when it is first used, and marks it as known before it has
finished (so that types may contain themselves). A second thread that decodes the type at that very
moment uses the unfinished half and the process dies (msgspec 0.20, seen under load).
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

_lock = threading.RLock()
_ready: set[Any] = set()


def prepare(kind: Any) -> None:
    """Have msgspec work out a type, and all it contains, before anybody decodes it."""
    if kind in _ready:
        return
    with _lock:
        if kind not in _ready:
            msgspec.json.Decoder(kind)
            _ready.add(kind)


@cache
def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """The decoder of JSON for a type (or a union of types)."""
    prepare(kind)
    return msgspec.json.Decoder(kind)


def from_json(data: bytes | bytearray | memoryview | str, kind: type[T]) -> T:
    """The value in JSON text; raises `msgspec.DecodeError` for what does not fit."""
    of: Any = kind
    value: T = decoder(of).decode(data)
    return value


@overload
def converted(value: Any, kind: type[T], *, strict: bool = True) -> T: ...
@overload
def converted(value: Any, kind: Any, *, strict: bool = True) -> Any: ...
def converted(value: Any, kind: Any, *, strict: bool = True) -> Any:
    """
    Plain values as a type; raises `msgspec.ValidationError` for what does not fit.

    Not `strict`: text is read as a number or truth value where one is asked for. A class inside it
    that is no type of msgspec makes itself of its stored form (`from_stored`).
    """
    prepare(kind)
    return msgspec.convert(value, kind, strict=strict, dec_hook=_from_stored)


def _from_stored(kind: Any, value: Any) -> Any:
    return kind.from_stored(value)
