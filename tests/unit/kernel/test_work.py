"""The unit of work: reads, writes, events and timers of one handling."""

from datetime import timedelta

import pytest

from tests.unit.kernel.world import FUNCTION, NOON, Counter, World, add_one, cause, follow_up
from toban.events import PostmortemDrafted
from toban.kernel.document import encode
from toban.kernel.event import MAX_BODY, to_message
from toban.kernel.handling.decision import Translation
from toban.kernel.ids import derive
from toban.kernel.work import Cache, Work
from toban.ports import Create, Delete, Update


@pytest.fixture
def world() -> World:
    return World()


def work_on(world: World, **more: object) -> Work:
    return Work(store=world.store, event=cause(), function=FUNCTION, now=NOON, **more)


def keep(world: World, id: str = "c", value: int = 1) -> None:
    world.store.inner.commit([Create(Counter.key(id), encode(Counter(id=id, value=value)))])


def test_nothing_is_written_blindly(world):
    with pytest.raises(RuntimeError, match="without having been read"):
        work_on(world).put(Counter(id="c"))
    with pytest.raises(RuntimeError, match="without having been read"):
        work_on(world).delete(Counter, "c")


def test_a_new_document_is_created_and_a_read_one_updated_as_it_was_read(world):
    keep(world, "old")
    work = work_on(world)
    for id in ("new", "old"):
        counter = work.get(Counter, id) or Counter(id=id)
        counter.value = 7
        work.put(counter)
    create, update = work.writes
    assert isinstance(create, Create)
    assert isinstance(update, Update)
    assert update.version == world.store.inner.get([Counter.key("old")])[0].version
    assert dict(update.data) == {"id": "old", "value": 7}


def test_an_unchanged_document_is_not_written(world):
    keep(world)
    work = work_on(world)
    work.put(work.get(Counter, "c"))
    assert work.is_empty
    changed = work.get(Counter, "c")
    changed.value = 2
    work.put(changed)
    assert len(work.writes) == 1
    changed.value = 1  # as it was
    work.put(changed)
    assert work.is_empty


def test_a_document_is_read_once_and_each_reader_has_its_own_copy(world):
    keep(world)
    work = work_on(world)
    first, second = work.get(Counter, "c"), work.get(Counter, "c")
    first.value = 99
    assert second.value == 1
    assert world.store.reads == 1


def test_what_was_put_is_what_is_read_afterwards(world):
    work = work_on(world)
    counter = work.get(Counter, "c") or Counter(id="c")
    counter.value = 5
    work.put(counter)
    counter.value = 6  # after the put: does not count
    assert work.get(Counter, "c").value == 5


def test_a_deleted_document_is_gone_for_the_rest_of_the_work(world):
    keep(world)
    work = work_on(world)
    work.get(Counter, "c")
    work.delete(Counter, "c")
    assert work.get(Counter, "c") is None
    (delete,) = work.writes
    assert isinstance(delete, Delete)
    assert delete.version


def test_deleting_what_is_not_there_does_nothing(world):
    work = work_on(world)
    assert work.get(Counter, "c") is None
    work.delete(Counter, "c")
    assert work.is_empty


def test_created_and_deleted_in_one_work_is_never_written(world):
    work = work_on(world)
    work.create(Counter(id="c"))
    work.delete(Counter, "c")
    assert work.get(Counter, "c") is None
    assert work.is_empty


def test_a_document_with_an_id_of_its_own_needs_no_read(world):
    work = work_on(world)
    work.create(Counter(id=work.derive("counter")))
    assert isinstance(work.writes[0], Create)
    assert world.store.reads == 0


def test_a_guess_saves_the_read_when_it_is_right(world):
    def count(_, work):
        counter = work.get_assuming_new(Counter, "c") or Counter(id="c")
        counter.value += 1
        work.put(counter)

    assert world.handle(count).outcome == "done"
    assert (world.value(), world.store.cost()) == (1, (0, 2))


