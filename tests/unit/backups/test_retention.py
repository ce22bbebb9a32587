"""Retention by example: what is kept, what may go, and the reason given for either."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from toban.backups.documents import Backup, Copy
from toban.backups.policy.retention import (
    Policy,
    RetentionEntry,
    decide,
    entry_of,
    policy_of,
    removals,
)
from toban.backups.section import RetentionRules

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # a Sunday
TONIGHT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
GFS = Policy(daily=7, weekly=4, monthly=12)
ONE = Policy(daily=1)


def backup(days: float = 0, status: str = "verified", /, **fields: object) -> RetentionEntry:
    """A nightly backup of `days` ago, named after it."""
    given = {"id": f"{status}-{days:g}", "started_at": TONIGHT - timedelta(days=days), **fields}
    return RetentionEntry(status=status, **given)


def at(id_: str, moment: str, zone: str = "UTC", **fields: object) -> RetentionEntry:
    started = datetime.fromisoformat(moment)
    if started.tzinfo is None:
        started = started.replace(tzinfo=ZoneInfo(zone))
    return RetentionEntry(id=id_, status="verified", started_at=started, **fields)


def told(entries: list[RetentionEntry], policy, now: datetime = NOW) -> dict[str, list[str]]:
    """Reasons of what is kept."""
    verdicts = decide(entries, policy, now)
    return {v.id: [str(reason) for reason in v.reasons] for v in verdicts if v.keep}


def against(entries: list[RetentionEntry], policy, now: datetime = NOW) -> dict[str, list[str]]:
    """Reasons for what may go."""
    verdicts = decide(entries, policy, now)
    return {v.id: [str(reason) for reason in v.reasons] for v in verdicts if not v.keep}


# --- counted periods -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        pytest.param(range(800), 21, id="two years and more"),
        pytest.param(range(40, 840), 20, id="after an outage of 40 days"),
        pytest.param(range(20), 10, id="the first 20 days"),
    ],
)
def test_daily_7_weekly_4_monthly_12_keeps_what_restic_keeps(days, kept):
    assert len(told([backup(n) for n in days], GFS)) == kept


def test_the_newest_of_each_period_is_kept_and_one_backup_may_serve_several_rules():
    nights = [backup(n) for n in range(12)]
    assert told(nights, Policy(daily=3, weekly=2, monthly=1)) == {
        "verified-0": [
            "daily 2026-11-22", "weekly 2026-W47", "monthly 2026-11", "minimum verified",
        ],
        "verified-1": ["daily 2026-11-21"],
        "verified-2": ["daily 2026-11-20"],
        "verified-7": ["weekly 2026-W46"],
    }  # fmt: skip


def test_of_one_day_only_the_newest_is_kept():
    hours = [at(f"h{n}", f"2026-11-21T{n:02}:00Z") for n in range(24)]
    assert list(told(hours, ONE)) == ["h23"]


def test_days_without_a_backup_use_no_slot():
    nights = [backup(n) for n in (0, 1, 45, 46, 90, 91)]
    assert list(told(nights, Policy(daily=4))) == [f"verified-{n}" for n in (0, 1, 45, 46)]


def test_while_slots_are_open_the_very_oldest_stays():
    nights = [backup(n) for n in range(6)]
    assert told(nights, Policy(monthly=3)) == {
        "verified-0": ["monthly 2026-11", "minimum verified"],
        "verified-5": ["oldest, monthly slots open"],
    }
    assert list(told(nights, Policy(monthly=1))) == ["verified-0"]


def test_why_a_backup_may_go_is_told_too():
    assert against([backup(0), backup(1)], ONE) == {"verified-1": ["no rule keeps it"]}


def test_an_outage_of_40_days_costs_nothing_whatever_the_rules():
    before = [backup(n) for n in range(40, 100)]
    assert told(before, Policy(keep_days=30)) == {
        "verified-40": ["newest before window", "minimum verified"]
    }
    assert len(told(before, Policy(daily=7))) == 7


# --- weeks, years, zones, clocks ---------------------------------------------------------------


def test_a_week_belongs_to_the_iso_year_of_its_thursday():
    turn = [
        at("sunday", "2027-01-03T02:00Z"),
        at("new-year", "2027-01-01T02:00Z"),
        at("thursday", "2026-12-31T02:00Z"),
        at("week-before", "2026-12-27T02:00Z"),
    ]
    later = datetime(2027, 1, 3, 3, tzinfo=UTC)
    assert told(turn, Policy(weekly=2), later) == {
        "sunday": ["weekly 2026-W53", "minimum verified"],
        "week-before": ["weekly 2026-W52"],
    }
    assert list(told(turn, Policy(yearly=2), later)) == ["sunday", "thursday"]
    assert list(told(turn, Policy(monthly=2), later)) == ["sunday", "thursday"]


def test_days_are_those_of_the_policys_zone():
    """23:30 and 00:30 in Tokyo are one day in UTC."""
    two = [at("late", "2026-11-20T23:30+09:00"), at("early", "2026-11-21T00:30+09:00")]
    assert list(told(two, Policy(daily=2, zone="Asia/Tokyo"))) == ["late", "early"]
    assert list(told(two, Policy(daily=1, zone="UTC"))) == ["early"]


def test_the_hour_that_happens_twice_is_two_hours_of_one_day():
    """2026-11-01, 01:30 in New York, before and after the clocks go back: the second is newer."""
    zone = ZoneInfo("America/New_York")
    first = datetime(2026, 11, 1, 1, 30, tzinfo=zone)
    twice = [
        RetentionEntry(id="first", status="verified", started_at=first),
        RetentionEntry(id="second", status="verified", started_at=first.replace(fold=1)),
        at("eve", "2026-10-31T23:30", "America/New_York"),
    ]
    policy = Policy(daily=2, zone="America/New_York")
    assert list(told(twice, policy)) == ["second", "eve"]


def test_the_short_day_of_spring_is_a_day():
    nights = [at(f"m{d}", f"2026-03-{d:02}T00:30", "America/New_York") for d in (7, 8, 9, 10)]
    late = [at(f"l{d}", f"2026-03-{d:02}T23:30", "America/New_York") for d in (7, 8, 9, 10)]
    kept = told([*nights, *late], Policy(daily=4, zone="America/New_York"))
    assert list(kept) == ["l7", "l8", "l9", "l10"]
    assert kept["l8"] == ["daily 2026-03-08"]


def test_a_day_that_a_zone_left_out_is_no_period():
    """Samoa went from Thursday the 29th of December 2011 to Saturday the 31st."""
    nights = [at("thursday", "2011-12-29T12:00-10:00"), at("saturday", "2011-12-31T12:00+14:00")]
    kept = told(nights, Policy(daily=2, zone="Pacific/Apia"))
    assert kept["thursday"] == ["daily 2011-12-29"]
    assert kept["saturday"][0] == "daily 2011-12-31"


def test_a_day_in_two_pieces_is_one_day():
    """St John's clocks went back at one minute past midnight: into the day before."""
    entries = [
        at("seventh, again", "2010-11-07T03:45Z"),
        at("sixth, again", "2010-11-07T02:45Z"),
        at("seventh", "2010-11-07T02:30:30Z"),
        at("sixth", "2010-11-07T02:00Z"),
    ]
    kept = told(entries, Policy(daily=2, zone="America/St_Johns"))
    assert kept == {
        "seventh, again": ["daily 2010-11-07", "minimum verified"],
        "sixth, again": ["daily 2010-11-06"],
    }


