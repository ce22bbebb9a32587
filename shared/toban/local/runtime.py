"""
`toban dev`: every function in one process, on one data directory.

The HTTP functions behind one port, the others behind the queue in the same SQLite file, timers and
schedules by the clock. Whatever was answered 2xx survives `kill -9`: the next start goes on.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Self

from toban import entry
from toban.adapters.local.files.clock import FileClock
from toban.adapters.local.sqlite.dispatcher import AlreadyRunningError, hold, is_running
from toban.channels.config import read_config
from toban.kernel import log
from toban.kernel.edge.http import Edge, Endpoint, Request, Response
from toban.kernel.work import clock_now
from toban.local import clockwork, control, logs, server
from toban.local.dev.following import EditedProfiles, EditedSettings, Teller, following
from toban.local.dev.link_key import with_link_key
from toban.local.dev.starting import (
    HOST,
    PORT,
    bad_profiles,
    cannot_begin,
    failed,
    stop_on_signals,
    unset_secrets,
    welcome,
)
from toban.local.dev.texts import text
from toban.local.dev.watched import WatchedProfiles
from toban.local.httpd import HttpServer
from toban.local.ingress_priority import IngressPriority
from toban.local.outbox.senders import unset_channels
from toban.local.virtual import ClockDriver, Interrupted, WrongClock, begin_clock
from toban.local.world import DATABASE, ROOT, WORKERS, World, open_world
from toban.ports import Unavailable
from toban.profile.profile import Profile
from toban.profile.section import home_zone
from toban.profile.store import ProfileChange, apply
from toban.sections.load import load_directory
from toban.strictyaml.findings import FileErrors
from toban.texts import Language
from toban.topology.reader import MapError

LOCK = "dev.lock"
"""Name in a data directory: held by its runtime, of which there is one."""
_TRY_AGAIN_S = 0.1

LEAVE_AFTER_S = 5.0
"""How long `toban dev` waits at its end for a backup's step: one that connects may take half a minute."""


