"""`toban audit`: who asked for what, and what came of it."""

from __future__ import annotations

import getpass
from typing import Any

import pytest

FIELDS = {
    "id", "at", "subject", "action", "actor", "proof", "proven", "seen", "via", "outcome", "reason",
    "environment", "correlation_id",
}  # fmt: skip


@pytest.fixture
def acted(desk, monkeypatch):
    """Somebody acknowledges, another is late, a third names nobody's severity."""
    monkeypatch.setattr(getpass, "getuser", lambda: "jiro")
    desk.alert()
    id_ = desk.only()["id"]
    assert desk.run("incidents", "ack", id_).code == 0
    assert desk.run("incidents", "ack", id_, "--as", "hanako").code == 0
    assert desk.run("incidents", "note", id_, "on it", "--as", "hanako").code == 0
    desk.id = id_
    return desk


def rows(desk: Any, *options: str) -> list[dict[str, Any]]:
    said = desk.run("audit", "--json", *options)
    assert said.code == 0, said.err
    return said.json()


def test_every_command_is_a_row_done_or_not(acted):
    found = rows(acted)
    assert all(set(row) == FIELDS for row in found)
    assert [(r["action"], r["actor"], r["proof"], r["proven"], r["outcome"]) for r in found] == [
        ("acknowledge", "jiro", "local:jiro", True, "done"),
        ("acknowledge", "hanako", "local:jiro", False, "nothing"),
        ("note", "hanako", "local:jiro", False, "done"),
    ]
    assert {r["subject"] for r in found} == {f"incidents/{acted.id}"}
    assert {r["environment"] for r in found} == {"production"}
    assert found[1]["reason"] == "it was acknowledged already"
    assert [r["at"] for r in found] == sorted(r["at"] for r in found)
    assert isinstance(found[0]["seen"], int)


def test_a_row_leads_to_what_followed(acted):
    (first, *_) = rows(acted)
    tree = acted.run("trace", first["correlation_id"], "--json").json()
    assert tree[0]["type"] == "toban.command.issued.v1"


@pytest.mark.parametrize(
    ("options", "number"),
    [
        (("--actor", "hanako"), 2),
        (("--actor", "Jiro"), 3),
        (("--actor", "nobody"), 0),
        (("--subject", "incidents/"), 3),
        (("--subject", "backups/"), 0),
        (("--since", "1h"), 3),
        (("--since", "2020-01-01T00:00"), 3),
        (("--since", "2099-01-01T00:00+09:00"), 0),
        (("--subject", "incidents/", "--actor", "hanako", "--since", "5m"), 2),
    ],
)
def test_filters(acted, options, number):
    assert len(rows(acted, *options)) == number


def test_of_one_subject(acted):
    assert len(rows(acted, "--subject", f"incidents/{acted.id}")) == 3
    assert rows(acted, "--subject", f"incidents/{acted.id}x") == []


def test_a_backup_by_hand_is_a_row_too(vault):
    assert vault.run("backups", "run", "shop", "logs").code == 0
    found = [r for r in rows(vault, "--subject", "backups/") if r["action"] == "take"]
    assert [(r["subject"], r["outcome"]) for r in found] == [("backups/shop/logs/daily", "done")]


def test_marks_on_a_backup_are_rows_too(vault, monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "jiro")
    id_ = vault.take("logs")
    for arguments in (("pin", "--as", "hanako"), ("pin",), ("unpin",)):
        assert vault.run("backups", arguments[0], id_, *arguments[1:]).code == 0
    found = [r for r in rows(vault, "--subject", f"backups/{id_}") if r["action"].endswith("pin")]
    assert [(r["action"], r["actor"], r["proof"], r["proven"], r["outcome"]) for r in found] == [
        ("pin", "hanako", "local:jiro", False, "done"),
        ("pin", "jiro", "local:jiro", True, "nothing"),
        ("unpin", "jiro", "local:jiro", True, "done"),
    ]


def test_the_table_says_who_is_not_proven(acted):
    said = acted.run("audit").out.splitlines()
    assert [word for word in said[0].split() if word != "(JST)"] == [
        "AT", "ACTOR", "PROOF", "ACTION", "SUBJECT", "OUTCOME", "DETAIL",
    ]  # fmt: skip
    assert "hanako" in said[2]
    assert "local:jiro" in said[2]
    assert "nothing to do  it was acknowledged already" in said[2]
    assert "変更なし" in acted.run("audit", lang="ja").out


def test_nothing_yet(desk, empty):
    assert rows(desk) == []
    assert "Nobody has asked for anything since" in desk.run("audit").out
    assert "No command fits." in desk.run("audit", "--actor", "x").out
    assert desk.run("audit", "--since", "soon").code == 2


def test_without_a_data_directory_there_is_nothing_to_list(empty):
    said = empty.run("audit", "--json")
    assert (said.code, said.out) == (1, "")
