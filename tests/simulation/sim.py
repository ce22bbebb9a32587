"""
A seeded simulation of the chain under faults.

Every handling runs as a task of its own; at each I/O the scheduler may let another task go on, so
that handlings of one incident overlap in every order. One `random.Random(seed)` decides all, on
one virtual clock: the same seed gives the same run, to the last log line.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from greenlet import getcurrent, greenlet

from tests.simulation.outside import Fate
from tests.simulation.platform import START, Faults, Simulated, SimulatedCrash
from toban.adapters.local.memory.bus import PulledMessage
from toban.channels.webhook.message import WebhookCall
from toban.events import (
    Action,
    AlertFired,
    AlertReport,
    AlertResolved,
    CommandIssued,
    MinutePassed,
    RedriveDue,
)
from toban.incidents.documents import Incident
from toban.kernel.document import decode
from toban.kernel.event import Body, Event, to_message
from toban.kernel.ids import derive
from toban.kernel.outgoing import Outgoing
from toban.ports import Message, Query, Unavailable

FAULTY = timedelta(hours=2)
"""How long faults last; then everything heals and has to come to rest."""

HEALED = timedelta(hours=4)

PROOFS = ("link:person:aoki", "link:", "google:aoki@example.jp", "", "local:aoki")
"""Of what people ask for; one in five was queued by the release before there were any."""


@dataclass(frozen=True)
class Rates:
    """Probabilities, drawn anew for each seed ("swarm"): some seeds are calm, some terrible."""

    crash: float
    conflict: float
    lost_answer: float
    publish_fails: float
    publish_twice: float
    trouble: float
    refused: float
    timeout: float
    rejected: float
    twice_at_once: float
    lost_ack: float
    switch: float
    missed_tick: float
    outage: tuple[float, float]
    """Seconds from the start between which nothing can be published."""
    silence: tuple[float, float]
    """Seconds from the start between which the pager accepts and never answers."""

    @classmethod
    def drawn(cls, rng: random.Random) -> Rates:
        def up_to(top: float) -> float:
            return rng.choice((0.0, rng.uniform(0, top)))

        return cls(
            crash=up_to(0.06),
            conflict=up_to(0.1),
            lost_answer=up_to(0.08),
            publish_fails=up_to(0.08),
            publish_twice=up_to(0.25),
            trouble=up_to(0.05),
            refused=up_to(0.3),
            timeout=up_to(0.2),
            rejected=up_to(0.1),
            twice_at_once=up_to(0.3),
            lost_ack=up_to(0.1),
            switch=rng.choice((0.0, 0.2, 0.6)),
            missed_tick=up_to(0.3),
            outage=rng.choice(((0.0, 0.0), (2000.0, 2000.0 + rng.uniform(60, 2400)))),
            silence=rng.choice(((0.0, 0.0), (1000.0, 1000.0 + rng.uniform(60, 6000)))),
        )


@dataclass
class Occurrence:
    """One firing of an alert, as its monitoring system sees it."""

    start: datetime
    end: datetime | None


@dataclass
class Truth:
    """What really happened, against which the platform's state is held."""

    alerts: dict[str, AlertReport] = field(default_factory=dict)
    """By fingerprint: a report of it."""
    occurrences: dict[str, list[Occurrence]] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    """Ids of events that a sender got a 2xx for."""
    commands: int = 0


@dataclass
class Task:
    """A handling under way."""

    taken: PulledMessage | None
    run: greenlet