class Runtime:
    """A world with its server and threads: call `start`, then `serve` (which returns after `stop`)."""

    def __init__(
        self,
        world: World,
        *,
        host: str = HOST,
        port: int = 0,
        workers: int = WORKERS,
        clock: FileClock | None = None,
        leave_after_s: float | None = None,
    ) -> None:
        """
        `leave_after_s`: as of `Dispatcher.stop`, where the process ends with the runtime. Binds the port (0: any free one); raises `OSError` when it is taken.

        With a `clock` time moves only by `driver`, and a request is answered once everything
        that follows from it at the same instant has come to rest.
        """
        self._world = world
        self._leave_after_s = leave_after_s
        priority = IngressPriority()
        functions: dict[str, server.Answer] = {}
        application = server.Application(functions, server.health_of(world.topology, "embedded"))
        self._http = HttpServer(application, host, port)
        handlers = {
            name: priority.wait_for_gap(handle)
            for name, handle in world.handlers(self._http.url).items()
        }
        self._dispatcher = world.dispatcher(handlers, workers)
        self._clockwork = clockwork.Clockwork(
            world.platform, world.topology, [world.tidy, logs.expire]
        )
        edges = world.edges()
        self.driver = (
            None if clock is None else ClockDriver(world, clock, self._dispatcher, self._clockwork)
        )
        self._token = control.new_token()
        for name, edge in edges.items():
            answer = partial(_answer, name, entry.ENDPOINTS[name], edge)
            functions[name] = self._at_rest(priority.count_request(answer))
        functions[control.PATH] = control.control(self._token, self.driver)
        self._lock: IO[bytes] | None = None
        self._ends = threading.Event()
        self._takes_over = threading.Thread(target=self._take_over, name="toban-waits", daemon=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._http.url

    @property
    def port(self) -> int:
        """The port it has."""
        return self._http.port

    def start(self, profiles: dict[str, Profile] | None = None) -> list[ProfileChange]:
        """
        Begin to deliver messages and to fire timers, with `profiles` applied first.

        A command that works for itself on these data delivers for as long as it runs; requests are
        taken in meanwhile (not by a virtual clock: nothing could come to rest). Raises
        `AlreadyRunningError` when another runtime has this data directory; then nothing was
        changed.
        """
        self._lock = hold(self._world.data / LOCK)
        changes: list[ProfileChange] = []
        if profiles is not None:
            changes = self.take_up(profiles.values())
        if not self._delivers():
            log.warning("deliveries wait: a command works on these data")
            self._takes_over.start()
            if self.driver is not None:
                self._takes_over.join()
        if self.driver is None:
            self._clockwork.start()
        else:
            self.driver.settle()
        control.note(self._world.data, control.RunningRuntime(self.url, self._token))
        return changes

    def take_up(self, profiles: Iterable[Profile]) -> list[ProfileChange]:
        """Apply profiles, also while it runs: what is decided from now on goes by them."""
        platform = self._world.platform
        changes = apply(platform.store, profiles, clock_now(platform.clock))
        platform.cache.clear()
        self._clockwork.reread()
        return changes

    def _delivers(self) -> bool:
        """Whether deliveries have begun; not while a command works for itself on these data."""
        try:
            self._dispatcher.start()
        except AlreadyRunningError:
            return False
        return True

    def _take_over(self) -> None:
        while not self._ends.wait(_TRY_AGAIN_S):
            with contextlib.suppress(Unavailable):  # the next try does
                if self._delivers():
                    log.info("deliveries begin: the command has ended")
                    return

    def serve(self) -> None:
        """Answer requests until `stop`; returns when everything under way is done."""
        self._http.serve()
        self.close()

    def stop(self) -> None:
        """Come to an end; may be called from a signal handler."""
        if self.driver is not None:
            self.driver.stop()
        self._http.stop()

    def close(self) -> None:
        """Stop timers and deliveries; what is left in the queue waits for the next start."""
        if self._lock is not None:
            control.forget(self._world.data)
            self._ends.set()
            if self._takes_over.is_alive():
                self._takes_over.join()
            self._clockwork.stop()
            self._dispatcher.stop(self._leave_after_s)
            self._lock.close()
            self._lock = None

    def _at_rest(self, answer: server.Answer) -> server.Answer:
        driver = self.driver
        if driver is None:
            return answer

        def answered(request: Request) -> Response:
            response = answer(request)
            with contextlib.suppress(Interrupted):
                driver.settle()
            return response

        return answered

    def settle(self, timeout_s: float) -> bool:
        """Wait until no message is due and no handler runs; False when that took too long."""
        return self._dispatcher.drain(timeout_s)

    def __enter__(self) -> Self:
        """Answer in a thread of its own (for tests and the demo); `start` first."""
        self._thread = threading.Thread(target=self.serve, name="toban-http", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop and wait for the end."""
        self.stop()
        self._thread.join()


def _answer(name: str, endpoint: Endpoint, edge: Edge, request: Request) -> Response:
    return entry.answer_endpoint(name, endpoint, request, edge)


def serve(
    data: Path,
    services: Path | None,
    port: int = PORT,
    host: str = HOST,
    *,
    emulators: bool = False,
    quiet: bool = False,
    virtual: bool = False,
    at: datetime | None = None,
    language: Language = "en",
    root: Path = ROOT,
    settings: Path | None = None,
) -> int:
    """
    `toban dev`: run until SIGTERM or SIGINT, and return the exit code.

    `virtual`: by a clock that moves only when told to (`toban clock`), from `at` on (else now).
    Profiles that are edited meanwhile are taken up, and an edit of the file `settings` is told; `language`: of what is said about that.

    0 after a signal; 1 when the port or the data directory is in use; 2 when the map or a profile
    in `services` (None: leave the store's profiles as they are) is wrong.
    """
    if emulators and virtual:
        return failed(text(language, "start.emulators-clock"), code=2)
    if emulators:
        from toban.local.emulated import installation as emulated

        return emulated.serve(data, services, port, host, quiet=quiet, language=language, root=root)
    watched = None if services is None else WatchedProfiles(services)
    try:
        profiles = None if services is None else load_directory(services)
    except FileErrors as error:
        return bad_profiles(error, language)
    with contextlib.ExitStack() as stack:
        try:
            zone = home_zone((profiles or {}).values())
            file = logs.begin(data / "toban.log", None if quiet else sys.stderr, zone)
            stack.callback(logs.end, file)
            clock = begin_clock(data, virtual=virtual, at=at)
            environ = with_link_key(data, os.environ)
            world = stack.enter_context(
                open_world(data, clock=clock, environ=environ, root=root, outbox=True)
            )
            runtime = Runtime(world, host=host, port=port, clock=clock, leave_after_s=LEAVE_AFTER_S)
        except WrongClock as error:
            return failed(error.say(language), code=2)
        except MapError as error:
            return failed(text(language, "start.bad-map"), str(error), code=2)
        except Unavailable as error:
            return failed(str(error))
        except OSError as error:
            if error.filename is None and is_running(data / DATABASE):
                return failed(text(language, "start.running", data=data))
            return failed(cannot_begin(error, f"{host}:{port}", language))
        try:
            changes = runtime.start(profiles)
        except AlreadyRunningError:
            return failed(text(language, "start.running", data=data))
        stack.callback(runtime.close)
        unset = unset_secrets(world.topology, (profiles or {}).values(), world.secrets)
        if not quiet:
            said = welcome(world.topology, runtime.url, data, changes, unset, language=language)
            kept = "outbox" if read_config().outbox else "unsent"
            lacking = unset_channels(world.platform.documents(), world.secrets, os.environ)
            for key, names in ((kept, lacking.kept), ("instead", lacking.replaced)):
                if names:
                    said += "\n" + text(language, f"start.{key}", names="; ".join(names))
            print(said, file=sys.stderr, flush=True)
        if runtime.driver is not None and at is not None:
            runtime.driver.advance(max(at, runtime.driver.now()))
        teller = Teller(language, world.secrets, quiet=quiet)
        if settings is not None:
            stack.enter_context(following(EditedSettings(settings, teller)))
        if watched is not None:
            edited = EditedProfiles(watched, runtime.take_up, changes, unset, teller)
            stack.enter_context(following(edited))
        log.info("runtime ready", url=runtime.url, data=str(data))
        with stop_on_signals(runtime.stop):
            runtime.serve()
        log.info("runtime stopped")
    return 0
