"""The console as a kind of channel."""

from __future__ import annotations

from typing import ClassVar

from toban.channels.base import Channel


class ConsoleChannel(Channel, frozen=True, tag="console", tag_field="type"):
    """A channel that writes a line to the log: for trials, and as the last resort."""

    RANK: ClassVar[int] = 90
    LEAVES: ClassVar[bool] = False
