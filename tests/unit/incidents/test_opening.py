"""From an alert to its incident: service, group, severity."""

import json
from datetime import timedelta

import msgspec
import pytest

from tests.security.desk import logged
from tests.unit.incidents.world import (
    HOUSE,
    NOON,
    SHOP,
    World,
    fired,
    grouped,
    resolved,
)
from toban.events import AlertAttached, AlertFired, IncidentOpened, Link
from toban.incidents.documents import Alert, Incident
from toban.kernel import log
from toban.kernel.handling.parking import MessageParked
from toban.profile.builtin import BUILTIN_VERSION
from toban.profile.section import Match
from toban.profile.store import apply
from toban.profile.version import profile_version


@pytest.fixture
def world() -> World:
    return World()


def test_a_first_alert_opens_an_incident_and_calls_the_first_step(world):
    links = [Link("Runbook", "https://wiki.example/api")]
    world.clock.set(NOON + timedelta(seconds=40))
    world.tell(fired(summary="12 % of all", links=links))
    incident = world.incident
    assert (incident.service, incident.status) == ("shop", "open")
    assert (incident.severity, incident.severity_label) == (1, "P1")
    assert (incident.title, incident.summary) == ("api a", "12 % of all")
    assert (incident.rules, incident.links) == (["api"], links)
    assert incident.opened_at == NOON + timedelta(seconds=40)
    assert incident.started_at == NOON
    assert world.pages() == [("opened", 0)]
    assert incident.next_step_at == incident.opened_at + timedelta(minutes=5)
    assert incident.profile_version == profile_version(SHOP)
    assert world.alert().incident == incident.id
    assert world.open_ids() == [incident.id]
    assert world.kinds() == ["opened"]


def test_an_alert_from_the_future_did_not_begin_after_its_incident_opened(world):
    world.tell(fired(at=10))
    assert world.incident.started_at == NOON


def test_alerts_of_one_rule_share_an_incident_however_late_they_come(world):
    world.tell(fired("a"))
    world.pass_time(120)
    world.tell(fired("b", at=120))
    assert world.alert("b").incident == world.incident.id
    assert len(world.told(AlertAttached)) == 1


@pytest.mark.parametrize(("minutes", "incidents"), [(4.99, 1), (5, 2)])
def test_an_alert_of_another_rule_joins_an_incident_younger_than_five_minutes(minutes, incidents):
    world = World()
    world.tell(fired("a", rule="api"))
    world.clock.advance(minutes * 60)
    world.tell(fired("b", rule="disk"))
    assert len(world.incidents()) == incidents


def test_without_a_window_rules_stay_apart_even_when_decided_by_a_clock_behind():
    world = World(grouped(window=0))
    world.tell(fired("a", rule="api"))
    world.clock.set(NOON - timedelta(milliseconds=3))
    world.tell(fired("b", rule="disk"))
    assert len(world.incidents()) == 2


def test_the_group_may_be_made_by_labels(world):
    world = World(grouped(by=("region", "rule"), window=0, max_open=9))
    for number, (region, rule) in enumerate([("t", "x"), ("o", "x"), ("t", "y"), ("t", "x")]):
        labels = {"app": "shop", "region": region}
        world.tell(fired(str(number), rule=rule, labels=labels))
        world.clock.advance(1)
    assert [i.group_key for i in world.incidents()] == [
        "region=t,rule=x",
        "region=o,rule=x",
        "region=t,rule=y",
    ]


def test_two_senders_may_have_a_rule_of_the_same_name():
    """What `infra/services/toban.yaml` says: rules of alerts that nobody else takes meet by chance."""
    world = World(grouped(by=("source", "rule"), window=0, max_open=9))
    for sender, labels in (
        ("alertmanager", {}),
        ("cloud-monitoring", {}),
        ("generic", {"source": "nagios"}),
    ):
        world.tell(fired(sender, rule="disk", source=sender, labels={"app": "shop", **labels}))
        world.clock.advance(1)
    assert [i.group_key for i in world.incidents()] == [
        "source=alertmanager,rule=disk",
        "source=cloud-monitoring,rule=disk",
        "source=nagios,rule=disk",
    ]


def test_grouped_by_nothing_a_service_has_one_incident(world):
    world = World(grouped(by=(), window=0))
    for number in range(5):
        world.tell(fired(str(number), rule=f"rule-{number}"))
        world.pass_time(60)
    assert len(world.incidents()) == 1


def test_in_a_storm_of_rules_further_alerts_join_the_newest_incident(world):
    for number in range(6):
        world.tell(fired(str(number), rule=f"rule-{number}"))
        world.clock.advance(600)
    opened = [i for i in world.incidents() if i.service == "shop"]
    assert len(opened) == SHOP.grouping.max_open == 3
    assert {world.alert(str(n)).incident for n in (3, 4, 5)} == {opened[-1].id}


