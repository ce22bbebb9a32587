"""What people decide."""

from datetime import timedelta

import pytest

from tests.unit.incidents.world import NOON, World, fired, resolved
from toban.events import (
    CommandIssued,
    IncidentAcknowledged,
    IncidentEscalated,
    IncidentRaised,
    IncidentReopened,
    IncidentResolved,
)
from toban.kernel.handling.parking import MessageParked


@pytest.fixture
def world() -> World:
    world = World()
    world.tell(fired())
    world.clock.advance(60)
    return world


# --- acknowledge -----------------------------------------------------------------------------


def test_acknowledging_takes_the_incident_and_ends_the_escalation(world):
    assert world.command("acknowledge", "baba").outcome == "done"
    incident = world.incident
    assert (incident.status, incident.assignee) == ("acknowledged", "baba")
    assert incident.acknowledged_at == NOON + timedelta(minutes=1)
    assert incident.next_step_at is None
    (entry,) = (e for e in incident.timeline if e.kind == "acknowledged")
    assert (entry.actor, entry.detail) == ("baba", {"via": "cli"})
    (event,) = world.told(IncidentAcknowledged)
    assert (event.by, event.pages, event.incident.assignee) == ("baba", incident.pages, "baba")


def test_who_acknowledges_second_changes_nothing(world):
    world.command("acknowledge", "aoki")
    assert world.command("acknowledge", "baba").outcome == "nothing"
    assert world.incident.assignee == "aoki"


def test_what_is_resolved_cannot_be_acknowledged(world):
    world.tell(resolved())
    assert world.command("acknowledge").outcome == "nothing"
    assert world.incident.status == "resolved"


# --- resolve and reopen ----------------------------------------------------------------------


def test_resolving_by_hand_closes_everything_and_says_who_did_it(world):
    world.pass_time(5)
    world.command("resolve", "baba", note="rolled back")
    incident = world.incident
    assert (incident.status, incident.resolved_by, incident.assignee) == (
        "resolved",
        "baba",
        "baba",
    )
    assert world.kinds()[-2:] == ["note", "resolved"]
    assert incident.timeline[-2].detail == {"text": "rolled back"}
    assert world.open_ids() == []
    (event,) = world.told(IncidentResolved)
    assert (event.by, [page.number for page in event.pages]) == ("baba", [0, 1])


def test_whoever_acknowledged_it_stays_its_assignee(world):
    world.command("acknowledge", "aoki")
    world.command("resolve", "baba")
    assert (world.incident.assignee, world.incident.resolved_by) == ("aoki", "baba")


def test_resolving_twice_is_resolving_once(world):
    world.command("resolve")
    assert world.command("resolve").outcome == "nothing"
    assert len(world.told(IncidentResolved)) == 1


def test_reopening_calls_from_the_first_step_and_alerts_may_join_again(world):
    world.pass_time(5)
    world.tell(resolved())
    world.command("reopen", "baba", note="it is back")
    incident = world.incident
    assert (incident.status, incident.assignee, incident.resolved_by) == ("open", "", "")
    assert (incident.resolved_at, incident.acknowledged_at) == (None, None)
    assert world.pages() == [("opened", 0), ("escalated", 1), ("reopened", 0)]
    assert world.open_ids() == [incident.id]
    assert world.told(IncidentReopened)[0].by == "baba"
    assert incident.timeline[-1].detail == {"why": "it is back"}
    world.pass_time(5)
    assert world.pages()[-1] == ("escalated", 1)
    world.tell(fired("b"))
    assert world.alert("b").incident == incident.id


def test_what_is_not_resolved_is_not_reopened(world):
    assert world.command("reopen").outcome == "nothing"
    assert world.pages() == [("opened", 0)]


def test_it_is_listed_as_open_once_however_often_it_is_reopened(world):
    for _ in range(3):
        world.command("resolve")
        world.command("reopen")
    assert world.open_ids() == [world.incident.id]


# --- escalate --------------------------------------------------------------------------------


def test_escalating_by_hand_takes_the_next_step_at_once(world):
    world.command("escalate", "aoki")
    assert world.pages() == [("opened", 0), ("escalated", 1)]
    assert world.told(IncidentEscalated)[0].by == "aoki"
    assert world.incident.timeline[-1].detail == {"step": "2", "why": "asked"}
    world.pass_time(9)
    assert len(world.pages()) == 2, "the step that time would have taken has been taken"
    world.pass_time(5)
    assert world.pages()[-1] == ("escalated", 2)


def test_an_acknowledged_incident_is_given_up_to_the_next_step(world):
    world.command("acknowledge")
    world.pass_time(10)
    world.command("escalate")
    incident = world.incident
    assert (incident.status, incident.assignee, incident.acknowledged_at) == ("open", "", None)
    assert world.pages() == [("opened", 0), ("escalated", 1)]
    world.pass_time(15)
    assert world.pages()[-1] == ("escalated", 2), "and goes on when nobody answers there"


def test_at_the_last_step_there_is_nobody_else_to_call(world):
    world.pass_time(20)
    before = world.incident
    assert world.command("escalate").outcome == "done"
    after = world.incident
    assert world.kinds()[-1] == "no-further-step"
    assert (after.pages, after.generation, after.step) == (
        before.pages,
        before.generation,
        before.step,
    )


