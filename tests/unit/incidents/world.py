"""A service and the functions that keep its incidents, to be told stories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from tests.profiles import Profile
from tests.unit.kernel.world import CountingStore, ListBus
from tests.unit.notify.world import FakeSenders
from toban.adapters.local.memory.store import MemoryBlobs, VirtualClock
from toban.channels.console.kind import ConsoleChannel
from toban.escalation.section import Escalation, Step
from toban.events import AlertFired, AlertResolved, CommandIssued
from toban.incidents import act, escalate, settle, triage
from toban.incidents.documents import Alert, Group, Incident
from toban.incidents.grouping.section import Grouping
from toban.kernel.document import Document, decode
from toban.kernel.event import Body, Event, from_message, to_message
from toban.kernel.handling.decision import Handled
from toban.kernel.handling.handle import Handlers, handle
from toban.kernel.handling.timers import fire_due, next_due
from toban.kernel.platform import Platform
from toban.notify import deliver, page
from toban.oncall.section import Rotation
from toban.people.section import Person
from toban.ports import Delivered, Message, Query
from toban.profile.section import Match, Service
from toban.profile.store import apply
from toban.severities.section import Severity
from toban.strictyaml.values import Seconds
from toban.topology.generate import ROOT
from toban.topology.reader import load

NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TOPOLOGY = load(ROOT / "events" / "topology.yaml")

SHOP = Profile(
    service=Service(id="shop", name="Shop", language="en", match=(Match(labels={"app": "shop"}),)),
    severities=(
        Severity(label="P1", level=1, words=("critical",), via=("log",)),
        Severity(label="P2", level=2, words=("error",), via=("log",)),
        Severity(label="P3", level=3, words=("warning",), via=("log",)),
    ),
    grouping=Grouping(by=("rule",), window=Seconds(300), max_open=3, recheck=Seconds(1800)),
    channels={"log": ConsoleChannel()},
    people={"aoki": Person(name="Aoki"), "baba": Person(name="Baba")},
    oncall=Rotation(members=("aoki", "baba"), first_shift=date(2026, 11, 23)),
    escalation=(
        Escalation(
            severities=("P1", "P2"),
            steps=(
                Step(after=Seconds(0), notify=("oncall:primary",)),
                Step(after=Seconds(300), notify=("oncall:secondary",)),
                Step(after=Seconds(900), notify=("oncall:all",)),
            ),
        ),
        Escalation(
            severities=("P3",),
            steps=(
                Step(after=Seconds(0), notify=("channel:log",)),
                Step(after=Seconds(1800), notify=("oncall:primary",)),
            ),
        ),
    ),
)
"""Aoki is on duty, Baba after her; P1 and P2 escalate after 5 and 15 minutes, P3 after 30."""

HOUSE = Profile(
    service=Service(id="house", name="House", language="en", default=True),
    severities=(
        Severity(label="high", level=1, words=("critical",)),
        Severity(label="low", level=3),
    ),
    channels={"log": ConsoleChannel()},
    escalation=(
        Escalation(
            severities=("high", "low"),
            steps=(Step(after=Seconds(0), notify=("channel:log",)),),
        ),
    ),
)
"""Takes what matches no service."""

D = TypeVar("D", bound=Document)
B = TypeVar("B", bound=Body)


@dataclass(frozen=True)
class Cost:
    """What one handling read and wrote."""

    function: str
    reads: int
    writes: int


def grouped(**changes: Any) -> Profile:
    """The shop with another grouping."""
    return msgspec.structs.replace(SHOP, grouping=msgspec.structs.replace(SHOP.grouping, **changes))


def fired(fingerprint: str = "a", at: float = 0, rule: str = "api", **more: Any) -> AlertFired:
    """A report that an alert fires since `at` minutes after noon."""
    return AlertFired(**_report(fingerprint, at, rule, more))


def resolved(
    fingerprint: str = "a", at: float = 0, rule: str = "api", **more: Any
) -> AlertResolved:
    """A report that the occurrence which began `at` minutes after noon is over."""
    return AlertResolved(**_report(fingerprint, at, rule, more))


def _report(fingerprint: str, at: float, rule: str, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "source": "generic",
        "fingerprint": fingerprint,
        "rule": rule,
        "title": f"{rule} {fingerprint}",
        "severity": "critical",
        "labels": {"app": "shop"},
        "starts_at": NOON + timedelta(minutes=at),
        **more,
    }


class World:
    """
    The functions around incidents on documents in memory.

    What they publish goes on to whatever consumes it, until everything rests; nobody is called
    unless `people` answer for themselves.
    """

    def __init__(self, *profiles: Profile, people: FakeSenders | None = None) -> None:
        self.clock = VirtualClock(NOON)
        self.store = CountingStore()
        self.bus = ListBus()
        self.profiles = profiles or (SHOP, HOUSE)
        apply(self.store.inner, self.profiles, NOON)
        self.platform = Platform(
            store=self.store,
            bus=self.bus,
            blobs=MemoryBlobs(),
            clock=self.clock,
            may_emit=TOPOLOGY.emitted_by,
        )
        self.tables: dict[str, Handlers] = {
            "open_incident": triage.HANDLERS,
            "settle_incident": settle.HANDLERS,
            "act_on_incident": act.HANDLERS,
            "escalate_incident": escalate.HANDLERS,
        }
        if people is not None:
            self.tables["page_responders"] = page.HANDLERS
            self.tables["deliver_notification"] = deliver.handlers(people)
        self.history: list[Body] = []
        """The body of every event, in the order published."""
        self.costs: list[Cost] = []
        self._posts = 0

    # --- telling -------------------------------------------------------------------------

    def tell(self, body: Body, id: str = "", message_id: str = "") -> list[Handled]:
        """Publish an event and let it work until everything rests."""
        self._posts += 1
        event = Event(
            id=id or f"post-{self._posts}", source="/test", time=self.clock.now(), body=body
        )
        return self._go_on([to_message(event)], message_id)

    def tell_as_of(self, heard: datetime, body: Body) -> list[Handled]:
        """Handle only now what came in at `heard`."""
        self._posts += 1
        event = Event(id=f"post-{self._posts}", source="/test", time=heard, body=body)
        return self._go_on([to_message(event)], "")

    def go_on(self) -> None:
        """Let what lies on the bus work until everything rests."""
        self._go_on([], "")

    def command(self, action: str, actor: str = "aoki", **more: Any) -> Handled:
        """Somebody wants something done with the (only or named) incident."""
        more.setdefault("incident_id", more.pop("incident", None) or self.incidents()[0].id)
        body = CommandIssued(action=action, actor=actor, via="cli", at=self.clock.now(), **more)
        return self.tell(body)[0]

    def pass_time(self, minutes: float) -> None:
        """Go on, stopping at each timer on the way."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while (due := next_due(self.platform)) is not None and due <= end:
            self.clock.set(max(due, self.clock.now()))
            fire_due("tick", self.platform)
            self.go_on()
        self.clock.set(end)

    def before_commit(self, function: str, action: Callable[[], None]) -> None:
        """Interfere once, when `function` is about to commit."""

        def interfere(_: object) -> None:
            if self._running == function:
                self.store.before = lambda _: None
                action()

        self.store.before = interfere

    _running = ""

    def _go_on(self, messages: list[Message], message_id: str) -> list[Handled]:
        handled = []
        waiting = list(messages)
        number = 0
        while waiting or self.bus.messages:
            waiting.extend(self.bus.messages)
            self.bus.messages.clear()
            message = waiting.pop(0)
            self.history.append(from_message(message).body)
            for function in TOPOLOGY.consumers(message.topic):
                if function in self.tables:
                    number += 1
                    identity = message_id or f"m-{id(message)}-{number}"
                    handled.append(self._handle(function, message, identity))
        return handled

    def _handle(self, function: str, message: Message, message_id: str) -> Handled:
        before, outer = (self.store.reads, self.store.writes), self._running
        self._running = function
        try:
            return handle(
                function, self.tables[function], Delivered(message, message_id), self.platform
            )
        finally:
            self._running = outer
            self.costs.append(
                Cost(function, self.store.reads - before[0], self.store.writes - before[1])
            )

    # --- looking -------------------------------------------------------------------------

    def all(self, cls: type[D]) -> list[D]:
        return [decode(cls, s.data) for s in self.store.inner.query(Query(cls.COLLECTION))]

    def incidents(self) -> list[Incident]:
        """Oldest first."""
        return sorted(self.all(Incident), key=lambda incident: (incident.opened_at, incident.id))

    @property
    def incident(self) -> Incident:
        """The only one."""
        (only,) = self.incidents()
        return only

    def alert(self, fingerprint: str = "a") -> Alert:
        (only,) = (a for a in self.all(Alert) if a.fingerprint == fingerprint)
        return only

    def open_ids(self, service: str = "shop") -> list[str]:
        """Incidents of the service that alerts may join."""
        return [e.incident for g in self.all(Group) if g.id == service for e in g.open]

    def pages(self, incident: Incident | None = None) -> list[tuple[str, int]]:
        """(reason, step) of every page."""
        return [(page.reason, page.step) for page in (incident or self.incident).pages]

    def told(self, cls: type[B]) -> list[B]:
        """Every event of that kind so far."""
        return [body for body in self.history if isinstance(body, cls)]

    def kinds(self, incident: Incident | None = None) -> list[str]:
        """What the timeline tells of."""
        return [entry.kind for entry in (incident or self.incident).timeline]

    def take_costs(self) -> list[Cost]:
        costs, self.costs = self.costs, []
        return costs
