"""Which seeds a simulation gets: never too few, as many as fit, the same for the same commit."""

from __future__ import annotations

import pytest

from tests.plugins.seeds import SPAN, Seeds, first_seed


def played(seeds: Seeds, cost: float, spent: list[float]) -> list[int]:
    """All that are given to a test to which each costs so many seconds of `spent`."""
    found = []
    for seed in seeds:
        found.append(seed)
        spent[0] += cost
    return found


def test_however_slow_the_machine_the_least_are_played():
    spent = [0.0]
    seeds = Seeds(7, least=4, seconds=1, spent=lambda: spent[0])

    assert played(seeds, 1000, spent) == [7, 8, 9, 10]


def test_as_many_more_as_fit_into_the_seconds():
    spent = [0.0]
    seeds = Seeds(0, least=2, seconds=10, spent=lambda: spent[0])

    assert played(seeds, 3, spent) == [0, 1, 2, 3]


@pytest.mark.parametrize(("least", "parts"), [(16, 8), (17, 8), (3, 8), (20, 1)])
def test_parts_play_together_what_one_would_each_seed_once(least: int, parts: int):
    all_played = [seed for part in range(parts) for seed in Seeds(100, least, 0, part, parts)]

    assert sorted(all_played) == list(range(100, 100 + least))


def test_a_commit_says_where_to_begin():
    first, why = first_seed()

    assert (first, why) == first_seed()
    assert 0 <= first < SPAN
    assert why


def test_what_is_asked_for_is_played_and_no_more(pytester: pytest.Pytester):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.seeds(least=2, seconds=60, parts=2)
        def test_all(seeds, record_property):
            print("played", *seeds)
        """
    )
    plugin = ("-p", "tests.plugins.seeds", "-s", "-q", "-p", "no:cacheprovider")

    said = pytester.runpytest_inprocess(*plugin, "--seeds", "5", "--first-seed", "30")

    assert said.ret == 0
    said.stdout.fnmatch_lines(["*played 30 32 34*", "*played 31 33*"])
    assert "test_all[part1]" in "".join(
        pytester.runpytest_inprocess(*plugin, "--collect-only").outlines
    )
