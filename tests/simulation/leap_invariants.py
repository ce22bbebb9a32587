"""What must hold after the clock was ahead: held against the true time, which no document knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.simulation import backup_invariants as base
from tests.simulation.backup_sim import EVERY, HEALED
from tests.simulation.invariants import everything
from tests.simulation.leap_sim import SECTION, SHOP, LeapSimulation
from tests.simulation.platform import START
from toban.backups.documents import Backup, SeriesState
from toban.backups.policy import recovery
from toban.backups.policy.ahead import AHEAD
from toban.backups.policy.alerts import BackupWatch
from toban.backups.policy.objectives import assess, untested
from toban.backups.policy.recovery import point
from toban.backups.policy.restores import RestoreRecord
from toban.backups.watching.watch import newest_points
from toban.events import AlertFired, AlertResolved
from toban.events.backups import BackupWatchDue
from toban.kernel.clock.skew import is_future
from toban.kernel.event import Event, from_message
from toban.kernel.handling.receipt import Receipt
from toban.kernel.work import Work

LAST = START + timedelta(hours=63)
"""The last slot of every plan (the schedule is Tokyo's); its messages come nine hours later."""


class Truthful:
    """The simulation, without the backups that a wrong clock has dated."""

    def __init__(self, simulation: LeapSimulation) -> None:
        self._simulation = simulation

    def __getattr__(self, name: str) -> Any:
        return getattr(self._simulation, name)

    def backups(self) -> list[Backup]:
        lying = self._simulation.true.lying
        return [b for b in self._simulation.backups() if b.id not in lying]


def violations(simulation: LeapSimulation) -> list[str]:
    """Everything that is wrong at the end of a run; empty when all is well."""
    truthful: Any = Truthful(simulation)
    return [
        *simulation.wrong,
        *simulation.true.built_on_a_lie,
        *base._at_rest(simulation),
        *base._slots(simulation),
        *base._true(truthful),
        *base._objects(simulation),
        *base._alerts(truthful),
        *base._restores(truthful),
        *_nothing_blocked(truthful),
        *_newest(simulation, truthful),
        *_told(simulation),
        *_tests(simulation),
        *_nothing_waits(simulation),
    ]


def _nothing_blocked(truthful: Any) -> Iterator[str]:
    """The slots after the leap were taken."""
    states = {s.id: s for s in everything(truthful.world, SeriesState)}
    for plan in SECTION.plans:
        own = {b.slot for b in truthful.backups() if (b.source, b.class_) == _key(plan)}
        state = states[f"shop.{plan.source}.{plan.class_}"]
        same = plan.on_change and state.unchanged_at is not None
        if LAST not in own and not (same and LAST <= state.unchanged_at < LAST + _DAY):
            yield f"{plan.source}/{plan.class_}: the slot of {LAST} was swallowed"


_DAY = timedelta(days=1)


def _key(plan: Any) -> tuple[str, str]:
    return plan.source, plan.class_


def _newest(simulation: LeapSimulation, truthful: Any) -> Iterator[str]:
    """What counts as newest is what really is."""
    now = simulation.now
    event = Event(id="look", source="/test", time=now, body=BackupWatchDue())
    work = Work(simulation.world.memory, event, "watch_backups", now)
    found = newest_points(SHOP, work)
    real: dict[tuple[str, str], Backup] = {}
    for backup in sorted(truthful.backups(), key=point):
        if backup.status == "verified":
            real[backup.source, backup.class_] = backup
    states = {s.id: s for s in everything(simulation.world, SeriesState)}
    for plan in SECTION.plans:
        there, true = found.get(_key(plan)), real.get(_key(plan))
        state = states[f"shop.{plan.source}.{plan.class_}"]
        if true is not None and state.verified != true.id:
            yield f"{state.id}: {state.verified} counts as verified last, not {true.id}"
        if true is None or there is None or there.backup_id != true.id:
            yield f"{plan.source}/{plan.class_}: {there} is the newest, not {true and true.id}"
    for state in assess(SHOP, found, {}, now):
        points = [b for (source, _), b in real.items() if source in state.sources]
        age = min((now - point(b)).total_seconds() for b in points)
        if state.age_s is None or abs(state.age_s - age) > 1 or state.rpo_status != "met":
            yield f"{state.objective}: {state.rpo_status} with {state.age_s} s; in truth {age} s"
    for source in SECTION.sources:
        own = [b for b in simulation.backups() if b.source == source]
        offered = recovery.newest(own, None, now=now)
        best = max((b for (s, _), b in real.items() if s == source), key=point)
        if offered is None or point(offered) != point(best):
            yield f"{source}: {offered and offered.id} is offered, and the newest is {best.id}"


def _told(simulation: LeapSimulation) -> Iterator[str]:
    watches = {w.id: w for w in everything(simulation.world, BackupWatch)}
    open_now = watches["shop"].open if "shop" in watches else {}
    lying = [b for b in simulation.backups() if b.id in simulation.true.lying]
    series = {f"{AHEAD}/{b.source}/{b.class_}" for b in lying if b.status != "deleted"}
    told = {name for name in open_now if name.startswith(f"{AHEAD}/")}
    if told != series:
        yield f"told of {told}, and there is {series}"
    for name, alert in open_now.items():
        if is_future(alert.starts_at, simulation.now):
            yield f"{name} begins at {alert.starts_at}"
    # Whoever receives them knows an alert by when it began: its end must not come before that.
    said = [from_message(m).body for m in simulation.world.out.published]
    fired = {(b.fingerprint, b.starts_at) for b in said if isinstance(b, AlertFired)}
    for body in said:
        if isinstance(body, AlertResolved):
            if is_future(body.starts_at, body.ends_at):
                yield f"{body.fingerprint} ends before it begins"
            elif (body.fingerprint, body.starts_at) not in fired:
                yield f"{body.fingerprint} ends, and nobody heard when it began"


def _tests(simulation: LeapSimulation) -> Iterator[str]:
    """Restore tests went on."""
    (record,) = everything(simulation.world, RestoreRecord)
    now = simulation.now
    passed = [t.passed_at for t in record.tested.values() if t.passed_at]
    real = [at for at in passed if not is_future(at, now)]
    if not real or now - max(real) > timedelta(hours=2 * EVERY):
        yield f"no restore test has passed since {max(real, default=None)}"
    if any(is_future(t.at, now) for t in record.tested.values()):
        yield f"a turn of restore tests lies ahead: {record.tested}"
    if untested(SHOP, record.tested, START, now):
        yield "restore tests count as overdue"


def _nothing_waits(simulation: LeapSimulation) -> Iterator[str]:
    for receipt in everything(simulation.world, Receipt):
        if receipt.due is not None and receipt.due > START + HEALED + 2 * _DAY:
            yield f"a timer of {receipt.function} waits until {receipt.due}"
