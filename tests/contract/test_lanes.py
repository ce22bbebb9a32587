"""Threads and lanes of the local dispatcher: who waits for whom, and who does not."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from toban.adapters.local.files.blobs import SystemClock
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.dispatcher import Dispatcher
from toban.adapters.local.sqlite.lanes import Pool
from toban.adapters.local.sqlite.queue import SqliteBus
from toban.adapters.local.sqlite.subscriptions import QueueSubscription
from toban.ports import Message

CALLS = QueueSubscription("calls", "f", max_attempts=3, min_backoff_s=0, max_backoff_s=0)
REST = QueueSubscription("rest", "f", max_attempts=3, min_backoff_s=0, max_backoff_s=0)
WIDTH = 2
WAIT_S = 30


def lane_of(message):
    return message.data.decode().partition("/")[0]


class Outside:
    """Handlers of both subscriptions. Messages of lanes in `hanging` are held until `let_go`."""

    def __init__(self, *hanging):
        self.hanging = set(hanging)
        self.let_go = threading.Event()
        self.lock = threading.Lock()
        self.inside = Counter()
        self.most = Counter()
        self.done = Counter()
        self.attempts = Counter()
        self.started = threading.Semaphore(0)

    def handle(self, delivered):
        lane, text = lane_of(delivered.message), delivered.message.data.decode()
        with self.lock:
            self.inside[lane] += 1
            self.most[lane] = max(self.most[lane], self.inside[lane])
        try:
            if lane in self.hanging:
                self.started.release()
                assert self.let_go.wait(WAIT_S)
        finally:
            with self.lock:
                self.inside[lane] -= 1
        with self.lock:
            self.done[text] += 1
            self.attempts[text] = delivered.attempt

    def wait(self, *texts):
        deadline = time.monotonic() + WAIT_S
        while not set(texts) <= set(self.done):
            assert time.monotonic() < deadline, f"never handled: {set(texts) - set(self.done)}"
            time.sleep(0.01)

    def until_held(self, number):
        for _ in range(number):
            assert self.started.acquire(timeout=WAIT_S)


@pytest.fixture
def bus(tmp_path):
    with SqliteDatabase(tmp_path / "toban.db") as database:
        yield SqliteBus(database, [CALLS, REST], SystemClock())


@pytest.fixture
def begin(bus):
    """Start a dispatcher with a lane for each destination."""
    started = []

    def begin(outside, most=32):
        pool = Pool(frozenset({CALLS.name}), most, lane_of, WIDTH)
        handlers = dict.fromkeys((CALLS.name, REST.name), outside.handle)
        dispatcher = Dispatcher(bus, handlers, workers=1, pools=[pool])
        started.append((dispatcher, outside))
        dispatcher.start()
        return dispatcher

    yield begin
    for dispatcher, outside in started:
        outside.let_go.set()
        dispatcher.stop()


def publish(bus, topic, *texts):
    bus.publish([Message(topic, text.encode(), {}) for text in texts])


def test_a_lane_that_hangs_holds_up_neither_another_lane_nor_other_subscriptions(bus, begin):
    outside = Outside("alpha")
    begin(outside)
    publish(bus, "calls", *(f"alpha/{number}" for number in range(40)))
    outside.until_held(WIDTH)

    publish(bus, "calls", "beta/1", "beta/2")
    publish(bus, "rest", "decision/1")
    outside.wait("beta/1", "beta/2", "decision/1")

    assert (outside.inside["alpha"], outside.most["alpha"]) == (WIDTH, WIDTH)
    assert bus.pending()[CALLS.name] >= 40


def test_many_lanes_that_hang_hold_up_no_other(bus, begin):
    silent = [f"silent{number}" for number in range(10)]
    outside = Outside(*silent)
    begin(outside)
    publish(bus, "calls", *(f"{lane}/{number}" for number in range(5) for lane in silent))
    outside.until_held(WIDTH * len(silent))

    publish(bus, "calls", "beta/1")
    outside.wait("beta/1")

    assert set(outside.most.values()) == {1, WIDTH}


def test_what_waited_for_its_lane_comes_once_and_uses_up_no_attempt(bus, begin):
    outside = Outside("alpha")
    dispatcher = begin(outside)
    texts = [f"alpha/{number}" for number in range(20)]
    publish(bus, "calls", *texts)
    outside.until_held(WIDTH)
    assert not dispatcher.drain(0.2), "what waits for its lane is not done"

    outside.let_go.set()
    assert dispatcher.drain(WAIT_S)

    assert outside.done == dict.fromkeys(texts, 1)
    assert set(outside.attempts.values()) == {1}
    assert outside.most["alpha"] == WIDTH


def test_stopping_waits_for_the_calls_under_way_and_leaves_the_rest_in_the_queue(bus, begin):
    outside = Outside("alpha")
    dispatcher = begin(outside)
    publish(bus, "calls", *(f"alpha/{number}" for number in range(20)))
    outside.until_held(WIDTH)
    stopping = threading.Thread(target=dispatcher.stop)
    stopping.start()
    assert dispatcher._stop.wait(WAIT_S), "asked to stop, before anything is let go"
    outside.let_go.set()
    stopping.join(WAIT_S)

    assert not stopping.is_alive()
    # One that was looking for work just then may have found some.
    assert WIDTH <= len(outside.done) <= WIDTH + 2
    assert bus.pending()[CALLS.name] == 20 - len(outside.done)
    second = Outside()
    assert begin(second).drain(WAIT_S)
    assert len(outside.done + second.done) == 20
    assert set((outside.done + second.done).values()) == {1}


def test_a_handler_that_fails_gives_its_place_back(bus, begin):
    tried = Counter()

    class Failing(Outside):
        def handle(self, delivered):
            tried[delivered.message.data.decode()] += 1
            raise RuntimeError("no")

    dispatcher = begin(Failing())
    publish(bus, "calls", *(f"alpha/{number}" for number in range(10)))

    assert dispatcher.drain(WAIT_S, backoff=True)
    assert set(tried.values()) == {CALLS.max_attempts}
    assert len(tried) == 10


def test_threads_that_were_added_end_when_there_is_nothing_to_do(bus):
    outside = Outside("alpha", "beta", "gamma")
    pool = Pool(frozenset({CALLS.name}), 32, lane_of, WIDTH)
    handlers = dict.fromkeys((CALLS.name, REST.name), outside.handle)
    before = threading.active_count()
    dispatcher = Dispatcher(bus, handlers, workers=1, pools=[pool], look_again_s=0.05)
    dispatcher.start()
    publish(bus, "calls", *(f"{lane}/{n}" for lane in outside.hanging for n in range(WIDTH)))
    outside.until_held(3 * WIDTH)
    grown = threading.active_count() - before

    outside.let_go.set()
    deadline = time.monotonic() + WAIT_S
    while threading.active_count() - before > 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    left = threading.active_count() - before
    publish(bus, "calls", "delta/1")
    outside.wait("delta/1")
    dispatcher.stop()

    assert grown >= 3 * WIDTH
    assert left <= 5, "two of the pool, one of the others, and who watches"
    assert threading.active_count() <= before


# --- coming to an end ----------------------------------------------------------------------------


def test_what_may_be_left_is_waited_for_a_while_and_delivered_again_by_the_next(bus):
    first, second = Outside("backup"), Outside()
    pool = Pool(frozenset({CALLS.name}), 4, may_be_left=True)
    handlers = {CALLS.name: first.handle, REST.name: first.handle}
    dispatcher = Dispatcher(bus, handlers, workers=1, pools=[pool])
    dispatcher.start()
    publish(bus, "calls", "backup/1")
    first.until_held(1)

    began = time.monotonic()
    dispatcher.stop(0.05)
    assert 0.05 <= time.monotonic() - began < WAIT_S / 2

    handlers = {CALLS.name: second.handle, REST.name: second.handle}
    following = Dispatcher(bus, handlers, workers=1, pools=[pool])
    following.start()
    second.wait("backup/1")
    assert second.attempts["backup/1"] == 2
    first.let_go.set()
    dispatcher.stop()
    following.stop()


def test_whoever_may_not_be_left_is_waited_for(bus):
    outside = Outside("page")
    pool = Pool(frozenset({REST.name}), 4, may_be_left=True)
    handlers = dict.fromkeys((CALLS.name, REST.name), outside.handle)
    dispatcher = Dispatcher(bus, handlers, workers=1, pools=[pool])
    dispatcher.start()
    publish(bus, "calls", "page/1")
    outside.until_held(1)
    stopping = threading.Thread(target=dispatcher.stop, args=(0,))
    stopping.start()
    stopping.join(0.1)
    assert stopping.is_alive()
    outside.let_go.set()
    stopping.join(WAIT_S)
    assert not stopping.is_alive()
    outside.wait("page/1")
