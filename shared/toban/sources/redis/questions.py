"""Questions about what was restored into a Redis: commands that only read, and their answers as text."""

from __future__ import annotations

import shlex

from toban.ports.backup import TargetFailed

READING = frozenset(
    [
        "GET",
        "MGET",
        "STRLEN",
        "GETRANGE",
        "GETBIT",
        "BITCOUNT",
        "EXISTS",
        "TYPE",
        "TTL",
        "PTTL",
        "DBSIZE",
        "HGET",
        "HMGET",
        "HLEN",
        "HEXISTS",
        "HGETALL",
        "HKEYS",
        "HVALS",
        "LLEN",
        "LINDEX",
        "LRANGE",
        "SCARD",
        "SISMEMBER",
        "SMEMBERS",
        "ZCARD",
        "ZSCORE",
        "ZRANK",
        "ZCOUNT",
        "ZRANGE",
        "ZRANGEBYSCORE",
        "XLEN",
        "XRANGE",
        "XREVRANGE",
    ]
)
"""What a question may use: commands that only read."""


def parse_question(query: str) -> tuple[int, list[str]]:
    """Return the database and the command; raises `TargetFailed` for one that may write."""
    try:
        words = shlex.split(query)
    except ValueError as error:
        raise TargetFailed(f"not a question: {query[:80]!r}: {error}", retryable=False) from None
    db = 0
    if words and words[0].endswith(":") and words[0][:-1].isdigit():
        db = int(words.pop(0)[:-1])
    if not words or words[0].upper() not in READING:
        raise TargetFailed(f"not a command that only reads: {query[:80]!r}", retryable=False)
    return db, words


def text_of(answer: object) -> str:
    """Return an answer as a person reads it: lists are one line each, what does not exist is ``nil``."""
    if answer is None:
        return "nil"
    if isinstance(answer, bytes):
        return answer.decode("utf-8", "backslashreplace")
    if isinstance(answer, list):
        return "\n".join(text_of(item) for item in answer)
    return str(answer)
