"""
Long work from the command line: published into the queue, and watched.

Of a data directory: when `toban dev` delivers there, it does the work, else this process does, until
it is done. Of a Google Cloud project (``--project``): its functions do. Either way the work is a job:
whoever dies over it, somebody else goes on from the last checkpoint.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from toban.cli.kit import local
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import now
from toban.cli.kit.views import Reader

if TYPE_CHECKING:
    from toban.adapters.local.sqlite.dispatcher import Dispatcher
    from toban.kernel.event import Body, Event
    from toban.kernel.platform import Platform
    from toban.local.world import World
    from toban.ports import Secrets, Store
    from toban.ports.backup import Depot

T = TypeVar("T")

INTERRUPTED = 130
_POLL_S = 0.1
_TURN_S = 1.0
"""How often timers are looked at, and whether the runtime has gone."""
_REST_S = 3.0
"""With nothing in the queue for so long, nobody goes on by itself."""
_SOON = timedelta(minutes=2)
"""A timer that is due so soon may be part of what is waited for."""


@dataclass(frozen=True)
class Seen:
    """How far the work is."""

    text: str
    done: int = 0
    total: int = 0
    """0: nobody knows yet."""


class Session:
    """A store and a queue that is worked off: by functions, by a runtime, or by this process."""

    def __init__(
        self,
        platform: Platform,
        secrets: Secrets,
        world: World | None,
        terminal: Terminal,
        *,
        quiet: bool,
    ) -> None:
        """
        `world`: the data directory; None: a project, whose functions deliver.

        `quiet`: progress is shown only where a person looks (not beside JSON in a log).
        """
        self.platform = platform
        self.reader = Reader(platform.store)
        self._secrets = secrets
        self._world = world
        self._terminal = terminal
        self._quiet = quiet
        self._dispatcher: Dispatcher | None = None

    @property
    def here(self) -> bool:
        """Whether this process does the work."""
        return self._dispatcher is not None

    def depot(self) -> Depot:
        """Buckets, keys, sources and targets, as the functions see them."""
        from toban.sources.depot import depot

        return depot(self.platform, self._secrets)

    def publish(self, body: Body) -> Event:
        """Put an event into the queue."""
        from toban.kernel.event import to_message

        event = local.new_event(body)
        self.platform.bus.publish([to_message(event)])
        return event

    def answer(self, event: Event, function: str) -> dict[str, str] | None:
        """
        What a function answered to an event (`toban.kernel.work.Work.answer`); None: nothing yet.

        Empty where it handled the event and said nothing.
        """
        from toban.kernel.handling.receipt import find_receipt

        receipt = find_receipt(self.platform.store, function, event.id)
        return None if receipt is None else receipt.answer

    def work_if_nobody_does(self) -> None:
        """Begin to deliver here, unless another process does."""
        from toban.adapters.local.sqlite.dispatcher import AlreadyRunningError

        if self._dispatcher is not None or self._world is None:
            return
        dispatcher = self._world.dispatcher()
        try:
            dispatcher.start()
        except AlreadyRunningError:
            return
        self._dispatcher = dispatcher

    def another_delivers(self) -> bool:
        """Whether another process delivers; nothing is begun here."""
        from toban.adapters.local.sqlite.dispatcher import is_running

        if self._world is None:
            return True
        return not self.here and is_running(self._world.bus.database.path)

    def wait(
        self,
        look: Callable[[], T | None],
        see: Callable[[], Seen],
        *,
        shows: Callable[[], str],
        resumes: Callable[[], str],
    ) -> T | None:
        """
        Wait until `look` finds something, and show what `see` says meanwhile.

        None when nobody goes on with it any more. Ctrl-C ends this process at once; the work goes
        on in the runtime (the command `shows` how far it is), or is gone on with by the command
        `resumes`, if it was done here.
        """
        self.work_if_nobody_does()
        try:
            with _bar(self._terminal, quiet=self._quiet) as show:
                return self._watch(look, see, show)
        except KeyboardInterrupt:
            self._terminal.note("")
            if self.here:
                self._terminal.note(self._terminal.say("follow.resumes", command=resumes()))
                # A handler may take minutes; that it can be left at any line is tested.
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(INTERRUPTED)
            self._terminal.note(self._terminal.say("follow.goes-on", command=shows()))
            raise

    def _watch(
        self, look: Callable[[], T | None], see: Callable[[], Seen], show: Callable[[Seen], None]
    ) -> T | None:
        turned = busy = time.monotonic()
        while True:
            found = look()
            if found is not None:
                return found
            show(see())
            moment = time.monotonic()
            if moment - turned > _TURN_S:
                turned = moment
                self._turn()
                if self._is_busy():
                    busy = moment
            if moment - busy > _REST_S:
                return look()
            time.sleep(_POLL_S)

    def _turn(self) -> None:
        """What a runtime's clock would do; and take over from a runtime that has ended."""
        from toban.kernel.handling.timers import fire_due, next_due

        if not self.here:
            self.work_if_nobody_does()
        else:
            due = next_due(self.platform)
            if due is not None and due <= now():
                fire_due("tick", self.platform)

    def _is_busy(self) -> bool:
        from toban.kernel.handling.timers import next_due

        if self._world is None:
            return True  # what waits in Pub/Sub cannot be seen: Ctrl-C ends the watching
        if any(self._world.bus.pending().values()):
            return True
        due = next_due(self.platform)
        return due is not None and due - now() < _SOON

    def close(self) -> None:
        """Wait for what is being handled here, and let go."""
        if self._dispatcher is not None:
            self._dispatcher.drain(local.DRAIN_S)
            self._dispatcher.stop()
            self._dispatcher = None


