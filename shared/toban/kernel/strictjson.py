"""JSON from outside, strictly: UTF-8, no duplicate keys, no lone surrogates, bounded depth."""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DEPTH = 64


class NotStrictJson(ValueError):
    """The body is not valid strict JSON; the message says why, without quoting the body."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise NotStrictJson(f"key {key[:80]!r} occurs twice in one object")
        result[key] = value
    return result


def _constant(name: str) -> Any:
    raise NotStrictJson(f"{name} is not JSON")


def loads(body: bytes) -> Any:
    """
    Return the parsed body.

    Raises `NotStrictJson` for what is not UTF-8 or not JSON (RFC 8259), for a key that occurs
    twice, NaN and infinities, integers beyond 64 bits, lone surrogates, NUL characters, and
    nesting deeper than `MAX_DEPTH`.
    """
    try:
        text = body.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise NotStrictJson(f"not UTF-8 at byte {error.start}") from error
    if text.startswith("\ufeff"):
        raise NotStrictJson("begins with a byte order mark")
    try:
        value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant)
    except RecursionError as error:
        raise NotStrictJson("nested too deeply") from error
    except json.JSONDecodeError as error:
        raise NotStrictJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from error
    except NotStrictJson:
        raise
    except ValueError as error:  # an integer with thousands of digits
        raise NotStrictJson(str(error)[:120]) from error
    _check(value, MAX_DEPTH)
    return value


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise NotStrictJson(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth - 1)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise NotStrictJson("an integer beyond 64 bits")
    elif isinstance(value, float) and not math.isfinite(value):
        raise NotStrictJson("a number beyond 64-bit floating point")  # 1e999 parses as infinity


def _check_text(text: str) -> None:
    if text.isascii():
        if "\x00" in text:
            raise NotStrictJson("a NUL character in a string")
        return
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise NotStrictJson("a lone surrogate in a string")
    if "\x00" in text:
        raise NotStrictJson("a NUL character in a string")
