"""An installation on emulators whose functions die, and incidents that happen in it side by side."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from tests.chains.receivers import HttpReceiver
from tests.emulator.real_crashing import DIRECTORY, MAIN
from tests.profiles import Profile
from tests.simulation.story import stripped
from toban.channels.console.kind import ConsoleChannel
from toban.channels.slack.kind import SlackChannel
from toban.channels.webhook.kind import WebhookChannel
from toban.escalation.section import Escalation, EscalationStep
from toban.events import AlertFired, AlertResolved, CommandIssued, MinutePassed
from toban.incidents.documents import Alert, Group, Incident
from toban.incidents.grouping.section import Grouping
from toban.kernel.event import Body, Event, to_message
from toban.kernel.handling.receipt import Receipt
from toban.local.emulated import installation as emulated
from toban.local.emulated.installation import EmulatedPlatform
from toban.local.world import ROOT
from toban.notify.documents import Notification
from toban.oncall.section import Rotation
from toban.people.section import Person
from toban.ports import Key, Query, Snapshot
from toban.profile.section import Service
from toban.severities.section import Severity
from toban.strictyaml.values import Seconds

SECOND_STEP_S = 3
PULSE_S = 1.5
"""How often `tick` is called, which Cloud Scheduler does each minute."""
_STARTED = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
_MARK = "may be a repetition"
_ID = re.compile(r"\b[a-z2-7]{26}\b|\b(inc|ntf)-[a-z0-9]+")


def secret_of(case: str) -> str:
    """Name of the secret of its Slack room."""
    return f"SLACK_WEBHOOK_{case.upper().replace('-', '_')}"


def profile(case: str, outside: str) -> Profile:
    """A service with two steps; the second is by a channel that is gone for good."""
    return Profile(
        service=Service(id=case, name=case, language="en", timezone="Asia/Tokyo"),
        severities=(
            Severity(
                label="P1",
                level=1,
                words=("critical",),
                via=("pager",),
                notify=("channel:room",),
                postmortem=True,
            ),
        ),
        grouping=Grouping(by=("rule",), window=Seconds(0)),
        channels={
            "pager": WebhookChannel(url=f"{outside}/{case}/pager", fallback="log"),
            "room": SlackChannel(webhook_secret=secret_of(case), fallback="log"),
            "gone": WebhookChannel(url=f"{outside}/{case}/gone", fallback="spare"),
            "spare": WebhookChannel(url=f"{outside}/{case}/spare", fallback="log"),
            "log": ConsoleChannel(),
        },
        people={"aoki": Person(name="Aoki")},
        oncall=Rotation(members=("aoki",), first_shift=date(2026, 1, 5)),
        escalation=(
            Escalation(
                severities=("P1",),
                steps=(
                    EscalationStep(after=Seconds(0), notify=("oncall:primary",)),
                    EscalationStep(after=Seconds(SECOND_STEP_S), notify=("channel:gone",)),
                ),
            ),
        ),
    )


def crashing_root(directory: Path) -> Path:
    """
    A checkout whose functions die; a crash also takes along what waited in the same process.

    Without the functions of backups, whose deaths are elsewhere: each is a process to start.
    """
    root = directory / "root"
    written: dict[str, Any] = yaml.safe_load((ROOT / "events" / "topology.yaml").read_text("utf-8"))
    # As many as Pub/Sub takes: with every death of a neighbour what waits there loses an attempt.
    written["defaults"]["max_attempts"] = 100
    for function in written["functions"].values():
        function.pop("max_attempts", None)
    functions = {
        name: function
        for name, function in written["functions"].items()
        if not re.search("backup|restore", name)
    }
    consumed = {topic for function in functions.values() for topic in function.get("consumes", ())}
    written["functions"] = functions
    written["topics"] = {name: t for name, t in written["topics"].items() if name in consumed}
    written["schedules"] = {
        name: s for name, s in written["schedules"].items() if s["emits"] in consumed
    }
    needed = {secret for function in functions.values() for secret in function.get("secrets", ())}
    written["secrets"] = {name: s for name, s in written["secrets"].items() if name in needed}
    for name in functions:
        (root / "functions" / name).mkdir(parents=True)
        (root / "functions" / name / "main.py").write_text(MAIN)
    (root / "shared").symlink_to(ROOT / "shared")
    (root / "events").mkdir()
    text = yaml.safe_dump(written, allow_unicode=True, sort_keys=False)
    (root / "events" / "topology.yaml").write_text(text, "utf-8")
    return root


class _NoClockwork:
    """Timers are fired by the deployed `tick` alone, as in the cloud."""

    def __init__(self, *_: object) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


def without_clockwork() -> AbstractContextManager[Any]:
    return mock.patch.object(emulated, "Clockwork", _NoClockwork)


@dataclass
class Installation:
    """Emulators and functions, and what can be seen of them."""

    running: EmulatedPlatform
    outside: HttpReceiver
    directory: Path
    """Where the functions note what they pass."""
    sent: dict[str, str] = field(default_factory=dict)
    """Topic of every event that came from outside, by its id."""
    _noted: dict[str, tuple[list[Any], int]] = field(default_factory=dict)
    _pulses: int = 0
    _pulsed: float = 0.0

    @staticmethod
    def environment(directory: Path) -> dict[str, str]:
        return {DIRECTORY: str(directory), "TOBAN_ALLOW_HTTP_WEBHOOKS": "true"}

    def publish(self, id: str, body: Body) -> None:
        event = Event(id=id, source="/story", time=datetime.now(UTC), body=body)
        message = to_message(event)
        self.sent[id] = message.topic
        self.running.platform.bus.publish([message])

    def is_at_rest(self, case: str) -> bool:
        """Whether every event of the case was handled by everybody who consumes it."""
        return not self._unhandled(case)

    def is_handled(self, case: str, id: str) -> bool:
        """Whether everybody who consumes an event has handled it."""
        return id not in {event for _, event in self._unhandled(case)}

    def _unhandled(self, case: str) -> list[tuple[str, str]]:
        """Subscriptions, and ids of the events that they have not got handled."""
        handled = {(function, id) for of, function, id in self.noted("handled") if of == case}
        topics = {id: topic for id, topic in self.sent.items() if id.startswith(f"{case}-")}
        topics |= {id: topic for id, (topic, _) in self.events(case).items()}
        return [
            (subscription.name, id)
            for id, topic in topics.items()
            for subscription in self.running.topology.subscriptions()
            if subscription.topic == topic and (subscription.function, id) not in handled
        ]

    def stuck(self, case: str) -> list[str]:
        """What became of each event of a case that was not handled."""
        letters = self.running.platform.dead_letters
        assert letters is not None
        said = []
        for subscription, id in self._unhandled(case):
            function = subscription.partition("--")[2]
            arrived = Counter(
                message
                for of, name, event, message in self.noted("arrived")
                if (of, name, event) == (case, function, id)
            )
            dead = any(
                letter.message.attributes["ce-id"] == id
                for letter in letters.pull(subscription, 1_000)
            )
            fate = "was given up" if dead else "is neither handled nor given up"
            said.append(f"{id} arrived at {function} as {dict(arrived)} and {fate}")
        return said

    def pulse(self) -> None:
        """Let `tick` run now and then."""
        if time.monotonic() - self._pulsed > PULSE_S:
            self._pulsed = time.monotonic()
            self._pulses += 1
            self.publish(f"pulse-{self._pulses}", MinutePassed())

    def noted(self, name: str) -> list[list[Any]]:
        """What functions noted in a file; what was read before is not read again."""
        lines, offset = self._noted.setdefault(name, ([], 0))
        path = self.directory / name
        if path.exists():
            with path.open("rb") as file:
                file.seek(offset)
                new, end, _ = file.read().rpartition(b"\n")
            lines += map(json.loads, new.splitlines())
            self._noted[name] = (lines, offset + len(new) + len(end))
        return lines

    def _of(self, document: Any, case: str) -> list[Snapshot]:
        query = Query(document.COLLECTION, (("service", "==", case),))
        return self.running.platform.store.query(query)

    def incident(self, case: str) -> dict[str, Any]:
        found = self._of(Incident, case)
        assert len(found) <= 1, f"{case} has {len(found)} incidents"
        return found[0].data if found else {}

    def events(self, case: str) -> dict[str, tuple[str, str]]:
        """Topic and body of every event a case led to, by its id."""
        return {id: (topic, data) for of, id, topic, data in self.noted("published") if of == case}

    def state(self, case: str) -> dict[str, Any]:
        """Documents, emitted events and arrivals of a case, comparable with another's."""
        incident = self.incident(case)
        events = self.events(case)
        ids = [*events, *(f"{case}-{step.name}" for step in STEPS)]
        receipts = [
            s
            for s in self.running.platform.store.query(Query(Receipt.COLLECTION))
            if s.data["event_id"] in ids
        ]
        groups = self.running.platform.store.get([Key(Group.COLLECTION, case)])
        documents = [
            *self._of(Incident, case),
            *self._of(Alert, case),
            *self._of(Notification, case),
            *receipts,
            *(group for group in groups if group is not None),
        ]
        version = incident.get("profile_version", "") or "-"

        def plain(value: Any) -> str:
            value = stripped(value)
            if isinstance(value, dict) and "timeline" in value:
                value["timeline"] = sorted(value["timeline"], key=repr)
            text = json.dumps(value, sort_keys=True, ensure_ascii=False)
            return _ID.sub("ID", text.replace(case, "CASE").replace(version, "VERSION"))

        return {
            "documents": sorted(f"{s.key.collection} {plain(s.data)}" for s in documents),
            "events": sorted(f"{topic} {plain(data)}" for topic, data in events.values()),
            "arrivals": sorted(self.arrivals(case)),
        }

    def arrivals(self, case: str) -> list[str]:
        """What reached people: where, and what; repetitions that could be told are dropped."""
        found = []
        keys = set()
        for call in list(self.outside.calls):
            if not call.path.startswith(f"/{case}/") or _MARK in json.dumps(call.body):
                continue
            if "id" in call.body:  # our key: the receiver takes it once
                if call.body["id"] in keys:
                    continue
                keys.add(call.body["id"])
            what = call.body.get("kind") or call.body["text"].split()[0]
            found.append(f"{call.path.replace(case, 'CASE')} {what}")
        return found


