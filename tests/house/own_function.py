"""
A function of its own is justified by what it has alone: a secret, a public address, a memory or time
limit, or a document class that nobody else writes. Any other event is a handler in the function
that owns the document: a function costs a service account, subscriptions, dead letters, a cold start.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import yaml

from tests.house.ownership import read_map, touched
from tests.house.reaching import mains
from tests.house.records import Records
from tests.house.tree import MAP, Tree
from toban.topology.types import Topology

PATH = "tests/house/own_function.py"
STORED = "older than the rule; its subscriptions and dead-letter topics hold messages by its name"
NAMED = {
    "act_on_incident": STORED,
    "draft_postmortem": STORED,
    "escalate_incident": STORED,
    "page_responders": STORED,
    "settle_incident": STORED,
    "start_backup": STORED,
    "test_restores": STORED,
    "tick": "publishes for every function, each minute, and must wait for none of them",
}
"""Functions that are not justified so, and why they stay; no new one joins them."""


def violations(tree: Tree) -> list[str]:
    """Functions without anything of their own, and names above that need no reason (any more)."""
    topology = read_map(tree.texts.get(MAP, ""))
    if topology is None:
        return []
    writes = _writes(topology, tree)
    usual = _usual(tree.texts[MAP])
    alone = {
        name
        for name, entry in topology.functions.items()
        if not (
            entry.http
            or _own(name, {id: set(other.secrets) for id, other in topology.functions.items()})
            or (entry.memory_mb, entry.timeout_s) != usual
            or _own(name, writes)
        )
    }
    return [
        *(
            f"{MAP}: {name} has no secret, public address, memory or time limit and no document "
            "class of its own: handle its events in the function that owns the document"
            for name in sorted(alone - NAMED.keys())
        ),
        *(
            f"{PATH}: NAMED has {name}, which is justified by itself: remove it"
            for name in sorted((NAMED.keys() & topology.functions.keys()) - alone)
        ),
    ]


@cache
def _usual(text: str) -> tuple[int, int]:
    """The memory and time that a function gets unless it says otherwise."""
    defaults = yaml.safe_load(text)["defaults"]
    return defaults["memory_mb"], defaults["timeout_s"]


def _own(name: str, of: Mapping[str, set[str]]) -> set[str]:
    """What a function has that no other has."""
    return of[name].difference(*(each for id, each in of.items() if id != name))


def _writes(topology: Topology, tree: Tree) -> dict[str, set[str]]:
    """The collections that each function writes, but for the kernel's housekeeping."""
    records, mains_ = Records(tree), mains(tree)
    return {
        name: set(entry.writes)
        - (touched(mains_[name], records).swept if name in mains_ else set())
        for name, entry in topology.functions.items()
    }
