"""`toban restore`: the plan, the question, the restore, and watching it from wherever."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.cli.conftest import Said
from tests.unit.cli.vaults import MEDIA, Vault
from toban.cli.backups.restores import into
from toban.cli.backups.restores.restore import without_id
from toban.sources.postgres.target import generated_name


def test_a_backup_is_loaded_into_another_bucket_and_equals_the_source(vault):
    vault.take()
    said = vault.run("restore", "shop", "media", "--to", "bucket=shop-new", "--yes")
    assert said.code == 0, said.err
    assert vault.objects("shop-new") == MEDIA
    assert "Into: bucket shop-new, which is not the source" in said.out
    assert "Lost: what was written in the " in said.out
    assert "Takes: unknown: no restore test has passed yet; RTO 10 min" in said.out
    for span in ("waiting", "fetching", "loading", "checking"):
        assert f"{span}: " in said.out
    assert "Within the RTO of 10 min." in said.out


def test_staging_is_the_profiles_and_each_restore_has_a_place_of_its_own(vault):
    vault.take()
    told = vault.run("restore", "shop", "media", "--to", "staging", "--yes", "--json").json()
    assert told["status"] == "finished"
    assert vault.objects("shop-staging", f"{told['id']}/") == MEDIA
    assert told["seconds"] <= told["rto_s"] == 600


def test_files_are_unpacked_into_a_directory(vault):
    vault.take("logs")
    there = vault.home / "back"
    said = vault.run("restore", "shop", "logs", "--to", f"directory={there}", "--yes", lang="ja")
    assert said.code == 0, said.err
    assert "復元しました" in said.out
    (found,) = there.rglob("app.log")
    assert found.read_text("utf-8") == "03:00 all is well\n"


def test_a_dry_run_shows_the_plan_and_begins_nothing(vault):
    id = vault.take()
    vault.run("backups", "test", "shop")
    plan = vault.run("restore", "shop", "media", "--to", "bucket=b", "--dry-run", "--json").json()
    assert (plan["backup"], plan["is_source"], plan["region"]) == (id, False, "asia-northeast1")
    assert plan["target"] == "bucket b"
    assert plan["estimate_s"] > 0, "by the restore test"
    assert plan["lost_s"] >= 0
    text = vault.run("restore", "shop", "media", "--to", "bucket=b", "--dry-run").out
    assert "by the test of" in text
    assert vault.objects("b") == {}


def test_a_dry_run_names_no_database_that_the_next_one_would_not_make():
    made = generated_name(["restore-abc123"])
    assert made == "toban_restore_restore_abc123"
    assert without_id(f"postgres db:5432/{made}", "restore-abc123") == (
        "postgres db:5432/toban_restore_…"
    )


# --- which backup --------------------------------------------------------------------------------


@pytest.fixture
def days(vault):
    """Two backups by hand: one of three days ago, with other content, and one of now."""
    vault.buckets("shop-media").upload("a.txt", [b"three days ago"])
    old = vault.take(class_="weekly")
    backup = vault.document(old)
    assert backup.snapshot_at
    backup.snapshot_at -= timedelta(days=3)
    backup.started_at -= timedelta(days=3)
    vault.put(backup)
    vault.buckets("shop-media").upload("a.txt", [b"now"])
    return old, vault.take()


def test_the_newest_point_not_after_the_moment_is_taken(vault, days):
    old, new = days

    def planned(*more: str) -> str:
        said = vault.run(
            "restore", "shop", "media", "--to", "bucket=b", "--dry-run", "--json", *more
        )
        assert said.code == 0, said.err
        return str(said.json()["backup"])

    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    assert planned() == new
    assert planned("--at", yesterday) == old
    assert planned("--backup", old) == old
    too_old = vault.run("restore", "shop", "media", "--to", "bucket=b", "--at", "2020-01-01T00:00")
    assert too_old.code == 1
    assert "the oldest is " in too_old.err
    restored = vault.run("restore", "shop", "media", "--to", "bucket=b", "--at", yesterday, "--yes")
    assert restored.code == 0, restored.err
    assert vault.objects("b")["a.txt"] == b"three days ago"


def test_when_region_one_is_lost_the_next_proven_copy_is_taken_by_itself(vault):
    id = vault.take()
    for name in list(vault.objects("shop-tokyo")):
        vault.buckets("shop-tokyo").delete(name)
    said = vault.run("restore", "shop", "media", "--to", "bucket=b", "--yes")
    assert said.code == 0, said.err
    assert vault.objects("b") == MEDIA
    assert "the copy in asia-northeast1 (shop-tokyo) could not be read" in said.out
    assert "is missing" in said.out
    wrong = vault.run("restore", "shop", "media", "--to", "bucket=c", "--region", "asia-northeast9")
    assert wrong.code == 1
    assert "Did you mean asia-northeast2?" in wrong.err
    # It has found the first copy damaged; the second is planned with from now on.
    told = vault.run("restore", "shop", "media", "--to", "bucket=c", "--yes", "--json")
    assert told.code == 0, told.err
    assert (told.json()["backup"], told.json()["region"]) == (id, "asia-northeast2")
    assert told.json()["given_up"] == []
    assert vault.objects("c") == MEDIA


def test_a_copy_that_rots_in_the_middle_is_left_for_the_next_and_all_of_them_for_none(vault):
    id = vault.take()
    (part,) = (name for name in vault.objects("shop-tokyo") if "/parts/" in name)
    vault.buckets("shop-tokyo").upload(part, [b"rot"])
    told = vault.run("restore", "shop", "media", "--to", "bucket=b", "--yes", "--json").json()
    assert (told["status"], told["region"]) == ("finished", "asia-northeast2")
    assert [copy["bucket"] for copy in told["given_up"]] == ["shop-tokyo"]
    assert [copy.state for copy in vault.document(id).copies] == ["damaged", "verified"]
    vault.buckets("shop-osaka").upload(part, [b"rot"])
    lost = vault.run("restore", "shop", "media", "--to", "bucket=c", "--yes")
    assert lost.code == 1
    assert [copy.state for copy in vault.document(id).copies] == ["damaged", "damaged"]


def test_a_prefix_or_one_object_comes_back_alone(vault):
    vault.take()
    for only, there in (("pictures/*", {"pictures/b.jpg"}), ("a.txt,leer", {"a.txt", "leer"})):
        bucket = f"some-{len(there)}"
        said = vault.run(
            *(
                "restore",
                "shop",
                "media",
                "--to",
                f"bucket={bucket}",
                "--to",
                f"only={only}",
                "--yes",
            )
        )
        assert said.code == 0, said.err
        assert f"Of it only: {only}\n" in said.out
        assert f"Comes back: objects {len(there)}, bytes " in said.out
        assert f"Left out: objects {3 - len(there)}, bytes " in said.out
        assert set(vault.objects(bucket)) == there


def test_of_names_that_the_backup_does_not_hold_one_is_told(vault):
    """A typing error was "restored" with a check mark, and nothing was there."""
    vault.take()
    for only in ("picture/*", "pictures/*,a.tx"):
        said = vault.run(
            *("restore", "shop", "media", "--to", "bucket=none", "--to", "overwrite=true"),
            *("--to", f"only={only}", "--yes"),
        )
        assert said.code == 2
        assert f"the backup holds no {only.split(',')[-1]!r}" in said.err


def test_a_partial_restore_of_nothing_is_not_one_of_everything(vault):
    vault.take()
    vault.take("logs")
    for source, to, only in (
        ("media", "bucket=shop-part", ""),
        ("media", "bucket=shop-part", " , "),
        ("logs", f"directory={vault.home}/part", ","),
    ):
        said = vault.run(
            *("restore", "shop", source, "--to", to, "--to", f"only={only}", "--yes"),
        )
        assert (said.code, "`only` names nothing" in said.err) == (2, True), said.err
    assert not (vault.data / "buckets" / "shop-part").exists() or not vault.objects("shop-part")
    assert not (vault.home / "part").exists()


def test_a_dry_run_says_what_a_partial_restore_takes_and_what_it_leaves(vault, monkeypatch):
    vault.take()
    asked = ("restore", "shop", "media", "--to", "bucket=b", "--to", "only=pictures/*", "--dry-run")
    told = vault.run(*asked, "--json").json()
    sizes = {name: len(data) for name, data in MEDIA.items()}
    pictures = sizes["pictures/b.jpg"]
    assert told["comes"] == {"objects": 1, "bytes": pictures}
    assert told["left_out"] == {"objects": 2, "bytes": sum(sizes.values()) - pictures}
    whole = vault.run(*asked[:-3], "--dry-run", "--json").json()
    assert (whole["comes"], whole["left_out"]) == (None, None)
    monkeypatch.setattr(into, "MOST_READ", 10)
    said = vault.run(*asked)
    assert said.code == 0
    assert "what comes of it is known only while it is loaded" in said.err
    assert "Comes back" not in said.out


def test_whether_there_is_room_is_said_before(ready, monkeypatch):
    def planned(*asked: str, free: int = 10**9) -> Said:
        usage = shutil.disk_usage("/")._replace(free=free)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
        return ready.run("restore", "shop", *asked, "--dry-run")

    said = planned("media", "--to", "bucket=b")
    assert "are needed, 1.0 GB are free (bucket b)" in said.out
    said = planned("media", "--to", "bucket=b", free=10)
    assert (said.code, "it may not fit: about 512" in said.out) == (0, True), said.out
    out = str(ready.home / "out" / "of")
    said = planned("logs", "--to", f"directory={out}")
    assert f"are free ({ready.home})" in said.out
    said = planned("logs", "--to", f"directory={out}", free=1)
    assert (said.code, "1 B are free in" in said.err) == (2, True), said.err
    assert "are needed" not in planned("media", "--to", "bucket=b", "--to", "only=a.txt").out


def test_a_region_can_be_named(vault):
    vault.take()
    told = vault.run(
        *("restore", "shop", "media", "--to", "bucket=c", "--yes", "--json"),
        *("--region", "asia-northeast2"),
    ).json()
    assert told["region"] == "asia-northeast2"
    assert vault.objects("c") == MEDIA


# --- what is refused -----------------------------------------------------------------------------


def test_what_makes_no_sense_is_refused_before_anything_begins(ready):
    for arguments, told in (
        (["shop", "media"], "say where"),
        (["shop", "media", "--to", "bucket=shop-media"], "is the source itself"),
        (["shop", "media", "--to", "bucket=b", "--onto-source"], "is not the source"),
        (["shop", "media", "--to", "prefix=x"], "a bucket has to be named"),
        (["shop", "media", "--to", "shop-new"], "write KEY=VALUE"),
        (["shop", "media", "--to", "buckte=b"], "Did you mean bucket?"),
        (["shop", "logs", "--to", "bucket=b"], "There are: directory"),
        (["shop", "logs", "--to", "staging"], "no staging target for logs"),
        (["shop", "logs", "--onto-source"], "never overwritten"),
        (["shop", "media", "--to", "bucket=b"], "say --yes"),
        (["shop", "media", "--to", "bucket=b", "--at", "yesterday"], "is not a time"),
        (["shop"], "say what"),
    ):
        said = ready.run("restore", *arguments)
        assert (said.code, told in said.err) == (2, True), (arguments, said.err)
    for arguments, told in (
        (["shop", "medai", "--to", "staging"], "Did you mean media?"),
        (["shop", "media", "--to", "bucket=b", "--backup", "nothing"], "no such backup"),
        (["--follow", "restore-nothing"], "no such restore"),
    ):
        said = ready.run("restore", *arguments)
        assert (said.code, told in said.err) == (1, True), (arguments, said.err)
    assert ready.objects("b") == {}


@pytest.fixture
def ready(vault):
    """A backup of each source."""
    vault.take()
    vault.take("logs")
    return vault


def test_without_a_verified_backup_there_is_nothing_to_restore(vault):
    said = vault.run("restore", "shop", "media", "--to", "staging")
    assert said.code == 1
    assert "shop/media has no verified backup" in said.err


# --- a person at a terminal ----------------------------------------------------------------------


def command(vault: Vault, *arguments: str) -> list[str]:
    common = ["--data", str(vault.data), "--services", str(vault.desk.services), "--lang", "en"]
    return [sys.executable, "-m", "toban.cli", *arguments, *common]


def typed(vault: Vault, question: str, answer: str, *arguments: str) -> tuple[int, str]:
    """Run a command on a terminal and answer its question; exit code and what was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, command(vault, *arguments))
    shown, answered = b"", False
    with contextlib.suppress(OSError):  # Linux ends a terminal with EIO
        while chunk := os.read(terminal, 65_536):
            shown += chunk
            if not answered and question.encode() in shown:
                os.write(terminal, answer.encode() + b"\n")
                answered = True
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_overwriting_the_source_takes_its_name(vault):
    vault.take()
    vault.buckets("shop-media").upload("a.txt", [b"ruined"])
    overwrite = ("overwrite its data: ",)
    code, shown = typed(vault, *overwrite, "y", "restore", "shop", "media", "--onto-source")
    assert (code, "Nothing was done." in shown) == (1, True), shown
    assert vault.objects("shop-media")["a.txt"] == b"ruined"
    onto = ("restore", "shop", "media", "--onto-source")
    said = vault.run(*onto, "--yes")
    assert (said.code, "add --confirm shop (--yes is not enough)" in said.err) == (2, True)
    assert vault.run(*onto, "--yes", "--confirm", "shp").code == 1
    assert vault.objects("shop-media")["a.txt"] == b"ruined"
    code, shown = typed(vault, *overwrite, "shop", *onto)
    assert code == 0, shown
    assert "THE SOURCE ITSELF is overwritten" in shown
    assert vault.objects("shop-media") == MEDIA
    vault.buckets("shop-media").upload("a.txt", [b"ruined"])
    assert vault.run(*onto, "--confirm", "shop").code == 0
    assert vault.objects("shop-media") == MEDIA


