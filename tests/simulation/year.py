"""
A year of backups of one service on a virtual clock: ``python -m tests.simulation.year SERVICE``.

Every schedule of the profile fires by its zone, through changes of clocks and outages of 1, 7 and
40 days (a plan whose slots were missed runs once when time returns). Some backups fail, some are
interrupted, some are verified late or never, some copies are damaged; people pin a few, and restores
hold a few. Each day retention decides over the whole service, what may go is removed up to the
profile's cap (per run: there is one each day and one after each backup), and an oracle that knows only the prose has to keep the same.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from tests.profiles import Profile
from tests.unit.backups import oracle
from toban.backups.catalogue.plans import destinations
from toban.backups.policy.retention import (
    Policy,
    RetentionEntry,
    RetentionVerdict,
    Series,
    decide,
    removals,
)
from toban.backups.work.prune import policies
from toban.kernel.clock.cron import slots

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
"""The year has both changes of clocks, a week 53 and a turn of the year."""
DAY = timedelta(days=1)
OUTAGES = {40: 1, 120: 7, 200: 40}
"""Day of the year on which one begins → days without anything running."""
NOTHING_WORKS = range(300, 333)
"""Days on which every backup fails: the runs go on, nothing comes of them."""
FULL_EVERY = 24
"""So many incremental backups at most build on one."""
LARGE = 300
"""Entries of a series, above which the oracle, which is slow, looks at it on some days only."""


Judge = Callable[
    [Sequence[RetentionEntry], Mapping[Series, Policy], datetime], list[RetentionVerdict]
]


@dataclass
class Plan:
    """A plan of the profile and where its schedule stands."""

    series: Series
    cron: str
    zone: str
    regions: tuple[str, ...]
    incremental: bool = False
    on_change: bool = False
    missed: datetime | None = None
    """Newest slot of an outage."""
    chain: list[str] = field(default_factory=list)
    """The newest verified incremental backup and what it builds on, the newest last."""
    slots: Iterator[datetime] | None = None
    following: datetime = BEGIN

    def due(self, until: datetime, chance: random.Random) -> list[datetime]:
        """The slots since it was asked last; of a plan that looks for changes those that find one."""
        if self.on_change:
            looks = [until - DAY * chance.random() for _ in range(chance.choice((0, 0, 1, 3)))]
            found = {next(slots(self.cron, self.zone, look)) for look in looks}
            return sorted(slot for slot in found if slot < until)
        if self.slots is None:
            self.slots = slots(self.cron, self.zone, BEGIN)
            self.following = next(self.slots)
        due = []
        while self.following < until:
            due.append(self.following)
            self.following = next(self.slots)
        return due


@dataclass
class Day:
    """What was decided on one day."""

    now: datetime
    verdicts: list[RetentionVerdict]
    removed: list[str]
    compared: int
    """Backups that the oracle was asked about."""


class Year:
    """One service's year; `problems` says everything that was not as it has to be."""

    def __init__(
        self,
        plans: list[Plan],
        rules: Mapping[Series, Policy],
        max_deletions: int,
        seed: int = 1,
        judge: Judge = decide,
    ) -> None:
        self.plans = plans
        self.rules = rules
        self.max_deletions = max_deletions
        self.judge = judge
        self.chance = random.Random(seed)
        self.entries: dict[str, RetentionEntry] = {}
        self.days: list[Day] = []
        self.problems: list[str] = []
        self.late: dict[str, datetime] = {}
        """Finished backups, and when they will be verified."""
        self.had: dict[tuple[object, ...], datetime] = {}
        """By series and region: start of the newest restorable backup there has been."""
        self.taken: list[RetentionEntry] = []

    def run(self, days: int = 365, *, until_wrong: bool = False) -> None:
        """Live through the days, or until the first problem."""
        out = {d + n for d, length in OUTAGES.items() for n in range(length)}
        for day in range(days):
            begin = BEGIN + day * DAY
            taken = len(self.taken)
            for plan in self.plans:
                self._work_off(plan, begin, day, out=day in out)
            if day not in out:
                self._verify_late(begin + DAY)
                self._people(begin + DAY)
            # Pruning runs once a day and after each backup that is verified.
            runs = 0 if day in out else 1 + len(self.taken) - taken
            self._decide(day, begin + DAY, runs * self.max_deletions)
            if self.problems and until_wrong:
                return

    # --- taking ------------------------------------------------------------------------------

    def _work_off(self, plan: Plan, begin: datetime, day: int, *, out: bool) -> None:
        due = plan.due(begin + DAY, self.chance)
        if out:
            plan.missed = due[-1] if due else plan.missed
            return
        if plan.missed is not None:
            plan.missed = None
            self._take(plan, begin, day)
        for slot in due:
            self._take(plan, slot, day)

    def _take(self, plan: Plan, slot: datetime, day: int) -> None:
        # Names that say nothing, in no order: retention may not read anything into them.
        id_ = f"{self.chance.randrange(16**8):08x}-{len(self.taken)}"
        roll = 0.99 if day in NOTHING_WORKS else self.chance.random()
        status = "verified" if roll < 0.9 else "finished" if roll < 0.94 else "partial"
        status = "failed" if roll > 0.96 else status
        service, source, class_ = plan.series
        started = slot + timedelta(seconds=self.chance.randrange(5, 90))
        regions = plan.regions
        if len(regions) > 1 and self.chance.random() < 0.05:
            regions = (self.chance.choice(regions),)
        needs = tuple(plan.chain[-1:]) if len(plan.chain) < FULL_EVERY else ()
        self.entries[id_] = RetentionEntry(
            id=id_,
            status=status,
            service=service,
            source=source,
            class_=class_,
            started_at=started,
            regions=regions if status == "verified" else (),
            needs=needs if plan.incremental else (),
            bytes=1000,
        )
        self.taken.append(self.entries[id_])
        if status == "verified" and plan.incremental:
            plan.chain = [*plan.chain, id_] if needs else [id_]
        if status == "finished" and self.chance.random() < 0.7:
            self.late[id_] = started + timedelta(hours=self.chance.choice((5, 30, 60)))

    def _verify_late(self, now: datetime) -> None:
        for id_, at in list(self.late.items()):
            if at <= now:
                del self.late[id_]
                if id_ in self.entries:
                    entry = self.entries[id_]
                    where = next(p.regions for p in self.plans if p.series == entry.series)
                    self.entries[id_] = replace(entry, status="verified", regions=where)

    def _people(self, now: datetime) -> None:
        """A pin now and then, taken back after a while; a restore that takes some days."""
        for id_, entry in self.entries.items():
            age = now - entry.started_at
            if entry.pinned and age > 100 * DAY:
                self.entries[id_] = replace(entry, pinned=False)
            if entry.restores and self.chance.random() < 0.3:
                self.entries[id_] = replace(entry, restores=())
        chosen = self.chance.choice([*self.entries] or [""])
        if chosen and self.chance.random() < 0.03:
            self.entries[chosen] = replace(self.entries[chosen], pinned=True)
        elif chosen and self.chance.random() < 0.05:
            self.entries[chosen] = replace(self.entries[chosen], restores=("restore",))

    # --- deciding ----------------------------------------------------------------------------

    def _decide(self, day: int, now: datetime, most: int) -> None:
        entries = list(self.entries.values())
        verdicts = self.judge(entries, self.rules, now)
        kept = {verdict.id for verdict in verdicts if verdict.keep}
        seen = self._looked_at(day, now)
        ids = {entry.id for entry in seen}
        if ids & kept != (expected := oracle.kept(seen, self.rules, now)):
            self._problem(now, f"the oracle does not agree: {sorted(ids & kept ^ expected)}")
        gone = removals(entries, verdicts, most)
        if kept.intersection(gone):
            self._problem(now, "something kept was removed")
        for id_ in gone:
            del self.entries[id_]
        if len(entries) <= 3 * LARGE or day % 7 == 0:
            self._still_restorable(now)
        if gone and now.day == 1:
            left = self.judge(list(self.entries.values()), self.rules, now)
            if kept != {verdict.id for verdict in left if verdict.keep}:
                self._problem(now, "removing changed what is kept")
        self.days.append(Day(now, verdicts, gone, len(seen)))

    def _looked_at(self, day: int, now: datetime) -> list[RetentionEntry]:
        """What the oracle is asked about: everything, but for long series on ordinary days."""
        edges = {d + n for d, length in OUTAGES.items() for n in (0, length - 1, length)}
        sizes = Counter(entry.series for entry in self.entries.values())
        if now.day == 1 or day in edges:
            return list(self.entries.values())
        return [entry for entry in self.entries.values() if sizes[entry.series] <= LARGE]

    def _still_restorable(self, now: datetime) -> None:
        """The newest restorable backup of every series and region is there for ever."""
        newest: dict[tuple[object, ...], datetime] = {}
        where: dict[str, set[str]] = {}
        for id_, entry in self.entries.items():
            if entry.status != "verified":
                continue
            regions = set(entry.regions)
            for base in entry.needs:  # taken earlier, so it was looked at
                regions &= where.get(base, set())
            where[id_] = regions
            for region in regions:
                key = (*entry.series, region)
                newest[key] = max(newest.get(key, BEGIN), entry.started_at)
        for key, at in self.had.items():
            if newest.get(key, BEGIN) < at:
                self._problem(now, f"{key} lost its newest restorable backup of {at:%Y-%m-%d}")
        self.had |= newest

    def _problem(self, now: datetime, text: str) -> None:
        self.problems.append(f"{now:%Y-%m-%d}: {text}")


