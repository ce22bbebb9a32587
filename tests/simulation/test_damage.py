"""Damage reaches whoever builds on it, and is neither overlooked nor forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import msgspec
import pytest

from tests.simulation import backup_story as story
from tests.simulation.backup_story import rot
from tests.simulation.backup_world import small
from tests.simulation.test_backup_order import Told
from toban.backups.documents import Backup, mark, unmark
from toban.backups.found import as_found
from toban.backups.policy.copies import ReadBackResult
from toban.backups.policy.recovery import newest, usable
from toban.backups.storage import layout
from toban.backups.watching.watch import newest_points
from toban.backups.work.prune import PruneJob, weigh
from toban.backups.work.reading.judging import judge
from toban.cli.backups.views import backup_view, status_in
from toban.cli.kit.terminal import Terminal
from toban.events import MinutePassed
from toban.events.backups import (
    BackupFinished,
    BackupReplicated,
    PruneDue,
    PruneStepDue,
    RestoreRequested,
)
from toban.kernel.documents import Documents
from toban.kernel.event import Body, Event
from toban.ports.backup import Damaged, Fetch, FormatUnchecked, ObjectRef
from toban.sources.bucket.adapter import InventoryFormat

PLACES = ("primary", "second")


@pytest.fixture
def run() -> Iterator[Told]:
    with small():
        yield Told(story=story.BACKUPS)


def seen(run: Told, backup: Backup) -> Backup:
    known = {b.id: b for b in run.all(Backup)}
    return as_found(known[backup.id], known)


def spoil(run: Told, backup: Backup, bucket: str, what: str = "parts/") -> str:
    """One bit of the last part of a copy falls over, or of all its objects; the last name."""
    objects = run.world.buckets(bucket)
    names = [i.name for i in objects.list(backup.prefix + what)]
    for name in names if what == layout.OBJECTS else names[-1:]:
        rot(objects, name)
    return names[-1]


def _event(run: Told, kind: Callable[..., Body], backup: Backup) -> Event:
    now = run.world.clock.now()
    return Event(id="e", source="/test", time=now, body=kind(at=now, **backup.named))


def documents(run: Told) -> Documents:
    return Documents(run.world.memory, run.world.clock.now())


def service(run: Told) -> Any:
    return story.PROFILES[0]


# --- damage of a base ----------------------------------------------------------------------------


@pytest.fixture
def chain(run: Told) -> tuple[Backup, Backup, Backup]:
    """A full backup and two increments, each on the one before."""
    full = run.due()
    story._more_files(run.world)
    first = run.due("files", "often")
    run.world.buckets("data").create("a/last", b"last" * 100)
    second = run.due("files", "often")
    assert (second.needs[0], first.needs) == (first.id, [full.id])
    return full, first, second


def by_its_own_verification(run: Told, full: Backup, first: Backup, second: Backup) -> None:
    run.read_again(full)


def by_a_restore_of_an_increment(run: Told, full: Backup, first: Backup, second: Backup) -> None:
    run.say(
        RestoreRequested(
            restore_id="r", service="shop", source="files", backup_id=second.id,
            purpose="recovery", region="tokyo", target={"bucket": "target"}, requested_by="aoki",
        )
    )  # fmt: skip


@pytest.mark.parametrize("found", [by_its_own_verification, by_a_restore_of_an_increment])
def test_damage_of_a_base_reaches_every_increment_however_it_was_found(
    run: Told,
    chain: tuple[Backup, Backup, Backup],
    found: Callable[[Told, Backup, Backup, Backup], None],
) -> None:
    full, first, second = chain
    spoil(run, full, "primary", layout.OBJECTS)
    for increment in (first, second):
        assert seen(run, increment).copies[0].proven

    found(run, full, first, second)

    assert [c.state for c in run.one(Backup, full.id).copies] == ["damaged", "verified"]
    for increment in (first, second):
        here, there = seen(run, increment).copies
        assert (here.state, there.state) == ("unreadable", "verified")
    here = seen(run, first).copies[0]
    assert f"it builds on {full.id}, which is damaged there" in here.unreadable
    known = {b.id: b for b in run.all(Backup)}
    copy = usable(known[second.id], "", known)
    assert copy is not None
    assert copy.bucket == "second", "a restore reads where all of it is whole"
    assert "backup-copy/files/often/primary" in run.open_alerts()
    assert "backup-copy/files/often/second" not in run.open_alerts()
    weighed = weigh(service(run), documents(run))
    assert all(v.keep for v in weighed.verdicts if v.id in known)

    run.say(BackupFinished(at=run.world.clock.now(), bytes=0, **full.named))
    run.read_again(first)
    run.read_again(second)

    assert all(c.proven for b in chain for c in seen(run, b).copies), "mended with its base"
    assert not any(name.startswith("backup-copy/") for name in run.open_alerts())


def test_an_increment_of_a_base_that_is_whole_nowhere_is_no_restore_point(
    run: Told, chain: tuple[Backup, Backup, Backup]
) -> None:
    full, _, second = chain
    for bucket in PLACES:
        spoil(run, full, bucket, layout.OBJECTS)
    point = newest_points(service(run), documents(run))["files", "often"]
    assert point.backup_id == second.id

    run.read_again(full)

    shown = seen(run, second)
    assert (shown.status, shown.level, shown.degraded) == ("finished", None, True)
    assert ("files", "often") not in newest_points(service(run), documents(run))
    backups = [b for b in run.all(Backup) if b.source == "files"]
    assert newest(backups, None, now=run.world.clock.now()) is None


def test_damage_that_is_met_while_an_increment_is_taken_reaches_the_base(run: Told) -> None:
    full = run.due()
    spoil(run, full, "primary")

    failed = run.due("files", "often")

    assert (failed.status in ("failed", "partial"), failed.needs) == (True, [full.id])
    assert [c.state for c in run.one(Backup, full.id).copies] == ["damaged", "verified"]
    assert "backup-copy/files/full/primary" in run.open_alerts()
    after = run.due("files", "often")
    assert (after.status, after.needs) == ("verified", []), "the next one begins anew"


# --- reading whole -------------------------------------------------------------------------------


def _stops(pieces: Iterator[bytes], _: Fetch) -> dict[str, int]:
    next(pieces)
    return {"bytes": 1}


def _ends_it(pieces: Iterator[bytes], _: Fetch) -> dict[str, int]:
    next(pieces)
    getattr(pieces, "close", lambda: None)()
    return {"bytes": 1}


def _goes_on(pieces: Iterator[bytes], _: Fetch) -> dict[str, int]:
    try:
        return {"bytes": sum(map(len, pieces))}
    except Damaged:
        return {"bytes": 1}


def _has_no_tool(pieces: Iterator[bytes], _: Fetch) -> dict[str, int]:
    raise FormatUnchecked("no such tool here")


@pytest.mark.parametrize("what", ["parts/", layout.OBJECTS])
@pytest.mark.parametrize("check", [_stops, _ends_it, _goes_on, _has_no_tool])
def test_a_rotten_tail_is_found_whatever_its_format_reads(
    run: Told, check: Callable[[Iterator[bytes], Fetch], dict[str, int]], what: str
) -> None:
    backup = run.due("media", "full")
    assert backup.status == "verified"
    name = spoil(run, backup, "primary", what)

    with mock.patch.object(InventoryFormat, "check", lambda _, *given: check(*given)):
        run.read_again(backup)

    copy = run.one(Backup, backup.id).copies[0]
    assert copy.state == "damaged"
    assert name.removesuffix("/000001") in copy.damage


def test_a_format_that_names_objects_without_reading_its_stream_verifies_nothing(run: Told) -> None:
    def refs(_: Any, pieces: Iterator[bytes]) -> Iterator[ObjectRef]:
        next(pieces)
        return iter(())

    with mock.patch.object(InventoryFormat, "object_refs", refs):
        backup = run.due("media", "full")

    assert backup.status == "finished"
    assert "has not read the whole stream" in backup.reason


# --- kept after all ------------------------------------------------------------------------------


def test_a_damaged_backup_that_is_kept_after_all_comes_back_as_it_was(run: Told) -> None:
    backup = run.due("dump", "full")
    run.damage(backup)
    before = run.one(Backup, backup.id)
    marked = run.one(Backup, backup.id)
    mark(marked)
    run.put(marked, pinned=True)

    run.say(PruneStepDue(step=0, **backup.named))

    after = run.one(Backup, backup.id)
    assert (after.status, after.degraded, after.copies) == ("failed", True, before.copies)


def test_what_is_found_while_a_backup_is_marked_stays_found(run: Told) -> None:
    full = run.due()
    story._more_files(run.world)
    often = run.due("files", "often")
    spoil(run, full, "primary", layout.OBJECTS)
    marked = run.one(Backup, full.id)
    mark(marked)
    run.put(marked)
    read = {"primary": ReadBackResult(read_at=run.world.clock.now(), damage="rotten")}
    work = run.world.platform.work("verify_backup", _event(run, BackupReplicated, full))
    base = work.get(Backup, full.id)
    assert base is not None
    judge(base, read, {}, work)
    assert not work.emitted, "it is being removed: nobody is called"

    run.read_again(often)

    found = run.one(Backup, full.id)
    assert (found.status, found.copies[0].state) == ("deleting", "damaged")
    unmark(found)
    assert (found.status, found.degraded) == ("verified", True)
    unmark(base)
    assert (base.copies[0].state, base.degraded) == ("damaged", True)


# --- unchanged since -----------------------------------------------------------------------------


def _rotten(run: Told, backup: Backup) -> None:
    for bucket in PLACES:
        spoil(run, backup, bucket)
    run.read_again(backup)


def _rotten_in_one_place(run: Told, backup: Backup) -> None:
    spoil(run, backup, "second")
    run.read_again(backup)


def _never_proven(run: Told, backup: Backup) -> None:
    unread = [msgspec.structs.replace(c, level=None) for c in backup.copies]
    run.put(backup, status="finished", copies=unread, reason="abandoned: no sign of life")


@pytest.mark.parametrize("hurt", [_rotten, _rotten_in_one_place, _never_proven])
def test_what_was_not_changed_since_a_damaged_backup_is_taken_again(
    run: Told, hurt: Callable[[Told, Backup], None]
) -> None:
    first = run.due("config", "looked")
    assert run.due("config", "looked").id == first.id, "it has not changed"
    hurt(run, run.one(Backup, first.id))

    again = run.due("config", "looked")

    assert (again.status, again.id == first.id) == ("verified", False)
    assert run.due("config", "looked").id == again.id


# --- locked --------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", [layout.MANIFEST, "parts/"])
def test_a_locked_copy_is_recorded_as_locked_and_removed_once_it_is_not(
    run: Told, what: str
) -> None:
    backup = run.due("dump", "full")
    second = run.world.buckets("second")
    held = [i.name for i in second.list(backup.prefix + what)][-1]
    second.held.add(held)
    for _ in range(4):
        run.say(PruneDue(), wait=23 * 3600)
        run.due("dump", "full")

    found = run.one(Backup, backup.id)
    gone, there = found.copies
    assert (found.status, gone.state, gone.held) == ("deleting", "missing", "")
    assert held in there.held
    assert (
        there.manifest
        == (what == layout.MANIFEST)
        == (second.stat(backup.prefix + layout.MANIFEST) is not None)
    )
    assert not [*run.world.buckets("primary").list(backup.prefix)]
    view = backup_view(found)
    assert view["copies"][1]["held"] == there.held
    assert status_in(found, Terminal("en", environ={})) == "locked, to be deleted"

    second.held.clear()
    run.say(MinutePassed(), wait=86_400 + 60)

    after = run.one(Backup, backup.id)
    assert (after.status, [c.held for c in after.copies]) == ("deleted", ["", ""])
    assert not [*second.list(backup.prefix)]
    assert not run.one(PruneJob, f"{backup.id}.prune").held
