"""
Making text from outside safe to show and to send on.

Control characters (except newline and tab), bidirectional controls and invisible characters are
removed: they can forge a log line, reverse what a person reads, or make two different names look
equal. Text that is too long is cut and ends in ``…``.
"""

from __future__ import annotations

import re

TITLE = 300
SUMMARY = 3_000
LABELS = 64
LABEL_KEY = 128
LABEL_VALUE = 512
LINKS = 10
URL = 2_000
"""Limits in characters (a URL that is longer is left out: half a URL is a wrong URL)."""

_NEWLINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # C0 and C1 controls, with ESC of terminal sequences
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks, embeddings, overrides
    "\u200b\u2060-\u2064\ufeff\ufff9-\ufffb"  # zero-width space, joiners, BOM, annotations
    "\U000e0000-\U000e007f]"  # tag characters: invisible ASCII
)
_SPACE = re.compile(r"\s+")
_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters; what was cut ends in ``…``."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def block(text: str, limit: int = SUMMARY) -> str:
    """Return text of several lines."""
    return cut(_DROPPED.sub("", _NEWLINES.sub("\n", text)).strip(), limit)


def line(text: str, limit: int = TITLE) -> str:
    """Return text of one line: any white space becomes one space."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return cut(text.strip(), limit)  # nothing to clean, as nearly always
    return cut(_SPACE.sub(" ", _DROPPED.sub("", _NEWLINES.sub("\n", text))).strip(), limit)


def url(text: str) -> str:
    """Return `text` if it is an http(s) URL of printable ASCII that is not too long, else empty."""
    stripped = text.strip()
    return stripped if len(stripped) <= URL and _URL.fullmatch(stripped) else ""
