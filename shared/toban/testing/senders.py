"""The outside in a list: what would have been sent, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from toban.kernel.handling.effect import Done, Result
from toban.kernel.outgoing import Outgoing


@dataclass
class ListSenders:
    """The `Senders` port for tests: keeps what is sent; `answers` are given in turn, then success."""

    answers: list[Result] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)

    def send(self, outgoing: Outgoing) -> Result:
        """See `toban.kernel.outgoing.Senders`."""
        self.sent.append(outgoing)
        return self.answers.pop(0) if self.answers else Done(f"C0ROOM/{len(self.sent)}.0")
