"""What the command line may post, field by field."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from tests.plugins.google_keys import claims, signed
from tests.security.desk import AUDIENCE, COMMAND, NOW, Desk, command_request, logged
from tests.security.ways import EXAMPLES
from toban.entry import SUBSCRIBERS
from toban.events import ACTIONS, Action, CommandIssued, RedriveDue
from toban.kernel.command import Audit
from toban.local.world import load_functions
from toban.ports import Delivered
from toban.testing import TestPlatform
from toban.topology.reader import load


def post(desk: Desk, **changed: object):
    body = {k: v for k, v in {**COMMAND, **changed}.items() if v is not ...}
    with logged() as lines:
        response = desk.ask("ingest_action", command_request(body))
    desk.said = [json.loads(text) for text in lines.getvalue().splitlines()]
    return response


def test_a_command_is_its_caller_s_and_names_what_was_seen():
    desk = Desk()
    response = post(desk, note="n" * 3000, arguments={"a": "b"})
    (event,) = desk.published
    body = event.body
    assert isinstance(body, CommandIssued)
    assert (body.actor, body.proof, body.via) == (
        "aoki@example.jp", "google:aoki@example.jp", "cli",
    )  # fmt: skip
    assert (body.subject(), body.incident_id, body.generation) == ("incidents/inc-7", "inc-7", 3)
    assert (len(body.note), body.arguments) == (2000, {"a": "b"})
    assert (event.time, event.correlation_id) == (NOW, event.id)
    assert json.loads(response.body) == {
        "accepted": 1, "events": [event.id], "at": "2026-11-22T03:00:30.000000Z",
    }  # fmt: skip


def test_the_same_nonce_is_the_same_command_byte_for_byte():
    desk = Desk()
    post(desk)
    desk.clock.advance(60)
    post(desk)
    first, second = desk.published
    assert (first.id, first.body) == (second.id, second.body)
    post(desk, id="another")
    assert desk.published[2].id != first.id


def test_another_caller_with_the_same_nonce_is_another_command():
    desk = Desk()
    post(desk)
    token = signed(claims("baba@partner.example", AUDIENCE, hd=None))
    with logged():
        desk.ask("ingest_action", command_request(token=token))
    first, second = desk.published
    assert first.id != second.id


WRONG = {
    "no id": {"id": ...},
    "an empty id": {"id": " "},
    "a long id": {"id": "x" * 101},
    "an id that is a list": {"id": ["x"]},
    "no time": {"at": ...},
    "a time without offset": {"at": "2026-11-22T03:00:00"},
    "a time that is none": {"at": "soon"},
    "the year 9999": {"at": "9999-12-31T23:59:59Z"},
    "no subject": {"subject": ...},
    "a subject without a domain": {"subject": "inc-7"},
    "a subject without a name": {"subject": "incidents/"},
    "a subject that climbs": {"subject": "incidents/../x"},
    "a subject with a space": {"subject": "incidents/a b"},
    "a subject with a line break": {"subject": "incidents/a\n"},
    "a long subject": {"subject": "incidents/" + "x" * 201},
    "no action": {"action": ...},
    "an action that is none": {"action": "approve"},
    "an action in other case": {"action": "Acknowledge"},
    "seen as text": {"seen": "3"},
    "seen below zero": {"seen": -1},
    "seen as a truth": {"seen": True},
    "seen as a fraction": {"seen": 1.5},
    "a note that is a number": {"note": 3},
    "arguments that are a list": {"arguments": ["a"]},
    "an argument that is an object": {"arguments": {"a": {}}},
    "many arguments": {"arguments": {str(n): "" for n in range(21)}},
    "a long argument": {"arguments": {"a": "x" * 1000}},
    "an argument that is a credential": {"arguments": {"target.url": "postgres://u:hunter2@h/d"}},
    "an actor of one's own": {"actor": "boss@example.jp"},
    "a proof of one's own": {"proof": "local:root"},
    "a way of one's own": {"via": "link"},
    "redrive of an incident": {"action": "redrive"},
    "an incident's action for dead letters": {"subject": "dead-letters/*"},
    "a domain that nobody owns": {"subject": "deploys/x"},
    "a domain that is nearly one": {"subject": "incident/inc-7"},
    "one dead letter": {"subject": "dead-letters/x"},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused_with_its_place_and_logged(name):
    desk = Desk()
    response = post(desk, **WRONG[name])
    assert response.status == 400, response.body
    (field,) = WRONG[name]
    error = json.loads(response.body)["error"]
    assert field in error or name.endswith("for dead letters")
    assert desk.published == []
    (line,) = desk.said
    assert (line["message"], line["outcome"]) == ("command", "refused")
    assert (line["actor"], line["reason"]) == ("aoki@example.jp", error)


SUBJECTS = {
    "incidents": "incidents/inc-7",
    "backups": "backups/shop/media/daily",
    "restores": "restores/r-1",
    "test-pages": "test-pages/shop/aoki",
}


@pytest.mark.parametrize("domain", ACTIONS)
@pytest.mark.parametrize("action", get_args(Action))
def test_an_action_is_taken_for_subjects_of_its_own_domain_only(domain, action):
    desk = Desk()
    response = post(desk, subject=SUBJECTS[domain], action=action)
    if action in ACTIONS[domain]:
        assert (response.status, len(desk.published)) == (200, 1)
    else:
        assert (response.status, desk.published) == (400, [])
        assert json.loads(response.body)["error"].startswith("action: expected one of ")


@pytest.mark.parametrize(
    ("domain", "action"), [(domain, action) for domain in ACTIONS for action in ACTIONS[domain]]
)
def test_whatever_is_taken_is_recorded_by_exactly_one_function(domain, action):
    topology = load()
    load_functions(topology)
    consumers = [s.function for s in topology.subscriptions() if s.topic == CommandIssued.TOPIC]
    platform = TestPlatform(handlers={name: SUBSCRIBERS[name].handlers for name in consumers})
    command = CommandIssued(
        about=SUBJECTS[domain], action=action, actor="aoki@example.jp",
        proof="google:aoki@example.jp", via="cli", at=NOW,
    )  # fmt: skip
    platform.send(command)
    (message,) = platform.bus.messages
    for name in consumers:
        platform.deliver(name, Delivered(message, "m-1"))
    assert [a.subject for a in platform.documents(Audit)] == [command.subject()]


def test_dead_letters_can_be_asked_to_be_redriven():
    desk = Desk()
    assert post(desk, subject="dead-letters/*", action="redrive").status == 200
    (event,) = desk.published
    assert isinstance(event.body, RedriveDue)
    lines = [line for line in desk.said if line["message"] == "command"]
    assert [(line["action"], line["outcome"]) for line in lines] == [("redrive", "done")]


def test_a_redrive_that_the_bus_did_not_take_is_not_told_as_done():
    desk = Desk()
    desk.bus_is_down = True
    assert post(desk, subject="dead-letters/*", action="redrive").status == 503
    assert [line for line in desk.said if line.get("outcome") == "done"] == []
    assert [line["message"] for line in desk.said] == ["command not accepted: bus unavailable"]
    desk.bus_is_down = False
    assert post(desk, subject="dead-letters/*", action="redrive").status == 200
    assert [line["outcome"] for line in desk.said if line["message"] == "command"] == ["done"]


@pytest.mark.parametrize("seen", [None, 0, 7])
def test_the_version_may_be_left_open(seen):
    desk = Desk()
    assert post(desk, seen=seen).status == 200
    assert desk.published[0].body.generation == seen


def test_nothing_that_comes_over_the_network_is_proven_by_this_machine():
    for (function, _), example in EXAMPLES.items():
        desk = Desk()
        with logged():
            assert desk.ask(function, example.good()).status == 200
        for event in desk.published:
            if isinstance(event.body, CommandIssued):
                assert event.body.proof.partition(":")[0] in ("link", "google")
