"""`toban backups`: taking, looking, keeping, and whether what was promised holds."""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta

import msgspec
import pytest

from tests.unit.cli.vaults import Vault
from toban.backups.documents import SeriesState
from toban.cli.backups.catalogue import rpo
from toban.cli.kit import times

REGIONS = ["asia-northeast1", "asia-northeast2"]


def test_run_without_a_runtime_takes_replicates_and_verifies_here(vault):
    said = vault.run("backups", "run", "shop", "media", "daily")
    assert said.code == 0, said.err
    assert "verified (content) in asia-northeast1, asia-northeast2" in said.out
    (row,) = vault.backups()
    assert list(row) == [
        "id", "service", "source", "class", "environment", "status", "started_at", "finished_at",
        "verified_at", "level", "regions", "bytes", "key", "pinned", "doubtful", "copies",
    ]  # fmt: skip
    assert row["id"].startswith("shop.media.daily.2")
    assert (row["service"], row["source"], row["class"]) == ("shop", "media", "daily")
    assert (row["status"], row["level"], row["regions"]) == ("verified", "content", REGIONS)
    assert row["bytes"] > 0
    assert row["pinned"] is False
    assert row["started_at"] < row["finished_at"] < row["verified_at"]


def test_a_source_with_one_plan_needs_no_class_and_its_backup_is_taken_though_nothing_changed(
    vault,
):
    first = vault.run("backups", "run", "shop", "logs", "--json").json()
    assert first["status"] == "verified"
    vault.next_second()
    again = vault.run("backups", "run", "shop", "logs", "--json").json()
    assert again["id"] != first["id"]
    assert again["status"] == "verified", "`on_change` is for the schedule, not for people"


def test_a_request_that_finds_one_under_way_follows_that(vault):
    first = vault.run("backups", "run", "shop", "logs", "--no-wait")
    assert "nobody works on" in first.err
    assert vault.backups() == []
    said = vault.run("backups", "run", "shop", "logs", "--json")
    assert said.code == 0, said.err
    (row,) = vault.backups()  # whichever of the two was handled first
    assert said.json()["id"] == row["id"]


def test_a_backup_that_fails_says_why_and_ends_with_1(vault):
    (vault.home / "logs" / "app.log").unlink()
    (vault.home / "logs").rmdir()
    said = vault.run("backups", "run", "shop", "logs")
    assert said.code == 1
    assert "logs is not there" in said.err
    (row,) = vault.backups()
    assert (row["status"], row["level"], row["regions"]) == ("failed", None, [])
    assert "失敗" in vault.run("backups", "list", lang="ja").out


def test_a_failure_that_was_followed_by_a_success_can_still_be_listed(vault):
    logs = vault.home / "logs"
    logs.rename(vault.home / "elsewhere")
    assert vault.run("backups", "run", "shop", "logs").code == 1
    (failed,) = vault.backups()
    (vault.home / "elsewhere").rename(logs)
    vault.next_second()
    good = vault.take("logs")
    assert [row["id"] for row in vault.backups()] == [good]
    (row,) = vault.backups("--status", "failed")
    assert (row["id"], row["status"]) == (failed["id"], "deleted")
    assert "failed, removed" in vault.run("backups", "list", "--status", "failed").out
    assert "失敗（削除済み）" in vault.run("backups", "list", "--all", lang="ja").out
    assert "logs is not there" in vault.run("backups", "show", failed["id"]).out


def test_what_is_not_measured_is_not_said_to_hold(vault):
    vault.take()
    vault.take("logs")
    said = vault.run("backups", "rpo")
    assert (said.code, "untested" in said.out) == (0, True)
    assert "Everything" not in said.out
    assert "toban backups test" in said.out
    vault.run("backups", "test", "shop")
    said = vault.run("backups", "rpo").out
    assert "Everything that was promised holds." in said
    assert "are read again each week, every copy within 90 d" in said


def changed(vault, before, after):
    """Apply the profile with something of it said otherwise."""
    profile = vault.desk.services / "shop.yaml"
    text = profile.read_text(encoding="utf-8")
    assert before in text
    profile.write_text(text.replace(before, after), encoding="utf-8")
    assert vault.run("apply").code == 0


