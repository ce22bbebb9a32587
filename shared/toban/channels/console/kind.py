"""The console, as a profile says it."""

from __future__ import annotations

from typing import ClassVar

from toban.channels.base import Channel
from toban.channels.notice import Sending
from toban.kernel.outgoing import Outgoing


class ConsoleChannel(Channel, frozen=True, tag="console", tag_field="type"):
    """A line on the log: for trying things out and as the last resort."""

    RANK: ClassVar[int] = 90

    def message(self, sending: Sending) -> Outgoing:
        """See `Channel.message`."""
        from toban.channels.console.message import message

        return message(sending)
