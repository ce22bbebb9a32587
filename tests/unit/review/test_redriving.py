"""A message that can go nowhere must not hold up the others, nor multiply."""

from dataclasses import replace

import pytest

from tests.unit.kernel.test_redrive import NAME, Queued
from tests.unit.kernel.world import World, cause
from toban.adapters.local.memory.bus import MemoryBus
from toban.adapters.local.sqlite.subscriptions import QueueSubscription
from toban.events import RecheckDue
from toban.kernel.event import to_message
from toban.kernel.handling.handle import handle
from toban.kernel.handling.redrive import redrive
from toban.kernel.handling.timers import fire_due
from toban.ports import Unavailable


def refuse(bus, poison, error):
    """`bus.publish` fails whenever a message of the event `poison` is in it."""
    publish = bus.publish

    def refusing(messages):
        if any(poison in (m.attributes["ce-id"], m.data.decode()) for m in messages):
            raise error
        publish(messages)

    bus.publish = refusing


def test_a_dead_letter_that_cannot_be_published_does_not_hold_up_the_next():
    world = Queued()
    for name in ("evt-1", "evt-2"):
        world.queue.publish([to_message(cause(name))])
    world.run()
    refuse(world.queue, "evt-1", ValueError("can never go"))
    with pytest.raises(ValueError, match="can never go"):
        redrive("redrive_dead_letters", world.platform)
    assert [letter.message.attributes["ce-id"] for letter in world.dead()] == ["evt-1"]
    due = [d.message.attributes["ce-id"] for d in world.queue.due() if d.subscription == NAME]
    assert due == ["evt-2"]


def test_an_outage_ends_redriving_at_once():
    world = Queued()
    world.queue.publish([to_message(cause())])
    world.run()
    refuse(world.queue, "evt-1", Unavailable("no bus"))
    with pytest.raises(Unavailable):
        redrive("redrive_dead_letters", world.platform)
    assert len(world.dead()) == 1


def test_functions_that_fail_together_do_not_multiply_a_message():
    """Three consumers of one topic, all broken until the message is parked for good."""
    world = World()
    names = ("one", "two", "three")
    queue = MemoryBus(
        [QueueSubscription("postmortem-drafted", name, max_attempts=1) for name in names],
        world.clock,
        ["message-parked"],
    )
    subscriptions = tuple(queue.subscriptions)
    platform = replace(world.platform, bus=queue, dead_letters=queue, subscriptions=subscriptions)
    tried = []

    def broken(delivered):
        def fail(*_):
            tried.append(delivered.subscription)
            raise ZeroDivisionError

        from toban.events import PostmortemDrafted
        from toban.kernel.handling.decision import Decision

        function = delivered.subscription.partition("--")[2]
        handle(function, {PostmortemDrafted: Decision(fail)}, delivered, platform)

    queue.publish([to_message(cause())])
    for _ in range(6):
        while queue.due():
            queue.deliver_next(broken, 0)
        redrive("redrive_dead_letters", platform)
    assert len(tried) == 3 * 4  # each function: once, and at three redrives
    assert not any(queue.pending().values())


def test_a_timer_that_cannot_be_fired_does_not_hold_up_the_next():
    def remind(_, work):
        work.at(work.now, RecheckDue(incident_id=work.event.id, generation=1))

    world = World()
    for name in ("evt-1", "evt-2"):
        world.handle(remind, id=name, message_id=name)
    publish = world.bus.publish

    def refusing(messages):
        if b"evt-1" in messages[0].data:
            raise ValueError("can never go")
        publish(messages)

    world.bus.publish = refusing
    with pytest.raises(ValueError, match="can never go"):
        fire_due("tick", world.platform)
    assert [event.body.incident_id for event in world.bus.take()] == ["evt-2"]