# --- who does the work ---------------------------------------------------------------------------

ENDS_S = 60
"""A process that ends at once has ended by then on any machine."""


@contextlib.contextmanager
def somebody_delivers(vault: Vault) -> Iterator[None]:
    """The lock of a runtime that has stopped working, until the end of the block."""
    with (vault.data / "toban.db.dispatcher").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def begun(
    vault: Vault, *arguments: str, until: str = "waiting for it to begin"
) -> subprocess.Popen[str]:
    """A command in a process of its own that has come so far, and that Ctrl-C reaches."""
    process = subprocess.Popen(
        command(vault, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what runs in the background deaf to it, and so are children of that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    assert process.stderr is not None
    told = []
    while until not in (line := process.stderr.readline()):
        assert line, told
        told.append(line)
    return process


def test_interrupted_it_goes_on_and_can_be_followed(ready):
    with somebody_delivers(ready):
        process = begun(ready, "restore", "shop", "media", "--to", "bucket=b", "--yes")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=ENDS_S)
    assert process.returncode == 130
    assert "It goes on in `toban dev`" in err
    id = err.strip().rsplit(" ", 1)[1]
    assert ready.objects("b") == {}
    said = ready.run("restore", "--follow", id)
    assert said.code == 0, said.err
    assert ready.objects("b") == MEDIA
    assert ready.run("restore", "--follow", id, "--json").json()["status"] == "finished"


def test_when_the_runtime_ends_the_command_goes_on_by_itself(ready):
    with somebody_delivers(ready):
        process = begun(ready, "restore", "shop", "media", "--to", "bucket=b", "--yes")
        time.sleep(0.3)
        assert process.poll() is None
    out, err = process.communicate(timeout=ENDS_S)
    assert process.returncode == 0, err
    assert "restored into bucket b" in out
    assert ready.objects("b") == MEDIA


def test_interrupted_in_the_middle_of_its_own_work_it_ends_at_once_and_says_how_to_go_on(vault):
    with (vault.home / "logs" / "large.log").open("wb") as file:
        file.truncate(256 * 1024**3)  # sparse: it takes minutes to read and no room
    process = begun(vault, "backups", "run", "shop", "logs", until="reading and storing")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=ENDS_S)
    assert process.returncode == 130
    assert "`toban dev` goes on from where it was, and so does: toban backups run shop logs" in err
    (row,) = vault.backups()
    assert row["status"] == "running"