def test_what_no_schedule_can_keep_is_not_said_to_hold(vault, monkeypatch):
    changed(
        vault,
        "{name: logs lost, sources: [logs], rpo: 25h}",
        "{name: logs lost, sources: [logs], rpo: 5m}",
    )
    vault.take()
    vault.take("logs")
    vault.run("backups", "test", "shop")
    assert vault.run("backups", "rpo").code == 0, "fresh as it is, nothing is lost yet"

    later = times.now() + timedelta(minutes=8)
    monkeypatch.setattr(rpo, "now", lambda: later)
    said = vault.run("backups", "rpo")
    assert (said.code, "Everything" in said.out) == (3, False)
    assert "shop: logs lost: not kept, and no schedule of the profile can keep it" in said.out
    assert "守られています" not in vault.run("backups", "rpo", lang="ja").out


def test_a_promised_recovery_time_that_nothing_will_ever_measure_is_untested(vault):
    text = (vault.desk.services / "shop.yaml").read_text(encoding="utf-8")
    changed(vault, text[text.index("  restore_test:") :], "")
    vault.take()
    vault.take("logs")
    said = vault.run("backups", "rpo")
    assert (said.code, "Everything" in said.out, "untested" in said.out) == (0, False, True)
    rows = {
        row["objective"]: row["rto_status"] for row in vault.run("backups", "rpo", "--json").json()
    }
    assert rows == {"media lost": "untested", "logs lost": "not-watched"}


def test_where_nothing_is_promised_a_script_hears_of_it(vault):
    text = (vault.desk.services / "shop.yaml").read_text(encoding="utf-8")
    start = text.index("  objectives:")
    changed(vault, text[start : text.index("  restore_test:")], "")
    said = vault.run("backups", "rpo")
    assert (said.code, "The profiles name no objectives." in said.out) == (1, True)


def test_a_key_that_is_not_there_stops_the_backup(vault, monkeypatch):
    monkeypatch.delenv("TOBAN_SECRET_BACKUP_KEY")
    said = vault.run("backups", "run", "shop", "logs")
    assert said.code == 1
    assert "nothing is kept unencrypted" in said.err
    assert vault.objects("shop-tokyo") == {}

    (row,) = vault.backups()
    shown = vault.run("backups", "show", row["id"], lang="ja").out
    assert "暗号化していません" not in shown, "nothing was stored in the clear"
    assert "記録を残す" in shown
    assert (
        "鍵を使えません（暗号化せずに保存することはありません）: シークレット BACKUP_KEY が未設定です"
        in shown
    )
    vault.next_second()
    assert "鍵を使えません" in vault.run("backups", "run", "shop", "logs", lang="ja").err
    (job,) = [line for line in shown.splitlines() if "読み取り・保存" in line]
    assert "失敗" in job
    assert "終了" not in job


@pytest.mark.parametrize(
    ("arguments", "told", "code"),
    [
        (["run", "shp", "media"], "Did you mean shop?", 1),
        (["run", "shop", "medja"], "Did you mean media?", 1),
        (["run", "shop", "media"], "say which: daily, weekly", 2),
        (["run", "shop", "media", "monthly"], "There are: daily, weekly.", 1),
        (["show", "shop.media.daily.2020"], "no such backup", 1),
        (["list", "--service", "shopp"], "Did you mean shop?", 1),
        (["list", "--service", "shop", "--source", "log"], "Did you mean logs?", 1),
        (["rpo", "--service", "sho"], "Did you mean shop?", 1),
        (["test", "shop", "logs"], "There are: media.", 1),
        (["list", "--status", "verifed"], "Did you mean verified?", 2),
    ],
)
def test_what_is_unknown_is_told_in_one_line_with_what_there_is(vault, arguments, told, code):
    said = vault.run("backups", *arguments)
    assert said.code == code
    assert told in said.err
    assert said.err.count("\n") == 1


def test_an_id_may_be_shortened_and_a_list_narrowed(vault):
    media, logs = vault.take(), vault.take("logs")
    assert [r["id"] for r in vault.backups()] == [logs, media], "the newest first"
    assert [r["id"] for r in vault.backups("--source", "media")] == [media]
    assert [r["id"] for r in vault.backups("--class", "weekly")] == []
    assert [r["id"] for r in vault.backups("--status", "verified", "--source", "logs")] == [logs]
    assert vault.run("backups", "show", "shop.media", "--json").json()["id"] == media
    said = vault.run("backups", "show", "shop.")
    assert said.code == 2
    assert media in said.err


def test_show_tells_everything(vault):
    id = vault.take()
    told = vault.run("backups", "show", id, "--json").json()
    assert [(c["region"], c["level"], c["damage"]) for c in told["copies"]] == [
        (REGIONS[0], "format", ""),
        (REGIONS[1], "content", ""),
    ]
    assert told["key_id"].startswith("local:")
    assert told["counts"] == {"objects": 3, "bytes": 512_005}
    assert {job["stage"]: job["over"] for job in told["jobs"]} == {
        "take": True, "replicate": True, "verify": True,
    }  # fmt: skip
    assert told["retention"]["keep"] is True
    assert any(reason.startswith("daily ") for reason in told["retention"]["reasons"])
    english, japanese = (vault.run("backups", "show", id, lang=lang).out for lang in ("en", "ja"))
    assert "Restore point: " in english
    assert "verified (format)" in english
    assert "復元ポイント" in japanese
    assert "検証済み（形式まで）" in japanese