class Simulation:
    """One seed."""

    def __init__(self, seed: int, alerts: int = 12) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.rates = Rates.drawn(self.rng)
        self.healed = False
        self.truth = Truth()
        self.trace: list[str] = []
        self.counts: dict[str, int] = {}
        self.tasks: list[Task] = []
        self.main = getcurrent()
        self.world = self._world(
            Faults(
                point=self._point,
                conflict=lambda: self._fault("conflict"),
                lost_answer=lambda: self._fault("lost_answer"),
                publish_fails=lambda: self._outage() or self._fault("publish_fails"),
                publish_twice=lambda: self._fault("publish_twice"),
                trouble=lambda: self._fault("trouble"),
            )
        )
        self.world.outside.fate = self._fate
        self.plan: list[tuple[datetime, int, Any]] = []
        self._number = 0
        self._plan(alerts)

    def _plan(self, number: int) -> None:
        self._plan_alerts(number)
        self._plan_people()

    def _world(self, faults: Faults) -> Simulated:
        return Simulated(faults, jitter=self.rng.random)

    # --- faults --------------------------------------------------------------------------

    def _fault(self, name: str) -> bool:
        if self.healed or getcurrent() is self.main:
            return False
        happened = self.rng.random() < getattr(self.rates, name)
        if happened:
            self.counts[name] = self.counts.get(name, 0) + 1
        return happened

    def _outage(self) -> bool:
        return self._during(self.rates.outage) and getcurrent() is not self.main

    def _during(self, span: tuple[float, float]) -> bool:
        begin, end = span
        return begin <= (self.now - START).total_seconds() < end and not self.healed

    def _fate(self, outgoing: Outgoing) -> Fate:
        if isinstance(outgoing, WebhookCall) and self._during(self.rates.silence):
            self.counts["silence"] = self.counts.get("silence", 0) + 1
            return "timeout"
        if self._fault("rejected") and not outgoing.unknown:
            return "rejected"
        if self._fault("refused"):
            return "refused"
        return "timeout" if self._fault("timeout") else "ok"

    def _point(self, name: str) -> None:
        """An I/O of the current task: it may be the last thing the process did, or wait."""
        if getcurrent() is self.main:
            return
        if self._fault("crash"):
            self._note(f"crash at {name}")
            raise SimulatedCrash(name)
        if self.rng.random() < (0.1 if self.healed else self.rates.switch):
            self.main.switch()

    # --- what happens outside ------------------------------------------------------------

    def _at(self, when: datetime, action: Any) -> None:
        self._number += 1
        self.plan.append((when, self._number, action))

    def _plan_alerts(self, number: int) -> None:
        rng = self.rng
        for index in range(number):
            service = rng.choice(("shop", "search", "search", "nowhere"))
            fingerprint = f"f{index}"
            moment = START + timedelta(seconds=rng.uniform(0, FAULTY.total_seconds() * 0.8))
            ends = [o.end for os in self.truth.occurrences.values() for o in os if o.end]
            ends = [end for end in ends if end < START + FAULTY]
            if ends and rng.random() < 0.5:
                moment = rng.choice(ends)  # one begins just when another is over
            report = AlertFired(
                source="generic",
                fingerprint=fingerprint,
                rule=f"rule{rng.randrange(3)}",
                title=f"alert {index}",
                severity=rng.choice(("critical", "warning")),
                labels={"service": service},
                starts_at=moment,
            )
            self.truth.alerts[fingerprint] = report
            times = self.truth.occurrences.setdefault(fingerprint, [])
            for _ in range(rng.choice((1, 1, 2, 3))):
                lasts = timedelta(seconds=rng.choice((1, 30, 600, 3000)) * rng.uniform(0.5, 1.5))
                end = moment + lasts
                last_stays = rng.random() < 0.2
                occurrence = Occurrence(moment, None if last_stays else end)
                times.append(occurrence)
                self._report(report, occurrence)
                if occurrence.end is None or end > START + FAULTY:
                    break
                moment = end + timedelta(seconds=rng.uniform(0.5, 600))

    def _report(self, report: AlertReport, occurrence: Occurrence) -> None:
        """Post both ends, late and out of order, some of it several times."""
        rng = self.rng
        names = ("source", "fingerprint", "rule", "title", "severity", "labels")
        fields = {name: getattr(report, name) for name in names}
        fired = AlertFired(**fields, starts_at=occurrence.start)
        for _ in range(rng.choice((1, 1, 2, 4))):
            self._at(occurrence.start + self._delay(), fired)
        if occurrence.end is not None:
            resolved = AlertResolved(**fields, starts_at=occurrence.start, ends_at=occurrence.end)
            for _ in range(rng.choice((1, 1, 2))):
                self._at(occurrence.end + self._delay(), resolved)

    def _delay(self) -> timedelta:
        """How late a report comes: often not at all, so that much happens at one moment."""
        late = self.rng.random() < 0.5
        return timedelta(seconds=self.rng.expovariate(1 / 20) if late else 0)

    def _plan_people(self) -> None:
        for _ in range(self.rng.randrange(12)):
            moment = START + timedelta(seconds=self.rng.uniform(60, FAULTY.total_seconds()))
            self._at(moment, "person")

    def _act(self, action: Any) -> None:
        if action == "person":
            self._person()
            return
        body: AlertReport = action
        state = "r" if isinstance(body, AlertResolved) else "f"
        id = derive("sim", body.fingerprint, state, body.starts_at.isoformat())
        # A sender repeats until it gets a 2xx; what the bus has, it may get twice.
        self._post(id, body)
        self.truth.accepted.add(id)

    def _post(self, id: str, body: Body) -> None:
        event = Event(id=id, source="/ingress/sim", time=self.now, body=body)
        self._publish([to_message(event)])

    def _publish(self, messages: list[Message]) -> None:
        for _ in range(20):
            try:
                self.world.out.publish(messages)
            except Unavailable:
                continue
            return

    def _person(self) -> None:
        snapshots = self.world.memory.query(Query(Incident.COLLECTION))
        if not snapshots:
            return
        incident = decode(Incident, self.rng.choice(snapshots).data)
        actions: tuple[Action, ...] = (
            "acknowledge", "acknowledge", "resolve", "escalate", "note", "severity", "reopen",
        )  # fmt: skip
        action = self.rng.choice(actions)
        self.truth.commands += 1
        command = CommandIssued(
            about=f"incidents/{incident.id}",
            incident_id=incident.id,
            action=action,
            actor=self.rng.choice(("aoki", "baba")),
            proof=PROOFS[self.truth.commands % len(PROOFS)],
            via="sim",
            at=self.now,
            note="looking" if action == "note" else "",
            severity_label="P1" if action == "severity" else "",
            generation=incident.generation if self.rng.random() < 0.5 else None,
        )
        for _ in range(self.rng.choice((1, 1, 2))):  # a double click
            self._post(derive("person", str(self.seed), str(self.truth.commands)), command)

    # --- running -------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def _note(self, line: str) -> None:
        self.trace.append(f"{(self.now - START).total_seconds():.3f} {line}")

    def digest(self) -> str:
        """What happened, as one hash: equal for equal seeds."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()

    def run(self) -> None:
        """Faults for `FAULTY`, then healing until everything rests."""
        self._run_until(START + FAULTY)
        self.healed = True
        self._run_until(START + HEALED)

    def _run_until(self, end: datetime) -> None:
        while not self.found():
            self._work_off()
            upcoming = [self._next_minute(), *self._wakes()]
            if self.plan:
                upcoming.append(min(self.plan)[0])
            due = self.world.bus.next_due()
            if due is not None:
                upcoming.append(due)
            moment = max(min(upcoming), self.now)
            if moment >= end:
                self.world.clock.set(max(end, self.now))
                return
            self.world.clock.set(moment)
            if moment == self._minute:
                self._tick()
            for entry in sorted(p for p in self.plan if p[0] <= moment):
                self.plan.remove(entry)
                self._act(entry[2])

    def found(self) -> list[str]:
        """What is known to be wrong before the end: there is no need to go on."""
        return []

    _minute = START
    _turn = timedelta(minutes=1)

    def _next_minute(self) -> datetime:
        while self._minute < self.now or self._ticked == self._minute:
            self._minute += self._turn
        return self._minute

    def _wakes(self) -> list[datetime]:
        return []

    _ticked: datetime | None = None

    def _tick(self) -> None:
        self._ticked = self._minute
        minute = int((self._minute - START).total_seconds() // 60)
        times = 1
        if not self.healed:
            times = self.rng.choice((1, 1, 2)) * (self.rng.random() >= self.rates.missed_tick)
        for _ in range(times):
            self._post(f"tick|{minute}", MinutePassed())
            if minute % 10 == 0:
                self._post(f"redrive|{minute}", RedriveDue())

    def _work_off(self) -> None:
        """Run tasks, old and new, in random order until nothing can go on at this moment."""
        while True:
            due = self.world.bus.due()
            choices = len(self.tasks) + (1 if due and len(self.tasks) < 6 else 0)
            if not choices:
                return
            pick = self.rng.randrange(choices)
            task = self.tasks[pick] if pick < len(self.tasks) else self._begin(len(due))
            if self.tasks and self.rng.random() < 0.3:
                self.world.clock.advance(self.rng.uniform(0, 0.05))
            task.run.switch()
            if task.run.dead:
                self.tasks.remove(task)

    def _begin(self, due: int) -> Task:
        taken = self.world.bus.take(self.rng.randrange(due))
        assert taken is not None
        task = Task(taken, greenlet(lambda: self._deliver(taken, answers=True)))
        self.tasks.append(task)
        if self._begin_twice():
            self.tasks.append(Task(None, greenlet(lambda: self._deliver(taken, answers=False))))
        return task

    def _begin_twice(self) -> bool:
        return not self.healed and self.rng.random() < self.rates.twice_at_once

    def _deliver(self, taken: PulledMessage, *, answers: bool) -> None:
        delivered = taken.delivered
        name = f"{delivered.subscription} {delivered.message.attributes.get('ce-id', '')[:8]}"
        try:
            self.world.handle(delivered)
        except SimulatedCrash:
            outcome = "crash"
        except Exception as error:  # noqa: BLE001 as a push subscription sees it
            outcome = f"{type(error).__name__}"
        else:
            outcome = "ok"
        self._note(f"{name} {outcome}")
        self.counts[outcome] = self.counts.get(outcome, 0) + 1
        if not answers or (outcome == "ok" and self._fault("lost_ack")):
            return
        if outcome == "ok":
            self.world.bus.acknowledge(taken)
        else:
            self.world.bus.refuse(taken)
