"""A test page, from the request to the tap: by pager and by mail, and what is recorded of it."""

from __future__ import annotations

import re

from tests.chains.worlds import PUBLIC_URL, World
from toban.events import CommandIssued
from toban.kernel.document import decode
from toban.ports import Query
from toban.testpages.documents import PageTest


def sent_in(world: World) -> list[PageTest]:
    query = Query(PageTest.COLLECTION, (("service", "==", world.service),))
    return [decode(PageTest, found.data) for found in world.platform.store.query(query)]


def test_a_test_page_reaches_its_person_by_the_fallback_and_one_tap_answers_it(world: World):
    world.outside.broken[f"/{world.service}/pager"] = 404
    about = f"test-pages/{world.service}/aoki"
    world.publish(
        CommandIssued(
            about=about,
            action="test-page",
            actor="lead",
            proof="local:lead",
            via="cli",
            at=world.now(),
        )
    )
    address = f"aoki@{world.service}.example"
    (mail, *_) = world.wait(lambda: world.mailbox.to(address), "the mail instead of the pager")
    assert "This is a test, asked for by lead." in mail.text
    (link,) = set(re.findall(rf"{PUBLIC_URL}/ingest_action(/test\S+)", mail.text))

    page = world.post("ingest_action", link, method="GET").body.decode()
    assert page.count("<button") == 1
    for _ in range(2):
        assert world.post("ingest_action", link).status == 200

    def answered() -> PageTest | None:
        return next((test for test in sent_in(world) if test.status == "answered"), None)

    test = world.wait(answered, "the answer")
    assert test.proof == "link:person:aoki"
    assert [contact.channel for contact in test.contacts if contact.answered_at] == ["mail"]
    assert len(sent_in(world)) == 1
    page = world.post("ingest_action", link, method="GET").body.decode()
    assert "It worked" in page
    assert world.incidents() == []
