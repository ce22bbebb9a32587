"""The Google adapters on the emulators of Firestore, Pub/Sub and Cloud Storage."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from tests.contract import worlds
from tests.plugins.emulators import RUNNING, fresh_project
from tests.plugins.lossy_proxy import LossyProxy
from toban.adapters.google.firestore import store as firestore
from toban.adapters.google.pubsub import bus as pubsub
from toban.adapters.google.pubsub import push, topology
from toban.adapters.google.storage import blobs as storage
from toban.local.emulated.emulators import EmulatorNotAvailable
from toban.ports import Key, Message, Query, Snapshot, Write

PATIENCE_S = 60.0
"""How long the bus may make no progress; the longest back-off asked for is a few seconds."""


def _address(name: str) -> str:
    try:
        return RUNNING.address(name)
    except EmulatorNotAvailable as error:
        raise worlds.WorldUnavailable(str(error)) from error


class FirestoreWorld:
    """Documents in the Firestore emulator."""

    def __init__(self, directory: Path) -> None:
        self._host = _address("firestore")
        self._proxies: list[LossyProxy] = []

    def make(self) -> firestore.FirestoreStore:
        return firestore.FirestoreStore(
            fresh_project(), client=lambda: firestore.connect(self._host)
        )

    def lose_next_answer(self, store: firestore.FirestoreStore) -> LossyStore:
        proxy = LossyProxy(self._host)
        self._proxies.append(proxy)
        _, project, _, database = store._database.split("/")
        through = firestore.FirestoreStore(
            project, database, client=lambda: firestore.connect(proxy.address)
        )
        return LossyStore(through, proxy)

    def close(self) -> None:
        for proxy in self._proxies:
            proxy.close()


class LossyStore:
    """A Firestore store behind a connection that breaks during its first commit."""

    def __init__(self, store: firestore.FirestoreStore, proxy: LossyProxy) -> None:
        self._store = store
        self._proxy = proxy
        self._lose = True

    def get(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        return self._store.get(keys)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        if self._lose:
            self._lose = False
            self._proxy.arm()
        return self._store.commit(writes)

    def query(self, query: Query) -> list[Snapshot]:
        return self._store.query(query)

    def count(self, query: Query) -> int:
        return self._store.count(query)


class CountingBus:
    """A bus that knows how many messages each topic has got."""

    def __init__(self, bus: pubsub.PubSubBus) -> None:
        self._bus = bus
        self._lock = threading.Lock()
        self.published: dict[str, int] = {}

    def publish(self, messages: Sequence[Message]) -> None:
        with self._lock:  # before, so that a delivery never overtakes the count
            for message in messages:
                self.published[message.topic] = self.published.get(message.topic, 0) + 1
        try:
            self._bus.publish(messages)
        except BaseException:
            with self._lock:
                for message in messages:
                    self.published[message.topic] -= 1
            raise


class PubSubRun:
    """
    Topics and push subscriptions in a project of their own.

    Subscriptions push only during `run`, so that no attempt is used up before. A second
    subscription of each dead-letter topic tells when a message was given up.
    """

    exact_times = False

    def __init__(self, host: str, specs: Sequence[worlds.SubscriptionSpec], topics: Sequence[str]):
        self._project = fresh_project()
        self._publisher = pubsub.publisher(host)
        self._subscriber = pubsub.subscriber(host)
        self._specs = specs
        self._lock = threading.Lock()
        self._handlers: Mapping[str, worlds.Handler] = {}
        self._acknowledged: dict[str, set[str]] = {spec.name: set() for spec in specs}
        self._dead: dict[str, set[str]] = {spec.name: set() for spec in specs}
        self._running = 0
        self._changes = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler_class())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.bus = CountingBus(pubsub.PubSubBus(self._project, lambda: self._publisher))
        self.dead_letters = pubsub.PubSubDeadLetters(self._project, lambda: self._subscriber)
        self._ensure(topics, pushing=False)
        for spec in specs:
            self._subscriber.create_subscription(
                request={
                    "name": self._path(f"{pubsub.dead_name(spec.name)}-seen"),
                    "topic": f"projects/{self._project}/topics/{pubsub.dead_name(spec.name)}",
                    "push_config": {
                        "push_endpoint": f"{self._url}/dead/{spec.name}",
                        "no_wrapper": {"write_metadata": True},
                    },
                }
            )

    def run(self, handlers: Mapping[str, worlds.Handler]) -> None:
        self._handlers = handlers
        self._ensure([], pushing=True)
        try:
            self._wait()
        finally:
            for spec in self._specs:
                self._subscriber.modify_push_config(
                    subscription=self._path(spec.name), push_config={}
                )

    def now(self) -> datetime:
        return datetime.now(UTC)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for subscription in self._subscriber.list_subscriptions(
            project=f"projects/{self._project}"
        ):
            self._subscriber.delete_subscription(subscription=subscription.name)
        for topic in self._publisher.list_topics(project=f"projects/{self._project}"):
            self._publisher.delete_topic(topic=topic.name)

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def _path(self, subscription: str) -> str:
        return f"projects/{self._project}/subscriptions/{subscription}"

    def _ensure(self, topics: Sequence[str], *, pushing: bool) -> None:
        subscriptions = [
            topology.PushSubscription(
                spec.topic,
                spec.function,
                f"{self._url}/push/{spec.name}" if pushing else "",
                max_attempts=spec.max_attempts,
                backoff=_backoff(spec),
                ack_deadline=timedelta(seconds=10),
            )
            for spec in self._specs
        ]
        topology.ensure(self._project, topics, subscriptions, self._publisher, self._subscriber)

    def _wait(self) -> None:
        last, since = -1, time.monotonic()
        while not self._finished():
            if self._changes != last:
                last, since = self._changes, time.monotonic()
            if time.monotonic() - since > PATIENCE_S:
                raise AssertionError(
                    f"no progress: published {self.bus.published}, acknowledged"
                    f" {self._acknowledged}, dead {self._dead}"
                )
            time.sleep(0.02)

    def _finished(self) -> bool:
        with self._lock:
            return self._running == 0 and all(
                len(self._acknowledged[spec.name]) + len(self._dead[spec.name])
                >= self.bus.published.get(spec.topic, 0)
                for spec in self._specs
            )

    def _receive(self, kind: str, name: str, headers: Mapping[str, str], body: bytes) -> int:
        delivered = push.delivered(headers, body)
        if kind == "dead":
            with self._lock:
                self._changes += 1
                self._dead[name].add(delivered.message_id)
            return 204
        with self._lock:
            self._changes += 1
            self._running += 1
        try:
            self._handlers[name](delivered)
        except Exception:  # noqa: BLE001 - whatever a handler raises means: not acknowledged
            return 503
        else:
            with self._lock:
                self._acknowledged[name].add(delivered.message_id)
            return 204
        finally:
            with self._lock:
                self._running -= 1

    def _handler_class(self) -> type[BaseHTTPRequestHandler]:
        run = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                _, kind, name = self.path.split("/")
                status = run._receive(kind, name, dict(self.headers.items()), body)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return

        return Handler


def _backoff(spec: worlds.SubscriptionSpec) -> tuple[timedelta, timedelta] | None:
    """Only where a test asks for its own: see `topology.PushSubscription.backoff`."""
    if spec.min_backoff_s == worlds.SubscriptionSpec("", "").min_backoff_s:
        return None
    return timedelta(seconds=spec.min_backoff_s), timedelta(seconds=spec.max_backoff_s)


class PubSubWorld:
    """Messages through the Pub/Sub emulator, delivered by unwrapped push."""

    exact_times = False

    def __init__(self, directory: Path) -> None:
        self._host = _address("pubsub")

    def make(
        self, subscriptions: Sequence[worlds.SubscriptionSpec], topics: Sequence[str]
    ) -> PubSubRun:
        return PubSubRun(self._host, subscriptions, topics)

    def close(self) -> None:
        return


class GcsWorld:
    """Objects in fake-gcs-server, each time in a new bucket."""

    def __init__(self, directory: Path) -> None:
        self._client = Client(
            project="test",
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": f"http://{_address('gcs')}"},
        )

    def make(self) -> storage.GcsBlobs:
        bucket = fresh_project()
        self._client.create_bucket(bucket)
        return storage.GcsBlobs(bucket, lambda: self._client)

    def close(self) -> None:
        self._client.close()


worlds.STORE_WORLDS.register("firestore", FirestoreWorld)
worlds.BUS_WORLDS.register("pubsub", PubSubWorld)
worlds.BLOBS_WORLDS.register("gcs", GcsWorld)
