"""
Backups under seeded faults: handlings overlap at every I/O, stand still for longer than their lease
and go on, come twice; buckets fail before and after they did something; sources change while they
are read; stored objects rot; people pin, ask again and restore. Then all heals.

The machinery is that of `tests.simulation.sim`. ``python -m tests.simulation backups SEED``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from greenlet import getcurrent, greenlet

from tests.simulation.backup_world import (
    FUNCTIONS,
    SECRETS,
    SECTION,
    content,
    handlers,
    of_shop,
    watch_order,
)
from tests.simulation.being_read import being_read
from tests.simulation.platform import START, Faults, Simulated
from tests.simulation.profiles import profile
from tests.simulation.sim import Simulation, Task
from toban.backups.documents import Backup
from toban.backups.section import RetentionRules
from toban.backups.storage import layout
from toban.events import MinutePassed, RedriveDue
from toban.events.backups import (
    BackupDue,
    BackupReplicated,
    BackupWatchDue,
    PruneDue,
    RestoreRequested,
    RestoreTestDue,
)
from toban.kernel.document import decode, encode
from toban.kernel.event import Body
from toban.ports import Query, Stale, Update, Write

FAULTY = timedelta(days=2, hours=6)
HEALED = timedelta(days=3, hours=16)
EVERY = 12
"""Hours between two slots of a plan."""
SHORT = msgspec.structs.replace(
    SECTION,
    objectives=(),
    plans=tuple(
        msgspec.structs.replace(plan, schedule=f"0 */{EVERY} * * *", keep=RetentionRules(daily=2))
        for plan in SECTION.plans
    ),
)
WORKING = FUNCTIONS | {"tick", "redrive_dead_letters"}
JOBS = ("backup_jobs", "restores")
SOURCES = ("data", "media", "dump")


class BackupSimulation(Simulation):
    """One seed."""

    section = SHORT
    _turn = timedelta(minutes=10)

    def __init__(self, seed: int) -> None:
        self.own = random.Random(f"backups {seed}")

        def up_to(top: float) -> float:
            return self.own.choice((0.0, self.own.uniform(0, top)))

        self.more = {
            "bucket_trouble": up_to(0.02),
            "bucket_lost": up_to(0.02),
            "stall": up_to(0.004),
            "change": up_to(0.01),
        }
        self.rots = self.own.choice((0, 0, 1, 3))
        self.history: list[tuple[datetime, str, str, bytes | None]] = []
        """What the sources held: since when, bucket, name, content (None: removed)."""
        self.rotten: set[tuple[str, str]] = set()
        self.wrong: list[str] = []
        """Violations seen while it ran."""
        self.sleeping: dict[Any, datetime] = {}
        self.asked = 0
        super().__init__(seed)
        # A handling here passes ten times the points of one of an incident.
        rates = self.rates
        self.rates = replace(
            rates,
            crash=rates.crash / 6,
            trouble=rates.trouble / 6,
            lost_answer=rates.lost_answer / 6,
            switch=rates.switch / 2,
        )

    # --- the world -----------------------------------------------------------------------

    def _world(self, faults: Faults) -> Simulated:
        faults.bucket_trouble = lambda: self._bad("bucket_trouble")
        faults.bucket_lost = lambda: self._bad("bucket_lost")
        profiles = (of_shop(self.section), profile("toban", default=True))
        made = Simulated(
            faults, jitter=self.rng.random, profiles=profiles, secrets=SECRETS, own=handlers
        )
        faults.wrote = lambda: made.clock.advance(0.001)
        inner = made.memory.commit

        def commit(writes: Sequence[Write]) -> list[str]:
            self._watch_fences(writes, made)
            return inner(writes)

        made.memory.commit = commit  # type: ignore[method-assign]
        self.wrong = watch_order(made.buckets, ("primary", "second"))
        for bucket in ("primary", "second"):
            self._watch_deletions(made, bucket)
        for number in range(5):
            self._hold(made, "data", f"a/{number}", content(f"data {number}", 900 + number))
            self._hold(made, "media", f"m/{number}", content(f"media {number}", 700 + number))
        self._hold(made, "dump", "content", content("dump", 9_000))
        return made

    def _hold(self, world: Simulated, bucket: str, name: str, data: bytes | None) -> None:
        """A source changes, and it is noted since when it is so."""
        if data is None:
            world.buckets(bucket).delete(name)
        else:
            world.buckets(bucket).upload(name, [data])
        self.history.append((world.clock.now(), bucket, name, data))

    def _watch_fences(self, writes: Sequence[Write], world: Simulated) -> None:
        for write in writes:
            if not isinstance(write, Update) or write.key.collection not in JOBS:
                continue
            before = world.memory.get([write.key])[0]
            if before is None or write.version != before.version:
                continue  # it will be refused
            if write.data["fence"] < before.data["fence"]:
                self.wrong.append(f"{write.key.id}: recorded by a holder that had lost it")

    def _watch_deletions(self, world: Simulated, bucket: str) -> None:
        objects = world.buckets(bucket)
        inner = objects.delete

        def delete(name: str) -> None:
            if name.endswith(layout.MANIFEST) and objects.stat(name) is not None:
                self._removed(bucket, name.removesuffix(layout.MANIFEST))
            inner(name)

        objects.delete = delete  # type: ignore[method-assign]

    def _removed(self, bucket: str, prefix: str) -> None:
        """A manifest goes: may it?"""
        catalogue = {b.prefix: b for b in self.backups()}
        backup = catalogue.get(prefix)
        if backup is None:
            self.wrong.append(f"{prefix}: removed, and not in the catalogue")
            return
        if backup.pinned or backup.restores:
            self.wrong.append(f"{backup.id} removed, though pinned or being restored")
        for restore in being_read(self.world, catalogue.values()).get(backup.id, ()):
            self.wrong.append(f"{backup.id} removed, which {restore} is reading")
        others = [b for b in catalogue.values() if b.id != backup.id]
        users = [b.id for b in others if backup.id in b.needs and b.status != "deleted"]
        if users:
            self.wrong.append(f"{backup.id} removed, though {users[0]} builds on it")
        if backup.verified_at is None or any(c.damage for c in backup.copies):
            return
        verified = {b.id for b in others if b.status == "verified"}
        if not any(
            b.id in verified
            and (b.source, b.class_) == (backup.source, backup.class_)
            and any(c.bucket == bucket and c.level and not c.damage for c in b.copies)
            and verified.issuperset(b.needs)
            for b in others
        ):
            self.wrong.append(f"{backup.id} removed in {bucket}: it was the last of its series")

    # --- faults --------------------------------------------------------------------------

    def _bad(self, name: str) -> bool:
        if self.healed or getcurrent() is self.main:
            return False
        happened = self.own.random() < self.more[name]
        if happened:
            self.counts[name] = self.counts.get(name, 0) + 1
        return happened

    def _point(self, name: str) -> None:
        if getcurrent() is not self.main and not self.healed:
            if self._bad("change"):
                self._change()
            if self._bad("stall"):
                self._note(f"stands still at {name}")
                pause = timedelta(
                    seconds=self.own.choice((200, 700, 2000)) * self.own.uniform(0.7, 1.5)
                )
                self.sleeping[getcurrent()] = self.now + pause
                self.main.switch()
        super()._point(name)

    def _change(self) -> None:
        """Somebody works with the data."""
        rng, world = self.own, self.world
        bucket = rng.choice(SOURCES)
        there = [i.name for i in world.buckets(bucket).list()]
        mark = f"{len(self.history)}"
        if bucket == "dump":
            data = content(f"dump {mark}", rng.randrange(7_000, 11_000))
            self._hold(world, bucket, "content", data)
        elif rng.random() < 0.3 or len(there) < 4:
            self._hold(
                world,
                bucket,
                f"{bucket[0]}/{mark}",
                content(f"{bucket} {mark}", rng.randrange(400, 1200)),
            )
        elif rng.random() < 0.4 and len(there) > 4:
            self._hold(world, bucket, rng.choice(there), None)
        else:
            self._hold(
                world,
                bucket,
                rng.choice(there),
                content(f"{bucket} {mark}", rng.randrange(400, 1200)),
            )

    def _rot(self) -> None:
        """A stored part falls over."""
        bucket = self.world.buckets(self.own.choice(("primary", "second")))
        there = [i.name for i in bucket.list() if "/parts/" in i.name]
        if not there:
            return
        name = self.own.choice(there)
        data = bytearray(bucket.read(name))
        data[len(data) // 2] ^= 1
        bucket.upload(name, [bytes(data)])
        self.rotten.add((bucket.name, name))
        self._note(f"{bucket.name}/{name} rots")

    # --- what happens outside ------------------------------------------------------------

    def _plan(self, number: int) -> None:
        rng = self.own
        for hour in range(1, int(HEALED / timedelta(hours=1)) - 6):
            calm = hour >= FAULTY / timedelta(hours=1)
            moment = START + timedelta(hours=hour)
            if hour % EVERY == 0:
                for plan in self.section.plans:
                    due = BackupDue(service="shop", source=plan.source, class_=plan.class_)
                    for _ in range(rng.choice((1, 1, 2))):
                        late = rng.choice((0.0, rng.uniform(0, 3000)))
                        self._at(moment + timedelta(seconds=late), ("due", due))
            if hour % 8 == 5:
                for _ in range(rng.choice((1, 2))):
                    self._at(moment, ("say", PruneDue(service=rng.choice(("", "shop")))))
            if hour % 12 == 7:
                self._at(moment, ("say", RestoreTestDue(service="shop")))
            if not calm:
                if rng.random() < 0.3:
                    self._at(moment + timedelta(seconds=rng.uniform(0, 3600)), ("restore", None))
                if rng.random() < 0.15:
                    self._at(moment + timedelta(seconds=rng.uniform(0, 3600)), ("pin", None))
                if rng.random() < 0.05:
                    self._at(moment + timedelta(seconds=rng.uniform(0, 3600)), ("again", None))
                if rng.random() < 0.4:
                    self._at(moment + timedelta(seconds=rng.uniform(0, 3600)), ("change", None))
        for _ in range(self.rots):
            self._at(START + FAULTY * rng.uniform(0.2, 0.9), ("rot", None))

    def _act(self, action: tuple[str, Any]) -> None:
        what, body = action
        if what in ("due", "say"):
            self._say(body)
        elif what == "change":
            self._change()
        elif what == "rot":
            self._rot()
        elif what == "pin":
            self._pin()
        else:
            self._ask(what)

    def _say(self, body: Body) -> None:
        self.asked += 1
        self._post(f"{self.seed}-{self.asked}", body)

    def backups(self) -> list[Backup]:
        """The catalogue."""
        return [decode(Backup, s.data) for s in self.world.memory.query(Query("backups"))]

    def _pin(self) -> None:
        found = [b for b in self.backups() if b.status in ("verified", "finished")]
        if not found:
            return
        backup = self.own.choice(found)
        backup.pinned = not backup.pinned
        key = Backup.key(backup.id)
        snapshot = self.world.memory.get([key])[0]
        assert snapshot is not None
        try:
            self.world.memory.commit([Update(key, encode(backup), snapshot.version)])
        except Stale:
            return

    def _ask(self, what: str) -> None:
        verified = [b for b in self.backups() if b.status == "verified"]
        if not verified:
            return
        backup = self.own.choice(verified)
        named: dict[str, Any] = {"service": "shop", "source": backup.source}
        if what == "again":
            self._say(
                BackupReplicated(class_=backup.class_, backup_id=backup.id, at=self.now, **named)
            )
        elif backup.kind == "bucket":
            id = f"r-{self.asked}"
            region = self.own.choice(("", "tokyo", "osaka"))
            target = {"bucket": "target", "prefix": f"{id}/"}
            self._say(
                RestoreRequested(
                    restore_id=id, backup_id=backup.id, purpose="recovery", region=region,
                    target=target, requested_by="aoki", **named,
                )
            )  # fmt: skip

    # --- running -------------------------------------------------------------------------

    def run(self) -> None:
        self._run_until(START + FAULTY)
        self.healed = True
        self._run_until(START + HEALED)

    def found(self) -> list[str]:
        return self.wrong

    def _tick(self) -> None:
        self._ticked = self._minute
        minute = int((self._minute - START).total_seconds() // 60)
        if self.healed or self.rng.random() >= self.rates.missed_tick:
            self._post(f"tick|{minute}", MinutePassed())
            if minute % 20 == 0:
                self._post(f"redrive|{minute}", RedriveDue())
            if minute % 60 == 0:
                self._post(f"watch|{minute}", BackupWatchDue())

    def _wakes(self) -> list[datetime]:
        return [max(at, self.now) for at in self.sleeping.values()]

    def _work_off(self) -> None:
        while True:
            self._wake()
            awake = [t for t in self.tasks if t.run not in self.sleeping]
            due = self.world.bus.due()
            choices = len(awake) + (1 if due and len(awake) < 6 else 0)
            if not choices:
                return
            pick = self.rng.randrange(choices)
            if pick < len(awake):
                task = awake[pick]
            else:
                begun = self._begin_one(len(due))
                if begun is None:
                    continue
                task = begun
            if awake and self.rng.random() < 0.3:
                self.world.clock.advance(self.rng.uniform(0, 0.05))
            task.run.switch()
            if task.run.dead:
                self.tasks.remove(task)

    def _wake(self) -> None:
        for task, at in list(self.sleeping.items()):
            if at <= self.now:
                del self.sleeping[task]

    def _begin_one(self, due: int) -> Task | None:
        taken = self.world.bus.take(self.rng.randrange(due))
        assert taken is not None
        function = self.world.bus.subscriptions[taken.delivered.subscription].function
        if function not in WORKING:
            self.world.bus.acknowledge(taken)  # incidents have a simulation of their own
            return None
        task = Task(taken, greenlet(lambda: self._deliver(taken, answers=True)))
        self.tasks.append(task)
        if self._begin_twice():
            self.tasks.append(Task(None, greenlet(lambda: self._deliver(taken, answers=False))))
        return task

    def states(self, bucket: str, since: datetime, until: datetime) -> dict[str, set[bytes | None]]:
        """What each object may be in a backup that was read between two moments."""
        may: dict[str, set[bytes | None]] = {}
        for at, where, name, data in self.history:
            if where != bucket or at > until:
                continue
            if at < since:  # at the same moment it may have been either
                may[name] = {data}
            else:
                may.setdefault(name, {None}).add(data)
        return may
