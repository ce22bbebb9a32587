"""
The abuse cases of the HTTP ingress, and what else a refusal has to be.

A case that is refused publishes nothing, raises nothing and says nothing about why a credential
was wrong.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.security.cases import (
    CASES,
    GENERIC,
    GOOD,
    GOOD_AM,
    GOOD_CM,
    HEX,
    MAC,
    USER,
    Case,
    headers,
    query,
    signed,
)
from tests.security.desk import BEARER, KEY, TOKEN, Desk, authentic, logged


def test_the_case_names_are_unique():
    names = [case.id for case in CASES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_answer(case: Case):
    desk = Desk()
    for name, values in case.secrets.items():
        desk.secrets.set(name, *values)
    with logged() as lines:
        response = desk.send(case.request)
    assert response.status == case.status, response.body
    assert len(desk.published) == (1 if case.status == 200 else 0)
    written = lines.getvalue()
    for line in written.splitlines():
        json.loads(line)
    for secret in (TOKEN, BEARER, KEY, USER, HEX):
        assert secret not in written
        assert secret.encode() not in response.body
    if case.status == 401:
        assert response.body == b""
        assert response.headers["WWW-Authenticate"]
    elif response.status != 405:
        json.loads(response.body)


@pytest.mark.parametrize("way", GOOD)
def test_a_refused_credential_is_one_security_line(way):
    wrong = headers(authentic(way, GOOD[way]), authorization="Bearer wrong-one")
    wrong = headers(query(wrong, auth_token="wrong-one"), x_toban_signature="t=1,v1=00")
    with logged() as lines:
        assert Desk().send(wrong).status == 401
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert line["security"] is True
    assert line["source"] == way[1:]
    assert line["reason"]
    assert "wrong-one" not in lines.getvalue()


def test_basic_authentication_is_asked_for_before_it_is_given():
    # Cloud Monitoring sends user and password only after a 401 that asks for them: no alarm.
    desk = Desk()
    desk.secrets.set("INGEST_CLOUD_MONITORING", USER)
    with logged() as lines:
        response = desk.send(query(GOOD_CM))
    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert '"security"' not in lines.getvalue()


def test_a_wrong_method_is_told_the_right_one():
    assert Desk().send(replace(GOOD_AM, method="GET")).headers["Allow"] == "POST"


def test_an_unset_secret_is_named_in_the_log_and_not_to_the_sender():
    desk = Desk()
    desk.secrets.set("INGEST_ALERTMANAGER")
    desk.secrets.set("INGEST_GENERIC")
    with logged() as lines:
        response = desk.send(GOOD_AM)
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert response.status == 503
    assert b"INGEST" not in response.body
    assert line["severity"] == "ERROR"
    assert line["missing"] == "INGEST_ALERTMANAGER"
    assert line["also_not_set"] == ["INGEST_GENERIC"]


@pytest.mark.parametrize("way", GOOD)
def test_while_the_bus_is_down_every_sender_is_asked_to_come_again(way):
    desk = Desk()
    desk.bus_is_down = True
    with logged():
        assert desk.post(way, GOOD[way]).status == 503


def test_9_a_replay_of_a_signed_request_is_the_same_event():
    desk = Desk()
    desk.send(signed(MAC))
    desk.clock.advance(200)
    desk.send(headers(signed(MAC), x_request_id="another"))
    first, second = desk.published
    assert first.id == second.id


def test_45_what_a_sender_writes_cannot_forge_a_log_line():
    hostile = 'nightly"\n{"severity":"CRITICAL","message":"forged"}\r\x1b[2K'.replace(
        "\x1b", "\\u001b"
    )
    body = json.dumps({"rule": "r", "title": "t", "status": "firing", hostile: 1}).encode()
    with logged() as lines:
        assert Desk().post(GENERIC, body).status == 400
    written = lines.getvalue()
    assert len(written.splitlines()) == 1
    assert "\x1b" not in written
    assert json.loads(written)["severity"] == "WARNING"


def test_25_trace_headers_of_strangers_do_not_reach_the_event():
    desk = Desk()
    desk.send(headers(GOOD_AM, traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01"))
    assert desk.published[0].traceparent == ""
