"""Keys of backups are rotated as the guide says, and nothing that is kept is lost by it."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import subprocess

import pytest

from tests.unit.cli.test_rebuild import lose_the_store
from tests.unit.cli.vaults import KEY, Vault
from toban.backups.catalogue.manifest import peek
from toban.local.world import ROOT

VARIABLE = "TOBAN_SECRET_BACKUP_KEY"
NEW = base64.b64encode(bytes(range(1, 33))).decode()
PLACES = ("shop-tokyo", "shop-osaka")


def id_of(key: str) -> str:
    return f"local:{hashlib.sha256(base64.b64decode(key)).hexdigest()[:16]}"


def under(vault: Vault) -> set[str]:
    """The keys that all manifests are under."""
    return {
        manifest.key.key_id
        for bucket in PLACES
        for name, data in vault.objects(bucket).items()
        if name.endswith("/manifest.json") and (manifest := peek(data, name=name)).key is not None
    }


def frames(vault: Vault) -> dict[str, bytes]:
    """Everything but manifests."""
    return {
        f"{bucket}/{name}": data
        for bucket in PLACES
        for name, data in vault.objects(bucket).items()
        if not name.endswith("/manifest.json")
    }


@pytest.fixture
def two(vault: Vault) -> list[str]:
    """Two backups under the former key; a new one stands before it."""
    return sorted([vault.take(), vault.take("logs")])


def rotate(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    monkeypatch.setenv(VARIABLE, " ".join(keys))


def commands(language: str) -> list[str]:
    """What the guide has to be typed."""
    guide = (ROOT / "docs" / f"operations{language}.md").read_text("utf-8")
    (block,) = (b for b in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL) if "rewrap" in b)
    return [line for line in block.splitlines() if not line.startswith("#")]


def test_keys_are_rotated_by_the_commands_of_the_guide(vault, two, monkeypatch):
    assert commands("") == commands(".ja")
    before, said, value = frames(vault), {}, KEY
    for line in commands(""):
        if line.startswith("export"):
            script = f'{line}; printf %s "${VARIABLE}"'
            value = subprocess.check_output(["bash", "-c", script], env={VARIABLE: value, "PATH": "/usr/bin:/bin"}, text=True)  # fmt: skip
            monkeypatch.setenv(VARIABLE, value)
            continue
        words = shlex.split(line.replace("SERVICE SOURCE", "shop media weekly"))[1:]
        ran = vault.run(*words)
        assert ran.code == 0, ran.err
        said.setdefault(line, ran)

    assert "Every backup is under the present key" in ran.out
    assert f"{id_of(KEY)}: not needed any more" in said["toban backups rewrap"].out
    assert len(value.split()) == 1
    assert under(vault) == {id_of(value)}
    assert {row["key"] for row in vault.backups()} == {id_of(value)}
    assert frames(vault).items() >= before.items()
    assert all(vault.run("backups", "verify", row["id"]).code == 0 for row in vault.backups())


def test_what_is_asked_twice_changes_nothing_the_second_time(vault, two, monkeypatch):
    rotate(monkeypatch, NEW, KEY)
    dry = vault.run("backups", "rewrap", "--dry-run", "--json")
    assert (dry.code, under(vault)) == (0, {id_of(KEY)})
    assert [(b["id"], b["outcome"]) for b in dry.json()["backups"]] == [(i, "due") for i in two]
    assert dry.json()["not_needed"] == []

    assert vault.run("backups", "rewrap").code == 0
    once = {bucket: vault.objects(bucket) for bucket in PLACES}
    again = vault.run("backups", "rewrap", "--json").json()

    assert {bucket: vault.objects(bucket) for bucket in PLACES} == once
    assert once["shop-tokyo"] == once["shop-osaka"], "the same manifest in every region"
    assert (again["backups"], again["not_needed"], again["open"]) == ([], [id_of(KEY)], [])
    assert again["keys"] == [{"id": id_of(NEW), "present": True, "needed_by": two}]


def test_a_dry_run_says_which_key_is_missing(vault, two, monkeypatch):
    rotate(monkeypatch, NEW)
    said = vault.run("backups", "rewrap", "--dry-run")
    assert said.code == 1
    assert f"{two[0]}: its key {id_of(KEY)} is not in the secret any more" in said.out
    assert [
        b["outcome"]
        for b in vault.run("backups", "rewrap", "--dry-run", "--json").json()["backups"]
    ] == ["failed"] * 2


def test_of_a_retired_service_the_profile_is_asked_for(vault, two):
    assert vault.run("services", "retire", "shop", "--yes").code == 0
    said = vault.run("restore", "shop", "media", "--to", "bucket=elsewhere", "--yes")
    assert "shop is retired, and its backups are kept: apply its file first" in said.err


def test_one_backup_alone_leaves_the_key_needed_by_the_other(vault, two, monkeypatch):
    rotate(monkeypatch, NEW, KEY)
    said = vault.run("backups", "rewrap", "--backup", two[0], "--json").json()
    needed = {key["id"]: key["needed_by"] for key in said["keys"]}
    assert needed == {id_of(NEW): [two[0]], id_of(KEY): [two[1]]}
    assert said["not_needed"] == []


def test_what_nobody_can_tell_keeps_every_key(vault, two, monkeypatch):
    rotate(monkeypatch, NEW, KEY)
    for bucket in PLACES:
        vault.damage_manifest(bucket, two[1])
    said = vault.run("backups", "rewrap", "--json")
    assert said.code == 1
    assert [o["what"] for o in said.json()["open"]] == ["manifest", "manifest"]
    assert said.json()["not_needed"] == []
    assert "Remove no key yet" in vault.run("backups", "rewrap").out


def test_damage_that_another_region_mends_keeps_no_key(vault, two, monkeypatch):
    rotate(monkeypatch, NEW, KEY)
    vault.damage_manifest("shop-tokyo", two[1])
    said = vault.run("backups", "rewrap", "--json").json()
    assert (said["open"], said["not_needed"]) == ([], [id_of(KEY)])
    assert {b["id"]: b["outcome"] for b in said["backups"]} == {two[0]: "done", two[1]: "failed"}

    assert vault.run("backups", "replicate", two[1]).code == 0
    rotate(monkeypatch, NEW)
    assert all(vault.run("backups", "verify", id).code == 0 for id in two)


def test_a_key_that_is_gone_is_told_and_mended_from_where_it_is_not_needed(vault, two, monkeypatch):
    former = vault.objects("shop-osaka")
    rotate(monkeypatch, NEW, KEY)
    assert vault.run("backups", "rewrap").code == 0
    vault.put_back("shop-osaka", former)
    rotate(monkeypatch, NEW)

    assert vault.run("send", "backup-watch-due").code == 0
    (told, _) = vault.run("check", "--store", "--json").json()
    assert (told["code"], told["id"]) == ("backup-locked", two[0])
    assert id_of(KEY) in told["what"]
    assert "verified 1/2" in vault.run("backups", "list").out

    said = vault.run("backups", "rewrap", "--json").json()
    assert [b["outcome"] for b in said["backups"]] == ["done", "done"]
    assert said["not_needed"] == [id_of(KEY)]
    assert vault.run("check", "--store").code == 0
    assert all(vault.run("backups", "verify", id).code == 0 for id in two)


def test_what_a_missing_key_was_the_reason_of_has_none_once_it_is_back(vault, two, monkeypatch):
    rotate(monkeypatch, NEW)
    assert vault.run("send", "backup-watch-due").code == 0
    assert all(id_of(KEY) in vault.document(id).reason for id in two)
    rotate(monkeypatch, NEW, KEY)
    assert vault.run("backups", "rewrap").code == 0
    assert [vault.document(id).reason for id in two] == ["", ""]


def test_a_key_that_cannot_be_used_from_here_keeps_every_key(vault, two, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    said = vault.run("backups", "rewrap", "--dry-run", "--json")
    assert said.code == 1
    assert [(o["what"], o["about"]) for o in said.json()["open"]] == [("key", "secret:BACKUP_KEY")]
    assert said.json()["not_needed"] == []


def test_the_catalogue_made_anew_knows_the_present_key(vault, two, monkeypatch):
    rotate(monkeypatch, NEW, KEY)
    assert vault.run("backups", "rewrap", "--backup", two[0]).code == 0
    lose_the_store(vault)
    assert vault.run("apply").code == 0
    assert vault.run("backups", "rebuild-catalog").code == 0
    assert {row["id"]: row["key"] for row in vault.backups()} == {
        two[0]: id_of(NEW),
        two[1]: id_of(KEY),
    }
    assert vault.run("backups", "rewrap", "--json").json()["not_needed"] == [id_of(KEY)]
    rotate(monkeypatch, NEW)
    assert all(vault.run("backups", "verify", id).code == 0 for id in two)


# --- from one key of a profile to another ------------------------------------------------------------


def move(vault: Vault, key: str, *former: str) -> None:
    """Another key in the profile, and which ones it had before."""
    profile = vault.desk.services / "shop.yaml"
    text = re.sub(r"  (key|former_keys): .*\n", "", profile.read_text("utf-8"))
    named = f'  key: "{key}"\n' + (f"  former_keys: [{', '.join(former)}]\n" if former else "")
    profile.write_text(text.replace("backup:\n", f"backup:\n{named}"), "utf-8")
    said = vault.run("apply")
    assert said.code == 0, said.err


def test_backups_are_moved_to_another_key_of_the_profile(vault, two, monkeypatch):
    before = frames(vault)
    monkeypatch.setenv("TOBAN_SECRET_BACKUP_KEY_2", NEW)
    move(vault, "secret:BACKUP_KEY_2", "secret:BACKUP_KEY")
    assert vault.run("backups", "verify", two[0]).code == 0, "readable before it is moved"

    dry = vault.run("backups", "rewrap", "--dry-run", "--json").json()
    assert [(b["id"], b["outcome"]) for b in dry["backups"]] == [(id, "due") for id in two]
    assert {k["id"]: (k["present"], k["needed_by"]) for k in dry["keys"]} == {
        id_of(NEW): (True, []),
        id_of(KEY): (False, two),
    }
    assert under(vault) == {id_of(KEY)}

    said = vault.run("backups", "rewrap")
    assert said.code == 0, said.err
    assert f"{id_of(KEY)}: not needed any more" in said.out
    assert under(vault) == {id_of(NEW)}
    assert frames(vault) == before, "only manifests were written"

    # The former key is gone for good: from the profile, and from this machine.
    move(vault, "secret:BACKUP_KEY_2")
    monkeypatch.delenv(VARIABLE)
    again = vault.run("backups", "rewrap", "--json")
    assert (again.code, again.json()["backups"], again.json()["open"]) == (0, [], [])
    assert all(vault.run("backups", "verify", id).code == 0 for id in two)
    restored = vault.run("restore", "shop", "media", "--to", "bucket=b", "--yes")
    assert restored.code == 0, restored.err
    assert vault.objects("b") == vault.objects("shop-media")
    out = vault.home / "logs.tar"
    assert vault.run("backups", "extract", two[0], str(out)).code == 0
    lose_the_store(vault)
    vault.run("apply")
    assert vault.run("backups", "rebuild-catalog").code == 0
    assert vault.run("backups", "verify", two[0]).code == 0


def test_what_is_taken_after_the_move_is_under_the_new_key_and_the_watch_opens_both(
    vault, two, monkeypatch
):
    monkeypatch.setenv("TOBAN_SECRET_BACKUP_KEY_2", NEW)
    move(vault, "secret:BACKUP_KEY_2", "secret:BACKUP_KEY")
    vault.next_second()
    third = vault.take("media", "weekly")
    assert vault.document(third).key_id == id_of(NEW)
    assert under(vault) == {id_of(KEY), id_of(NEW)}
    (part,) = (n for n in vault.objects("shop-osaka") if f"/{two[1]}/parts/" in n)
    vault.buckets("shop-osaka").delete(part)
    assert vault.run("backups", "replicate", two[1]).code == 0, "mended by the former key"
    assert part in vault.objects("shop-osaka")
    monkeypatch.delenv("TOBAN_SECRET_BACKUP_KEY_2")
    said = vault.run("backups", "rewrap", "--dry-run", "--json")
    assert (said.code, [o["about"] for o in said.json()["open"]]) == (1, ["secret:BACKUP_KEY_2"])
    assert said.json()["not_needed"] == []


def test_a_former_key_that_the_profile_does_not_name_is_still_known_to_older_backups(
    vault, two, monkeypatch
):
    monkeypatch.setenv("TOBAN_SECRET_BACKUP_KEY_2", NEW)
    move(vault, "secret:BACKUP_KEY_2")
    assert vault.run("backups", "verify", two[0]).code == 0, "by the version that it pins"
    assert vault.run("backups", "rewrap").code == 0
    assert under(vault) == {id_of(NEW)}
