"""
Prometheus and Alertmanager as documented, beside a world that knows what is really firing.

Nothing here comes from our triage. A Prometheus evaluates every 15 s; it reports what fires since
*its own* first evaluation that saw it, by its own clock, and forgets that when it restarts. What
it does not see any more it reports as ended. An Alertmanager refuses what ends before it began,
merges overlapping reports to the earliest start (``alert.Alert.Merge``), groups by rule, flushes a
group after `GROUP_WAIT` (at once when the alert began longer ago) and then each `GROUP_INTERVAL`,
and sends when something fires or has resolved that its log does not hold, or `REPEAT` has passed
(``notify.DedupStage``). Resolved alerts leave the group after a flush; an empty group goes on
flushing until it is cleared away.

In a cluster each keeps the alerts that reach *it*; what they share is the log of what was told. The
second one waits `PEER_TIMEOUT` between looking at its group and asking the log. Two that stand
alone are two senders. tests/contract/test_alertmanager.py holds this against a real one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

STEP = timedelta(seconds=5)
EVALUATION = timedelta(seconds=15)
GROUP_WAIT = timedelta(seconds=30)
GROUP_INTERVAL = timedelta(minutes=2)
REPEAT = timedelta(minutes=20)
GARBAGE = timedelta(minutes=15)
CLEARED = timedelta(seconds=30)
"""How often empty groups are cleared away."""
PEER_TIMEOUT = timedelta(seconds=15)
RESOLVE_TIMEOUT = timedelta(minutes=5)
NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Outage:
    """Something is really wrong with one instance, for so long."""

    rule: str
    instance: str
    severity: str
    start: datetime
    end: datetime
    environment: str = ""
    """What its alert says of where it is; empty: nothing."""

    @property
    def labels(self) -> dict[str, str]:
        """What its alert is known by."""
        known = {"alertname": self.rule, "instance": self.instance, "severity": self.severity}
        return known | ({"env": self.environment} if self.environment else {})

    @property
    def name(self) -> tuple[str, str]:
        """Its alert."""
        return self.rule, self.instance


@dataclass(frozen=True)
class Known:
    """An alert as Alertmanager holds it."""

    labels: dict[str, str]
    starts: datetime
    ends: datetime
    timeout: bool
    """The end is only what it assumes if nobody reports the alert again."""

    def merged(self, younger: Known, clock: datetime) -> Known:
        """``Merge``: the earliest start; of two ends the later, unless only the younger is over."""
        ends = younger.ends
        both_over = younger.ends <= clock and self.ends <= clock
        if both_over or (younger.ends > clock and not self.timeout):
            ends = max(ends, self.ends)
        return Known(younger.labels, min(self.starts, younger.starts), ends, younger.timeout)


@dataclass(frozen=True)
class SiteClock:
    """The clock of everything at the sender's, ahead by so much between two moments."""

    begin: datetime
    end: datetime
    by: timedelta

    def at(self, now: datetime) -> datetime:
        """What they take the time for."""
        return now + self.by if self.begin <= now < self.end else now


@dataclass
class Prometheus:
    """One replica: since when it sees each outage, by its own clock."""

    offset: timedelta
    """Of its evaluations."""
    down: tuple[datetime, datetime]
    blind: tuple[datetime, datetime]
    """Between two moments it cannot reach what it watches: every alert of it ends."""
    since: dict[tuple[str, str], datetime] = field(default_factory=dict)
    labels: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def evaluate(self, now: datetime, clock: datetime, outages: list[Outage]) -> Iterator[Known]:
        """What it tells Alertmanager at this moment."""
        if self.down[0] <= now < self.down[1]:
            self.since.clear()  # it remembers nothing when it comes back
            return
        if (now - NEVER - self.offset) % EVALUATION:
            return
        blind = self.blind[0] <= now < self.blind[1]
        seen = {o.name: o for o in outages if o.start <= now < o.end and not blind}
        for name, outage in seen.items():
            self.since.setdefault(name, clock)
            self.labels[name] = outage.labels
            yield Known(outage.labels, self.since[name], clock + RESOLVE_TIMEOUT, timeout=True)
        for name in [n for n in self.since if n not in seen]:
            yield Known(self.labels[name], self.since.pop(name), clock, timeout=False)


Name = tuple[str, str]


@dataclass
class Group:
    """The alerts of one rule, and when it looks at them next."""

    flush: datetime
    alerts: dict[Name, Known] = field(default_factory=dict)
    flushed: bool = False


@dataclass(frozen=True)
class Told:
    """The newest entry of the log about a group."""

    firing: frozenset[Name]
    resolved: frozenset[Name]
    at: datetime


@dataclass(frozen=True)
class Flush:
    """What a group was when it was looked at."""

    rule: str
    alerts: dict[Name, Known]
    state: dict[Name, str]
    due: datetime

    def names(self, status: str) -> frozenset[Name]:
        """The alerts of that status."""
        return frozenset(n for n, s in self.state.items() if s == status)

    def is_due(self, told: Told | None, now: datetime) -> bool:
        """``DedupStage.needsUpdate``."""
        firing, resolved = self.names("firing"), self.names("resolved")
        if told is None:
            return bool(firing)
        if not firing <= told.firing:
            return True
        if not firing:
            return bool(told.firing)
        return not resolved <= told.resolved or now - told.at > REPEAT


