"""
The simulation with rougher surroundings: clocks that disagree, profiles that change in mid-run,
alerts that become worse, poison on every topic, a Slack bot and email.

A class of its own, so that the seeds of the plain simulation keep what they mean.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from greenlet import getcurrent, greenlet

from tests.profiles import Profile
from tests.simulation.invariants import violations
from tests.simulation.platform import START, TOPOLOGY
from tests.simulation.profiles import PROFILES
from tests.simulation.sim import FAULTY, Simulation
from toban.adapters.local.memory.store import VirtualClock
from toban.channels.email.kind import EmailChannel
from toban.channels.slack.kind import SlackChannel
from toban.channels.webhook.kind import WebhookChannel
from toban.events import AlertReport
from toban.kernel.handling.parking import ParkedMessage
from toban.kernel.ids import derive
from toban.ports import Message, Query
from toban.profile.store import apply

INSTANCES = 7
"""Clocks that disagree: handlings take them in turn."""

SKEW_S = 10.0
"""
How far a clock may be off (real ones: milliseconds). Two instances then disagree by less than an
effect's lease (30 s); beyond it a lease protects nothing: with 120 s one seed in some fifty sent a
notification a second time, the unmarked copy after the marked one.
"""


@dataclass
class SkewedClock:
    """Each handling has an instance's clock, off by up to `SKEW_S` either way."""

    true: VirtualClock
    simulation: RoughSimulation

    def now(self) -> datetime:
        """The time as the instance of the current task sees it."""
        return self.true.now() + self.simulation.skew()


class RoughSimulation(Simulation):
    """One seed, with all of the above."""

    def __init__(self, seed: int, alerts: int = 12, skew_s: float = SKEW_S) -> None:
        self._skews: dict[int, timedelta] = {}
        self._instances: WeakKeyDictionary[greenlet, int] = WeakKeyDictionary()
        self._next_instance = itertools.cycle(range(INSTANCES))
        self._skew_s = skew_s
        self.poison = 0
        super().__init__(seed, alerts)
        self.world.platform = replace(
            self.world.platform, clock=SkewedClock(self.world.clock, self)
        )
        for number in range(3):
            self._at(self._moment(), ("profiles", number))
        for _ in range(4):
            self._at(self._moment(), "poison")

    def skew(self) -> timedelta:
        """Of the instance that handles the current task; none while everything heals."""
        task = getcurrent()
        if task is self.main or self.healed:
            return timedelta(0)
        if task not in self._instances:
            self._instances[task] = next(self._next_instance)
        instance = self._instances[task]
        if instance not in self._skews:
            skew = timedelta(seconds=self.rng.uniform(-self._skew_s, self._skew_s))
            self._skews[instance] = skew
        return self._skews[instance]

    def _moment(self) -> datetime:
        return START + timedelta(seconds=self.rng.uniform(0, FAULTY.total_seconds()))

    def _act(self, action: Any) -> None:
        if action == "poison":
            self._poison()
        elif isinstance(action, tuple):
            self._apply(action[1])
        elif isinstance(action, AlertReport) and self.rng.random() < 0.2:
            worse = msgspec.structs.replace(action, severity="critical")
            super()._act(action)
            self._post(derive("worse", action.TYPE, action.fingerprint, str(self.now)), worse)
        else:
            super()._act(action)

    def _poison(self) -> None:
        topic = self.rng.choice(sorted(t for t in TOPOLOGY.topics if self._consumed(t)))
        self.poison += 1
        attributes = {"ce-id": f"poison-{self.poison}", "ce-type": "toban.poison.v1"}
        data = self.rng.choice((b"{", b"", b"[]", b'{"incident_id": 1}', b"\xff\xfe"))
        self.world.bus.publish([Message(topic, data, attributes)])

    def _consumed(self, topic: str) -> bool:
        return bool(TOPOLOGY.consumers(topic))

    def _apply(self, number: int) -> None:
        profiles = [changed(p, number, self.rng.random() < 0.5) for p in PROFILES]
        apply(self.world.memory, profiles, self.now)

    def broken(self) -> list[str]:
        """What is wrong at the end, apart from the poison, which has to be parked."""
        self.world.out.published = [
            m for m in self.world.out.published if not m.attributes["ce-id"].startswith("poison")
        ]
        parked = self.world.memory.query(Query(ParkedMessage.COLLECTION))
        kept = {p.data["attributes"]["ce-id"] for p in parked}
        lost = [
            f"poison-{n} is nowhere" for n in range(1, self.poison + 1) if f"poison-{n}" not in kept
        ]
        # Somebody asked for a severity that a profile does not have (any more), or poison.
        caused = ("among the message's attributes", "severity_label: ")
        found = [v for v in violations(self) if not any(c in v for c in caused)]
        return lost + found


def changed(profile: Profile, number: int, renamed: bool) -> Profile:
    """The profile after an edit: other channels, and perhaps other names of severities."""
    channels = {
        **profile.channels,
        "pager": WebhookChannel(url=f"https://pager{number}.example/hook", fallback="mail"),
        "mail": EmailChannel(to=("all@example.com",), fallback="room"),
        "room": SlackChannel(token_secret="SLACK_BOT", channel="C1", fallback="log"),
    }
    if not renamed:
        return msgspec.structs.replace(profile, channels=channels)
    names = {"P1": f"SEV{number}-1", "P3": f"SEV{number}-3"}
    return msgspec.structs.replace(
        profile,
        channels=channels,
        severities=tuple(
            msgspec.structs.replace(s, label=names.get(s.label, s.label))
            for s in profile.severities
        ),
        escalation=tuple(
            msgspec.structs.replace(e, severities=tuple(names.get(n, n) for n in e.severities))
            for e in profile.escalation
        ),
    )
