"""
The entry of a deployed function: its ``main.py`` names a use case, and this binds it to a world.

`subscriber` makes a CloudEvents function, `endpoint` an HTTP function, both for
functions-framework. The embedded runtime loads the same ``main.py`` files, binds its own platform
and calls the very same handlers (`SUBSCRIBERS`, `ENDPOINTS`).
"""

from __future__ import annotations

import importlib
import os
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import flask
import functions_framework
import msgspec
import werkzeug.exceptions

from toban.adapters.google.pubsub import push
from toban.adapters.google.pubsub.envelope import MESSAGE_PUBLISHED, delivered_wrapped
from toban.adapters.google.secrets import SecretManagerSecrets
from toban.adapters.local.files.blobs import SystemClock
from toban.kernel import config, log
from toban.kernel.binding import BoundHandlers, Ports
from toban.kernel.edge.http import MAX_BODY, Edge, Endpoint, Request, Response
from toban.kernel.errors import InvalidEvent, TryLater
from toban.kernel.event import Event, to_message
from toban.kernel.handling.handle import Handlers, handle
from toban.kernel.platform import Platform, require_on_map
from toban.ports import Blobs, Delivered, Message, Port, Secrets, Unavailable

if TYPE_CHECKING:
    from cloudevents.http import CloudEvent
    from flask.typing import ResponseReturnValue

    from toban.kernel.edge.identity import Callers
    from toban.ports.backup import Bucket

MODULES = {
    "resources": "toban.sources.resources",
    "public URL": "toban.channels.config",
    "secrets": "toban.kernel.binding",
    "senders": "toban.channels.senders",
}
"""Where each port is made that only some functions need, by its name; imported by those."""


@dataclass(frozen=True)
class Subscriber:
    """A function behind push subscriptions, with its handlers."""

    function: str
    handlers: Handlers | BoundHandlers

    def bound(
        self, platform: Platform, secrets: Secrets, given: Mapping[Port[Any], Any] | None = None
    ) -> Handlers:
        """Return the handlers, made with the ports they need; `given` replace our own."""
        if isinstance(self.handlers, BoundHandlers):
            modules = {port.name: MODULES[port.name] for port in self.handlers.ports}
            return self.handlers.make(Ports(platform, secrets, modules, given))
        return self.handlers


SUBSCRIBERS: dict[str, Subscriber] = {}
ENDPOINTS: dict[str, Endpoint] = {}
"""Every function whose ``main.py`` was loaded into this process."""


class Config(msgspec.Struct, frozen=True):
    """
    The settings of a deployed function, read from its environment (Terraform sets them from the
    map).
    """

    project: str = msgspec.field(name="GOOGLE_CLOUD_PROJECT")
    database: str = "(default)"
    bucket: str = ""
    """Bucket for blobs; only functions that keep blobs need it."""
    subscriptions: str = ""
    """Every subscription on the map, separated by commas; only `redrive_dead_letters` needs it."""
    emits: str = ""
    """Topics the map lets this function publish to, separated by commas; empty: not checked."""
    public_url: str = ""
    """Where people reach the functions; ID tokens have to be meant for it."""
    audiences: str = ""
    """More that ID tokens may be meant for, separated by commas."""
    actors: str = ""
    """Who may give commands with an ID token: addresses and @domains, separated by commas."""
    google_certs_url: str = ""
    """Another place of the certificates of ID tokens, for tests."""

    @property
    def allowed(self) -> frozenset[str] | None:
        """Return `emits` as a set; None: not checked."""
        return frozenset(filter(None, self.emits.split(","))) or None


