"""The data directory of `toban dev --emulators`: its documents lie in the emulators of that run."""

from __future__ import annotations

import getpass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from toban.cli.kit.places.base import Session, new_event
from toban.cli.kit.places.cloud import CloudSession
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.terminal import Problem, Terminal
from toban.local.emulated.running import FILE, RunningEmulators, find

if TYPE_CHECKING:
    from datetime import datetime

    from toban.adapters.google.pubsub.bus import PubSubDeadLetters
    from toban.kernel.event import Body, Event
    from toban.kernel.platform import Platform
    from toban.ports import Store


def found(data: Path, terminal: Terminal) -> RunningEmulators | None:
    """
    Return the run on emulators that a directory belongs to; None: it belongs to none.

    `Problem` when that run has died: what it kept is gone.
    """
    running = find(data)
    if running is not None and not running.answers():
        raise Problem(terminal.say("data.emulators-gone", data=data, file=data / FILE))
    return running


class EmulatedSession(CloudSession):
    """A session on the emulators of this machine: its user is proven, and publishes directly."""

    def __init__(self, running: RunningEmulators, terminal: Terminal, *, quiet: bool) -> None:
        """Asks nothing yet."""
        Session.__init__(self, terminal, quiet=quiet)
        self.place = running.project
        self._location = ""
        self._running = running
        self.reader = StoreReader(self._store())

    def _store(self) -> Store:
        from toban.adapters.google.firestore import store

        client = partial(store.connect, self._running.firestore)
        return store.FirestoreStore(self.place, client=client)

    def url(self, blob: str) -> str:
        """See `Session`."""
        return f"http://{self._running.gcs}/{self.place}/{blob}"

    def _dead_letters(self) -> PubSubDeadLetters:
        from toban.adapters.google.pubsub import bus

        return bus.PubSubDeadLetters(self.place, partial(bus.subscriber, self._running.pubsub))

    def fired(self) -> dict[str, datetime] | None:
        """See `Session`: the run's own clock fires, and keeps no record."""
        return None

    @cached_property
    def platform(self) -> Platform:
        """See `Session`."""
        from toban import entry
        from toban.adapters.google.pubsub import bus
        from toban.adapters.local.files.blobs import SystemClock
        from toban.adapters.local.memory.store import MemoryBlobs
        from toban.kernel.platform import Platform

        return Platform(
            store=self._store(),
            bus=bus.PubSubBus(self.place, partial(bus.publisher, self._running.pubsub)),
            blobs=MemoryBlobs(),  # nothing is attached here
            clock=SystemClock(),
            pause=entry.pause,
            dead_letters=self._dead_letters(),
        )

    def actor(self, named: str | None) -> tuple[str, str]:
        """See `Session`: the user of this machine is proven, whom they name is not."""
        user = getpass.getuser()
        return (named or user).strip()[:80], f"local:{user}"

    def issue(self, body: Body) -> Event:
        """See `Session`: published into the emulator."""
        from toban.kernel.event import to_message
        from toban.kernel.work import clock_now

        event = new_event(body, clock_now(self.platform.clock))
        self.platform.bus.publish([to_message(event)])
        return event
