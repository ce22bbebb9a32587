"""
Every event stands in `toban.events`, is registered, and is on the map; and the map has no other.

The modules are found by walking the folder: a new one needs no list.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.module import Module, text
from tests.house.ownership import read_map
from tests.house.tree import MAP, Tree

BODY = "toban.kernel.event.Body"
REGISTER = "toban.kernel.event.event"
PLACES = ("toban.events", "toban.kernel.handling.parking")
"""Where events may be defined; the kernel tells of what it has parked."""


def violations(tree: Tree) -> list[str]:
    """Bodies of events that nobody registers, that stand elsewhere, or that the map does not know."""
    found = []
    bodies = {n: (node, m) for n, node, m in tree.classes() if BODY in tree.bases(n)}
    bases = {base for name in bodies for base in tree.bases(name)}
    types: dict[str, str] = {}
    for name, (node, module) in bodies.items():
        at = f"{module.path}:{node.lineno}"
        known = list(registered(node, module, tree))
        types |= dict(known)
        if not known and name in bases:
            continue  # what events have in common
        if not module.name.startswith(PLACES):
            found.append(f"{at}: {node.name} is an event: events stand in shared/toban/events")
        elif not known:
            found.append(
                f"{at}: nobody registers {node.name}: decorate it with @event(type, topic)"
            )
    topology = read_map(tree.texts.get(MAP, ""))
    if topology is not None:
        shown = {topic.event: name for name, topic in topology.topics.items()}
        for type_, topic in sorted(types.items()):
            if shown.get(type_) != topic:
                found.append(f"{MAP}: no topic {topic} with the event {type_}")
        found += [
            f"{MAP}: {type_} on topic {topic} is defined nowhere in shared/toban/events"
            for type_, topic in sorted(shown.items())
            if type_ not in types
        ]
    return found


def registered(node: ast.ClassDef, module: Module, tree: Tree) -> Iterator[tuple[str, str]]:
    """The type and topic that an event class is registered under; nothing for any other class."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and REGISTER in tree.called(decorator, module):
            given = [*decorator.args, *(k.value for k in decorator.keywords)]
            yield text(given[0]), text(given[1])
