"""One call to the outside for one event: claim, call, record."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.kernel.world import (
    Counter,
    Crash,
    World,
    crash,
    follow_up,
    once,
    unavailable,
)
from toban.kernel.document import decode
from toban.kernel.errors import TryLater
from toban.kernel.handling.effect import (
    MAX_RUNS,
    Done,
    Effect,
    EffectDocument,
    Failed,
    Result,
)
from toban.ports import Stale, Unavailable


class Call(EffectDocument, kw_only=True):
    """The record of the tests."""

    COLLECTION = "calls"

    reference: str = ""


class Outside:
    """The other side: counts the calls and answers in turn, then with success."""

    def __init__(self, *answers: Result) -> None:
        self.answers = list(answers)
        self.seen: list[Call] = []
        self.during = lambda: None

    def effect(self, **settings) -> Effect[Any, Call]:
        def claim(_, work):
            return Call(id="call-1", lease_until=work.now)

        def call(document, _, work):
            self.seen.append(decode(Call, {**_plain(document)}))
            self.during()
            return self.answers.pop(0) if self.answers else Done("ref-1")

        def conclude(document, _, result, work):
            if isinstance(result, Done):
                document.reference = result.reference
            else:
                work.emit(follow_up(document.attempts))

        return Effect(Call, claim, call, conclude, **settings)


def _plain(document: Call) -> dict:
    return {name: getattr(document, name) for name in document.__struct_fields__}


@pytest.fixture
def world() -> World:
    return World()


def record(world: World) -> Call:
    (found,) = world.documents("calls")
    return decode(Call, found)


AGAIN = Failed("HTTP 503", retryable=True)


def test_it_calls_once_and_keeps_what_the_other_side_said(world):
    outside = Outside()
    assert world.handle(outside.effect()).outcome == "done"
    assert len(outside.seen) == 1
    kept = record(world)
    assert (kept.state, kept.reference, kept.fence, kept.attempts) == ("done", "ref-1", 1, 1)
    assert world.store.cost() == (0, 2), "one write to claim, one to record, no read"


def test_it_is_claimed_before_it_calls(world):
    outside = Outside()
    outside.during = lambda: states.append(record(world).state)
    states = []
    world.handle(outside.effect())
    assert states == ["claimed"]


def test_done_is_done_for_every_repetition(world):
    outside = Outside()
    world.handle(outside.effect())
    for message_id in ("m-1", "m-2", ""):
        assert world.handle(outside.effect(), message_id).outcome == "duplicate"
    assert len(outside.seen) == 1


def test_while_a_lease_holds_nobody_else_calls(world):
    outside = Outside()
    refused = []

    def twin() -> None:
        outside.during = lambda: None
        with pytest.raises(TryLater, match="another delivery is at it"):
            world.handle(outside.effect())
        refused.append(True)

    outside.during = twin
    assert world.handle(outside.effect()).outcome == "done"
    assert refused == [True]
    assert len(outside.seen) == 1


def test_a_lease_that_is_over_is_taken_over_and_says_that_the_outcome_is_unknown(world):
    outside = Outside()
    outside.during = once(crash)
    with pytest.raises(Crash):
        world.handle(outside.effect())
    world.clock.advance(30)
    assert world.handle(outside.effect()).outcome == "done"
    first, second = outside.seen
    assert (first.unknown, second.unknown) == (False, True)
    assert (second.fence, second.attempts) == (2, 2)
    assert record(world).unknown is False, "now it is known"


def test_one_second_before_its_end_the_lease_still_holds(world):
    outside = Outside()
    outside.during = once(crash)
    with pytest.raises(Crash):
        world.handle(outside.effect())
    world.clock.advance(29)
    with pytest.raises(TryLater):
        world.handle(outside.effect())
    assert len(outside.seen) == 1


def test_whoever_lost_the_lease_cannot_record(world):
    outside = Outside()

    def slow() -> None:
        outside.during = lambda: None
        world.clock.advance(timedelta(seconds=31))
        world.handle(outside.effect())  # somebody else takes over and finishes

    outside.during = slow
    with pytest.raises(TryLater, match="took over meanwhile"):
        world.handle(outside.effect())
    assert (record(world).fence, record(world).state) == (2, "done")


def test_a_failure_worth_repeating_waits_for_the_next_delivery_without_a_lease(world):
    outside = Outside(AGAIN)
    with pytest.raises(TryLater, match="try 1 failed: HTTP 503"):
        world.handle(outside.effect())
    assert (record(world).state, record(world).error) == ("waiting", "HTTP 503")
    assert world.handle(outside.effect()).outcome == "done"
    assert [call.unknown for call in outside.seen] == [False, False]
    assert (record(world).state, record(world).error) == ("done", "")


def test_a_failure_after_which_nobody_knows_stays_unknown_until_it_is_settled(world):
    timed_out = Failed("timed out", retryable=True, unknown=True)
    outside = Outside(timed_out, AGAIN)
    for _ in range(2):
        with pytest.raises(TryLater):
            world.handle(outside.effect())
    world.handle(outside.effect())
    assert [call.unknown for call in outside.seen] == [False, True, True]


def test_after_the_last_attempt_it_has_failed_and_says_so(world):
    outside = Outside(AGAIN, AGAIN, AGAIN)
    for _ in range(2):
        with pytest.raises(TryLater):
            world.handle(outside.effect(max_attempts=3))
    assert world.bus.messages == []
    assert world.handle(outside.effect(max_attempts=3)).outcome == "done"
    (failed,) = world.bus.take()
    assert failed.body == follow_up(3)
    assert record(world).state == "failed"


def test_a_refusal_for_good_is_not_tried_again(world):
    outside = Outside(Failed("HTTP 404", retryable=False))
    world.handle(outside.effect())
    assert len(world.bus.take()) == 1
    assert world.handle(outside.effect(), "m-2").outcome == "duplicate"
    assert len(outside.seen) == 1
    assert world.bus.messages == [], "another message is answerable for publishing"


def test_dying_before_publishing_the_failure_publishes_it_the_next_time(world):
    outside = Outside(Failed("HTTP 404", retryable=False))
    world.bus.before = once(crash)
    with pytest.raises(Crash):
        world.handle(outside.effect())
    assert world.handle(outside.effect()).outcome == "duplicate"
    (failed,) = world.bus.take()
    assert failed.body == follow_up(1)


def test_a_lost_answer_to_the_claim_makes_no_call_until_the_lease_is_over(world):
    outside = Outside()
    world.store.after = once(unavailable)
    with pytest.raises(Unavailable):
        world.handle(outside.effect())
    with pytest.raises(TryLater):
        world.handle(outside.effect())
    assert outside.seen == []
    world.clock.advance(30)
    world.handle(outside.effect())
    assert [call.unknown for call in outside.seen] == [True]


def test_a_lost_answer_to_the_record_is_found_by_the_next_delivery(world):
    outside = Outside()
    outside.during = lambda: setattr(world.store, "after", once(unavailable))
    with pytest.raises(Unavailable):
        world.handle(outside.effect())
    assert world.handle(outside.effect()).outcome == "duplicate"
    assert len(outside.seen) == 1


def test_there_is_a_pause_before_each_further_race_and_none_before_the_first():
    pauses = []
    world = World(pause=pauses.append)
    world.handle(Outside().effect())
    assert pauses == []
    world = World(pause=pauses.append)

    def lost(_: object) -> None:
        raise Stale("simulated: somebody was faster")

    world.store.before = lost
    with pytest.raises(TryLater, match="lost"):
        world.handle(Outside().effect())
    assert pauses == list(range(1, MAX_RUNS))


def test_what_is_void_is_never_called(world):
    outside = Outside()
    effect = outside.effect()

    def void(_, work):
        if work.get(Call, "call-1") is None:
            work.put(Call(id="call-1", lease_until=work.now, state="void"))

    closing = Effect(Call, void, effect.call, effect.conclude)
    assert world.handle(closing).outcome == "done"
    assert world.handle(effect, id="evt-2").outcome == "duplicate"
    assert outside.seen == []


def test_nothing_to_call_and_nothing_to_write_is_nothing(world):
    effect = Outside().effect()
    idle = Effect(Call, lambda *_: None, effect.call, effect.conclude)
    assert world.handle(idle).outcome == "nothing"
    assert world.store.cost() == (0, 0)


def test_the_call_itself_may_not_write(world):
    effect = Outside().effect()

    def writes(_document, _body, work):
        work.create(Counter(id="c"))
        return Done()

    with pytest.raises(RuntimeError, match="nothing else"):
        world.handle(Effect(Call, effect.claim, writes, effect.conclude))
    assert world.value() is None


# --- asked to wait --------------------------------------------------------------------------------


def test_who_has_asked_to_wait_is_not_called_before(world):
    busy = Failed("HTTP 429", retryable=True, after=timedelta(seconds=30))
    outside = Outside(busy)
    effect = outside.effect(max_attempts=2)
    with pytest.raises(TryLater):
        world.handle(effect)
    world.clock.advance(29)
    with pytest.raises(TryLater, match="asked to wait"):
        world.handle(effect)
    assert (len(outside.seen), record(world).attempts) == (1, 1), "waiting uses up no try"
    world.clock.advance(2)
    assert world.handle(effect).outcome == "done"
    assert record(world).not_before is None


def test_nobody_is_waited_for_longer_than_a_page_can_wait(world):
    outside = Outside(Failed("HTTP 429", retryable=True, after=timedelta(hours=3)))
    effect = outside.effect()
    with pytest.raises(TryLater):
        world.handle(effect)
    world.clock.advance(61)
    assert world.handle(effect).outcome == "done"


def test_a_wait_that_a_wrong_clock_has_written_holds_nobody_up(world):
    outside = Outside(Failed("HTTP 429", retryable=True, after=timedelta(seconds=30)))
    effect = outside.effect()
    world.clock.advance(86_400)
    with pytest.raises(TryLater):
        world.handle(effect)
    world.clock.advance(-86_400)
    assert world.handle(effect).outcome == "done"


def test_what_the_other_side_says_is_kept_without_its_credentials(world):
    outside = Outside(Failed("login failed: password=geh" + "eim1", retryable=False))
    world.handle(outside.effect())
    assert record(world).error == "login failed: password=[secret]"
