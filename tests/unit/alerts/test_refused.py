"""Alerts that are refused are lost, because their sender drops them: somebody hears of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.payloads import alertmanager
from tests.security.desk import Desk, authentic
from toban.kernel.edge.http import MAX_BODY

AM = "/alertmanager"
WRONG = {**alertmanager(), "alerts": [{"status": "suppressed", "labels": {}, "annotations": {}}]}


@pytest.mark.parametrize("body", [None, b" " * (MAX_BODY + 1)])
def test_a_storm_that_is_too_large_is_told_to_the_people_of_its_service(body):
    desk = Desk()
    sent = authentic(AM, b"{}", desk.clock.now(), {"service": "shop"})
    assert desk.send(replace(sent, body=body)).status == 413
    (told,) = desk.told
    assert (told.severity, told.labels["service"]) == ("critical", "shop")
    assert "alertmanager" in told.title


def test_what_cannot_be_read_is_told_with_its_place():
    desk = Desk()
    assert desk.post(AM, WRONG).status == 400
    (told,) = desk.told
    assert (told.severity, told.labels["service"]) == ("warning", "toban")
    assert "alerts[0].status" in told.summary


def test_it_is_one_event_an_hour():
    desk, ids = Desk(), []
    desk.edge = replace(desk.edge, publish=lambda events: ids.extend(e.id for e in events))
    for minutes in (0, 5, 60):
        desk.clock.advance(60 * minutes)
        desk.post(AM, WRONG)
    assert len(ids) == 3
    assert len(set(ids)) == 2


def test_it_began_when_the_alerts_came_in_and_not_at_the_full_hour():
    desk = Desk()
    desk.clock.advance(47 * 60)
    desk.post(AM, WRONG)
    (told,) = desk.told
    assert told.starts_at == desk.clock.now()


def test_a_stranger_tells_nothing():
    desk = Desk()
    sent = authentic(AM, b"{}", desk.clock.now())
    stranger = replace(sent, body=None, headers={**sent.headers, "authorization": "Bearer x"})
    assert desk.send(stranger).status in (401, 413)
    assert desk.told == []


def test_a_sender_keeps_what_nobody_could_be_told_of():
    desk = Desk()
    desk.bus_is_down = True
    assert desk.post(AM, WRONG).status == 503
