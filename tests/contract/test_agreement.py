"""The store in memory, which simulation trusts, does exactly what the one in SQLite does."""

from __future__ import annotations

import itertools
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toban.adapters.local.memory.store import MemoryStore
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.store import SqliteStore
from toban.ports import Create, Delete, Key, PortError, Query, Update

TIMES = st.datetimes(
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-4))]),
    min_value=datetime(2, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    st.sampled_from(["~", "~t", "~b00", "~~", "\x00", "\x01\x01", "\x01\x02"]),
    st.binary(max_size=20),
    TIMES,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)

FEW = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        1.0,
        1.5,
        -2,
        2**40,
        "",
        "1",
        "~",
        "~t",
        "~b",
        "a\x00",
        "a",
        "当",
        b"",
        b"a",
        datetime(2026, 4, 1, tzinfo=UTC),
        datetime(2026, 4, 1, 9, tzinfo=timezone(timedelta(hours=9))),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ]
)
DATA = st.dictionaries(st.sampled_from("fg"), FEW, max_size=2)
KEYS = st.builds(Key, st.sampled_from(["one", "two"]), st.sampled_from(["a", "b", "c"]))
WRITES = st.one_of(
    st.tuples(st.just("create"), KEYS, DATA, st.just(0)),
    st.tuples(st.just("update"), KEYS, DATA, st.integers(0, 2)),
    st.tuples(st.just("delete"), KEYS, st.just({}), st.integers(0, 2)),
)
COMMITS = st.lists(WRITES, min_size=1, max_size=3, unique_by=lambda write: write[1])
QUERIES = st.builds(
    Query,
    st.sampled_from(["one", "two"]),
    st.lists(
        st.tuples(st.sampled_from("fg"), st.sampled_from(["==", "<", "<=", ">", ">="]), FEW),
        max_size=2,
    ).map(tuple),
    st.sampled_from([None, "f", "-f", "g", "-g"]),
    st.sampled_from([None, 1, 2]),
)


@pytest.fixture(scope="module")
def new_file():
    """A fresh database each time it is called."""
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as directory:
        yield lambda: SqliteDatabase(Path(directory) / f"{next(numbers)}.db")


@pytest.fixture(scope="module")
def one_file(new_file):
    with new_file() as database:
        yield database


class Driver:
    """One store, and the versions it gave so far for each key, newest first."""

    def __init__(self, store):
        self.store = store
        self.versions = {}

    def commit(self, writes):
        made = [self._write(*write) for write in writes]
        try:
            versions = self.store.commit(made)
        except PortError as error:
            return type(error).__name__
        for write, version in zip(made, versions, strict=True):
            self.versions.setdefault(write.key, []).insert(0, version)
        return [bool(version) for version in versions]

    def _write(self, kind, key, data, age):
        versions = self.versions.get(key, [])
        version = versions[age] if age < len(versions) else "77777"
        if kind == "create":
            return Create(key, data)
        return Update(key, data, version) if kind == "update" else Delete(key, version)

    def query(self, query):
        found = [(snapshot.key, describe(snapshot.data)) for snapshot in self.store.query(query)]
        return found, self.store.count(query)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.one_of(COMMITS, QUERIES), min_size=3, max_size=25))
def test_any_sequence_of_commits_and_queries_has_the_same_results(new_file, steps):
    with new_file() as database:
        memory, sqlite = Driver(MemoryStore()), Driver(SqliteStore(database))
        for step in steps:
            if isinstance(step, Query):
                assert sqlite.query(step) == memory.query(step)
            else:
                assert sqlite.commit(step) == memory.commit(step)
        every = [Key(name, id_) for name in ("one", "two") for id_ in "abc"]
        assert [found and found.data for found in sqlite.store.get(every)] == [
            found and found.data for found in memory.store.get(every)
        ]


@settings(max_examples=300, deadline=None)
@given(data=st.dictionaries(TEXT, VALUES, max_size=5), numbers=st.just(itertools.count()))
def test_any_document_comes_back_as_it_was_from_both(one_file, data, numbers):
    key = Key("any", str(next(numbers)))
    memory, sqlite = MemoryStore(), SqliteStore(one_file)
    for store in (memory, sqlite):
        store.commit([Create(key, data)])

    found = [store.get([key])[0].data for store in (memory, sqlite)]

    assert found[0] == found[1] == data
    assert describe(found[0]) == describe(found[1]) == describe(data)


def describe(value):
    """Types as well as values: 1, 1.0 and True differ; times count by the moment."""
    if isinstance(value, dict):
        return {name: describe(item) for name, item in value.items()}
    if isinstance(value, list):
        return [describe(item) for item in value]
    if isinstance(value, datetime):
        return "time", value.astimezone(UTC).isoformat()
    return type(value).__name__, repr(value)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**63,
        datetime(2026, 4, 1),  # noqa: DTZ001  that is the point
        "\ud800",
        {1: "a key that is no text"},
        {1, 2},
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_document_cannot_hold_is_refused_by_both(one_file, value):
    for store in (MemoryStore(), SqliteStore(one_file)):
        with pytest.raises(ValueError):  # noqa: PT011  one of several texts
            store.commit([Create(Key("refused", "a"), {"value": [value]})])
        assert store.count(Query("refused")) == 0


def test_a_document_above_one_mebibyte_is_refused_by_both(one_file):
    for store in (MemoryStore(), SqliteStore(one_file)):
        with pytest.raises(ValueError, match="1048576"):
            store.commit([Create(Key("refused", "a"), {"value": "当" * 349_525 + "x" * 100})])
        store.commit([Create(Key("accepted", "a"), {"value": b"x" * 1_000_000})])


@pytest.mark.parametrize(
    "query",
    [
        Query("timers", (("a.b", "==", 1),)),
        Query("timers", (("a'); --", "==", 1),)),
        Query("timers", (), "due desc"),
        Query("timers", (("due", "==", [1]),)),
        Query("timers", (), None, 0),
        Query("timers", (("due", "<", float("nan")),)),
    ],
    ids=str,
)
def test_a_query_that_means_nothing_is_refused_by_both(one_file, query):
    for store in (MemoryStore(), SqliteStore(one_file)):
        with pytest.raises(ValueError):  # noqa: PT011  one of several texts
            store.query(query)


def test_a_key_twice_in_one_commit_is_refused_by_both(one_file):
    for store in (MemoryStore(), SqliteStore(one_file)):
        with pytest.raises(ValueError, match="twice"):
            store.commit([Create(Key("a", "a"), {}), Create(Key("a", "a"), {})])
        assert store.commit([]) == []


def test_a_collection_name_with_quotes_is_just_a_name(one_file):
    for store in (MemoryStore(), SqliteStore(one_file)):
        name = 'it\'s "odd"'
        store.commit([Create(Key(name, "a"), {"n": 1})])
        assert store.count(Query(name, (("n", "==", 1),), "n")) == 1
        assert [found.key.id for found in store.query(Query(name, (), "-n"))] == ["a"]
