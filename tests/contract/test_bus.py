"""What every `Bus` and its `DeadLetters` do (see `toban.ports` and DESIGN §2)."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.worlds import SubscriptionSpec
from toban.ports import Message

FIRED = "alert-fired"
OPEN = SubscriptionSpec(FIRED, "open_incident")
COUNT = SubscriptionSpec(FIRED, "count_alerts")
PAGE = SubscriptionSpec("incident-opened", "page_responders")


@pytest.fixture
def make(bus_world):
    """Make topics and subscriptions that are removed after the test."""
    runs = []

    def make(*subscriptions, topics=(FIRED, "incident-opened", "nobody-listens")):
        runs.append(bus_world.make(subscriptions, topics))
        return runs[-1]

    yield make
    for run in runs:
        run.close()


def alert(number, topic=FIRED):
    return Message(topic, b'{"n": %d}' % number, {"ce-id": str(number), "ce-type": "x"})


class Recorder:
    """A handler that notes what it was handed, and raises when told to."""

    def __init__(self, run, fails=lambda delivered: False, then=lambda delivered: None):
        self._run = run
        self._fails = fails
        self._then = then
        self._lock = threading.Lock()
        self.deliveries = []
        self.times = []

    def __call__(self, delivered):
        with self._lock:
            self.deliveries.append(delivered)
            self.times.append(self._run.now())
            fails = self._fails(delivered)
        if fails:
            raise RuntimeError("told to fail")
        self._then(delivered)

    @property
    def ids(self):
        return [delivered.message.attributes["ce-id"] for delivered in self.deliveries]


def test_a_message_arrives_at_each_subscription_of_its_topic_as_it_was_published(make):
    run = make(OPEN, COUNT, PAGE)
    handlers = {spec.name: Recorder(run) for spec in (OPEN, COUNT, PAGE)}
    sent = Message(
        FIRED,
        '{"text": "障害 🚒"}'.encode(),
        {"ce-id": "e-1", "ce-subject": "サービス/チャット", "content-type": "application/json"},
    )

    run.bus.publish([sent])
    run.run(handlers)

    for spec in (OPEN, COUNT):
        [delivered] = handlers[spec.name].deliveries
        assert delivered.message.topic == FIRED
        assert delivered.message.data == sent.data
        assert dict(delivered.message.attributes) == dict(sent.attributes)
        assert delivered.subscription == spec.name
        assert delivered.attempt in {0, 1}
    assert handlers[PAGE.name].deliveries == []


# Text only: the emulator's unwrapped push replaces what is no UTF-8.
@pytest.mark.parametrize("data", [b"", "\x00 \N{FIRE ENGINE} not json".encode(), b"x" * 60_000])
def test_any_text_travels(make, data):
    run = make(OPEN)
    handler = Recorder(run)

    run.bus.publish([Message(FIRED, data, {"ce-id": "1"})])
    run.run({OPEN.name: handler})

    assert [delivered.message.data for delivered in handler.deliveries] == [data]


def test_what_was_acknowledged_does_not_come_again(make):
    run = make(OPEN)
    handler = Recorder(run)

    run.bus.publish([alert(n) for n in range(20)])
    run.run({OPEN.name: handler})
    run.run({OPEN.name: handler})

    assert sorted(handler.ids, key=int) == [str(n) for n in range(20)]


def test_publishing_nothing_is_fine(make):
    run = make(OPEN)
    handler = Recorder(run)

    run.bus.publish([])
    run.run({OPEN.name: handler})

    assert handler.deliveries == []


def test_a_topic_without_subscriptions_takes_messages_and_they_are_gone(make):
    run = make(OPEN)
    handler = Recorder(run)

    run.bus.publish([alert(1, "nobody-listens"), alert(2)])
    run.run({OPEN.name: handler})

    assert handler.ids == ["2"]


def test_publishing_to_an_unknown_topic_names_it(make):
    run = make(OPEN)

    with pytest.raises(Exception, match="no-such-topic"):
        run.bus.publish([Message("no-such-topic", b"{}", {})])


def test_a_handler_may_publish_and_the_chain_runs_to_its_end(make):
    run = make(OPEN, PAGE)
    page = Recorder(run)
    handlers = {
        OPEN.name: Recorder(
            run,
            then=lambda delivered: run.bus.publish(
                [alert(int(delivered.message.attributes["ce-id"]) + 100, "incident-opened")]
            ),
        ),
        PAGE.name: page,
    }

    run.bus.publish([alert(1), alert(2)])
    run.run(handlers)

    assert sorted(page.ids) == ["101", "102"]


def test_messages_of_many_publishers_all_arrive(make):
    run = make(OPEN)
    handler = Recorder(run)

    def publish(number):
        for step in range(10):
            run.bus.publish([alert(number * 10 + step)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish, range(8)))
    run.run({OPEN.name: handler})

    assert sorted(handler.ids, key=int) == [str(n) for n in range(80)]


# --- redelivery --------------------------------------------------------------------------------


def test_a_refused_message_comes_again_unchanged_until_it_is_acknowledged(make):
    run = make(OPEN)
    handler = Recorder(run, fails=lambda _: len(handler.deliveries) < 3)

    run.bus.publish([alert(1)])
    run.run({OPEN.name: handler})

    assert len(handler.deliveries) == 3
    assert len({delivered.message.data for delivered in handler.deliveries}) == 1
    assert handler.ids == ["1", "1", "1"]
    assert [delivered.attempt for delivered in handler.deliveries] in ([1, 2, 3], [0, 0, 0])


def test_a_redelivery_keeps_the_message_id_and_a_second_publication_has_another(make):
    run = make(OPEN)
    handler = Recorder(run, fails=lambda _: len(handler.deliveries) == 1)

    run.bus.publish([alert(1)])
    run.run({OPEN.name: handler})
    run.bus.publish([alert(1)])
    run.run({OPEN.name: handler})

    first, again, second = (delivered.message_id for delivered in handler.deliveries)
    assert first == again != second
    assert first
    assert second


def test_back_off_grows_up_to_its_maximum(make, bus_world):
    spec = SubscriptionSpec(FIRED, "open_incident", 5, min_backoff_s=0.2, max_backoff_s=0.8)
    run = make(spec)
    handler = Recorder(run, fails=lambda _: len(handler.deliveries) < 5)

    run.bus.publish([alert(1)])
    run.run({spec.name: handler})

    times = handler.times
    waits = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
    assert len(waits) == 4
    if bus_world.exact_times:
        for wait, full in zip(waits, [0.2, 0.4, 0.8, 0.8], strict=True):
            assert 0.8 * full <= wait <= full
    else:
        assert waits[-1] > waits[0]


def test_one_subscription_failing_does_not_disturb_the_other(make):
    run = make(OPEN, COUNT)
    handlers = {
        OPEN.name: Recorder(run, fails=lambda _: len(handlers[OPEN.name].deliveries) < 4),
        COUNT.name: Recorder(run),
    }

    run.bus.publish([alert(1)])
    run.run(handlers)

    assert len(handlers[OPEN.name].deliveries) == 4
    assert len(handlers[COUNT.name].deliveries) == 1


# --- dead letters ------------------------------------------------------------------------------


def test_after_its_attempts_a_message_becomes_a_dead_letter_with_all_it_had(make):
    run = make(OPEN, COUNT)
    handlers = {OPEN.name: Recorder(run, fails=lambda _: True), COUNT.name: Recorder(run)}
    sent = Message(FIRED, "毒 \x00".encode(), {"ce-id": "e-1", "traceparent": "00-ab-cd-01"})

    run.bus.publish([sent])
    run.run(handlers)

    assert len(handlers[OPEN.name].deliveries) == OPEN.max_attempts
    [letter] = run.dead_letters.pull(OPEN.name, 10)
    assert letter.message.topic == FIRED
    assert letter.message.data == sent.data
    assert dict(sent.attributes).items() <= dict(letter.message.attributes).items()
    assert letter.subscription == OPEN.name
    assert letter.message_id
    assert run.dead_letters.pull(COUNT.name, 10) == []


def test_dead_letters_stay_until_removed_and_removing_twice_does_nothing(make):
    run = make(OPEN)
    run.bus.publish([alert(n) for n in range(3)])
    run.run({OPEN.name: Recorder(run, fails=lambda _: True)})

    letters = run.dead_letters.pull(OPEN.name, 10)
    assert sorted(letter.message.attributes["ce-id"] for letter in letters) == ["0", "1", "2"]
    run.dead_letters.remove(letters[:1])
    run.dead_letters.remove(letters[:1])
    run.dead_letters.remove([])

    left = run.dead_letters.pull(OPEN.name, 10)
    assert sorted(letter.message.attributes["ce-id"] for letter in left) == sorted(
        letter.message.attributes["ce-id"] for letter in letters[1:]
    )
    run.dead_letters.remove(left)
    assert run.dead_letters.pull(OPEN.name, 10) == []


def test_no_more_dead_letters_are_pulled_than_asked_for(make):
    run = make(OPEN)
    run.bus.publish([alert(n) for n in range(4)])
    run.run({OPEN.name: Recorder(run, fails=lambda _: True)})

    some = run.dead_letters.pull(OPEN.name, 3)
    run.dead_letters.remove(some)
    rest = run.dead_letters.pull(OPEN.name, 3)

    assert 1 <= len(some) <= 3
    found = {letter.message.attributes["ce-id"] for letter in [*some, *rest]}
    assert len(found) == len(some) + len(rest)


def test_a_dead_letter_published_again_is_delivered_as_a_new_message(make):
    run = make(OPEN)
    run.bus.publish([alert(7)])
    run.run({OPEN.name: Recorder(run, fails=lambda _: True)})
    [letter] = run.dead_letters.pull(OPEN.name, 10)

    run.bus.publish([letter.message])
    run.dead_letters.remove([letter])
    cured = Recorder(run)
    run.run({OPEN.name: cured})

    [delivered] = cured.deliveries
    assert delivered.message.data == alert(7).data
    assert delivered.message.attributes["ce-id"] == "7"
    assert delivered.message_id != letter.message_id
    assert run.dead_letters.pull(OPEN.name, 10) == []


def test_a_poison_message_does_not_hold_up_the_others(make):
    run = make(OPEN)
    handler = Recorder(run, fails=lambda delivered: delivered.message.attributes["ce-id"] == "3")

    run.bus.publish([alert(n) for n in range(10)])
    run.run({OPEN.name: handler})

    counts = Counter(handler.ids)
    assert counts.pop("3") == OPEN.max_attempts
    assert counts == {str(n): 1 for n in range(10) if n != 3}
    # All others were served before the poison was given up.
    assert handler.ids[-1] == "3"
    assert [
        letter.message.attributes["ce-id"] for letter in run.dead_letters.pull(OPEN.name, 10)
    ] == ["3"]


# --- duplicates and order ----------------------------------------------------------------------


def test_the_same_event_published_many_times_at_once_arrives_each_time(make):
    """The bus removes no duplicates: that is what receipts are for."""
    run = make(OPEN)
    handler = Recorder(run)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: run.bus.publish([alert(1)]), range(8)))
    run.run({OPEN.name: handler})

    assert handler.ids == ["1"] * 8
    assert len({delivered.message_id for delivered in handler.deliveries}) == 8


def test_a_message_that_failed_is_overtaken_by_later_ones(make):
    run = make(OPEN)
    handler = Recorder(
        run,
        fails=lambda delivered: (
            delivered.message.attributes["ce-id"] == "0" and handler.ids.count("0") == 1
        ),
    )

    run.bus.publish([alert(n) for n in range(5)])
    run.run({OPEN.name: handler})

    assert sorted(handler.ids) == ["0", "0", "1", "2", "3", "4"]
    assert handler.ids[-1] == "0"