def test_a_resolved_incident_makes_room_and_is_joined_no_more(world):
    world.tell(fired("a"))
    world.tell(resolved("a"))
    world.tell(fired("b"))
    first, second = sorted(world.incidents(), key=lambda i: i.status == "open")
    assert (first.status, second.status) == ("resolved", "open")
    assert world.open_ids() == [second.id]


def test_services_are_kept_apart(world):
    world.tell(fired("a", rule="x"))
    world.tell(fired("b", rule="x", labels={"app": "unheard-of"}))
    assert sorted(i.service for i in world.incidents()) == ["house", "shop"]


def test_the_same_fingerprint_of_another_source_is_another_alert(world):
    world.tell(fired("a"))
    world.tell(fired("a", source="alertmanager"))
    assert len(world.told(AlertAttached)) == 1


# --- whose it is -----------------------------------------------------------------------------


def test_what_matches_no_service_goes_to_the_default_one(world):
    world.tell(fired(labels={}))
    assert (world.incident.service, world.incident.severity_label) == ("house", "high")


def test_without_any_profile_it_still_opens_an_incident():
    world = World()
    world.store.inner._documents.clear()
    world.tell(fired(labels={}))
    assert (world.incident.service, world.incident.profile_version) == ("toban", BUILTIN_VERSION)
    assert world.incident.severity_label == "critical"
    assert world.pages() == [("opened", 0)]
    world.tell(resolved(labels={}))
    assert world.incident.status == "resolved"


def test_a_profile_without_default_leaves_it_to_the_built_in_one():
    world = World(SHOP)
    world.tell(fired(labels={"app": "unheard-of"}))
    assert world.incident.service == "toban"


# --- one fingerprint, two services -----------------------------------------------------------

BLOG = msgspec.structs.replace(
    SHOP,
    service=msgspec.structs.replace(
        SHOP.service, id="blog", name="Blog", match=(Match(labels={"app": "blog"}),)
    ),
)


def statuses(world: World) -> dict[str, list[str]]:
    """Of the incidents of each service."""
    found: dict[str, list[str]] = {}
    for incident in world.incidents():
        found.setdefault(incident.service, []).append(incident.status)
    return found


@pytest.fixture
def two() -> World:
    """Of both, an alert with one fingerprint fires; the shop's came first."""
    world = World(SHOP, BLOG, HOUSE)
    world.tell(fired("disk"))
    world.tell(fired("disk", labels={"app": "blog"}))
    return world


def test_services_whose_senders_share_a_fingerprint_share_no_alert(two):
    assert statuses(two) == {"shop": ["open"], "blog": ["open"]}
    assert {a.service for a in two.documents(Alert)} == {"shop", "blog"}


@pytest.mark.parametrize(("app", "other"), [("shop", "blog"), ("blog", "shop")])
def test_each_is_ended_by_its_own_resolution(two, app, other):
    two.tell(resolved("disk", labels={"app": app}, ends_at=NOON + timedelta(minutes=1)))
    assert statuses(two) == {app: ["resolved"], other: ["open"]}
    two.tell(resolved("disk", labels={"app": other}, ends_at=NOON + timedelta(minutes=2)))
    assert statuses(two) == {app: ["resolved"], other: ["resolved"]}


def test_each_is_repeated_for_itself(two):
    before = len(two.history)
    for app in ("blog", "shop"):
        two.tell(fired("disk", labels={"app": app}, value="91 %"))
    assert [type(body) for body in two.history[before:]] == [AlertFired, AlertFired]


def test_what_matches_no_service_is_no_alert_of_one_that_has_the_fingerprint(two):
    two.tell(fired("disk", labels={"app": "unheard-of"}))
    assert statuses(two)["house"] == ["open"]
    two.tell(resolved("disk", labels={}, ends_at=NOON + timedelta(minutes=1)))
    assert statuses(two) == {"shop": ["open"], "blog": ["open"], "house": ["resolved"]}


def test_a_resolution_that_leaves_the_labels_out_ends_the_only_alert_there_is(world):
    world.tell(fired("disk"))
    world.tell(resolved("disk", labels={}, ends_at=NOON + timedelta(minutes=1)))
    assert world.incident.status == "resolved"


