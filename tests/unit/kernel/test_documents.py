"""Reading without a unit of work, and changing one document outside of any handling."""

from datetime import timedelta

import pytest

from tests.unit.kernel.world import Counter
from toban.kernel.document import encode
from toban.kernel.documents import Documents
from toban.kernel.handling.change import change, remove
from toban.ports import Create, Update
from toban.testing import NOON, CountingStore


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


def put(store: CountingStore, id: str, value: int) -> None:
    found = store.inner.get([Counter.key(id)])[0]
    data = encode(Counter(id=id, value=value))
    write = (
        Create(Counter.key(id), data) if found is None else Update(found.key, data, found.version)
    )
    store.inner.commit([write])


def plus(number: int):
    def decide(counter: Counter | None) -> Counter:
        counter = counter or Counter(id="c")
        counter.value += number
        return counter

    return decide


def test_documents_are_read_with_their_type(store):
    for id, value in (("a", 1), ("b", 2), ("c", 2)):
        put(store, id, value)
    documents = Documents(store, NOON)
    assert documents.get(Counter, "a") == Counter(id="a", value=1)
    assert documents.get(Counter, "z") is None
    assert documents.get_many(Counter, ["b", "z"]) == [Counter(id="b", value=2), None]
    assert [c.id for c in documents.find(Counter, ("value", "==", 2))] == ["b", "c"]
    assert documents.find(Counter, order_by="value", limit=1) == [Counter(id="a", value=1)]
    assert (documents.count(Counter), documents.count(Counter, ("value", "==", 2))) == (3, 2)


def test_what_never_changes_is_read_once(store):
    put(store, "a", 1)
    documents = Documents(store, NOON)
    assert documents.reference(Counter, "a") == documents.reference(Counter, "a")
    assert len(documents.references(Counter, timedelta(seconds=30))) == 1
    put(store, "b", 1)
    assert len(documents.references(Counter, timedelta(seconds=30))) == 1, "as it was just now"
    assert store.cost() == (2, 0)
    assert documents.get(Counter, "a") is not None
    assert store.cost() == (1, 0), "but a plain read reads"


def test_a_change_creates_and_replaces(store):
    assert change(store, Counter, "c", plus(1)).value == 1
    assert change(store, Counter, "c", plus(1)).value == 2
    assert Documents(store, NOON).get(Counter, "c") == Counter(id="c", value=2)


def test_nothing_is_written_where_nothing_changes(store):
    put(store, "c", 3)
    assert change(store, Counter, "c", plus(0)).value == 3
    assert store.commits == 0


@pytest.mark.parametrize("before", [None, 10], ids=["created", "changed"])
def test_what_somebody_else_did_meanwhile_is_not_lost(store, before):
    if before is not None:
        put(store, "c", before)
    meanwhile = [100, 50]
    store.before = lambda _: put(store, "c", meanwhile.pop()) if meanwhile else None
    assert change(store, Counter, "c", plus(1)).value == 101
    assert Documents(store, NOON).get(Counter, "c") == Counter(id="c", value=101)


def test_what_the_decision_raises_leaves_the_document_as_it_was(store):
    put(store, "c", 3)

    def refuse(counter: Counter | None) -> Counter:
        counter.value = 0
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        change(store, Counter, "c", refuse)
    assert (store.commits, Documents(store, NOON).get(Counter, "c").value) == (0, 3)


def test_a_decision_may_leave_things_as_they_are(store):
    assert change(store, Counter, "c", lambda _: None) is None
    put(store, "c", 3)
    assert change(store, Counter, "c", lambda _: None) is None
    assert (store.commits, Documents(store, NOON).get(Counter, "c").value) == (0, 3)


def test_what_is_removed_is_what_was_seen(store):
    put(store, "c", 3)
    seen = Documents(store, NOON).get(Counter, "c")
    put(store, "c", 4)
    assert not remove(store, seen), "somebody has changed it since"
    seen = Documents(store, NOON).get(Counter, "c")
    store.before = lambda writes: put(store, "c", 5) if store.commits == 1 else None
    assert not remove(store, seen), "somebody changes it at this very moment"
    assert remove(store, Documents(store, NOON).get(Counter, "c"))
    assert Documents(store, NOON).find(Counter) == []
    assert remove(store, seen), "it is gone"
