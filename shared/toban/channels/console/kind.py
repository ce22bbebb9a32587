"""The console, as a profile says it."""

from __future__ import annotations

from typing import ClassVar

from toban.channels.base import Channel


class ConsoleChannel(Channel, frozen=True, tag="console", tag_field="type"):
    """A line on the log: for trying things out and as the last resort."""

    RANK: ClassVar[int] = 90