def test_what_list_prints_is_what_retention_reads(vault, tmp_path):
    id = vault.take()
    (tmp_path / "catalogue.json").write_text(json.dumps(vault.backups()), encoding="utf-8")
    (tmp_path / "policy.json").write_text('{"daily": 1}', encoding="utf-8")
    files = [
        "--policy",
        str(tmp_path / "policy.json"),
        "--catalog",
        str(tmp_path / "catalogue.json"),
    ]
    (verdict,) = vault.run("backups", "retention", *files, "--json").json()
    assert (verdict["id"], verdict["keep"]) == (id, True)


# --- reading back, copying again -----------------------------------------------------------------


def test_verify_finds_damage_and_replicate_mends_it(vault):
    id = vault.take("logs")
    assert vault.run("backups", "verify", id).code == 0
    name = vault.damage("shop-osaka", "parts/a1/000001")
    said = vault.run("backups", "verify", id)
    assert said.code == 1
    assert name in said.err
    (row,) = vault.backups()
    assert (row["status"], row["regions"]) == ("verified", REGIONS[:1])
    assert [copy["state"] for copy in row["copies"]] == ["verified", "damaged"]
    assert "verified 1/2" in vault.run("backups", "list").out
    assert "damaged: shop-osaka" in vault.run("backups", "show", id).out
    (finding,) = vault.run("check", "--store", "--json").json()
    assert (finding["code"], finding["id"]) == ("backup-damaged", id)
    assert finding["what"].startswith("the copy in shop-osaka of the backup of ")
    assert name in finding["what"]
    assert finding["do"].startswith(f"toban backups replicate {id}")
    mended = vault.run("backups", "replicate", id)
    assert mended.code == 0, mended.err
    assert vault.run("check", "--store").code == 0
    (row,) = vault.backups()
    assert (row["status"], row["regions"]) == ("verified", REGIONS)
    assert vault.objects("shop-osaka") == vault.objects("shop-tokyo")


def test_a_damaged_original_is_mended_from_the_replica(vault):
    id = vault.take("logs")
    whole = vault.objects("shop-tokyo")
    vault.damage("shop-tokyo", "parts/a1/000001")
    assert vault.run("backups", "verify", id).code == 1
    said = vault.run("backups", "replicate", id, "--json")
    assert said.code == 0, said.err
    assert said.json()["regions"] == REGIONS
    assert vault.objects("shop-tokyo") == vault.objects("shop-osaka") == whole


def test_damage_that_the_bucket_does_not_notice_is_mended_as_well(vault):
    id = vault.take("logs")
    whole = vault.objects("shop-osaka")
    (name,) = (n for n in whole if n.endswith("parts/a1/000001"))
    path = vault.data / "buckets" / "shop-osaka" / name
    times = path.stat()
    path.write_bytes(whole[name][:-9] + bytes(9))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert vault.run("backups", "verify", id).code == 1
    assert vault.run("backups", "replicate", id).code == 0
    assert vault.objects("shop-osaka") == whole


def test_what_is_whole_nowhere_is_left_as_it_is(vault):
    id = vault.take("logs")
    for bucket in ("shop-tokyo", "shop-osaka"):
        vault.damage(bucket, "parts/a1/000001")
    before = vault.objects("shop-tokyo"), vault.objects("shop-osaka")
    assert vault.run("backups", "verify", id).code == 1
    said = vault.run("backups", "replicate", id)
    assert said.code == 1
    assert "shop-tokyo" in said.err
    assert "shop-osaka" in said.err
    assert (vault.objects("shop-tokyo"), vault.objects("shop-osaka")) == before
    (row,) = vault.backups()
    assert (row["status"], row["regions"]) == ("failed", [])
    codes = [f["code"] for f in vault.run("check", "--store", "--json").json()]
    assert codes == ["backup-lost", "backup-lost"]


