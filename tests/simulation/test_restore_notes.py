"""While a restore reads a backup nothing of it is removed, nor of what it builds on; and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulation import backup_story as story
from tests.simulation.backup_world import small
from tests.simulation.test_backup_order import Told
from toban.backups.documents import Backup
from toban.backups.policy.restores import GivenUpCopy, Restore
from toban.backups.restoring import restore
from toban.backups.storage import layout
from toban.events import MinutePassed
from toban.events.backups import BackupWatchDue, PruneDue, PruneStepDue, RestoreRequested
from toban.kernel.errors import TryLater
from toban.kernel.handling.job import Continue, Failure

ROTTEN = GivenUpCopy(region="tokyo", bucket="nowhere", reason="a part is rotten", damaged=True)
BUSY = Continue(restore.POLL)
"""The other side goes on loading: a step ends, the restore does not."""


class Steps:
    """How every step of a restore ends: with a result, an exception, or what a function says."""

    def __init__(self) -> None:
        self.result: Any = None

    def __call__(self, result: Any) -> None:
        self.result = result

    def run(self, *_: object) -> Any:
        result = self.result() if callable(self.result) else self.result
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Steps:
    steps = Steps()
    monkeypatch.setattr(restore.RestoreHandler, "run", steps.run)
    return steps


@pytest.fixture
def told(step: Steps) -> Iterator[Told]:
    with small():
        yield Told(story=story.BACKUPS)


def ask(told: Told, backup: Backup, id: str, wait: float = 60) -> None:
    told.say(
        RestoreRequested(
            restore_id=id,
            service="shop",
            source=backup.source,
            backup_id=backup.id,
            purpose="recovery",
            target={"bucket": "target", "prefix": f"{id}/"},
            requested_by="aoki",
        ),
        wait,
    )


def notes(told: Told, backup: Backup) -> list[str]:
    return told.one(Backup, backup.id).restores


def copies(told: Told, backup: Backup) -> list[bool]:
    """Whether the manifest lies in each destination."""
    return [
        told.world.buckets(bucket).stat(backup.prefix + layout.MANIFEST) is not None
        for bucket in ("primary", "second")
    ]


def test_every_restore_notes_itself_and_takes_back_only_its_own_note(
    told: Told, step: Steps
) -> None:
    backup = told.due()
    step(BUSY)
    ask(told, backup, "r-1")
    assert notes(told, backup) == ["r-1"]
    ask(told, backup, "r-2")
    assert notes(told, backup) == ["r-1", "r-2"]
    told.say(MinutePassed(), 60)  # further steps change nothing
    assert notes(told, backup) == ["r-1", "r-2"]

    step(restore.Restored())
    told.world.clock.advance(60)
    told.put(told.one(Restore, "r-2"), over=True, status="finished")  # only the other one goes on
    told.say(MinutePassed(), 60)

    assert told.one(Restore, "r-1").status == "finished"
    assert notes(told, backup) == ["r-2"]


def test_what_is_being_read_is_not_removed_and_then_it_is(told: Told, step: Steps) -> None:
    told.due()  # the oldest is kept anyway
    backup = told.due()
    step(BUSY)
    ask(told, backup, "r-1")
    for _ in range(3):
        told.due()
    told.say(PruneDue())
    told.say(MinutePassed(), 60)
    assert told.one(Backup, backup.id).status == "verified"
    assert copies(told, backup) == [True, True]

    step(restore.Restored())
    told.say(MinutePassed(), 60)
    told.say(PruneDue())
    assert told.one(Backup, backup.id).status == "deleted"
    assert copies(told, backup) == [False, False]


def test_what_a_backup_builds_on_is_not_removed_while_it_is_being_read(
    told: Told, step: Steps
) -> None:
    told.due()  # the oldest are kept anyway
    told.due(class_="often")
    base = told.due()
    increment = told.due(class_="often")
    assert increment.needs == [base.id]
    step(BUSY)
    ask(told, increment, "r-1")
    for _ in range(3):
        told.due()
        told.due(class_="often")
    told.say(PruneDue())
    assert copies(told, increment) == copies(told, base) == [True, True]

    step(restore.Restored())
    told.say(MinutePassed(), 60)
    for _ in range(2):
        told.say(PruneDue())
    assert copies(told, increment) == copies(told, base) == [False, False]


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (restore.Restored(), "finished"),
        (Failure("the target is full"), "failed"),
        (restore.CopyDamaged("a part is rotten", ROTTEN), "failed"),
        (TryLater("never works"), "failed"),
    ],
    ids=["finished", "failed", "damaged", "given up"],
)
def test_however_a_restore_ends_it_lets_go(told: Told, step: Steps, end: Any, status: str) -> None:
    backup = told.due()
    told.put(told.one(Backup, backup.id), restores=["another"])
    step(end)
    ask(told, backup, "r-1")
    for _ in range(12):
        told.say(MinutePassed(), 600)
    assert told.one(Restore, "r-1").status == status
    assert notes(told, backup) == ["another"]


def test_between_two_tries_the_note_stays(told: Told, step: Steps) -> None:
    backup = told.due()
    step(BUSY)
    ask(told, backup, "r-1")
    seen = []

    def tried() -> Any:
        seen.append(notes(told, backup))
        return TryLater("not yet") if len(seen) < 4 else restore.Restored()

    step(tried)
    told.say(MinutePassed(), 60)
    assert seen == [["r-1"]] * 4
    assert notes(told, backup) == []


def test_a_restore_that_nobody_goes_on_with_lets_go_when_that_is_noticed(
    told: Told, step: Steps
) -> None:
    backup = told.due()
    told.put(told.one(Backup, backup.id), restores=["another"])
    step(BUSY)
    ask(told, backup, "r-1")
    told.say(BackupWatchDue())
    assert notes(told, backup) == ["another", "r-1"]
    told.say(BackupWatchDue(), 3 * 3600)
    assert told.one(Restore, "r-1").status == "failed"
    assert notes(told, backup) == ["another"]


def test_what_is_marked_for_removal_stays_when_a_restore_was_quicker(told: Told) -> None:
    told.due()
    backup = told.due()
    told.lose("prune_backups")
    told.due()
    told.world.bind()  # retention is listened to again
    told.put(told.one(Backup, backup.id), status="deleting", restores=["r-1"])
    told.say(PruneStepDue(**backup.named, step=0))
    assert told.one(Backup, backup.id).status == "verified"
    assert copies(told, backup) == [True, True]


def test_a_restore_of_what_is_being_removed_is_refused_and_notes_nothing(told: Told) -> None:
    backup = told.due()
    told.put(told.one(Backup, backup.id), status="deleting")
    ask(told, backup, "r-1")
    assert told.one(Restore, "r-1").reason == f"backup {backup.id} is deleting"
    assert notes(told, backup) == []
