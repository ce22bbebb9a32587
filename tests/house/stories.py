"""
Every subscription of the map is passed by a story, so that every death is tried on it.

Told here from what is written, in a moment: the events that a story names, and what follows from them
on the map. `tests/simulation/test_crash_points.py` and `test_idle_handlers.py` tell the stories.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.house.module import text
from tests.house.ownership import read_map
from tests.house.tree import MAP, STORIES, Tree, is_story, module
from tests.house.vocabulary import registered
from toban.topology.types import Topology

HAPPENS = "tests.simulation.stories.happens"


def violations(tree: Tree) -> list[str]:
    """Subscriptions that no story passes, and small stories that pass none."""
    topology = read_map(tree.texts.get(MAP, ""))
    if topology is None:
        return []
    told = {path: set(_passed(path, tree, topology)) for path in filter(is_story, tree.texts)}
    passed = set().union(*told.values())
    return [
        *(
            f"{STORIES}/{each.function}.py: no story passes {each.name}: "
            f'STORY = happens(…, to="{each.function}", leaves=…) with the event of {each.topic}'
            for each in topology.subscriptions()
            if each.name not in passed
        ),
        *(
            f"{path}: it passes no subscription of the map"
            for path, names in told.items()
            if not names
        ),
    ]


def _passed(path: str, tree: Tree, topology: Topology) -> Iterator[str]:
    """The subscriptions that a story passes."""
    story, topics = module(path, tree.texts[path]), _topics(tree)
    alone = [call for call in story.calls if HAPPENS in tree.called(call, story)]
    for call in alone:
        function = text(_argument(call, 1, "to"))
        event = _argument(call, 0, "event")
        for topic in _named(tree.classes_in(event, story, story.scope), topics):
            if function in topology.consumers(topic):
                yield f"{topic}--{function}"
    if not alone:
        named = (name for mention in story.mentions for name in tree.meant(mention))
        for topic in _followed(_named(named, topics), topology):
            yield from (f"{topic}--{name}" for name in topology.consumers(topic))


def _topics(tree: Tree) -> dict[str, str]:
    """Event class → its topic."""
    return {
        name: topic
        for name, node, home in tree.classes()
        for _, topic in registered(node, home, tree)
    }


def _named(names: Iterable[str], topics: dict[str, str]) -> set[str]:
    return {topics[name] for name in names if name in topics}


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    return call.args[place] if len(call.args) > place else given.get(name)


def _followed(topics: set[str], topology: Topology) -> set[str]:
    """The topics, and those that their consumers publish to or set timers for, and so on."""
    found: set[str] = set()
    waiting = set(topics)
    while waiting:
        found |= waiting
        functions = {name for topic in waiting for name in topology.consumers(topic)}
        entries = [topology.functions[name] for name in functions]
        waiting = {topic for entry in entries for topic in (*entry.emits, *entry.sets)} - found
    return found