def year_of(profile: Profile, seed: int = 1, judge: Judge = decide) -> Year:
    """The year of a profile that has a section on backups."""
    section = profile.backup
    assert section is not None, f"{profile.service.id} backs up nothing"
    plans = [
        Plan(
            (profile.service.id, plan.source, plan.class_),
            plan.schedule,
            plan.zone or profile.service.timezone,
            tuple(dict.fromkeys(d.region for d in destinations(section, plan))),
            plan.incremental,
            plan.on_change,
        )
        for plan in section.plans
    ]
    return Year(plans, policies(profile), section.max_deletions, seed, judge)


# --- showing ---------------------------------------------------------------------------------


def table(year: Year) -> str:
    """What is kept when the year is over, and why; long stretches of the same reason in one line."""
    lines = []
    last = {verdict.id: verdict for verdict in year.days[-1].verdicts}
    for plan in year.plans:
        own = [e for e in year.entries.values() if e.series == plan.series]
        own = sorted((e for e in own if last[e.id].keep), key=lambda e: e.started_at, reverse=True)
        own.sort(key=lambda e: e.status != "verified")
        policy = year.rules[plan.series]
        lines += ["", f"{'/'.join(plan.series)}  {plan.cron} {plan.zone}: {len(own)} kept"]
        rows: list[list[str]] = []
        for entry in own:
            started = entry.started_at.astimezone(ZoneInfo(policy.zone))
            why = [r for r in last[entry.id].reasons if r.word not in ("minimum", "needed")]
            said = ", ".join(map(str, why or last[entry.id].reasons))
            row = [f"{started:%Y-%m-%d %a %H:%M}", entry.status, said, ""]
            if rows and rows[-1][1:3] == row[1:3]:
                rows[-1][3] = row[0]
            else:
                rows.append(row)
        lines += [
            f"  {begin}{f' … {end}' if end else '':24} {status:9} {why}".rstrip()
            for begin, status, why, end in rows
        ]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """0 when the oracle agreed every day."""
    from toban.local.world import ROOT
    from toban.sections.load import load_directory

    profiles = load_directory(ROOT / "infra" / "services")
    known = [id_ for id_, profile in profiles.items() if profile.backup is not None]
    if not arguments or arguments[0] not in known:
        tell = partial(print, file=sys.stderr)
        tell(f"usage: python -m tests.simulation.year SERVICE [SEED]   ({', '.join(known)})")
        return 2
    year = year_of(profiles[arguments[0]], int(arguments[1]) if len(arguments) > 1 else 1)
    year.run()
    print(table(year))
    compared = sum(day.compared for day in year.days)
    removed = sum(len(day.removed) for day in year.days)
    print(f"\n{len(year.taken)} backups taken, {removed} removed, {len(year.entries)} left.")
    print("\n".join(year.problems) or f"The oracle agreed on all of its {compared:,} verdicts.")
    return 1 if year.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
