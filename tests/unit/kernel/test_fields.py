"""Reading JSON field by field: what is taken, what is not said, and where an error is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from toban.kernel.edge.fields import (
    InvalidField,
    as_list,
    as_object,
    as_text,
    epoch,
    join,
    member,
    required_text,
    rfc3339,
    strict_text,
    text,
    texts,
)

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)


def test_a_place_is_the_path_to_it():
    assert (join("", "a"), join("a.b", "c")) == ("a", "a.b.c")
    with pytest.raises(InvalidField, match=r"^body: expected an object, got an array$"):
        as_object([], "")
    with pytest.raises(InvalidField, match=r"^a: expected an array, got a string$"):
        as_list("", "a")
    assert as_object({"a": 1}, "x") == {"a": 1}
    assert as_list([1], "x") == [1]


@pytest.mark.parametrize(
    ("value", "found"),
    [(None, ""), ("a", "a"), ("", ""), (1, "1"), (1.5, "1.5"), (True, "true"), (False, "false")],
)
def test_what_senders_quote_or_do_not_is_text(value, found):
    assert as_text(value, "x") == found
    assert text({"a": value}, "a", "x") == found


@pytest.mark.parametrize(("value", "kind"), [({}, "an object"), ([], "an array")])
def test_what_has_parts_is_no_text(value, kind):
    with pytest.raises(InvalidField, match=rf"^x\.a: expected a string, got {kind}$"):
        text({"a": value}, "a", "x")


def test_a_text_that_has_to_be_one_or_has_to_be_there():
    assert strict_text({"a": "b"}, "a", "") == "b"
    assert strict_text({}, "a", "") == strict_text({"a": None}, "a", "") == ""
    with pytest.raises(InvalidField, match=r"^x\.a: expected a string, got a number$"):
        strict_text({"a": 0}, "a", "x")
    assert required_text({"a": " b "}, "a", "") == " b "
    for missing in ({}, {"a": None}, {"a": " "}):
        with pytest.raises(InvalidField, match=r"^x\.a: expected a string that is not empty$"):
            required_text(missing, "a", "x")


def test_an_object_inside_is_empty_where_it_is_not_there():
    assert member({}, "a", "") == member({"a": None}, "a", "") == {}
    assert member({"a": {"b": 1}}, "a", "") == {"b": 1}
    with pytest.raises(InvalidField, match=r"^x\.a: expected an object, got a boolean$"):
        member({"a": False}, "a", "x")
    assert dict(texts({"a": {"b": 1, "c": None}}, "a", "")) == {"b": "1", "c": ""}
    assert dict(texts({}, "a", "")) == {}
    long = "k" * 100
    with pytest.raises(InvalidField, match=rf"^x\.a\.{'k' * 80}: expected a string, got an array$"):
        list(texts({"a": {long: []}}, "a", "x"))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, None),
        ("", None),
        ("0001-01-01T00:00:00Z", None),
        ("1899-12-31T23:59:59Z", None),
        ("1900-01-01T00:00:00Z", datetime(1900, 1, 1, tzinfo=UTC)),
        ("2026-11-22T03:00:00Z", AT),
        ("2026-11-22T12:00:00+09:00", AT),
        ("9000-12-31T00:00:00Z", datetime(9000, 12, 31, tzinfo=UTC)),
    ],
)
def test_a_time_has_an_offset_and_is_not_set_where_senders_say_so(value, found):
    moment = rfc3339({"a": value}, "a", "")
    assert moment == found
    assert moment is None or moment.tzinfo == UTC
    assert rfc3339({}, "a", "") is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5, "expected an RFC 3339 time as 2026-11-22T03:00:00Z, got a number"),
        ("soon", "expected an RFC 3339 time as 2026-11-22T03:00:00Z"),
        ("2026-11-22T03:00:00", "expected an RFC 3339 time as .*: the offset is missing"),
        ("9001-01-01T00:00:00Z", "expected a time before the year 9000"),
    ],
)
def test_a_time_that_is_none_is_told_with_its_place(value, said):
    with pytest.raises(InvalidField, match=rf"^x\.a: {said}$"):
        rfc3339({"a": value}, "a", "x")


@pytest.mark.parametrize("value", [1795316400, "1795316400", 1795316400.0])
def test_seconds_since_1970_are_a_time_quoted_or_not(value):
    assert epoch({"a": value}, "a", "") == AT
    assert epoch({"a": 1795316400.5}, "a", "") == AT + timedelta(seconds=0.5)


@pytest.mark.parametrize("value", [None, "", 0, "0", 0.0])
def test_seconds_that_are_not_set_are_no_time(value):
    assert epoch({"a": value}, "a", "") is None
    assert epoch({}, "a", "") is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "expected seconds since 1970, got a boolean"),
        ([], "expected seconds since 1970, got an array"),
        ("soon", "expected seconds since 1970"),
        (1e30, "expected seconds since 1970"),
        (float("nan"), "expected seconds since 1970"),
        (250000000000, "expected a time before the year 9000"),
    ],
)
def test_seconds_that_are_none_are_told_with_their_place(value, said):
    with pytest.raises(InvalidField, match=rf"^x\.a: {said}$"):
        epoch({"a": value}, "a", "x")
