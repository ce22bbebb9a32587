"""What the command line may post, field by field."""

from __future__ import annotations

import json

import pytest

from tests.plugins.google_keys import claims, signed
from tests.security.desk import AUDIENCE, COMMAND, NOW, Desk, command_request, logged
from tests.security.ways import EXAMPLES
from toban.events import CommandIssued, RedriveDue


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
    "an actor of one's own": {"actor": "boss@example.jp"},
    "a proof of one's own": {"proof": "local:root"},
    "a way of one's own": {"via": "link"},
    "redrive of an incident": {"action": "redrive"},
    "an incident's action for dead letters": {"subject": "dead-letters/*"},
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


def test_dead_letters_can_be_asked_to_be_redriven():
    desk = Desk()
    assert post(desk, subject="dead-letters/*", action="redrive").status == 200
    (event,) = desk.published
    assert isinstance(event.body, RedriveDue)
    lines = [line for line in desk.said if line["message"] == "command"]
    assert [(line["action"], line["outcome"]) for line in lines] == [("redrive", "done")]


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
