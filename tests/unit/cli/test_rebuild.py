"""`toban backups rebuild-catalog`: the store is lost, one region is lost, manifests are damaged."""

from __future__ import annotations

import shutil

import pytest

from tests.unit.cli.vaults import MEDIA, Vault
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.store import SqliteStore
from toban.backups.documents import SeriesState
from toban.backups.work.verify import VerifyJob
from toban.cli.kit.reader import StoreReader

OSAKA = ("--bucket", "shop-osaka")


def lose_the_store(vault: Vault) -> None:
    for path in vault.data.glob("toban.db*"):
        path.unlink()


def lose_tokyo(vault: Vault) -> None:
    shutil.rmtree(vault.data / "buckets" / "shop-tokyo")


def series(vault: Vault, key: str) -> SeriesState:
    database = SqliteDatabase(vault.data / "toban.db")
    try:
        found = StoreReader(SqliteStore(database)).get(SeriesState, key)
    finally:
        database.close()
    assert found is not None
    return found


def job(vault: Vault, id: str) -> VerifyJob:
    database = SqliteDatabase(vault.data / "toban.db")
    try:
        found = StoreReader(SqliteStore(database)).get(VerifyJob, f"{id}.verify")
    finally:
        database.close()
    assert found is not None
    return found


@pytest.fixture
def taken(vault):
    """Two backups."""
    vault.ids = [vault.take(), vault.take("logs")]
    return vault


def test_from_region_two_alone_everything_is_known_again_and_restores(taken):
    before = {row["id"]: row for row in taken.backups()}
    state = series(taken, "shop.logs.daily")
    lose_the_store(taken)
    lose_tokyo(taken)

    early = taken.run("backups", "rebuild-catalog", *OSAKA)
    assert early.code == 1
    assert "toban apply" in early.err
    assert taken.run("apply").code == 0
    assert taken.backups() == []

    said = taken.run("backups", "rebuild-catalog", *OSAKA)
    assert said.code == 0, said.err
    assert "2 of 2 backups entered" in said.out
    after = {row["id"]: row for row in taken.backups()}
    assert set(after) == set(before)
    for id, row in after.items():
        assert (row["status"], row["regions"]) == ("verified", ["asia-northeast2"])
        same = ("service", "source", "class", "started_at", "bytes", "pinned")
        assert {k: row[k] for k in same} == {k: before[id][k] for k in same}

    rebuilt = series(taken, "shop.logs.daily")
    assert (rebuilt.newest_slot, rebuilt.finished, rebuilt.finished_bytes, rebuilt.fingerprint) == (
        state.newest_slot,
        state.finished,
        state.finished_bytes,
        state.fingerprint,
    )
    assert rebuilt.verified == taken.ids[1]

    restored = taken.run("restore", "shop", "media", "--to", "bucket=again", "--yes")
    assert restored.code == 0, restored.err
    assert taken.objects("again") == MEDIA
    taken.next_second()
    assert taken.take("logs") not in taken.ids, "and backups go on"


def test_a_dry_run_writes_nothing_and_without_verifying_nothing_counts(taken):
    lose_the_store(taken)
    taken.run("apply")
    told = taken.run("backups", "rebuild-catalog", *OSAKA, "--dry-run", "--json").json()
    assert [(b["id"], b["change"]) for b in told["backups"]] == [
        (id, "created") for id in sorted(taken.ids)
    ]
    assert taken.backups() == []
    assert taken.run("backups", "rebuild-catalog", *OSAKA, "--no-verify").code == 0
    assert {row["status"] for row in taken.backups()} == {"finished"}
    assert taken.run("backups", "verify", taken.ids[0]).code == 0
    assert taken.run("backups", "rebuild-catalog", *OSAKA).code == 0
    assert {row["status"] for row in taken.backups()} == {"verified"}, "those left are read now"


