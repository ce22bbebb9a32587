"""Who is on duty, across hand-overs, daylight saving and overrides."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toban.oncall.section import Handover, Override, Rotation
from toban.oncall.shifts import shifts_between, who_is_on_duty
from toban.strictyaml.values import ClockTime

ZONES = ["Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Europe/Berlin"]


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def rotation(*members: str, **changes) -> Rotation:
    return Rotation(members=members, first_shift=date(2025, 1, 6), **changes)


def on_duty(given_rotation: Rotation, moment: datetime) -> tuple[str | None, str | None]:
    duty = who_is_on_duty(given_rotation, "Asia/Tokyo", moment)
    return duty.primary, duty.secondary


def stand_in(person: str, start: str, end: str, role: str = "primary") -> Override:
    return Override(
        start=at(start, "Asia/Tokyo"), end=at(end, "Asia/Tokyo"), person=person, role=role
    )


def test_members_take_turns_and_the_next_one_is_secondary():
    team = rotation("aoki", "baba", "chiba")

    assert on_duty(team, at("2025-01-06 09:00", "Asia/Tokyo")) == ("aoki", "baba")
    assert on_duty(team, at("2025-01-13 08:59:59", "Asia/Tokyo")) == ("aoki", "baba")
    assert on_duty(team, at("2025-01-13 09:00", "Asia/Tokyo")) == ("baba", "chiba")
    assert on_duty(team, at("2025-01-20 09:00", "Asia/Tokyo")) == ("chiba", "aoki")
    assert on_duty(team, at("2025-01-27 09:00", "Asia/Tokyo")) == ("aoki", "baba")


def test_the_rotation_also_runs_backwards_from_the_first_shift():
    team = rotation("aoki", "baba", "chiba")

    assert on_duty(team, at("2025-01-06 08:59", "Asia/Tokyo")) == ("chiba", "aoki")
    assert on_duty(team, at("2024-12-30 08:59", "Asia/Tokyo")) == ("baba", "chiba")
    assert on_duty(team, at("1999-01-04 09:00", "Asia/Tokyo"))[0] in {"aoki", "baba", "chiba"}


def test_a_shift_may_last_several_weeks():
    team = rotation("aoki", "baba", weeks=2)

    assert on_duty(team, at("2025-01-20 08:59", "Asia/Tokyo")) == ("aoki", "baba")
    assert on_duty(team, at("2025-01-20 09:00", "Asia/Tokyo")) == ("baba", "aoki")


def test_the_rotations_own_zone_beats_the_services():
    team = rotation("aoki", "baba", timezone="America/New_York")

    assert on_duty(team, at("2025-01-06 13:59")) == ("baba", "aoki")
    assert on_duty(team, at("2025-01-06 14:00")) == ("aoki", "baba")


def test_the_handover_stays_at_nine_on_the_wall_through_daylight_saving():
    team = rotation("aoki", "baba", timezone="Europe/Berlin")

    winter = who_is_on_duty(team, "UTC", at("2025-03-25 12:00"))
    summer = who_is_on_duty(team, "UTC", at("2025-04-01 12:00"))

    assert winter.shift_start == at("2025-03-24 08:00")  # +01:00
    assert winter.shift_end == summer.shift_start == at("2025-03-31 07:00")  # +02:00
    assert winter.shift_end - winter.shift_start == timedelta(days=7, hours=-1)


def test_a_handover_that_does_not_exist_moves_to_the_end_of_the_gap():
    sunday = Handover(weekday="sun", at=ClockTime("02:30"))
    team = rotation("aoki", "baba", timezone="America/New_York", handover=sunday)

    duty = who_is_on_duty(team, "UTC", at("2025-03-09 07:00"))

    assert duty.shift_start == at("2025-03-09 07:00")  # 03:00 EDT
    assert who_is_on_duty(team, "UTC", at("2025-03-09 06:59:59")).primary != duty.primary


def test_a_handover_that_happens_twice_is_the_first_one():
    sunday = Handover(weekday="sun", at=ClockTime("01:30"))
    team = rotation("aoki", "baba", timezone="America/New_York", handover=sunday)

    duty = who_is_on_duty(team, "UTC", at("2025-11-02 06:45"))  # 01:45 EST, the second time

    assert duty.shift_start == at("2025-11-02 05:30")  # 01:30 EDT


def test_a_midnight_handover_stays_done_when_the_clock_is_put_back_over_midnight():
    sunday = Handover(weekday="sun", at=ClockTime("00:00"))
    team = rotation("aoki", "baba", timezone="America/St_Johns", handover=sunday)
    # There at 00:01 it was 23:01 of the day before once more.
    before, after = at("2010-11-07 02:15"), at("2010-11-07 02:45")

    assert who_is_on_duty(team, "UTC", after).shift_start == at("2010-11-07 02:30")
    assert who_is_on_duty(team, "UTC", before).shift_end == at("2010-11-07 02:30")
    assert on_duty(team, after) == on_duty(team, before)[::-1]


def test_an_own_order_of_secondaries_skips_whoever_is_primary():
    team = rotation("aoki", "baba", secondary=("baba", "doi"))

    assert on_duty(team, at("2025-01-07", "Asia/Tokyo")) == ("aoki", "baba")
    assert on_duty(team, at("2025-01-14", "Asia/Tokyo")) == ("baba", "doi")
    assert on_duty(team, at("2025-01-21", "Asia/Tokyo")) == ("aoki", "baba")


def test_a_single_member_has_no_secondary():
    assert on_duty(rotation("aoki"), at("2025-01-07")) == ("aoki", None)
    assert on_duty(rotation("aoki", "aoki"), at("2025-01-07")) == ("aoki", None)
    assert on_duty(rotation("aoki", secondary=("doi",)), at("2025-01-07")) == ("aoki", "doi")
    alone = rotation("aoki", overrides=(stand_in("doi", "2025-01-07 00:00", "2025-01-09 00:00"),))
    assert on_duty(alone, at("2025-01-08")) == ("doi", None)


def test_a_rotation_without_members_has_nobody():
    assert on_duty(rotation(), at("2025-01-07")) == (None, None)


def test_an_override_takes_the_role_from_its_start_until_its_end():
    doi = stand_in("doi", "2025-01-08 10:00", "2025-01-08 18:00")
    team = rotation("aoki", "baba", "chiba", overrides=(doi,))

    assert on_duty(team, at("2025-01-08 09:59", "Asia/Tokyo")) == ("aoki", "baba")
    assert on_duty(team, at("2025-01-08 10:00", "Asia/Tokyo")) == ("doi", "baba")
    assert on_duty(team, at("2025-01-08 18:00", "Asia/Tokyo")) == ("aoki", "baba")

    duty = who_is_on_duty(team, "Asia/Tokyo", at("2025-01-08 12:00", "Asia/Tokyo"))
    assert duty.primary_override is doi
    assert duty.secondary_override is None
    assert duty.until == at("2025-01-08 18:00", "Asia/Tokyo")
    assert duty.shift_end == at("2025-01-13 09:00", "Asia/Tokyo")


def test_when_the_secondary_stands_in_as_primary_the_next_member_becomes_secondary():
    baba = stand_in("baba", "2025-01-08 00:00", "2025-01-09 00:00")

    three = rotation("aoki", "baba", "chiba", overrides=(baba,))
    two = rotation("aoki", "baba", overrides=(baba,))

    assert on_duty(three, at("2025-01-08 12:00", "Asia/Tokyo")) == ("baba", "chiba")
    assert on_duty(two, at("2025-01-08 12:00", "Asia/Tokyo")) == ("baba", "aoki")


def test_an_override_that_makes_the_primary_secondary_as_well_is_passed_over():
    aoki = stand_in("aoki", "2025-01-08 00:00", "2025-01-09 00:00", role="secondary")

    assert on_duty(
        rotation("aoki", "baba", overrides=(aoki,)), at("2025-01-08 12:00", "Asia/Tokyo")
    ) == ("aoki", "baba")


def test_of_two_overrides_of_one_role_the_later_in_the_list_wins():
    doi = stand_in("doi", "2025-01-08 00:00", "2025-01-10 00:00")
    endo = stand_in("endo", "2025-01-09 00:00", "2025-01-11 00:00")
    team = rotation("aoki", "baba", overrides=(doi, endo))

    assert on_duty(team, at("2025-01-08 12:00", "Asia/Tokyo"))[0] == "doi"
    assert on_duty(team, at("2025-01-09 12:00", "Asia/Tokyo"))[0] == "endo"


def test_shifts_of_a_period_are_cut_at_handovers_and_overrides_and_clipped():
    doi = stand_in("doi", "2025-01-08 00:00", "2025-01-09 00:00")
    team = rotation("aoki", "baba", overrides=(doi,))

    shifts = shifts_between(
        team,
        "Asia/Tokyo",
        at("2025-01-07 00:00", "Asia/Tokyo"),
        at("2025-01-14 00:00", "Asia/Tokyo"),
    )

    assert [(s.primary, s.start.astimezone(ZoneInfo("Asia/Tokyo")).day) for s in shifts] == [
        ("aoki", 7),
        ("doi", 8),
        ("aoki", 9),
        ("baba", 13),
    ]


def test_whoever_stands_in_is_told_with_the_override_that_says_so():
    doi = stand_in("doi", "2025-01-08 00:00", "2025-01-09 00:00")
    endo = stand_in("endo", "2025-01-08 00:00", "2025-01-09 00:00", role="secondary")
    team = rotation("aoki", "baba", overrides=(doi, endo))
    noon = at("2025-01-08 12:00", "Asia/Tokyo")

    duty = who_is_on_duty(team, "Asia/Tokyo", noon)
    assert (duty.primary, duty.secondary) == ("doi", "endo")
    assert (duty.primary_override, duty.secondary_override) == (doi, endo)
    assert duty.shift_start == at("2025-01-06 09:00", "Asia/Tokyo")
    (shift,) = shifts_between(team, "Asia/Tokyo", noon, noon + timedelta(hours=1))
    assert (shift.primary, shift.secondary) == ("doi", "endo")
    assert (shift.primary_override, shift.secondary_override) == (doi, endo)


def test_a_secondary_that_passes_over_its_override_names_none():
    aoki = stand_in("aoki", "2025-01-08 00:00", "2025-01-09 00:00", role="secondary")
    team = rotation("aoki", "baba", overrides=(aoki,))
    duty = who_is_on_duty(team, "Asia/Tokyo", at("2025-01-08 12:00", "Asia/Tokyo"))
    assert (duty.secondary, duty.secondary_override) == ("baba", None)
    assert (duty.primary, duty.primary_override) == ("aoki", None)


def test_a_rotation_without_a_member_for_it_has_an_override_all_the_same():
    doi = stand_in("doi", "2025-01-08 00:00", "2025-01-09 00:00")
    duty = who_is_on_duty(rotation(overrides=(doi,)), "UTC", at("2025-01-08 12:00", "Asia/Tokyo"))
    assert (duty.primary, duty.secondary, duty.primary_override) == ("doi", None, doi)


# --- for every rotation -----------------------------------------------------------------------

people = st.sampled_from(["aoki", "baba", "chiba", "doi"])
moments = st.datetimes(
    datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2032-01-01")
).map(lambda moment: moment.replace(tzinfo=UTC, microsecond=0))
overrides = st.builds(
    lambda start, hours, person, role: Override(
        start=start, end=start + timedelta(hours=hours), person=person, role=role
    ),
    moments,
    st.integers(1, 2000),
    people,
    st.sampled_from(["primary", "secondary"]),
)
rotations = st.builds(
    Rotation,
    members=st.lists(people, min_size=1, max_size=5).map(tuple),
    first_shift=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    timezone=st.sampled_from(ZONES),
    handover=st.builds(
        Handover,
        weekday=st.sampled_from(["mon", "wed", "sat", "sun"]),
        # The hours at which clocks change are the interesting ones.
        at=st.sampled_from(["00:00", "01:30", "02:00", "02:15", "02:30", "03:00", "09:00"]),
    ),
    weeks=st.integers(1, 4),
    secondary=st.lists(people, max_size=3).map(tuple),
    overrides=st.lists(overrides, max_size=4).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(rotations, moments)
def test_every_instant_has_exactly_one_primary_and_another_secondary(team, moment):
    duty = who_is_on_duty(team, "UTC", moment)

    assert duty.primary is not None
    assert duty.secondary != duty.primary
    if len(set(team.members)) >= 2:
        assert duty.secondary is not None
    assert duty.shift_start <= moment < duty.until <= duty.shift_end


@settings(max_examples=60, deadline=None)
@given(rotations, moments, st.integers(1, 900))
def test_shifts_tile_time_without_gap_or_overlap(team, start, days):
    end = start + timedelta(days=days)
    shifts = list(shifts_between(team, "UTC", start, end))

    assert shifts[0].start == start
    assert shifts[-1].end == end
    for earlier, later in pairwise(shifts):
        assert earlier.end == later.start
    for shift in shifts:
        assert shift.start < shift.end
        # The same people answer at both ends of the shift.
        last = who_is_on_duty(team, "UTC", shift.end - timedelta(seconds=1))
        assert (last.primary, last.secondary) == (shift.primary, shift.secondary)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("clock", ["00:00", "01:30", "02:00", "02:30", "03:00", "09:00"])
def test_ten_years_of_handovers_are_a_week_apart_on_the_wall(zone, clock):
    team = rotation(
        "aoki",
        "baba",
        timezone=zone,
        handover=Handover(weekday="sun", at=ClockTime(clock)),
    )

    shifts = list(shifts_between(team, "UTC", at("2020-01-05 12:00"), at("2030-01-06 12:00")))

    primaries = [shift.primary for shift in shifts]
    assert primaries == [("aoki", "baba")[(n + primaries.index("aoki")) % 2] for n in range(523)]
    for shift in shifts[1:]:
        local = shift.start.astimezone(ZoneInfo(zone))
        assert local.weekday() == 6
        shown = f"{local:%H:%M}"
        # Only a skipped time is shown later, and then at the end of the gap.
        assert shown == clock or (clock < shown <= "03:00" and clock.startswith("02"))
        assert local.fold == 0