def test_a_guess_that_is_wrong_costs_a_second_run_and_nothing_else(world):
    keep(world, value=41)
    runs = []

    def count(_, work):
        counter = work.get_assuming_new(Counter, "c") or Counter(id="c")
        runs.append(counter.value)
        counter.value += 1
        work.put(counter)

    assert world.handle(count).outcome == "done"
    assert runs == [0, 41]
    assert world.value() == 42


def test_ids_derive_from_cause_function_and_order(world):
    events = [work_on(world).emit(follow_up()) for _ in range(2)]
    assert events[0] == events[1]
    work = work_on(world)
    one, two, timer = (
        work.emit(follow_up()),
        work.emit(follow_up()),
        work.at(NOON, follow_up()),
    )
    assert [e.id for e in (one, two, timer)] == [
        derive("evt-1", FUNCTION, str(ordinal)) for ordinal in range(3)
    ]
    other = Work(store=world.store, event=cause(), function="another", now=NOON)
    assert other.emit(follow_up()).id != one.id


def test_what_follows_names_its_cause_and_the_chain(world):
    event = cause(correlation_id="evt-0", traceparent="00-trace-span-01")
    work = Work(store=world.store, event=event, function=FUNCTION, now=NOON)
    emitted = work.emit(follow_up())
    assert (emitted.correlation_id, emitted.causation_id) == ("evt-0", "evt-1")
    assert (emitted.traceparent, emitted.time) == ("00-trace-span-01", NOON)
    assert (emitted.source, emitted.subject) == (f"/functions/{FUNCTION}", "incidents/inc-1")


def test_derived_ids_depend_on_event_function_and_parts(world):
    work = work_on(world)
    assert work.derive("a") == work_on(world).derive("a")
    assert work.derive("a") != work.derive("b")
    assert len(work.derive("a", length=10)) == 10


@pytest.mark.parametrize(
    "use",
    [
        lambda work: work.get(Counter, "c"),
        lambda work: work.get_assuming_new(Counter, "c"),
        lambda work: work.find(Counter),
        lambda work: work.count(Counter, ("value", "==", 1)),
        lambda work: work.put(Counter(id="c")),
        lambda work: work.create(Counter(id="c")),
        lambda work: work.delete(Counter, "c"),
        lambda work: work.at(NOON, follow_up()),
        lambda work: work.attach("b", b"", "text/plain"),
        lambda work: work.read_ahead(Counter, ["c"]),
        lambda work: work.answer(outcome="done"),
    ],
    ids=[
        "get",
        "get_assuming_new",
        "find",
        "count",
        "put",
        "create",
        "delete",
        "at",
        "attach",
        "read_ahead",
        "answer",
    ],
)
def test_a_translation_may_only_read_references_and_emit(world, use):
    with pytest.raises(RuntimeError, match="as a translation"):
        world.handle(Translation(lambda _, work: use(work)))
    assert world.documents("receipts") == []


def test_a_translation_emits_the_same_again_and_keeps_nothing(world):
    keep(world, "reference")
    seen = []

    def translate(_, work):
        seen.append(work.reference(Counter, "reference").value)
        work.emit(follow_up(seen[-1]))

    for message_id in ("m-1", "m-1", "m-2"):
        world.clock.advance(5)
        assert world.handle(Translation(translate), message_id).outcome == "done"
    one, two, three = world.bus.take()
    assert one == two == three
    assert one.time == NOON, "the time of the event, however late it is handled"
    assert world.store.cost() == (1, 0), "the reference is read once"


def test_references_are_kept_as_long_as_they_may_be_old(world):
    keep(world)
    cache = Cache()

    def read(after_s: float) -> int:
        work = work_on(world, cache=cache)
        work.now = NOON + timedelta(seconds=after_s)
        return work.references(Counter, timedelta(seconds=30))[0].value

    assert read(0) == 1
    found = world.store.inner.get([Counter.key("c")])[0]
    world.store.inner.commit([Update(found.key, {"id": "c", "value": 2}, found.version)])
    assert read(30) == 1
    assert read(31) == 2


