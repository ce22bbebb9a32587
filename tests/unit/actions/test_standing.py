"""What the page behind a link says, at every state that its incident can be in, and what a click asks for."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.incidents.world import SHOP, World, fired, resolved
from toban.actions.ingress import Click, command
from toban.events import CommandIssued
from toban.kernel.edge.http import Response
from toban.kernel.edge.links import LinkAction, SignedLink, make_link
from toban.kernel.event import to_message
from toban.ports import Unavailable
from toban.testing import NOON

KEY = "key-of-links"
BASE = "https://toban.example/ingest_action"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Reader:
    """Somebody with a link from a message: what they see, and what they press."""

    def __init__(self, world: World, action: LinkAction = "acknowledge", **more: object) -> None:
        self.world = world
        who = {"actor": "Aoki", "person": "person:aoki", **more}
        link = make_link(
            BASE,
            incident_id=who.pop("incident", None) or world.incident.id,
            action=action,
            generation=world.incidents()[-1].generation if world.incidents() else 0,
            now=world.clock.now(),
            secret=KEY,
            language="en",
            **who,
        )
        self.path = link.removeprefix(BASE)

    def look(self, more: str = "") -> str:
        return self._text(self.world.post("ingest_action", self.path + more, method="GET"))

    def press(self, **form: object) -> str:
        """The button, with what the page that was looked at last would send."""
        body = urlencode(form).encode()
        return self._text(self.world.post("ingest_action", self.path, body, FORM))

    def press_what_is_shown(self, page: str) -> str:
        (seen,) = set(re.findall(r'name="seen" value="(\d+)"', page))
        return self.press(seen=seen)

    def follow(self, page: str) -> str:
        """What the page shows once it has looked again by itself."""
        (again,) = re.findall(r'http-equiv="refresh" content="\d+;url=(\?[^"]+)"', page)
        path = self.path.partition("?")[0] + again.replace("&amp;", "&")
        return self._text(self.world.post("ingest_action", path, method="GET"))

    def _text(self, response: Response) -> str:
        assert response.status == 200, response
        return response.body.decode()


def title(page: str) -> str:
    return re.findall(r"<h1>(.*?)</h1>", page)[0]


def buttons(page: str) -> list[str]:
    return re.findall(r"<button[^>]*>(.*?)</button>", page)


@pytest.fixture
def world() -> World:
    world = World()
    world.secrets.set("LINK_SIGNING", KEY)
    world.tell(fired(severity="error"))
    world.clock.advance(60)
    return world


def test_it_says_what_the_incident_is_and_asks_with_one_button(world):
    page = Reader(world).look()

    assert title(page) == "Take this incident?"
    for said in ("api a", "P2", "Shop", "2026-11-24", "(for 1 min)", world.incident.id, "Aoki"):
        assert said in page, said
    assert buttons(page) == ["Acknowledge"]


def test_a_click_is_only_asked_for_until_it_is_recorded(world):
    reader = Reader(world)

    page = reader.press_what_is_shown(reader.look())
    assert title(page) == "Asked for, not yet recorded"
    assert buttons(page) == []
    page = reader.follow(page)
    assert title(page) == "Asked for, not yet recorded", "nothing has handled it yet"

    world.go_on()
    page = reader.follow(page)
    assert title(page).startswith("You have it since 12:01")
    assert "refresh" not in page
    assert world.incident.assignee == "Aoki"


def test_what_is_never_recorded_is_said_and_can_be_asked_for_again(world):
    reader = Reader(world)
    page = reader.press_what_is_shown(reader.look())
    for _ in range(20):
        if "refresh" not in page:
            break
        page = reader.follow(page)
    assert title(page) == "Still not recorded"
    assert buttons(page) == ["Acknowledge"]


def test_the_second_person_is_told_who_has_it_since_when(world):
    first, second = Reader(world), Reader(world, actor="Baba", person="person:baba")
    page = second.look()
    first.press_what_is_shown(first.look())
    world.go_on()
    world.clock.advance(120)

    assert title(second.press_what_is_shown(page)).startswith("Aoki has it since 12:01")
    world.go_on()
    assert title(second.look()).startswith("Aoki has it since 12:01")
    assert buttons(second.look()) == []
    assert world.incident.assignee == "Aoki"
    assert title(first.look()).startswith("You have it since 12:01")


def test_a_link_from_before_the_severity_rose_says_so_and_takes_the_present(world):
    reader = Reader(world)
    opened = reader.look()
    world.tell(fired("b", at=1, severity="critical"))
    assert world.incident.severity_label == "P1"

    late = reader.press_what_is_shown(opened)
    world.go_on()
    assert title(late) == "Nobody has it: it has changed since you looked"
    assert "P1" in late
    assert world.incident.status == "open", "what was seen is not what is taken"

    page = reader.look()
    assert "Your message is from before" in page
    assert title(page) == "Take this incident?"
    after = reader.press_what_is_shown(page)
    world.go_on()
    assert title(reader.follow(after)).startswith("You have it since")
    assert (world.incident.status, world.incident.severity_label) == ("acknowledged", "P1")


def test_the_bare_link_of_an_older_page_is_still_stale(world):
    reader = Reader(world)
    world.tell(fired("b", at=1, severity="critical"))
    assert title(reader.press()) == "Nobody has it: it has changed since you looked"
    world.go_on()
    assert world.incident.status == "open"


def test_a_resolved_one_is_told_with_who_and_when(world):
    reader, other = Reader(world), Reader(world, "resolve")
    page = other.press_what_is_shown(other.look())
    world.go_on()
    assert title(other.follow(page)) == "Resolved at 12:01 JST (Aoki)"
    assert title(reader.look()) == "Resolved at 12:01 JST (Aoki)"
    assert buttons(reader.look()) == []
    world.command("reopen")
    assert title(reader.look()) == "Take this incident?"
    world.tell(resolved(at=2, severity="error"))
    assert title(reader.look()) == "Resolved at 12:01 JST (automatic)"


def test_whoever_has_it_is_asked_again_and_others_may_take_over(world):
    world.command("acknowledge", actor="Aoki")
    while world.pages()[-1][0] != "reminded":
        world.pass_time(5)
    mine, other = Reader(world), Reader(world, actor="Baba", person="person:baba")

    page = mine.look()
    assert title(page).startswith("You have it since 12:01")
    assert "People were called again" in page
    assert buttons(page) == ["I still have it"]
    page = other.look()
    assert title(page).startswith("Aoki has it since 12:01")
    assert buttons(page) == ["Take it over"]

    page = other.press_what_is_shown(page)
    assert title(page) == "Asked for, not yet recorded"
    world.go_on()
    assert title(other.follow(page)).startswith("You have it since")
    assert world.incident.assignee == "Baba"


def test_there_is_none(world):
    reader = Reader(world, incident="inc-none")
    response = world.post("ingest_action", reader.path, method="GET")
    assert response.status == 404
    assert "There is no such incident" in response.body.decode()


def test_nothing_is_asked_for_of_one_that_is_not_there(world):
    reader = Reader(world, incident="inc-none")
    response = world.post("ingest_action", reader.path, b"seen=1", FORM)
    world.go_on()
    assert response.status == 404
    assert "Nothing can be done by this link" in response.body.decode()
    assert world.told(CommandIssued) == []


def test_a_store_that_is_down_stops_nobody(world, monkeypatch):
    reader = Reader(world)

    def down(*_: object) -> None:
        raise Unavailable("no store")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "get", down)
        page = reader.look()
        assert "cannot be read right now" in page
        assert buttons(page) == ["Acknowledge"]
        page = reader.press_what_is_shown(page)
        assert title(page) == "Asked for, not yet recorded"
    world.go_on()
    assert title(reader.follow(page)).startswith("You have it since")


def test_a_look_costs_one_read_and_the_profile_once(world):
    reader = Reader(world)
    reader.look()
    reads = world.store.reads
    reader.look()
    assert world.store.reads - reads == 1


# --- links that others can read ------------------------------------------------------------------


def shared(world: World) -> Reader:
    return Reader(world, actor="somebody in #alerts", person="")


def test_where_others_read_it_the_page_asks_who_clicks(world):
    page = shared(world).look()
    assert "Who are you?" in page
    assert buttons(page) == ["Aoki", "Baba", "Acknowledge"]
    assert ">Aoki</button>" in page


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        ({"name": "Baba"}, "Baba"),
        ({"name": "  Chiba\n\u202e the new one "}, "Chiba the new one"),
        ({"name": ""}, "somebody in #alerts"),
        ({}, "somebody in #alerts"),
        ({"name": "x" * 200}, "x" * 80),
    ],
    ids=["known", "rough", "empty", "none", "long"],
)
def test_the_name_is_recorded_as_given_and_not_as_proven(world, given, recorded):
    reader = shared(world)
    reader.press(seen=world.incident.generation, **given)
    world.go_on()
    assert title(reader.look()).startswith(f"{recorded} has it since")
    (entry,) = (e for e in world.incident.timeline if e.kind == "acknowledged")
    assert (entry.actor, entry.detail["proof"]) == (recorded, "link:")


def test_a_link_of_ones_own_takes_no_other_name(world):
    Reader(world).press(seen=world.incident.generation, name="Baba")
    world.go_on()
    assert world.incident.assignee == "Aoki"


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe=%%%", b"&" * 3000, b"seen=x&seen=-1", b"a=" * 5000],
    ids=["bytes", "empties", "words", "large"],
)
def test_a_form_that_is_none_counts_as_the_bare_link(world, body):
    reader = shared(world)
    response = world.post("ingest_action", reader.path, body, FORM)
    assert response.status == 200
    world.go_on()
    assert world.incident.assignee == "somebody in #alerts"


LINKS = st.builds(
    SignedLink,
    incident=st.sampled_from(["inc-1", "inc-2"]),
    action=st.sampled_from(["acknowledge", "resolve"]),
    actor=st.sampled_from(["Aoki", "Baba"]),
    generation=st.integers(0, 2),
    exp=st.just(2_000_000_000),
    nonce=st.sampled_from(["n", "person:aoki.n"]),
    iat=st.integers(0, 2),
)
CLICKS = st.builds(Click, seen=st.integers(0, 2), name=st.sampled_from(["", "Chiba"]))


@given(LINKS, CLICKS, LINKS, CLICKS)
def test_one_id_of_a_click_stands_for_one_body(one, click, other, again):
    first, second = command(one, NOON, click), command(other, NOON + timedelta(seconds=9), again)
    assert isinstance(first.body, CommandIssued)
    same = to_message(first).data == to_message(second).data
    assert not (first.id == second.id and not same)
    if one == other and click == again:
        assert first.id == second.id


def test_people_beyond_the_buttons_are_offered_while_typing():
    people = {
        f"p{n}": msgspec.structs.replace(SHOP.people["aoki"], name=f"P{n:02}") for n in range(20)
    }
    world = World(msgspec.structs.replace(SHOP, people={**SHOP.people, **people}))
    world.secrets.set("LINK_SIGNING", KEY)
    world.tell(fired())
    page = shared(world).look()
    assert len(buttons(page)) == 9
    assert '<option value="P19">' in page
