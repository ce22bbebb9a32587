"""
The four worlds a story is told in, behind one small protocol.

In memory every delivery is a step of its own and time moves when the story says so, as it does on
the embedded runtime with a virtual clock; that with the machine's clock and the emulators run by
themselves, and the story waits for what it expects.
"""

from __future__ import annotations

import base64
import http.client
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import payloads
from tests.chains.receivers import HttpReceiver, Mailbox
from tests.plugins.google_keys import claims, signed
from tests.profiles import Profile
from toban import entry
from toban.adapters.local.files.buckets import MemoryBuckets
from toban.adapters.local.memory.bus import MemoryBus
from toban.adapters.local.memory.store import MemoryBlobs, MemorySecrets, MemoryStore, VirtualClock
from toban.events import Action, CommandIssued, MinutePassed, RedriveDue
from toban.incidents.documents import Incident
from toban.kernel.document import decode
from toban.kernel.edge.http import Request, Response
from toban.kernel.edge.signed import signature as generic_signature
from toban.kernel.event import Body, Event, to_message
from toban.kernel.handling.timers import next_due
from toban.kernel.platform import Platform
from toban.local import control
from toban.local.clockwork import Clockwork
from toban.local.emulated.installation import EmulatedPlatform
from toban.local.runtime import Runtime
from toban.local.virtual import begin_clock
from toban.local.world import ROOT, bind, load_functions, open_world, subscriptions_of
from toban.notify.documents import Notification
from toban.ports import Message, Query
from toban.profile.store import apply
from toban.topology.reader import load

PATIENCE_S = 150.0
"""How long a story waits on worlds that run by themselves, on a machine that is busy."""
SECRETS = {
    "INGEST_CLOUD_MONITORING": "cloud-monitoring-token",
    "INGEST_ALERTMANAGER": "alertmanager-token",
    "INGEST_GENERIC": "generic-signing-key",
    "LINK_SIGNING": "link-signing-key",
    "BACKUP_KEY": base64.b64encode(bytes(range(32))).decode(),
}
PUBLIC_URL = "http://toban.test"
CALLER = "baba@example.jp"
"""Whose ID token the command line has where it needs one."""
_BACKOFF_S = (0.2, 1.0)


ON_EMULATORS = pytest.param(
    "emulators", marks=[pytest.mark.emulator, pytest.mark.xdist_group("emulated")]
)
"""The world that is started once: one worker plays all its stories."""


