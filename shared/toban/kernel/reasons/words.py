"""
Why something failed, in the words of whoever reads it.

What is recorded (a backup's reason, a notification's error) is English, whoever reads it later. The
reasons that people meet first have texts; `in_words` finds these in what is recorded, also between other
words, and leaves the rest as it is. Pure.
"""

from __future__ import annotations

import re
from functools import cache

from toban.kernel.reasons.texts import TEXTS
from toban.texts import Catalogue, Language

_text = Catalogue(TEXTS)
_PLACE = re.compile(r"\\\{(\w+)\\\}")


def reason(key: str, **values: object) -> str:
    """Return the text of `key` as it is recorded."""
    return _text("en", key, **values)


def in_words(language: Language, recorded: str) -> str:
    """Return a recorded reason in a language, as far as its words are known."""
    if language == "en":
        return recorded
    for key, pattern in _patterns():
        recorded = pattern.sub(
            lambda found, key=key: _text(language, key, **found.groupdict()),  # type: ignore[misc]
            recorded,
        )
    return recorded


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Each reason's English as a pattern, the longest first: one may be part of another."""
    found = []
    for key, texts in TEXTS.items():
        words = _PLACE.sub(r"(?P<\1>\\S+)", re.escape(texts["en"]))
        found.append((key, re.compile(words)))
    return sorted(found, key=lambda each: -len(each[1].pattern))