def test_verify_all_takes_back_what_an_earlier_version_had_condemned(vault):
    kept = vault.take("logs")
    id = vault.take()
    backup = vault.document(id)
    spoilt = [
        msgspec.structs.replace(copy, level=None, verified_at=None, damage=damage)
        for copy, damage in zip(backup.copies, ("bucket gone", ""), strict=True)
    ]
    vault.put(msgspec.structs.replace(backup, status="failed", copies=spoilt, reason="bucket gone"))
    assert vault.run("backups", "verify").code == 2
    said = vault.run("backups", "verify", "--all", "--json")
    assert said.code == 0, said.err
    (row,) = said.json()
    assert (row["id"], row["status"], row["regions"]) == (id, "verified", REGIONS)
    assert {r["id"]: r["status"] for r in vault.backups()} == {id: "verified", kept: "verified"}
    assert "nothing is left" in vault.run("backups", "verify", "--all").out


# --- keeping and removing ------------------------------------------------------------------------


def aged(vault: Vault, id: str, days: int) -> None:
    """Let a backup have been taken so many days earlier."""
    backup = vault.document(id)
    back = timedelta(days=days)
    backup.started_at -= back
    backup.slot -= back
    assert backup.snapshot_at
    assert backup.verified_at
    backup.snapshot_at -= back
    backup.verified_at -= back
    vault.put(backup)


@pytest.fixture
def two(vault):
    """An old backup that retention does not keep, and one that it does; ids, the old one first."""
    old = vault.take()
    vault.run("backups", "pin", old)
    aged(vault, old, 3)
    vault.next_second()
    new = vault.take()
    assert new != old
    vault.run("backups", "unpin", old)
    return old, new


def test_prune_shows_its_reasons_asks_and_removes(vault, two):
    old, new = two
    rows = vault.run("backups", "prune", "--dry-run", "--json").json()
    by_id = {row["id"]: row for row in rows}
    assert (by_id[old]["keep"], by_id[old]["now"], by_id[old]["reasons"]) == (
        False, True, ["no rule keeps it"],
    )  # fmt: skip
    assert by_id[new]["keep"] is True
    table = vault.run("backups", "prune", "--service", "shop", "--dry-run").out
    assert "1 kept; 1 may go" in table

    unasked = vault.run("backups", "prune")
    assert unasked.code == 2
    assert "say --yes" in unasked.err
    assert len(vault.backups()) == 2

    said = vault.run("backups", "prune", "--yes")
    assert (said.code, "1 removed." in said.out) == (0, True), said.err
    assert [row["id"] for row in vault.backups()] == [new]
    assert {r["id"]: r["status"] for r in vault.backups("--all")}[old] == "deleted"
    assert not [name for name in vault.objects("shop-tokyo") if old in name]
    late = vault.run("backups", "pin", old)
    assert late.code == 1
    assert "too late" in late.err


def test_a_pinned_backup_stays(vault, two):
    old, _ = two
    said = vault.run("backups", "pin", old, "--note", "before the upgrade", "--as", "hanako")
    assert said.code == 0
    assert vault.run("backups", "prune", "--yes").code == 0
    kept = vault.document(old)
    assert (kept.status, kept.pinned, kept.pinned_by, kept.note) == (
        "verified", True, "hanako", "before the upgrade",
    )  # fmt: skip
    assert {r["id"]: r["pinned"] for r in vault.backups()}[old] is True
    assert vault.run("backups", "unpin", old, "--json").json()["pinned"] is False
    assert vault.document(old).note == ""


# --- what was promised ---------------------------------------------------------------------------


def test_rpo_tells_what_is_missed_and_by_how_much(vault):
    before = vault.run("backups", "rpo", "--json")
    assert before.code == 3, "nothing was ever taken"
    vault.take("logs")
    old = vault.take()
    tested = vault.run("backups", "test", "shop")
    assert tested.code == 0, tested.err
    assert "Within the RTO of 10 min." in tested.out
    rows = vault.run("backups", "rpo", "--json")
    assert rows.code == 0
    states = {row["objective"]: row for row in rows.json()}
    media = states["media lost"]
    assert (media["kind"], media["rpo_status"], media["rto_status"]) == ("objective", "met", "met")
    assert media["backups"] == [old]
    assert 0 < media["measured_s"] < media["rto_s"] == 600
    assert states["logs lost"]["rto_s"] is None
    assert "Everything that was promised holds." in vault.run("backups", "rpo").out

    aged(vault, old, 3)
    missed = vault.run("backups", "rpo", "--service", "shop")
    assert missed.code == 3
    assert "missed" in missed.out
    assert "3 d" in missed.out
    assert "shop/media/daily: overdue" in missed.out
    late = [r for r in vault.run("backups", "rpo", "--json").json() if r["kind"] == "overdue"]
    assert ("media", "daily") in [(row["source"], row["class"]) for row in late]


