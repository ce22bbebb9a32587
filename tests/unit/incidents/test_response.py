"""A severity's ``respond_within`` is a deadline: when it passes, that is noted once."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests.security.desk import logged
from tests.unit.incidents.world import HOUSE, SHOP, World, fired, resolved
from toban.events import ResponseDue
from toban.kernel import log
from toban.kernel.i18n import Language
from toban.postmortems.timeline import describe
from toban.profile.section import Environment, Match
from toban.strictyaml.values import Seconds

SOON = msgspec.structs.replace(
    SHOP,
    severities=tuple(
        msgspec.structs.replace(severity, respond_within=target)
        for severity, target in zip(
            SHOP.severities, (Seconds(600), Seconds(1800), None), strict=True
        )
    ),
)
"""P1 within 10 minutes, P2 within 30."""
OVERDUE = "response-overdue"


@pytest.fixture
def world(monkeypatch) -> World:
    monkeypatch.setattr(log.Settings, "level", 20)
    world = World(SOON, HOUSE)
    world.tell(fired())
    return world


def missed(world: World) -> list[str]:
    return [entry.detail["severity"] for entry in world.incident.timeline if entry.kind == OVERDUE]


def test_it_is_noted_when_the_time_is_over_and_only_once(world):
    world.pass_time(9)
    assert missed(world) == []
    with logged() as lines:
        world.pass_time(2)
    assert missed(world) == ["P1"]
    (line,) = (
        found
        for found in map(json.loads, lines.getvalue().splitlines())
        if found["message"] == "response target missed"
    )
    assert line["incident"] == world.incident.id
    assert (line["severity"], line["severity_label"]) == ("WARNING", "P1")
    (due,) = world.told(ResponseDue)
    world.tell(due)
    world.tell(due)
    world.pass_time(60 * 20)
    assert missed(world) == ["P1"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Nobody has responded within the target of P1"),
        ("ja", "P1 の対応開始目標までに応答がありませんでした"),
    ],
)
def test_the_timeline_says_so(world, language: Language, said: str):
    world.pass_time(11)
    (entry,) = (e for e in world.incident.timeline if e.kind == OVERDUE)
    assert describe(language, entry) == said


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_whoever_answers_in_time_meets_it(world, action):
    world.pass_time(9)
    world.command(action)
    world.pass_time(20)
    assert missed(world) == []


def test_it_is_over_when_its_alert_is(world):
    world.tell(resolved())
    world.pass_time(20)
    assert missed(world) == []


def test_a_severity_without_target_has_none():
    world = World(SOON, HOUSE)
    world.tell(fired(severity="warning"))
    world.pass_time(60 * 24)
    assert (missed(world), world.told(ResponseDue)) == ([], [])


def test_a_higher_severity_has_its_own_from_then_on():
    world = World(SOON, HOUSE)
    world.tell(fired(severity="error"))
    world.pass_time(25)
    world.tell(fired("b", at=25))
    world.pass_time(9)
    assert missed(world) == [], "30 minutes after it opened nobody waits for that any more"
    world.pass_time(2)
    assert missed(world) == ["P1"]


def test_a_reopened_one_waits_anew(world):
    world.command("resolve")
    world.command("reopen")
    world.pass_time(11)
    assert missed(world) == ["P1"]


def test_at_once_is_watched_as_a_minute():
    severities = tuple(
        msgspec.structs.replace(s, respond_within=Seconds(0)) for s in SOON.severities
    )
    world = World(msgspec.structs.replace(SOON, severities=severities), HOUSE)
    world.tell(fired())
    world.pass_time(0.9)
    assert missed(world) == []
    world.pass_time(0.2)
    assert missed(world) == ["P1"]


def test_where_nobody_is_called_nobody_is_waited_for():
    staging = Environment(match=(Match(labels={"env": "stg"}),))
    service = msgspec.structs.replace(SOON.service, environments={"staging": staging})
    world = World(msgspec.structs.replace(SOON, service=service), HOUSE)
    world.tell(fired(labels={"app": "shop", "env": "stg"}))
    world.pass_time(60)
    assert (world.incident.environment, missed(world)) == ("staging", [])


def test_a_timer_that_is_late_hides_no_missed_target(world):
    """Nothing could be published for an hour: whoever answered meanwhile was late all the same."""
    world.clock.advance(60 * 40)
    world.command("acknowledge")
    assert [e.kind for e in world.incident.timeline][-2:] == [OVERDUE, "acknowledged"]
    world.pass_time(60)
    assert missed(world) == ["P1"]


def test_whoever_is_called_in_place_of_who_had_it_is_waited_for(world):
    world.pass_time(1)
    world.command("acknowledge")
    world.pass_time(30)
    world.command("escalate", actor="Aoki")
    world.pass_time(9)
    assert missed(world) == []
    world.pass_time(2)
    assert missed(world) == ["P1"]


def test_a_late_timer_does_not_blame_the_severity_that_came_after():
    world = World(SOON, HOUSE)
    world.tell(fired(severity="error"))
    world.clock.advance(60 * 40)
    world.tell(fired("b", at=40))
    assert missed(world) == ["P2"]
    world.pass_time(11)
    assert missed(world) == ["P2", "P1"]
