"""A service and the functions that keep its incidents, to be told stories."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from tests.profiles import Profile
from toban.channels.console.kind import ConsoleChannel
from toban.escalation.section import Escalation, EscalationStep
from toban.events import AlertFired, AlertResolved, CommandIssued
from toban.incidents import act, escalate, settle
from toban.incidents.documents import Alert, Group, Incident
from toban.incidents.grouping.section import Grouping
from toban.incidents.opening import triage
from toban.kernel.event import Body, Event
from toban.kernel.handling.decision import Handled
from toban.kernel.handling.handle import Handlers
from toban.notify import deliver, page
from toban.oncall.section import Rotation
from toban.people.section import Person
from toban.postmortems.timeline import describe
from toban.profile.section import Match, Service
from toban.severities.section import Severity
from toban.strictyaml.values import Seconds
from toban.testing import NOON, Cost, ListSenders, TestPlatform

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
                EscalationStep(after=Seconds(0), notify=("oncall:primary",)),
                EscalationStep(after=Seconds(300), notify=("oncall:secondary",)),
                EscalationStep(after=Seconds(900), notify=("oncall:all",)),
            ),
        ),
        Escalation(
            severities=("P3",),
            steps=(
                EscalationStep(after=Seconds(0), notify=("channel:log",)),
                EscalationStep(after=Seconds(1800), notify=("oncall:primary",)),
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
            steps=(EscalationStep(after=Seconds(0), notify=("channel:log",)),),
        ),
    ),
)
"""Takes what matches no service."""

B = TypeVar("B", bound=Body)

IN_WORDS: set[tuple[object, ...]] = set()
"""Kinds of lines, with the names of their details, that were told in words already."""


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


class World(TestPlatform):
    """
    The functions around incidents; nobody is called unless `people` answer for themselves.

    What they publish goes on to whatever consumes it, until everything rests.
    """

    def __init__(self, *profiles: Profile, people: ListSenders | None = None) -> None:
        tables: dict[str, Handlers] = {
            "open_incident": triage.HANDLERS,
            "settle_incident": settle.HANDLERS,
            "act_on_incident": act.HANDLERS,
            "escalate_incident": escalate.HANDLERS,
        }
        if people is not None:
            tables["page_responders"] = page.HANDLERS
            tables["deliver_notification"] = deliver.handlers(people)
        self.profiles = profiles or (SHOP, HOUSE)
        super().__init__(*self.profiles, handlers=tables)

    # --- telling -------------------------------------------------------------------------

    def tell(self, body: Body, id: str = "", message_id: str = "") -> list[Handled]:
        """Publish an event and let it work until everything rests."""
        return self._first([self.send(body, id)], message_id)

    def tell_as_of(self, heard: datetime, body: Body) -> list[Handled]:
        """Handle only now what came in at `heard`."""
        return self._first([self.send(body, at=heard)], "")

    def _first(self, sent: list[Event], message_id: str) -> list[Handled]:
        """What was just sent goes before what lies on the bus already."""
        lying = self.bus.messages[: -len(sent)]
        del self.bus.messages[: -len(sent)]
        self.bus.messages.extend(lying)
        return self.drain(message_id)

    def drain(self, message_id: str = "") -> list[Handled]:
        """As ever, and whatever stands in a timeline by then can be told in words."""
        handled = super().drain(message_id)
        for entry in (entry for incident in self.incidents() for entry in incident.timeline):
            known = (entry.kind, bool(entry.actor), *entry.detail)
            if known not in IN_WORDS:
                told = describe("ja", entry)
                assert not told.startswith(entry.kind), f"no words for {told}"
                IN_WORDS.add(known)
        return handled

    def go_on(self) -> None:
        """Let what lies on the bus work until everything rests."""
        self.drain()

    def command(self, action: str, actor: str = "aoki", **more: Any) -> Handled:
        """Somebody wants something done with the (only or named) incident."""
        more.setdefault("incident_id", more.pop("incident", None) or self.incidents()[0].id)
        body = CommandIssued(action=action, actor=actor, via="cli", at=self.clock.now(), **more)
        return self.tell(body)[0]

    def pass_time(self, minutes: float) -> None:
        """Go on, stopping at each timer on the way."""
        self.advance(timedelta(minutes=minutes))

    def before_commit(self, function: str, action: Callable[[], None]) -> None:
        """Interfere once, when `function` is about to commit."""

        def interfere(_: object) -> None:
            if self.running == function:
                self.store.before = lambda _: None
                action()

        self.store.before = interfere

    # --- looking -------------------------------------------------------------------------

    def incidents(self) -> list[Incident]:
        """Oldest first."""
        return sorted(
            self.documents(Incident), key=lambda incident: (incident.opened_at, incident.id)
        )

    @property
    def incident(self) -> Incident:
        """The only one."""
        (only,) = self.incidents()
        return only

    def alert(self, fingerprint: str = "a") -> Alert:
        """The alert as it is now, not what it left with other incidents."""
        found = [a for a in self.documents(Alert) if a.fingerprint == fingerprint]
        (only,) = (a for a in found if not a.is_record)
        return only

    def open_ids(self, service: str = "shop") -> list[str]:
        """Incidents of the service that alerts may join."""
        return [e.incident for g in self.documents(Group) if g.id == service for e in g.open]

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
