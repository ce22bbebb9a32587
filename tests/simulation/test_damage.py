"""Damage reaches whoever builds on it, and is neither overlooked nor forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import msgspec
import pytest

from tests.simulation import backup_story as story
from tests.simulation.backup_story import rot
from tests.simulation.backup_world import SECTION, of_shop, small
from tests.simulation.crash_points import Chapters
from tests.simulation.story import Step, Story
from tests.simulation.test_backup_order import Told
from toban.backups.documents import Backup, mark, unmark
from toban.backups.policy.copies import ReadBackResult, as_found
from toban.backups.policy.recovery import newest, usable
from toban.backups.section import RetentionRules
from toban.backups.storage import layout
from toban.backups.watching.watch import newest_points
from toban.backups.work.prune import PruneJob, weigh
from toban.backups.work.reading.judging import judge
from toban.backups.work.verify import VerifyJob
from toban.cli.backups.views import backup_view, status_in
from toban.cli.kit.terminal import Terminal
from toban.events import MinutePassed
from toban.events.backups import (
    BackupDue,
    BackupFinished,
    BackupReplicated,
    BackupWatchDue,
    PruneDue,
    PruneStepDue,
    RestoreRequested,
)
from toban.kernel.documents import Documents
from toban.kernel.event import Body, Event
from toban.ports.backup import Damaged, Fetch, FormatUnchecked, ObjectRef
from toban.sources.bucket.adapter import InventoryFormat
from toban.strictyaml.values import Seconds

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
    assert (found.status, gone.state, gone.locked) == ("deleting", "missing", "")
    assert held in there.locked
    assert (
        there.manifest
        == (what == layout.MANIFEST)
        == (second.stat(backup.prefix + layout.MANIFEST) is not None)
    )
    assert not [*run.world.buckets("primary").list(backup.prefix)]
    view = backup_view(found)
    assert view["copies"][1]["locked"] == there.locked
    assert status_in(found, Terminal("en", environ={})) == "locked, to be deleted"

    second.held.clear()
    run.say(MinutePassed(), wait=86_400 + 60)

    after = run.one(Backup, backup.id)
    assert (after.status, [c.locked for c in after.copies]) == ("deleted", ["", ""])
    assert not [*second.list(backup.prefix)]
    assert not run.one(PruneJob, f"{backup.id}.prune").locked


# --- read again by turns -------------------------------------------------------------------------

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
