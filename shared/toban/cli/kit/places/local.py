"""
The data directory: reading it, and having something done in it.

Reading needs neither the functions nor a running `toban dev`. Acting publishes into the queue; when
a runtime delivers there, it is waited for, else this process delivers, so a command has its effect
at once either way.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.store import SqliteStore
from toban.cli.kit.places.base import CommandOutcome, Session, Traces, new_event
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import now
from toban.ports import Trace, Unavailable

if TYPE_CHECKING:
    from toban.adapters.local.sqlite.dispatcher import Dispatcher
    from toban.adapters.local.sqlite.traces import SqliteTracer
    from toban.kernel.event import Body, Event
    from toban.kernel.platform import Platform
    from toban.local.world import World
    from toban.ports import Secrets

INTERRUPTED = 130
DATABASE = "toban.db"
DRAIN_S = 30.0
_POLL_S = 0.05
_SOON = timedelta(minutes=2)
"""A timer that is due so soon may be part of what is waited for."""


def exists(data: Path) -> bool:
    """Return whether anything was ever kept in that directory."""
    return (data / DATABASE).is_file()


def require_here(data: Path, terminal: Terminal) -> None:
    """Raise `Problem` while the documents of a data directory are in an emulator."""
    from toban.local.control import find_emulated

    running = find_emulated(data)
    if running is not None:
        firestore, project = running.emulators.get("firestore", ""), running.project
        raise Problem(
            terminal.say("data.emulated", data=data, firestore=firestore, project=project)
        )


@contextlib.contextmanager
def opened(
    data: Path, terminal: Terminal, *, quiet: bool = False, new: bool = False
) -> Iterator[LocalSession]:
    """Open a data directory; `Problem` when there is none, unless a `new` one may be begun."""
    require_here(data, terminal)
    if not exists(data) and not new:
        raise Problem(terminal.say("data.none", data=data))
    data.mkdir(parents=True, exist_ok=True)
    try:
        database = SqliteDatabase(data / DATABASE)
    except Unavailable as error:
        raise Problem(str(error)) from error
    with contextlib.ExitStack() as stack:
        stack.callback(database.close)
        found = LocalSession(data, database, stack, terminal, quiet=quiet)
        try:
            yield found
        finally:
            found.close()


class LocalSession(Session):
    """A session on a data directory; its functions are loaded when there is something to do."""

    waits_s = 8.0

    def __init__(
        self,
        data: Path,
        database: SqliteDatabase,
        stack: contextlib.ExitStack,
        terminal: Terminal,
        *,
        quiet: bool,
    ) -> None:
        """What is opened later is put on the `stack`."""
        super().__init__(terminal, quiet=quiet)
        self.data = data
        self.place = str(data)
        self.database = database
        self.reader = StoreReader(SqliteStore(database))
        self._stack = stack
        self._opened: World | None = None
        self._dispatcher: Dispatcher | None = None

    def url(self, blob: str) -> str:
        """See `Session`."""
        from toban.adapters.local.files.blobs import FileBlobs

        return FileBlobs(self.data / "blobs").url(blob)

    def traces(self) -> Traces:
        """See `Session`."""
        from toban.adapters.local.sqlite.traces import SqliteTracer

        tracer = SqliteTracer(self.database)
        self._stack.callback(tracer.close)
        return NotedTraces(tracer)

    def dead_letters(self) -> dict[str, int]:
        """See `Session`."""
        from toban.adapters.local.sqlite.dead_letters import SqliteDeadLetters

        return SqliteDeadLetters(self.database).counts()

    def fired(self) -> dict[str, datetime]:
        """See `Session`."""
        from toban.local.clockwork import FiredSchedule

        return {note.id: note.fired for note in self.reader.find(FiredSchedule) if note.fired}

    # --- acting ------------------------------------------------------------------------------

    @property
    def _world(self) -> World:
        from toban.local import logs
        from toban.local.world import open_world

        if self._opened is None:
            self._stack.callback(logs.end, logs.begin(self.data / "toban.log", None))
            self._opened = self._stack.enter_context(open_world(self.data, outbox=True))
        return self._opened

    @property
    def platform(self) -> Platform:
        """See `Session`."""
        return self._world.platform

    @property
    def secrets(self) -> Secrets:
        """See `Session`."""
        return self._world.secrets

    def issue(self, body: Body) -> Event:
        """See `Session`: published into the queue."""
        from toban.kernel.event import to_message
        from toban.kernel.work import clock_now

        event = new_event(body, clock_now(self.platform.clock))
        self.platform.bus.publish([to_message(event)])
        return event

    def actor(self, named: str | None) -> tuple[str, str]:
        """See `Session`: the user of this machine is proven, whom they name is not."""
        user = getpass.getuser()
        return (named or user).strip()[:80], f"local:{user}"

    def carry_out(
        self, body: Body, function: str, done: Callable[[], bool] | None = None
    ) -> CommandOutcome:
        """See `Session`; every handling is noted here, so that `done` is not needed."""
        del done
        self.begin()
        event = self.issue(body)
        if self._dispatcher is not None:
            self._dispatcher.drain(DRAIN_S)
            return CommandOutcome(event, self._outcome(event, function))
        deadline = time.monotonic() + self.waits_s
        while True:
            found = self._outcome(event, function)
            if found not in ("", "retry", "error") or time.monotonic() > deadline:
                return CommandOutcome(event, found)
            time.sleep(_POLL_S)

    def _outcome(self, event: Event, function: str) -> str:
        """How a function handled an event (`toban.ports.Trace`); empty: it did not yet."""
        # The receipt is there at once; the trace (the only sign of an event that changed nothing)
        # is written a little later.
        if self.answer(event, function) is not None:
            return "done"
        traces = [t for t in self._world.tracer.by_event(event.id) if t.function == function]
        return traces[-1].outcome if traces else ""

    @property
    def here(self) -> bool:
        """See `Session`."""
        return self._dispatcher is not None

    def begin(self) -> None:
        """See `Session`."""
        from toban.adapters.local.sqlite.dispatcher import AlreadyRunningError

        if self._dispatcher is not None:
            return
        dispatcher = self._world.dispatcher()
        try:
            dispatcher.start()
        except AlreadyRunningError:
            return
        self._dispatcher = dispatcher

    def others_work(self) -> bool:
        """See `Session`."""
        from toban.adapters.local.sqlite.dispatcher import is_running

        return not self.here and is_running(self.database.path)

    def turn(self) -> bool:
        """See `Session`: what a runtime's clock would do; and take over from one that has ended."""
        from toban.kernel.handling.timers import fire_due, next_due

        if not self.here:
            self.begin()
        else:
            due = next_due(self.platform)
            if due is not None and due <= now():
                fire_due("tick", self.platform)
        if any(self._world.bus.pending().values()):
            return True
        due = next_due(self.platform)
        return due is not None and due - now() < _SOON

    def interrupted(self, shows: str, resumes: str) -> None:
        """See `Session`."""
        if self.here:
            self.terminal.note(self.terminal.say("follow.resumes", command=resumes))
            # A handler may take minutes; that it can be left at any line is tested.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        self.terminal.note(self.terminal.say("follow.goes-on", command=shows))

    def close(self) -> None:
        """Wait for what is being handled here, and let go of it."""
        if self._dispatcher is not None:
            self._dispatcher.drain(DRAIN_S)
            self._dispatcher.stop()
            self._dispatcher = None


class NotedTraces(Traces):
    """The handlings that functions recorded on this machine."""

    is_whole = True

    def __init__(self, tracer: SqliteTracer) -> None:
        self._tracer = tracer

    def of(self, id: str) -> list[Trace]:
        """See `Traces`."""
        found = self._tracer.by_correlation(id)
        return found or self._stories(self._tracer.by_event(id))

    def touching(self, collection: str, id: str) -> list[Trace]:
        """See `Traces`."""
        return self._stories(self._tracer.touching(f"{collection}/{id}"))

    def _stories(self, traces: list[Trace]) -> list[Trace]:
        ids = dict.fromkeys(trace.correlation_id for trace in traces)
        return [trace for id in ids if id for trace in self._tracer.by_correlation(id)]
