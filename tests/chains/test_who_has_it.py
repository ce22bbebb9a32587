"""Who has an incident: the page behind a link says it, and whoever was called hears it."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

from tests.chains.worlds import PUBLIC_URL, World

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def first_link(message: str) -> str:
    (link, *_) = re.findall(rf"{PUBLIC_URL}/ingest_action([^\s'\"|>)]+)", message)
    return str(link).replace("&amp;", "&")


def test_a_name_given_in_the_room_is_told_to_whoever_was_called_by_mail(world: World):
    world.outside.broken[f"/{world.service}/pager"] = 404
    world.alert("Shared")
    address = f"aoki@{world.service}.example"
    (mail, *_) = world.wait(lambda: world.mailbox.to(address), "the mail instead of the pager")
    (message, *_) = world.wait(world.room, "the message in the room")
    link = first_link(json.dumps(message))

    page = world.post("ingest_action", link, method="GET").body.decode()
    assert "Shared" in page
    assert ">Baba</button>" in page
    (seen,) = set(re.findall(r'name="seen" value="(\d+)"', page))
    click = urlencode({"seen": seen, "name": "Baba"}).encode()
    assert world.post("ingest_action", link, click, FORM).status == 200

    taken = world.incident(lambda i: i.status == "acknowledged", "the acknowledgement")
    assert taken.assignee == "Baba"
    (_, told, *_) = world.wait(
        lambda: len(world.mailbox.to(address)) > 1 and world.mailbox.to(address),
        "the mail that says who has it",
    )
    assert "Baba" in told.text
    page = world.post("ingest_action", first_link(mail.text), method="GET").body.decode()
    (title,) = re.findall(r"<h1>(.*?)</h1>", page)
    assert "Baba" in title
    assert "<button" not in page, "there is nothing left to be asked for"


def test_a_page_that_waited_is_not_sent_once_somebody_has_it(world: World):
    pager = f"/{world.service}/pager"
    world.outside.broken[pager] = 503
    world.alert("Waited")
    incident = world.incident(what="the incident")

    def failed_once() -> bool:
        return any(n.channel == "pager" and n.error for n in world.notifications())

    world.wait(failed_once, "the first try of the pager")
    world.command(incident, "acknowledge")
    world.incident(lambda i: i.status == "acknowledged", "the acknowledgement")
    del world.outside.broken[pager]

    def withdrawn() -> bool:
        states = {n.status for n in world.notifications() if n.channel == "pager" and n.is_page}
        return states == {"void"}

    world.wait(withdrawn, "the page withdrawn")
    assert world.paged("opened") == []
