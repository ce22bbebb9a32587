"""A service that is no more: what `plan` says of it, and how it is retired."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.cli.conftest import PROFILE, Desk
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.store import SqliteStore
from toban.kernel.command import Audit
from toban.ports import Query
from toban.profile.store import PinnedProfile

OTHER = PROFILE.replace("id: shop", "id: old").replace(
    "default: true", "match: [{labels: {app: old}}]"
)


@pytest.fixture
def two(desk: Desk) -> Desk:
    """Shop, and an old service whose file is gone."""
    (desk.services / "old.yaml").write_text(OTHER, encoding="utf-8")
    assert desk.run("apply").code == 0
    (desk.services / "old.yaml").unlink()
    return desk


def test_plan_names_what_is_in_the_store_without_a_file(two):
    said = two.run("plan")
    assert "old      in the store, no file" in said.out
    assert "go on by what is in the store: `toban services retire ID` ends that" in said.out
    changes = {c["service"]: c["change"] for c in two.run("plan", "--json").json()}
    assert changes == {"old": "no-file", "shop": "unchanged"}
    assert two.run("plan").code == 0
    assert two.run("plan", "--exit-code").code == 3
    two.run("services", "retire", "old", "--yes")
    assert two.run("plan", "--exit-code").code == 0


def test_plan_names_every_field_that_changes_with_both_values(two):
    profile = two.services / "shop.yaml"
    text = profile.read_text(encoding="utf-8")
    text = text.replace("after: 15m", "after: 20m").replace("name: Taro", "name: Jiro")
    profile.write_text(text.replace("  taro: {", "  ken: {name: Ken}\n  taro: {"), encoding="utf-8")
    said = two.run("plan")
    lines = [line.strip() for line in said.out.splitlines()]
    assert "shop: escalation[0].steps[1].after: 15m → 20m" in lines
    assert 'shop: people.taro.name: "Taro" → "Jiro"' in lines
    assert 'shop: people.ken.name: (not there) → "Ken"' in lines
    (change,) = [c for c in two.run("plan", "--json").json() if c["service"] == "shop"]
    assert {"path": "escalation[0].steps[1].after", "old": 900, "new": 1200} in change["fields"]
    assert two.run("plan", "--exit-code").code == 3


def test_services_are_listed_with_what_they_hold(two):
    two.alert(labels={"service": "old"})
    found = {s["service"]: s for s in two.run("services", "list", "--json").json()}
    assert (found["old"]["has_file"], found["shop"]["has_file"]) == (False, True)
    assert len(found["old"]["open_incidents"]) == 1
    (row,) = [r for r in two.run("services", "list").out.splitlines() if r.startswith("old")]
    assert row.split()[-3:] == ["1", "0", "none"]


def test_a_retired_service_gets_no_new_alerts_and_its_open_incident_goes_on(two):
    two.alert(labels={"service": "old"})
    incident = two.only()
    said = two.run("services", "retire", "old", "--yes", "--as", "hanako")
    assert said.code == 0
    assert "New alerts of old go to shop" in said.err
    assert f"they began with: 1 incident ({incident['id']})" in said.err
    assert two.only()["status"] == "open"
    assert two.run("incidents", "ack", incident["id"]).code == 0

    two.alert(labels={"service": "old"}, fingerprint="later", starts_at="2026-11-23T03:00:00Z")
    assert {i["service"] for i in two.incidents()} == {"old", "shop"}
    two.alert_ends()
    assert two.run("incidents", "show", incident["id"], "--json").json()["service"] == "old"
    assert "old" not in two.run("services", "list").out
    with SqliteDatabase(next(two.data.glob("*.db"))) as database:
        store = SqliteStore(database)
        (audit,) = store.query(Query(Audit.COLLECTION, (("action", "==", "retire"),)))
        assert (audit.data["subject"], audit.data["actor"]) == ("services/old", "hanako")
        versions = {
            found.key.id.partition("@")[0] for found in store.query(Query(PinnedProfile.COLLECTION))
        }
        assert "old" in versions  # what its incidents and backups were made by


def test_nothing_is_retired_before_somebody_says_so(two):
    said = two.run("services", "retire", "old", "--dry-run")
    assert said.code == 0
    assert "Nothing was written" in said.err
    assert two.run("services", "retire", "old").code == 2  # nobody is there to be asked
    assert "old" in two.run("services", "list").out


def test_what_becomes_of_its_backups_is_said_first(vault):
    kept = vault.document(vault.take("logs"))
    vault.put(msgspec.structs.replace(kept, id=f"{kept.id}-next", status="running"))
    vault.put(msgspec.structs.replace(kept, id=f"{kept.id}-lost", status="failed"))
    said = vault.run("services", "retire", "shop", "--dry-run")
    assert "Under way, and finished: 1 backup." in said.err
    assert "Kept where they are: 1 backup." in said.err
    (told,) = vault.run("services", "list", "--json").json()
    assert (told["running_backups"], told["kept_backups"]) == ([f"{kept.id}-next"], 1)
    said = vault.run("services", "retire", "shop", "--dry-run", lang="ja")
    assert "実行中のバックアップ 1 件は最後まで行います" in said.err
    assert "バックアップ 1 件はそのまま残ります" in said.err


def test_a_file_that_is_still_there_is_named_and_applying_it_is_the_undo(two):
    (two.services / "old.yaml").write_text(OTHER, encoding="utf-8")
    said = two.run("services", "retire", "old", "--yes")
    assert "There is still a file of it" in said.err
    assert two.run("apply").code == 0
    assert "old" in two.run("services", "list").out


def test_without_an_heir_new_alerts_reach_nobody_and_that_is_said(two):
    said = two.run("services", "retire", "shop", "--dry-run", lang="ja")
    assert "shop の新しいアラートは組み込みのサービス toban に入り、誰も呼びません" in said.err
    assert "shop は既定の受け皿です" in said.err


def test_check_judges_what_would_be_in_force(two):
    """The files, and what is in the store without one: a service that was renamed."""
    shop = two.services / "shop.yaml"
    renamed = PROFILE.replace("id: shop", "id: store")
    (two.services / "store.yaml").write_text(renamed, encoding="utf-8")
    shop.unlink()
    said = two.run("check")
    assert said.code == 0
    assert "warning: service old is in force without a file" in said.out
    assert (
        "warning: service.default: service shop is the default as well; only one "
        "can be. (Service shop is in force without a file: `toban services retire shop` ends it.) "
        "[two-defaults]"
    ) in said.out
    assert _warnings(two) == ["no-file", "no-file", "two-defaults"]
    # The files by themselves are in order, so that applying and then retiring leaves no gap.
    applied = two.run("apply", "--json")
    assert applied.code == 0
    assert "service shop is the default as well" in applied.err
    assert "service shop is the default as well" in two.run("plan", lang="en").err
    assert two.run("services", "retire", "shop", "--yes").code == 0
    assert _warnings(two) == ["no-file"]
    assert "default as well" not in two.run("plan").err


def _warnings(desk: Desk) -> list[str]:
    found = desk.run("check", "--json").json()
    return [f["code"] for f in found if f["severity"] == "warning"]


def test_check_knows_a_default_that_is_in_the_store_alone(two):
    """Nobody has to be told that there is none, until it is retired."""
    shop = two.services / "shop.yaml"
    other = OTHER.replace("id: old", "id: new")
    (two.services / "new.yaml").write_text(other, encoding="utf-8")
    shop.unlink()
    assert "no-default" not in two.run("check").out
    assert two.run("services", "retire", "shop", "--yes").code == 0
    assert "[no-default]" in two.run("check").out


def test_check_of_files_whose_store_cannot_be_read_says_so(two):
    (two.data / "toban.db").write_bytes(b"not a database" * 100)
    for rest in two.data.glob("toban.db-*"):
        rest.unlink()
    said = two.run("check")
    assert said.code == 0
    assert "Judged by the files alone" in said.err


def test_a_service_that_is_not_there_is_told_with_what_is(two):
    said = two.run("services", "retire", "odl", "--yes")
    assert said.code == 1
    assert "old" in said.err