@dataclass(frozen=True)
class Stage:
    """One thing that happens from outside, and how the incident looks when it was dealt with."""

    name: str
    body: Callable[[str, dict[str, Any]], Body]
    over: Callable[[dict[str, Any]], bool]


def _alert(cls: Any, case: str) -> Body:
    return cls(
        source="generic",
        fingerprint=f"{case}-disk",
        rule="disk-full",
        title="a disk is full",
        severity="critical",
        labels={"service": case},
        starts_at=_STARTED,
        ends_at=datetime.now(UTC) if cls is AlertResolved else None,
    )


def _acknowledge(incident: dict[str, Any]) -> Body:
    return CommandIssued(
        incident_id=incident["id"], action="acknowledge", actor="aoki", via="cli", at=_STARTED
    )


STEPS = (
    Stage("fired", lambda case, _: _alert(AlertFired, case), lambda i: len(i["pages"]) == 2),
    Stage(
        "answered", lambda _, incident: _acknowledge(incident), lambda i: bool(i["acknowledged_at"])
    ),
    Stage("cleared", lambda case, _: _alert(AlertResolved, case), lambda i: bool(i["postmortem"])),
)


@dataclass
class Telling:
    """One incident from its alert to its postmortem."""

    installation: Installation
    case: str
    stage: int = -1
    states: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return len(self.states) == len(STEPS)

    def go_on(self) -> None:
        """Let the next thing happen."""
        self.stage += 1
        step = STEPS[self.stage]
        body = step.body(self.case, self.installation.incident(self.case))
        self.installation.publish(f"{self.case}-{step.name}", body)

    def tell_undisturbed(self, patience_s: float = 90) -> None:
        """All of it, each stage until nothing moves any more."""
        while not self.is_over:
            self.go_on()
            until = time.monotonic() + patience_s
            while not self._is_dealt_with():
                assert time.monotonic() < until, f"{self.case} does not come to rest"
                self.installation.pulse()
                time.sleep(0.2)
            self.states.append(self.installation.state(self.case))

    def _is_dealt_with(self) -> bool:
        incident = self.installation.incident(self.case)
        over = bool(incident) and STEPS[self.stage].over(incident)
        return over and self.installation.is_at_rest(self.case)

    def follow(self, expected: list[dict[str, Any]]) -> None:
        """Go on once this stage has come to what is expected."""
        if self.is_over:
            return
        if self.stage >= len(self.states):
            wanted = expected[self.stage]
            if len(self.installation.events(self.case)) < len(wanted["events"]):
                return  # without asking for every document
            state = self.installation.state(self.case)
            if state != wanted:
                return
            self.states.append(state)
        if not self.is_over:
            self.go_on()


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What is missing and what is too much."""
    said = []
    for part, values in expected.items():
        a, b = Counter(values), Counter(found[part])
        said += [f"{part}: lost {value[:400]}" for value in (a - b).elements()]
        said += [f"{part}: never should be {value[:400]}" for value in (b - a).elements()]
    return said
