"""An incident that is not over does not fall silent, and one that is over does not stay open."""

from __future__ import annotations

from tests.chains.worlds import World
from tests.payloads import alert


def test_two_prometheus_see_one_outage_and_the_next_one_pages_again(world: World):
    """Alertmanager merges what overlaps to the earliest start, and resolves with that."""
    first, second, over = world.ago(30), world.ago(25), world.ago(10)
    world.alertmanager(alert(starts_at=first))
    world.alertmanager(alert(starts_at=second))
    world.wait(lambda: world.paged("opened") == ["Aoki"], "the page")

    world.alertmanager(alert(status="resolved", starts_at=first, ends_at=over))
    world.incident(lambda i: i.status == "resolved", "the end")

    world.alertmanager(alert(starts_at=world.ago(1)))
    world.wait(lambda: world.paged("opened") == ["Aoki", "Aoki"], "the page of the next outage")
    world.alertmanager(alert(status="resolved", starts_at=world.ago(1), ends_at=world.ago(0)))
    world.wait(lambda: {i.status for i in world.incidents()} == {"resolved"}, "the end")


def test_a_sender_whose_clock_was_ahead_is_heard_when_it_is_right_again(world: World):
    ahead, later = world.ago(-60), world.ago(-65)
    world.alert("Ahead", starts_at=ahead)
    world.wait(lambda: world.paged("opened") == ["Aoki"], "the page")
    world.alert("Ahead", status="resolved", starts_at=ahead, ends_at=later)
    world.incident(lambda i: i.status == "resolved", "the end")

    world.pass_time(2)
    world.alert("Ahead", starts_at=world.ago(0))
    world.wait(lambda: world.paged("opened") == ["Aoki", "Aoki"], "the page of the next outage")
    world.alert("Ahead", status="resolved", starts_at=world.ago(0), ends_at=world.ago(0))
    world.wait(lambda: {i.status for i in world.incidents()} == {"resolved"}, "the end")


def test_whoever_has_taken_an_incident_is_asked_whether_that_is_still_so(world: World):
    started = world.ago(1)
    world.alert("Forgotten", "notice", starts_at=started)
    incident = world.incident(what="the incident")
    world.command(incident, "acknowledge", actor="Baba")

    world.wait(lambda: world.paged("reminded") == ["Baba"], "the reminder")
    asked = world.incident(lambda i: i.reminded, "that it was sent")
    assert asked.status == "acknowledged"
    world.command(asked, "acknowledge", actor="Aoki")

    taken = world.incident(lambda i: i.assignee == "Aoki", "the answer")
    assert taken.status == "acknowledged"
    world.alert("Forgotten", status="resolved", starts_at=started, ends_at=world.ago(0))
    world.incident(lambda i: i.status == "resolved", "the end")


def test_when_nobody_has_answered_any_step_the_steps_begin_again(world: World):
    started = world.ago(1)
    world.alert("Unanswered", "notice", starts_at=started)
    world.wait(lambda: world.paged("repeated")[:1] == ["Aoki"], "the repetition")

    incident = world.incident(lambda i: i.repeats, "that it was repeated")
    assert [e.kind for e in incident.timeline][:2] == ["opened", "repeated"]
    world.alert("Unanswered", status="resolved", starts_at=started, ends_at=world.ago(0))
    world.incident(lambda i: i.status == "resolved", "the end")
