"""Choosing the next restore test: which source, how old a backup, from which region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from toban.backups.documents import Backup
from toban.backups.policy.copies import restorable
from toban.backups.policy.restores import RestoreRecord, TestHistory, pair
from toban.backups.section import BACKUP
from toban.events.backups import RestoreRequested, RestoreTestDue
from toban.kernel import log
from toban.kernel.clock.skew import not_ahead
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.work import Work
from toban.profile.store import current

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
    """Request one restore into staging."""
    document = current(work).get(due.service)
    section = document.profile[BACKUP] if document else None
    if section is None or section.restore_test is None:
        log.warning("restore test skipped: profile has none any more", service=due.service)
        _answer(due, "no-test", work)
        return
    sources = [t.source for t in section.restore_test.targets if due.source in ("", t.source)]
    backups = work.find(Backup, ("service", "==", due.service), ("status", "==", "verified"))
    record = work.get(RestoreRecord, due.service) or RestoreRecord(id=due.service)
    turn = choose(sources, backups, record.tested, work.now)
    if turn is None:
        log.warning("restore test skipped: no verified backup", service=due.service)
        _answer(due, "none-verified", work)
        return
    key = pair(turn.source, turn.region)
    before = record.tested.get(key, TestHistory())
    record.tested[key] = msgspec.structs.replace(before, chosen=before.chosen + 1, at=work.now)
    work.put(record)
    work.emit(
        RestoreRequested(
            restore_id=f"test-{work.derive('restore-test', length=12)}",
            service=due.service,
            source=turn.source,
            backup_id=turn.backup.id,
            purpose="test",
            environment=turn.backup.environment,
            region=turn.region,
            requested_by=due.requested_by,
        )
    )


def _answer(due: RestoreTestDue, outcome: str, work: Work) -> None:
    if due.requested_by:
        work.answer(outcome=outcome)


HANDLERS = Handlers().on(RestoreTestDue, Decision(on_due))
