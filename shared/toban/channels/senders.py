"""
Every kind of channel behind one `send`, each made on first use.

A function that only ever posts to webhooks never imports slack_sdk or smtplib.
"""

from __future__ import annotations

import threading
from typing import Protocol, cast

from toban.channels.config import ChannelConfig, read_config
from toban.kernel import log
from toban.kernel.binding import provides
from toban.kernel.handling.effect import Failed, Result
from toban.kernel.kinds import module_of_kind
from toban.kernel.outgoing import (
    SENDERS,
    Outgoing,
    Senders,
)
from toban.kernel.platform import Platform
from toban.ports import Clock, PortError, Secrets


class _Adapter(Protocol):
    """What the module ``adapter`` of a kind has."""

    def sender(self, config: ChannelConfig, secrets: Secrets, clock: Clock) -> Senders: ...


class ChannelSenders:
    """The `Senders` of `toban.kernel.outgoing` for all kinds of channels."""

    def __init__(self, config: ChannelConfig, secrets: Secrets, clock: Clock) -> None:
        self._config = config
        self._secrets = secrets
        self._clock = clock
        self._lock = threading.Lock()
        self._made: dict[type, Senders] = {}

    def send(self, outgoing: Outgoing) -> Result:
        """Send by the kind of channel that `outgoing` is for; see `Senders.send`."""
        try:
            return self._sender(outgoing).send(outgoing)
        except PortError:
            raise
        except Exception as error:  # noqa: BLE001
            # A defect in one channel must not keep a page from the next one: it is logged with
            # its stack, and counts as a failure whose effect is unknown.
            log.error("channel failed: unexpected error", error=error, notification=outgoing.id)
            return Failed(f"unexpected {type(error).__name__}", retryable=True, unknown=True)

    def _sender(self, outgoing: Outgoing) -> Senders:
        kind = type(outgoing)
        with self._lock:
            if kind not in self._made:
                # The adapter of the folder that the message's class stands in.
                adapter = cast("_Adapter", module_of_kind(kind, "adapter"))
                self._made[kind] = adapter.sender(self._config, self._secrets, self._clock)
            return self._made[kind]


@provides(SENDERS)
def channel_senders(platform: Platform, secrets: Secrets) -> Senders:
    """Return the senders, configured by the environment; raises as `read_config` does."""
    return ChannelSenders(read_config(), secrets, platform.clock)
