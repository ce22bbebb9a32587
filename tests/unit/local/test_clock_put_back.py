"""
A machine whose clock was nine hours ahead (it kept local time as UTC), and is right from now on.

Real threads, a real data directory, and a clock that goes on by itself, ahead or not. What was scheduled
by the wrong clock happens as if it had been scheduled by the right one, whether the runtime saw the step
or was started after it.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests import payloads
from tests.unit.incidents.world import SHOP
from toban.channels.console.adapter import ConsoleSender
from toban.escalation.section import Escalation, EscalationStep
from toban.events import RecheckDue
from toban.incidents.documents import Incident
from toban.kernel import log
from toban.kernel.document import D, decode
from toban.kernel.edge.links import make_link
from toban.kernel.event import Event, to_message
from toban.kernel.handling.effect import Result
from toban.kernel.outgoing import Outgoing
from toban.local import clockwork
from toban.local.clockwork import FiredSchedule
from toban.local.runtime import Runtime
from toban.local.world import World, open_world
from toban.notify.documents import Notification
from toban.ports import Query
from toban.strictyaml.values import Seconds

AHEAD = timedelta(hours=9)
SOON_S = 40.0
"""Real seconds in which what is pulled forward happens; nine hours are none of them."""
STEP_S = 3
SECRET = "k" * 40
SECRETS = {
    "TOBAN_SECRET_INGEST_ALERTMANAGER": "token",
    "TOBAN_SECRET_LINK_SIGNING": SECRET,
}
PROFILE = msgspec.structs.replace(
    SHOP,
    escalation=(
        Escalation(
            severities=("P1", "P2", "P3"),
            steps=(
                EscalationStep(after=Seconds(0), notify=("oncall:primary",)),
                EscalationStep(after=Seconds(STEP_S), notify=("oncall:secondary",)),
            ),
        ),
    ),
)


class MachineClock:
    """The machine's clock."""

    ahead = AHEAD

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Machine:
    """A runtime on one data directory; `put_back` sets the clock, with or without a restart."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.clock = MachineClock()
        self.start()

    def start(self) -> None:
        self._stack = ExitStack()
        self.world: World = self._stack.enter_context(
            open_world(self.data, clock=self.clock, environ=SECRETS, backoff_s=(3.0, 3.0))
        )
        self.runtime = Runtime(self.world)
        self.runtime.start({"shop": PROFILE})
        self._stack.enter_context(self.runtime)

    def stop(self) -> None:
        self._stack.close()

    def put_back(self, *, restart: bool) -> None:
        if restart:
            self.stop()
        self.clock.ahead = timedelta(0)
        if restart:
            self.start()

    def post(self, path: str, body: object) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.runtime.port, timeout=30)
        headers = {"Authorization": "Bearer token", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def alert(self) -> None:
        body = payloads.alertmanager(payloads.alert(starts_at=self.clock.now().isoformat()))
        assert self.post("/ingest_alert/alertmanager?service=shop", body) == 200
        soon(lambda: self.documents(Incident))

    def documents(self, cls: type[D]) -> list[D]:
        found = self.world.platform.store.query(Query(cls.COLLECTION))
        return [decode(cls, s.data) for s in found]

    def incident(self) -> Incident:
        (only,) = self.documents(Incident)
        return only


def soon(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < deadline, "it still waits"
        time.sleep(0.02)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """The warnings of the clockwork."""
    said: list[dict[str, object]] = []
    real = log.warning

    def warning(message: str, **fields: object) -> None:
        said.append({"message": message, **fields})
        real(message, **fields)

    monkeypatch.setattr(clockwork.log, "warning", warning)
    return said


@pytest.fixture
def machine(tmp_path: Path, lines: list[dict[str, object]]) -> Iterator[Machine]:
    made = Machine(tmp_path / "data")
    yield made
    made.stop()


both = pytest.mark.parametrize("restart", [False, True], ids=["seen", "while-it-was-off"])


@both
def test_everything_scheduled_is_pulled_forward_and_one_line_says_by_how_much(
    machine: Machine,
    restart: bool,
    lines: list[dict[str, object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    died = die_in_the_first_call(monkeypatch)
    machine.alert()
    soon(lambda: died)
    link = link_of(machine)
    event = Event(
        id="r",
        source="/test",
        time=machine.clock.now(),
        body=RecheckDue(incident_id="not-yet", generation=0),
    )
    machine.world.platform.bus.publish([to_message(event)])
    soon(lambda: attempts(machine) > 0)
    tried = attempts(machine)
    assert all(note.slot > datetime.now(UTC) for note in machine.documents(FiredSchedule))

    machine.put_back(restart=restart)

    soon(lambda: attempts(machine) > tried)  # a delayed redelivery
    soon(lambda: all(n.state == "done" for n in machine.documents(Notification)))  # a lease
    soon(lambda: machine.incident().step == 1)  # an escalation
    soon(lambda: all(n.slot <= datetime.now(UTC) for n in machine.documents(FiredSchedule)))
    assert machine.post(link, {}) == 200
    soon(lambda: machine.incident().status == "acknowledged")
    (said,) = [line for line in lines if str(line["message"]).startswith("clock put back")]
    by = timedelta(seconds=int(str(said["by_s"])))
    assert timedelta(0) <= AHEAD - by < timedelta(minutes=2)


def test_of_a_clock_that_was_right_nothing_is_said(
    tmp_path: Path, lines: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MachineClock, "ahead", timedelta(0))
    machine = Machine(tmp_path / "data")
    machine.alert()
    machine.put_back(restart=True)
    soon(lambda: machine.incident().step == 1)
    machine.stop()
    assert [line for line in lines if "clock" in str(line["message"])] == []


def die_in_the_first_call(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """The handling ends in mid-call: what it has claimed stays claimed."""
    died: list[bool] = []
    real = ConsoleSender.send

    def send(self: ConsoleSender, outgoing: Outgoing) -> Result:
        if not died:
            died.append(True)
            raise SystemExit
        return real(self, outgoing)

    monkeypatch.setattr(ConsoleSender, "send", send)
    return died


def link_of(machine: Machine) -> str:
    """Path and query of a link that acknowledges, made by the wrong clock."""
    incident = machine.incident()
    link = make_link(
        "https://ops.test/ingest_action",
        incident.id,
        "acknowledge",
        "Aoki",
        incident.generation,
        machine.clock.now(),
        SECRET,
        "en",
        person="person:aoki",
    )
    return link.removeprefix("https://ops.test")


def attempts(machine: Machine) -> int:
    """How often the message that nobody can handle was delivered."""
    with machine.world.database.reading() as connection:
        rows = connection.execute(
            "SELECT attempts FROM messages WHERE subscription = ?",
            ("recheck-due--settle_incident",),
        ).fetchall()
    return max((count for (count,) in rows), default=0)
