"""What every `Store` does (see `toban.ports.Store`)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from toban.ports import (
    AlreadyExists,
    Create,
    Delete,
    Key,
    PortError,
    Query,
    Stale,
    Unavailable,
    Update,
)

INCIDENT = Key("incidents", "inc-1")
RECEIPT = Key("receipts", "r-1")
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(store_world):
    return store_world.make()


def together(threads, work):
    """Run `work(number)` in so many threads that begin at the same moment; their results."""
    barrier = threading.Barrier(threads)

    def run(number):
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


# --- one document ------------------------------------------------------------------------------


def test_a_created_document_is_read_back_with_the_version_the_commit_returned(store):
    [version] = store.commit([Create(INCIDENT, {"status": "open"})])

    [snapshot] = store.get([INCIDENT])

    assert snapshot.key == INCIDENT
    assert snapshot.data == {"status": "open"}
    assert snapshot.version == version != ""


def test_reading_keeps_the_order_asked_for_and_shows_gaps(store):
    store.commit([Create(INCIDENT, {"n": 1}), Create(RECEIPT, {"n": 2})])

    found = store.get([RECEIPT, Key("incidents", "none"), INCIDENT, RECEIPT])

    assert [snapshot and snapshot.data["n"] for snapshot in found] == [2, None, 1, 2]
    assert store.get([]) == []


def test_the_same_id_in_two_collections_is_two_documents(store):
    store.commit([Create(Key("a", "x"), {"n": 1}), Create(Key("b", "x"), {"n": 2})])

    assert [snapshot.data["n"] for snapshot in store.get([Key("a", "x"), Key("b", "x")])] == [1, 2]


def test_an_existing_document_cannot_be_created_again(store):
    store.commit([Create(INCIDENT, {"n": 1})])

    with pytest.raises(AlreadyExists):
        store.commit([Create(INCIDENT, {"n": 2})])

    assert store.get([INCIDENT])[0].data == {"n": 1}


def test_an_update_replaces_the_whole_document(store):
    [version] = store.commit([Create(INCIDENT, {"status": "open", "note": "x"})])

    [newer] = store.commit([Update(INCIDENT, {"status": "resolved"}, version)])

    [snapshot] = store.get([INCIDENT])
    assert snapshot.data == {"status": "resolved"}
    assert snapshot.version == newer != version


def test_an_update_with_an_old_version_is_stale_and_changes_nothing(store):
    [old] = store.commit([Create(INCIDENT, {"n": 1})])
    store.commit([Update(INCIDENT, {"n": 2}, old)])

    with pytest.raises(Stale):
        store.commit([Update(INCIDENT, {"n": 3}, old)])

    assert store.get([INCIDENT])[0].data == {"n": 2}


def test_writing_the_same_content_still_changes_the_version(store):
    [old] = store.commit([Create(INCIDENT, {"n": 1})])
    [new] = store.commit([Update(INCIDENT, {"n": 1}, old)])

    assert new != old
    with pytest.raises(Stale):
        store.commit([Update(INCIDENT, {"n": 1}, old)])


def test_updating_or_deleting_a_missing_document_is_stale(store):
    [version] = store.commit([Create(INCIDENT, {"n": 1})])
    missing = Key("incidents", "none")

    with pytest.raises(Stale):
        store.commit([Update(missing, {"n": 1}, version)])
    with pytest.raises(Stale):
        store.commit([Delete(missing, version)])

    assert store.get([missing]) == [None]


def test_a_delete_needs_the_current_version(store):
    [old] = store.commit([Create(INCIDENT, {"n": 1})])
    [new] = store.commit([Update(INCIDENT, {"n": 2}, old)])

    with pytest.raises(Stale):
        store.commit([Delete(INCIDENT, old)])
    assert store.commit([Delete(INCIDENT, new)]) == [""]

    assert store.get([INCIDENT]) == [None]


def test_a_version_from_before_a_delete_does_not_fit_the_document_created_after_it(store):
    [old] = store.commit([Create(INCIDENT, {"n": 1})])
    store.commit([Delete(INCIDENT, old)])
    store.commit([Create(INCIDENT, {"n": 1})])

    with pytest.raises(Stale):
        store.commit([Update(INCIDENT, {"n": 2}, old)])


def test_changing_what_was_written_or_read_changes_no_document(store):
    written = {"alerts": ["a-1"], "by": {"name": "Aiko"}}
    store.commit([Create(INCIDENT, written)])
    written["alerts"].append("a-2")
    store.get([INCIDENT])[0].data["by"]["name"] = "Ben"
    store.query(Query("incidents"))[0].data["alerts"].clear()

    assert store.get([INCIDENT])[0].data == {"alerts": ["a-1"], "by": {"name": "Aiko"}}


@pytest.mark.parametrize("key", [Key("incidents", "a/b"), Key("incidents", ""), Key("", "a")])
def test_a_key_that_could_not_be_a_document_is_refused(store, key):
    with pytest.raises(ValueError, match="key"):
        store.commit([Create(key, {"n": 1})])


@pytest.mark.parametrize("id_", ["a b", "日本:1", "50%", "x" * 700, "a'b\"c", "..."])
def test_ids_may_hold_any_other_characters(store, id_):
    key = Key("alerts", id_)
    store.commit([Create(key, {"n": 1})])

    assert store.get([key])[0].key == key
    assert [snapshot.key for snapshot in store.query(Query("alerts"))] == [key]


# --- batches -----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize(
    "failing", ["create", "stale update", "update of nothing", "stale delete", "delete of nothing"]
)
def test_a_batch_with_one_failing_write_leaves_nothing(store, failing, place):
    other, nothing = Key("incidents", "inc-2"), Key("incidents", "none")
    old, version = store.commit([Create(INCIDENT, {"n": 0}), Create(other, {"n": 1})])
    store.commit([Update(INCIDENT, {"n": 1}, old)])
    bad = {
        "create": Create(INCIDENT, {"n": 9}),
        "stale update": Update(INCIDENT, {"n": 9}, old),
        "update of nothing": Update(nothing, {"n": 9}, version),
        "stale delete": Delete(INCIDENT, old),
        "delete of nothing": Delete(nothing, version),
    }[failing]
    good = [Create(RECEIPT, {"n": 9}), Update(other, {"n": 9}, version)]

    with pytest.raises(AlreadyExists if failing == "create" else Stale):
        store.commit([bad, *good] if place == "first" else [*good, bad])

    found = store.get([RECEIPT, nothing, other, INCIDENT])
    assert [snapshot and snapshot.data for snapshot in found] == [None, None, {"n": 1}, {"n": 1}]


def test_a_batch_creates_updates_and_deletes_together(store):
    old, gone = Key("incidents", "old"), Key("timers", "t")
    old_version, gone_version = store.commit([Create(old, {"n": 1}), Create(gone, {"n": 1})])

    versions = store.commit(
        [
            Create(RECEIPT, {"n": 2}),
            Update(old, {"n": 2}, old_version),
            Delete(gone, gone_version),
        ]
    )

    found = store.get([RECEIPT, old, gone])
    assert [snapshot and snapshot.data for snapshot in found] == [{"n": 2}, {"n": 2}, None]
    assert versions == [found[0].version, found[1].version, ""]


def test_a_commit_whose_answer_is_lost_was_applied_once_and_its_repeat_says_so(store, store_world):
    [version] = store.commit([Create(INCIDENT, {"n": 1})])
    flaky = store_world.lose_next_answer(store)
    writes = [Create(RECEIPT, {"for": "event"}), Update(INCIDENT, {"n": 2}, version)]

    with pytest.raises(Unavailable):
        flaky.commit(writes)
    assert [snapshot.data for snapshot in store.get([RECEIPT, INCIDENT])] == [
        {"for": "event"},
        {"n": 2},
    ]
    with pytest.raises(AlreadyExists):
        flaky.commit(writes)

    assert store.get([INCIDENT])[0].data == {"n": 2}
    assert store.count(Query("receipts")) == 1


# --- races -------------------------------------------------------------------------------------


def test_of_twenty_racing_creates_exactly_one_wins(store):
    def create(number):
        try:
            store.commit(
                [Create(INCIDENT, {"by": number}), Create(Key("receipts", f"r-{number}"), {})]
            )
        except AlreadyExists:
            return None
        return number

    winners = [number for number in together(20, create) if number is not None]

    assert len(winners) == 1
    assert store.get([INCIDENT])[0].data == {"by": winners[0]}
    assert [found.key.id for found in store.query(Query("receipts"))] == [f"r-{winners[0]}"]


def test_ten_threads_that_read_and_update_one_document_lose_no_update(store):
    store.commit([Create(INCIDENT, {"count": 0})])

    def add(number):
        for step in range(5):
            for _ in range(1000):
                [snapshot] = store.get([INCIDENT])
                counted = {"count": snapshot.data["count"] + 1}
                try:
                    store.commit(
                        [
                            Create(Key("receipts", f"{number}-{step}"), {"n": 1}),
                            Update(INCIDENT, counted, snapshot.version),
                        ]
                    )
                except Stale:
                    continue
                break

    together(10, add)

    assert store.get([INCIDENT])[0].data == {"count": 50}
    assert store.count(Query("receipts")) == 50


def test_commits_of_many_threads_do_not_disturb_each_other(store):
    def write(number):
        for step in range(10):
            store.commit([Create(Key("alerts", f"{number}-{step}"), {"by": number})])
            with pytest.raises(PortError):
                store.commit(
                    [
                        Create(Key("alerts", f"{number}-{step}"), {}),
                        Create(Key("lost", f"{number}-{step}"), {}),
                    ]
                )

    together(8, write)

    assert store.count(Query("alerts")) == 80
    assert store.count(Query("lost")) == 0


# --- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        1,
        -1,
        2**63 - 1,
        -(2**63),
        0.0,
        1.0,
        0.1,
        -1.5e300,
        5e-324,
        "",
        "当番 ・ 🚒 \n\t\"'\\ ",
        "2026-04-01T12:00:00+00:00",
        "2026-04-01T12:00:00.000000Z",
        "~t2026-04-01T12:00:00.000000",
        "~b00",
        "~",
        b"",
        b"\x00\xff~",
        NOON,
        NOON + timedelta(microseconds=1),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        [],
        {},
        [1, "a", None, {"deep": [{"er": NOON}]}],
        {"b": {"c": {"d": [True, 1, 1.0, b"1", "1"]}}, "日本": {"`": None, "a.b": "~"}},
    ],
    ids=repr,
)
def test_values_come_back_as_they_were(store, value):
    store.commit([Create(INCIDENT, {"value": value, "日本 語": [{"value": [{"x": value}]}]})])

    data = store.get([INCIDENT])[0].data

    assert repr(data["value"]) == repr(value)
    assert repr(data["日本 語"][0]["value"][0]["x"]) == repr(value)


def test_a_time_in_another_zone_comes_back_in_utc(store):
    tokyo = datetime(2026, 4, 1, 9, 30, tzinfo=timezone(timedelta(hours=9)))
    store.commit([Create(INCIDENT, {"at": tokyo})])

    found = store.get([INCIDENT])[0].data["at"]

    assert found == tokyo
    assert found.utcoffset() == timedelta(0)


def test_an_empty_document_exists(store):
    store.commit([Create(INCIDENT, {})])

    assert store.get([INCIDENT])[0].data == {}


def test_a_document_of_900_kilobytes_comes_back(store):
    big = {"text": "当" * 150_000, "bytes": bytes(range(256)) * 1_000, "list": ["x" * 100] * 1_900}
    [version] = store.commit([Create(INCIDENT, big)])
    assert store.get([INCIDENT])[0].data == big

    store.commit([Update(INCIDENT, big | {"more": 1}, version)])

    assert store.get([INCIDENT])[0].data == big | {"more": 1}
