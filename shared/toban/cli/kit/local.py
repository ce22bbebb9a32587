"""
The data directory from the command line: reading it, and having a command carried out.

Reading needs neither the functions nor a running `toban dev`. Acting publishes into the queue of
the data directory; when a runtime delivers there, it is waited for, else the queue is drained
here, so a command has its effect at once either way.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import now

if TYPE_CHECKING:
    from toban.adapters.local.sqlite.database import Database
    from toban.kernel.event import Body, Event
    from toban.local.world import World
    from toban.ports import Store

WAIT_S = 8.0
DRAIN_S = 30.0
_POLL_S = 0.05


@dataclass(frozen=True)
class Opened:
    """A data directory opened for reading."""

    path: Path
    database: Database
    store: Store


def exists(data: Path) -> bool:
    """Whether anything was ever kept in that directory."""
    return (data / "toban.db").is_file()


@contextlib.contextmanager
def opened(data: Path, terminal: Terminal) -> Iterator[Opened]:
    """Open an existing data directory; `Problem` when there is none."""
    from toban.adapters.local.sqlite.database import Database
    from toban.adapters.local.sqlite.store import SqliteStore
    from toban.ports import Unavailable

    if not exists(data):
        raise Problem(terminal.say("data.none", data=data))
    try:
        database = Database(data / "toban.db")
    except Unavailable as error:
        raise Problem(str(error)) from error
    try:
        yield Opened(data, database, SqliteStore(database))
    finally:
        database.close()


@dataclass(frozen=True)
class Issued:
    """What came of an event that was published here."""

    event: Event
    outcome: str
    """As in `toban.ports.Trace`; empty when nobody has handled it within the time."""
    by_runtime: bool


def new_event(body: Body) -> Event:
    """An event that begins here; its id derives from a nonce made now."""
    from toban.kernel.event import Event
    from toban.kernel.ids import derive

    id_ = derive("cli", uuid.uuid4().hex)
    return Event(
        id=id_,
        source="/cli",
        time=now(),
        subject=body.subject(),
        body=body,
        correlation_id=id_,
    )


def issue(data: Path, body: Body, function: str, wait_s: float = WAIT_S) -> Issued:
    """Publish an event and have it handled; `function` is whose handling is waited for."""
    from toban.adapters.local.sqlite.dispatcher import AlreadyRunningError
    from toban.kernel.event import to_message
    from toban.local import logs
    from toban.local.world import open_world

    file = logs.begin(data / "toban.log", None)
    try:
        with open_world(data) as world:
            event = new_event(body)
            dispatcher = world.dispatcher()
            try:
                dispatcher.start()
            except AlreadyRunningError:
                world.platform.bus.publish([to_message(event)])
                return Issued(event, _await(world, event.id, function, wait_s), True)
            try:
                world.platform.bus.publish([to_message(event)])
                dispatcher.drain(DRAIN_S)
            finally:
                dispatcher.stop()
            return Issued(event, outcome(world, event.id, function), False)
    finally:
        logs.end(file)


def _await(world: World, event_id: str, function: str, wait_s: float) -> str:
    deadline = time.monotonic() + wait_s
    while True:
        found = outcome(world, event_id, function)
        if found not in ("", "retry", "error") or time.monotonic() > deadline:
            return found
        time.sleep(_POLL_S)


def outcome(world: World, event_id: str, function: str) -> str:
    """How a function handled an event (`toban.ports.Trace`); empty: it did not yet."""
    from toban.kernel.handling.receipt import Receipt, receipt_id

    # The receipt is there at once; the trace (the only sign of an event that changed nothing)
    # is written a little later.
    if world.platform.store.get([Receipt.key(receipt_id(function, event_id))])[0] is not None:
        return "done"
    traces = [t for t in world.tracer.by_event(event_id) if t.function == function]
    return traces[-1].outcome if traces else ""
