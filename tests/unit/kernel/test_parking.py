"""What can never be handled is kept, acknowledged and reported."""

import json
from dataclasses import replace

import pytest

from tests.unit.kernel.world import (
    FUNCTION,
    NOON,
    Crash,
    World,
    add_one,
    cause,
    crash,
    once,
)
from toban.kernel.errors import InvalidEvent
from toban.kernel.event import from_message, to_message
from toban.kernel.handling.parking import KEPT_BYTES, parked_id
from toban.ports import Delivered, Message


@pytest.fixture
def world() -> World:
    return World()


def poison(data: bytes = b"{", **attributes: str) -> Message:
    good = to_message(cause())
    return replace(good, data=data, attributes={**good.attributes, **attributes})


def deliver(world: World, message: Message, message_id: str = "m-1") -> str:
    subscription = f"cause--{FUNCTION}"
    return world.deliver(add_one, Delivered(message, message_id, subscription)).outcome


def test_a_body_that_does_not_fit_is_kept_and_reported(world):
    message = poison(b'{"blob":7}')
    assert deliver(world, message) == "parked"
    (kept,) = world.documents("parked")
    assert kept["data"] == b'{"blob":7}'
    assert kept["attributes"] == message.attributes
    assert (kept["topic"], kept["subscription"]) == ("postmortem-drafted", "cause--add_one")
    assert (kept["function"], kept["reason"], kept["bytes_total"]) == (FUNCTION, "invalid", 10)
    (report,) = world.reports()
    assert (report.parked_id, report.function, report.reason) == (kept["id"], FUNCTION, "invalid")
    assert report.event_id == "evt-1"
    assert report.error == kept["error"]
    assert "does not fit toban.postmortem.drafted.v1" in report.error


def test_a_decision_may_find_that_it_can_never_be_done(world):
    def refuse(*_):
        raise InvalidEvent("incident_id: there is no incident 'inc-1'")

    assert world.handle(refuse).outcome == "parked"
    (report,) = world.reports()
    assert report.error == "incident_id: there is no incident 'inc-1'"
    assert world.receipt() is None


def test_repetitions_are_one_document_and_one_report(world):
    deliver(world, poison())
    world.clock.advance(3600)
    deliver(world, poison())
    deliver(world, poison(), "m-2")
    assert len(world.documents("parked")) == 1
    one, two, three = world.bus.messages
    assert one == two == three


def test_dying_between_keeping_and_reporting_still_reports(world):
    world.bus.before = once(crash)
    with pytest.raises(Crash):
        deliver(world, poison())
    assert world.bus.messages == []
    assert deliver(world, poison()) == "parked"
    assert len(world.reports()) == 1


def test_a_parked_message_has_the_same_id_for_ever():
    """A release that named it otherwise would report again what is parked already."""
    named = {"ce-type": "toban.x.v1", "ce-id": "evt-1"}
    assert parked_id("add_one", Message("t", b"{", named)) == "mn6p46jy2a3vn3lyjc5ngeyoev"
    assert parked_id("add_one", Message("t", b"{", {})) == "pzflhxeilvbv55py5co7pq47iv"


def test_different_messages_are_kept_apart(world):
    deliver(world, poison(b"{"), "m-1")
    deliver(world, poison(b"["), "m-2")
    assert sorted(kept["data"] for kept in world.documents("parked")) == [b"[", b"{"]
    assert len({report.parked_id for report in world.reports()}) == 2


def test_of_an_oversized_body_the_beginning_is_kept_and_its_size(world):
    deliver(world, poison(b"x" * (KEPT_BYTES + 1)))
    (kept,) = world.documents("parked")
    assert kept["data"] == b"x" * KEPT_BYTES
    assert kept["bytes_total"] == KEPT_BYTES + 1


def test_a_message_without_any_attributes_is_kept_too(world):
    assert deliver(world, Message("cause", b"\xff\x00 whatever", {})) == "parked"
    (kept,) = world.documents("parked")
    assert kept["data"] == b"\xff\x00 whatever"
    assert "no ce-id, ce-type, ce-source, ce-time" in kept["error"]


def test_what_the_function_does_not_consume_is_parked(world):
    deliver(world, poison(b"{}", **{"ce-type": "toban.minute.passed.v1"}))
    (report,) = world.reports()
    assert report.error == "add_one does not consume toban.minute.passed.v1"


def test_the_report_belongs_to_the_chain_of_the_message(world):
    deliver(world, poison(**{"ce-correlationid": "evt-0"}))
    (event,) = world.bus.take()
    assert (event.correlation_id, event.causation_id) == ("evt-0", "evt-1")
    assert event.subject == f"parked/{world.documents('parked')[0]['id']}"


def test_each_parked_message_has_a_report_of_its_own_which_says_what_it_was(world):
    long = "é" * 400
    first = poison(**{"ce-correlationid": "evt-0"})
    second = poison(b"[", **{"ce-id": long, "ce-type": long, "ce-correlationid": long})
    for number, message in enumerate((first, second)):
        assert deliver(world, message, f"m-{number}") == "parked"
    one, other = (from_message(m) for m in world.bus.messages if m.topic == "message-parked")
    assert one.id != other.id
    assert (one.subject, one.source) == (f"parked/{one.body.parked_id}", f"/functions/{FUNCTION}")
    assert (one.correlation_id, one.causation_id) == ("evt-0", "evt-1")
    assert (one.body.event_type, one.body.event_id) == ("toban.postmortem.drafted.v1", "evt-1")
    assert (one.time, one.body.at) == (NOON, NOON)
    said = {other.body.event_type, other.body.event_id, other.causation_id}
    assert all(long.startswith(text) for text in said)
    assert max(map(len, said)) < 400


def test_of_a_message_without_an_envelope_the_report_says_nothing_of_one(world):
    world.deliver(add_one, Delivered(Message("postmortem-drafted", b"{", {}), "m-1", "x"))
    (report,) = world.reports()
    assert (report.event_type, report.event_id) == ("", "")


def test_lines_of_a_message_without_an_envelope_name_none(world, capsys):
    world.deliver(add_one, Delivered(Message("postmortem-drafted", b"{", {}), "m-1", "x"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line.get("event_id", "") for line in lines} == {""}
    assert {line.get("correlation_id", "") for line in lines} == {""}
    assert {line["function"] for line in lines} == {FUNCTION}
