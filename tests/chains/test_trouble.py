"""What the platform does with what it cannot place, cannot read, or cannot carry out."""

from __future__ import annotations

from tests.chains.worlds import World, redrive
from toban.events import AlertFired
from toban.ports import Create, Delete, Message
from toban.profile.store import PinnedProfile


def desk_incidents(world: World, *words: str):
    """Incidents of the catch-all service that speak of all these."""
    return [
        i for i in world.incidents("toban") if all(w in f"{i.title} {i.summary}" for w in words)
    ]


def test_an_alert_of_nobody_lands_on_the_catch_all_service(world: World):
    title = f"an orphan in the {world.name} world"
    world.alert("Orphan", labels={"world": world.name}, title=title)

    world.wait(lambda: desk_incidents(world, title), "an incident on the catch-all service")
    told = lambda: [c for c in world.outside.to("/desk") if c["incident"]["title"] == title]  # noqa: E731
    world.wait(told, "the desk being told")


def test_a_message_that_cannot_be_read_is_set_aside_and_told_of_and_stops_nobody(world: World):
    attributes = {
        "ce-specversion": "1.0",
        "ce-id": f"poison-{world.service}",
        "ce-type": AlertFired.TYPE,
        "ce-source": "/story",
        "ce-time": "2026-11-24T03:00:00Z",
    }
    world.publish_raw(Message("alert-fired", b'{"rule": 7', attributes))
    world.alert("Unaffected")

    world.wait(lambda: world.paged("opened") == ["Aoki"], "the other alert's page")
    (trouble,) = world.wait(
        lambda: desk_incidents(world, "open_incident", AlertFired.TYPE), "an incident about it"
    )
    assert trouble.severity_label == "S3"
    told = lambda: [c for c in world.outside.to("/desk") if c["incident"]["id"] == trouble.id]  # noqa: E731
    world.wait(told, "the desk being told")


def test_a_message_given_up_is_told_of_and_carried_out_once_the_cause_is_mended(world: World):
    # The profile version that the incident pins is gone: paging fails again and again.
    name = f"{world.service}@"
    version = next(
        s for s in world.platform.store.query(query_versions()) if s.key.id.startswith(name)
    )
    world.platform.store.commit([Delete(version.key, version.version)])
    world.alert("Unpageable", "warning")
    incident = world.incident(what="the incident")

    world.wait(
        lambda: desk_incidents(world, "page_responders", "incident.opened"),
        "the given-up message being told of",
        each=lambda: redrive(world),
    )
    assert world.room() == []

    world.platform.store.commit([Create(version.key, version.data)])
    world.wait(world.room, "the message carried out", each=lambda: redrive(world))
    world.settle()
    assert len(world.room()) == 1
    assert world.incident().id == incident.id


def query_versions():
    from toban.ports import Query

    return Query(PinnedProfile.COLLECTION)
