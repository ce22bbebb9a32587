"""What is wrong in staging is posted and calls nobody; the same in production calls."""

from __future__ import annotations

from tests.chains.services import LAST_STEP_S
from tests.chains.worlds import World

STAGING = "staging"


def test_staging_is_posted_and_calls_nobody_while_production_calls(world: World):
    started, labels = world.ago(1), {"service": world.service, "environment": STAGING}
    world.alert("Broken", starts_at=started, labels=labels)
    staged = world.incident(what="the incident of staging")
    assert staged.environment == STAGING
    world.wait(lambda: len(world.room()) == 1, "the post in the room")
    assert "[staging] P1" in str(world.room()[0])

    world.pass_time(LAST_STEP_S + 1)
    world.settle()
    assert world.paged() == []
    (still,) = world.incidents()
    assert (still.next_step_at, still.remind_at, len(still.pages)) == (None, None, 1)

    # The same rule in production: an incident of its own, and the person on duty is called.
    world.alert("Broken", starts_at=started)
    world.wait(lambda: world.paged("opened") == ["Aoki"], "the page")
    assert [i.environment for i in world.incidents()] == [STAGING, "production"]

    over = world.ago(0)
    world.alert("Broken", status="resolved", starts_at=started, ends_at=over, labels=labels)
    world.alert("Broken", status="resolved", starts_at=started, ends_at=over)
    world.wait(lambda: {i.status for i in world.incidents()} == {"resolved"}, "the end of both")
    world.wait(lambda: world.paged("resolved") == ["Aoki"], "the page being closed")


def test_whatever_becomes_of_it_nobody_is_called_for_staging(world: World):
    started, labels = world.ago(1), {"service": world.service, "environment": STAGING}
    world.alert("Worse", "notice", starts_at=started, labels=labels)
    staged = world.incident(what="the incident")

    world.command(staged, "acknowledge")
    taken = world.incident(lambda i: i.status == "acknowledged", "the acknowledgement")
    assert taken.remind_at is None
    world.command(taken, "escalate")
    world.command(taken, "severity", severity_label="P1")
    raised = world.incident(lambda i: i.severity_label == "P1", "the higher severity")
    world.wait(lambda: "severity raised" in str(world.room()), "the post about it")
    world.command(raised, "resolve", note="it is only staging")
    world.incident(lambda i: any(e.kind == "reopened" for e in i.timeline), "that it still fires")
    world.alert("Worse", status="resolved", starts_at=started, ends_at=world.ago(0), labels=labels)
    world.incident(lambda i: i.status == "resolved", "the end")

    world.pass_time(LAST_STEP_S)
    world.settle()
    assert world.paged() == []
    assert {n.environment for n in world.notifications()} == {STAGING}
    assert not any(n.target.startswith("person:") for n in world.notifications())
