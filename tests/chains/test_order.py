"""Monitors repeat themselves, and their messages overtake each other."""

from __future__ import annotations

from tests import payloads
from tests.chains.worlds import World


def test_a_repeated_alert_opens_and_calls_once(world: World):
    for _ in range(3):
        world.alert("Repeated")
    world.alert("Repeated", title="Repeated, in other words")

    world.wait(lambda: world.paged("opened") == ["Aoki"], "the page")
    world.settle()
    assert len(world.incidents()) == 1
    assert world.paged("opened") == ["Aoki"]
    assert len(world.room()) == 1


def test_an_alert_that_was_resolved_before_it_was_heard_of_opens_nothing(world: World):
    start, end = world.ago(20), world.ago(15)
    world.alert("Overtaken", status="resolved", starts_at=start, ends_at=end)
    world.settle()
    world.alert("Overtaken", starts_at=start)
    world.alert("Witness", "warning")

    world.wait(world.incidents, "the other alert's incident")
    world.settle()
    assert [incident.rules for incident in world.incidents()] == [["Witness"]]


def test_the_next_occurrence_of_a_resolved_alert_opens_a_new_incident(world: World):
    start, end = world.ago(20), world.ago(15)
    world.alert("Twice", starts_at=start)
    first = world.incident(what="the first incident")
    world.alert("Twice", status="resolved", starts_at=start, ends_at=end)
    world.incident(lambda i: i.status == "resolved", "the end of the first")
    world.alert("Twice", starts_at=world.ago(5))

    world.wait(lambda: len(world.incidents()) == 2, "the second incident")
    assert {i.id == first.id: i.status for i in world.incidents()} == {
        True: "resolved",
        False: "open",
    }


def test_a_group_is_over_when_its_last_alert_is(world: World):
    def report(first: str, second: str) -> None:
        world.alertmanager(
            payloads.alert("web-1", first, fingerprint="8f1c0b7d2ae94c61"),
            payloads.alert("web-2", second, fingerprint="0d35c1e7a9b84f20"),
        )

    report("firing", "firing")
    world.incident(what="one incident for the group")
    report("resolved", "firing")
    world.settle()
    assert world.incident().status == "open"
    report("resolved", "resolved")

    over = world.incident(lambda i: i.status == "resolved", "the end")
    assert over.resolved_by == ""
    world.wait(lambda: world.paged("resolved") == ["Aoki"], "the page being closed")


def test_an_alert_that_makes_it_worse_calls_the_person_on_duty(world: World):
    world.alert("Slow", "warning", fingerprint="first")
    world.wait(world.room, "the room being told")
    mild = world.incident()
    assert (mild.severity_label, world.paged()) == ("P3", [])
    world.command(mild, "acknowledge")
    world.incident(lambda i: i.status == "acknowledged", "the acknowledgement")

    world.alert("Slow", "critical", fingerprint="second")

    # The acknowledgement was given for less.
    worse = world.incident(lambda i: i.severity_label == "P1", "the rise")
    assert worse.status == "open"
    world.wait(lambda: world.paged("raised") == ["Aoki"], "the page")