def test_an_entry_that_knows_more_only_learns_of_copies(taken):
    lose_the_store(taken)
    taken.run("apply")
    taken.run("backups", "rebuild-catalog", *OSAKA)
    taken.run("backups", "pin", taken.ids[0], "--note", "keep")
    said = taken.run("backups", "rebuild-catalog", "--json")
    assert said.code == 0, said.err
    assert {b["change"] for b in said.json()["backups"]} == {"extended"}
    backup = taken.document(taken.ids[0])
    assert (backup.pinned, backup.note, backup.status) == (True, "keep", "verified")
    assert [copy.bucket for copy in backup.copies] == ["shop-tokyo", "shop-osaka"]
    again = taken.run("backups", "rebuild-catalog", "--json").json()
    assert {b["change"] for b in again["backups"]} == {"known"}


def test_a_damaged_manifest_is_named_and_skipped(taken):
    lose_the_store(taken)
    taken.run("apply")
    names = [n for n in taken.objects("shop-osaka", "shop/logs/") if n.endswith("manifest.json")]
    assert len(names) == 1
    taken.damage("shop-osaka", names[0], at=400)
    said = taken.run("backups", "rebuild-catalog", *OSAKA)
    assert said.code == 1
    assert names[0] in said.err
    assert [row["source"] for row in taken.backups()] == ["media"]


def test_a_manifest_of_another_key_is_not_believed(taken, monkeypatch):
    lose_the_store(taken)
    taken.run("apply")
    monkeypatch.setenv("TOBAN_SECRET_BACKUP_KEY", "A" * 43 + "=")
    said = taken.run("backups", "rebuild-catalog", *OSAKA, "--json")
    assert said.code == 1
    assert len(said.json()["skipped"]) == 2
    assert taken.backups() == []


def test_an_unencrypted_manifest_of_a_service_with_a_key_is_not_believed(vault):
    profile = vault.desk.services / "shop.yaml"
    written = profile.read_text("utf-8")
    profile.write_text(written.replace('  key: "secret:BACKUP_KEY"\n', ""), encoding="utf-8")
    vault.run("apply")
    vault.take("logs")
    lose_the_store(vault)
    profile.write_text(written, encoding="utf-8")
    vault.run("apply")
    said = vault.run("backups", "rebuild-catalog")
    assert said.code == 1
    assert "is not encrypted, although it has to be" in said.err
    assert vault.backups() == []


def test_a_backup_whose_plan_is_gone_is_entered_and_told(taken):
    profile = taken.desk.services / "shop.yaml"
    lines = profile.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if "{source: logs" not in line and "logs lost" not in line]
    profile.write_text("".join(kept), encoding="utf-8")
    lose_the_store(taken)
    assert taken.run("apply").code == 0
    said = taken.run("backups", "rebuild-catalog", *OSAKA)
    assert said.code == 1
    assert "its profile has no such plan" in said.out
    assert {r["source"]: r["status"] for r in taken.backups()} == {
        "media": "verified",
        "logs": "finished",
    }


def test_what_others_build_on_is_verified_before_them(vault):
    profile = vault.desk.services / "shop.yaml"
    weekly = 'class: weekly, schedule: "0 4 * * 0", keep: {weekly: 4}'
    added = 'class: added, schedule: "0 4 * * *", keep: {daily: 1}, incremental: true'
    text = profile.read_text("utf-8")
    assert weekly in text
    profile.write_text(text.replace(weekly, added), encoding="utf-8")
    assert vault.run("apply").code == 0
    base = vault.take()
    vault.next_second()
    increment = vault.take("media", "added")
    assert vault.document(increment).needs == [base]
    assert increment < base, "by their names it would come first"
    lose_the_store(vault)
    vault.run("apply")

    said = vault.run("backups", "rebuild-catalog")

    assert said.code == 0, said.err
    assert job(vault, increment).trusted == [base], "it was proven by then"
    assert {row["status"] for row in vault.backups()} == {"verified"}


def test_what_was_deleted_stays_deleted(taken):
    backup = taken.document(taken.ids[0])
    backup.status = "deleting"
    taken.put(backup)
    told = taken.run("backups", "rebuild-catalog", "--json").json()
    assert {b["id"]: b["change"] for b in told["backups"]}[taken.ids[0]] == "removed"
    assert taken.document(taken.ids[0]).status == "deleting"


def test_a_bucket_without_backups_is_told(taken):
    said = taken.run("backups", "rebuild-catalog", "--bucket", "shop-media")
    assert said.code == 1
    assert "no manifest of a backup lies in shop-media" in said.err
