"""The page behind the link of a test page: looking changes nothing, one tap asks, and only what is recorded is claimed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.security.desk import LINK_KEY, NOW, Desk
from tests.security.ways import answer_link
from toban.actions.standing import LOOKS
from toban.adapters.local.memory.store import MemoryStore
from toban.kernel.document import encode
from toban.kernel.documents import Documents
from toban.kernel.edge.answers import ANSWERABLE, make_answer_link
from toban.ports import Create, Unavailable
from toban.testpages.documents import PageTest, TestedContact

BASE = "https://toban.example/ingest_action"


def link(**more: object) -> str:
    return make_answer_link(BASE, answer_link(**more), LINK_KEY)


def desk_with(*tests: PageTest) -> Desk:
    desk, store = Desk(), MemoryStore()
    store.commit([Create(test.key(test.id), encode(test)) for test in tests])
    desk.edge = replace(desk.edge, documents=lambda: Documents(store, NOW))
    return desk


def a_test(*, answered: bool = False) -> PageTest:
    contact = TestedContact(channel="mail", key="k", answered_at=NOW if answered else None)
    return PageTest(
        id="tst-7",
        service="shop",
        person="yuki",
        person_name="Yuki",
        asked_by="lead",
        asked_at=NOW,
        contacts=[contact],
    )


def page(desk: Desk, method: str = "GET", more: str = "", **changed: object) -> tuple[int, str]:
    answer = desk.open_link(method, link(**changed) + more)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    return answer.status, (answer.body or b"").decode()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing_and_offers_one_button(method):
    desk = desk_with(a_test())
    status, text = page(desk, method)
    assert (status, desk.published) == (200, [])
    assert text.count("<button") == 1
    assert "It reached me" in text
    assert "Nothing is wrong: this is a test." in text


def test_a_tap_asks_once_however_often_it_comes():
    desk = desk_with(a_test())
    for _ in range(3):
        status, text = page(desk, "POST")
        assert (status, "Asked for, not yet recorded" in text) == (200, True)
        assert 'http-equiv="refresh"' in text
        desk.clock.advance(5)
    assert len({event.id for event in desk.published}) == 1
    command = desk.published[0].body
    assert (command.subject(), command.action) == ("test-pages/tst-7", "answer")
    assert (command.proof, command.actor) == ("link:person:yuki", "Yuki")
    assert command.arguments == {"channel": "mail"}


def test_another_message_of_it_is_another_answer():
    desk = desk_with(a_test())
    page(desk, "POST")
    page(desk, "POST", channel="room", person="")
    assert len({event.id for event in desk.published}) == 2
    assert desk.published[1].body.proof == "link:"


def test_that_it_worked_is_said_when_it_is_recorded():
    desk = desk_with(a_test(answered=True))
    for method in ("GET", "POST"):
        status, text = page(desk, method)
        assert (status, "It worked" in text, "<button" in text) == (200, True, False)
    assert "テスト成功" in page(desk, lang="ja")[1]
    assert "It worked" not in page(desk, channel="room")[1], "by another way it has yet to be"


def test_whoever_is_not_meant_is_told_to_leave_it():
    text = page(desk_with(a_test()), person="")[1]
    assert "I am Yuki: it reached me" in text
    assert "If you are not Yuki, leave it to them." in text


def test_it_looks_by_itself_for_a_while_and_then_asks_again():
    desk = desk_with(a_test())
    for looks in range(LOOKS):
        assert f"asked={looks + 1}" in page(desk, more=f"&asked={looks}")[1]
    text = page(desk, more=f"&asked={LOOKS}")[1]
    assert "Still not recorded" in text
    assert 'http-equiv="refresh"' not in text
    assert "<button" in text
    assert "It reached me" in page(desk, more="&asked=xx")[1]


def test_what_is_not_there_is_said_and_what_cannot_be_read_is_asked_for_all_the_same():
    assert page(desk_with())[0] == 404
    desk = Desk()

    class Broken(MemoryStore):
        def get(self, keys):
            raise Unavailable("down")

    desk.edge = replace(desk.edge, documents=lambda: Documents(Broken(), NOW))
    status, text = page(desk, "POST")
    assert (status, "Asked for" in text, len(desk.published)) == (200, True, 1)
    assert page(desk)[0] == 200


def test_an_expired_link_says_so_in_its_language_and_does_nothing():
    desk = desk_with(a_test())
    end = int((NOW + ANSWERABLE).timestamp())
    assert page(desk, exp=end)[0] == 200
    desk.clock.advance(ANSWERABLE.total_seconds())
    for method in ("GET", "POST"):
        status, text = page(desk, method, exp=end, lang="ja")
        assert (status, "有効期限" in text) == (410, True)
    assert desk.published == []


def test_nothing_is_taken_while_the_bus_is_down():
    desk = desk_with(a_test())
    desk.bus_is_down = True
    status, text = page(desk, "POST")
    assert (status, "Nothing has been done yet" in text) == (503, True)


def test_what_is_signed_for_one_purpose_is_nothing_for_the_other():
    desk = desk_with(a_test())
    url = link()
    assert desk.open_link("POST", url.replace("/test?", "/a?")).status == 403
    for changed in (url[:-1] + ("A" if url[-1] != "A" else "B"), url.replace("c=", "c=A")):
        assert desk.open_link("POST", changed).status == 403
    assert desk.published == []
