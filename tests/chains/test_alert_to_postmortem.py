"""The whole way: an alert, the person on duty, the next step, an answer, the end, the postmortem."""

from __future__ import annotations

import re

from tests.chains.services import LAST_STEP_S
from tests.chains.worlds import PUBLIC_URL, World


def kinds(incident) -> list[str]:
    return [entry.kind for entry in incident.timeline]


def test_an_unanswered_alert_goes_to_the_next_person_until_one_takes_it(world: World):
    world.cloud_monitoring("open", severity="Critical")

    opened = world.incident(what="an open incident")
    assert (opened.status, opened.severity_label) == ("open", "P1")
    world.wait(lambda: world.paged("opened") == ["Aoki"], "the primary being paged")
    world.wait(lambda: len(world.room()) == 1, "the room being told")

    # Nobody answers: after the first step the secondary is called.
    world.wait(lambda: world.paged("escalated") == ["Baba"], "the secondary being paged")

    world.command(opened, "acknowledge", actor="Baba")
    taken = world.incident(lambda i: i.status == "acknowledged", "the acknowledgement")
    assert (taken.assignee, taken.next_step_at) == ("Baba", None)

    # Whoever comes last on the list sleeps on.
    world.pass_time(LAST_STEP_S - 2)
    world.settle()
    assert world.paged("escalated") == ["Baba"]

    world.command(taken, "resolve", actor="Baba", note="restarted the gateway")
    over = world.incident(lambda i: i.status == "resolved" and i.postmortem, "the postmortem")
    assert over.resolved_by == "Baba"
    draft = world.platform.blobs.read(over.postmortem).decode()
    assert over.id in draft
    assert "restarted the gateway" in draft

    # Everybody who was called hears that it is over, and nobody else does.
    world.wait(lambda: sorted(world.paged("resolved")) == ["Aoki", "Baba"], "pages being closed")
    story = [kind for kind in kinds(over) if kind in STORY]
    assert story == list(STORY)


STORY = ("opened", "escalated", "acknowledged", "note", "resolved", "postmortem")


def test_a_click_on_the_link_in_the_message_acknowledges(world: World):
    world.alert("LinkWorks")
    world.wait(world.room, "the message in the room")
    message = str(world.room()[0]).replace("&amp;", "&")
    links = re.findall(rf"{PUBLIC_URL}/ingest_action([^\s'\"|>)]+)", message)
    assert links, message

    # A preview that opens the link changes nothing; the button behind it does.
    page = world.post("ingest_action", links[0], method="GET")
    assert page.status == 200
    world.settle()
    assert world.incident().status == "open"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert world.post("ingest_action", links[0], b"", form).status == 200

    taken = world.incident(lambda i: i.status == "acknowledged", "the acknowledgement")
    assert taken.assignee


def test_what_nobody_answers_reaches_the_last_step_and_stays_open(world: World):
    world.alert("NobodyThere")

    world.wait(lambda: world.paged("escalated") == ["Baba", "Lead"], "the last step")
    world.settle()
    incident = world.incident()
    assert (incident.status, incident.step, incident.next_step_at) == ("open", 2, None)
