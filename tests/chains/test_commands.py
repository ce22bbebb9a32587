"""Commands over HTTP: with an ID token, and by links to one person or to many."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.chains.worlds import PUBLIC_URL, World
from tests.plugins.google_keys import claims, signed
from toban.incidents.documents import Incident
from toban.kernel.command import Audit
from toban.kernel.document import decode
from toban.kernel.edge.http import Response
from toban.ports import Query

AUDIENCE = f"{PUBLIC_URL}/ingest_action"


def aoki(world: World) -> str:
    """Her address, as the profile has it."""
    return f"aoki@{world.service}.example"


def post(world: World, incident: Incident, token: str, **changed: Any) -> Response:
    body = {
        "id": f"nonce-{incident.id}",
        "at": world.now().isoformat(),
        "subject": f"incidents/{incident.id}",
        "action": "acknowledge",
        "seen": incident.generation,
        **changed,
    }
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    return world.post("ingest_action", "/command", json.dumps(body).encode(), headers)


def audits(world: World, incident: Incident) -> list[Audit]:
    query = Query(Audit.COLLECTION, (("subject", "==", f"incidents/{incident.id}"),))
    found = [decode(Audit, s.data) for s in world.platform.store.query(query)]
    return sorted(found, key=lambda audit: audit.at)


def test_a_command_with_a_token_is_carried_out_recorded_and_told(world: World):
    world.alert("Asked")
    incident = world.incident(what="the incident")
    token = signed(claims(aoki(world), AUDIENCE))

    answer = post(world, incident, token)

    assert answer.status == 200, answer
    taken = world.incident(lambda i: i.status == "acknowledged", "the acknowledgement")
    assert taken.assignee == "Aoki", "called by the name that the profile has for the address"
    assert post(world, incident, token).status == 200, "the same again"
    world.settle()
    (audit,) = world.wait(lambda: audits(world, incident), "the record")
    (event,) = json.loads(answer.body)["events"]
    assert (audit.actor, audit.proof, audit.outcome) == ("Aoki", f"google:{aoki(world)}", "done")
    assert (audit.seen, audit.correlation_id) == (incident.generation, event)
    (entry,) = (e for e in world.incident().timeline if e.kind == "acknowledged")
    assert entry.detail["proof"] == f"google:{aoki(world)}"


def test_a_command_that_comes_too_late_is_told_and_changes_nothing(world: World):
    world.alert("Late")
    incident = world.incident(what="the incident")
    token = signed(claims(aoki(world), AUDIENCE))

    assert post(world, incident, token, seen=incident.generation + 1).status == 200

    told = world.incident(lambda i: any(e.kind == "not-done" for e in i.timeline), "the line")
    assert told.status == "open"
    world.wait(lambda: [a.outcome for a in audits(world, incident)] == ["stale"], "the record")


def test_nobody_else_is_heard(world: World):
    world.alert("Unheard")
    incident = world.incident(what="the incident")
    address = aoki(world)

    for token, status in (
        ("nonsense", 401),
        (signed(claims(address, "https://elsewhere.example")), 401),
        (signed(claims(address, AUDIENCE), "stranger", {"kid": "one"}), 401),
        (signed(claims(address, AUDIENCE, exp=1)), 401),
        (signed(claims("somebody@gmail.com", AUDIENCE, hd=None)), 403),
    ):
        assert post(world, incident, token).status == status

    world.settle()
    assert audits(world, incident) == []


def test_a_link_in_a_mail_proves_its_reader_and_one_in_the_room_proves_nobody(world: World):
    world.outside.broken[f"/{world.service}/pager"] = 404
    world.alert("Linked")
    address = aoki(world)
    (mail, *_) = world.wait(lambda: world.mailbox.to(address), "the mail instead of the pager")
    (message, *_) = world.wait(world.room, "the message in the room")

    follow(world, mail.text)
    taken = world.incident(lambda i: i.status == "acknowledged", "the acknowledgement")
    assert proofs(taken) == ["link:person:aoki"]
    follow(world, json.dumps(message))
    again = world.incident(lambda i: len(proofs(i)) == 2, "the second click")
    assert proofs(again)[1] == "link:"


def proofs(incident: Incident) -> list[str]:
    return [e.detail["proof"] for e in incident.timeline if "proof" in e.detail]


def follow(world: World, message: str) -> None:
    """Press the first button of a message."""
    (link, *_) = re.findall(rf"{PUBLIC_URL}/ingest_action([^\s'\"|>)]+)", message)
    assert world.post("ingest_action", link.replace("&amp;", "&")).status == 200
