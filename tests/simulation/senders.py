"""
Prometheus and Alertmanager as documented, beside a world that knows what is really firing.

Nothing here comes from our triage. A Prometheus evaluates every 15 s; it reports what fires since
*its own* first evaluation that saw it, by its own clock, and forgets that when it restarts. What
it does not see any more it reports as ended. An Alertmanager merges overlapping reports to the
earliest start (``alert.Alert.Merge``), groups by rule, flushes a group after `GROUP_WAIT` and then
each `GROUP_INTERVAL`, and sends when something new fires or has resolved, or `REPEAT` has passed
(``notify/dedup_stage.go``). Resolved alerts leave the group after a flush, and an empty group ends.
A clustered pair keeps one state; two alone are two senders.
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

    @property
    def labels(self) -> dict[str, str]:
        """What its alert is known by."""
        return {"alertname": self.rule, "instance": self.instance, "severity": self.severity}

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

    def merged(self, younger: Known) -> Known:
        """``Merge``: the earliest start; of two that have ended, the later end."""
        return Known(
            younger.labels, min(self.starts, younger.starts), younger.ends, younger.timeout
        )


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


@dataclass
class Group:
    """The alerts of one rule that are to be told, and what was told of them."""

    flush: datetime
    alerts: dict[tuple[str, str], Known] = field(default_factory=dict)
    told: dict[tuple[str, str], str] = field(default_factory=dict)
    told_at: datetime | None = None


@dataclass
class Alertmanager:
    """One that stands alone, or a cluster that agrees."""

    alerts: dict[tuple[str, str], Known] = field(default_factory=dict)
    """Kept beyond the flush that told of their end, until `GARBAGE` later."""
    groups: dict[str, Group] = field(default_factory=dict)

    def take(self, report: Known, now: datetime, clock: datetime) -> None:
        """An alert comes in from a Prometheus."""
        name = report.labels["alertname"], report.labels["instance"]
        old = self.alerts.get(name)
        overlaps = old is not None and (
            (report.ends > old.starts and report.ends < old.ends)
            or (report.starts > old.starts and report.starts < old.ends)
            or report.starts == old.starts
        )
        if old is None and report.ends <= clock:
            return
        merged = old.merged(report) if old is not None and overlaps else report
        self.alerts[name] = merged
        group = self.groups.setdefault(name[0], Group(flush=now + GROUP_WAIT))
        group.alerts[name] = merged

    def flush(self, now: datetime, clock: datetime) -> Iterator[dict[str, Any]]:
        """The webhooks that are sent at this moment."""
        for name, alert in list(self.alerts.items()):
            if alert.ends + GARBAGE < clock:
                del self.alerts[name]
        for rule, group in list(self.groups.items()):
            if now < group.flush:
                continue
            group.flush = now + GROUP_INTERVAL
            state = {
                n: "resolved" if a.ends <= clock else "firing" for n, a in group.alerts.items()
            }
            fires = any(s == "firing" for s in state.values())
            fired_before = any(s == "firing" for s in group.told.values())
            news = any(
                s != group.told.get(n) and (s == "firing" or n in group.told)
                for n, s in state.items()
            )
            repeat = fires and group.told_at is not None and now - group.told_at > REPEAT
            if (news and (fires or fired_before)) or repeat:
                group.told = {n: s for n, s in state.items() if s == "firing"}
                group.told_at = now
                yield _webhook(group.alerts, state)
            for name, said in state.items():
                if said == "resolved":
                    del group.alerts[name]
            if not fires:
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
    apart = rng.random() < 0.3
    managers = [Alertmanager() for _ in range(2 if apart else 1)]
    now = begin
    while now < end:
        clock = site.at(now)
        for number, replica in enumerate(replicas):
            for report in replica.evaluate(now, clock, outages):
                # A pair that stands apart: each replica reports to its own.
                managers[number % len(managers)].take(report, now, clock)
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
