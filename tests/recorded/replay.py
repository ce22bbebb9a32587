"""The recording, read; and the same world before the simulation's senders."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from tests.recorded import world
from tests.simulation.managers import Alertmanager, Cluster, Fate
from tests.simulation.senders import NEVER, Name, Outage, Prometheus, Span, Timing
from tests.simulation.site import DELIVERED, Site

FILE = Path(__file__).with_name("senders.jsonl.gz")
STEP = timedelta(seconds=0.5)
TIMING = Timing(
    group_wait=timedelta(seconds=world.GROUP_WAIT),
    group_interval=timedelta(seconds=world.GROUP_INTERVAL),
    repeat=timedelta(seconds=world.REPEAT),
    holds={
        rule: timedelta(seconds=int(held.removesuffix("s"))) for rule, held in world.HOLDS.items()
    },
)


Race = tuple[int, str, str, float]
"""An Alertmanager, what came with a flush, its rule, and when."""


@dataclass(frozen=True)
class Line:
    """What a post says of one alert, in seconds since the recording began."""

    name: Name
    status: str
    starts: float
    ends: float | None


@dataclass(frozen=True)
class Post:
    """A post that came in."""

    at: float
    by: int
    fate: str
    body: dict[str, Any]
    lines: tuple[Line, ...]

    @property
    def rule(self) -> str:
        """Its group."""
        return self.lines[0].name[0]


class Recording:
    """What happened within the hour; as if it had begun at another time, if one is given."""

    def __init__(self, path: Path = FILE, begins: datetime | None = None) -> None:
        head, *self.events = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
        began = datetime.fromisoformat(head["began"])
        self.began = begins or began
        self.until: float = head["until"]
        self._later = self.began - began
        self.races: set[Race] = {
            (race["by"], race["what"], race["rule"], race["at"]) for race in self.of("missed")
        }
        """Flushes that came just before what came at the same time."""
        self.met: set[Race] = set()
        """All times at which both came at once."""

    def moment(self, at: float) -> datetime:
        """A moment of it."""
        return self.began + timedelta(seconds=at)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What happened of one kind."""
        return [event for event in self.events if event["kind"] == kind]

    def posts(self) -> list[Post]:
        """What came in."""
        return [
            post(event["at"], event["by"], event["fate"], self._shifted(event["body"]), self.began)
            for event in self.of("post")
            if event["fate"] in DELIVERED
        ]

    def _shifted(self, body: dict[str, Any]) -> dict[str, Any]:
        def at(text: str) -> str:
            moment = msgspec.convert(text, datetime)
            return text if moment == NEVER else (moment + self._later).isoformat()

        alerts = [
            {**alert, "startsAt": at(alert["startsAt"]), "endsAt": at(alert["endsAt"])}
            for alert in body["alerts"]
        ]
        return {**body, "alerts": alerts}

    def outages(self) -> list[Outage]:
        """What was really wrong."""
        return [
            Outage(rule, host, world.SEVERITIES[rule], self.moment(since), self.moment(until))
            for rule, host, since, until in world.OUTAGES
        ]

    def down(self, name: str) -> tuple[Span, ...]:
        """When a program did not run."""
        gone, spans = NEVER, []
        for event in self.events:
            if event.get("who") == name and event["kind"] == "down":
                gone = self.moment(event["at"])
            if event.get("who") == name and event["kind"] == "up":
                spans.append((gone, self.moment(event["at"])))
        return tuple(spans)

    def offset(self, name: str, what: str) -> timedelta:
        """When, within each interval, a Prometheus does something: as it says itself."""
        said = [
            msgspec.convert(event[what], datetime) + self._later
            for event in self.of("clock")
            if event["who"] == name and not event[what].startswith("0001")
        ]
        # The moment is aligned; what is said may be a few milliseconds late.
        return min((moment - NEVER) % TIMING.evaluation for moment in said)

    def fate(self, now: datetime) -> Fate:
        """What becomes of a post at a moment."""
        at = (now - self.began).total_seconds()
        for fate, since, until in world.LOST:
            if since <= at < until:
                return fate
        return "taken"

    def site(self) -> Site:
        """The simulation's senders in this world."""
        replicas = [
            Prometheus(
                evaluates=self.offset(f"prometheus{n}", "evaluated"),
                scrapes=self.offset(f"prometheus{n}", "scraped"),
                down=self.down(f"prometheus{n}"),
                blind=tuple(
                    (self.moment(since), self.moment(until))
                    for who, since, until in world.BLIND
                    if who == n
                ),
                timing=TIMING,
            )
            for n in range(2)
        ]
        cluster = Cluster()
        for event in self.of("silenced"):
            cluster.silences.append(
                (event["rule"], (self.moment(event["at"]), self.moment(event["until"])))
            )
        managers = [Alertmanager(cluster, TIMING, self.down(f"alertmanager{n}")) for n in range(2)]
        for number, manager in enumerate(managers):
            manager.misses = partial(self._misses, number)
        return Site(self.outages(), replicas, managers, fate=self.fate)

    def _misses(self, manager: int, what: str, rule: str, now: datetime) -> bool:
        race = (manager, what, rule, round((now - self.began).total_seconds(), 2))
        self.met.add(race)
        return race in self.races

    def modelled(self, site: Site | None = None) -> list[Post]:
        """What the simulation's senders post in this world, or in another one."""
        return list(self._modelled(site or self.site()))

    def _modelled(self, site: Site) -> Iterator[Post]:
        now = self.began
        while now < self.moment(self.until):
            for by, sent in site.turn(now):
                if sent.fate in DELIVERED:
                    at = (now - self.began).total_seconds()
                    yield post(at, by, sent.fate, sent.body, self.began)
            now += STEP


