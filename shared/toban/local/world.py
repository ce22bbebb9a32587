"""
The local world: one data directory with everything in it.

``toban.db`` holds documents, queue, timers, dead letters and traces; ``blobs/`` the blobs. The
same `main.py` files that are deployed are loaded and bound to it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

from toban import entry
from toban.adapters.local.files.blobs import EnvSecrets, FileBlobs, SystemClock
from toban.adapters.local.files.buckets import FileBuckets
from toban.adapters.local.files.clock import FileClock
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.dead_letters import SqliteDeadLetters
from toban.adapters.local.sqlite.dispatcher import Dispatcher
from toban.adapters.local.sqlite.lanes import Pool
from toban.adapters.local.sqlite.queue import SqliteBus
from toban.adapters.local.sqlite.store import SqliteStore
from toban.adapters.local.sqlite.subscriptions import Handler, QueueSubscription
from toban.adapters.local.sqlite.traces import SqliteTracer
from toban.channels.config import read_config
from toban.events import NotificationRequested
from toban.kernel import log
from toban.kernel.edge.http import Edge
from toban.kernel.handling.handle import Handlers, handle
from toban.kernel.lives import DEAD_LETTERS, LOGS, TRACES
from toban.kernel.outgoing import PUBLIC_URL, SENDERS
from toban.kernel.platform import Platform
from toban.local.outbox.kept import outbox_of
from toban.local.outbox.senders import outbox_senders
from toban.notify.destinations import lane_of
from toban.ports import Clock, Delivered, Port, Secrets
from toban.topology.place import ROOT as ROOT
from toban.topology.reader import load
from toban.topology.types import Topology

DATABASE = "toban.db"
CLOCK = "clock"
"""Names in a data directory; the second is there if its time is virtual (`toban.local.virtual`)."""
WORKERS = 4
"""Threads for decisions."""
MOST_CALLS = 128
"""Threads for calls to the outside, most of which wait: a lane has few, and there are many lanes."""
LONG_S = 60
"""A function that may take longer than this in the cloud is delivered apart from the others."""
LONG_WORKERS = 4


def load_functions(topology: Topology, root: Path = ROOT) -> None:
    """Load the ``main.py`` of every function on the map, once per process."""
    for name in topology.functions:
        module_name = f"toban_function_{name}"
        if module_name in sys.modules:
            continue
        path = root / "functions" / name / "main.py"
        spec = importlib.util.spec_from_file_location(module_name, path)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[module_name]
            raise


def subscriptions_of(
    topology: Topology, backoff_s: tuple[float, float] | None = None
) -> list[QueueSubscription]:
    """
    Return the map's subscriptions as the local bus takes them.

    `backoff_s` replaces the map's (least, most) seconds: for tests that cannot wait so long.
    """
    return [
        QueueSubscription(
            topic=s.topic,
            function=s.function,
            max_attempts=s.max_attempts,
            min_backoff_s=(backoff_s or s.backoff_s)[0],
            max_backoff_s=(backoff_s or s.backoff_s)[1],
            ack_deadline_s=s.ack_deadline_s,
        )
        for s in topology.subscriptions()
    ]


def pools(topology: Topology) -> list[Pool]:
    """
    Return what is delivered by threads of its own, so that no page waits behind it.

    Calls to the outside, a lane for each destination; and what may take minutes (backups).
    """
    calls = {s.name for s in topology.subscriptions() if s.topic == NotificationRequested.TOPIC}
    long = {
        s.name
        for s in topology.subscriptions()
        if topology.functions[s.function].timeout_s > LONG_S
    }
    return [
        Pool(frozenset(calls), MOST_CALLS, lane_of),
        Pool(frozenset(long - calls), LONG_WORKERS, may_be_left=True),
    ]


def bind(
    topology: Topology,
    platform: Platform,
    secrets: Secrets,
    given: Mapping[Port[Any], Any] | None = None,
) -> dict[str, Callable[[Delivered], object]]:
    """
    Return a handler for every subscription: what the bus (or a test) calls with a delivery.

    `given`: ports instead of those that the environment describes.
    """
    made: dict[str, Handlers] = {}
    handlers: dict[str, Callable[[Delivered], object]] = {}
    for subscription in topology.subscriptions():
        name = subscription.function
        if name not in made:
            made[name] = entry.SUBSCRIBERS[name].bound(platform, secrets, given)
        handlers[subscription.name] = partial(_deliver, name, made[name], platform)
    return handlers


def _deliver(name: str, table: Handlers, platform: Platform, delivered: Delivered) -> object:
    return handle(name, table, delivered, platform)


@dataclass
class World:
    """An open data directory."""

    data: Path
    topology: Topology
    database: SqliteDatabase
    bus: SqliteBus
    dead_letters: SqliteDeadLetters
    tracer: SqliteTracer
    platform: Platform
    secrets: Secrets
    outbox: bool = False
    """What channels that are not configured would send goes to the outbox (`toban.local.outbox.senders`)."""

    def edges(self) -> Mapping[str, Edge]:
        """Return what each HTTP function may use."""
        return {
            name: entry.local_edge(name, self.platform, self.secrets) for name in entry.ENDPOINTS
        }

    def handlers(self, url: str = "") -> dict[str, Callable[[Delivered], object]]:
        """
        Return a handler for every subscription.

        `url`: where this world answers, for links in messages where no public address is set.
        """
        given: dict[Port[Any], Any] = {}
        if url and not read_config().public_url:
            given[PUBLIC_URL] = url
        if self.outbox and (senders := outbox_senders(self.data, self.platform, self.secrets)):
            given[SENDERS] = senders
        return bind(self.topology, self.platform, self.secrets, given)

    def dispatcher(
        self, handlers: Mapping[str, Handler] | None = None, workers: int = WORKERS
    ) -> Dispatcher:
        """Delivers what the queue holds, to `handlers` instead of `self.handlers()` if given."""
        handlers = self.handlers() if handlers is None else handlers
        return Dispatcher(self.bus, handlers, workers=workers, pools=pools(self.topology))

    def tidy(self, now: datetime) -> None:
        """Remove what is older than `toban.kernel.lives` says, and let nothing removed be read."""
        self.tracer.expire(now - TRACES)
        self.dead_letters.expire(now, DEAD_LETTERS)
        outbox_of(self.data).expire(now - LOGS)
        self.database.overwrite(now)

    def close(self) -> None:
        """Flush the traces and let go of the files."""
        self.tracer.close()
        self.database.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """`close`."""
        self.close()


def clock_of(data: Path) -> Clock:
    """Return the time a data directory goes by: the machine's, unless it has one of its own."""
    path = data / CLOCK
    return FileClock(path) if path.exists() else SystemClock()