class _Google:
    """The platform on Google Cloud (or its emulators), made at the first request after the fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._platform: Platform | None = None
        self._secrets: Secrets | None = None

    def platform(self) -> Platform:
        with self._lock:
            if self._platform is None:
                self._platform = google_platform(config.read(Config, os.environ))
            return self._platform

    def secrets(self) -> Secrets:
        with self._lock:
            if self._secrets is None:
                self._secrets = HiddenSecrets(SecretManagerSecrets())
            return self._secrets


class HiddenSecrets:
    """Secrets whose values are masked in every log line once they have been read."""

    def __init__(self, inner: Secrets) -> None:
        self._inner = inner

    def values(self, name: str) -> list[str]:
        """See `toban.ports.Secrets`."""
        found = self._inner.values(name)
        for value in found:
            log.hide(value)
        return found


_google = _Google()


def google_platform(settings: Config) -> Platform:
    """Return the ports on Google Cloud; `subscriber` imports their modules where they are used."""
    from toban.adapters.google.firestore.store import FirestoreStore
    from toban.adapters.google.pubsub.bus import PubSubBus, PubSubDeadLetters

    return Platform(
        store=FirestoreStore(settings.project, settings.database),
        bus=PubSubBus(settings.project),
        blobs=_LazyBlobs(settings.bucket),
        buckets=_bucket,
        clock=SystemClock(),
        pause=pause,
        dead_letters=PubSubDeadLetters(settings.project),
        subscriptions=tuple(filter(None, settings.subscriptions.split(","))),
        may_emit=lambda _: settings.allowed,
    )


def pause(attempt: int) -> None:
    """Wait before run number `attempt` of a decision that lost a race: full jitter, at most 1 s."""
    time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))  # noqa: S311 no secret


def _bucket(name: str) -> Bucket:
    """A Cloud Storage bucket, imported by the few functions that work with some."""
    from toban.adapters.google.storage.buckets import GcsBuckets

    return GcsBuckets()(name)


class _LazyBlobs:
    """Cloud Storage, imported by the few functions that keep blobs."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._made: Blobs | None = None

    def _blobs(self) -> Blobs:
        if self._made is None:
            from toban.adapters.google.storage.blobs import GcsBlobs

            if not self._bucket:
                raise config.ConfigError("TOBAN_BUCKET is not set (see README)")
            self._made = GcsBlobs(self._bucket)
        return self._made

    def create(self, name: str, data: bytes, content_type: str) -> bool:
        return self._blobs().create(name, data, content_type)

    def read(self, name: str) -> bytes:
        return self._blobs().read(name)

    def names(self, prefix: str) -> list[str]:
        return self._blobs().names(prefix)

    def delete(self, name: str) -> None:
        self._blobs().delete(name)

    def url(self, name: str) -> str:
        return self._blobs().url(name)


def in_cloud() -> bool:
    """Return whether this process is a deployed function (or runs as one against the emulators)."""
    return bool(os.environ.get("K_SERVICE") or os.environ.get("TOBAN_RUNTIME") == "google")


def subscriber(function: str, handlers: Handlers | BoundHandlers) -> Callable[[CloudEvent], None]:
    """
    Return the CloudEvents function of a handler table, to be named ``main`` in a ``main.py``.

    Returning acknowledges; 503 (`TryLater`, `Unavailable`) and 500 (defects) have the message
    delivered again.
    """
    SUBSCRIBERS[function] = Subscriber(function, handlers)
    if in_cloud():
        # Imported while the instance starts (CPU boost), not during its first request; the
        # clients themselves are made after gunicorn's fork, at the first request.
        import toban.adapters.google.firestore.store
        import toban.adapters.google.pubsub.bus  # noqa: F401

        if isinstance(handlers, BoundHandlers):
            for port in handlers.ports:
                importlib.import_module(MODULES[port.name])
    if flask.has_app_context():  # functions-framework imports main.py within its application's
        flask.current_app.before_request(_refuse_batch)
    made: list[Handlers] = []

    @functions_framework.cloud_event
    def main(cloud_event: CloudEvent) -> None:
        platform, secrets = _google.platform(), _google.secrets()
        if not made:
            made.append(SUBSCRIBERS[function].bound(platform, secrets))
        try:
            handle(function, made[0], delivered(cloud_event), platform)
        except (TryLater, Unavailable) as error:
            # An HTTPException answers without the crash header and stack of a defect.
            raise werkzeug.exceptions.ServiceUnavailable(log.mask(str(error))) from error

    return main


def _refuse_batch() -> flask.Response | None:
    """Answer 400 to a batch of CloudEvents, which functions-framework takes for a defect of ours."""
    request = flask.request
    named = request.headers.get("content-type", "").startswith("application/cloudevents-batch")
    binary = "ce-specversion" in request.headers
    if not named and (binary or request.get_data()[:64].lstrip()[:1] != b"["):
        return None
    log.security("request refused", reason="a batch of CloudEvents")
    return flask.Response("one event in a request", status=400)