def test_a_restore_test_is_told_in_the_backup_and_leaves_nothing_behind(vault):
    id = vault.take()
    told = vault.run("backups", "test", "shop", "media", "--json").json()
    assert (told["status"], told["backup"], told["purpose"]) == ("finished", id, "test")
    assert set(told["spans"]) == {"wait", "fetch", "load", "check"}
    assert vault.objects("shop-staging") == {}
    (result,) = vault.document(id).tests
    assert (result.passed, result.region) == (True, told["region"])
    assert "passed" in vault.run("backups", "show", id).out
    untested = vault.run("backups", "test", "shop", "logs")
    assert untested.code == 1
    assert (
        "logs: no such source with a target of its own (backup.restore_test.targets)"
        in untested.err
    )


def test_a_test_whose_question_is_answered_wrongly_fails(vault):
    vault.buckets("shop-media").delete("a.txt")
    vault.take()
    said = vault.run("backups", "test", "shop")
    assert said.code == 1
    assert "a.txt: 'missing', expected '> 0'" in said.err


def test_a_run_whose_series_waits_for_a_dead_one_says_so(vault):
    id = vault.take("logs")
    key = "shop.logs.daily"
    vault.put(SeriesState(id=key, service="shop", source="logs", class_="daily", running=id))
    backup = vault.document(id)
    backup.status = "running"
    vault.put(backup)
    said = vault.run("backups", "run", "shop", "logs")
    assert f"already: {id}" in said.err
    assert (said.code, "✓" in said.out) == (1, False)


def test_a_series_that_runs_what_is_over_holds_up_nothing(vault):
    id = vault.take("logs")
    key = "shop.logs.daily"
    vault.put(SeriesState(id=key, service="shop", source="logs", class_="daily", running=id))
    vault.next_second()
    assert vault.take("logs") != id


def test_the_trace_of_a_backup_shows_its_whole_chain(vault):
    id = vault.take("logs")
    said = vault.run("trace", id)
    assert said.code == 0, said.err
    for event in (
        "backup.due.v1",
        "backup.step-due.v1",
        "backup.replicated.v1",
        "backup.verified.v1",
    ):
        assert event in said.out
    assert "JST" in said.out or "Asia/Tokyo" in said.out


def test_nothing_yet_is_said_kindly(empty, tmp_path):
    assert "toban dev" in empty.run("backups", "list").err
    assert empty.run("apply").code == 0
    assert empty.run("backups", "list", "--json").json() == []
    assert "No backups yet" in empty.run("backups", "list").out
    nothing = empty.run("backups", "rpo")
    assert "No applied profile has backups" in nothing.out
    assert nothing.code == 1, "no promise is none that holds"
    said = empty.run("backups", "run", "shop", "media")
    assert said.code == 1
    assert "has no backups in its profile" in said.err
    assert not (tmp_path / "data" / "buckets" / "shop-tokyo").exists()


def test_a_source_of_another_environment_is_shown_as_such(vault):
    profile = vault.desk.services / "shop.yaml"
    changed = profile.read_text(encoding="utf-8")
    changed = changed.replace("default: true", "default: true\n  environments: {staging: {}}")
    changed = changed.replace("{type: logs,", "{type: logs, environment: staging,")
    profile.write_text(changed, encoding="utf-8")
    assert vault.run("apply").code == 0
    staged, production = vault.take("logs"), vault.take("media")

    found = {row["id"]: row["environment"] for row in vault.backups()}
    assert found == {staged: "staging", production: "production"}
    assert [row["id"] for row in vault.backups("--environment", "staging")] == [staged]
    assert "shop/logs/daily [staging]" in vault.run("backups", "list").out
    assert "Environment: staging" in vault.run("backups", "show", staged).out
    assert "Environment" not in vault.run("backups", "show", production).out
    assert {a["environment"] for a in vault.run("audit", "--json").json()} == {
        "staging",
        "production",
    }
    rebuilt = vault.run("backups", "rebuild-catalog", "--json")
    assert rebuilt.code == 0, rebuilt.err
    assert {row["id"]: row["environment"] for row in vault.backups()} == found


def test_a_bucket_that_is_not_there_is_no_backup_of_nothing(vault):
    """A misspelt name: the embedded runtime makes buckets to keep backups in, and none to read."""
    shutil.rmtree(vault.data / "buckets" / "shop-media")
    said = vault.run("backups", "run", "shop", "media", "daily")
    assert said.code == 1
    assert "there is no bucket shop-media" in said.out + said.err
    assert not (vault.data / "buckets" / "shop-media").exists()
    assert "verified" not in vault.run("backups", "list", "--all").out