def test_an_alert_that_a_new_profile_counts_to_another_service_is_ended_where_it_is(world):
    world.tell(fired("disk", labels={"app": "blog"}))
    assert statuses(world) == {"house": ["open"]}
    apply(world.store, [BLOG], NOON)
    world.platform.cache.clear()
    world.tell(fired("disk", labels={"app": "blog"}, value="91 %"))
    assert statuses(world) == {"house": ["open"]}, "it is the same alert"
    world.tell(resolved("disk", labels={"app": "blog"}, ends_at=NOON + timedelta(minutes=1)))
    assert statuses(world) == {"house": ["resolved"]}


def test_an_alert_that_the_release_before_stored_for_both_is_ended_by_its_resolution(world):
    """It had one document, of whichever came first."""
    world.tell(fired("disk"))
    apply(world.store, [BLOG], NOON)
    world.platform.cache.clear()
    world.tell(fired("disk", labels={"app": "blog"}))
    world.tell(resolved("disk", labels={"app": "blog"}, ends_at=NOON + timedelta(minutes=1)))
    assert statuses(world) == {"shop": ["open"], "blog": ["resolved"]}
    world.tell(resolved("disk", ends_at=NOON + timedelta(minutes=2)))
    assert statuses(world) == {"shop": ["resolved"], "blog": ["resolved"]}


# --- severity --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("critical", "P1"),
        (" CRITICAL ", "P1"),
        ("p3", "P3"),
        ("warning", "P3"),
        ("error", "P2"),
        ("", "P2"),
        ("bananas", "P2"),
    ],
)
def test_the_senders_word_is_a_severity_of_the_service(world, word, label):
    world.tell(fired(severity=word))
    assert world.incident.severity_label == label


# --- the pinned profile ----------------------------------------------------------------------


def test_a_new_profile_leaves_an_open_incident_alone_and_holds_for_the_next(world):
    world.tell(fired("a"))
    steps = SHOP.escalation[0].steps
    calmer = type(SHOP.escalation[0])(severities=("P1",), steps=steps[:1])
    changed = type(SHOP)(
        **{
            **{name: getattr(SHOP, name) for name in SHOP.__struct_fields__},
            "escalation": (calmer,),
        }
    )
    apply(world.store.inner, [changed, HOUSE], NOON)
    world.pass_time(20)
    assert world.pages() == [("opened", 0), ("escalated", 1), ("escalated", 2)]
    world.tell(fired("b", rule="disk"))
    world.pass_time(20)
    second = world.incidents()[1]
    assert second.profile_version == profile_version(changed)
    assert world.pages(second) == [("opened", 0)]


# --- the platform's own trouble --------------------------------------------------------------


def parked(reason: str = "invalid", id: str = "p-1") -> MessageParked:
    return MessageParked(
        parked_id=id,
        function="open_incident",
        reason=reason,
        error="body does not fit",
        event_type="toban.alert.fired.v1",
        at=NOON,
    )


def test_a_parked_message_is_an_incident_of_the_platform_that_only_a_person_settles(world):
    world.tell(parked())
    incident = world.incident
    assert incident.service == "house", "nobody called their service toban: the default has it"
    assert incident.title == "open_incident: toban.alert.fired.v1 invalid"
    assert incident.summary == "body does not fit"
    assert world.alert("p-1").status == "event"
    world.pass_time(600)
    assert world.incident.status == "open"
    world.command("resolve")
    world.pass_time(600)
    assert world.incident.status == "resolved", "it does not fire: no second look brings it back"


def test_a_service_named_toban_has_it_itself():
    own = type(HOUSE)(
        service=type(HOUSE.service)(id="toban", name="toban"), severities=HOUSE.severities
    )
    world = World(SHOP, HOUSE, own)
    world.tell(parked())
    assert world.incident.service == "toban"


def test_what_keeps_failing_is_graver_than_what_does_not_fit(world):
    world.tell(parked("given-up"))
    assert world.incident.severity_label == "high"


def test_the_same_parked_message_is_told_once(world):
    world.tell(parked())
    world.tell(parked())
    assert len(world.told(IncidentOpened)) == 1
    assert world.told(AlertAttached) == []


def test_a_parked_message_keeps_an_incident_open_when_the_alerts_have_cleared(world):
    world.tell(fired("a", labels={}))
    world.tell(parked())
    world.tell(resolved("a", labels={}))
    assert [i.status for i in world.documents(Incident)] == ["open"]


def test_an_alert_that_names_no_service_leaves_a_line_on_the_log(monkeypatch):
    monkeypatch.setattr(log.Settings, "level", 20)
    world = World()
    with logged() as lines:
        world.tell(fired(labels={"service": "shpo"}))
        world.tell(fired("second", labels={"service": "shop"}))
    found = [json.loads(line) for line in lines.getvalue().splitlines()]
    told = [line for line in found if line["message"] == "alert names no service"]
    assert [(line["named"], line["taken_by"]) for line in told] == [("shpo", "house")]
