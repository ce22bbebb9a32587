"""`toban check --store`: incidents that an earlier release has left behind."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Desk
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.store import SqliteStore
from toban.incidents.documents import Alert, Incident
from toban.ports import Query, Update

NEW = {
    Alert: ("heard_at", "newest_start"),
    Incident: ("remind_at", "reminded", "repeats", "tell_joined_at", "untold_since"),
}


def as_written_before(desk: Desk) -> None:
    """Documents without what this release writes; no timer is left."""
    (path,) = desk.data.glob("*.db")
    with SqliteDatabase(path) as database:
        store = SqliteStore(database)
        for cls, fields in NEW.items():
            for found in store.query(Query(cls.COLLECTION)):
                data = {k: v for k, v in found.data.items() if k not in fields}
                store.commit([Update(found.key, {**data, "next_step_at": None}, found.version)])


@pytest.fixture
def old(desk: Desk) -> str:
    """The id of an incident that an earlier release opened and somebody acknowledged."""
    desk.alert()
    incident = desk.only()["id"]
    assert desk.run("incidents", "ack", incident).code == 0
    as_written_before(desk)
    return incident


def test_what_this_release_has_written_is_well(desk):
    desk.alert()
    said = desk.run("check", "--store")
    assert (said.code, said.out.strip()) == (0, "Nothing found (6 checks of the store).")


def test_an_incident_that_nobody_will_hear_of_again_is_found_and_woken(desk, old):
    found = {f["code"]: f for f in desk.run("check", "--store", "--json").json()}
    silent = found["incident-silent"]
    assert (silent["severity"], silent["id"], silent["service"]) == ("error", old, "shop")
    assert silent["do"].startswith(f"toban incidents ack {old}")

    assert desk.run("incidents", "ack", old).code == 0

    assert desk.only()["remind_at"] is not None
    left = desk.run("check", "--store", "--json").json()
    assert "incident-silent" not in {f["code"] for f in left}


def test_an_incident_for_which_nobody_is_called_is_as_silent_as_it_should_be(desk):
    profile = desk.services / "shop.yaml"
    declared = "default: true\n  environments: {staging: {}}"
    profile.write_text(profile.read_text().replace("default: true", declared))
    assert desk.run("apply").code == 0
    desk.alert(labels={"service": "shop", "environment": "staging"})

    assert desk.run("check", "--store").code == 0


def test_an_incident_whose_alerts_may_have_ended_unheard_is_found_until_it_is_resolved(desk, old):
    said = desk.run("check", "--store", "--json")
    assert said.code == 1
    (left,) = [f for f in said.json() if f["code"] == "incident-left-open"]
    assert (left["id"], "its alerts (1)" in left["what"]) == (old, True)
    assert f"toban incidents resolve {old}" in left["do"]
    assert old in desk.run("check", "--store", lang="ja").out

    desk.run("incidents", "resolve", old)

    assert desk.run("check", "--store").code == 0


def test_an_alert_heard_of_by_this_release_is_not_in_doubt(desk, old):
    desk.alert(fingerprint="errors-2", starts_at="2026-11-22T04:00:00Z")
    found = {f["code"] for f in desk.run("check", "--store", "--json").json()}
    assert "incident-left-open" not in found
