"""A site with its Prometheus and Alertmanagers, and what goes wrong there: drawn, or written down."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.simulation.managers import Alertmanager, Cluster, Fate, Sent, always
from tests.simulation.senders import Outage, Prometheus, SiteClock, Span, Timing, within

STEP = timedelta(seconds=5)
LOOKS = timedelta(seconds=15)
MISSES = 0.15
"""How often a flush comes just before what comes at the same time: about as recorded."""
TIMING = Timing()
DELIVERED = ("taken", "unanswered")
"""What becomes of posts that come in."""


@dataclass
class Site:
    """Everybody there."""

    outages: list[Outage]
    replicas: list[Prometheus]
    managers: list[Alertmanager]
    clock: SiteClock = field(default_factory=SiteClock)
    parted: tuple[Span, ...] = ()
    """When a Prometheus reaches its own Alertmanager only."""
    fate: Callable[[datetime], Fate] = always

    def can_tell(self, rule: str, now: datetime) -> bool:
        """Whether what is wrong now can be seen here, and told to us."""
        if self.fate(now) not in DELIVERED:
            return False
        for number, replica in enumerate(self.replicas):
            if within(now, replica.down) or within(now, replica.blind):
                continue
            own = self.managers[number % len(self.managers)]
            for manager in [own] if within(now, self.parted) else self.managers:
                silences = tuple(span for r, span in manager.cluster.silences if r == rule)
                if not within(now, manager.down) and not within(self.clock.at(now), silences):
                    return True
        return False

    def tellable(self, outage: Outage) -> Span:
        """The longest time of an outage through which it can be told; empty when there is none."""
        begin = now = outage.start
        found = begin, begin
        while now < outage.end:
            now += LOOKS
            if not self.can_tell(outage.rule, now):
                begin = now
            elif now - begin > found[1] - found[0]:
                found = begin, min(now, outage.end)
        return found

    def turn(self, now: datetime) -> Iterator[tuple[int, Sent]]:
        """What is posted at this moment, by whom."""
        clock = self.clock.at(now)
        for manager in self.managers:
            manager.wake(now)
        for number, replica in enumerate(self.replicas):
            own = self.managers[number % len(self.managers)]
            for report in replica.turn(now, clock, self.outages):
                for manager in [own] if within(now, self.parted) else self.managers:
                    manager.take(report, now, clock)
        for number, manager in sorted(enumerate(self.managers), key=lambda m: m[1].place):
            yield from ((number, sent) for sent in manager.turn(now, clock, self.fate))


class Drawn:
    """What goes wrong between two moments, by a seed."""

    def __init__(self, begin: datetime, end: datetime, rng: random.Random) -> None:
        self.begin, self.end, self.rng = begin, end, rng

    def span(self, *minutes: float, until: float = 0.8) -> Span:
        """It lasts one of these, 0 for never, and begins within that part of the time."""
        since = self.begin + (self.end - self.begin) * self.rng.uniform(0, until)
        return since, since + timedelta(minutes=self.rng.choice(minutes))

    def site(self, outages: list[Outage]) -> Site:
        """A site of one or two of each."""
        rng = self.rng
        clock = SiteClock(
            *self.span(0, 1, 30, until=0.7),
            by=timedelta(seconds=rng.choice((60, 240, 3600, 43_200))),
        )
        replicas = [self._prometheus() for _ in range(rng.choice((1, 2, 2)))]
        if len(replicas) == 2:
            replicas[1].blind = (self.span(0, 2, 20),)
        way = rng.choice(("alone", "apart", "cluster", "cluster"))
        cluster = Cluster()
        managers = [Alertmanager(cluster)]
        if way != "alone":
            managers.append(Alertmanager(cluster if way == "cluster" else Cluster()))
        for manager in managers:
            manager.down = (self.span(0, 0, 0.5, 5),)
            manager.misses = lambda what, rule, at: rng.random() < MISSES
        for each in {id(m.cluster): m.cluster for m in managers}.values():
            each.silences += [(f"rule{rng.randrange(6)}", self.span(0, 0, 5, 40))]
        away, becomes = self.span(0, 0, 1, 4), rng.choice(("refused", "unanswered", "lost"))

        def fate(now: datetime) -> Fate:
            return becomes if within(now, (away,)) else "taken"

        parted = ((self.begin, self.end),) if way == "apart" else (self.span(0, 5, 60),)
        return Site(outages, replicas, managers, clock, parted, fate)

    def _prometheus(self) -> Prometheus:
        each = (0, 5, 10)
        return Prometheus(
            evaluates=timedelta(seconds=self.rng.choice(each)),
            scrapes=timedelta(seconds=self.rng.choice(each)),
            down=(self.span(0, 0.5, 1.5, 10, until=0.7),),
        )

    def posts(self, site: Site) -> Iterator[tuple[datetime, Sent]]:
        """Everything that comes in from there, with its time."""
        now = self.begin
        while now < self.end:
            for _, sent in site.turn(now):
                if sent.fate in DELIVERED:
                    yield now, sent
            now += STEP
