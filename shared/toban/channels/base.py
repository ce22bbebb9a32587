"""
What a kind of channel is: a section of a profile that can say how people are reached by it.

A kind is one folder of this package: ``kind`` (its section, and what others have to know of it),
``message`` (what is sent, and how a notification is put into it) and ``adapter`` (which sends it).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from toban.channels.notice import PreparedNotification
from toban.channels.texts import both
from toban.kernel.kinds import module_of_kind
from toban.kernel.outgoing import Outgoing
from toban.strictyaml.report import Report
from toban.strictyaml.values import Section
from toban.texts import Both


class Channel(Section, frozen=True, tag_field="type"):
    """One channel of a service."""

    RANK: ClassVar[int] = 50
    """Where the kind stands in lists of kinds; the last resort comes last."""
    ROOM_KEY: ClassVar[str] = ""
    """The key without which it reaches only people; empty: it needs none."""
    ADDRESS: ClassVar[Both] = both("channels.address")
    """What a person needs to be reached by it (Japanese, English)."""

    fallback: str = ""
    """Channel used when this one failed for good."""

    def room(self) -> str | None:
        """Where it leads as ``channel:ID``, empty where that needs no address; None: nowhere."""
        return ""

    def reaches(self, addresses: Mapping[str, str]) -> str | None:  # noqa: ARG002
        """
        Where a person is reached by it, empty where that needs no address; None: not at all.

        `addresses`: the person's own, by what a profile calls them (``email``, ``slack``).
        """
        return ""

    @property
    def updates_in_place(self) -> bool:
        """Whether what is sent later changes, or follows, the incident's first message."""
        return False

    def check(self, path: str, report: Report) -> None:
        """Complain about what is missing or wrong; `path` is the channel's own."""

    def message(self, sending: PreparedNotification) -> Outgoing:
        """What is sent by it for a notification: what the module ``message`` of its folder makes."""
        made: Outgoing = module_of_kind(type(self), "message").message(self, sending)
        return made
