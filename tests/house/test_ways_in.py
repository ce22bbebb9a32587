"""A function with a way in over HTTP and no hostile requests is found."""

from __future__ import annotations

import pytest

from tests.house.scratch import found_by
from tests.house.tree import MAP, WAYS_IN, this

ENTRY = """\
  {name}:
    about: {{en: In., ja: 入口。}}
    http: [{path}]
    emits: [alert-fired]

"""


@pytest.mark.parametrize(("name", "path"), [("take_hook", "/github"), ("let_in", "/x/y")])
def test_a_function_without_hostile_requests_is_found(name: str, path: str):
    entry = ENTRY.format(name=name, path=path)
    changed = this().texts[MAP].replace("\nfunctions:\n", f"\nfunctions:\n{entry}", 1)
    assert found_by("ways_in", {MAP: changed}) == [
        f"{WAYS_IN}: no hostile requests for {path} of {name}: add it to EXAMPLES"
    ]


def test_a_path_more_without_hostile_requests_is_found():
    changed = this().texts[MAP].replace("/generic]", "/generic, /grafana]")
    assert changed != this().texts[MAP]
    (found,) = found_by("ways_in", {MAP: changed})
    assert "/grafana of ingest_alert" in found


def test_an_example_that_spoils_no_proof_is_none():
    source = this().texts[WAYS_IN]
    key = '("ingest_alert", "/alertmanager"): Example('
    start = source.index(key)
    changed = source[:start] + source[start:].replace("_SPOILT_BEARER", "()", 1)
    (found,) = found_by("ways_in", {WAYS_IN: changed})
    assert "/alertmanager of ingest_alert" in found


def test_an_example_of_nothing_is_found():
    source = (
        this().texts[WAYS_IN].replace('("ingest_alert", "/generic")', '("ingest_all", "/generic")')
    )
    assert len(found_by("ways_in", {WAYS_IN: source})) == 2
