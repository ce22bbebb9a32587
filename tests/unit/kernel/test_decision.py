"""Exactly one effect: receipts, repetitions, races, lost answers and crashes."""

from dataclasses import replace

import pytest

from tests.unit.kernel.world import (
    FUNCTION,
    Counter,
    Crash,
    World,
    add_one,
    cause,
    crash,
    follow_up,
    once,
    unavailable,
)
from toban.events import PostmortemDrafted
from toban.kernel.document import encode
from toban.kernel.errors import NotOnTheMap, TryLater
from toban.kernel.event import to_message
from toban.kernel.handling.decision import MAX_RUNS, MESSAGE_ID, Decision
from toban.kernel.handling.handle import handle
from toban.kernel.handling.receipt import KEEP
from toban.ports import Create, Delivered, Message, Unavailable, Update


@pytest.fixture
def world() -> World:
    return World()


def ids(world: World) -> list[str]:
    return [event.id for event in world.bus.take()]


def increment(world: World) -> None:
    """Somebody else changes the counter."""
    key = Counter.key("c")
    found = world.store.inner.get([key])[0]
    write = (
        Create(key, encode(Counter(id="c", value=100)))
        if found is None
        else Update(key, {**found.data, "value": found.data["value"] + 100}, found.version)
    )
    world.store.inner.commit([write])


# --- once ------------------------------------------------------------------------------------


def test_an_event_has_one_effect_and_leaves_a_receipt(world):
    assert world.handle(add_one).outcome == "done"
    receipt = world.receipt()
    assert (receipt.function, receipt.event_id, receipt.message_id) == (FUNCTION, "evt-1", "m-1")
    assert receipt.expires_at == world.clock.now() + KEEP
    assert [stored.event_id for stored in receipt.emitted] == ids(world)
    assert world.value() == 1


def test_a_redelivery_publishes_the_same_again_and_changes_nothing(world):
    world.handle(add_one)
    first = world.bus.take()
    world.clock.advance(60)
    assert world.handle(add_one).outcome == "duplicate"
    assert world.bus.take() == first
    assert world.value() == 1


def test_a_second_publication_of_the_event_has_nothing_to_add(world):
    world.handle(add_one, "m-1")
    world.bus.take()
    assert world.handle(add_one, "m-2").outcome == "duplicate"
    assert world.bus.take() == []
    assert world.value() == 1


def test_where_the_transport_names_no_message_every_repetition_publishes(world):
    world.handle(add_one, "")
    first = world.bus.take()
    for message_id in ("", "m-2"):
        assert world.handle(add_one, message_id).outcome == "duplicate"
        assert world.bus.take() == first


def test_a_redriven_message_is_still_the_same_message(world):
    world.handle(add_one, "m-1")
    first = world.bus.take()
    message = to_message(cause())
    redriven = replace(message, attributes={**message.attributes, MESSAGE_ID: "m-1"})
    world.deliver(add_one, Delivered(redriven, "m-77"))
    assert world.bus.take() == first


def test_another_event_with_the_same_body_counts(world):
    world.handle(add_one, "m-1", id="evt-1")
    assert world.handle(add_one, "m-2", id="evt-2").outcome == "done"
    assert world.value() == 2


def test_each_function_handles_the_event_for_itself(world):
    message = Delivered(to_message(cause()), "m-1")
    for function in ("one", "another"):
        handled = handle(function, {PostmortemDrafted: Decision(add_one)}, message, world.platform)
        assert handled.outcome == "done"
    assert world.value() == 2


def test_another_body_under_an_id_that_was_handled_is_parked(world):
    world.handle(add_one)
    world.bus.take()
    assert world.handle(add_one, "m-2", blob="forged.md").outcome == "parked"
    (report,) = world.reports()
    assert "evt-1 was handled by add_one with another body" in report.error
    assert world.value() == 1


# --- cost ------------------------------------------------------------------------------------


def test_what_changes_and_emits_nothing_costs_no_write(world):
    assert world.handle(lambda *_: None).outcome == "nothing"
    assert world.store.cost() == (1, 0)
    assert world.receipt() is None


def test_a_repetition_costs_one_read_when_the_receipt_comes_first(world):
    decision = Decision(add_one, receipt_first=True)
    world.handle(decision)
    world.store.cost()
    assert world.handle(decision, "m-2").outcome == "duplicate"
    assert world.store.cost() == (1, 0)
    assert world.store.commits == 0


def test_otherwise_the_first_handling_saves_that_read(world):
    world.handle(add_one)
    assert world.store.cost() == (1, 2)


# --- races -----------------------------------------------------------------------------------


def test_a_lost_race_is_decided_again_on_what_is_there_now(world):
    world.store.before = once(lambda: increment(world))
    world.handle(add_one)
    assert world.value() == 101
    (event,) = world.bus.take()
    assert event.body == follow_up(101)


def test_a_race_that_is_lost_again_and_again_is_left_to_the_next_delivery(world):
    world.store.before = lambda _: increment(world)
    with pytest.raises(TryLater, match="lost 8 races"):
        world.handle(add_one)
    assert world.store.commits == MAX_RUNS == 8
    assert world.bus.messages == []
    assert world.receipt() is None


def test_there_is_a_pause_before_each_further_run():
    pauses = []
    world = World(pause=pauses.append)
    world.store.before = lambda _: increment(world)
    with pytest.raises(TryLater):
        world.handle(add_one)
    assert pauses == list(range(1, MAX_RUNS))


