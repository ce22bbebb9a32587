"""
`toban dev --emulators`: every function in a process of its own, as it is deployed.

functions-framework serves each ``main.py`` behind a push subscription of the Pub/Sub emulator,
documents lie in the Firestore emulator, blobs in that of Cloud Storage. On Linux the processes are forks
of one that has imported Google's libraries (`toban.local.emulated.forks`). A small front keeps the
addresses of `toban dev`: ``/<function>/…`` leads to the HTTP functions' processes.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import msgspec

from toban import entry
from toban.adapters.google.firestore import store as firestore
from toban.adapters.google.pubsub import bus as pubsub
from toban.adapters.google.pubsub import topology
from toban.adapters.google.storage import blobs as storage
from toban.adapters.google.storage.buckets import GcsBuckets
from toban.adapters.local.files.blobs import EnvSecrets, SystemClock
from toban.kernel import log
from toban.kernel.edge.http import Request, Response, problem
from toban.kernel.platform import Platform
from toban.kernel.work import clock_now
from toban.local import control, logs, server
from toban.local.clockwork import Clockwork
from toban.local.dev.following import EditedProfiles, Teller, following
from toban.local.dev.link_key import with_link_key
from toban.local.dev.starting import (
    HOST,
    PORT,
    bad_profiles,
    failed,
    stop_on_signals,
    unset_secrets,
    welcome,
)
from toban.local.dev.texts import text
from toban.local.dev.watched import WatchedProfiles
from toban.local.emulated import emulators
from toban.local.emulated.forks import Forks
from toban.local.emulated.processes import FunctionProcess, NotStartedError, environment_of
from toban.local.httpd import HttpServer
from toban.local.world import ROOT, load_functions
from toban.profile.profile import Profile
from toban.profile.section import home_zone
from toban.profile.store import ProfileChange, apply
from toban.sections.collect import buckets
from toban.sections.load import load_directory
from toban.strictyaml.findings import FileErrors
from toban.texts import Language
from toban.topology.place import import_path
from toban.topology.reader import MapError, load

PROJECT = "toban-dev"
START_S = 90.0
"""All functions together take about 10 s on two cores; a busy machine needs longer."""
_FORWARD_S = 60.0
_HOP = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})


class EmulatedPlatform:
    """The whole platform on emulators; a context manager, ready inside."""

    def __init__(
        self,
        data: Path,
        profiles: Mapping[str, Profile],
        *,
        port: int = 0,
        host: str = HOST,
        root: Path = ROOT,
        project: str = PROJECT,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Binds the port; raises `OSError` when it is taken, `MapError` for a wrong map."""
        self.topology = load(root / "events" / "topology.yaml")
        self._profiles = profiles
        self._data = data
        self._root = root
        self.project = project
        self._environ = environ
        self._stack = contextlib.ExitStack()
        self._stopping = threading.Event()
        self.processes: dict[str, FunctionProcess] = {}
        self.changes: list[ProfileChange] = []
        http_functions = [name for name, f in self.topology.functions.items() if f.http]
        application = server.Application(
            {name: partial(self._forward, name) for name in http_functions}, self._health
        )
        self._http = HttpServer(application, host, port)
        self.platform: Platform

    @property
    def url(self) -> str:
        """Where the front answers."""
        return self._http.url

    def __enter__(self) -> Self:
        """
        Start everything.

        Raises `toban.local.emulated.emulators.EmulatorNotAvailable` or `NotStartedError`; nothing is left
        running then.
        """
        with contextlib.ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything, functions before emulators."""
        self._stack.close()

    def serve(self) -> None:
        """Answer requests in this thread until `stop`."""
        self._http.serve()

    def stop(self) -> None:
        """Let `serve` return; may be called from a signal handler."""
        self._http.stop()

    def take_up(self, profiles: Iterable[Profile]) -> list[ProfileChange]:
        """Apply profiles while it runs; functions go by them within half a minute, as deployed."""
        changes = self._apply(profiles)
        self.platform.cache.clear()
        self._clockwork.reread()
        return changes

    def _apply(self, profiles: Iterable[Profile]) -> list[ProfileChange]:
        profiles = list(profiles)
        for name in {bucket for profile in profiles for bucket in buckets(profile)}:
            self._ensure_bucket(name)  # in the cloud Terraform makes them
        return apply(self.platform.store, profiles, clock_now(self.platform.clock))

    # --- starting --------------------------------------------------------------------------

    def _start(self, stack: contextlib.ExitStack) -> None:
        log_dir = self._data / "logs"
        log_dir.mkdir(parents=True, exist_ok=True)
        forks = None
        if sys.platform == "linux":  # elsewhere a process that has imported a lot may not fork
            # Imports its libraries while the emulators start.
            forks = stack.enter_context(Forks(self._environ, log_dir / "functions.log"))
        # One after the other: each keeps a core busy, and the second would only make both late.
        pubsub_host = stack.enter_context(emulators.start_pubsub(log_dir, self._environ))
        firestore_host = stack.enter_context(emulators.start_firestore(log_dir, self._environ))
        gcs_host = stack.enter_context(emulators.start_gcs(log_dir, self._environ))
        self.addresses = {"pubsub": pubsub_host, "firestore": firestore_host, "gcs": gcs_host}
        environ = {
            **self._environ,
            "TOBAN_RUNTIME": "google",
            "TOBAN_ENVIRONMENT": "local",
            "GOOGLE_CLOUD_PROJECT": self.project,
            "PUBSUB_EMULATOR_HOST": pubsub_host,
            "FIRESTORE_EMULATOR_HOST": firestore_host,
            "STORAGE_EMULATOR_HOST": f"http://{gcs_host}",
            "TOBAN_BUCKET": self.project,
            "TOBAN_SUBSCRIPTIONS": ",".join(s.name for s in self.topology.subscriptions()),
            "TOBAN_PUBLIC_URL": self._environ.get("TOBAN_PUBLIC_URL") or self.url,
            "PYTHONPATH": import_path(self._root),
        }
        stack.callback(self._stop_functions)
        for name, function in self.topology.functions.items():
            own = environ | environment_of(name, function, self.topology)
            self.processes[name] = FunctionProcess(name, self._root, own, log_dir, forks)
            self.processes[name].start()
        self.platform = self._platform(gcs_host)
        self.changes = self._apply(self._profiles.values())
        deadline = time.monotonic() + START_S
        for process in self.processes.values():
            process.wait(deadline)
        self._subscribe()  # last, so that no push meets a closed port
        supervisor = threading.Thread(target=self._supervise, name="toban-supervisor", daemon=True)
        supervisor.start()
        stack.callback(supervisor.join)
        stack.callback(self._stopping.set)
        # Imported for its event types: schedules publish them.
        load_functions(self.topology, self._root)
        self._clockwork = Clockwork(self.platform, self.topology, [logs.expire])
        self._clockwork.start()
        stack.callback(self._clockwork.stop)
        control.note(self._data, self._running())
        stack.callback(control.forget, self._data)

    def _running(self) -> control.RunningRuntime:
        """Nothing is asked of it below ``/dev``, so its token opens nothing."""
        return control.RunningRuntime(self.url, control.new_token(), self.project, self.addresses)

    def _platform(self, gcs_host: str) -> Platform:
        store_client = partial(firestore.connect, self.addresses["firestore"])
        publisher = partial(pubsub.publisher, self.addresses["pubsub"])
        subscriber = partial(pubsub.subscriber, self.addresses["pubsub"])
        client = _storage(self.project, gcs_host)
        self._ensure_bucket = partial(storage.ensure_bucket, client=client)
        self._ensure_bucket(self.project)
        return Platform(
            store=firestore.FirestoreStore(self.project, client=store_client),
            bus=pubsub.PubSubBus(self.project, publisher),
            blobs=storage.GcsBlobs(self.project, lambda: client),
            buckets=GcsBuckets(lambda: client),
            clock=SystemClock(),
            pause=entry.pause,
            dead_letters=pubsub.PubSubDeadLetters(self.project, subscriber),
            subscriptions=tuple(s.name for s in self.topology.subscriptions()),
            may_emit=self.topology.emitted_by,
        )

    def _subscribe(self) -> None:
        # Without the map's back-off: see PushSubscription.
        subscriptions = [
            topology.PushSubscription(
                wanted.topic,
                wanted.function,
                f"{self.processes[wanted.function].url}/",
                max_attempts=wanted.max_attempts,
                ack_deadline=timedelta(seconds=wanted.ack_deadline_s),
            )
            for wanted in self.topology.subscriptions()
        ]
        topology.ensure(
            self.project,
            self.topology.topics,
            subscriptions,
            pubsub.publisher(self.addresses["pubsub"]),
            pubsub.subscriber(self.addresses["pubsub"]),
        )

    # --- running ---------------------------------------------------------------------------

    def _supervise(self) -> None:
        """Start anew what has ended, as Cloud Run does."""
        while not self._stopping.wait(0.5):
            for process in self.processes.values():
                if not process.is_running():
                    log.error("function ended: restarted", ended=process.name)
                    process.start()

    def _stop_functions(self) -> None:
        for process in self.processes.values():
            process.signal(signal.SIGTERM)
        for process in self.processes.values():
            process.stop(5)

    def _health(self) -> Response:
        dead = [name for name, process in self.processes.items() if not process.is_running()]
        if dead:
            return problem(503, "functions are down", functions=dead)
        said = {
            "status": "ready",
            "runtime": "emulators",
            "functions": {name: process.url for name, process in self.processes.items()},
            "emulators": self.addresses,
        }
        return Response(200, msgspec.json.encode(said) + b"\n")

    def _forward(self, name: str, request: Request) -> Response:
        if request.body is None:
            return problem(413, "body too large")
        target = request.path or "/"
        if request.query:
            target += f"?{urlencode(request.query)}"
        headers = {k: v for k, v in request.headers.items() if k not in _HOP}
        connection = http.client.HTTPConnection(
            emulators.HOST, self.processes[name].port, timeout=_FORWARD_S
        )
        try:
            connection.request(request.method, target, request.body or None, headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            log.error("function does not answer", target=name, error=error, stack=False)
            return problem(503, "try again")
        finally:
            connection.close()
        kept = {k: v for k, v in answer.getheaders() if k.lower() not in {*_HOP, "content-type"}}
        kind = answer.getheader("content-type") or "application/json"
        return Response(answer.status, body, kind, kept)


def _storage(project: str, address: str) -> Any:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    return Client(
        project=project,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": f"http://{address}"},
    )


@contextlib.contextmanager
def _logging(data: Path, zone: str, *, quiet: bool) -> Iterator[None]:
    file = logs.begin(data / "toban.log", None if quiet else sys.stderr, zone)
    try:
        yield
    finally:
        logs.end(file)


def serve(
    data: Path,
    services: Path | None,
    port: int = PORT,
    host: str = HOST,
    *,
    quiet: bool = False,
    language: Language = "en",
    root: Path = ROOT,
) -> int:
    """
    Run until SIGTERM or SIGINT, and return the exit code.

    0 after a signal; 1 when the port is taken or an emulator or function does not start; 2 when
    the map or a profile is wrong.
    """
    watched = None if services is None else WatchedProfiles(services)
    try:
        profiles = {} if services is None else load_directory(services)
        environ = with_link_key(data, os.environ)
        emulated = EmulatedPlatform(
            data, profiles, port=port, host=host, root=root, environ=environ
        )
    except FileErrors as error:
        return bad_profiles(error, language)
    except MapError as error:
        return failed(text(language, "start.bad-map"), str(error), code=2)
    except OSError as error:
        where = error.filename or f"{host}:{port}"  # the data directory, or the port
        return failed(f"{where}: {error.strerror or error}")
    with _logging(data, home_zone(profiles.values()), quiet=quiet):
        if not quiet:
            print(text(language, "start.emulators"), file=sys.stderr, flush=True)
        try:
            with stop_on_signals(_interrupted), emulated:
                secrets = EnvSecrets(environ)
                unset = unset_secrets(emulated.topology, profiles.values(), secrets)
                if not quiet:
                    said = welcome(
                        emulated.topology,
                        emulated.url,
                        data,
                        emulated.changes,
                        unset,
                        "emulators",
                        language,
                    )
                    print(said, file=sys.stderr, flush=True)
                with contextlib.ExitStack() as stack:
                    if watched is not None:
                        teller = Teller(language, secrets, quiet=quiet)
                        edited = EditedProfiles(
                            watched, emulated.take_up, emulated.changes, unset, teller
                        )
                        stack.enter_context(following(edited))
                    stack.enter_context(stop_on_signals(emulated.stop))
                    emulated.serve()
        except (emulators.EmulatorNotAvailable, NotStartedError) as error:
            return failed(str(error))
        except KeyboardInterrupt:
            return 0
    return 0


def _interrupted() -> None:
    """A signal while things still start: unwind, stopping what was started."""
    raise KeyboardInterrupt
