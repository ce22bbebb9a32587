"""Alerts that never end: told of once, shown as what they are, and closed only where the profile says."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from tests.unit.incidents import world as told
from tests.unit.incidents.world import HOUSE, SHOP, World, grouped
from tests.unit.notify.world import World as Paging
from tests.unit.notify.world import requests
from toban.alerts import alertmanager, cloud_monitoring, generic
from toban.backups.policy.alerts import SOURCE
from toban.events import AlertCheckDue, IncidentReminded, IncidentResolved
from toban.incidents.documents import OWN, Alert
from toban.incidents.opening import expiry
from toban.notify.render import notice_of
from toban.postmortems.timeline import story
from toban.profile.store import apply
from toban.profile.version import profile_version
from toban.strictyaml.values import Seconds
from toban.testing import NOON

HOUR = 60
DAY = 24 * HOUR
WEEK = 7 * DAY

fired = partial(told.fired, source=alertmanager.SOURCE)
resolved = partial(told.resolved, source=alertmanager.SOURCE)


def at(minutes: float):
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def world() -> World:
    """Nothing expires."""
    return World()


@pytest.fixture
def expiring() -> World:
    """Alerts of the shop expire after a week."""
    return World(grouped(expire_after=Seconds(WEEK * 60)), HOUSE)


# --- not heard of ------------------------------------------------------------------------------


def test_what_is_not_heard_of_for_a_day_is_noted_once(world):
    world.tell(fired())
    world.pass_time(DAY - 1)
    assert world.incident.unheard_since is None
    world.pass_time(1)
    assert world.incident.unheard_since == NOON
    world.pass_time(3 * DAY)
    assert world.kinds().count("unheard") == 1
    assert world.incident.status == "open", "nothing expires where the profile does not say so"


def test_whoever_has_it_is_told_once(world):
    world.tell(fired())
    world.command("acknowledge", actor="aoki")
    for _ in range(3 * 24):
        world.pass_time(HOUR)
        world.command("acknowledge", actor="aoki")
    unheard = [e.page for e in world.told(IncidentReminded) if e.page.reason == "unheard"]
    assert [(page.to, page.at) for page in unheard] == [("aoki", at(DAY))]


def test_where_nobody_has_it_nobody_is_called_for_that(world):
    world.tell(fired())
    world.pass_time(2 * DAY)
    assert "unheard" in world.kinds()
    assert "unheard" not in {reason for reason, _ in world.pages()}


def test_a_repetition_is_heard_of(world):
    world.tell(fired())
    for hours in range(4, 72, 4):
        world.pass_time(4 * HOUR)
        world.tell(fired(value=f"{hours} %"))
    assert world.incident.unheard_since is None
    assert "unheard" not in world.kinds()


def test_one_alert_that_is_heard_of_is_enough(world):
    world.tell(fired("a"))
    world.tell(fired("b"))
    for hours in range(4, 48, 4):
        world.pass_time(4 * HOUR)
        world.tell(fired("b", value=f"{hours} %"))
    assert "unheard" not in world.kinds()


def test_what_is_heard_of_again_is_said_and_told_anew_when_it_falls_silent_again(world):
    world.tell(fired())
    world.pass_time(DAY + HOUR)
    world.tell(fired(value="91 %"))
    assert world.incident.unheard_since is None
    assert world.kinds()[-1] == "heard-again"
    world.pass_time(2 * DAY)
    assert world.incident.unheard_since == at(DAY + HOUR)
    assert world.kinds().count("unheard") == 2


def test_a_clock_that_was_ahead_when_it_was_heard_of_delays_nothing(world):
    world.clock.set(at(9 * HOUR))
    world.tell(fired())
    world.clock.set(NOON)
    world.tell(AlertCheckDue(incident_id=world.incident.id, at=world.incident.check_at))
    assert world.alert().heard_at == NOON
    assert world.incident.check_at == at(DAY)


# --- expiry ------------------------------------------------------------------------------------


def test_it_is_closed_by_expiry_and_never_called_resolved(expiring):
    expiring.tell(fired())
    expiring.pass_time(WEEK - 1)
    assert expiring.incident.status == "open"
    expiring.pass_time(1)
    incident, alert = expiring.incident, expiring.alert()
    assert (incident.status, incident.unheard_since) == ("resolved", NOON)
    assert (alert.status, alert.expired_at, alert.ends_at) == ("resolved", at(WEEK), None)
    assert expiring.kinds()[-1] == "closed-unheard"
    for language in ("en", "ja"):
        lines = [line.text for line in story(language, incident, [alert])]
        said = " ".join(lines).casefold()
        assert "resolved" not in said
        assert "解決" not in said
    assert any("not heard of since" in line.text for line in story("en", incident, [alert]))


def test_no_message_calls_it_resolved(expiring):
    expiring.tell(fired())
    expiring.pass_time(WEEK)
    (closed,) = expiring.told(IncidentResolved)
    assert closed.incident.unheard_since == NOON
    paging = Paging(profile=expiring.profiles[0])
    for request in requests(paging.page(closed)):
        notice = notice_of(request, expiring.profiles[0])
        assert "resolved" not in f"{notice.subject} {notice.headline} {notice.hint}".casefold()
        assert ("Not heard of since" in {name for name, _ in notice.rows}) == (
            request.language == "en"
        )


def test_what_is_heard_of_does_not_expire(expiring):
    expiring.tell(fired())
    for hours in range(4, 24 * 15, 4):
        expiring.pass_time(4 * HOUR)
        expiring.tell(fired(value=f"{hours} %"))
    assert expiring.incident.status == "open"
    assert expiring.alert().status == "firing"


def test_the_others_of_its_incident_keep_it_open(expiring):
    expiring.tell(fired("dead"))
    expiring.tell(fired("b"))
    for hours in range(4, 24 * 8, 4):
        expiring.pass_time(4 * HOUR)
        expiring.tell(fired("b", value=f"{hours} %"))
    assert expiring.alert("dead").expired_at is not None
    assert expiring.incident.status == "open"
    expiring.tell(resolved("b", ends_at=expiring.clock.now()))
    assert (expiring.incident.status, expiring.incident.unheard_since) == ("resolved", None)


def test_heard_of_again_after_its_expiry_it_is_a_new_incident(expiring):
    expiring.tell(fired())
    expiring.pass_time(WEEK + HOUR)
    expiring.tell(fired(value="91 %"))
    assert [i.status for i in expiring.incidents()] == ["resolved", "open"]
    assert expiring.alert().expired_at is None


def test_a_late_resolution_says_when_it_was_over(expiring):
    expiring.tell(fired())
    expiring.pass_time(WEEK + HOUR)
    expiring.tell(resolved(ends_at=at(HOUR)))
    alert = expiring.alert()
    assert (alert.status, alert.expired_at, alert.ends_at) == ("resolved", None, at(HOUR))
    assert len(expiring.incidents()) == 1


def test_a_profile_that_lets_alerts_expire_means_those_that_are_open(world):
    world.tell(fired())
    world.pass_time(10 * DAY)
    apply(world.store, [grouped(expire_after=Seconds(WEEK * 60))], world.clock.now())
    world.platform.cache.clear()
    world.pass_time(DAY)
    assert (world.incident.status, world.incident.unheard_since) == ("resolved", NOON)


def test_a_storm_expires_in_parts(expiring, monkeypatch):
    monkeypatch.setattr(expiry, "MOST_EXPIRED", 3)
    monkeypatch.setattr(expiry, "MOST_CHECKED", 5)
    for number in range(8):
        expiring.tell(fired(f"a{number}"))
    expiring.pass_time(WEEK + 5)
    assert {a.status for a in expiring.documents(Alert)} == {"resolved"}
    assert expiring.incident.status == "resolved"


def test_the_parts_of_a_storm_expire_a_minute_apart(expiring, monkeypatch):
    monkeypatch.setattr(expiry, "MOST_EXPIRED", 3)
    for number in range(8):
        expiring.tell(fired(f"a{number}"))
    over = []
    for minutes in (WEEK, 1, 1):
        expiring.pass_time(minutes)
        over.append(sum(a.status == "resolved" for a in expiring.documents(Alert)))
    assert over == [3, 6, 8]


def test_a_look_for_another_time_does_nothing(expiring):
    expiring.tell(fired())
    expiring.pass_time(WEEK - 1)
    before = expiring.incident
    expiring.tell(AlertCheckDue(incident_id=before.id, at=at(5)))
    assert expiring.incident == before


def test_the_same_look_twice_has_one_effect(expiring):
    expiring.tell(fired())
    expiring.pass_time(WEEK)
    for due in [body for body in expiring.history if isinstance(body, AlertCheckDue)]:
        before = expiring.kinds()
        expiring.tell(due, id=f"again-{due.at}")
        assert expiring.kinds() == before


@pytest.mark.parametrize("source", [SOURCE, OWN])
def test_what_the_platform_itself_reports_ends_when_it_says_so(expiring, source):
    expiring.tell(fired(source=source))
    expiring.pass_time(2 * WEEK)
    assert expiring.incident.status == "open"
    assert "unheard" not in expiring.kinds()


@pytest.mark.parametrize("source", [cloud_monitoring.SOURCE, generic.SOURCE, "of a later release"])
def test_what_is_reported_only_once_never_expires_and_is_told_of_after_a_day(source):
    hour = World(grouped(expire_after=Seconds(HOUR * 60)), HOUSE)
    hour.tell(fired(source=source))
    hour.pass_time(DAY - 1)
    assert "unheard" not in hour.kinds(), "half an hour without a word of it says nothing"
    hour.pass_time(2 * WEEK)
    assert (hour.incident.status, hour.alert().status) == ("open", "firing")
    assert hour.incident.unheard_since == NOON
    assert hour.kinds().count("unheard") == 1
    assert "reminder" in {reason for reason, _ in hour.pages()} or hour.incident.repeats > 0


def test_beside_one_that_repeats_each_is_judged_by_its_own_sender(expiring):
    expiring.tell(fired("repeats"))
    expiring.tell(told.fired("once"))
    expiring.pass_time(WEEK + HOUR)
    assert expiring.alert("repeats").expired_at == at(WEEK)
    assert (expiring.incident.status, expiring.alert("once").status) == ("open", "firing")
    expiring.tell(told.resolved("once", ends_at=expiring.clock.now()))
    assert (expiring.incident.status, expiring.incident.unheard_since) == ("resolved", None)


def test_one_that_joins_what_is_reported_only_once_expires_in_time(expiring):
    expiring.tell(told.fired("once"))
    expiring.pass_time(1)
    expiring.tell(fired("repeats", at=1))
    expiring.pass_time(WEEK + HOUR)
    assert expiring.alert("repeats").expired_at is not None


def test_who_resolves_what_is_reported_only_once_is_believed_after_a_day_only():
    hour = World(grouped(expire_after=Seconds(HOUR * 60)), HOUSE)
    hour.tell(told.fired())
    hour.pass_time(3 * HOUR)
    hour.command("resolve")
    hour.pass_time(HOUR)
    assert hour.incident.status == "open", "nothing says that it is over but a person, soon after"
    hour.pass_time(DAY)
    hour.command("resolve")
    hour.pass_time(HOUR)
    assert hour.incident.status == "resolved"


# --- resolved by hand --------------------------------------------------------------------------


def test_whoever_resolves_what_is_not_heard_of_is_believed(world):
    world.tell(fired())
    world.pass_time(2 * DAY)
    world.command("resolve")
    world.pass_time(DAY)
    assert world.incident.status == "resolved"


def test_and_it_is_opened_again_when_it_is_heard_of(world):
    world.tell(fired())
    world.pass_time(2 * DAY)
    world.command("resolve")
    world.pass_time(HOUR)
    world.tell(fired(value="91 %"))
    assert world.incident.status == "open"


def test_its_alerts_end_with_it(world):
    world.tell(fired())
    world.pass_time(2 * DAY)
    world.command("resolve")
    world.pass_time(DAY + 1)
    assert (world.alert().status, world.alert().expired_at is not None) == ("resolved", True)
    assert world.incident.check_at is None
    assert world.kinds()[-1] == "resolved", "a person has said so"
    world.tell(fired(value="91 %"))
    assert [i.status for i in world.incidents()] == ["resolved", "open"]


# --- the profile -------------------------------------------------------------------------------


def test_a_profile_that_says_nothing_keeps_its_version():
    assert profile_version(grouped()) == profile_version(SHOP)
    assert profile_version(grouped(expire_after=Seconds(3600))) != profile_version(SHOP)