@dataclass
class Alertmanager:
    """One that stands alone, or one of a cluster."""

    log: dict[str, Told] = field(default_factory=dict)
    """Shared by the cluster."""
    position: int = 0
    """In the cluster."""
    alerts: dict[Name, Known] = field(default_factory=dict)
    """Kept beyond the flush that told of their end, until `GARBAGE` later."""
    groups: dict[str, Group] = field(default_factory=dict)
    waiting: list[Flush] = field(default_factory=list)
    cleared: datetime = NEVER

    def take(self, report: Known, now: datetime, clock: datetime) -> None:
        """An alert comes in from a Prometheus."""
        if report.ends < report.starts:
            return  # 400
        name = report.labels["alertname"], report.labels["instance"]
        old = self.alerts.get(name)
        overlaps = old is not None and (
            old.starts < report.ends < old.ends or old.starts < report.starts < old.ends
        )
        merged = old.merged(report, clock) if old is not None and overlaps else report
        self.alerts[name] = merged
        group = self.groups.setdefault(name[0], Group(flush=now + GROUP_WAIT))
        group.alerts[name] = merged
        if not group.flushed and merged.starts + GROUP_WAIT < clock:
            group.flush = now

    def flush(self, now: datetime, clock: datetime) -> Iterator[dict[str, Any]]:
        """The webhooks that are sent at this moment."""
        for name, alert in list(self.alerts.items()):
            if alert.ends + GARBAGE < clock:
                del self.alerts[name]
        for rule, group in self.groups.items():
            if now < group.flush or any(f.rule == rule for f in self.waiting):
                continue
            group.flush, group.flushed = now + GROUP_INTERVAL, True
            state = {
                n: "resolved" if a.ends <= clock else "firing" for n, a in group.alerts.items()
            }
            due = now + PEER_TIMEOUT * self.position
            if state:
                self.waiting.append(Flush(rule, dict(group.alerts), state, due))
        for flush in [f for f in self.waiting if f.due <= now]:
            self.waiting.remove(flush)
            if flush.is_due(self.log.get(flush.rule), now):
                firing, resolved = flush.names("firing"), flush.names("resolved")
                self.log[flush.rule] = Told(firing, resolved, now)
                yield _webhook(flush.alerts, flush.state)
            kept = self.groups[flush.rule].alerts
            for name in flush.names("resolved"):
                if kept.get(name) == flush.alerts[name]:
                    del kept[name]
        self._clear(now)

    def _clear(self, now: datetime) -> None:
        if now < self.cleared + CLEARED:
            return
        self.cleared = now
        for rule in [r for r, group in self.groups.items() if not group.alerts]:
            del self.groups[rule]


def _webhook(
    alerts: dict[tuple[str, str], Known], state: dict[tuple[str, str], str]
) -> dict[str, Any]:
    """Version 4 of the format."""
    rule = next(iter(alerts))[0]
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{rule}"}}',
        "status": "firing" if "firing" in state.values() else "resolved",
        "receiver": "toban",
        "externalURL": "http://alertmanager.example",
        "alerts": [
            {
                "status": state[name],
                "labels": alert.labels,
                "annotations": {},
                "startsAt": alert.starts.isoformat(),
                "endsAt": (alert.ends if state[name] == "resolved" else NEVER).isoformat(),
                "generatorURL": "",
                "fingerprint": "",
            }
            for name, alert in alerts.items()
        ],
    }


def posts(
    outages: list[Outage], begin: datetime, end: datetime, rng: random.Random
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Everything that is posted between two moments, with its time."""
    span = (end - begin).total_seconds()
    wrong = begin + timedelta(seconds=rng.uniform(0, span * 0.7))
    site = SiteClock(
        begin=wrong,
        end=wrong + timedelta(seconds=rng.choice((0, 60, 1800))),
        by=timedelta(seconds=rng.choice((60, 240, 3600, 43_200))),
    )
    replicas = [_prometheus(begin, span, rng) for _ in range(rng.choice((1, 2, 2)))]
    if len(replicas) == 2:
        blind = begin + timedelta(seconds=rng.uniform(0, span * 0.8))
        replicas[1].blind = blind, blind + timedelta(minutes=rng.choice((0, 2, 20)))
    way = rng.choice(("alone", "apart", "cluster", "cluster"))
    log: dict[str, Told] = {}
    managers = [Alertmanager(log)]
    if way != "alone":
        managers.append(Alertmanager(log, position=1) if way == "cluster" else Alertmanager())
    # In a cluster each replica reports to both, except while it cannot reach the other's.
    parted = begin + timedelta(seconds=rng.uniform(0, span * 0.8))
    united = parted + timedelta(minutes=rng.choice((0, 5, 60)))
    now = begin
    while now < end:
        clock = site.at(now)
        for number, replica in enumerate(replicas):
            for report in replica.evaluate(now, clock, outages):
                own = managers[number % len(managers)]
                reached = way == "cluster" and not parted <= now < united
                for manager in managers if reached else [own]:
                    manager.take(report, now, clock)
        for manager in managers:
            for body in manager.flush(now, clock):
                yield now, body
        now += STEP


def _prometheus(begin: datetime, span: float, rng: random.Random) -> Prometheus:
    restart = begin + timedelta(seconds=rng.uniform(0, span * 0.7))
    away = timedelta(seconds=rng.choice((0, 30, 90, 600)))
    return Prometheus(
        offset=timedelta(seconds=rng.choice((0, 5, 10))),
        down=(restart, restart + away),
        blind=(begin, begin),
    )
