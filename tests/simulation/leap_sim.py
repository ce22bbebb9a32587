"""
Backups under faults, while the clock is 300 days ahead for a minute, once or twice; then it is right.

Beside it stands a model of the world that knows the true time: when each backup was really begun and
what its source was really read at. ``python -m tests.simulation leaps SEED``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from greenlet import getcurrent

from tests.profiles import Profile
from tests.simulation.backup_sim import EVERY, FAULTY, SHORT, BackupSimulation
from tests.simulation.backup_world import of_shop
from tests.simulation.platform import START, Faults, Simulated
from tests.simulation.sim import Task
from toban.adapters.local.memory.store import VirtualClock
from toban.backups.documents import Backup
from toban.backups.section import Objective, RetentionRules
from toban.events import MinutePassed, RedriveDue
from toban.events.backups import BackupDue, BackupWatchDue, PruneDue, RestoreTestDue
from toban.kernel.clock.skew import TOLERANCE
from toban.kernel.event import Body, Event, to_message
from toban.ports import Delete, Write
from toban.strictyaml.values import Seconds

AHEAD = timedelta(days=300)
MINUTE = timedelta(seconds=60)
KEPT = ("files", "full")
"""The series of which nothing may be removed: its promise is longer than the run."""

SECTION = msgspec.structs.replace(
    SHORT,
    plans=tuple(
        msgspec.structs.replace(plan, keep=RetentionRules(keep_days=30))
        if (plan.source, plan.class_) == KEPT
        else plan
        for plan in SHORT.plans
    ),
    objectives=(
        Objective("loss", ("files",), rpo=Seconds((EVERY + 6) * 3600), rto=Seconds(86_400)),
        Objective("dumped", ("dump",), rpo=Seconds((EVERY + 6) * 3600)),
    ),
)
SHOP: Profile = of_shop(SECTION)


@dataclass
class LeapingClock:
    """The machine's clock: right, but for the moments in which it is 300 days ahead."""

    true: VirtualClock
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        return self.true.now() + self.ahead