# --- the recovery window -----------------------------------------------------------------------


def test_keep_days_keeps_the_window_and_the_one_before_it():
    nights = [backup(n) for n in range(10)]
    assert told(nights, Policy(keep_days=3)) == {
        "verified-0": ["window", "minimum verified"],
        "verified-1": ["window"],
        "verified-2": ["window"],
        "verified-3": ["newest before window"],  # 73 hours old
    }


def test_the_windows_edge_belongs_to_it_and_a_day_is_24_hours():
    """Over the night of 23 hours as well: a promise about recovery is a length of time."""
    zone = "America/New_York"
    now = datetime(2026, 3, 9, 0, 0, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    edge = now - timedelta(hours=48)  # 23:00 on the 6th: the 8th had 23 hours
    entries = [
        RetentionEntry(id="edge", status="verified", started_at=edge),
        RetentionEntry(id="before", status="verified", started_at=edge - timedelta(seconds=1)),
        RetentionEntry(id="long-before", status="verified", started_at=edge - timedelta(days=1)),
    ]
    assert told(entries, Policy(keep_days=2, zone=zone), now) == {
        "edge": ["window", "minimum verified"],
        "before": ["newest before window"],
    }


def test_a_window_longer_than_time_keeps_everything():
    assert len(told([backup(n) for n in range(9)], Policy(keep_days=10**9))) == 9


# --- only verified backups count -----------------------------------------------------------------


def test_new_backups_that_fail_never_push_out_the_last_good_one():
    """Velero 9061, pgbackweb 121, Portabase 332."""
    failing = [backup(n, "failed") for n in range(29)]
    kept = told([*failing, backup(29), backup(30)], Policy(daily=1))
    assert kept["verified-29"] == ["daily 2026-10-24", "minimum verified"]
    assert kept["failed-0"] == ["newer than the newest verified"]
    assert "verified-30" not in kept


@pytest.mark.parametrize("status", ["failed", "partial"])
def test_what_failed_goes_once_a_newer_one_is_verified(status):
    entries = [backup(0), backup(1, status), backup(2)]
    assert against(entries, Policy(daily=7)) == {
        f"{status}-1": [f"{status}, a newer one is verified"]
    }


def test_an_empty_dump_that_was_reported_as_success_takes_no_slot():
    """DBackup 154: months of 0-byte dumps pushed out the real ones. Unread, they do not count."""
    empty = [backup(n, "finished", bytes=0) for n in range(90)]
    kept = told([*empty, backup(90), backup(91)], Policy(daily=2))
    assert kept["verified-90"] == ["daily 2026-08-24", "minimum verified"]
    assert kept["verified-91"] == ["daily 2026-08-23"]
    assert set(kept) >= {entry.id for entry in empty}  # each may still prove to be good


def test_a_finished_backup_waits_48_hours_for_its_verification_or_as_long_as_the_window():
    entries = [backup(0), backup(1, "finished"), backup(2, "finished"), backup(5, "finished")]
    assert told(entries, Policy(daily=7))["finished-1"] == ["not verified yet"]
    assert against(entries, Policy(daily=7)) == {
        "finished-2": ["never verified, a newer one is verified"],
        "finished-5": ["never verified, a newer one is verified"],
    }
    assert list(against(entries, Policy(keep_days=4))) == ["finished-5"]


def test_without_a_verified_backup_only_what_failed_long_ago_goes():
    entries = [
        backup(10, "failed"), backup(31, "failed"), backup(60, "partial"), backup(60, "finished"),
    ]  # fmt: skip
    assert told(entries, ONE) == {
        "failed-10": ["no verified backup"],
        "partial-60": ["no verified backup"],
        "finished-60": ["not verified yet"],
    }
    assert against(entries, ONE) == {"failed-31": ["failed more than 30 days ago"]}


def test_what_runs_stays_and_what_is_being_deleted_goes_on_being_deleted():
    entries = [backup(0), backup(0.5, "running"), backup(1, "deleting"), backup(2, "deleted")]
    assert told(entries, ONE)["running-0.5"] == ["running"]
    assert against(entries, ONE) == {
        "deleting-1": ["being deleted"],
        "deleted-2": ["deleted"],
    }


def test_that_nothing_had_changed_is_noted_for_30_days():
    entries = [backup(100), backup(29, "unchanged"), backup(31, "unchanged")]
    assert told(entries, ONE)["unchanged-29"] == ["unchanged"]
    assert against(entries, ONE) == {"unchanged-31": ["unchanged, more than 30 days ago"]}


def test_the_edges_of_48_hours_of_30_days_and_of_the_newest():
    def ago(id_: str, status: str, hours: float) -> RetentionEntry:
        return RetentionEntry(id=id_, status=status, started_at=NOW - timedelta(hours=hours))

    noted = 30 * 24
    entries = [
        ago("newest", "verified", 1),
        ago("as-old", "failed", 1),
        ago("older", "failed", 1.001),
        ago("in-time", "finished", 47.999),
        ago("too-late", "finished", 48),
        ago("noted", "unchanged", noted),
        ago("forgotten", "unchanged", noted + 0.001),
    ]
    assert list(told(entries, ONE)) == ["newest", "as-old", "in-time", "noted"]
    never = [ago("noted", "failed", noted), ago("forgotten", "failed", noted + 0.001)]
    assert list(told(never, ONE)) == ["noted"]


# --- order and series ------------------------------------------------------------------------------


def test_age_is_told_by_the_start_never_by_the_name():
    """WAL-G 636 and 1288: after an upgrade the newest backups had the "oldest" names."""
    entries = [
        at("base_000000010000000000000004", "2026-11-21T02:00Z"),
        at("base_00000009000000AB000000FF", "2026-11-20T02:00Z"),
        at("base_00000009000000AB000000FE", "2026-11-19T02:00Z"),
    ]
    assert list(told(entries, ONE)) == ["base_000000010000000000000004"]


def test_series_do_not_compete():
    """borg 6513, 241: pruning without grouping took one series for versions of another."""
    entries = [
        backup(0, id="db", source="db"),
        backup(1, id="files", source="files"),
        backup(2, id="other-shop", service="other"),
        backup(3, id="weekly", source="db", class_="weekly"),
    ]
    assert len(told(entries, ONE)) == 4


def test_each_series_may_have_its_policy_and_one_without_is_kept_whole():
    entries = [backup(n, id=f"{c}{n}", class_=c) for c in "dwx" for n in range(3)]
    policies = {("", "", "d"): ONE, ("", "", "w"): Policy(daily=2)}
    assert list(told(entries, policies)) == ["d0", "w0", "w1", "x0", "x1", "x2"]
    assert told(entries, policies)["x2"] == ["no policy"]


def test_backups_of_one_moment_are_all_the_newest():
    assert len(told([backup(0, id="a"), backup(0, id="b")], ONE)) == 2


# --- regions ---------------------------------------------------------------------------------------


def test_every_region_keeps_its_newest_verified_copies():
    both = ("asia-northeast1", "asia-northeast2")
    entries = [
        backup(0, regions=both[:1]),
        backup(1, regions=both[:1]),
        backup(2, regions=both),
        backup(3, regions=both),
    ]
    assert told(entries, ONE) == {
        "verified-0": ["daily 2026-11-22", "minimum verified (asia-northeast1)"],
        "verified-2": ["minimum verified (asia-northeast2)"],
    }
    assert list(told(entries, replace(ONE, minimum_verified=2))) == [
        "verified-0", "verified-1", "verified-2", "verified-3",
    ]  # fmt: skip


# --- pins, leases, wrong clocks ----------------------------------------------------------------------


def test_a_pin_takes_nobodys_place():
    entries = [backup(0, pinned=True), backup(1), backup(2), backup(9, pinned=True)]
    assert told(entries, ONE) == {
        "verified-0": ["pinned"],
        "verified-1": ["daily 2026-11-21", "minimum verified"],
        "verified-9": ["pinned"],
    }


@pytest.mark.parametrize("status", ["verified", "partial", "failed", "deleting"])
def test_what_a_restore_reads_is_not_removed_under_it(status):
    entries = [backup(0), backup(9, status, restores=("restore-1",))]
    assert told(entries, ONE)[f"{status}-9"][0] == "being restored"


def test_a_start_in_the_future_anchors_nothing_and_stays():
    entries = [backup(-400, id="wrong-clock"), backup(0), backup(1)]
    assert told(entries, ONE) == {
        "wrong-clock": ["future"],
        "verified-0": ["daily 2026-11-22", "minimum verified"],
    }
    alone = [backup(-1, id="wrong-clock"), backup(0, "failed")]
    assert told(alone, ONE)["failed-0"] == ["no verified backup"]


# --- backups that build on others ----------------------------------------------------------------------


def test_what_a_kept_backup_builds_on_is_kept_however_far():
    chain = [
        backup(0, needs=("verified-1",)),
        backup(1, needs=("verified-2",)),
        backup(2),
        backup(3),
    ]
    assert told(chain, ONE) == {
        "verified-0": ["daily 2026-11-22", "minimum verified"],
        "verified-1": ["needed by verified-0"],
        "verified-2": ["needed by verified-1"],
    }


def test_a_base_may_be_of_another_series():
    full = backup(9, id="full", class_="weekly")
    newer = backup(2, id="newer", class_="weekly")
    daily = backup(0, id="daily", class_="daily", needs=("full",))
    assert told([full, newer, daily], ONE)["full"] == ["needed by daily"]


def test_what_builds_on_a_damaged_backup_does_not_count():
    """kopia 3492: later backups built on the hole."""
    entries = [backup(0, needs=("failed-5",)), backup(5, "failed"), backup(6), backup(7)]
    kept = told(entries, ONE)
    assert kept["verified-6"] == ["daily 2026-11-16", "minimum verified"]
    assert kept["verified-0"] == ["may be whole or mended", "newer than the newest verified"]
    # It was read, so it is whole as far as anybody knows; what was removed for good is another case.
    assert told([backup(-0.01), *entries], ONE)["verified-0"] == ["may be whole or mended"]
    gone = [backup(-0.01), backup(0, needs=("deleted-5",)), backup(5, "deleted")]
    assert against(gone, ONE)["verified-0"] == ["cannot be restored, a newer one is verified"]


def test_what_builds_on_an_unknown_backup_does_not_count_and_is_not_touched():
    entries = [backup(0), backup(1, needs=("elsewhere",)), backup(2)]
    assert told(entries, Policy(daily=2)) == {
        "verified-0": ["daily 2026-11-22", "minimum verified"],
        "verified-1": ["builds on elsewhere, which is unknown"],
        "verified-2": ["daily 2026-11-20"],
    }


def test_a_chain_is_restorable_only_where_all_of_it_lies():
    both = ("tokyo", "osaka")
    entries = [
        backup(0, regions=both, needs=("verified-5",)),
        backup(5, regions=("tokyo",)),
        backup(6, regions=both),
        backup(7, regions=both),
    ]
    assert told(entries, ONE)["verified-6"] == ["minimum verified (osaka)"]


def test_backups_that_build_on_each_other_in_a_circle_count_for_nothing():
    circle = [backup(0, needs=("verified-1",)), backup(1, needs=("verified-0",)), backup(2)]
    assert told(circle, ONE)["verified-2"] == ["daily 2026-11-20", "minimum verified"]


def test_a_chain_of_ten_thousand_is_followed_to_its_end():
    chain = [backup(n, needs=(f"verified-{n + 1}",) if n < 9999 else ()) for n in range(10_000)]
    assert len(told(chain, ONE)) == 10_000


def test_removals_take_the_oldest_first_but_nothing_before_what_builds_on_it():
    entries = [
        backup(0),
        backup(7, id="late", needs=("middle",)),
        backup(8, id="middle", needs=("base",)),
        backup(9, id="other"),
        backup(10, id="base"),
        backup(3, "deleting", id="begun"),
    ]
    verdicts = decide(entries, ONE, NOW)
    order = ["begun", "late", "middle", "base", "other"]
    assert removals(entries, verdicts, 20) == order
    assert removals(entries, verdicts, 3) == order[:3]
    assert removals(entries, verdicts, 0) == []


def test_of_several_that_build_on_one_the_first_by_name_goes_first():
    entries = [
        backup(0),
        backup(8, id="b", needs=("base",)),
        backup(7, id="a", needs=("base",)),
        backup(9, id="base"),
    ]
    verdicts = decide(entries, ONE, NOW)
    assert removals(entries, verdicts, 20) == ["a", "b", "base"]


# --- what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({}, "keeps nothing"),
        ({"minimum_verified": 3, "zone": "Asia/Tokyo"}, "keeps nothing"),
        ({"daily": -1}, "below zero"),
        ({"daily": 1, "minimum_verified": 0}, "below one"),
        ({"daily": 1, "zone": "Asia/Tokio"}, "no such time zone"),
        ({"daily": 1, "zone": "America"}, "no such time zone"),
        ({"daily": 1, "zone": "../etc"}, "no such time zone"),
    ],
)
def test_a_policy_that_keeps_nothing_or_makes_no_sense_is_refused(rules, message):
    with pytest.raises(ValueError, match=message):
        Policy(**rules)


