"""Which names a profile's patterns leave out."""

from __future__ import annotations

import time

import pytest

from toban.sources.patterns import Exclusion, flag, texts
from toban.sources.side_by_side import WAITING, side_by_side


@pytest.mark.parametrize(
    ("pattern", "left_out", "kept"),
    [
        ("*.log", ["a.log", "x/y/a.log"], ["a.log.gz", "a.log/x", "A.LOG"]),
        ("tmp/*", ["tmp/a", "tmp/a/b"], ["a/tmp/b", "tmp"]),
        ("*/tmp/*.bin", ["a/tmp/b.bin", "a/b/tmp/c/d.bin"], ["tmp/b.bin"]),
        (
            "node_modules/",
            ["node_modules/a", "x/node_modules/y/z"],
            ["node_modules", "my_node_modules/a"],
        ),
        ("a/b/", ["a/b/c", "x/a/b/c/d"], ["a/b", "a/x/b/c"]),
        ("cache*/", ["cache-1/a", "x/cache/b"], ["cache", "x/acache/b"]),
        ("file?", ["file1", "x/file2"], ["file", "file10"]),
        ("日本*", ["日本語.txt", "x/日本"], ["新日本"]),
    ],
)
def test_a_pattern_leaves_out(pattern, left_out, kept):
    excluded = Exclusion([pattern])

    assert [name for name in left_out if not excluded(name)] == []
    assert [name for name in kept if excluded(name)] == []


def test_without_patterns_nothing_is_left_out():
    assert not Exclusion(())("a/b")


def test_options_may_come_from_a_profile_or_a_command_line():
    assert texts(("a", "b"), "paths") == texts(["a", "b"], "paths") == texts("a, b", "paths")
    assert texts(None, "paths") == ()
    with pytest.raises(ValueError, match="paths"):
        texts([1], "paths")
    assert [flag(option) for option in (True, "true", "Yes", "1")] == [True] * 4
    assert [flag(option) for option in (False, "false", "", None, 0, "no")] == [False] * 6


# --- several at a time -------------------------------------------------------------------------


def test_results_come_in_the_order_of_what_was_asked():
    def slowest_first(number):
        time.sleep((5 - number) / 500)
        return number

    assert list(side_by_side(slowest_first, range(5))) == [0, 1, 2, 3, 4]


def test_no_more_is_begun_than_there_are_workers():
    read = []

    def numbers():
        for number in range(100):
            read.append(number)
            yield number

    results = side_by_side(lambda number: number, numbers(), workers=3)
    next(results)
    results.close()

    assert len(read) <= 4


def test_the_first_that_fails_ends_it():
    def do(number):
        if number == 2:
            raise ValueError("two")
        return number

    results = side_by_side(do, range(100))

    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)


def test_who_waits_for_something_long_is_told_so():
    def do(number):
        time.sleep(0.1 if number == 1 else 0)
        return number

    results = list(side_by_side(do, range(3), workers=1, patience_s=0.02))

    assert [result for result in results if result is not WAITING] == [0, 1, 2]
    assert results[1] is WAITING


def test_a_time_out_of_what_is_done_is_its_own_failure():
    def do(_):
        raise TimeoutError("the other side")

    with pytest.raises(TimeoutError, match="other side"):
        list(side_by_side(do, range(3)))
