"""A subscription that no story passes is found, with the file that its story goes to."""

from __future__ import annotations

import pytest

from tests.house.scratch import found_by
from tests.house.tree import MAP, STORIES, this

TOPIC = """\
topics:
  kettle-noted:
    event: toban.kettle.noted.v1
    by_profile: true
    about: {en: A kettle., ja: やかん。}
"""
ENTRY = """\
functions:
  record_kettle:
    about: {en: Keeps kettles., ja: やかんを記録する。}
    consumes: [kettle-noted]
    writes: [kettles]
"""
EVENT = """\
from toban.kernel.event import Body, event

@event("toban.kettle.noted.v1", topic="kettle-noted")
class KettleNoted(Body, frozen=True): ...
"""
STORY = f"{STORIES}/record_kettle.py"
PLAIN = """\
from tests.simulation.stories import happens
from toban.events.kettles import KettleNoted
STORY = happens(KettleNoted, to="record_kettle", leaves="kettles")
"""
ALIAS = """\
import toban.events.kettles as told
from tests.simulation.stories import happens as alone
Told = told.KettleNoted
STORY = alone(Told, "record_kettle", "kettles")
"""
LONG = """\
from toban.events.kettles import KettleNoted
STORY = Story((Step("a kettle", 0, lambda now, _: [_event("p", KettleNoted(), now)]),), Simulated, ("kettles",))
"""


def found(stories: dict[str, str], entry: str = ENTRY) -> list[str]:
    """What is found in this tree with a subscription more, and these stories."""
    changed = this().texts[MAP].replace("topics:\n", TOPIC, 1).replace("functions:\n", entry, 1)
    return found_by("stories", {MAP: changed, "shared/toban/events/kettles.py": EVENT, **stories})


@pytest.mark.parametrize("name", ["record_kettle", "write_valve"])
def test_a_subscription_that_no_story_passes_is_found(name: str):
    (said,) = found({}, ENTRY.replace("record_kettle", name))
    assert said.startswith(f"{STORIES}/{name}.py: no story passes kettle-noted--{name}: ")


@pytest.mark.parametrize("source", [PLAIN, ALIAS, LONG])
@pytest.mark.parametrize("path", [STORY, f"{STORIES}/other.py", "tests/simulation/kettle_story.py"])
def test_with_a_story_it_is_not(path: str, source: str):
    assert found({path: source}) == []


@pytest.mark.parametrize(
    ("old", "new"), [('"record_kettle"', '"open_incident"'), ("events.kettles", "events.valves")]
)
@pytest.mark.parametrize("source", [PLAIN, ALIAS])
def test_a_story_of_something_else_does_not_count(source: str, old: str, new: str):
    said = found({STORY: source.replace(old, new)})
    assert [each.partition(": ")[0] for each in said] == [STORY, STORY]
    assert said[1] == f"{STORY}: it passes no subscription of the map"


def test_what_follows_from_an_event_of_a_long_story_is_passed():
    entry = ENTRY.replace("kettle-noted", "page-failed").replace("record_kettle", "note_page")
    assert found({STORY: PLAIN}, entry + ENTRY.partition("\n")[2]) == []
