"""When a backup is begun: once for each slot, never two of a series at once, and on which base."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from tests.simulation.backup_world import PROFILES
from toban.backups.catalogue.plans import backup_id
from toban.backups.documents import Backup, Copy, SeriesState, series_id
from toban.backups.work import start
from toban.events.backups import BackupDue, BackupStepDue
from toban.kernel.document import encode
from toban.ports import Create
from toban.testing import NOON, TestPlatform

(SHOP, OTHER) = PROFILES
HOUR = timedelta(hours=1)
BOTH = tuple(
    Copy(bucket=d.bucket, region=d.region, manifest=True, level="content")
    for d in SHOP.backup.destinations
)


class World(TestPlatform):
    """`start_backup` alone, with some documents."""

    def __init__(self, *documents: Backup | SeriesState) -> None:
        super().__init__(*PROFILES, handlers={"start_backup": start.HANDLERS})
        for document in documents:
            self.store.inner.commit([Create(document.key(document.id), encode(document))])

    def due(self, class_: str = "full", source: str = "files", **more: object) -> list[str]:
        """What is begun, by id; a person is answered too."""
        before = {found.id for found in self.documents(Backup)}
        self.send(BackupDue(service="shop", source=source, class_=class_, **more))
        self.drain()
        begun = [found for found in self.documents(Backup) if found.id not in before]
        steps = [body.backup_id for body in self.published(BackupStepDue)]
        assert {found.id for found in begun} <= set(steps)
        return [found.id for found in begun]

    @property
    def answer(self) -> dict[str, str]:
        (said,) = [found["answer"] for found in self.documents("receipts") if found["answer"]]
        return said

    def series(self, class_: str = "full") -> SeriesState:
        found = self.document(SeriesState, series_id("shop", "files", class_))
        assert found is not None
        return found


def backup(at, class_: str = "full", status: str = "verified", copies=BOTH, **more) -> Backup:
    return Backup(**{
        "id": backup_id("shop", "files", class_, at), "service": "shop", "source": "files",
        "class_": class_, "kind": "bucket", "status": status, "slot": at, "started_at": at,
        "snapshot_at": at, "copies": list(copies), **more,
    })  # fmt: skip


def state(class_: str = "full", **more) -> SeriesState:
    id = series_id("shop", "files", class_)
    return SeriesState(id=id, service="shop", source="files", class_=class_, **more)


def test_a_slot_is_one_backup_however_often_its_message_comes():
    world = World()
    (id,) = world.due()
    assert id == backup_id("shop", "files", "full", NOON)
    begun = world.document(Backup, id)
    assert (begun.status, begun.slot, begun.started_at) == ("running", NOON, NOON)
    assert [(c.bucket, c.manifest) for c in begun.copies] == [(c.bucket, False) for c in BOTH]
    assert (world.series().newest_slot, world.series().running) == (NOON, id)
    assert world.due() == []
    world.clock.advance(50 * 60)
    assert world.due() == []


def test_the_next_slot_waits_for_a_run_of_the_series_and_says_so_to_whoever_asked():
    world = World()
    (id,) = world.due()
    world.clock.advance(2 * HOUR)
    assert world.due() == []
    assert world.due(requested_by="aoki") == []
    assert world.answer == {"outcome": "running", "backup": id}
    assert len(world.due("often")) == 1, "another series"


@pytest.mark.parametrize(
    "left",
    [
        (),
        (backup(NOON - 9 * HOUR, status="failed"),),
        (backup(NOON + 900 * HOUR, status="running"),),
    ],
    ids=["gone", "over", "dated ahead"],
)
def test_a_run_that_is_none_blocks_nothing(left):
    running = left[0].id if left else "shop.files.full.gone"
    assert len(World(state(running=running), *left).due()) == 1


def test_a_slot_that_has_passed_or_lies_there_already_is_not_begun():
    for documents in (
        (state(newest_slot=NOON),),
        (state(newest_slot=NOON + timedelta(minutes=4)),),
        (backup(NOON, status="failed"),),
    ):
        world = World(*documents)
        assert world.due() == []
        assert world.published(BackupStepDue) == []
    assert len(World(state(newest_slot=NOON - HOUR)).due()) == 1
    assert len(World(state(newest_slot=NOON + 900 * HOUR)).due()) == 1, "a clock was ahead"


def test_a_person_gets_one_now_of_the_moment_of_the_request():
    world = World(state(newest_slot=NOON))
    world.clock.advance(95)
    asked = NOON + timedelta(seconds=90, microseconds=7)
    (id,) = world.due(requested_by="aoki", asked_at=asked)
    assert id == backup_id("shop", "files", "full", NOON + timedelta(seconds=90))
    assert world.document(Backup, id).requested_by == "aoki"
    assert world.answer == {"outcome": "started", "backup": id}


def test_a_request_that_is_dated_ahead_is_of_now():
    (id,) = World().due(requested_by="aoki", asked_at=NOON + 900 * HOUR)
    assert id == backup_id("shop", "files", "full", NOON)


@pytest.mark.parametrize(("source", "class_"), [("files", "never"), ("nothing", "full")])
def test_what_the_profile_does_not_plan_is_answered(source, class_):
    world = World()
    assert world.due(class_, source, requested_by="aoki") == []
    assert world.answer == {"outcome": "no-plan", "backup": ""}


# --- on what it builds -------------------------------------------------------------------------


def needs(*verified: Backup, class_: str = "often") -> list[str]:
    world = World(*verified)
    (id,) = world.due(class_)
    return world.document(Backup, id).needs


def test_an_increment_builds_on_the_newest_whole_one_and_all_that_it_needs():
    old, new = backup(NOON - 9 * HOUR), backup(NOON - 5 * HOUR, "often")
    new.needs = [old.id]
    assert needs(old, new) == [new.id, old.id]
    assert needs(old) == [old.id]
    assert needs() == []
    assert needs(old, class_="full") == []


def test_a_chain_does_not_go_on_through_what_is_hurt_unproven_or_dated_ahead():
    old = backup(NOON - 9 * HOUR)
    hurt = backup(NOON - 5 * HOUR, copies=[msgspec.structs.replace(c, damage="x") for c in BOTH])
    for other in (
        hurt,
        backup(NOON - 5 * HOUR, status="finished"),
        backup(NOON - 5 * HOUR, source="media"),
        backup(NOON - 5 * HOUR, service="search"),
        backup(NOON + 900 * HOUR),
    ):
        assert needs(old, other) == [old.id]


def test_after_a_hundred_increments_a_full_one_begins_a_new_chain():
    chain = [backup(NOON - (200 - n) * HOUR) for n in range(100)]
    ids = [found.id for found in chain]
    last = backup(NOON - HOUR, "often", needs=ids)
    assert needs(*chain, last) == []
    last.needs = ids[1:]
    assert needs(*chain, last) == [last.id, *ids[1:]]
