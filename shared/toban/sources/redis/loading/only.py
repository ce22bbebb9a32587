"""Which keys of a dump a partial restore means: patterns as of Redis' own ``KEYS``."""

from __future__ import annotations

import re
from functools import lru_cache


def text_of_key(key: bytes) -> str:
    """Return a key as text that stands for it alone: bytes that are no UTF-8 as escapes of Python."""
    return key.decode("utf-8", "surrogateescape")


def fits(key: str, pattern: str) -> bool:
    r"""
    Return whether a key is what a pattern means: ``*`` any characters, ``?`` one, ``[a-c]`` and ``[^a]`` one of
    these (or none of them), and ``\`` before any of them itself.
    """
    return _compiled(pattern).fullmatch(key) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    found, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        end = pattern.find("]", at + 1)
        if char == "*":
            found += ".*"
        elif char == "?":
            found += "."
        elif char == "\\" and at < len(pattern):
            found += re.escape(pattern[at])
            at += 1
        elif char == "[" and end > 0:
            inside = pattern[at:end]
            sign = "^" if inside.startswith("^") else ""
            inside = re.sub(r"([\\\[\]^])", r"\\\1", inside.removeprefix("^"))
            found += f"[{sign}{inside}]"
            at = end + 1
        else:
            found += re.escape(char)
    try:
        return re.compile(found, re.DOTALL)
    except re.error:  # a range that goes backwards: nothing is in it
        return re.compile(r"(?!)")
