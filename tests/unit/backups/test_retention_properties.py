"""What holds for every catalogue and every policy."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.backups import oracle
from tests.unit.backups.catalogues import NOW, catalogue, catalogues, policies, policy
from toban.backups.policy.retention import Policy, RetentionEntry, decide, removals

many = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def kept(entries: Sequence[RetentionEntry], rules: Policy) -> set[str]:
    return {verdict.id for verdict in decide(entries, rules, NOW) if verdict.keep}


def restorable(entries: Sequence[RetentionEntry]) -> dict[tuple[object, ...], list[RetentionEntry]]:
    """By series and region, newest first: what could be restored (starts in the future apart)."""
    everything = {entry.id: entry for entry in entries}
    found: dict[tuple[object, ...], list[RetentionEntry]] = {}
    for entry in sorted(entries, key=lambda e: e.started_at, reverse=True):
        if entry.started_at <= NOW:
            for region in oracle.restorable_in(entry, everything) or ():
                found.setdefault((*entry.series, region), []).append(entry)
    return found


@pytest.mark.parametrize("seed", range(40))
def test_an_oracle_written_from_the_prose_keeps_the_same(seed: int):
    chance = random.Random(seed)
    for _ in range(50):
        entries, rules = catalogue(chance), policy(chance)
        assert kept(entries, rules) == oracle.kept(entries, rules, NOW)


@many
@given(catalogues(), policies)
def test_the_oracle_agrees_on_whatever_hypothesis_finds(entries, rules):
    assert kept(entries, rules) == oracle.kept(entries, rules, NOW)


@many
@given(catalogues(), policies)
def test_no_region_of_a_series_loses_its_last_restorable_backups(entries, rules):
    stay = kept(entries, rules)
    left = restorable([entry for entry in entries if entry.id in stay])
    for where, backups in restorable(entries).items():
        assert len(left[where]) >= min(rules.minimum_verified, len(backups))
        assert left[where][0].started_at == backups[0].started_at


@many
@given(catalogues(), policies, st.integers(0, 30))
def test_once_removed_nothing_more_may_go_however_far_removing_came(entries, rules, most):
    verdicts = decide(entries, rules, NOW)
    stay = {verdict.id for verdict in verdicts if verdict.keep}
    gone = removals(entries, verdicts, most)
    assert not stay.intersection(gone)
    left = [entry for entry in entries if entry.id not in gone]
    assert kept(left, rules) == stay
    marked = [replace(e, status="deleted") if e.id in gone else e for e in entries]
    assert kept(marked, rules) == stay


@many
@given(catalogues(), policies)
def test_a_backup_is_removed_before_those_it_builds_on(entries, rules):
    order = removals(entries, decide(entries, rules, NOW), len(entries))
    everything = {entry.id: entry for entry in entries}
    for place, id_ in enumerate(order):
        assert not set(everything[id_].needs).intersection(order[:place])


@many
@given(catalogues(), policies, st.randoms(use_true_random=False))
def test_neither_the_order_of_the_entries_nor_that_of_their_ids_matters(entries, rules, chance):
    names = [f"x{number}" for number in range(len(entries))]
    chance.shuffle(names)
    called = dict(zip((entry.id for entry in entries), names, strict=True))
    renamed = [
        replace(entry, id=called[entry.id], needs=tuple(called[base] for base in entry.needs))
        for entry in entries
    ]
    chance.shuffle(renamed)
    assert kept(renamed, rules) == {called[id_] for id_ in kept(entries, rules)}


@many
@given(
    catalogues(),
    policies,
    st.sampled_from(["failed", "partial", "finished", "running", "unchanged"]),
    st.integers(-50, 2000),
)
def test_what_is_no_verified_backup_never_costs_one_that_is(entries, rules, status, hours):
    other = RetentionEntry(id="other", status=status, started_at=NOW - timedelta(hours=hours))
    assert kept(entries, rules) <= kept([*entries, other], rules)


@many
@given(catalogues(), policies, st.data())
def test_a_pin_keeps_its_backup_and_costs_none(entries, rules, data):
    living = [entry for entry in entries if entry.status not in ("deleted", "deleting")]
    if not living:
        return
    chosen = data.draw(st.sampled_from(living))
    pinned = [replace(e, pinned=True) if e is chosen else e for e in entries]
    assert kept(entries, rules) | {chosen.id} <= kept(pinned, rules)


@many
@given(catalogues(), policies)
def test_what_a_restore_reads_stays_with_all_it_builds_on(entries, rules):
    everything = {entry.id: entry for entry in entries}
    stay = kept(entries, rules)
    reading = [e for e in entries if e.restores and e.status != "deleted"]
    while reading:
        entry = reading.pop()
        assert entry.id in stay
        reading += [
            everything[base]
            for base in entry.needs
            if base in everything and everything[base].status != "deleted"
        ]


@many
@given(catalogues(), policies)
def test_series_are_judged_apart_unless_one_builds_on_another(entries, rules):
    alone = [replace(entry, needs=()) for entry in entries]
    classes = {entry.class_ for entry in alone}
    apart = [kept([e for e in alone if e.class_ == c], rules) for c in classes]
    assert kept(alone, rules) == set().union(*apart)


@many
@given(catalogues(), policies)
def test_every_verdict_says_why(entries, rules):
    verdicts = decide(entries, rules, NOW)
    assert [verdict.id for verdict in verdicts] == [entry.id for entry in entries]
    for verdict in verdicts:
        assert verdict.reasons
        assert all(str(reason).strip() and "{" not in str(reason) for reason in verdict.reasons)
