"""Choosing the next restore test: which source, how old a backup, from which region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from toban.backups.documents import Backup
from toban.backups.policy.copies import restorable
from toban.backups.policy.objectives import last_passed
from toban.backups.policy.restores import RestoreRecord, TestHistory, pair
from toban.backups.section import ALLOWANCE, BACKUP, RestoreTest
from toban.events.backups import RestoreRequested, RestoreTestDue
from toban.kernel import log
from toban.kernel.clock.cron import next_slot
from toban.kernel.clock.skew import not_ahead
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.work import Work
from toban.profile.section import SERVICE
from toban.profile.store import current
from toban.sources.base import StagingTarget

_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class NextTest:
    """The restore test that is next: source, backup and region."""

    source: str
    region: str
    backup: Backup


def choose(
    sources: Sequence[str], backups: Sequence[Backup], tested: dict[str, TestHistory], now: datetime
) -> NextTest | None:
    """
    Return the next test: of every (source, region) with a verified copy, the one tested longest
    ago.

    Ages take turns as well: the newest backup, the oldest, the one in the middle, since most
    restores want the newest and the worst surprises are in the old ones. None when nothing
    verified exists. What is dated ahead of now is not tested, and a turn dated ahead of now
    does not count.
    """
    known = {backup.id: backup for backup in backups if not backup.is_ahead(now)}
    backups = list(known.values())
    regions = {
        backup.id: {copy.region for copy in restorable(backup, known)}
        for backup in backups
        if backup.source in sources and backup.status == "verified"
    }
    pairs = {(known[id].source, region) for id, there in regions.items() for region in there}
    if not pairs:
        return None

    def turn(candidate: tuple[str, str]) -> tuple[datetime, str, str]:
        last = not_ahead(tested.get(pair(*candidate), TestHistory()).at, now)
        return (last or _NEVER, *candidate)

    source, region = min(pairs, key=turn)
    held = sorted(
        (b for b in backups if b.source == source and region in regions.get(b.id, ())),
        key=lambda b: (b.snapshot_at or b.started_at, b.id),
    )
    number = tested.get(pair(source, region), TestHistory()).chosen % 3
    backup = (held[-1], held[0], held[len(held) // 2])[number]
    return NextTest(source, region, backup)


def on_due(due: RestoreTestDue, work: Work) -> None:
    """Request a restore into staging for every source whose turn it is, or for the one asked for."""
    document = current(work).get(due.service)
    section = document.profile[BACKUP] if document else None
    if document is None or section is None or section.restore_test is None:
        log.warning("restore test skipped: profile has none any more", service=due.service)
        _answer(due, "no-test", work)
        return
    test = section.restore_test
    record = work.get(RestoreRecord, due.service) or RestoreRecord(id=due.service)
    zone = test.zone or document.profile[SERVICE].timezone
    groups = (
        [[t.source for t in test.targets if due.source in ("", t.source)]]
        if _asked(due)
        else [[t.source] for t in test.targets if is_turn(test, t, record.tested, zone, work.now)]
    )
    backups = work.find(Backup, ("service", "==", due.service), ("status", "==", "verified"))
    for sources in groups:
        turn = choose(sources, backups, record.tested, work.now)
        if turn is None:
            log.warning(
                "restore test skipped: no verified backup",
                service=due.service,
                sources=" ".join(sources),
            )
            _answer(due, "none-verified", work)
            continue
        _take(turn, record, due, work)


def is_turn(
    test: RestoreTest,
    target: StagingTarget,
    tested: dict[str, TestHistory],
    zone: str,
    now: datetime,
) -> bool:
    """
    Return whether a source is tested at this slot: waiting for the next one would be too late.

    A test that failed does not count, so its source is tested again at the next slot.
    """
    last = last_passed(target.source, tested, now)
    if last is None:
        return True
    return next_slot(test.schedule, zone, now) + ALLOWANCE - last > test.every_of(target)


def _take(turn: NextTest, record: RestoreRecord, due: RestoreTestDue, work: Work) -> None:
    key = pair(turn.source, turn.region)
    before = record.tested.get(key, TestHistory())
    which = () if _asked(due) else (turn.source,)  # whoever asks for one knows its id beforehand
    record.tested[key] = msgspec.structs.replace(before, chosen=before.chosen + 1, at=work.now)
    work.put(record)
    work.emit(
        RestoreRequested(
            restore_id=f"test-{work.derive('restore-test', *which, length=12)}",
            service=due.service,
            source=turn.source,
            backup_id=turn.backup.id,
            purpose="test",
            environment=turn.backup.environment,
            region=turn.region,
            requested_by=due.requested_by,
        )
    )


def _asked(due: RestoreTestDue) -> bool:
    """Whether it is not the schedule's."""
    return bool(due.source or due.requested_by)


def _answer(due: RestoreTestDue, outcome: str, work: Work) -> None:
    if due.requested_by:
        work.answer(outcome=outcome)


HANDLERS = Handlers().on(RestoreTestDue, Decision(on_due))
