"""Dead letters are tried again a few times, then parked for good."""

from dataclasses import replace

import pytest

from tests.unit.kernel.world import Crash, World, add_one, cause, crash, follow_up, once
from toban.adapters.local.memory.bus import MemoryBus
from toban.adapters.local.sqlite.subscriptions import QueueSubscription
from toban.events import PostmortemDrafted
from toban.kernel.event import from_message, to_message
from toban.kernel.handling.decision import MESSAGE_ID, Decision
from toban.kernel.handling.handle import handle
from toban.kernel.handling.parking import MessageParked
from toban.kernel.handling.redrive import MAX_REDRIVES, REDRIVES, redrive

NAME = "postmortem-drafted--add_one"


class Queued(World):
    """The function behind a real queue that gives up after two attempts."""

    def __init__(self) -> None:
        super().__init__()
        watcher = QueueSubscription("message-parked", "watcher")
        self.queue = MemoryBus(
            [QueueSubscription("postmortem-drafted", "add_one", max_attempts=2), watcher],
            self.clock,
            ["recheck-due"],
        )
        self.platform = replace(
            self.platform, bus=self.queue, dead_letters=self.queue, subscriptions=(NAME,)
        )
        self.handler = broken

    def run(self) -> list[str]:
        """Deliver until the queue of the function is empty; message ids as delivered."""
        seen = []

        def deliver(delivered):
            seen.append(delivered.message_id)
            handle("add_one", {PostmortemDrafted: Decision(self.handler)}, delivered, self.platform)

        while (pick := self._pick()) is not None:
            self.queue.deliver_next(deliver, pick)
        return seen

    def _pick(self) -> int | None:
        while self.queue.pending()[NAME]:
            due = [n for n, d in enumerate(self.queue.due()) if d.subscription == NAME]
            if due:
                return due[0]
            self.clock.advance(10)
        return None

    def dead(self) -> list:
        return self.queue.pull(NAME, 10)

    def parked_reports(self) -> set[tuple[str, str]]:
        found = [d.message for d in self.queue.due() if d.subscription.endswith("watcher")]
        bodies = [from_message(m) for m in found]
        return {(e.id, e.body.error) for e in bodies if isinstance(e.body, MessageParked)}


def broken(*_):
    raise ZeroDivisionError("a defect")


@pytest.fixture
def world() -> Queued:
    queued = Queued()
    queued.queue.publish([to_message(cause())])
    return queued


def test_what_was_given_up_is_published_again_with_its_first_id(world):
    (first_id, _) = world.run()
    redrive("redrive_dead_letters", world.platform)
    (again,) = [d for d in world.queue.due() if d.subscription == NAME]
    attributes = again.message.attributes
    assert attributes[MESSAGE_ID] == first_id
    assert attributes[REDRIVES] == "1"
    assert not [name for name in attributes if name.startswith("CloudPubSubDeadLetter")]
    assert again.message.data == to_message(cause()).data
    assert world.dead() == []


def test_once_the_defect_is_mended_it_is_simply_done(world):
    world.run()
    world.handler = add_one
    redrive("redrive_dead_letters", world.platform)
    world.run()
    assert world.value() == 1
    assert redrive("redrive_dead_letters", world.platform).outcome == "nothing"


def test_people_are_told_at_the_first_redrive_and_told_once(world):
    world.run()
    for _ in range(MAX_REDRIVES + 1):
        redrive("redrive_dead_letters", world.platform)
        world.run()
    ((_, error),) = world.parked_reports()
    assert "gave up; it is tried again up to 3 times" in error


def test_after_three_redrives_it_is_parked_for_good(world):
    first = world.run()
    for number in range(1, MAX_REDRIVES + 1):
        redrive("redrive_dead_letters", world.platform)
        assert len(world.run()) == 2, f"redrive {number} is delivered with all its attempts"
        (letter,) = world.dead()
        assert letter.message.attributes[MESSAGE_ID] == first[0]
        assert letter.message.attributes[REDRIVES] == str(number)
    redrive("redrive_dead_letters", world.platform)
    assert world.run() == []
    assert world.dead() == []
    (kept,) = world.documents("parked")
    assert (kept["reason"], kept["function"]) == ("given-up", "add_one")
    assert kept["data"] == to_message(cause()).data
    assert REDRIVES not in kept["attributes"]


def test_a_delivery_that_committed_before_it_failed_still_publishes_after_a_redrive(world):
    world.handler = add_one
    world.queue.publish = _failing(world, times=2)
    world.run()
    assert world.value() == 1
    assert len(world.dead()) == 1
    redrive("redrive_dead_letters", world.platform)
    sent = []
    original = world.queue.publish
    world.queue.publish = lambda messages: (sent.extend(messages), original(messages))
    world.run()
    assert [from_message(m).body for m in sent] == [follow_up(1)]
    assert world.value() == 1


def _failing(world: Queued, times: int):
    original = world.queue.publish
    left = [None] * times

    def publish(messages):
        if left:
            left.pop()
            raise ConnectionError("the bus is down")
        original(messages)

    return publish


def test_dying_before_the_letter_is_removed_publishes_it_twice_and_counts_it_once(world):
    world.run()
    world.handler = add_one
    original = world.queue.remove
    interrupt = once(crash)

    def remove(letters):
        interrupt()
        original(letters)

    world.queue.remove = remove
    with pytest.raises(Crash):
        redrive("redrive_dead_letters", world.platform)
    redrive("redrive_dead_letters", world.platform)
    assert len(world.run()) == 2
    assert world.value() == 1


def test_a_count_that_is_none_is_taken_for_zero(world):
    odd = to_message(cause(id="evt-2"))
    world.queue.publish([type(odd)(odd.topic, odd.data, {**odd.attributes, REDRIVES: "²"})])
    world.run()
    redrive("redrive_dead_letters", world.platform)
    counts = [d.message.attributes[REDRIVES] for d in world.queue.due() if d.subscription == NAME]
    assert counts == ["1", "1"]


def test_a_platform_without_dead_letters_says_so():
    with pytest.raises(RuntimeError, match="needs the dead letters"):
        redrive("redrive_dead_letters", World().platform)


def test_one_dead_letter_that_cannot_be_removed_holds_up_no_other(world, capsys):
    world.queue.publish([to_message(cause(id="evt-2"))])
    world.run()
    original, left = world.queue.remove, [ValueError("it is stuck")]

    def remove(letters):
        if left:
            raise left.pop()
        original(letters)

    world.queue.remove = remove
    world.handler = add_one
    with pytest.raises(ValueError, match="it is stuck"):
        redrive("redrive_dead_letters", world.platform)
    said = capsys.readouterr().out
    assert "dead letter not redriven" in said
    assert NAME in said
    assert len(world.dead()) == 1
    world.run()
    assert world.value() == 2
