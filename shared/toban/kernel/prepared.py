"""
Decoding by msgspec, from types that one thread at a time has prepared. Decode here, nowhere else.

msgspec marks a struct as known before it has finished analysing it (so that types may contain
themselves). A second thread that decodes the type at that moment uses the unfinished half, and the
process crashes (msgspec 0.20, seen under load).
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
    """Let msgspec analyse a type, and all it contains, before it is used for decoding."""
    if kind in _ready:
        return
    with _lock:
        if kind not in _ready:
            msgspec.json.Decoder(kind)
            _ready.add(kind)


unpacked = msgspec.msgpack.Decoder().decode
"""Returns the plain values in MessagePack, a new copy each time."""


@cache
def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return the JSON decoder of a type (or a union of types)."""
    prepare(kind)
    return msgspec.json.Decoder(kind)


def from_json(data: bytes | bytearray | memoryview | str, kind: type[T]) -> T:
    """
    Return the value in JSON text; raises `msgspec.DecodeError` for what does not match the
    type.
    """
    of: Any = kind
    value: T = decoder(of).decode(data)
    return value


@overload
def converted(value: Any, kind: type[T], *, strict: bool = True) -> T: ...
@overload
def converted(value: Any, kind: Any, *, strict: bool = True) -> Any: ...
def converted(value: Any, kind: Any, *, strict: bool = True) -> Any:
    """
    Return plain values as a type; raises `msgspec.ValidationError` for what does not match it.

    Not `strict`: text is read as a number or truth value where the type asks for one. A class
    inside it that msgspec does not know makes itself from its stored form (`from_stored`).
    """
    prepare(kind)
    return msgspec.convert(value, kind, strict=strict, dec_hook=_from_stored)


def _from_stored(kind: Any, value: Any) -> Any:
    return kind.from_stored(value)