@contextlib.contextmanager
def opened(asked: argparse.Namespace, terminal: Terminal) -> Iterator[Store]:
    """The documents of the data directory or the project, for reading; `Problem` when there are none."""
    if asked.project:
        from toban.cli.profiles.cloud import documents

        yield documents(asked.project)
        return
    with local.opened(asked.data, terminal) as data:
        yield data.store


@contextlib.contextmanager
def session(asked: argparse.Namespace, terminal: Terminal) -> Iterator[Session]:
    """Open a data directory or a project for work; `Problem` when there is none."""
    quiet = bool(asked.json)
    if asked.project:
        from toban import entry
        from toban.adapters.google.secrets import SecretManagerSecrets

        os.environ.setdefault("GOOGLE_CLOUD_PROJECT", asked.project)
        platform = entry.google_platform(entry.Config(project=asked.project))
        secrets = entry.HiddenSecrets(SecretManagerSecrets())
        yield Session(platform, secrets, None, terminal, quiet=quiet)
        return
    from toban.local import logs
    from toban.local.world import open_world

    if not local.exists(asked.data):
        raise Problem(terminal.say("data.none", data=asked.data))
    file = logs.begin(asked.data / "toban.log", None)
    try:
        with open_world(asked.data) as world:
            made = Session(world.platform, world.secrets, world, terminal, quiet=quiet)
            try:
                yield made
            finally:
                made.close()
    finally:
        logs.end(file)


@contextlib.contextmanager
def _bar(terminal: Terminal, *, quiet: bool) -> Iterator[Callable[[Seen], None]]:
    """A bar where a person looks; else a line for each new thing that is done."""
    if not sys.stderr.isatty():
        said = ""

        def tell(seen: Seen) -> None:
            nonlocal said
            word = seen.text.partition(" · ")[0]
            if word != said and not quiet:
                said = word
                terminal.note(word)

        yield tell
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def draw(seen: Seen) -> None:
            progress.update(
                task,
                description=escape(seen.text),
                completed=seen.done,
                total=seen.total or None,
            )

        yield draw
