"""How a backup is removed: marked, judged once more, the manifests first; and what stops that."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.simulation.backup_world import PROFILES
from tests.unit.backups.test_start import HOUR, backup
from toban.adapters.local.files.buckets import MemoryBuckets
from toban.backups.documents import Backup
from toban.backups.jobs import BackupJob, job_id
from toban.backups.storage import layout
from toban.backups.work.prune import BLOCKED, FORGOTTEN, PruneHandler, policies
from toban.events.backups import BackupVerified, PruneDue, PruneStepDue
from toban.kernel.document import Document, encode
from toban.ports import Create, Update
from toban.ports.backup import DeleteBlocked
from toban.testing import NOON, TestPlatform

(SHOP, _) = PROFILES
DAY = 24 * HOUR


class World(TestPlatform):
    """`prune_backups` alone; every backup has a manifest and a part in both buckets."""

    def __init__(self, *documents: Document) -> None:
        self.there = MemoryBuckets()
        self.deleted: list[str] = []
        self.locked = False
        self.on_delete: Any = lambda: None
        resources: Any = SimpleNamespace(bucket=self._bucket)
        super().__init__(*PROFILES, handlers={"prune_backups": PruneHandler(resources).handlers()})
        for document in documents:
            self.keep(document)

    def keep(self, document: Document) -> None:
        key = document.key(document.id)
        (found,) = self.store.inner.get([key])
        data = encode(document)
        write = Create(key, data) if found is None else Update(key, data, found.version)
        self.store.inner.commit([write])
        if found is None and isinstance(document, Backup):
            for copy in document.copies:
                for name in (layout.MANIFEST, "part"):
                    self.there(copy.bucket).create(document.prefix + name, b"x", "text/plain")

    def _bucket(self, name: str) -> Any:
        inner = self.there(name)

        def delete(object: str) -> None:
            if self.locked:
                raise DeleteBlocked("a hold")
            self.on_delete()
            self.deleted.append(f"{name}:{object}")
            inner.delete(object)

        return SimpleNamespace(name=name, delete=delete, list=inner.list)

    def due(self, **more: Any) -> None:
        self.send(PruneDue(**more))
        self.drain()

    def statuses(self) -> dict[str, str]:
        return {found.id: found.status for found in self.documents(Backup)}

    @property
    def answer(self) -> dict[str, str]:
        (said,) = [found["answer"] for found in self.documents("receipts") if found["answer"]]
        return said


def made(days: float, **more: Any) -> Backup:
    at = NOON - days * DAY
    found = backup(at, **{"finished_at": at, **more})
    found.prefix = f"shop/{found.id}/"
    return found


OLD, SECOND, FIRST = made(9), made(1), made(0.1)
"""Two a day are kept (`backup_world.KEEP`): the oldest may go."""


def test_what_no_rule_keeps_is_removed_manifests_first():
    world = World(OLD, SECOND, FIRST)
    world.due()
    assert world.statuses() == {OLD.id: "deleted", SECOND.id: "verified", FIRST.id: "verified"}
    manifest = OLD.prefix + layout.MANIFEST
    assert world.deleted == [
        f"primary:{manifest}", f"second:{manifest}",
        f"primary:{OLD.prefix}part", f"second:{OLD.prefix}part",
    ]  # fmt: skip
    gone = world.document(Backup, OLD.id)
    assert (gone.deleted_at, gone.degraded) == (NOON, False)
    assert [(c.state, c.level) for c in gone.copies] == [("missing", None)] * 2
    job = world.document(BackupJob, job_id(OLD.id, "prune"))
    assert (job.over, job.done) == (True, 3)
    world.due()
    assert len(world.deleted) == 4, "once"


def test_a_person_hears_how_many_were_marked():
    world = World(OLD, made(8), SECOND, FIRST)
    world.due(service="shop", requested_by="aoki")
    assert world.answer == {"outcome": "looked", "marked": "2", "waits_until": ""}


@pytest.mark.parametrize("service", ["toban", "nothing"])
def test_only_the_service_that_was_asked_for_is_looked_at(service):
    world = World(OLD, SECOND, FIRST)
    world.due(service=service, requested_by="aoki")
    assert world.answer["marked"] == "0"
    assert world.deleted == []


def test_a_new_backup_that_counts_lets_an_old_one_go():
    world = World(OLD, SECOND, FIRST)
    world.send(BackupVerified(**FIRST.named, level="content", at=NOON))
    world.drain()
    assert world.statuses()[OLD.id] == "deleted"


def test_after_a_leap_of_the_clock_nothing_is_marked_and_a_person_hears_until_when():
    world = World(SECOND, FIRST)
    world.due()
    world.clock.advance(100 * HOUR)
    world.keep(OLD)
    world.due(requested_by="aoki")
    assert world.answer == {
        "outcome": "waits", "marked": "0", "waits_until": "2026-11-29T07:00:00.000000Z",
    }  # fmt: skip
    world.send(BackupVerified(**FIRST.named, level="content", at=NOON))
    world.drain()
    assert world.deleted == []


def marked(world: World, of: Backup, **more: Any) -> None:
    """Marked by an earlier look."""
    found = world.document(Backup, of.id)
    found.status, found.marked_from = "deleting", "verified"
    for name, value in more.items():
        setattr(found, name, value)
    world.keep(found)
    world.send(PruneStepDue(**of.named, step=0))
    world.drain()


@pytest.mark.parametrize("more", [{"pinned": True}, {"restores": ["r"]}])
def test_what_is_needed_again_before_it_has_begun_stays(more):
    world = World(OLD, SECOND, FIRST)
    marked(world, OLD, **more)
    assert world.statuses()[OLD.id] == "verified"
    assert world.deleted == []


def test_a_base_waits_for_what_builds_on_it():
    upper = made(5, needs=[OLD.id], pinned=True)
    world = World(OLD, upper, SECOND, FIRST)
    marked(world, OLD)
    assert (world.statuses()[OLD.id], world.deleted) == ("verified", [])
    upper = made(5, needs=[OLD.id], status="deleted")
    world = World(OLD, upper, SECOND, FIRST)
    marked(world, OLD)
    assert world.statuses()[OLD.id] == "deleted"


def test_once_it_has_begun_there_is_no_way_back():
    world = World(OLD, SECOND, FIRST)
    job = BackupJob(id=job_id(OLD.id, "prune"), stage="prune", backup_id=OLD.id, done=1)
    world.keep(job)
    marked(world, OLD, pinned=True)
    assert world.statuses()[OLD.id] == "deleted"


def test_a_step_of_what_is_not_marked_or_of_another_time_does_nothing():
    world = World(OLD, SECOND, FIRST)
    world.send(PruneStepDue(**OLD.named, step=0))
    world.send(PruneStepDue(**{**OLD.named, "backup_id": "gone"}, step=0))
    world.drain()
    assert world.deleted == []
    job = BackupJob(id=job_id(OLD.id, "prune"), stage="prune", backup_id=OLD.id, step=3)
    world.keep(job)
    marked(world, OLD)
    assert world.statuses()[OLD.id] == "deleting"


def test_a_locked_copy_is_tried_again_later_and_then_told():
    world = World(OLD, SECOND, FIRST)
    world.locked = True
    world.due()
    assert world.statuses()[OLD.id] == "deleting"
    assert world.deleted == []
    world.locked = False
    world.advance(BLOCKED)
    assert world.statuses()[OLD.id] == "deleted"


def test_a_long_removal_goes_on_in_steps():
    world = World(OLD, SECOND, FIRST)
    world.on_delete = lambda: world.clock.advance(150)
    world.due()
    assert world.statuses()[OLD.id] == "deleted"
    steps = [b.step for b in world.history if isinstance(b, PruneStepDue)]
    assert steps == [0, 1, 2]


def test_a_removal_whose_news_was_lost_is_taken_up_by_the_calendar_only():
    world = World(OLD, SECOND, FIRST)
    found = world.document(Backup, OLD.id)
    found.status, found.marked_from = "deleting", "verified"
    world.keep(found)
    world.send(BackupVerified(**FIRST.named, level="content", at=NOON))
    world.drain()
    assert world.statuses()[OLD.id] == "deleting"
    world.due()
    assert world.statuses()[OLD.id] == "deleted"


@pytest.mark.parametrize(
    ("idle", "taken"), [(timedelta(hours=2), False), (timedelta(hours=3), True)]
)
def test_a_removal_that_nobody_goes_on_with_is_taken_up_too(idle, taken):
    world = World(OLD, SECOND, FIRST)
    found = world.document(Backup, OLD.id)
    found.status, found.marked_from = "deleting", "verified"
    world.keep(found)
    world.keep(
        BackupJob(
            id=job_id(OLD.id, "prune"), stage="prune", backup_id=OLD.id, touched_at=NOON - idle
        )
    )
    world.due()
    assert (world.statuses()[OLD.id] == "deleted") == taken


def test_the_catalogue_forgets_what_was_removed_long_ago_with_its_jobs():
    stages: tuple[Any, ...] = ("take", "replicate", "verify", "prune")

    def world(gone: timedelta) -> World:
        old = made(400, status="deleted", deleted_at=NOON - gone)
        jobs = [BackupJob(id=job_id(old.id, s), stage=s, backup_id=old.id) for s in stages]
        found = World(old, *jobs, SECOND, FIRST)
        found.due()
        return found

    assert len(world(FORGOTTEN).statuses()) == 3
    after = world(FORGOTTEN + timedelta(seconds=1))
    assert sorted(after.statuses()) == sorted([SECOND.id, FIRST.id])
    assert after.documents(BackupJob) == []


def test_each_series_has_the_policy_of_its_plan_and_its_zone():
    found = policies(SHOP)
    assert len(found) == len(SHOP.backup.plans)
    assert found["shop", "files", "full"].daily == 2
    assert found["shop", "files", "full"].minimum_verified == SHOP.backup.minimum_verified
    assert found["shop", "files", "full"].zone == SHOP.service.timezone
