"""
The base of every kind of channel: a section of a profile that says how people are reached by it.

A kind is one folder of this package: ``kind`` (its section, and what others have to know of it),
``message`` (what is sent, and how a notification is put into it) and ``adapter`` (which sends it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from toban.channels.notice import PreparedNotification
from toban.channels.texts import both
from toban.kernel.kinds import module_of_kind
from toban.kernel.outgoing import Outgoing
from toban.strictyaml.report import Report
from toban.strictyaml.values import Section, secrets_of
from toban.texts import Both


class Channel(Section, frozen=True, tag_field="type"):
    """One channel of a service, as a profile has it: the base of every kind."""

    RANK: ClassVar[int] = 50
    """Where the kind stands in lists of kinds; the last resort comes last."""
    ROOM_KEY: ClassVar[str] = ""
    """The key without which it reaches only people; empty: it needs none."""
    ADDRESS: ClassVar[Both] = both("channels.address")
    """What a person needs to be reached by it (Japanese, English)."""

    LEAVES: ClassVar[bool] = True
    """What is sent by it leaves this machine."""

    fallback: str = ""
    """Channel used when this one failed for good."""

    def room(self) -> str | None:
        """Return where it leads as ``channel:ID``, empty where it needs no address; None: nowhere."""
        return ""

    def reaches(self, addresses: Mapping[str, str]) -> str | None:  # noqa: ARG002
        """
        Return the person's address for it, empty where it needs none; None: not reached.

        `addresses`: the person's own, by what a profile calls them (``email``, ``slack``).
        """
        return ""

    def notices(self, addresses: Mapping[str, str]) -> bool:
        """Return whether the person hears of a message by it, and need not be looking at it."""
        return self.reaches(addresses) is not None

    def named(self, id: str) -> str:
        """Return how people call it; `id`: its own in the profile."""
        return id

    @property
    def shared(self) -> bool:
        """Return whether everybody called by it reads the same: one message is for all of them."""
        return False

    @property
    def updates_in_place(self) -> bool:
        """Return whether later messages change, or follow, the incident's first message."""
        return False

    def lacks(self, is_set: Callable[[str], bool]) -> str:
        """
        Return the secret or the variable without which nothing can be sent by it; empty: none.

        `is_set` tells of a secret by its name, and of a variable ``TOBAN_…`` by that.
        """
        named = secrets_of(self).values()
        return next((name for name in named if not is_set(name)), "")

    def check(self, path: str, report: Report) -> None:
        """Report what is missing or wrong; `path` is the channel's own."""

    def message(self, sending: PreparedNotification) -> Outgoing:
        """Return the message for a notification, made by the module ``message`` of its folder."""
        made: Outgoing = module_of_kind(type(self), "message").message(self, sending)
        return made
