"""
One story that passes through every handler, step by step.

Between the steps everything comes to rest, so that a crash (and the time its repair takes) in one
step leaves the next unchanged: whatever dies where, the end has to be the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from tests.simulation.outside import Fate
from tests.simulation.platform import Faults, Simulated
from toban.channels.webhook.message import WebhookCall
from toban.events import (
    Action,
    AlertFired,
    AlertResolved,
    CommandIssued,
    MinutePassed,
    RedriveDue,
    SweepDue,
)
from toban.kernel.event import Body, Event, to_message
from toban.kernel.handling.redrive import REDRIVES
from toban.kernel.outgoing import Outgoing
from toban.ports import Message

Publish = Callable[[list[Message]], None]


@dataclass(frozen=True)
class Step:
    """After `wait` seconds, publish what `messages` gives for the time and the incidents then."""

    name: str
    wait: float
    messages: Callable[[datetime, list[dict[str, Any]]], list[Message]]
    change: Callable[[Any], None] = lambda _: None
    """What happens in the world before that (in buckets, to documents)."""


@dataclass(frozen=True)
class Story:
    """What is told, in which world, and what of its end has to be equal however it is told."""

    steps: tuple[Step, ...]
    world: Callable[[Faults], Any]
    collections: tuple[str, ...]
    functions: frozenset[str] | None = None
    """Where to die; None: everywhere."""
    unlucky: Callable[[Message], bool] = lambda _: False
    """What fails at every attempt."""
    refused: Callable[[bytes], bool] = lambda _: False
    fate: Callable[[Outgoing], Fate] = lambda _: "ok"
    observe: Callable[[Any], dict[str, Any]] = lambda _: {}
    """More of the end, by a name."""
    volatile: frozenset[str] = frozenset()
    """Fields that a crash may change, beyond those that it always may."""
    steps_vary: bool = False
    """
    Into how many steps work falls may change (a dead step's successor begins with a new budget).
    Then events are compared by what they say, and steps not at all.
    """


_START = datetime.fromisoformat("2026-11-02T00:00:00+00:00")


def _event(id: str, body: Body, now: datetime) -> Message:
    return to_message(Event(id=id, source="/story", time=now, body=body))


def _alert(
    name: str,
    rule: str,
    severity: str,
    *,
    resolved: bool = False,
    at: int = 0,
    service: str = "shop",
) -> Any:
    def make(now: datetime, _: object) -> list[Message]:
        cls = AlertResolved if resolved else AlertFired
        body = cls(
            source="generic",
            fingerprint=name,
            rule=rule,
            title=f"{name} of {rule}",
            severity=severity,
            labels={"service": service},
            starts_at=_START + timedelta(seconds=at),
            ends_at=datetime.fromisoformat("2026-11-02T05:00:00+00:00") if resolved else None,
        )
        return [_event(f"{name}-{'r' if resolved else 'f'}-{at}", body, now)]

    return make


def _command(
    action: Action,
    title: str,
    severity: str = "",
    proof: str = "link:person:aoki",
    seen: int | None = None,
) -> Any:
    """`proof`: empty as in what the release before has left in the queue."""

    def make(now: datetime, incidents: list[dict[str, Any]]) -> list[Message]:
        incident = next(i["id"] for i in incidents if i["title"].startswith(title))
        body = CommandIssued(
            about=f"incidents/{incident}" if proof else "",
            incident_id=incident,
            action=action,
            actor="aoki",
            proof=proof,
            via="story",
            at=_START,
            note="looking",
            severity_label=severity,
            generation=seen,
        )
        return [_event(f"{action}-{title}-{severity}", body, now)]

    return make


def _timer(name: str, body: Body) -> Any:
    return lambda now, _: [_event(name, body, now)]


def _poison(now: datetime, _: object) -> list[Message]:
    message = _event("poison", MinutePassed(), now)
    attributes = {**message.attributes, "ce-type": "toban.alert.fired.v1"}
    return [Message("alert-fired", b'{"source": 7}', attributes)]


def _twice(make: Any) -> Any:
    return lambda now, incidents: make(now, incidents) * 2


# fmt: off
STORY = (
    Step("an alert opens an incident", 0, _alert("disk", "disk-full", "critical")),
    Step("it is reported again", 1, _alert("disk", "disk-full", "critical")),
    Step("another alert of the rule joins", 100, _alert("disk2", "disk-full", "warning")),
    Step("nobody answers: a step", 301, _timer("tick-1", MinutePassed())),
    Step("a person answers, twice", 60, _twice(_command("acknowledge", "disk"))),
    Step("a late click of somebody unknown is refused", 1, _command("resolve", "disk", proof="link:", seen=0)),
    Step("one takes what is taken already", 1, _command("acknowledge", "disk", "again", "local:jiro")),
    Step("a severity that there is not", 1, _command("severity", "disk", "worst", "google:aoki@example.jp")),
    Step("a note that nobody can take for a while", 1, _command("note", "disk")),
    Step("a milder incident", 120, _alert("slow", "latency", "warning")),
    Step("its severity rises", 30, _command("severity", "slow", "P1", proof="")),
    Step("somebody escalates it", 30, _command("escalate", "slow")),
    Step("a worse alert joins", 30, _alert("slow2", "latency", "critical", at=600)),
    Step("the first alert stops", 10, _alert("disk", "disk-full", "critical", resolved=True)),
    Step("the last alert stops", 10, _alert("disk2", "disk-full", "warning", resolved=True)),
    Step("resolved by hand while firing", 10, _command("resolve", "slow")),
    Step("it still fires: reopened", 1900, _timer("tick-2", MinutePassed())),
    Step("late news changes nothing", 10, _alert("disk", "disk-full", "critical")),
    Step("its alerts stop", 5, _alert("slow", "latency", "warning", resolved=True)),
    Step("the last one, too", 5, _alert("slow2", "latency", "critical", resolved=True, at=600)),
    Step("somebody reopens it", 60, _command("reopen", "slow", proof="")),
    Step("and resolves it", 60, _command("resolve", "slow", "again")),
    Step("a third incident", 60, _alert("queue", "full", "critical", service="patient")),
    Step("somebody takes it", 60, _command("acknowledge", "queue")),
    Step(
        "another instance joins it",
        1000,
        _alert("queue2", "full", "critical", at=8600, service="patient"),
    ),
    Step("and a third one", 5, _alert("queue3", "full", "warning", at=8600, service="patient")),
    Step("that is told of by itself", 700, _timer("tick-3", MinutePassed())),
    Step("nothing happens: a reminder", 2500, _timer("tick-4", MinutePassed())),
    Step("nor after that: the steps begin anew", 1000, _timer("tick-5", MinutePassed())),
    Step("somebody is on it again", 10, _command("acknowledge", "queue", "again")),
    Step("a service with nobody on call", 60, _alert("lost", "down", "warning", service="ghost")),
    Step("where nobody answers in time", 400, _timer("tick-8", MinutePassed())),
    Step("a message that is none", 10, _poison),
    Step("dead letters are looked at", 60, _timer("redrive", RedriveDue())),
    Step("half a life later what is needed gets more", 46 * 86_400, _timer("sweep", SweepDue())),
)
# fmt: on

JOINED = (
    Step("an incident begins elsewhere", 10, _alert("lamp", "dark", "critical", at=15_000)),
    Step("it is resolved by hand, and fires on", 10, _command("resolve", "lamp")),
    Step("which somebody is to hear", 4000, _timer("tick-7", MinutePassed())),
    Step("an incident begins", 60, _alert("door", "ajar", "critical", at=20_000, service="patient")),
    Step("something else joins it", 120, _alert("bell", "mute", "critical", at=20_100, service="patient")),
    Step("somebody takes it before a step tells of that", 10, _command("acknowledge", "door")),
    Step("people hear of it all the same", 900, _timer("tick-6", MinutePassed())),
)  # fmt: skip
"""What crash points need not try once more; told after `STORY`."""


def unlucky(message: Message) -> bool:
    """The note fails at every attempt until it has been a dead letter once."""
    return message.attributes["ce-id"].startswith("note-") and REDRIVES not in message.attributes


def refused(body: bytes) -> bool:
    """Whether a notification goes to the pager that is gone."""
    return b'"target":"person:chiba"' in body and b'"channel":"pager"' in body


def fate(outgoing: Outgoing) -> Fate:
    """The pager of one person is gone for good."""
    if isinstance(outgoing, WebhookCall) and refused(outgoing.body + b'"channel":"pager"'):
        return "rejected"
    return "ok"


INCIDENTS = Story(
    STORY,
    Simulated,
    ("receipts", "alerts", "groups", "incidents", "notifications", "parked", "audits"),
    unlucky=unlucky,
    refused=refused,
    fate=fate,
)


# --- what has to be equal ------------------------------------------------------------------

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_VOLATILE = {
    "message_id", "body_hash", "fence", "attempts", "lease_until", "error", "unknown", "at", "due",
    "expires_at", "created_at", "sent_at", "next_step_at", "escalating_since", "attached_at",
    "opened_at", "acknowledged_at", "resolved_at", "applied_at", "ends_at", "ce-time",
    "heard_at", "remind_at", "tell_joined_at", "untold_since",
}  # fmt: skip
"""What a crash may change: when something happened, and how many tries it took."""


def stripped(value: Any, volatile: frozenset[str] = frozenset()) -> Any:
    """A value without times and counts of tries."""
    if isinstance(value, dict):
        return {
            k: stripped(v, volatile)
            for k, v in sorted(value.items())
            if k not in _VOLATILE and k not in volatile
        }
    if isinstance(value, (list, tuple)):
        return [stripped(v, volatile) for v in value]
    if isinstance(value, datetime):
        return "TIME"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        if value.startswith("{"):
            try:
                return stripped(msgspec.json.decode(value), volatile)
            except msgspec.DecodeError:
                return value
        return _TIME.sub("TIME", value)
    return value


# Two runs differ in little, if in anything: most of it was stripped before.


@lru_cache(maxsize=5_000)
def _document(packed: bytes, volatile: frozenset[str]) -> Any:
    data = stripped(msgspec.msgpack.decode(packed), volatile)
    if "timeline" in data:
        data["timeline"] = sorted(data["timeline"], key=repr)
    return data


@lru_cache(maxsize=5_000)
def _body(data: bytes, volatile: frozenset[str]) -> Any:
    return stripped(data.decode("utf-8", "replace"), volatile)


def end_state(
    documents: Mapping[str, bytes],
    published: Iterable[Message],
    arrived: Iterable[str],
    volatile: frozenset[str] = frozenset(),
    *,
    steps_vary: bool = False,
) -> dict[str, Any]:
    """Documents (packed, by name), emitted events and notifications, comparable between runs."""
    plain = {name: _document(packed, volatile) for name, packed in documents.items()}
    events = {m.attributes["ce-id"]: (m.topic, _body(m.data, volatile)) for m in published}
    if steps_vary:
        said = Counter(f"{t} {b}" for t, b in events.values() if not t.endswith("-step-due"))
        return {"documents": plain, "events": dict(said), "notifications": []}
    return {"documents": plain, "events": events, "notifications": sorted(set(arrived))}


def difference(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Where two end states differ, in words."""
    said = []
    for part in sorted(expected.keys() - {"notifications"}):
        a, b = expected[part], found[part]
        said += [f"{part}: lost {key}" for key in a.keys() - b.keys()]
        said += [f"{part}: never should be {key}" for key in b.keys() - a.keys()]
        said += [
            f"{part}: {key} differs: {_first_difference(a[key], b[key])}"
            for key in a.keys() & b.keys()
            if a[key] != b[key]
        ]
    if expected["notifications"] != found["notifications"]:
        a, b = set(expected["notifications"]), set(found["notifications"])
        said += [f"notification lost: {id}" for id in a - b]
        said += [f"notification never should be: {id}" for id in b - a]
    return said


def _first_difference(a: Any, b: Any, path: str = "") -> str:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in a.keys() | b.keys():
            if a.get(key) != b.get(key):
                return _first_difference(a.get(key), b.get(key), f"{path}.{key}")
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and len(a) == len(b):
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            if x != y:
                return _first_difference(x, y, f"{path}[{index}]")
    return f"{path}: {str(a)[:200]} != {str(b)[:200]}"
