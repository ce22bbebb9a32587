"""
A data directory moved by hand: the embedded runtime, a clock that is set, one delivery at a time.

The release that wrote the fixture and the present code are driven by the same lines (`Code` says
whose code it is), so whatever differs in the end is theirs. Time moves to whole minutes: there the
back-off of the few retries has always passed, whatever its jitter was.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.compat.outside import DUMP, Outside

SERVICES = Path(__file__).resolve().parent / "services"
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Code:
    """What of a release's code the driver uses."""

    open_world: Callable[..., Any]
    Runtime: Callable[..., Any]
    Clockwork: Callable[..., Any]
    Message: Callable[..., Any]
    Query: Callable[..., Any]
    main: Callable[[Sequence[str]], int]
    load_directory: Callable[[Path], Any]


class SetClock:
    """Time that passes only when it is told to."""

    def __init__(self, now: datetime) -> None:
        self.moment = now
        self.looked: Callable[[], None] = lambda: None
        """Called at each look, before it is answered."""

    def now(self) -> datetime:
        self.looked()
        return self.moment


class Installation:
    """An open data directory, with HTTP on a port; see `opened`."""

    def __init__(
        self, code: Code, world: Any, runtime: Any, clock: SetClock, outside: Outside
    ) -> None:
        self._code = code
        self._world = world
        self._runtime = runtime
        self._bus = world.bus
        self._handlers = world.handlers()
        self._clockwork = code.Clockwork(world.platform, world.topology)
        self.data: Path = world.data
        self.platform = world.platform
        self.clock = clock
        self.outside = outside
        self.delivered: list[dict[str, Any]] = []
        """What every subscriber was given, in order."""

    # --- time and deliveries ---------------------------------------------------------------

    def deliver(self, *functions: str, but: Sequence[str] = ()) -> None:
        """Deliver what is due (to `functions`, to all `but` some), until nothing is."""
        while self.deliver_one(*functions, but=but):
            pass

    def deliver_one(self, *functions: str, but: Sequence[str] = ()) -> bool:
        """Deliver one message; False when none is due."""
        names = [
            name
            for name in sorted(self._bus.subscriptions)
            if (not functions or name.partition("--")[2] in functions)
            and name.partition("--")[2] not in but
        ]
        claim = self._bus.claim(names)
        if claim is None:
            return False
        self._note(claim.delivered)
        try:
            self._handlers[claim.delivered.subscription](claim.delivered)
        except Exception:  # noqa: BLE001 any failure is a refusal, as for the dispatcher
            self._bus.refuse(claim)
        else:
            self._bus.acknowledge(claim)
        return True

    def _note(self, delivered: Any) -> None:
        attributes = dict(delivered.message.attributes)
        self.delivered.append(
            {
                "to": delivered.subscription,
                "attributes": attributes,
                "body": delivered.message.data.decode("utf-8", "replace"),
            }
        )

    def turn(self, *functions: str, but: Sequence[str] = ()) -> None:
        """What is due by the clock, and whatever follows from it."""
        self._clockwork.turn()
        self.deliver(*functions, but=but)

    def until(self, moment: datetime, step: timedelta = MINUTE) -> None:
        """Let time pass, from one `step` to the next."""
        while self.clock.moment < moment:
            self.clock.moment += step
            self.turn()

    def restart(self) -> None:
        """What was being delivered when the process before ended is due."""
        self._bus.release_claims()

    # --- what people and monitors do -------------------------------------------------------

    def request(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """One HTTP request; status and text of the answer."""
        connection = http.client.HTTPConnection(urlsplit(self._runtime.url).netloc, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def alert(self, rule: str, severity: str, status: str = "firing", **more: Any) -> None:
        """A signed report in toban's own format."""
        now = self.clock.moment
        fields = {"rule": rule, "title": f"{rule} is wrong", "severity": severity, **more}
        body = json.dumps({"status": status, "labels": {"service": "shop"}, **fields}).encode()
        signed = f"{int(now.timestamp())}".encode()
        key = self.outside.environ()["TOBAN_SECRET_INGEST_GENERIC"].encode()
        mac = hmac.new(key, signed + b"." + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Toban-Signature": f"t={signed.decode()},v1={mac}",
        }
        assert self.request("POST", "/ingest_alert/generic", body, headers)[0] == 200

    def click(self, link: str) -> tuple[int, int]:
        """Open a mailed link and press its button; both statuses."""
        parts = urlsplit(link)
        path = f"{parts.path}?{parts.query}"
        return self.request("GET", path)[0], self.request("POST", path)[0]

    def publish(self, topic: str, type: str, id: str, body: dict[str, Any]) -> None:
        """A message as the command line (or somebody else) puts it on the bus."""
        attributes = {
            "ce-specversion": "1.0",
            "ce-id": id,
            "ce-type": type,
            "ce-source": "/cli",
            "ce-time": self.clock.moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "content-type": "application/json",
        }
        self.platform.bus.publish(
            [self._code.Message(topic, json.dumps(body).encode(), attributes)]
        )

    def command(self, incident: str, action: str, actor: str) -> None:
        """What `toban incidents ack` and its siblings publish."""
        at = self.clock.moment.isoformat()
        body = {"incident_id": incident, "action": action, "actor": actor, "via": "cli", "at": at}
        self.publish("command-issued", "toban.command.issued.v1", f"{action}-{incident}", body)

    def restore(self, id: str, backup: dict[str, Any], bucket: str) -> None:
        """What `toban restore` publishes."""
        body = {
            "restore_id": id,
            "service": backup["service"],
            "source": backup["source"],
            "backup_id": backup["id"],
            "purpose": "recovery",
            "target": {"bucket": bucket},
            "requested_by": "Aoki",
        }
        self.publish("restore-requested", "toban.restore.requested.v1", f"request-{id}", body)

    def finish_export(self) -> None:
        """Google has exported what it was asked for."""
        path = self.data / "buckets" / self.outside.exported.removeprefix("gs://")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DUMP)
        os.utime(path, ns=(_EXPORTED_NS, _EXPORTED_NS))
        self.outside.done = True

    # --- what can be seen ------------------------------------------------------------------

    def documents(self, collection: str) -> dict[str, dict[str, Any]]:
        """Every document of a collection, by id."""
        found = self.platform.store.query(self._code.Query(collection))
        return {snapshot.key.id: snapshot.data for snapshot in found}

    def one(self, collection: str, **fields: Any) -> dict[str, Any]:
        """The one document whose fields are so."""
        found = [
            {"id": id, **data}
            for id, data in self.documents(collection).items()
            if all(data.get(name) == value for name, value in fields.items())
        ]
        assert len(found) == 1, (collection, fields, found)
        return found[0]

    def pending(self) -> dict[str, int]:
        """How many messages each subscription still has to acknowledge."""
        return {name: count for name, count in self._bus.pending().items() if count}

    def letters(self) -> dict[str, int]:
        """How many dead letters each subscription has."""
        return dict(self._world.dead_letters.counts())


_EXPORTED_NS = 1_763_601_500 * 10**9


@contextlib.contextmanager
def opened(
    code: Code, data: Path, now: datetime, outside: Outside, *, running: bool = False
) -> Iterator[Installation]:
    """
    A data directory opened at a time, in the surroundings that `outside` is.

    Nothing happens there but what is asked for, unless it is `running` as `toban dev` does: with the
    profiles applied, by threads of its own.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_environment(outside))
        clock = SetClock(now)
        world = stack.enter_context(code.open_world(data, clock=clock, environ=outside.environ()))
        runtime = code.Runtime(world)
        if running:
            runtime.start(code.load_directory(SERVICES))  # without, it only answers HTTP
        stack.enter_context(runtime)
        yield Installation(code, world, runtime, clock, outside)


@contextlib.contextmanager
def _environment(outside: Outside) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in outside.environ()}
    os.environ.update(outside.environ())
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
