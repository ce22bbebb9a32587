"""What every `Store` finds (see `toban.ports.Query`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from toban.ports import Create, Delete, Key, Query, Update

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(store_world):
    return store_world.make()


def put(store, documents, collection="timers"):
    store.commit([Create(Key(collection, id_), data) for id_, data in documents.items()])


def ids(store, *where, order_by=None, limit=None):
    query = Query("timers", tuple(where), order_by, limit)
    found = [snapshot.key.id for snapshot in store.query(query)]
    if limit is None and order_by is None:
        assert store.count(query) == len(found)
    return found


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("==", ["b"]),
        ("<", ["a"]),
        ("<=", ["a", "b"]),
        (">", ["c"]),
        (">=", ["b", "c"]),
    ],
)
@pytest.mark.parametrize(
    "values",
    [
        (1, 2, 3),
        (-1.5, 0.25, 1e10),
        (1, 1.5, 2),
        ("A", "Z", "a"),
        ("", "~", "当番"),
        ("a", "a\x00", "a\x01"),
        (NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=1)),
        (b"", b"\x00", b"\xff"),
    ],
    ids=["int", "float", "mixed numbers", "text", "unicode", "control", "time", "bytes"],
)
def test_operators_compare_values_of_one_type(store, operator, expected, values):
    put(store, {id_: {"field": value} for id_, value in zip("abc", values, strict=True)})

    assert ids(store, ("field", operator, values[1])) == expected


def test_values_of_another_type_or_none_or_no_value_never_match(store):
    put(
        store,
        {
            "true": {"field": True},
            "int": {"field": 1},
            "float": {"field": 1.0},
            "text": {"field": "1"},
            "bytes": {"field": b"1"},
            "time": {"field": NOON},
            "time as text": {"field": NOON.isoformat()},
            "none": {"field": None},
            "list": {"field": [1]},
            "dict": {"field": {"field": 1}},
            "without": {"other": 1},
        },
    )

    assert ids(store, ("field", "==", 1)) == ["float", "int"]
    assert ids(store, ("field", ">=", 1)) == ["float", "int"]
    assert ids(store, ("field", "==", True)) == ["true"]
    assert ids(store, ("field", "==", "1")) == ["text"]
    assert ids(store, ("field", ">=", "")) == ["text", "time as text"]
    assert ids(store, ("field", "==", NOON)) == ["time"]
    assert ids(store, ("field", "<=", NOON)) == ["time"]
    assert ids(store, ("field", "<=", b"\xff")) == ["bytes"]
    assert ids(store, ("field", "==", None)) == ["none"]


def test_all_conditions_hold_together(store):
    put(
        store,
        {
            "a": {"service": "chat", "due": 1},
            "b": {"service": "chat", "due": 5},
            "c": {"service": "shop", "due": 5},
        },
    )

    assert ids(store, ("service", "==", "chat"), ("due", ">", 2)) == ["b"]
    assert ids(store, ("due", ">", 1), ("due", "<", 9)) == ["b", "c"]


def test_without_an_order_documents_come_by_id(store):
    put(store, {"c": {"n": 1}, "a": {"n": 1}, "B": {"n": 1}, "ü": {"n": 1}, "a1": {"n": 1}})

    assert ids(store) == ["B", "a", "a1", "c", "ü"]
    assert ids(store, ("n", "==", 1)) == ["B", "a", "a1", "c", "ü"]
    assert ids(store, limit=2) == ["B", "a"]


def test_order_is_by_the_field_and_then_by_id(store):
    put(store, {"d": {"n": 1}, "a": {"n": 3}, "c": {"n": 2.5}, "b": {"n": 1}})

    assert ids(store, order_by="n") == ["b", "d", "c", "a"]
    assert ids(store, ("n", "<", 3), order_by="n") == ["b", "d", "c"]
    assert ids(store, ("n", ">=", 2.5), order_by="-n") == ["a", "c"]


def test_descending_order_turns_everything_round(store):
    put(store, {"b": {"at": NOON}, "a": {"at": NOON}, "c": {"at": NOON + timedelta(seconds=1)}})

    assert ids(store, order_by="-at")[0] == "c"
    assert sorted(ids(store, order_by="-at")[1:]) == ["a", "b"]


def test_a_document_without_the_field_is_not_in_an_order_by_it(store):
    put(store, {"a": {"n": 1}, "b": {"other": 1}, "c": {"n": 0}})

    assert ids(store, order_by="n") == ["c", "a"]


def test_order_by_one_field_under_a_condition_on_another(store):
    put(
        store,
        {
            "a": {"status": "open", "at": 3},
            "b": {"status": "resolved", "at": 2},
            "c": {"status": "open", "at": 1},
        },
    )

    assert ids(store, ("status", "==", "open"), order_by="at") == ["c", "a"]
    assert ids(store, ("status", "==", "open"), order_by="-at", limit=1) == ["a"]


def test_a_limit_takes_the_first_in_order_and_count_ignores_it(store):
    put(store, {f"{n:02}": {"n": -n} for n in range(20)})

    assert ids(store, order_by="n", limit=3) == ["19", "18", "17"]
    assert ids(store, ("n", "<=", -5), order_by="-n", limit=2) == ["05", "06"]
    assert store.count(Query("timers", (("n", "<=", -5),), "-n", 2)) == 15


def test_a_query_sees_its_collection_only(store):
    put(store, {"a": {"n": 1}})
    put(store, {"a": {"n": 1}, "b": {"n": 1}}, collection="receipts")

    assert ids(store, ("n", "==", 1)) == ["a"]
    assert store.count(Query("receipts")) == 2
    assert store.query(Query("nothing")) == []
    assert store.count(Query("nothing", (("n", "==", 1),))) == 0


def test_a_query_sees_what_was_committed_just_before(store):
    assert ids(store, ("n", "==", 1)) == []
    [version] = store.commit([Create(Key("timers", "a"), {"n": 1})])
    assert ids(store, ("n", "==", 1)) == ["a"]

    [version] = store.commit([Update(Key("timers", "a"), {"n": 2}, version)])
    assert ids(store, ("n", "==", 1)) == []
    assert [snapshot.version for snapshot in store.query(Query("timers"))] == [version]

    store.commit([Delete(Key("timers", "a"), version)])
    assert ids(store) == []
