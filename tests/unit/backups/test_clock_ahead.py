"""A backup that a clock ahead has dated never counts as the newest, whoever asks for that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.simulation.backup_world import PROFILES
from toban.adapters.local.memory.store import MemoryStore
from toban.backups.catalogue.plans import backup_id, slot_of
from toban.backups.catalogue.rebuild import advanced
from toban.backups.documents import Backup, Copy, RestoreTestResult, SeriesState
from toban.backups.policy.objectives import NewestBackup, assess, overdue, untested
from toban.backups.policy.pins import NotDatedAhead, NotPinned, discard
from toban.backups.policy.recovery import estimate, newest
from toban.backups.policy.restores import TestHistory, pair
from toban.backups.policy.retention import decide, removals
from toban.backups.policy.retention_terms import Policy, entry_of
from toban.backups.restoring.turns import choose
from toban.kernel.document import decode, encode
from toban.ports import Create

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AHEAD = NOW + 300 * DAY
(SHOP, _) = PROFILES


def backup(at: datetime, **more: object) -> Backup:
    fields: dict[str, object] = {
        "id": backup_id("shop", "files", "full", at),
        "service": "shop", "source": "files", "class_": "full", "kind": "bucket",
        "status": "verified", "slot": at, "started_at": at, "snapshot_at": at,
        "copies": [Copy(bucket="primary", region="tokyo", manifest=True, level="content")],
    } | more  # fmt: skip
    return Backup(**fields)  # type: ignore[arg-type]


REAL, FUTURE = backup(NOW - HOUR), backup(AHEAD)


def test_one_date_ahead_is_enough_and_a_few_minutes_are_none():
    assert FUTURE.is_ahead(NOW)
    assert not FUTURE.is_ahead(AHEAD), "its time has come"
    assert not REAL.is_ahead(NOW)
    assert not backup(NOW + timedelta(minutes=4)).is_ahead(NOW)
    for name in ("slot", "started_at", "snapshot_at"):
        assert msgspec.structs.replace(REAL, **{name: AHEAD}).is_ahead(NOW), name


def test_the_recovery_point_is_not_met_by_a_point_in_the_future():
    newest_points = {("files", "full"): NewestBackup(backup_id=FUTURE.id, point=AHEAD)}
    (state,) = assess(SHOP, newest_points, {}, NOW)
    assert (state.rpo_status, state.age_s, state.backups) == ("missed", None, [])
    late = overdue(SHOP, newest_points, NOW - 9 * DAY, NOW)
    assert ("files", "full", None) in [(o.source, o.class_, o.last) for o in late]


def test_a_profile_that_was_applied_ahead_of_now_excuses_nothing():
    assert not overdue(SHOP, {}, NOW, NOW)
    assert len(overdue(SHOP, {}, AHEAD, NOW)) == len(SHOP.backup.plans)


def test_a_restore_test_that_passed_ahead_of_now_proves_nothing():
    tested = {pair("files", "tokyo"): TestHistory(chosen=1, at=AHEAD, passed_at=AHEAD, seconds=1.0)}
    (late,) = untested(SHOP, tested, NOW - 91 * DAY, NOW)
    assert (late.source, late.last) == ("files", NOW - 91 * DAY)
    (unknown,) = untested(SHOP, {}, AHEAD, NOW)
    assert unknown.last == AHEAD, "nobody knows since when"
    (state,) = assess(SHOP, {}, tested, NOW)
    assert (state.rto_status, state.measured_s) == ("untested", None)


def test_a_turn_that_was_taken_ahead_of_now_comes_again():
    backups = [
        backup(NOW - HOUR, copies=[Copy(bucket=r, region=r, manifest=True, level="content")])
        for r in ("osaka", "tokyo")
    ]
    tested = {
        pair("files", "tokyo"): TestHistory(at=AHEAD),
        pair("files", "osaka"): TestHistory(at=NOW),
    }
    turn = choose(["files"], backups, tested, NOW)
    assert turn is not None
    assert turn.region == "tokyo"


def test_what_is_dated_ahead_is_neither_restored_nor_tested():
    both = [REAL, FUTURE]
    assert newest(both, None, now=NOW) == REAL
    assert newest(both, AHEAD + DAY, now=NOW) == REAL
    assert newest([FUTURE], None, now=NOW) is None
    for chosen in range(3):
        turn = choose(["files"], both, {pair("files", "tokyo"): TestHistory(chosen=chosen)}, NOW)
        assert turn is not None
        assert turn.backup == REAL
    assert choose(["files"], [FUTURE], {}, NOW) is None


def test_an_estimate_is_of_a_test_whose_clock_was_right():
    def result(at: datetime, seconds: float) -> RestoreTestResult:
        return RestoreTestResult(
            restore_id="t", region="tokyo", at=at, passed=True, seconds=seconds
        )

    tested = backup(NOW - DAY, tests=[result(NOW - HOUR, 40.0), result(AHEAD, 0.0)])
    known = estimate([tested], tested, "tokyo", now=NOW)
    assert known is not None
    assert known.seconds == 40.0


def test_a_rebuilt_series_forgets_a_newest_slot_that_lies_ahead():
    state = SeriesState(
        id="shop.files.full", service="shop", source="files", class_="full",
        newest_slot=AHEAD, finished=FUTURE.id,
    )  # fmt: skip
    found = msgspec.structs.replace(state, newest_slot=REAL.slot, finished=REAL.id)
    after = advanced(state, found, NOW)
    assert (after.newest_slot, after.finished) == (REAL.slot, REAL.id)


@pytest.mark.parametrize(
    "id", ["", "x", "shop.files.full.never", "shop.files.full.20261399T000000Z"]
)
def test_an_id_names_its_slot_or_none(id: str):
    assert slot_of(id) is None
    assert slot_of(REAL.id) == REAL.slot


# --- how a person gets rid of it ----------------------------------------------------------------


def test_what_begins_this_very_moment_is_not_ahead():
    def reasons(at: datetime) -> list[str]:
        failed = entry_of(backup(at, status="failed", copies=[]))
        (verdict,) = decide([failed], Policy(daily=1), NOW)
        return [str(reason) for reason in verdict.reasons]

    assert reasons(NOW + timedelta(seconds=1)) == ["future"]
    assert "future" not in reasons(NOW)


def test_retention_keeps_it_until_a_person_discards_it():
    policy = Policy(daily=1)
    kept = decide([entry_of(b) for b in (REAL, FUTURE)], policy, NOW)
    assert [(v.keep, str(v.reasons[0])) for v in kept][1] == (True, "future")

    gone = msgspec.structs.replace(FUTURE, discarded_by="aoki")
    entries = [entry_of(b) for b in (REAL, gone)]
    verdicts = decide(entries, policy, NOW)
    assert [(v.keep, str(v.reasons[0])) for v in verdicts][1] == (False, "discarded by aoki")
    assert removals(entries, verdicts, 1) == [gone.id]


def test_a_discarded_backup_stays_while_it_is_pinned_read_or_needed():
    for more in ({"pinned": True}, {"restores": ["r"]}):
        held = msgspec.structs.replace(FUTURE, discarded_by="aoki", **more)
        assert decide([entry_of(held)], Policy(daily=1), NOW)[0].keep
    gone = msgspec.structs.replace(FUTURE, discarded_by="aoki")
    upon = backup(NOW, needs=[gone.id])
    assert decide([entry_of(gone), entry_of(upon)], Policy(daily=1), NOW)[0].keep


def test_only_what_is_dated_ahead_can_be_discarded():
    store = MemoryStore()
    for each in (REAL, FUTURE):
        store.commit([Create(Backup.key(each.id), encode(each))])
    with pytest.raises(NotDatedAhead):
        discard(store, REAL.id, "aoki", NOW)
    with pytest.raises(NotPinned):
        discard(store, "nothing", "aoki", NOW)
    discard(store, FUTURE.id, "aoki", NOW)
    found = store.get([Backup.key(FUTURE.id)])[0]
    assert found is not None
    assert decode(Backup, found.data).discarded_by == "aoki"
