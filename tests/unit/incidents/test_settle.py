"""An incident stays true to its alerts, though neither writes the other's document."""

from datetime import datetime, timedelta

import pytest

from tests.unit.incidents.world import HOUSE, NOON, World, fired, grouped, resolved
from toban.events import (
    AlertAttached,
    IncidentRaised,
    IncidentReopened,
    IncidentResolved,
    PostmortemDrafted,
    RecheckDue,
)
from toban.incidents.documents import Alert
from toban.incidents.settle import MAX_RULES
from toban.kernel.errors import TryLater
from toban.kernel.handling.parking import MessageParked


@pytest.fixture
def world() -> World:
    return World()


# --- joining ---------------------------------------------------------------------------------


def test_an_alert_of_a_known_rule_and_no_worse_leaves_the_incident_as_it_is(world):
    world.tell(fired("a"))
    before = world.incident
    world.tell(fired("b", severity="warning"))
    assert world.incident == before


def test_an_alert_of_another_rule_is_noted_while_nobody_has_taken_the_incident(world):
    world.tell(fired("a", rule="api"))
    world.tell(fired("b", rule="disk"))
    assert world.incident.rules == ["api", "disk"]
    assert world.kinds() == ["opened", "joined"]
    assert world.pages() == [("opened", 0)]


def test_once_it_is_acknowledged_people_are_told_of_another_rule(world):
    world.tell(fired("a", rule="api"))
    world.command("acknowledge")
    world.tell(fired("b", rule="disk"))
    assert world.incident.status == "acknowledged", "still taken"
    assert world.pages() == [("opened", 0), ("joined", 0)]
    (raised,) = world.told(IncidentRaised)
    assert (raised.page.reason, raised.incident.assignee) == ("joined", "aoki")


def test_a_worse_alert_raises_the_severity_and_starts_its_escalation(world):
    world.tell(fired("a", severity="warning"))
    world.pass_time(2)
    world.tell(fired("b", severity="critical"))
    incident = world.incident
    assert (incident.severity, incident.severity_label) == (1, "P1")
    assert world.pages() == [("opened", 0), ("raised", 0)]
    assert incident.next_step_at == NOON + timedelta(minutes=7)
    world.pass_time(5)
    assert world.pages()[2:] == [("escalated", 1)]


def test_an_acknowledgement_was_given_for_less(world):
    world.tell(fired("a", severity="warning"))
    world.command("acknowledge")
    world.tell(fired("b", severity="critical"))
    incident = world.incident
    assert (incident.status, incident.acknowledged_at, incident.assignee) == ("open", None, "")
    assert world.pages() == [("opened", 0), ("raised", 0)]


def test_a_worse_alert_of_another_rule_calls_once(world):
    world.tell(fired("a", severity="warning", rule="api"))
    world.tell(fired("b", severity="critical", rule="disk"))
    assert world.incident.rules == ["api", "disk"]
    assert world.pages() == [("opened", 0), ("raised", 0)]


def test_a_storm_of_rules_writes_the_incident_for_the_first_ten_only():
    world = World(grouped(by=()), HOUSE)
    for number in range(MAX_RULES + 15):
        world.tell(fired(str(number), rule=f"rule-{number}"))
    assert world.incident.rules == [f"rule-{n}" for n in range(MAX_RULES)]
    assert len(world.incident.timeline) == MAX_RULES
    assert len(world.told(AlertAttached)) == MAX_RULES + 14


def test_news_of_an_incident_that_is_not_there_yet_waits(world):
    joined = AlertAttached(
        incident_id="inc-unknown",
        alert_id="a",
        rule="api",
        title="t",
        severity=1,
        severity_label="P1",
        at=NOON,
    )
    with pytest.raises(TryLater, match="no incident inc-unknown"):
        world.tell(joined)


# --- resolving by itself ---------------------------------------------------------------------


def test_it_resolves_when_its_last_alert_has_cleared(world):
    for fingerprint in "abc":
        world.tell(fired(fingerprint))
    world.clock.advance(60)
    world.tell(resolved("b"))
    world.tell(resolved("a"))
    assert world.incident.status == "open"
    world.tell(resolved("c"))
    incident = world.incident
    assert (incident.status, incident.resolved_by) == ("resolved", "")
    assert incident.resolved_at == NOON + timedelta(minutes=1)
    assert incident.next_step_at is None
    assert world.open_ids() == []
    (event,) = world.told(IncidentResolved)
    assert event.pages == incident.pages, "everything that was opened is to be closed"


def test_an_acknowledged_incident_resolves_by_itself_too(world):
    world.tell(fired())
    world.command("acknowledge")
    world.tell(resolved())
    assert (world.incident.status, world.incident.assignee) == ("resolved", "aoki")


