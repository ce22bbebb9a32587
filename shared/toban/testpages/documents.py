"""The document of test pages."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from toban.kernel.document import Document, Keep
from toban.kernel.status import Transitions

Status = Literal["sent", "unanswered", "answered"]


class TestedContact(msgspec.Struct, kw_only=True):
    """One way by which a test page was sent to its person."""

    __test__: ClassVar[bool] = False

    channel: str
    """As the profile calls it."""
    key: str
    """What tells this channel and address from any other (`toban.testpages.ways.key_of`)."""
    answered_at: datetime | None = None
    """When the link in its message was used."""


class PageTest(Document, kw_only=True):
    """A test page: sent to one person by every channel by which they are called, to be answered."""

    COLLECTION: ClassVar[str] = "test_pages"
    KEEP = Keep.days(
        400,
        "after it was answered, or sent in vain: who has shown that they can be called; an older answer "
        "says nothing of today",
        "応答があってから（なければ送ってから）。呼び出せると確かめた人の記録。それより古い応答は現在の保証にならない",
    )
    STATUS = Transitions(
        first=("sent",),
        then={"sent": ("unanswered", "answered"), "unanswered": ("answered",), "answered": ()},
    )

    service: str
    person: str
    """Id in the profile."""
    person_name: str
    status: Status = "sent"
    asked_by: str
    """Who asked for it; empty: it was sent because a shift of theirs comes."""
    asked_at: datetime
    shift_at: datetime | None = None
    """The shift before which it was sent."""
    contacts: list[TestedContact]
    answered_at: datetime | None = None
    """When it was first answered by any of them."""
    proof: str = ""
    """
    What proved who answered first (`toban.kernel.command`): ``link:person:aoki`` from a message to
    their own address; ``link:`` from one that others can read, too.
    """

    def over_since(self) -> datetime | None:
        """Return when it was answered, or given up on."""
        return None if self.status == "sent" else self.answered_at or self.asked_at