def test_an_id_twice_or_a_time_that_is_none_is_refused():
    with pytest.raises(ValueError, match="occurs twice"):
        decide([backup(0), backup(0)], ONE, NOW)
    for wrong in (datetime(2026, 1, 1), datetime(1, 1, 1, tzinfo=UTC)):  # noqa: DTZ001
        with pytest.raises(ValueError, match="no moment"):
            decide([backup(0, started_at=wrong)], ONE, NOW)
    with pytest.raises(ValueError, match="without zone"):
        decide([], ONE, datetime(2026, 1, 1))  # noqa: DTZ001


def test_forever_keeps_every_verified_backup():
    entries = [backup(n) for n in range(0, 4000, 500)]
    assert len(told([*entries, backup(9, "failed")], Policy(forever=True))) == 8


# --- from the catalogue ------------------------------------------------------------------------------------


def test_a_document_of_the_catalogue_becomes_an_entry_with_the_regions_that_can_restore_it():
    document = Backup(
        id="b1",
        service="shop",
        source="db",
        class_="daily",
        kind="postgres",
        status="verified",
        slot=TONIGHT,
        started_at=TONIGHT,
        copies=[
            Copy(bucket="a", region="tokyo", manifest=True, level="format"),
            Copy(bucket="b", region="osaka", manifest=True, level="content", damage="part 3"),
            Copy(bucket="c", region="seoul", manifest=True),
        ],
        needs=["b0"],
        bytes=12,
    )
    assert entry_of(document) == RetentionEntry(
        id="b1",
        service="shop",
        source="db",
        class_="daily",
        status="verified",
        started_at=TONIGHT,
        regions=("tokyo",),
        doubtful=("seoul",),
        needs=("b0",),
        bytes=12,
    )


