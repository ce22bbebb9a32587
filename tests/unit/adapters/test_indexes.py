"""A query that production would refuse fails in every store, before anything is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chains.services import safe
from tests.unit.kernel.world import NOON
from toban.adapters.google.firestore.store import FirestoreStore
from toban.adapters.local.memory.store import MemoryStore
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.store import SqliteStore
from toban.backups.documents import Backup
from toban.backups.watching import watch
from toban.events.backups import BackupWatchDue
from toban.incidents.documents import Incident
from toban.kernel.event import Event
from toban.kernel.indexes import MissingIndexError, composite_index
from toban.kernel.work import Work
from toban.ports import Query
from toban.profile.store import apply

UNDECLARED = [
    Query("incidents", (("service", "==", "chat"),), order_by="-opened_at"),
    Query("incidents", (("service", "==", "chat"), ("opened_at", ">", NOON))),
    Query("incidents", (("severity", "<", 2),), order_by="opened_at"),
    Query("incidents", (("severity", "<", 2), ("opened_at", ">", NOON))),
    # One field less, another direction: not the index that is declared.
    Query("backups", (("service", "==", "chat"),), order_by="-snapshot_at"),
    Query(
        "backups",
        tuple((field, "==", "x") for field in ("class", "service", "source", "status")),
        order_by="snapshot_at",
    ),
]
SERVED = [
    Query("incidents"),
    Query("incidents", (("service", "==", "chat"), ("status", "==", "open"))),
    Query("incidents", (("opened_at", ">", NOON),), order_by="-opened_at"),
    Query("incidents", (("opened_at", ">", NOON), ("opened_at", "<", NOON)), order_by="opened_at"),
    Query("incidents", order_by="-severity", limit=3),
    Query(
        "backups",
        tuple((field, "==", "x") for field in ("source", "status", "class", "service")),
        order_by="-snapshot_at",
    ),
    Query("of somebody else", (("a", "==", 1),), order_by="b"),
]


def unreachable():
    raise ConnectionRefusedError("it was asked")


@pytest.fixture(params=["memory", "sqlite", "firestore"])
def store(request, tmp_path):
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "firestore":
        yield FirestoreStore("p", client=unreachable)
    else:
        with SqliteDatabase(tmp_path / "toban.db") as database:
            yield SqliteStore(database)


@pytest.mark.parametrize("query", UNDECLARED, ids=str)
def test_a_query_without_its_index_is_refused_by_every_store(store, query):
    with pytest.raises(MissingIndexError) as refused:
        store.query(query)
    owner = Incident if query.collection == "incidents" else Backup
    package = owner.__module__.replace(".", "/")
    assert f"shared/{package}.py: {owner.__name__}.INDEXES lacks (" in str(refused.value)
    if composite_index(replace(query, order_by=None)):  # nothing is sorted to be counted
        with pytest.raises(MissingIndexError):
            store.count(query)


@pytest.mark.parametrize("query", SERVED, ids=str)
def test_one_that_is_served_is_answered(store, query):
    if isinstance(store, FirestoreStore):
        with pytest.raises(ConnectionRefusedError):
            store.query(query)
    else:
        assert store.query(query) == []


def test_without_the_declaration_the_watch_over_backups_fails(monkeypatch):
    store = MemoryStore()
    apply(store, [safe("safe-00", "http://127.0.0.1")], NOON)
    event = Event(id="e", source="/test", time=NOON, body=BackupWatchDue())

    def look():
        work = Work(store=store, event=event, function="watch_backups", now=NOON)
        watch.on_due(event.body, work)

    look()
    monkeypatch.setattr(Backup, "INDEXES", ())
    with pytest.raises(MissingIndexError, match="snapshot_at"):
        look()


def test_what_is_declared_is_an_index_that_a_query_could_need():
    for fields in Backup.INDEXES:
        *equal, order = fields
        where = tuple((field, "==", "x") for field in equal)
        needed = composite_index(Query("backups", where, order_by=order))
        assert needed is not None
        assert [name for name, _ in needed] == [f.removeprefix("-") for f in fields]
