"""
Alertmanager as documented, alone or in a cluster, behind `tests.simulation.senders`.

It refuses what ends before it began, merges overlapping reports to the earliest start, groups by
rule, flushes a group after ``group_wait`` (at once when the alert began longer ago) and then each
``group_interval``, and sends when something fires or has resolved that its log does not hold, or
``repeat_interval`` has passed (``DedupStage``). What is silenced is as if it were not in its group:
what ends meanwhile leaves untold. What is refused is tried again as it was, at longer and longer intervals
until the group's next flush is due; then the flush has failed, and resolved alerts stay in the group.
After a flush that did not fail they leave it; an empty group goes on flushing until it is cleared
away.

In a cluster each keeps the alerts that reach *it*, in memory; what they share, and what survives a
restart, is the log of what was told and the silences. Each waits ``peer_timeout`` for each member
that started before it, between looking at its group and asking the log. Two that stand alone are two
senders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from tests.simulation.senders import NEVER, Known, Name, Span, Timing, within

COLLECTED = timedelta(minutes=30)
"""How often alerts that are over are forgotten, counted from the start."""
CLEARED = timedelta(seconds=30)
"""How often empty groups are cleared away."""
RACE = timedelta(seconds=0.2)
"""
Within which two things come at once, and either may be first. Intervals are multiples of each other,
so that it happens often.
"""
Missed = Literal["report", "log"]
"""What a flush did not wait for: a report of one of its alerts, or that another member has told."""
LEAST_TIMEOUT = timedelta(seconds=10)
FIRST_RETRY = timedelta(seconds=0.5)
RETRY_FACTOR = 1.5

Fate = Literal["taken", "refused", "unanswered", "lost"]
"""What becomes of a post: an answer, 500, taken without an answer, neither."""


def always(now: datetime) -> Fate:
    """Nothing is lost."""
    return "taken"


def misses_nothing(what: Missed, rule: str, at: datetime) -> bool:
    """What comes with a flush is part of it."""
    return False


@dataclass(frozen=True)
class Sent:
    """A post on its way."""

    at: datetime
    fate: Fate
    body: dict[str, Any]


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
    by: int
    """Which of the cluster told it."""
    before: Told | None = None


@dataclass
class Flush:
    """What a group was when it was looked at."""

    rule: str
    alerts: dict[Name, Known]
    state: dict[Name, str]
    quiet: frozenset[Name]
    due: datetime
    deadline: datetime
    pause: timedelta = FIRST_RETRY
    hangs: bool = False
    tried: bool = False
    """It was sent once, in vain: what is tried again does not ask the log again."""

    def names(self, status: str) -> frozenset[Name]:
        """The alerts of that status that are told of."""
        return frozenset(n for n, s in self.state.items() if s == status) - self.quiet

    def is_due(self, told: Told | None, now: datetime, repeat: timedelta) -> bool:
        """``DedupStage.needsUpdate``."""
        firing, resolved = self.names("firing"), self.names("resolved")
        if told is None:
            return bool(firing)
        if not firing <= told.firing:
            return True
        if not firing:
            return bool(told.firing)
        return not resolved <= told.resolved or now - told.at > repeat


@dataclass
class Cluster:
    """What its members share."""

    log: dict[str, Told] = field(default_factory=dict)
    silences: list[tuple[str, Span]] = field(default_factory=list)
    """Rules that are silenced, and when."""
    members: list[Alertmanager] = field(default_factory=list)
    """Those that run, in the order in which they started."""


@dataclass
class Alertmanager:
    """One that stands alone, or one of a cluster."""

    cluster: Cluster
    timing: Timing = field(default_factory=Timing)
    down: tuple[Span, ...] = ()
    alerts: dict[Name, Known] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    waiting: list[Flush] = field(default_factory=list)
    started: datetime | None = None
    cleared: datetime = NEVER
    collected: datetime = NEVER
    misses: Callable[[Missed, str, datetime], bool] = misses_nothing
    """Of two things that come at once, whether the flush of a rule is first."""
    late: list[Known] = field(default_factory=list)

    def start(self, now: datetime) -> None:
        """It runs from now on, and remembers no alert."""
        self.alerts, self.groups, self.waiting = {}, {}, []
        self.started = self.cleared = self.collected = now
        self.cluster.members.append(self)

    def stop(self) -> None:
        """It does not run any more."""
        self.started = None
        self.cluster.members.remove(self)

    def take(self, report: Known, now: datetime, clock: datetime) -> None:
        """An alert comes in from a Prometheus."""
        if self.started is None or report.ends < report.starts:
            return  # nobody there, or 400
        name = report.name
        due = self.groups.get(name[0])
        at_once = due is not None and abs(due.flush - now) < RACE
        if at_once and self.misses("report", name[0], now):
            self.late.append(report)
            return
        old = self.alerts.get(name)
        overlaps = old is not None and (
            old.starts < report.ends < old.ends or old.starts < report.starts < old.ends
        )
        merged = old.merged(report, clock) if old is not None and overlaps else report
        self.alerts[name] = merged
        wait = self.timing.group_wait
        group = self.groups.setdefault(name[0], Group(flush=now + wait))
        group.alerts[name] = merged
        if not group.flushed and merged.starts + wait < clock:
            group.flush = now

    @property
    def place(self) -> int:
        """In its cluster, among those that run."""
        return self.cluster.members.index(self) if self.started is not None else 0

    def wake(self, now: datetime) -> None:
        """It runs when it should."""
        down = within(now, self.down)
        if self.started is None and not down:
            self.start(now)
        elif self.started is not None and down:
            self.stop()

    def turn(
        self, now: datetime, clock: datetime, fate: Callable[[datetime], Fate]
    ) -> Iterator[Sent]:
        """The webhooks that are sent at this moment; `fate` says what becomes of each."""
        if self.started is None:
            return
        if now >= self.collected + COLLECTED:
            self.collected = now
            self.alerts = {n: a for n, a in self.alerts.items() if a.ends > clock}
        for rule, group in self.groups.items():
            if now >= group.flush and not any(f.rule == rule for f in self.waiting):
                self._look(rule, group, now, clock)
        late, self.late = self.late, []
        for report in late:
            self.take(report, now, clock)
        for flush in list(self.waiting):
            yield from self._go_on(flush, now, fate)
        self._clear(now)

    def _look(self, rule: str, group: Group, now: datetime, clock: datetime) -> None:
        assert self.started is not None
        group.flush, group.flushed = now + self.timing.group_interval, True
        if not group.alerts:
            return
        alerts = dict(group.alerts)
        silenced = any(rule == r and within(clock, (span,)) for r, span in self.cluster.silences)
        settled = self.started + (
            self.timing.settles if len(self.cluster.members) > 1 else timedelta(0)
        )
        wait = self.timing.peer_timeout * self.place
        self.waiting.append(
            Flush(
                rule,
                alerts,
                {n: "resolved" if a.ends <= clock else "firing" for n, a in alerts.items()},
                frozenset(alerts) if silenced else frozenset(),
                due=max(now, settled) + (timedelta(0) if silenced else wait),
                deadline=now + max(self.timing.group_interval, LEAST_TIMEOUT) + wait,
            )
        )

    def _go_on(
        self, flush: Flush, now: datetime, fate: Callable[[datetime], Fate]
    ) -> Iterator[Sent]:
        """Tell what a group was, once it is time, unless the log says that it was told."""
        if now < flush.due:
            return
        if now >= flush.deadline:
            self.waiting.remove(flush)  # the next flush says what is so then
            return
        log, becomes = self.cluster.log, fate(now)
        if flush.hangs and becomes in ("unanswered", "lost"):
            return
        told = self._heard(log.get(flush.rule), flush.rule, now)
        is_due = flush.tried or flush.is_due(told, now, self.timing.repeat)
        if flush.quiet or not is_due:
            self._done(flush)
            return
        yield Sent(now, becomes, webhook(flush.alerts, flush.state))
        flush.tried = True
        flush.hangs = becomes in ("unanswered", "lost")
        if becomes == "taken":
            before = log.get(flush.rule)
            log[flush.rule] = Told(
                flush.names("firing"), flush.names("resolved"), now, id(self),
                before and replace(before, before=None),
            )  # fmt: skip
            self._done(flush)
        elif becomes == "refused":
            flush.due, flush.pause = now + flush.pause, flush.pause * RETRY_FACTOR

    def _heard(self, told: Told | None, rule: str, now: datetime) -> Told | None:
        """What it knows of what was told; of what another tells right now, perhaps."""
        if told is None or told.by == id(self) or now - told.at >= RACE:
            return told
        return told.before if self.misses("log", rule, now) else told

    def _done(self, flush: Flush) -> None:
        """What was told to be over leaves the group, unless it was reported again meanwhile."""
        self.waiting.remove(flush)
        kept = self.groups[flush.rule].alerts
        for name, state in flush.state.items():
            if state == "resolved" and kept.get(name) is flush.alerts[name]:
                del kept[name]

    def _clear(self, now: datetime) -> None:
        if now < self.cleared + CLEARED:
            return
        self.cleared = now
        busy = {flush.rule for flush in self.waiting}
        for rule in [r for r, g in self.groups.items() if not g.alerts and r not in busy]:
            del self.groups[rule]


def webhook(alerts: dict[Name, Known], state: dict[Name, str]) -> dict[str, Any]:
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
