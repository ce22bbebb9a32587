"""Old backups are read again by turns: silent rot is found, lateness told, nothing lost by a death."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.simulation import backup_story as story
from tests.simulation.backup_story import rot
from tests.simulation.backup_world import SECTION, of_shop, small
from tests.simulation.crash_points import Chapters
from tests.simulation.story import Step, Story
from tests.simulation.test_backup_order import Told
from tests.simulation.test_damage import PLACES, spoil
from toban.backups.documents import Backup
from toban.backups.section import RetentionRules
from toban.backups.work.verify import VerifyJob
from toban.events.backups import BackupDue, BackupReplicated, BackupWatchDue
from toban.strictyaml.values import Seconds

WITHIN = timedelta(days=8)


@pytest.fixture
def turning(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """A service whose copies are read again within eight days."""
    section = msgspec.structs.replace(
        SECTION, reread_within=Seconds(int(WITHIN.total_seconds())), plans=FOREVER
    )
    monkeypatch.setattr(story, "PROFILES", (of_shop(section), story.PROFILES[1]))
    with small():
        yield Told(story=story.BACKUPS)


FOREVER = tuple(
    msgspec.structs.replace(plan, keep=RetentionRules(forever=True)) for plan in SECTION.plans
)


def watched(run: Told, days: float) -> None:
    """The watch looks every three hours."""
    for _ in range(int(days * 8)):
        run.say(BackupWatchDue(), wait=3 * 3600)


def last_read(run: Told, backup: Backup) -> list[Any]:
    return [copy.verified_at for copy in run.one(Backup, backup.id).copies]


def test_silent_rot_in_an_old_backup_is_found_by_its_turn(turning: Told) -> None:
    backup = turning.due("dump", "full")
    spoil(turning, backup, "second")

    watched(turning, 2)
    assert turning.one(Backup, backup.id).copies[1].proven, "nobody has looked yet"
    watched(turning, 6)

    first, second = turning.one(Backup, backup.id).copies
    assert (first.state, second.state) == ("verified", "damaged")
    assert "backup-copy/dump/full/second" in turning.open_alerts()
    assert first.level == "content", "checksums were enough when it was written"


def test_news_of_a_turn_that_is_lost_is_told_again(turning: Told) -> None:
    backup = turning.due("dump", "full")
    verifying = turning.world.tables["verify_backup"]
    turning.lose("verify_backup")
    before = last_read(turning, backup)
    watched(turning, 4)
    assert last_read(turning, backup) == before
    turning.world.tables["verify_backup"] = verifying

    watched(turning, 1)

    first, second = last_read(turning, backup)
    assert first > before[0]
    assert second == before[1], "the other region's turn is later"


def test_copies_that_nobody_reads_are_told_of_until_somebody_has(turning: Told) -> None:
    backup = turning.due("dump", "full")
    turning.say(BackupWatchDue())
    verifying = turning.world.tables["verify_backup"]
    turning.lose("verify_backup")
    watched(turning, 7.5)
    assert not {name for name in turning.open_alerts() if name.startswith("backup-unread/")}
    watched(turning, 1)
    late = {f"backup-unread/dump/{bucket}" for bucket in PLACES}
    assert late <= turning.open_alerts()
    turning.world.tables["verify_backup"] = verifying

    turning.read_again(backup)
    turning.say(BackupWatchDue())

    assert not late & turning.open_alerts()


def test_a_look_asks_for_a_bounded_share(turning: Told) -> None:
    for _ in range(6):
        turning.due("dump", "full")
    turning.say(BackupWatchDue(), wait=30 * 86_400)
    sizes = [b.bytes for b in turning.all(Backup)]
    read = [
        b
        for b in turning.all(Backup)
        if any(c.verified_at > b.started_at + WITHIN for c in b.copies)
    ]
    assert len(read) == 1, "one at least, and no more than the share of an hour"
    assert max(sizes) > 2 * sum(sizes) / 48

    watched(turning, 4)
    turned = [b for b in turning.all(Backup) if min(last_read(turning, b)) > b.started_at + WITHIN]
    assert len(turned) == 6, "and so everything in time"


def test_a_request_for_every_copy_is_not_lost_in_one_for_a_single_copy(turning: Told) -> None:
    backup = turning.due("dump", "full")
    before = last_read(turning, backup)
    now = turning.world.clock.now()
    job = VerifyJob(id=f"{backup.id}.verify", stage="verify", backup_id=backup.id, only="second")
    found = turning.one(VerifyJob, job.id)
    turning.put(msgspec.structs.replace(job, step=found.step + 1, fence=found.fence))

    turning.say(BackupReplicated(at=now, **backup.named))

    assert all(after > b for after, b in zip(last_read(turning, backup), before, strict=True))


def _one_rots(world: Any) -> None:
    backup = story._newest(world, "dump", "full")
    rot(world.buckets("second"), [*world.buckets("second").list(f"{backup.prefix}parts/")][-1].name)


DAYS = 86_400.0
TURNS = Story(
    (
        Step("a backup", 3600, story._say("b", BackupDue(service="shop", source="dump", class_="full"))),
        Step("the watch begins", 3600, story._say("w0", BackupWatchDue())),
        Step("one region's turn", 3.2 * DAYS, story._say("w1", BackupWatchDue())),
        Step("the other's, where it rots", 3.2 * DAYS, story._say("w2", BackupWatchDue()), _one_rots),
        Step("nobody's", 3600, story._say("w3", BackupWatchDue())),
    ),
    story.world,
    ("parked", "backups", "backup_jobs", "backup_series", "backup_watches"),
    functions=story.FUNCTIONS,
    observe=story.BACKUPS.observe,
    volatile=story.VOLATILE,
    steps_vary=True,
)  # fmt: skip


@pytest.mark.usefixtures("turning")
def test_dying_anywhere_in_a_turn_changes_nothing() -> None:
    told = Chapters(TURNS)
    (backup,) = (d for name, d in told.ends[-1]["documents"].items() if name.startswith("backups/"))
    assert [bool(copy["damage"]) for copy in backup["copies"]] == [False, True]
    for step, index, name in told.kinds():
        if step >= 2:
            run, wrong = told.crash(step, index)
            assert run.crashed
            assert wrong == [], f"died in “{TURNS.steps[step].name}” at {name} (number {index})"