def test_whoever_has_acknowledged_it_there_keeps_it(world):
    world.pass_time(20)
    world.command("acknowledge", "aoki")
    world.command("escalate", "aoki")
    incident = world.incident
    assert (incident.status, incident.assignee) == ("acknowledged", "aoki")
    assert incident.acknowledged_at is not None
    assert world.kinds()[-1] == "no-further-step"


def test_what_is_resolved_does_not_escalate(world):
    world.tell(resolved())
    assert world.command("escalate").outcome == "nothing"
    assert world.pages() == [("opened", 0)]


# --- note ------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [None, "acknowledge", "resolve"])
def test_a_note_can_be_taken_at_any_time(world, first):
    if first:
        world.command(first)
    world.command("note", "baba", note="disk is full")
    entry = world.incident.timeline[-1]
    assert (entry.kind, entry.actor, entry.detail) == ("note", "baba", {"text": "disk is full"})
    assert len(world.incident.pages) == 1


# --- severity --------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["note", "resolve"])
def test_a_credential_in_a_note_is_kept_nowhere(world, action):
    """Also one that did not come over HTTP, where it is masked before it is published."""
    secret = "ghp_" + "a1B2" * 9
    world.command(action, note=f"it was {secret} all the time")
    (entry,) = (e for e in world.incident.timeline if e.kind == "note")
    assert entry.detail["text"].startswith("it was ")
    assert secret not in repr(world.incident)


def test_raising_the_severity_calls_people_of_the_worse_one(world):
    world.command("severity", severity_label="P3")
    world.command("acknowledge")
    world.command("severity", "baba", severity_label="p1")
    incident = world.incident
    assert (incident.severity, incident.severity_label, incident.status) == (1, "P1", "open")
    assert world.pages() == [("opened", 0), ("raised", 0)]
    assert world.told(IncidentRaised)[0].by == "baba"
    assert incident.timeline[-1].detail == {"before": "P3", "after": "P1"}


def test_lowering_it_calls_nobody_and_takes_the_milder_steps_from_now(world):
    world.pass_time(5)
    lowered_at = world.clock.now()
    world.command("severity", severity_label="P3")
    incident = world.incident
    assert (incident.severity, incident.severity_label, incident.step) == (3, "P3", 0)
    assert incident.next_step_at == lowered_at + timedelta(minutes=30)
    assert incident.timeline[-1].kind == "lowered"
    assert world.pages() == [("opened", 0), ("escalated", 1)]
    world.pass_time(29)
    assert len(world.pages()) == 2, "the steps of the graver severity are off"
    world.pass_time(1)
    assert world.pages()[-1] == ("escalated", 1)
    assert world.incident.pages[-1].severity_label == "P3"


def test_lowering_what_is_acknowledged_leaves_it_acknowledged(world):
    world.command("acknowledge")
    world.command("severity", severity_label="P3")
    assert (world.incident.status, world.incident.next_step_at) == ("acknowledged", None)
    world.pass_time(59)
    assert world.pages() == [("opened", 0)]


def test_the_same_severity_or_that_of_a_resolved_incident_stays(world):
    assert world.command("severity", severity_label="P1").outcome == "nothing"
    world.tell(resolved())
    assert world.command("severity", severity_label="P3").outcome == "nothing"
    assert world.incident.severity_label == "P1"


# --- late clicks -----------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["acknowledge", "resolve", "escalate", "severity"])
def test_a_click_on_what_has_moved_on_does_nothing(world, action):
    seen = world.incident.generation
    world.command("severity", severity_label="P3")
    before = world.incident
    late = world.command(action, generation=seen, severity_label="P1")
    assert late.outcome == "nothing"
    assert world.incident == before


def test_a_late_click_on_reopen_does_nothing_either(world):
    world.command("resolve")
    seen = world.incident.generation
    world.command("reopen")
    world.command("resolve")
    assert world.command("reopen", generation=seen).outcome == "nothing"
    assert world.incident.status == "resolved"


def test_a_note_is_never_too_late(world):
    seen = world.incident.generation
    world.command("acknowledge")
    assert world.command("note", note="x", generation=seen).outcome == "done"


def test_a_click_on_what_was_seen_is_carried_out(world):
    generation = world.incident.generation
    assert world.command("acknowledge", generation=generation).outcome == "done"


def test_a_double_click_is_one_command(world):
    click = CommandIssued(
        incident_id=world.incident.id, action="note", actor="aoki", via="link", at=NOON, note="x"
    )
    world.tell(click, id="click-1")
    world.tell(click, id="click-1")
    assert world.kinds().count("note") == 1


# --- what cannot be done ---------------------------------------------------------------------


def test_an_incident_that_does_not_exist_is_said_to_whoever_watches_the_platform(world):
    assert world.command("acknowledge", incident_id="inc-unheard-of").outcome == "parked"
    (report,) = world.told(MessageParked)
    assert report.error == "incident_id: there is no incident 'inc-unheard-of'"
    assert report.function == "act_on_incident"
    own = next(i for i in world.incidents() if i.service == "house")
    assert own.summary == report.error


def test_a_severity_the_service_does_not_have_is_refused_with_those_it_has(world):
    before = world.incident
    assert world.command("severity", severity_label="catastrophe").outcome == "parked"
    (report,) = world.told(MessageParked)
    assert report.error == "severity_label: 'catastrophe' is none of shop's: P1, P2, P3"
    assert before in world.incidents()
