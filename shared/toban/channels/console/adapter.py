"""A line on the log. A second copy says that it may be one."""

from __future__ import annotations

from toban.channels.config import ChannelConfig
from toban.channels.console.message import ConsoleLine
from toban.kernel import log
from toban.kernel.handling.effect import Done, Result
from toban.kernel.outgoing import Outgoing
from toban.ports import Clock, Secrets


class ConsoleSender:
    """Writes `ConsoleLine`s to the log."""

    def send(self, outgoing: Outgoing) -> Result:
        """See `toban.kernel.outgoing.Senders`."""
        assert isinstance(outgoing, ConsoleLine)
        fields = dict(outgoing.fields)
        if outgoing.unknown:
            fields["repetition"] = outgoing.repetition
        log.warning(
            f"NOTIFICATION {outgoing.text}",
            notification=outgoing.id,
            incident=outgoing.incident,
            **fields,
        )
        return Done(logged=True)


def sender(config: ChannelConfig, secrets: Secrets, clock: Clock) -> ConsoleSender:
    """Return the sender of `ConsoleLine`s."""
    del config, secrets, clock
    return ConsoleSender()
