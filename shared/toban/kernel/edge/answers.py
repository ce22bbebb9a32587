"""
The links of test pages: whoever has the message says that it reached them, and nothing else.

Signed as those of incidents (`toban.kernel.edge.links`), for a purpose of its own: neither kind of link
is anything where the other is expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from toban.kernel.edge.links import Language, opened, sign
from toban.kernel.edge.row import RequestRefused
from toban.kernel.event import utc

ANSWERABLE: Final = timedelta(days=2)
"""Whoever answers on the next morning has shown, too, that they can be called by it."""
PATH: Final = "/test"
_PURPOSE: Final = b"toban-answer-v1\n"


class AnswerLink(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The payload of the link in one message of a test page."""

    test: str
    """Id of the test page."""
    channel: str
    """By which it was sent."""
    name: str
    """Whom it was sent to."""
    person: str = ""
    """``person:aoki``, whose own address it was sent to; empty: others can read it, too."""
    exp: int
    """Unix seconds after which it does nothing."""
    iat: int
    """Unix seconds when it was made."""
    lang: Language = "ja"


class ExpiredAnswer(RequestRefused):
    """The link is valid but has expired."""

    status = 410

    def __init__(self, link: AnswerLink) -> None:
        super().__init__("the link has expired")
        self.link = link


def make_answer_link(base_url: str, link: AnswerLink, secret: str) -> str:
    """Return the address; `base_url` is where `ingest_action` answers. Raises as `sign` does."""
    return f"{base_url.rstrip('/')}{PATH}?{sign(link, secret, _PURPOSE)}"


def verify_answer(
    payload: str, signature: str, secrets: Sequence[str], now: datetime
) -> AnswerLink:
    """
    Return the link after checking its signature and its time.

    Raises `toban.kernel.edge.links.BadLink`, and `ExpiredAnswer` once `now` has reached its end.
    """
    link = opened(payload, signature, secrets, AnswerLink, _PURPOSE)
    if utc(now).timestamp() >= link.exp:
        raise ExpiredAnswer(link)
    return link
