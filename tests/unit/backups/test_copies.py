"""What reading a copy proves, what follows for the backup, and which copy a recovery reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from toban.backups.documents import Backup, Copy, mark, settle, standing, unmark
from toban.backups.policy.copies import (
    TOLD,
    ReadBackResult,
    best_base,
    copy_in,
    judged,
    note_damage,
    on_bases,
    proven_there,
    restorable,
)
from toban.backups.policy.recovery import another, newest, usable
from toban.backups.policy.retention_terms import doubtful
from toban.kernel.status import IllegalTransitionError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
READ = Copy(bucket="t", region="tokyo", manifest=True, level="content", verified_at=NOW - HOUR)
UNREAD = Copy(bucket="t", region="tokyo", manifest=True)
MISSING = Copy(bucket="t", region="tokyo")


def changed(copy: Copy, **changes) -> Copy:
    return msgspec.structs.replace(copy, **changes)


DAMAGED = changed(READ, level=None, damage="rotten")
UNREADABLE = changed(READ, unreadable="timed out")


def osaka(copy: Copy) -> Copy:
    return changed(copy, bucket="o", region="osaka")


def backup(*copies: Copy, id: str = "b", status: str = "verified", **more) -> Backup:
    given = {"snapshot_at": NOW, "finished_at": NOW, **more}
    return Backup(
        id=id, service="shop", source="db", class_="daily", kind="logs", status=status,
        slot=NOW, started_at=NOW, copies=list(copies), **given,
    )  # fmt: skip


# --- one copy ----------------------------------------------------------------------------------


def test_what_passed_is_proven_and_whatever_was_said_of_it_before_is_over():
    for before in (UNREAD, MISSING, DAMAGED, UNREADABLE):
        after = judged(before, ReadBackResult(read_at=NOW, level="format"))
        assert (after.state, after.level, after.verified_at) == ("verified", "format", NOW)


def test_a_restore_test_has_proven_more_than_reading_back_can():
    restored = changed(READ, level="restored")
    assert judged(restored, ReadBackResult(read_at=NOW, level="content")).level == "restored"
    assert judged(READ, ReadBackResult(read_at=NOW, level="objects")).level == "objects"


def test_damage_takes_the_proof_and_a_missing_manifest_the_copy():
    found = judged(UNREADABLE, ReadBackResult(read_at=NOW, damage="x" * 900))
    assert (found.state, found.level, found.damage) == ("damaged", None, "x" * TOLD)
    assert found.unreadable == ""
    gone = judged(READ, ReadBackResult(read_at=NOW, damage="gone", missing=True))
    assert (gone.state, gone.damage) == ("missing", "gone")
    assert not judged(MISSING, ReadBackResult(read_at=NOW, damage="rotten")).manifest


@pytest.mark.parametrize(
    "reading",
    [
        ReadBackResult(read_at=NOW, unreadable="y" * 900),
        ReadBackResult(read_at=NOW, damage="y" * 900, base="earlier"),
    ],
    ids=["no answer", "its base is damaged"],
)
def test_what_could_not_be_read_is_not_called_damaged_and_known_damage_stays(reading):
    found = judged(READ, reading)
    assert (found.state, found.unreadable, found.damage) == ("unreadable", "y" * TOLD, "")
    assert judged(DAMAGED, reading) == changed(DAMAGED, read_at=NOW)
    assert reading.trouble


def test_what_cannot_be_checked_here_leaves_everything_as_it_was():
    reading = ReadBackResult(read_at=NOW, unchecked="no pg_restore")
    for copy in (READ, DAMAGED):
        assert judged(copy, reading) == changed(copy, read_at=NOW)
    assert reading.trouble == "no pg_restore"
    assert ReadBackResult(read_at=NOW, level="content").trouble == ""


# --- the backup --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("copies", "status", "degraded"),
    [
        ((READ, osaka(READ)), "verified", False),
        ((READ, osaka(DAMAGED)), "verified", True),
        ((READ, osaka(UNREADABLE)), "verified", True),
        ((UNREAD, osaka(DAMAGED)), "finished", True),
        ((UNREADABLE, osaka(DAMAGED)), "finished", True),
        ((DAMAGED, osaka(DAMAGED)), "failed", True),
        ((DAMAGED, osaka(MISSING)), "failed", True),
        ((UNREAD, osaka(MISSING)), "finished", False),
    ],
)
def test_a_backup_is_what_its_copies_are(copies, status, degraded):
    for before in ("finished", "verified", "failed"):
        found = backup(*copies, status=before)
        settle(found)
        assert (found.status, found.degraded) == (status, degraded)


def test_copies_decide_nothing_of_what_is_not_judged_by_them():
    for status in ("running", "partial", "unchanged", "deleting", "deleted"):
        assert standing(backup(READ, status=status)) == status
    assert standing(backup(MISSING, status="verified")) == "verified", "nothing is known of it"


def test_it_says_when_it_was_first_found_verified():
    found = backup(READ, osaka(changed(READ, verified_at=NOW)), status="finished")
    settle(found)
    assert found.verified_at == NOW
    found.copies = [changed(READ, verified_at=NOW + HOUR)]
    settle(found)
    assert found.verified_at == NOW
    assert backup(READ, osaka(changed(READ, level="objects"))).level == "objects"
    assert backup(DAMAGED).level is None


def test_without_its_mark_it_is_again_what_its_copies_say():
    kept = backup(READ, status="verified")
    mark(kept)
    assert (kept.status, kept.marked_from) == ("deleting", "verified")
    kept.copies = [DAMAGED]
    unmark(kept)
    assert (kept.status, kept.degraded, kept.marked_from) == ("failed", True, None)


@pytest.mark.parametrize("status", ["finished", "verified", "failed", "partial", "unchanged"])
def test_whatever_has_ended_may_be_removed_and_kept_after_all(status):
    kept = backup(status=status)
    mark(kept)
    assert kept.status == "deleting"
    unmark(kept)
    assert kept.status == status


def test_what_runs_or_is_gone_is_not_removed():
    for status in ("running", "deleted"):
        with pytest.raises(IllegalTransitionError):
            mark(backup(status=status))


@pytest.mark.parametrize(
    ("copies", "more", "status"),
    [
        ((READ,), {}, "verified"),
        ((UNREAD,), {}, "finished"),
        ((DAMAGED,), {}, "failed"),
        ((), {"finished_at": None, "parts": 2}, "partial"),
        ((), {"finished_at": None}, "failed"),
    ],
)
def test_a_mark_of_an_earlier_release_is_taken_back_by_what_can_be_told(copies, more, status):
    marked = backup(*copies, status="deleting", **more)
    unmark(marked)
    assert marked.status == status


def test_a_copy_that_may_be_whole_though_it_does_not_count_is_doubtful():
    never = changed(UNREADABLE, level=None)
    assert doubtful(backup(UNREADABLE, osaka(READ))) == [UNREADABLE]
    assert doubtful(backup(never, osaka(READ))) == []
    assert doubtful(backup(never, osaka(DAMAGED))) == [never]
    assert doubtful(backup(UNREAD, osaka(DAMAGED))) == [UNREAD]
    assert doubtful(backup(UNREAD, osaka(READ), changed(MISSING, bucket="s"))) == []


# --- what builds on others ---------------------------------------------------------------------


def test_below_content_the_bases_have_to_be_proven_in_the_same_bucket():
    bases = {"x": backup(READ, id="x"), "y": backup(osaka(READ), DAMAGED, id="y"), "z": None}
    low, high = (ReadBackResult(read_at=NOW, level=level) for level in ("checksums", "content"))
    assert proven_there(bases, "t") == ["x"]
    assert proven_there(bases, "o") == ["y"]
    assert on_bases(high, "t", bases) == high, "what it needs was read with it"
    assert on_bases(low, "t", {"x": bases["x"]}) == low
    found = on_bases(low, "t", {"x": bases["x"], "y": bases["y"]})
    assert (found.level, found.read_at) == (None, NOW)
    assert found.unreadable == "t: it builds on y, which is damaged there"
    assert on_bases(low, "o", {"x": bases["x"]}).unreadable.endswith("x, which is missing there")
    assert on_bases(low, "t", {"z": None}).unreadable.endswith("z, which is missing there")
    damaged = ReadBackResult(read_at=NOW, damage="rotten")
    assert on_bases(damaged, "t", {"z": None}) == damaged


def test_damage_that_was_found_through_another_backup_is_noted_where_it_lies():
    base = backup(READ, osaka(READ), id="x")
    note_damage(base, "o", "part 3")
    assert [copy.damage for copy in base.copies] == ["", "part 3"]
    assert (base.status, base.degraded) == ("verified", True)
    note_damage(base, "t", "part 4")
    assert base.status == "failed"
    going = backup(READ, id="x", status="deleting")
    note_damage(going, "t", "part 5")
    assert (going.status, going.copies[0].damage) == ("deleting", "part 5")
    gone = backup(READ, id="x", status="deleted")
    note_damage(gone, "t", "part 5")
    assert gone.copies == [READ]
    absent = backup(osaka(READ), MISSING, id="x")
    note_damage(absent, "t", "part 6")
    assert copy_in(absent, "t") == MISSING, "what is not there is not damaged"


def test_one_region_restores_alone():
    base = backup(READ, osaka(DAMAGED), id="x")
    upper = backup(READ, osaka(READ), id="y", needs=["x"])
    assert restorable(upper, {"x": base}) == [READ]
    assert restorable(upper, {}) == []
    assert restorable(backup(UNREAD, osaka(READ)), {}) == [osaka(READ)]
    assert copy_in(upper, "nowhere") is None


def test_the_base_is_the_newest_that_is_proven_everywhere_or_else_in_the_first_bucket():
    def at(hours: int, *copies: Copy, **more) -> Backup:
        return backup(*copies, id=f"at-{hours}", snapshot_at=NOW + hours * HOUR, **more)

    both, newer = at(1, READ, osaka(READ)), at(2, READ, osaka(DAMAGED))
    elsewhere = at(3, DAMAGED, osaka(READ))
    assert best_base([both, newer, elsewhere], ["t", "o"]) == both
    assert best_base([both, newer, elsewhere], ["t"]) == newer
    assert best_base([newer, elsewhere], ["t", "o"]) == newer
    assert best_base([elsewhere], ["t", "o"]) is None
    assert best_base([both], []) is None
    broken = at(4, READ, osaka(READ), needs=["at-3"])
    assert best_base([both, elsewhere, broken], ["t", "o"]) == both
    begun = backup(READ, id="begun", snapshot_at=None)
    assert best_base([both, begun], ["t"]) == both


# --- which copy is read ------------------------------------------------------------------------


def test_a_restore_reads_what_is_proven_then_what_is_unread_then_what_did_not_answer():
    third = changed(UNREADABLE, bucket="s", region="seoul")
    everywhere = backup(third, osaka(UNREAD), READ)
    assert usable(everywhere) == READ
    assert usable(backup(third, osaka(UNREAD))) == osaka(UNREAD)
    assert usable(backup(third)) == third
    assert usable(everywhere, "osaka") == osaka(UNREAD)
    assert usable(everywhere, "paris") is None
    assert usable(backup(DAMAGED, osaka(MISSING))) is None


def test_a_copy_whose_base_is_whole_comes_before_one_that_stands_alone():
    base = backup(DAMAGED, osaka(READ), id="x")
    upper = backup(READ, osaka(READ), needs=["x"])
    assert usable(upper, bases={"x": base}) == osaka(READ)
    assert usable(upper) == READ


def test_after_one_copy_the_next_proven_one_in_another_bucket():
    found = backup(READ, osaka(READ), changed(UNREAD, bucket="s"))
    assert another(found, {}, {"t"}) == osaka(READ)
    assert another(found, {}, {"t", "o"}) is None


def test_the_newest_restore_point_is_verified_in_time_and_in_the_region():
    def at(hours: int, *copies: Copy, **more) -> Backup:
        return backup(*copies, id=f"at{hours:+}", snapshot_at=NOW + hours * HOUR, **more)

    old, new = at(-9, READ, osaka(READ)), at(-5, READ)
    everything = [old, new, at(-1, UNREAD, status="finished"), at(48, READ)]
    assert newest(everything, None, now=NOW) == new
    assert newest(everything, NOW - 5 * HOUR, now=NOW) == new
    assert newest(everything, NOW - 6 * HOUR, now=NOW) == old
    assert newest(everything, None, "osaka", now=NOW) == old
    assert newest(everything, NOW - 99 * HOUR, now=NOW) is None
