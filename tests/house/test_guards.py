"""The guards hold for this tree, and each one fails when it should."""

from __future__ import annotations

import re

import pytest

from tests.house.guards import allowed, guards, unforgiven
from tests.house.scratch import scratch_tree
from tests.house.tree import this
from toban.topology.generate import ROOT
from toban.topology.rooms import MAY_IMPORT, is_domain


@pytest.mark.parametrize("name", guards())
def test_this_tree_has_no_violation(name: str):
    assert unforgiven(name, guards()[name](this())) == []


@pytest.mark.parametrize("name", guards())
def test_a_violation_names_the_file_to_edit(name: str):
    for violation in guards()[name](this()):
        path = re.match(r"([\w./-]+)(:\d+)?: ", violation)
        assert path, violation
        assert (ROOT / path[1]).exists(), violation


def test_what_is_forgiven_says_what_ends_it():
    for name, entries in allowed().items():
        assert name in guards()
        for entry in entries:
            assert set(entry) == {"path", "about", "until"}, entry
            assert (ROOT / entry["path"]).exists(), entry


def test_what_is_forgiven_is_not_told_and_an_idle_entry_is():
    entries = [
        {"path": "a/b.py", "about": "toban.x", "until": "…"},
        {"path": "a/c.py", "about": "toban.x", "until": "…"},
    ]
    found = ["a/b.py:1: may not import toban.x", "a/b.py:2: may not import toban.y"]
    assert unforgiven("layers", found, entries) == [
        "a/b.py:2: may not import toban.y",
        "tests/house/allowed.toml: [[layers]] a/c.py: nothing is left to forgive: remove the entry",
    ]


def test_what_is_not_listed_as_infrastructure_is_a_domain():
    tree = scratch_tree({"shared/toban/kettles/rules.py": ""})
    assert "kettles" in filter(is_domain, tree.rooms())
    assert {"incidents", "notify", "backups"} <= set(filter(is_domain, this().rooms()))


def test_the_table_of_rooms_leads_downwards_only():
    """A room may import only what may not import it, and so on down."""
    below = {room: set(may) - {room} for room, may in MAY_IMPORT.items()}
    while below:
        ground = [room for room, may in below.items() if not may & below.keys()]
        assert ground, f"a circle among {sorted(below)}"
        for room in ground:
            del below[room]
