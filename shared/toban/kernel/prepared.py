"""
Decoding typed data, by types made ready by one thread at a time: the only way to decode with msgspec.

msgspec works out how to decode a struct when it is first used, and marks it as known before it has
finished (so that types may contain themselves). A second thread that decodes the type at that very
moment uses the unfinished half and the process dies (msgspec 0.20, seen under load).
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

_lock = threading.RLock()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


@overload
def decoder(cls: type[T]) -> msgspec.json.Decoder[T]: ...


@overload
def decoder(cls: Any) -> msgspec.json.Decoder[Any]: ...


def decoder(cls: Any) -> msgspec.json.Decoder[Any]:
    """
    What decodes JSON to a type (or a union of types).

    Its `decode` raises `msgspec.DecodeError` or `UnicodeDecodeError` for what does not fit.
    """
    made = _decoders.get(cls)
    if made is None:
        with _lock:
            made = _decoders.get(cls) or msgspec.json.Decoder(cls)
            _decoders[cls] = made
    return made


def convert(value: Any, cls: type[T], *, strict: bool = True) -> T:
    """
    A value of plain dicts, lists and scalars as a type; raises `msgspec.ValidationError`.

    Without `strict` text may stand for a number or a boolean.
    """
    decoder(cls)
    return msgspec.convert(value, cls, strict=strict)