class World:
    """What really happened, noted by the true time at every commit."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.begun: dict[str, datetime] = {}
        """When each backup was really begun."""
        self.lying: set[str] = set()
        """Backups of which a date lies ahead of the moment at which it was written."""
        self.built_on_a_lie: list[str] = []

    def note(self, writes: Sequence[Write], *, right: bool) -> None:
        now = self._clock.now()
        for write in writes:
            if isinstance(write, Delete) or write.key.collection != Backup.COLLECTION:
                continue
            id, data = write.key.id, write.data
            new = id not in self.begun
            self.begun.setdefault(id, now)
            dates = [data.get(name) for name in ("slot", "started_at", "snapshot_at")]
            if any(date is not None and date - now > TOLERANCE for date in dates):
                self.lying.add(id)
            else:
                self.lying.discard(id)  # it was begun anew under a clock that is right
            if new and right and self.lying & set(data["needs"]):
                self.built_on_a_lie.append(f"{id} builds on {self.lying & set(data['needs'])}")


class LeapSimulation(BackupSimulation):
    """One seed."""

    section = SECTION
    spared = ("rot",)
    """What does not happen here."""
    ahead = AHEAD
    _turn = timedelta(minutes=3)

    def __init__(self, seed: int) -> None:
        self.leaps = self._loses = 0
        self._ends: tuple[datetime, int] | None = None
        super().__init__(seed)
        self.rots = 0
        self.world.platform = replace(self.world.platform, clock=self.clock)

    def _world(self, faults: Faults) -> Simulated:
        made = super()._world(faults)
        self.clock = LeapingClock(made.clock)
        self.true = World(made.clock)
        inner = made.memory.commit

        def commit(writes: Sequence[Write]) -> list[str]:
            versions = inner(writes)
            self.true.note(writes, right=not self.clock.ahead)
            return versions

        made.memory.commit = commit  # type: ignore[method-assign]
        return made

    # --- the clock -----------------------------------------------------------------------

    def _plan(self, number: int) -> None:
        rng = self.own
        super()._plan(number)
        self.plan = [entry for entry in self.plan if entry[2][0] not in self.spared]
        hours = list(range(10, int(FAULTY / timedelta(hours=1)) - 1))
        busy = [h for h in hours if h % EVERY in (0, 7) or h % 8 == 5]
        for hour in rng.sample(busy, rng.choice((1, 1, 2))):
            moment = START + timedelta(hours=hour, seconds=rng.choice((-0.001, 0.0, 0.5)))
            self._at(moment, ("leap", None))
            for _ in range(rng.choice((1, 3, 5))):
                within = moment + timedelta(seconds=rng.uniform(0, 55))
                self._at(within, ("say", rng.choice(self._meanwhile())))

    def _meanwhile(self) -> list[Body]:
        plan = self.own.choice(self.section.plans)
        named = {"service": "shop", "source": plan.source, "class_": plan.class_}
        return [
            BackupDue(**named),
            BackupDue(**named, requested_by="aoki"),
            BackupWatchDue(),
            PruneDue(),
            RestoreTestDue(service="shop"),
        ]

    def _act(self, action: tuple[str, Any]) -> None:
        if action[0] != "leap":
            super()._act(action)
            return
        self.leaps += 1
        self._loses = self.own.choice((0, 0, 1))
        self.clock.ahead = self.ahead
        points = self.own.choice((30, 300, 3_000, 10**9))
        self._ends = (self.now + MINUTE, points)
        self._note(f"the clock is {self.ahead.days} days ahead")

    def _point(self, name: str) -> None:
        self._look(passed=getcurrent() is not self.main)
        super()._point(name)

    def _look(self, *, passed: bool) -> None:
        if self._ends is None:
            return
        until, points = self._ends
        self._ends = (until, points - passed)
        if points <= 0 or self.now >= until:
            self._ends, self.clock.ahead = None, timedelta(0)
            self._note("the clock is right")

    def _wakes(self) -> list[datetime]:
        ends = [self._ends[0]] if self._ends else []
        return [*super()._wakes(), *(max(at, self.now) for at in ends)]

    def _work_off(self) -> None:
        self._look(passed=False)
        super()._work_off()

    def _begin_one(self, due: int) -> Task | None:
        """While the clock is ahead a step may also be lost for good, message and all."""
        if self._loses and self.clock.ahead:
            for pick, delivered in enumerate(self.world.bus.due()):
                if delivered.subscription.endswith("--run_backup_step"):
                    taken = self.world.bus.take(pick)
                    assert taken is not None
                    self.world.bus.acknowledge(taken)
                    self._loses -= 1
                    self._note(f"lost: {delivered.message.attributes['ce-id'][:8]}")
                    return None
        return super()._begin_one(due)

    def _post(self, id: str, body: Body) -> None:
        """On a laptop the same clock dates what is published; in the cloud Pub/Sub does."""
        time = self.now + (self.clock.ahead if self.own.random() < 0.5 else timedelta(0))
        event = Event(id=id, source="/ingress/sim", time=time, body=body)
        self._publish([to_message(event)])

    def _tick(self) -> None:
        self._ticked = self._minute
        minute = int((self._minute - START).total_seconds() // 60)
        if self.healed or self.rng.random() >= self.rates.missed_tick:
            self._post(f"tick|{minute}", MinutePassed())
            if minute % 21 == 0:
                self._post(f"redrive|{minute}", RedriveDue())
            if minute % 60 == 0:
                self._post(f"watch|{minute}", BackupWatchDue())

    # --- what may be removed -------------------------------------------------------------

    def _removed(self, bucket: str, prefix: str) -> None:
        backup = {b.prefix: b for b in self.backups()}.get(prefix)
        if backup is None or (backup.source, backup.class_) != KEPT:
            super()._removed(bucket, prefix)
        elif backup.id not in self.true.lying and backup.verified_at is not None:
            self.wrong.append(f"{backup.id} removed, though its series keeps thirty days")
