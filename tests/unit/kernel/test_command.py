"""Who may do what, by what proof."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.events import Action, CommandIssued
from toban.kernel.command import MEANS, NEEDS, may, proven
from toban.testing import NOON

INCIDENTS = ("acknowledge", "resolve", "reopen", "escalate", "note", "severity")
LATER = ("approve", "promote", "rollback", "deny", "publish", "")


@pytest.mark.parametrize(
    ("actor", "proof", "person"),
    [
        ("aoki@example.jp", "google:aoki@example.jp", True),
        ("Aoki", "google:aoki@example.jp", True),
        ("Aoki", "slack:U012AB3CD", True),
        ("Aoki", "link:person:aoki", True),
        ("#incidents", "link:", False),
        ("aoki", "local:aoki", True),
        ("baba", "local:aoki", False),
        ("aoki", "local:", False),
        ("aoki", "", False),
        ("aoki", "aoki", False),
        ("aoki", "password:aoki", False),
        ("", "google:", False),
    ],
)
def test_a_proof_proves_a_person_or_only_its_means(actor, proof, person):
    assert proven(actor, proof) is person


@pytest.mark.parametrize("action", INCIDENTS)
@pytest.mark.parametrize("proof", ["", "link:", "local:jiro", "google:aoki@example.jp", "x:y"])
def test_anybody_may_act_on_an_incident_so_that_it_never_waits_for_a_log_in(action, proof):
    assert may("aoki", proof, action)


@pytest.mark.parametrize("action", LATER)
@pytest.mark.parametrize("proof", ["", "link:", "local:jiro", "slack:", "google:", "x:y"])
def test_an_unproven_actor_never_approves(action, proof):
    assert not may("aoki", proof, action)


@pytest.mark.parametrize("action", LATER)
@pytest.mark.parametrize(
    "proof", ["google:aoki@example.jp", "slack:U01", "link:person:aoki", "local:aoki"]
)
def test_a_proven_actor_may_be_asked_for_an_approval(action, proof):
    assert may("aoki", proof, action)


@given(
    st.text(max_size=20),
    st.text(max_size=20),
    st.text(max_size=20).filter(lambda a: a not in NEEDS),
)
def test_what_nobody_has_thought_of_needs_a_proven_person(actor, proof, action):
    assert may(actor, proof, action) == proven(actor, proof)


def test_every_action_on_an_incident_says_what_it_needs():
    assert set(INCIDENTS) <= set(get_args(Action))
    assert {NEEDS[action] for action in INCIDENTS} == {"nothing"}
    assert {"google", "slack", "link", "local"} == MEANS


OF_TEST_PAGES = ("test-page", "answer")
OF_BACKUPS = ("take", "replicate", "verify", "prune", "restore", "test-restore", "rewrap")


@pytest.mark.parametrize("action", OF_BACKUPS)
def test_whoever_is_let_in_may_ask_for_a_backup_and_nobody_else(action):
    for proof in ("local:jiro", "local:", "link:", "google:", "slack:"):
        assert may("aoki", proof, action)
    for proof in ("", "jiro", "x:y", ":local"):
        assert not may("aoki", proof, action)


def test_what_can_be_asked_for_besides_needs_a_proven_person():
    named = {*INCIDENTS, *OF_BACKUPS, *OF_TEST_PAGES}
    assert NEEDS.keys() == named
    for action in set(get_args(Action)) - named:
        assert not may("aoki", "local:", action)
        assert may("aoki", "local:aoki", action)


def test_a_command_names_its_subject_on_the_wire_as_it_always_did():
    body = CommandIssued(about="incidents/inc-1", action="note", actor="aoki", via="cli", at=NOON)
    stored = msgspec.to_builtins(body)
    assert (stored["subject"], stored["action"]) == ("incidents/inc-1", "note")
    assert body.concerns("incidents")
    assert not body.concerns("incident")
    assert not body.concerns("inc-1")
