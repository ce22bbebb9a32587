"""A document that this version cannot read hides no other, and nobody believes that a list is whole."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Desk
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.store import SqliteStore
from toban.incidents.documents import Incident
from toban.notify.documents import Notification
from toban.ports import Query, Update
from toban.profile.store import CurrentProfile, PinnedProfile


def from_a_newer_version(desk: Desk, collection: str) -> str:
    """The first document of a collection says what this version does not know; its id."""
    (path,) = desk.data.glob("*.db")
    with SqliteDatabase(path) as database:
        store = SqliteStore(database)
        found = store.query(Query(collection))[0]
        changed = {"status": "snoozed", "profile": {"service": 7}, "created_at": "never"}
        data = {k: changed.get(k, v) for k, v in found.data.items()}
        store.commit([Update(found.key, data, found.version)])
    return found.key.id


@pytest.fixture
def two(desk: Desk) -> Desk:
    desk.alert()
    desk.run("incidents", "resolve", desk.only()["id"])
    desk.alert(fingerprint="other", rule="other", starts_at="2027-11-22T03:00:00Z")
    return desk


def test_a_list_shows_the_others_says_which_is_missing_and_why_and_fails(two):
    hidden = from_a_newer_version(two, Incident.COLLECTION)
    said = two.run("incidents", "list", "--all", "--json")
    assert said.code == 1
    assert hidden not in {i["id"] for i in said.json()}
    assert f"incidents/{hidden}: Invalid enum value 'snoozed'" in said.err
    assert "読めない" in two.run("incidents", "list", "--all", lang="ja").err


def test_asked_for_itself_it_is_named(two):
    hidden = from_a_newer_version(two, Incident.COLLECTION)
    for command in (["incidents", "show", hidden], ["incidents", "ack", hidden]):
        said = two.run(*command)
        assert said.code == 1
        assert f"cannot read incidents/{hidden}" in said.err


def test_one_bad_notification_hides_no_other(two):
    hidden = from_a_newer_version(two, Notification.COLLECTION)
    said = two.run("notifications", "list", "--json")
    assert said.code == 1
    assert said.json()
    assert hidden not in {n["id"] for n in said.json()}


@pytest.mark.parametrize("cls", [CurrentProfile, PinnedProfile])
def test_a_profile_that_cannot_be_read_is_told_of_in_one_line(two, cls):
    from_a_newer_version(two, cls.COLLECTION)
    for command in (["incidents", "list"], ["audit"], ["backups", "list"], ["schedules"]):
        said = two.run(*command)
        assert said.code in (0, 1)
        assert said.code == 0 or "did a newer one write it?" in said.err