def delivered(cloud_event: CloudEvent) -> Delivered:
    """
    Return the delivery behind a CloudEvent, in any of its three envelopes.

    Unwrapped push (our own attributes as headers), wrapped push (functions-framework makes it a
    ``messagePublished`` event), and Eventarc's ``messagePublished`` over HTTP.
    """
    if cloud_event["type"] != MESSAGE_PUBLISHED:
        return push.delivered(dict(flask.request.headers), flask.request.get_data())
    try:
        return delivered_wrapped(cloud_event.data, cloud_event["source"])
    except ValueError as error:
        # Not even a message: keep what came as one, so that it is parked.
        log.error("malformed push envelope", error=error, stack=False)
        return Delivered(Message("", flask.request.get_data(), {}))


def endpoint(function: str, use_case: Endpoint) -> Callable[[flask.Request], ResponseReturnValue]:
    """Return the HTTP function of an endpoint, to be named ``main`` in a ``main.py``."""
    ENDPOINTS[function] = use_case
    if in_cloud():
        import toban.adapters.google.pubsub.bus  # noqa: F401
    edges: list[Edge] = []

    @functions_framework.http
    def main(request: flask.Request) -> ResponseReturnValue:
        if not edges:
            edges.append(google_edge(function, config.read(Config, os.environ)))
        response = answer_endpoint(function, use_case, read_request(request), edges[0])
        return flask.Response(
            response.body,
            status=response.status,
            content_type=response.content_type,
            headers=dict(response.headers),
        )

    return main


def google_edge(function: str, settings: Config) -> Edge:
    """Return the ports of an endpoint on Google Cloud: it publishes; its store is made when read."""
    from toban.adapters.google.pubsub.bus import PubSubBus

    bus = PubSubBus(settings.project)

    def publish(events: Sequence[Event]) -> None:
        messages = [to_message(event) for event in events]
        require_on_map(function, messages, settings.allowed)
        bus.publish(messages)

    return Edge(
        clock=SystemClock(),
        secrets=_google.secrets(),
        publish=publish,
        identify=_callers(function, settings),
        documents=lambda: _google.platform().documents(),
    )


def _callers(function: str, settings: Config) -> Callable[[str, datetime], str]:
    """Who an ID token proves; made when the first one comes."""
    made: list[Callers] = []

    def identify(token: str, now: datetime) -> str:
        if not made:
            from toban.adapters.google.identity import CERTIFICATES, GoogleTokens
            from toban.kernel.edge.identity import Callers

            own = f"{settings.public_url.rstrip('/')}/{function}" if settings.public_url else ""
            tokens = GoogleTokens(settings.google_certs_url or CERTIFICATES)
            made.append(Callers.of(tokens, f"{own},{settings.audiences}", settings.actors))
        return made[0].identify(token, now)

    return identify


def local_edge(
    function: str, platform: Platform, secrets: Secrets, environ: Mapping[str, str] = os.environ
) -> Edge:
    """Return the ports of an endpoint on the embedded runtime."""
    settings = config.read(Config, {"GOOGLE_CLOUD_PROJECT": "local", **environ})

    def publish(events: Sequence[Event]) -> None:
        platform.publish(function, [to_message(event) for event in events])

    return Edge(
        clock=platform.clock,
        secrets=secrets,
        publish=publish,
        identify=_callers(function, settings),
        documents=platform.documents,
    )


def read_request(request: flask.Request) -> Request:
    """Return the request without the framework; a body over the cap is not read."""
    length = request.content_length
    body: bytes | None = None
    if length is None or length <= MAX_BODY:
        body = request.stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            body = None
    query = request.query_string.decode("latin-1")
    raw_path = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "")
    path = raw_path.partition("?")[0] or request.path
    return Request(
        method=request.method,
        path=path,
        query=parse_query(query),
        headers={
            name.lower(): ",".join(request.headers.getlist(name)) for name in dict(request.headers)
        },
        body=body,
    )


def parse_query(query: str) -> dict[str, str]:
    """
    Return the values by name, those of a repeated one joined: a credential that comes twice is none.

    Bytes that are not UTF-8 become replacement characters.
    """
    from urllib.parse import parse_qsl

    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=None):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def answer_endpoint(function: str, use_case: Endpoint, request: Request, edge: Edge) -> Response:
    """Return the endpoint's answer; a defect is logged with its stack and answered 500 without it."""
    with log.context(function=function):
        try:
            return use_case(request, edge)
        except InvalidEvent as error:
            log.error("request refused", error=error, stack=False)
            return Response(400)
        except Exception as error:  # noqa: BLE001 the last line before the sender
            log.error("request failed", error=error)
            return Response(500)
