"""Which links a notification offers, and in whose name they act."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.unit.notify.test_facts import asked
from tests.unit.notify.world import NOON
from toban.adapters.local.memory.store import MemorySecrets
from toban.events import Link
from toban.kernel.edge.links import SignedLink, verify
from toban.notify.links import action_links, no_links

KEY = "k" * 32


def offer(*of: object) -> Sequence[Link]:
    """The links of a notification."""
    made = action_links("https://t.test/", MemorySecrets({"LINK_SIGNING": [KEY, "older"]}))
    return made(*of)  # type: ignore[arg-type]


def opened(url: str) -> SignedLink:
    query = parse_qs(urlsplit(url).query)
    return verify(query["c"][0], query["s"][0], [KEY], NOON)


@pytest.mark.parametrize(
    ("kind", "status", "actions"),
    [
        ("opened", "open", ["acknowledge", "resolve"]),
        ("reminded", "acknowledged", ["acknowledge", "resolve"]),
        ("acknowledged", "open", ["acknowledge", "resolve"]),
        ("acknowledged", "acknowledged", ["resolve"]),
    ],
)
def test_who_has_it_is_asked_again_only_where_somebody_is_called(kind, status, actions):
    offered = offer(asked(kind, {"status": status, "generation": 4}), NOON)
    found = [opened(link.url) for link in offered]
    assert [link.action for link in found] == actions
    assert {(link.incident, link.generation, link.lang) for link in found} == {("inc-7", 4, "en")}
    titles = {"acknowledge": "Acknowledge", "resolve": "Resolve"}
    assert [link.title for link in offered] == [titles[action] for action in actions]


@pytest.mark.parametrize(
    ("person", "room", "name", "actor"),
    [
        ("person:aoki", "", "Aoki", "Aoki"),
        ("person:aoki", "", "", "person:aoki"),
        ("", "#alerts", "Aoki", "somebody in #alerts"),
        ("", "", "Aoki", "somebody in slack"),
    ],
)
def test_a_link_acts_for_whom_it_was_sent_to_and_in_a_room_for_somebody(person, room, name, actor):
    (link, _) = offer(asked(target_name=name), NOON, person, room)
    assert link.url.startswith("https://t.test/ingest_action/a?")
    found = opened(link.url)
    assert (found.actor, found.person) == (actor, person)


def test_without_an_address_or_a_secret_there_are_no_links():
    assert action_links("", MemorySecrets({"LINK_SIGNING": [KEY]})) is no_links
    assert no_links(asked(), NOON, person="person:aoki", room="") == ()
    assert action_links("https://t.test", MemorySecrets({}))(asked(), NOON) == ()


def test_unless_it_is_said_whose_address_it_is_others_may_read_it():
    (link, _) = offer(asked(), NOON)
    found = opened(link.url)
    assert (found.actor, found.person) == ("somebody in slack", "")