def found_damaged(days: int, *copies: Copy) -> Backup:
    """A backup as a version that took one damaged copy for all of them has left it."""
    moment = TONIGHT - timedelta(days=days)
    return Backup(
        id=f"b{days}", service="shop", source="db", class_="daily", kind="postgres",
        status="failed", slot=moment, started_at=moment, finished_at=moment, copies=list(copies),
    )  # fmt: skip


def copy(region: str, **fields: object) -> Copy:
    return Copy(bucket=region, region=region, manifest=True, **fields)


def test_what_was_marked_failed_while_another_copy_is_proven_keeps_its_slot():
    rotten, whole = copy("tokyo", damage="part 3"), copy("osaka", level="content")
    entries = [entry_of(found_damaged(days, rotten, whole)) for days in range(1, 5)]
    assert told([*entries, backup(0, service="shop", source="db", class_="daily")], GFS).keys() == {
        "b1", "b2", "b3", "b4", "verified-0",
    }  # fmt: skip


def test_a_copy_that_was_never_read_because_another_is_damaged_is_not_removed():
    unread = entry_of(found_damaged(9, copy("tokyo", damage="part 3"), copy("osaka")))
    lost = entry_of(found_damaged(8, copy("tokyo", damage="part 3"), copy("osaka", damage="gone")))
    newer = backup(0, service="shop", source="db", class_="daily", regions=("tokyo",))
    assert told([unread, lost, newer], ONE)["b9"] == ["may be whole or mended (osaka)"]
    assert against([unread, lost, newer], ONE) == {"b8": ["failed, a newer one is verified"]}