def open_world(
    data: Path,
    *,
    root: Path = ROOT,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    backoff_s: tuple[float, float] | None = None,
    outbox: bool = False,
) -> World:
    """
    Open (or begin) a data directory; several processes may have it open at once.

    Loads every function. `clock`: instead of `clock_of`. `backoff_s` as in `subscriptions_of`;
    `outbox` as in `World`. Raises `toban.topology.reader.MapError` when the map is wrong.
    """
    topology = load(root / "events" / "topology.yaml")
    load_functions(topology, root)
    data.mkdir(parents=True, exist_ok=True)
    database = SqliteDatabase(data / DATABASE)
    clock = clock or clock_of(data)
    bus = SqliteBus(database, subscriptions_of(topology, backoff_s), clock, topology.topics)
    dead_letters = SqliteDeadLetters(database)
    tracer = SqliteTracer(database)
    environ = os.environ if environ is None else environ
    for name, value in environ.items():
        if name.startswith("TOBAN_SECRET_"):
            log.hide(value)
    platform = Platform(
        store=SqliteStore(database),
        bus=bus,
        blobs=FileBlobs(data / "blobs"),
        buckets=FileBuckets(data / "buckets"),
        clock=clock,
        tracer=tracer,
        pause=entry.pause,
        dead_letters=dead_letters,
        subscriptions=tuple(bus.subscriptions),
        may_emit=topology.emitted_by,
    )
    return World(
        data=data,
        topology=topology,
        database=database,
        bus=bus,
        dead_letters=dead_letters,
        tracer=tracer,
        platform=platform,
        secrets=EnvSecrets(environ),
        outbox=outbox,
    )