def test_two_deliveries_at_once_have_one_effect(world):
    twin = once(lambda: world.handle(add_one))
    world.store.before = twin
    assert world.handle(add_one).outcome == "duplicate"
    assert world.value() == 1
    assert len(set(ids(world))) == 1


# --- lost answers and crashes ----------------------------------------------------------------


def test_a_lost_answer_of_the_commit_is_settled_by_the_next_delivery(world):
    world.store.after = once(unavailable)
    with pytest.raises(Unavailable):
        world.handle(add_one)
    assert world.bus.messages == [], "not published before it is known to be kept"
    assert world.handle(add_one).outcome == "duplicate"
    (event,) = world.bus.take()
    assert event.body == follow_up(1)
    assert world.value() == 1


def test_a_commit_that_never_arrived_is_simply_done_again(world):
    world.store.before = once(unavailable)
    with pytest.raises(Unavailable):
        world.handle(add_one)
    assert world.handle(add_one).outcome == "done"
    assert world.value() == 1


@pytest.mark.parametrize("receipt_first", [False, True])
def test_what_a_crashed_delivery_committed_is_published_by_the_next(world, receipt_first):
    world.bus.before = once(crash)
    with pytest.raises(Crash):
        world.handle(Decision(add_one, receipt_first))
    assert world.handle(Decision(add_one, receipt_first)).outcome == "duplicate"
    (event,) = world.bus.take()
    assert event.body == follow_up(1)


def add_first(_, work):
    """Only the first event counts: a repetition decides to do nothing."""
    if work.get(Counter, "c") is None:
        work.put(Counter(id="c", value=1))
        work.emit(follow_up(1))


def test_it_is_published_even_when_the_decision_has_nothing_to_do_any_more(world):
    world.bus.before = once(crash)
    with pytest.raises(Crash):
        world.handle(add_first)
    assert world.handle(add_first).outcome == "duplicate"
    (event,) = world.bus.take()
    assert event.body == follow_up(1)


def test_also_when_the_other_delivery_committed_after_the_first_look_at_the_receipt(world):
    """Delivery B looks (no receipt); A commits and dies; B decides that nothing is to be done."""
    decision = Decision(add_first, receipt_first=True)

    def twin_dies() -> None:
        world.bus.before = once(crash)
        with pytest.raises(Crash):
            world.handle(decision)

    interfere = once(twin_dies)

    def late(body, work):
        interfere()
        add_first(body, work)

    assert world.handle(Decision(late, receipt_first=True)).outcome == "duplicate"
    (event,) = world.bus.take()
    assert event.body == follow_up(1)


def test_a_bus_that_is_down_refuses_the_delivery_and_the_next_one_publishes(world):
    world.bus.before = once(unavailable)
    with pytest.raises(Unavailable):
        world.handle(add_one)
    (trace,) = world.tracer.by_event("evt-1")
    assert (trace.outcome, trace.error) == ("retry", "Unavailable: simulated: no answer")
    world.handle(add_one)
    assert len(world.bus.take()) == 1


# --- blobs -----------------------------------------------------------------------------------


def test_a_blob_is_there_before_the_document_that_names_it(world):
    there = []

    def draft(_, work):
        work.attach("drafts/inc-1.md", b"# Draft", "text/markdown")
        work.create(Counter(id="c"))

    world.store.before = lambda _: there.extend(world.blobs.names("drafts/"))
    world.handle(draft)
    assert there == ["drafts/inc-1.md"]
    world.handle(draft)
    assert world.blobs.read("drafts/inc-1.md") == b"# Draft"


# --- defects ---------------------------------------------------------------------------------


def test_a_defect_is_refused_with_its_error_in_the_trace(world):
    def broken(*_):
        raise ZeroDivisionError("one over nothing")

    with pytest.raises(ZeroDivisionError):
        world.handle(broken)
    (trace,) = world.tracer.by_event("evt-1")
    assert (trace.outcome, trace.error) == ("error", "ZeroDivisionError: one over nothing")


def test_what_the_map_does_not_show_is_not_published():
    world = World(may_emit=lambda _: frozenset({"incident-opened"}))
    with pytest.raises(NotOnTheMap, match="add_one emits to recheck-due"):
        world.handle(add_one)
    assert world.bus.messages == []


def test_what_has_no_envelope_leaves_a_trace_without_one(world):
    message = Message("postmortem-drafted", b"{}", {})
    handled = world.deliver(add_one, Delivered(message, "m-1", f"x--{FUNCTION}", 4))
    assert handled.outcome != "done"
    (trace,) = world.tracer.by_event("")
    assert (trace.event_type, trace.correlation_id, trace.causation_id) == ("", "", "")
    assert (trace.function, trace.attempt) == (FUNCTION, 4)


def test_a_trace_says_of_which_story_a_handling_was(world):
    world.handle(add_one, correlation_id="evt-0", causation_id="evt-0")
    (trace,) = world.tracer.by_correlation("evt-0")
    assert (trace.event_id, trace.event_type) == ("evt-1", "toban.postmortem.drafted.v1")
    assert (trace.causation_id, trace.attempt, trace.error) == ("evt-0", 1, "")
    assert trace.changes
    assert trace.emitted
