"""A year of every service's backups: what is kept at its end, and that the oracle agrees each day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.simulation.year import BEGIN, DAY, OUTAGES, Plan, Year, main, table, year_of
from toban.backups.policy.retention import Policy, RetentionEntry, RetentionVerdict, Series, decide
from toban.local.world import ROOT
from toban.sections.load import load_directory

PROFILES = {
    id_: profile
    for id_, profile in load_directory(ROOT / "infra" / "services").items()
    if profile.backup is not None
}
NEW_YORK = "America/New_York"
"""Its clocks change at 2:00, on the 8th of March and the 1st of November 2026."""


def new_york(judge=decide, seed: int = 1) -> Year:
    def plan(source: str, cron: str) -> Plan:
        return Plan(("shop", source, "daily"), cron, NEW_YORK, ("us-east1", "us-west1"))

    nightly = Policy(daily=7, weekly=4, monthly=12, yearly=2, zone=NEW_YORK)
    rules = {
        ("shop", "db", "daily"): nightly,
        ("shop", "files", "daily"): Policy(keep_days=30, zone=NEW_YORK, minimum_verified=2),
        ("shop", "state", "daily"): Policy(daily=1, zone=NEW_YORK),
    }
    plans = [plan("db", "30 2 * * *"), plan("files", "30 1 * * *"), plan("state", "0 0 * * *")]
    return Year(plans, rules, 20, seed, judge)


@pytest.mark.parametrize("service", sorted(PROFILES))
def test_a_year_of_a_service(service):
    year = year_of(PROFILES[service])
    year.run()
    assert year.problems == []
    assert len(year.days) == 365
    print(table(year))  # shown with -s, or when something is wrong
    last = {verdict.id for verdict in year.days[-1].verdicts if verdict.keep}
    for plan in year.plans:
        own = [e for e in year.entries.values() if e.series == plan.series and e.id in last]
        assert any(entry.status == "verified" for entry in own)
    # Pruning keeps up: but for what that run was not allowed to take, nothing superfluous is left.
    assert set(year.entries) == last


def test_a_year_in_new_york():
    """Days of 23 and 25 hours, at whose odd hours the backups are due."""
    year = new_york()
    year.run()
    assert year.problems == []
    zone = ZoneInfo(NEW_YORK)
    taken = [e.started_at.astimezone(zone).date() for e in year.taken if e.source == "db"]
    days = [(BEGIN + day * DAY).astimezone(zone).date() for day in range(1, 365)]
    missed = sorted(set(days) - set(taken))
    # Of an outage only the night on which time returned has a backup.
    assert len(missed) == sum(length - 1 for length in OUTAGES.values())
    assert {date(2026, 3, 8), date(2026, 11, 1)} <= set(taken)
    again = [day for day, count in Counter(taken).items() if count > 1]
    assert len(again) <= len(OUTAGES)  # the missed one, and that night's own


def test_after_40_days_without_backups_the_newest_from_before_are_all_there():
    year = new_york()
    begin = next(day for day, length in OUTAGES.items() if length == 40)
    year.run(begin)
    before = {verdict.id for verdict in year.days[-1].verdicts if verdict.keep}
    good = {id_ for id_ in before if year.entries[id_].status == "verified"}
    nightly = {id_ for id_ in good if year.entries[id_].source == "db"}
    now = BEGIN + (begin + 40) * DAY
    still = {v.id for v in decide(list(year.entries.values()), year.rules, now) if v.keep}
    assert nightly <= still
    assert {year.entries[id_].source for id_ in still & good} == {"db", "files", "state"}


# --- retention as others have it, which the year has to catch ----------------------------------


def by_age(entries: Sequence[RetentionEntry], rules: Mapping[Series, Policy], now: datetime):
    """ "Older than 30 days" as in a bucket's lifecycle rule."""
    return [
        RetentionVerdict(
            e.id, now - e.started_at <= timedelta(days=30), decide([e], rules, now)[0].reasons
        )
        for e in entries
    ]


def by_run(entries: Sequence[RetentionEntry], rules: Mapping[Series, Policy], now: datetime):
    """Every run counts, whatever came of it."""
    return decide([replace(e, status="verified", regions=("",)) for e in entries], rules, now)


def by_name(entries: Sequence[RetentionEntry], rules: Mapping[Series, Policy], now: datetime):
    """The order of the names, taken for that of time."""
    starts = sorted(entry.started_at for entry in entries)
    named = dict(zip(sorted(e.id for e in entries), starts, strict=True))
    return decide([replace(e, started_at=named[e.id]) for e in entries], rules, now)


def without_grouping(
    entries: Sequence[RetentionEntry], rules: Mapping[Series, Policy], now: datetime
):
    """All series compete for the slots of the first."""
    policy = next(iter(rules.values()))
    return decide([replace(e, service="", source="", class_="") for e in entries], policy, now)


def by_utc(entries: Sequence[RetentionEntry], rules: Mapping[Series, Policy], now: datetime):
    """The days of the machine's zone instead of the policy's."""
    elsewhere = {series: replace(policy, zone="Asia/Tokyo") for series, policy in rules.items()}
    return decide(entries, elsewhere, now)


def without_regions(
    entries: Sequence[RetentionEntry], rules: Mapping[Series, Policy], now: datetime
):
    """One copy anywhere is enough."""
    return decide([replace(e, regions=("",)) if e.regions else e for e in entries], rules, now)


def without_leases(
    entries: Sequence[RetentionEntry], rules: Mapping[Series, Policy], now: datetime
):
    """Removed while a restore reads it."""
    return decide([replace(e, restores=()) for e in entries], rules, now)


@pytest.mark.parametrize(
    "broken",
    [by_age, by_run, by_name, without_grouping, by_utc, without_regions, without_leases],
)
def test_a_year_catches_retention_that_is_wrong(broken):
    year = new_york(broken)
    year.run(until_wrong=True)
    assert year.problems != []


@pytest.mark.parametrize("broken", [by_age, by_run, without_grouping])
def test_and_not_only_by_the_oracle(broken):
    """The last restorable backup is missed without one as well."""
    year = new_york(broken)
    year.run(340)
    assert any("lost its newest restorable backup" in problem for problem in year.problems)


def test_the_command_prints_what_is_kept(capsys):
    assert main([]) == 2
    assert "SERVICE" in capsys.readouterr().err
    service = min(PROFILES, key=lambda id_: len(PROFILES[id_].backup.plans))
    assert main([service]) == 0
    shown = capsys.readouterr().out
    assert "kept" in shown
    assert "The oracle agreed" in shown


def test_nothing_depends_on_the_seed():
    for seed in range(2, 5):
        year = new_york(seed=seed)
        year.run(130)
        assert year.problems == []
        assert year.days[-1].now == BEGIN.replace(tzinfo=UTC) + 130 * DAY
