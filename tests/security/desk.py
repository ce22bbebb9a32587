"""Posting to the ingress the way a sender does, with everything it publishes kept in a list."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from tests.plugins.google_keys import GoogleKeys, claims, signed
from toban.actions.ingress import act
from toban.adapters.google.identity import GoogleTokens
from toban.adapters.local.memory.store import MemorySecrets, VirtualClock
from toban.alerts.ingress import ingest
from toban.entry import ENDPOINTS
from toban.events import AlertFired
from toban.kernel import log
from toban.kernel.edge.http import Edge, Endpoint, Request, Response
from toban.kernel.edge.identity import Callers
from toban.kernel.edge.signed import signature as generic_signature
from toban.kernel.event import Event
from toban.local.world import load_functions
from toban.ports import Unavailable
from toban.testing.platform import the_map

NOW = datetime(2026, 11, 22, 3, 0, 30, tzinfo=UTC)
TOKEN = "t0ken-of-monitoring"
BEARER = "bearer-of-alertmanager"
KEY = "key-of-generic"
LINK_KEY = "key-of-links"


@cache
def endpoints() -> dict[str, Endpoint]:
    """Every HTTP function."""
    load_functions(the_map())
    return ENDPOINTS


ACTORS = "@example.jp, baba@partner.example, robot@shop.iam.gserviceaccount.com"
AUDIENCE = "https://toban.example/ingest_action"


@cache
def google_keys() -> GoogleKeys:
    """Google's certificates, for the whole process."""
    return GoogleKeys("one")


@cache
def callers() -> Callers:
    """Who may give commands."""
    return Callers.of(GoogleTokens(google_keys().url), AUDIENCE, ACTORS)


class Desk:
    """An ingress with its secrets set, a clock that stands still and a bus that is a list."""

    def __init__(self, identify: Callable[[str, datetime], str] | None = None) -> None:
        self.clock = VirtualClock(NOW)
        self.secrets = MemorySecrets(
            {name: [KEY] for f in the_map().functions.values() if f.http for name in f.secrets}
            | {
                "INGEST_CLOUD_MONITORING": [TOKEN],
                "INGEST_ALERTMANAGER": [BEARER],
                "LINK_SIGNING": [LINK_KEY],
            }
        )
        self.published: list[Event] = []
        self.told: list[AlertFired] = []
        """The platform's own alerts that what a known sender said is refused."""
        self.calls = 0
        self.bus_is_down = False
        self.edge = Edge(
            clock=self.clock,
            secrets=self.secrets,
            publish=self._publish,
            identify=identify or callers().identify,
        )

    def _publish(self, events: Sequence[Event]) -> None:
        if self.bus_is_down:
            raise Unavailable("the bus is down")
        lost = [e.body for e in events if getattr(e.body, "rule", "") == "alerts-refused"]
        self.told += lost
        if not lost:
            self.calls += 1
            self.published.extend(events)

    def send(self, request: Request) -> Response:
        """Hand a request to ``ingest_alert``."""
        return ingest(request, self.edge)

    def ask(self, function: str, request: Request) -> Response:
        """Hand a request to any HTTP function."""
        return endpoints()[function](request, self.edge)

    def open_link(self, method: str, url: str, **headers: str) -> Response:
        """Follow a link to ``ingest_action``."""
        path, _, query = url.partition("?")
        return act(
            Request(
                method,
                path.removeprefix("https://toban.example/ingest_action"),
                dict(parse_qsl(query)),
                headers,
            ),
            self.edge,
        )

    def post(self, path: str, body: Any, query: dict[str, str] | None = None) -> Response:
        """Post `body` (bytes as they are, else as JSON) with valid credentials."""
        return self.send(authentic(path, body, self.clock.now(), query))

    def events(self, path: str, body: Any, query: dict[str, str] | None = None) -> list[Event]:
        """The events that come of a post that has to be accepted."""
        before = len(self.published)
        response = self.post(path, body, query)
        assert response.status == 200, response.body
        return self.published[before:]


def command_request(body: Any = None, token: str | None = None, path: str = "/command") -> Request:
    """What the command line posts; by default a good one."""
    if token is None:
        token = signed(claims("aoki@example.jp", AUDIENCE))
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    return Request("POST", path, {}, headers, encoded(COMMAND if body is None else body))


COMMAND = {
    "id": "nonce-1",
    "at": "2026-11-22T03:00:00Z",
    "subject": "incidents/inc-7",
    "action": "acknowledge",
    "seen": 3,
}


def encoded(body: Any) -> bytes:
    """JSON of `body`; bytes are left as they are."""
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


def authentic(
    path: str, body: Any, now: datetime = NOW, query: dict[str, str] | None = None
) -> Request:
    """A request with valid credentials for its path."""
    raw = encoded(body)
    headers = {"content-type": "application/json"}
    parameters = dict(query or {})
    if path == "/cloud-monitoring":
        parameters["auth_token"] = TOKEN
    elif path == "/alertmanager":
        headers["authorization"] = f"Bearer {BEARER}"
    elif path == "/generic":
        return signed_request(path, raw, now, parameters)
    return Request("POST", path, parameters, headers, raw)


def signed_request(
    path: str, body: Any, now: datetime = NOW, query: dict[str, str] | None = None
) -> Request:
    """A post signed as `toban.kernel.edge.signed` has it."""
    raw = encoded(body)
    signature = generic_signature(KEY, int(now.timestamp()), raw)
    headers = {"content-type": "application/json", "x-toban-signature": signature}
    return Request("POST", path, dict(query or {}), headers, raw)


def basic(credentials: str) -> str:
    """The value of ``Authorization`` for ``user:password``."""
    return "Basic " + base64.b64encode(credentials.encode()).decode()


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What is logged meanwhile, line by line."""
    before, log.Settings.stream = log.Settings.stream, io.StringIO()
    try:
        yield log.Settings.stream
    finally:
        log.Settings.stream = before