def test_nothing_escalates_after_it(world):
    world.tell(fired())
    world.tell(resolved())
    world.pass_time(60)
    assert world.pages() == [("opened", 0)]


# --- the two second looks --------------------------------------------------------------------


def test_an_alert_that_commits_just_after_the_resolution_reopens_it(world):
    """It had found the incident open; when it commits, the incident has been resolved."""
    world.tell(fired("a"))
    world.before_commit("open_incident", lambda: world.tell(resolved("a")))
    world.tell(fired("b"))
    incident = world.incident
    assert incident.status == "open"
    assert world.pages() == [("opened", 0), ("reopened", 0)]
    assert world.open_ids() == [incident.id]
    assert world.told(IncidentReopened)[0].by == ""
    world.tell(resolved("b"))
    assert world.incident.status == "resolved"


def test_an_alert_that_commits_just_before_the_resolution_reopens_it(world):
    """Its own look finds the incident still open; the resolution had not seen it yet."""
    world.tell(fired("a"))
    world.before_commit("settle_incident", lambda: world.tell(fired("b")))
    world.tell(resolved("a"))
    assert world.incident.status == "open"
    assert world.kinds() == ["opened", "resolved", "reopened"]
    assert world.incident.timeline[-1].detail == {"why": "alert-joined"}


def test_it_is_reopened_at_the_severity_of_the_alert_that_joined(world):
    world.tell(fired("a", severity="warning"))
    world.before_commit("open_incident", lambda: world.tell(resolved("a")))
    world.tell(fired("b", severity="critical", rule="disk"))
    incident = world.incident
    assert (incident.status, incident.severity, incident.severity_label) == ("open", 1, "P1")
    assert incident.rules == ["api", "disk"]
    assert [page.severity_label for page in incident.pages] == ["P3", "P1"]
    world.pass_time(5)
    assert world.pages()[-1] == ("escalated", 1)


def test_an_alert_that_joined_and_cleared_at_once_reopens_nothing(world):
    world.tell(fired("a"))

    def meanwhile() -> None:
        world.tell(resolved("a"))

    world.before_commit("open_incident", meanwhile)
    world.handlers.pop("settle_incident")  # it comes late
    world.tell(fired("b"))
    assert world.incident.status == "open"
    world.tell(resolved("b"))
    world.handlers["settle_incident"] = World().handlers["settle_incident"]
    for body in list(world.history):
        world.tell(body)
    assert world.incident.status == "resolved"
    assert world.told(IncidentReopened) == []


def test_news_that_an_alert_joined_reopens_nothing_once_it_has_left_for_another_incident(world):
    world.tell(fired("a"))
    first = world.incident.id
    late = world.handlers.pop("settle_incident")
    world.tell(fired("b", rule="disk"))
    (joined,) = world.told(AlertAttached)
    world.handlers["settle_incident"] = late
    for name in ("a", "b"):
        rule = "api" if name == "a" else "disk"
        world.tell(resolved(name, rule=rule, ends_at=NOON + timedelta(minutes=1)))
    world.pass_time(60)
    world.tell(fired("b", at=60, rule="disk"))
    assert world.alert("b").incident != first

    world.tell(joined, id="late")

    assert {i.id: i.status for i in world.incidents()}[first] == "resolved"
    assert world.told(IncidentReopened) == []


def test_a_parked_message_that_joined_at_the_very_moment_is_not_lost_with_the_incident(world):
    world.tell(fired("a", labels={}, severity="critical"))
    parked = MessageParked(
        parked_id="p-1", function="tick", reason="given-up", error="defect", at=NOON
    )
    rule = fired("b", labels={}, rule="message-given-up")
    world.tell(rule)
    world.tell(resolved("b", labels={}, rule="message-given-up"))
    world.before_commit("settle_incident", lambda: world.tell(parked))
    world.tell(resolved("a", labels={}))
    assert world.alert("p-1").incident == world.incident.id
    assert world.incident.status == "open"


# --- resolved by a person while alerts fire --------------------------------------------------


def test_a_person_may_resolve_what_still_fires_and_it_is_looked_at_again(world):
    world.tell(fired())
    world.command("resolve")
    assert (world.incident.status, world.incident.resolved_by) == ("resolved", "aoki")
    world.pass_time(29)
    assert world.incident.status == "resolved"
    world.pass_time(1)
    assert world.incident.status == "open"
    assert world.pages() == [("opened", 0), ("reopened", 0)]
    assert world.incident.timeline[-1].detail == {"why": "still-firing"}
    world.pass_time(5)
    assert world.pages()[-1] == ("escalated", 1), "from the first step again"


