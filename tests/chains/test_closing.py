"""How incidents end: with their alerts, or by a person, who may be wrong."""

from __future__ import annotations

from tests.chains.worlds import World


def test_an_incident_whose_alerts_are_over_resolves_and_closes_its_pages(world: World):
    started, ended = world.ago(20), world.ago(10)
    world.alert("ByItself", starts_at=started)
    world.wait(lambda: world.paged("opened") == ["Aoki"], "the page")

    world.alert("ByItself", status="resolved", starts_at=started, ends_at=ended)

    over = world.incident(lambda i: i.status == "resolved", "the end")
    assert (over.resolved_by, over.next_step_at) == ("", None)
    world.wait(lambda: world.paged("resolved") == ["Aoki"], "the page being closed")
    world.wait(lambda: len(world.room()) == 2, "the room being told")


def test_an_incident_resolved_by_hand_opens_again_when_its_alert_goes_on(world: World):
    started, ended = world.ago(20), world.ago(10)
    world.alert("StillThere", starts_at=started)
    incident = world.incident(what="the incident")

    world.command(incident, "resolve", actor="Baba")

    world.incident(lambda i: i.resolved_by == "Baba", "the resolution")
    again = world.incident(lambda i: i.status == "open", "the reopening")
    assert [e.kind for e in again.timeline if e.kind in ("resolved", "reopened")] == [
        "resolved",
        "reopened",
    ]
    world.wait(lambda: world.paged("reopened") == ["Aoki"], "the page")
    world.alert("StillThere", status="resolved", starts_at=started, ends_at=ended)
    world.incident(lambda i: i.status == "resolved", "the end")


def test_a_late_click_does_not_take_an_incident_that_has_moved_on(world: World):
    started, ended = world.ago(20), world.ago(10)
    world.alert("MovedOn", starts_at=started)
    seen = world.incident(what="the incident")
    world.command(seen, "resolve", actor="Baba", generation=seen.generation)
    world.alert("MovedOn", status="resolved", starts_at=started, ends_at=ended)
    over = world.incident(lambda i: i.status == "resolved", "the end")

    world.command(seen, "acknowledge", actor="Aoki", generation=seen.generation)
    world.command(over, "note", actor="Aoki", note="came too late")

    after = world.incident(lambda i: any(e.kind == "note" for e in i.timeline), "the note")
    world.settle()
    assert world.incident().status == after.status == "resolved"
