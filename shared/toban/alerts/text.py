"""
Making text from outside safe to show and to send on.

Control characters (except newline and tab), bidirectional controls and invisible characters are
removed: they can forge a log line, reverse what a person reads, or make two different names look
equal. Credentials are masked. Text that is too long is cut, afterwards, and ends in ``…``.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from toban.kernel.secrecy.masking import MASK, mask

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
_USERINFO = re.compile(r"(?<=://)[^/?#]*@")
_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters; what was cut ends in ``…``."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def block(text: str, limit: int = SUMMARY) -> str:
    """Return text of several lines."""
    return _shown(_DROPPED.sub("", _NEWLINES.sub("\n", text)), limit)


def line(text: str, limit: int = TITLE) -> str:
    """Return text of one line: any white space becomes one space."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return _shown(text, limit)  # nothing to clean, as nearly always
    return _shown(_SPACE.sub(" ", _DROPPED.sub("", _NEWLINES.sub("\n", text))), limit)


def _shown(text: str, limit: int) -> str:
    # Masked before it is cut (half a credential is not found), and not all of a megabyte.
    text = text.strip()
    looked_at = text[: 4 * limit + 4_000]
    return cut(mask(looked_at) + ("…" if len(looked_at) < len(text) else ""), limit)


def url(text: str) -> str:
    """
    Return `text` if it is an http(s) URL of printable ASCII that is not too long, else empty.

    A user and a password in it are taken out, a token among its parameters is masked.
    """
    stripped = text.strip()
    if len(stripped) > URL or not _URL.fullmatch(stripped):
        return ""
    address = _USERINFO.sub("", stripped, count=1) if "@" in stripped else stripped
    if "%" in address and _hides(address):
        place = address.partition("?")[0]
        return "" if _hides(place) else f"{place}?{MASK}"
    return mask(address)


def _hides(address: str) -> bool:
    """Whether a credential shows once the address is decoded."""
    plain = unquote(address)
    return mask(plain) != plain