class World(ABC):
    """Where a story happens. `service` belongs to this story alone."""

    name = ""
    platform: Platform
    place: tuple[str, ...] = ()
    """Where the command line finds it."""
    environ: Mapping[str, str] = {}
    """What the command line is told besides."""

    def __init__(self, service: str, outside: HttpReceiver, mailbox: Mailbox) -> None:
        self.service = service
        self.outside = outside
        self.mailbox = mailbox
        self._numbers = 0

    # --- what differs ----------------------------------------------------------------------

    @abstractmethod
    def post(
        self,
        function: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Response:
        """One HTTP request to a function; `path` with its query."""

    @abstractmethod
    def wait(
        self, holds: Callable[[], Any], what: str, each: Callable[[], None] | None = None
    ) -> Any:
        """Let time pass until `holds` gives something true, and return that; `each` now and then."""

    @abstractmethod
    def pass_time(self, seconds: float) -> None:
        """Let so much time pass, and whatever happens in it."""

    def settle(self) -> None:
        """Let everything that is due now come to rest."""
        self.pass_time(1.5)

    def close(self) -> None:
        """Let go of what is this story's own."""
        self.settle()

    # --- what the outside does -------------------------------------------------------------

    def now(self) -> datetime:
        return self.platform.clock.now()

    def ago(self, minutes: float) -> str:
        """A time in the past as monitors write it."""
        return (self.now() - timedelta(minutes=minutes)).isoformat()

    def alert(
        self, rule: str, severity: str = "critical", status: str = "firing", **fields: Any
    ) -> Response:
        """Our own format, signed; for this story's service unless `labels` say otherwise."""
        body = payloads.generic(
            status,
            rule=rule,
            title=fields.pop("title", f"{rule} is wrong"),
            severity=severity,
            starts_at=fields.pop("starts_at", self.ago(1)),
            **{"labels": {"service": self.service}, **fields},
        )
        raw = json.dumps(body).encode()
        moment = int(self.now().timestamp())
        signature = generic_signature(SECRETS["INGEST_GENERIC"], moment, raw)
        return self._accepted("/generic", raw, {"X-Toban-Signature": signature})

    def cloud_monitoring(self, state: str, **fields: Any) -> Response:
        """A Cloud Monitoring notification for this story's service."""
        raw = json.dumps(payloads.cloud_monitoring(state, **fields)).encode()
        path = f"/cloud-monitoring?service={self.service}&auth_token="
        return self._accepted(path + SECRETS["INGEST_CLOUD_MONITORING"], raw, {})

    def alertmanager(self, *alerts: dict[str, Any]) -> Response:
        """An Alertmanager notification about a group, for this story's service."""
        raw = json.dumps(payloads.alertmanager(*alerts)).encode()
        headers = {"Authorization": f"Bearer {SECRETS['INGEST_ALERTMANAGER']}"}
        return self._accepted(f"/alertmanager?service={self.service}", raw, headers)

    def _accepted(self, path: str, raw: bytes, headers: Mapping[str, str]) -> Response:
        headers = {"Content-Type": "application/json", **headers}
        answer = self.post("ingest_alert", path, raw, headers)
        assert answer.status == 200, answer
        return answer

    def command(self, incident: Incident, action: Action, actor: str = "Aoki", **more: Any) -> None:
        """What `toban incidents ack` and its siblings publish."""
        body = CommandIssued(
            about=f"incidents/{incident.id}",
            incident_id=incident.id,
            action=action,
            actor=actor,
            proof=f"local:{actor}",
            via="cli",
            at=self.now(),
            **more,
        )
        self.publish(body)

    def publish(self, body: Body) -> None:
        """An event of nobody's making in particular."""
        self._numbers += 1
        event = Event(
            id=f"{self.service}-{self._numbers}", source="/story", time=self.now(), body=body
        )
        self.platform.bus.publish([to_message(event)])

    def publish_raw(self, message: Message) -> None:
        """Bytes that may be anything."""
        self.platform.bus.publish([message])

    # --- what can be seen ------------------------------------------------------------------

    def incidents(self, service: str = "") -> list[Incident]:
        """Incidents of this story's service (or another), oldest first."""
        query = Query(Incident.COLLECTION, (("service", "==", service or self.service),))
        found = [decode(Incident, s.data) for s in self.platform.store.query(query)]
        return sorted(found, key=lambda incident: incident.opened_at)

    def incident(
        self, holds: Callable[[Incident], Any] = lambda _: True, what: str = ""
    ) -> Incident:
        """Wait for the one incident of this story to be as `holds` says, and return it."""

        def look() -> Incident | None:
            found = self.incidents()
            assert len(found) <= 1, found
            return found[0] if found and holds(found[0]) else None

        return self.wait(look, what or "the incident")

    def notifications(self, service: str = "") -> list[Notification]:
        query = Query(Notification.COLLECTION, (("service", "==", service or self.service),))
        found = [decode(Notification, s.data) for s in self.platform.store.query(query)]
        return sorted(found, key=lambda notification: notification.created_at)

    def paged(self, kind: str = "") -> list[str]:
        """Names of those the pager called (of one kind), in order of arrival."""
        calls = self.outside.to(f"/{self.service}/pager")
        return [call["target_name"] for call in calls if kind in ("", call["kind"])]

    def room(self) -> list[dict[str, Any]]:
        """Messages in the service's Slack room, in order of arrival."""
        return self.outside.to(f"/{self.service}/slack")


class SteppedWorld(World):
    """A world whose time moves when the story says so."""

    def wait(self, holds, what, each=None):
        for _ in range(int(PATIENCE_S) * 10):
            self.settle()
            found = holds()
            if found:
                return found
            if each is not None:
                each()
            self.pass_time(0.5)
        raise AssertionError(f"it did not come to {what}: {self.incidents()}")


class MemoryWorld(SteppedWorld):
    """Documents, messages and time in memory; one delivery after the other."""

    name = "memory"

    def __init__(
        self, service: str, outside: HttpReceiver, mailbox: Mailbox, profiles: Mapping[str, Profile],
        secrets: Mapping[str, str],
    ) -> None:  # fmt: skip
        super().__init__(service, outside, mailbox)
        topology = load()
        load_functions(topology, ROOT)
        self._clock = VirtualClock(datetime(2026, 11, 24, 3, 0, tzinfo=UTC))
        self._bus = MemoryBus(subscriptions_of(topology), self._clock, topology.topics)
        self._secrets = MemorySecrets({name: [value] for name, value in secrets.items()})
        self.platform = Platform(
            store=MemoryStore(),
            bus=self._bus,
            blobs=MemoryBlobs(),
            buckets=MemoryBuckets(),
            clock=self._clock,
            dead_letters=self._bus,
            subscriptions=tuple(self._bus.subscriptions),
            may_emit=topology.emitted_by,
        )
        apply(self.platform.store, profiles.values(), self._clock.now())
        self._handlers = bind(topology, self.platform, self._secrets)
        self._schedules = Clockwork(self.platform, topology)

    def post(self, function, path, body=b"", headers=None, method="POST"):
        parts = urlsplit(path)
        request = Request(
            method=method,
            path=parts.path,
            query=entry.parse_query(parts.query),
            headers={name.lower(): value for name, value in (headers or {}).items()},
            body=body,
        )
        edge = entry.local_edge(function, self.platform, self._secrets)
        return entry.answer_endpoint(function, entry.ENDPOINTS[function], request, edge)

    def pass_time(self, seconds):
        end = self._clock.now() + timedelta(seconds=seconds)
        self._deliver_due()
        while (moment := self._next()) is not None and moment <= end:
            self._clock.set(max(moment, self._clock.now()))
            self._turn()
        self._clock.set(end)
        self._turn()

    def settle(self):
        self._deliver_due()

    def _next(self) -> datetime | None:
        moments = [m for m in (self._bus.next_due(), next_due(self.platform)) if m is not None]
        return min(moments, default=None)

    def _turn(self) -> None:
        due = next_due(self.platform)
        if due is not None and due <= self._clock.now():
            self.publish(MinutePassed())
        self._deliver_due()

    def _deliver_due(self) -> None:
        def deliver(delivered):
            self._handlers[delivered.subscription](delivered)

        while self._bus.deliver_next(deliver) is not None:
            pass


class RunningWorld(World):
    """A world with a life of its own behind a port."""

    url = ""

    def post(self, function, path, body=b"", headers=None, method="POST"):
        host = urlsplit(self.url).netloc
        connection = http.client.HTTPConnection(host, timeout=PATIENCE_S)
        try:
            connection.request(method, f"/{function}{path}", body or None, dict(headers or {}))
            answer = connection.getresponse()
            kind = answer.getheader("content-type") or ""
            return Response(answer.status, answer.read(), kind, dict(answer.getheaders()))
        finally:
            connection.close()

    def wait(self, holds, what, each=None):
        deadline = time.monotonic() + PATIENCE_S
        turns = 0
        while True:
            found = holds()
            if found:
                return found
            turns += 1
            if each is not None and turns % 20 == 0:
                each()
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not come to {what}: {self.incidents()}")
            time.sleep(0.1)

    def pass_time(self, seconds):
        time.sleep(seconds)


class EmbeddedWorld(RunningWorld):
    """`toban dev`: SQLite, the dispatcher's threads, HTTP on 127.0.0.1."""

    name = "embedded"

    def __init__(
        self, service: str, outside: HttpReceiver, mailbox: Mailbox, profiles: Mapping[str, Profile],
        secrets: Mapping[str, str], directory: Path,
    ) -> None:  # fmt: skip
        super().__init__(service, outside, mailbox)
        self.place = ("--data", str(directory))
        environ = {f"TOBAN_SECRET_{name}": value for name, value in secrets.items()}
        self._world = open_world(directory, environ=environ, backoff_s=_BACKOFF_S)
        self.platform = self._world.platform
        self._runtime = Runtime(self._world)
        self._runtime.start(dict(profiles))
        self._runtime.__enter__()
        self.url = self._runtime.url

    def settle(self):
        assert self._runtime.settle(PATIENCE_S)

    def close(self):
        self._runtime.__exit__(None, None, None)
        self._world.close()


class VirtualWorld(SteppedWorld, RunningWorld):
    """`toban dev --clock virtual`: time passes as `toban clock advance` has it pass."""

    name = "virtual"

    def __init__(
        self, service: str, outside: HttpReceiver, mailbox: Mailbox, profiles: Mapping[str, Profile],
        secrets: Mapping[str, str], directory: Path,
    ) -> None:  # fmt: skip
        super().__init__(service, outside, mailbox)
        environ = {f"TOBAN_SECRET_{name}": value for name, value in secrets.items()}
        clock = begin_clock(directory, virtual=True, at=datetime(2026, 11, 24, 3, 0, tzinfo=UTC))
        self._world = open_world(directory, environ=environ)
        self.platform = self._world.platform
        self._runtime = Runtime(self._world, clock=clock)
        self._runtime.start(dict(profiles))
        self._runtime.__enter__()
        self.url = self._runtime.url
        self._control = control.find(directory)

    def pass_time(self, seconds):
        assert self._control is not None
        status, said = control.ask(self._control, "/clock", {"seconds": seconds})
        assert status == 200, said

    def settle(self):
        self.pass_time(0)

    def close(self):
        self._runtime.__exit__(None, None, None)
        self._world.close()


class EmulatedWorld(RunningWorld):
    """functions-framework processes, Pub/Sub push and Firestore; shared by all stories."""

    name = "emulators"

    def __init__(
        self, service: str, outside: HttpReceiver, mailbox: Mailbox, emulated: EmulatedPlatform
    ) -> None:
        super().__init__(service, outside, mailbox)
        self.place = ("--project", emulated.project)
        self.environ = {
            "PUBSUB_EMULATOR_HOST": emulated.addresses["pubsub"],
            "FIRESTORE_EMULATOR_HOST": emulated.addresses["firestore"],
            "STORAGE_EMULATOR_HOST": f"http://{emulated.addresses['gcs']}",
            "TOBAN_BUCKET": emulated.project,
            "TOBAN_PUBLIC_URL": emulated.url,
            # The functions were told another address, as behind a load balancer.
            "TOBAN_ID_TOKEN": signed(claims(CALLER, f"{PUBLIC_URL}/ingest_action")),
        }
        self.platform = emulated.platform
        self.url = emulated.url


def redrive(world: World) -> None:
    """What the schedule does every ten minutes."""
    world.publish(RedriveDue())