def post(at: float, by: int, fate: str, body: dict[str, Any], began: datetime) -> Post:
    """A post, as it is compared."""
    lines = []
    for alert in body["alerts"]:
        starts, ends = (msgspec.convert(alert[k], datetime) for k in ("startsAt", "endsAt"))
        lines.append(
            Line(
                (alert["labels"]["alertname"], alert["labels"]["instance"]),
                alert["status"],
                (starts - began).total_seconds(),
                None if ends == NEVER else (ends - began).total_seconds(),
            )
        )
    return Post(at, by, fate, body, tuple(sorted(lines, key=lambda line: line.name)))


def by_group(posts: list[Post]) -> dict[str, list[Post]]:
    """The posts about each rule, in order; what two members post at once has none."""
    groups = defaultdict(list)
    for each in posts:
        own = groups[each.rule]
        at = len(own)
        while at and own[at - 1].by > each.by and each.at - own[at - 1].at < AT_ONCE:
            at -= 1
        own.insert(at, each)
    return dict(groups)


def shown(each: Post) -> str:
    """For people."""
    said = ", ".join(
        f"{line.name[1]} {line.status} {line.starts:.1f}"
        + ("" if line.ends is None else f"-{line.ends:.1f}")
        for line in each.lines
    )
    return f"{each.at:7.1f} alertmanager{each.by} {each.rule} {each.fate}: {said}"


AT_ONCE = 0.4
"""Seconds within which nobody can tell which of two posts was sent first."""
POSTED = 2.0
"""
Seconds by which a post may come at another time: the model takes no time, real ones write, gossip
and are kept waiting by other programs; a post that was refused is tried again at random within half
of its pause.
"""
RETRIED = 20.0
"""As `POSTED`, while posts are lost and soon after: pauses grow to more than this."""
SHIFTED = 15.0 + POSTED
"""
As `POSTED`, for a few (see `shifted`): when a group that says nothing is cleared away and made anew is
seen by nobody, and moves its flushes by an evaluation.
"""
SAID = 0.5
"""Seconds by which a start or an end may differ: of evaluations, which lie on a grid of 15."""


def differences(real: list[Post], model: list[Post]) -> list[str]:
    """Where the simulation's senders posted anything else, group by group."""
    found = []
    ours, theirs = by_group(model), by_group(real)
    for rule in sorted({*ours, *theirs}):
        own, other = ours.get(rule, []), theirs.get(rule, [])
        at = first_difference(other, own)
        if at is not None:
            wanted, got = (shown(p[at]) if at < len(p) else "nothing" for p in (other, own))
            found.append(f"{rule}, post {at}: real {wanted} | simulated {got}")
    return found


def first_difference(real: list[Post], model: list[Post]) -> int | None:
    """The first post about a rule that differs."""
    for at in range(max(len(real), len(model))):
        if at >= min(len(real), len(model)) or not _same(real[at], model[at]):
            return at
    return None


def shifted(real: list[Post], model: list[Post]) -> list[str]:
    """Posts that are the same, and came at another time than they should."""
    ours, theirs = by_group(model), by_group(real)
    return [
        f"real {shown(post)} | simulated {own.at:.1f}"
        for rule in ours
        for post, own in zip(theirs.get(rule, []), ours[rule], strict=False)
        if abs(post.at - own.at) >= _tolerance(post)
    ]


def _tolerance(real: Post) -> float:
    lately = any(since <= real.at < until + RETRIED for _, since, until in world.LOST)
    return RETRIED if lately else POSTED


def _same(real: Post, model: Post) -> bool:
    return (
        (real.by, real.fate) == (model.by, model.fate)
        and abs(real.at - model.at) < max(SHIFTED, _tolerance(real))
        and len(real.lines) == len(model.lines)
        and all(map(_same_line, real.lines, model.lines))
    )


def _same_line(real: Line, model: Line) -> bool:
    ends = (real.ends, model.ends)
    return (
        (real.name, real.status) == (model.name, model.status)
        and abs(real.starts - model.starts) < SAID
        and (ends == (None, None) or (None not in ends and abs(ends[0] - ends[1]) < SAID))
    )