def test_what_nobody_was_told_of_opens_it_again_at_once(world):
    world.tell(fired("host-a"))
    world.pass_time(4)
    world.tell(fired("host-b", at=4))  # waits for the step of minute 5
    assert world.pages() == [("opened", 0)]
    world.command("resolve")
    assert world.incident.status == "open"
    assert world.incident.timeline[-1].detail == {"why": "untold"}
    assert world.pages() == [("opened", 0), ("reopened", 0)]
    world.command("resolve")
    assert world.incident.status == "resolved", "now they have been told"


def test_what_was_told_of_or_is_over_does_not(world):
    world.tell(fired("host-a"))
    world.tell(fired("host-b"))  # in the same breath
    world.pass_time(4)
    world.tell(fired("host-c", at=4))
    world.tell(resolved("host-c", at=4))
    world.command("resolve")
    assert world.incident.status == "resolved"


def test_a_new_occurrence_reopens_it_without_waiting_for_that_look(world):
    world.tell(fired(at=0))
    world.command("resolve")
    world.pass_time(5)
    world.tell(fired(at=4))  # its end of minute 3 is still on its way
    assert world.incident.status == "open"
    world.tell(resolved(at=0))
    assert world.incident.status == "open", "the older occurrence ended, this one did not"
    world.tell(resolved(at=4))
    assert world.incident.status == "resolved"


def test_the_time_of_that_look_is_the_pinned_profiles(world):
    world = World(grouped(recheck=60), HOUSE)
    world.tell(fired())
    world.command("resolve")
    world.pass_time(1)
    assert world.incident.status == "open"


def test_it_stays_resolved_when_the_alert_has_cleared_meanwhile(world):
    world.tell(fired())
    world.command("resolve")
    world.tell(resolved())
    world.pass_time(60)
    assert world.incident.status == "resolved"


def test_a_look_for_an_earlier_resolution_does_nothing(world):
    world.tell(fired())
    world.command("resolve")
    world.pass_time(10)
    world.command("reopen")
    world.command("resolve")
    world.pass_time(20)  # the first look's time
    assert world.incident.status == "resolved"
    world.pass_time(10)  # the second's
    assert world.incident.status == "open"


def test_a_person_who_resolves_when_nothing_fires_is_not_questioned(world):
    world.tell(fired("a"))
    world.command("resolve")
    world.tell(resolved("a"))
    world.command("reopen")
    world.command("resolve")
    assert [r.generation for r in world.told(RecheckDue)] == []
    world.pass_time(30)
    assert world.incident.status == "resolved"


# --- the postmortem --------------------------------------------------------------------------


def test_the_draft_is_linked_once(world):
    world.tell(fired())
    drafted = PostmortemDrafted(incident_id=world.incident.id, blob="drafts/1.md", at=NOON)
    world.tell(drafted)
    world.tell(drafted)
    assert world.incident.postmortem == "drafts/1.md"
    assert world.kinds().count("postmortem") == 1


# --- a record does not change ------------------------------------------------------------------


def alerts_of(world: World, incident: str) -> list[tuple[str, str, datetime]]:
    found = [a for a in world.documents(Alert) if a.incident == incident]
    return sorted((a.title, a.status, a.starts_at) for a in found)


def test_an_incident_keeps_its_alert_when_that_fires_again_in_another_one(world):
    world.tell(fired("a"))
    first = world.incident.id
    world.pass_time(5)
    world.tell(resolved("a", ends_at=NOON + timedelta(minutes=5)))
    record = alerts_of(world, first)
    assert [status for _, status, _ in record] == ["resolved"]

    world.pass_time(60)
    world.tell(fired("a", at=60))

    assert alerts_of(world, first) == record
    assert world.alert("a").incident not in (None, first)


def test_back_in_an_incident_that_it_had_left_it_leaves_one_record(world):
    world.tell(fired("a"))
    first = world.incident.id
    world.pass_time(5)
    world.tell(resolved("a", ends_at=NOON + timedelta(minutes=5)))
    world.pass_time(60)
    world.tell(fired("a", at=60))
    second = world.alert("a").incident
    world.tell(resolved("a", at=60, ends_at=NOON + timedelta(minutes=66)))
    world.command("reopen", incident_id=first)
    world.pass_time(5)
    world.tell(fired("a", at=70))
    assert world.alert("a").incident == first, "reopened, it takes alerts of its key again"
    world.tell(resolved("a", at=70, ends_at=NOON + timedelta(minutes=75)))
    world.command("resolve", incident_id=first)
    world.pass_time(60)
    world.tell(fired("a", at=140))

    ((_, _, since),) = alerts_of(world, first)
    assert since == NOON, "since it was there first"
    assert len(alerts_of(world, second)) == 1
