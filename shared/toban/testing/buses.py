"""A bus that keeps what is published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from toban.kernel.event import Event, from_message
from toban.ports import Message


def _nothing() -> None:
    """What happens before a publication unless a test wants something."""


@dataclass
class ListBus:
    """The `Bus` port for tests: keeps messages in order; `before` is called first and may raise."""

    messages: list[Message] = field(default_factory=list)
    before: Callable[[], None] = _nothing

    def publish(self, messages: Sequence[Message]) -> None:
        """See `toban.ports.Bus`."""
        self.before()
        self.messages.extend(messages)

    def take(self) -> list[Event]:
        """Return the events published since the last time, which are then gone."""
        events = [from_message(message) for message in self.messages]
        self.messages.clear()
        return events