def test_a_reference_that_is_not_there_is_looked_for_again(world):
    cache = Cache()
    assert work_on(world, cache=cache).reference(Counter, "c") is None
    keep(world)
    assert work_on(world, cache=cache).reference(Counter, "c").value == 1


def test_a_naive_timer_is_a_defect(world):
    with pytest.raises(ValueError, match="naive"):
        work_on(world).at(NOON.replace(tzinfo=None), follow_up())


def test_handled_tells_what_was_done(world):
    handled = world.handle(add_one)
    assert handled.outcome == "done"
    assert handled.changes == ("created counters/c",)
    assert [type_ for type_, _ in handled.emitted] == ["toban.recheck.due.v1"]
    (trace,) = world.tracer.by_event("evt-1")
    assert (trace.function, trace.outcome, trace.changes) == (FUNCTION, "done", handled.changes)


def test_what_was_read_or_written_is_not_read_ahead_again(world):
    world.handle(lambda _, work: work.create(Counter(id="a", value=1)))
    world.store.cost()

    def decide(_, work):
        assert work.get(Counter, "a").value == 1
        work.create(Counter(id="b", value=2))
        work.read_ahead(Counter, ["a", "b"])
        work.read_ahead(Counter, ["a", "b", "c", "d"])
        assert [work.get(Counter, id) and work.get(Counter, id).value for id in "abcd"] == [
            1, 2, None, None,
        ]  # fmt: skip

    world.handle(decide, id="evt-2")
    assert world.store.cost()[0] == 3, "one each of a, c and d; a receipt is not looked for"


@pytest.mark.parametrize("more", [0, 1])
def test_an_event_that_is_too_large_to_be_published_is_not_committed(world, more):
    frame = len(to_message(cause(blob="")).data)

    def decide(_, work):
        work.create(Counter(id="a"))
        work.emit(
            PostmortemDrafted(incident_id="inc-1", blob="x" * (MAX_BODY - frame + more), at=NOON)
        )

    world.handle(decide)
    assert world.value("a") == (None if more else 0)
    parked = world.reports()
    assert bool(parked) is bool(more)
    if more:
        assert f"of {MAX_BODY + 1} bytes; at most {MAX_BODY}" in parked[0].error


def test_an_answer_alone_leaves_a_receipt_and_what_is_to_be_said_is_said_after_it(world):
    said: list[object] = []

    def decide(_, work):
        work.answer(outcome="nothing")
        work.answer(reason="it was so")
        work.after_commit(lambda: said.append(world.receipt()))

    world.handle(decide)
    assert world.receipt().answer == {"outcome": "nothing", "reason": "it was so"}
    assert said == [world.receipt()]


def test_what_matches_now_is_counted_and_found_in_order(world):
    for number in range(3):
        world.handle(
            lambda _, work, n=number: work.create(Counter(id=f"c{n}", value=n)), id=f"evt-{number}"
        )

    def decide(_, work):
        assert work.count(Counter) == 3
        assert work.count(Counter, ("value", ">", 0)) == 2
        assert [c.id for c in work.find(Counter, order_by="-value", limit=2)] == ["c2", "c1"]

    assert world.handle(decide, id="evt-9").outcome == "nothing"


def test_what_is_known_already_asks_the_store_for_nothing(world):
    asked: list[int] = []
    inner = world.store.inner

    class Noting:
        def get(self, keys):
            asked.append(len(keys))
            return inner.get(keys)

    work = Work(store=Noting(), event=cause(), function=FUNCTION, now=NOON)
    work.read_ahead(Counter, ["a", "b"])
    work.read_ahead(Counter, ["b", "a"])
    work.read_ahead(Counter, [])
    assert work.get(Counter, "a") is None
    assert asked == [2]
