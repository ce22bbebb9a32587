"""Ids derived from their cause, so that repeated work uses the same ids."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache


@lru_cache(maxsize=4096)  # one handling, and each repetition of it, derives the same ids
def derive(*parts: str, length: int = 26) -> str:
    """
    Return a stable id from `parts`: `length` characters of base32 (5 bits each) of a SHA-256.

    The parts are length-prefixed, so ``("ab", "c")`` and ``("a", "bc")`` differ. 26 characters
    are 130 bits: collisions need about 2**65 ids.
    """
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return base64.b32encode(digest.digest()).decode("ascii").lower()[:length]


def body_hash(data: bytes) -> str:
    """Return the SHA-256 of a message body, in hex."""
    return hashlib.sha256(data).hexdigest()