def test_a_copy_that_cannot_be_read_now_takes_nobodys_place_and_is_not_removed():
    away = copy("osaka", level="content", unreadable="connection refused")
    entries = [
        entry_of(found_damaged(days, copy("tokyo", level="format"), away)) for days in (0, 1)
    ]
    older = entry_of(
        found_damaged(2, copy("tokyo", level="format"), copy("osaka", level="content"))
    )
    assert told([*entries, older], ONE) == {
        "b0": ["may be whole or mended (osaka)", "daily 2026-11-22", "minimum verified (tokyo)"],
        "b1": ["may be whole or mended (osaka)"],
        "b2": ["minimum verified (osaka)"],
    }


def test_a_chain_whose_pieces_are_whole_in_different_regions_waits_to_be_mended():
    full = backup(3, regions=("tokyo",), id="full")
    often = backup(2, regions=("osaka",), needs=("full",), id="often")
    kept = told([full, often, backup(0)], ONE)
    assert kept["often"] == ["may be whole or mended (osaka)"]
    assert kept["full"][-1] == "needed by often"


def test_a_plans_keep_becomes_a_policy():
    keep = RetentionRules(daily=7, keep_days=30)
    assert policy_of(keep, "Asia/Tokyo", 2) == Policy(
        daily=7, keep_days=30, zone="Asia/Tokyo", minimum_verified=2
    )
