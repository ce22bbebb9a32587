"""A receiver that accepts and never answers, on the embedded runtime: what others notice of it."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from tests.bench.hanging import Receivers, post, write_profiles
from tests.bench.load import ENVIRON
from toban.channels.webhook import adapter as webhook
from toban.incidents.documents import Incident
from toban.kernel.document import decode
from toban.local.runtime import Runtime
from toban.local.world import open_world
from toban.notify import destinations
from toban.notify.documents import Notification
from toban.ports import Query
from toban.sections.load import load_directory

INCIDENTS = 12
LANE = 4
PATIENCE_S = 60
AT_ONCE_S = 5
"""Measured: 0.2 s. A call that hangs takes ten."""


@pytest.fixture
def receivers():
    made = Receivers()
    yield made
    made.close()


@pytest.fixture
def start(receivers, tmp_path):
    """The embedded runtime with both services; again on the same data after `close`."""
    opened = []

    def start(*, fallback):
        services = tmp_path / f"services-{len(opened)}"
        profiles = load_directory(write_profiles(services, receivers.url, fallback=fallback))
        world = open_world(tmp_path / "data", environ=ENVIRON, backoff_s=(0.2, 1.0))
        runtime = Runtime(world)
        opened.append((runtime, world))
        runtime.start(profiles)
        runtime.__enter__()
        return runtime, world

    yield start
    receivers.answer_at_last()
    for runtime, world in opened:
        close(runtime, world)


def close(runtime, world):
    runtime.__exit__(None, None, None)
    world.close()


def open_incidents(runtime, count=INCIDENTS, first=0):
    rules = [f"alpha-{number}" for number in range(first, first + count)]
    return {rule: post(runtime.port, "alpha", rule) for rule in rules}


def everything(world, cls):
    return [decode(cls, s.data) for s in world.platform.store.query(Query(cls.COLLECTION))]


def until(holds):
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def posts(receivers):
    return receivers.keys.get("/hang", [])


def test_neither_another_service_nor_the_same_services_other_channel_waits(receivers, start):
    runtime, _ = start(fallback=False)
    began = open_incidents(runtime)
    until(lambda: len(posts(receivers)) == LANE)

    beta = post(runtime.port, "beta", "beta-0")

    assert receivers.wait("/beta", {"beta-0"}, PATIENCE_S)
    assert receivers.wait("/alpha-desk", set(began), PATIENCE_S)
    assert receivers.at("/beta")["beta-0"] - beta <= AT_ONCE_S
    late = [at - began[rule] for rule, at in receivers.at("/alpha-desk").items()]
    assert max(late) <= AT_ONCE_S
    assert len(posts(receivers)) == LANE, "the lane is full, and the first calls still hang"


def test_nothing_is_lost_or_doubled_once_it_answers(receivers, start):
    runtime, world = start(fallback=False)
    began = open_incidents(runtime)
    until(lambda: len(posts(receivers)) == LANE)
    receivers.answer_at_last()

    assert receivers.wait("/hang", set(began), PATIENCE_S)
    assert runtime.settle(PATIENCE_S)
    until(lambda: all(n.state == "done" for n in everything(world, Notification)))

    times = Counter(posts(receivers))
    assert len(times) == INCIDENTS
    # What was hung up on is posted again under the same key; all others came once.
    assert sorted(times.values()) == [1] * (INCIDENTS - LANE) + [2] * LANE
    assert Counter(receivers.keys["/alpha-desk"]).most_common(1)[0][1] == 1
    assert {n.state for n in everything(world, Notification)} == {"done"}


def test_pages_go_to_the_fallback_at_once_until_a_probe_is_answered(receivers, start, monkeypatch):
    monkeypatch.setattr(webhook, "TIMEOUT_S", 1.0)
    runtime, world = start(fallback=True)
    began = open_incidents(runtime)
    assert receivers.wait("/alpha-spare", set(began), PATIENCE_S)
    assert runtime.settle(PATIENCE_S)

    # Those under way when it opened, the first tries of a few more, and no second ones.
    assert LANE <= len(posts(receivers)) <= 2 * LANE
    at_once = open_incidents(runtime, 3, first=INCIDENTS)
    assert receivers.wait("/alpha-spare", set(at_once), PATIENCE_S)
    assert runtime.settle(PATIENCE_S)
    assert len(posts(receivers)) <= 2 * LANE + 1
    errors = [
        entry.detail["error"]
        for incident in everything(world, Incident)
        for entry in incident.timeline
        if entry.kind == "notification-failed"
    ]
    assert len(errors) == INCIDENTS + 3
    assert "pager was not called: it has stopped answering" in errors
    assert max(Counter(receivers.keys["/alpha-spare"]).values()) == 1

    receivers.answer_at_last()
    monkeypatch.setattr(destinations, "PROBE_EVERY", destinations.PROBE_EVERY * 0)
    probed = open_incidents(runtime, 2, first=INCIDENTS + 3)
    assert receivers.wait("/hang", set(probed), PATIENCE_S)
    assert not set(probed) & set(receivers.at("/alpha-spare"))


def test_stopping_takes_no_longer_than_a_call_and_the_next_start_goes_on(
    receivers, start, monkeypatch
):
    monkeypatch.setattr(webhook, "TIMEOUT_S", 2.0)
    runtime, world = start(fallback=False)
    began = open_incidents(runtime)
    until(lambda: len(posts(receivers)) >= LANE)
    stopping = time.monotonic()
    close(runtime, world)
    took = time.monotonic() - stopping
    sent = len(posts(receivers))
    time.sleep(0.3)
    assert len(posts(receivers)) == sent, "nothing begins after the end"

    receivers.answer_at_last()
    runtime, world = start(fallback=False)
    assert receivers.wait("/hang", set(began), PATIENCE_S)
    until(lambda: len(everything(world, Notification)) == 2 * INCIDENTS)
    until(lambda: all(n.state == "done" for n in everything(world, Notification)))

    assert took < 10, "twelve calls one after the other would take 24 s"
    assert len(set(posts(receivers))) == INCIDENTS
