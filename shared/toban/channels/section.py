"""The section `channels`: of every kind that has a folder here."""

from __future__ import annotations

from typing import Final

from toban.channels.base import Channel
from toban.channels.texts import both
from toban.kernel.kinds import named
from toban.profile.profile import SectionKey

CHANNELS: Final[SectionKey[dict[str, Channel]]] = SectionKey(
    "channels",
    named("toban.channels", Channel),
    {},
    inactive=both("section.channels"),
)
