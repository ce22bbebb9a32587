"""
Prometheus as documented, beside a world that knows what is really firing.

Nothing here comes from our triage. A Prometheus scrapes and evaluates every 15 s, each at an offset
of its own. It reports what fires since *its own* first evaluation that saw it, by its own clock,
again a minute later (at the first evaluation after that) with an end four minutes ahead, and forgets
that when it restarts; its samples it keeps. What it does not see any more it reports as ended, again
and again for `KEPT`. What cannot be delivered is not kept for later.

`tests.simulation.managers` has the Alertmanagers that hear it. An hour of two real ones of each is
held against both (`tests/recorded`), and tests/contract/test_alertmanager.py a real Alertmanager.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

NEVER = datetime(1, 1, 1, tzinfo=UTC)
KEPT = timedelta(minutes=15)
"""How long a Prometheus goes on saying that an alert is over."""
LOOKBACK = timedelta(minutes=5)
"""How old a sample may be that a rule sees."""
DISCOVERY = timedelta(seconds=5)
"""After its start a Prometheus first hears whom to scrape and whom to tell."""

Name = tuple[str, str]
"""A rule and an instance."""
Span = tuple[datetime, datetime]


def within(now: datetime, spans: tuple[Span, ...]) -> bool:
    """Whether a moment lies in one of them."""
    return any(begin <= now < end for begin, end in spans)


@dataclass(frozen=True)
class Timing:
    """The senders' settings; what is not about groups is the default of theirs."""

    evaluation: timedelta = timedelta(seconds=15)
    resend: timedelta = timedelta(minutes=1)
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=2)
    repeat: timedelta = timedelta(minutes=20)
    peer_timeout: timedelta = timedelta(seconds=15)
    settles: timedelta = timedelta(seconds=10)
    """How long one of a cluster waits for the others before it tells anything."""
    holds: Mapping[str, timedelta] = field(default_factory=dict)
    """``for`` of a rule."""


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
    def name(self) -> Name:
        """Its alert."""
        return self.rule, self.instance


@dataclass(frozen=True)
class Known:
    """An alert as a Prometheus reports it, and as an Alertmanager holds it."""

    labels: dict[str, str]
    starts: datetime
    ends: datetime
    """When it is over unless it is reported again, or when it ended."""

    @property
    def name(self) -> Name:
        """Which alert."""
        return self.labels["alertname"], self.labels["instance"]

    def merged(self, younger: Known, clock: datetime) -> Known:
        """``Merge``: the earliest start; of two ends the later, unless only the younger is over."""
        ends = younger.ends
        if younger.ends > clock or self.ends <= clock:
            ends = max(ends, self.ends)
        return Known(younger.labels, min(self.starts, younger.starts), ends)


@dataclass(frozen=True)
class SiteClock:
    """
    The clock of everything at the sender's, ahead by so much between two moments.

    That a Prometheus whose clock went back says nothing until it has caught up is left out.
    """

    begin: datetime = NEVER
    end: datetime = NEVER
    by: timedelta = timedelta(0)

    def at(self, now: datetime) -> datetime:
        """What they take the time for."""
        return now + self.by if self.begin <= now < self.end else now


@dataclass
class Active:
    """What a Prometheus remembers of an alert."""

    labels: dict[str, str]
    since: datetime
    fired: datetime | None = None
    resolved: datetime | None = None
    sent: datetime | None = None

    def is_due(self, clock: datetime, resend: timedelta) -> bool:
        """``needsSending``."""
        if self.fired is None:
            return False
        if self.sent is None or self.sent > clock:
            return True
        newly_over = self.resolved is not None and self.resolved > self.sent
        return newly_over or self.sent + resend < clock


@dataclass
class Prometheus:
    """One replica."""

    evaluates: timedelta
    """When, within each interval."""
    scrapes: timedelta
    down: tuple[Span, ...] = ()
    blind: tuple[Span, ...] = ()
    """When it cannot reach what it watches: every alert of it ends."""
    timing: Timing = field(default_factory=Timing)
    seen: dict[Name, tuple[datetime, Outage]] = field(default_factory=dict)
    """What was wrong at its last scrape, and when that was."""
    active: dict[Name, Active] = field(default_factory=dict)
    evaluated: datetime = NEVER
    scraped: datetime = NEVER

    def turn(self, now: datetime, clock: datetime, outages: list[Outage]) -> Iterator[Known]:
        """What it tells Alertmanager at this moment."""
        if within(now, self.down):
            self.active.clear()  # it remembers nothing when it comes back
            return
        ready = not within(now, tuple((end, end + DISCOVERY) for _, end in self.down))
        scrape, evaluation = self._last(now, self.scrapes), self._last(now, self.evaluates)
        # In the order in which they come; of one moment the scrape first.
        for moment in sorted({scrape, evaluation}):
            if moment == scrape and scrape > self.scraped:
                self.scraped = scrape
                if ready:
                    self._scrape(scrape, outages)
            if moment == evaluation and evaluation > self.evaluated:
                self.evaluated = evaluation
                # A moment at which it was not up yet is none of its own.
                if not within(evaluation, self.down):
                    reports = self._evaluate(evaluation, clock - (now - evaluation))
                    yield from (r for r in reports if ready)

    def _last(self, now: datetime, offset: timedelta) -> datetime:
        return now - (now - NEVER - offset) % self.timing.evaluation

    def _scrape(self, at: datetime, outages: list[Outage]) -> None:
        blind = within(at, self.blind)
        self.seen = {
            o.name: (at, o) for o in outages if o.start <= at < o.end and not blind
        }  # what a failed scrape, or the next, does not show is marked stale

    def _evaluate(self, at: datetime, clock: datetime) -> list[Known]:
        fires = {name: o for name, (since, o) in self.seen.items() if at - since < LOOKBACK}
        for name, outage in fires.items():
            known = self.active.get(name)
            if known is None or known.resolved is not None:
                known = self.active[name] = Active(outage.labels, clock)
            hold = self.timing.holds.get(name[0], timedelta(0))
            if known.fired is None and clock - known.since >= hold:
                known.fired = clock
        for name, known in list(self.active.items()):
            if name in fires:
                continue
            forgotten = known.resolved is not None and clock - known.resolved > KEPT
            if known.fired is None or forgotten:
                del self.active[name]
            elif known.resolved is None:
                known.resolved = clock
        return [self._say(k, clock) for k in self.active.values() if k.is_due(clock, self.resend)]

    @property
    def resend(self) -> timedelta:
        """How long it waits before it says the same again."""
        return self.timing.resend

    def _say(self, known: Active, clock: datetime) -> Known:
        assert known.fired is not None
        known.sent = clock
        valid = clock + 4 * max(self.timing.evaluation, self.timing.resend)
        return Known(known.labels, known.fired, known.resolved or valid)
