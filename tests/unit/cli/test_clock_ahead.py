"""The clock was 300 days ahead for a minute; and requests that started nothing say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest

from tests.unit.cli.vaults import Vault
from toban.adapters.local.files.blobs import SystemClock
from toban.backups.documents import Backup, SeriesState
from toban.backups.jobs import BackupJob
from toban.cli.backups.work import run as backup_run
from toban.cli.kit import reader as backup_common
from toban.cli.kit import times
from toban.cli.kit.progress import ProgressView
from toban.events.backups import BackupFinished
from toban.kernel.event import Event

AHEAD = timedelta(days=300)


@contextmanager
def clock(reads: Callable[[], datetime]) -> Iterator[None]:
    """The machine's clock, for everything in this process."""
    with (
        mock.patch.object(SystemClock, "now", side_effect=reads),
        mock.patch.object(times, "now", side_effect=reads),
        mock.patch.object(backup_common, "now", side_effect=reads),
    ):
        yield


def ahead() -> datetime:
    return datetime.now(UTC) + AHEAD


@pytest.fixture
def future(vault: Vault) -> str:
    """The id of a backup that was taken, verified and restored for a test in that minute."""
    with clock(ahead):
        id = vault.take()
        assert vault.run("backups", "test", "shop").code == 0
    assert vault.document(id).is_ahead(datetime.now(UTC))
    return id


def test_a_backup_by_hand_is_taken_and_counts_though_one_lies_ahead(vault, future):
    before = {s["objective"]: s for s in vault.run("backups", "rpo", "--json").json()[:2]}
    assert before["media lost"]["rpo_status"] == "missed"
    assert before["media lost"]["age_s"] is None
    assert before["media lost"]["rto_status"] == "untested"

    real = vault.take()

    assert real < future
    after = {s["objective"]: s for s in vault.run("backups", "rpo", "--json").json()[:2]}
    assert after["media lost"]["rpo_status"] == "met"
    assert after["media lost"]["backups"] == [real]


def test_a_restore_offers_the_newest_that_is_not_dated_ahead(vault, future):
    nothing = vault.run("restore", "shop", "media", "--to", "staging", "--dry-run", "--json")
    assert nothing.code == 1
    real = vault.take()
    asked = ("restore", "shop", "media", "--to", "staging", "--dry-run", "--json")
    assert vault.run(*asked).json()["backup"] == real
    named = vault.run(*asked, "--backup", future).json()
    assert (named["backup"], named["lost_s"]) == (future, None), "it can be had by name"
    assert "nobody knows" in vault.run(*asked[:-1], "--backup", future).out


def test_the_next_restore_test_is_of_a_real_one_and_none_is_no_success(vault, future):
    nothing = vault.run("backups", "test", "shop")
    assert nothing.code == 1
    assert "nothing was started" in nothing.err
    real = vault.take()
    assert vault.run("backups", "test", "shop", "--json").json()["backup"] == real


def test_what_lies_ahead_is_listed_and_can_be_discarded(vault, future):
    found = vault.run("check", "--store", "--json")
    assert found.code == 1
    (row,) = found.json()
    assert (row["code"], row["severity"], row["id"]) == ("backup-ahead", "warning", future)
    assert f"toban backups discard {future}" in row["do"]
    table = vault.run("check", "--store")
    assert (table.code, future in table.out) == (1, True)
    assert "未来の日付" in vault.run("check", "--store", lang="ja").out

    assert vault.run("backups", "discard", future).code == 2, "nobody was asked"
    said = vault.run("backups", "discard", future, "--yes", "--as", "aoki")
    assert said.code == 0, said.err
    assert [row["id"] for row in vault.backups()] == []
    assert vault.document(future).status == "deleted"
    clean = vault.run("check", "--store")
    assert (clean.code, "Nothing found" in clean.out) == (0, True)


def test_a_real_backup_cannot_be_discarded(vault):
    id = vault.take()
    said = vault.run("backups", "discard", id, "--yes")
    assert said.code == 1
    assert "retention decides" in said.err
    assert vault.document(id).status == "verified"


def test_check_looks_at_files_or_at_the_store(vault, tmp_path):
    said = vault.run("check", "--store", str(tmp_path))
    assert said.code == 2
    assert vault.run("check").code == 0


def test_nothing_is_pruned_by_a_clock_that_leaps(vault):
    first = vault.take("logs")
    vault.next_second()
    second = vault.take("logs")
    with clock(ahead):
        said = vault.run("backups", "prune", "--yes")
    assert said.code == 1
    assert "nothing was removed: the clock leapt" in said.err
    assert {vault.document(id).status for id in (first, second)} == {"verified"}
    assert vault.run("backups", "prune", "--yes").code == 0
    assert {vault.document(id).status for id in (first, second)} == {"verified"}


# --- requests ------------------------------------------------------------------------------------


def test_a_request_whose_slot_was_taken_starts_nothing_and_says_so(vault):
    second = datetime.now(UTC).replace(microsecond=0)
    moments = (second + timedelta(microseconds=n) for n in range(10**6))
    with clock(lambda: next(moments)):
        first = vault.run("backups", "run", "shop", "media", "daily")
        again = vault.run("backups", "run", "shop", "media", "daily")
    assert first.code == 0, first.err
    assert "✓" in first.out
    assert (again.code, "✓" in again.out) == (1, False)
    assert "nothing was started" in again.err


def test_a_request_that_joins_another_says_so_and_claims_no_success_of_its_own(vault):
    id = vault.take("logs")
    done = vault.document(id)

    def ends(*_: object) -> ProgressView:
        vault.put(done)
        return ProgressView("reading")

    running = vault.document(id)
    running.status = "running"
    vault.put(running)
    vault.put(
        SeriesState(id="shop.logs.daily", service="shop", source="logs", class_="daily", running=id)
    )
    with mock.patch.object(backup_run, "how_far", side_effect=ends):
        said = vault.run("backups", "run", "shop", "logs")

    assert said.code == 0, said.err
    assert "One is being taken already" in said.err
    assert "started none of its own" in said.out
    assert "✓" not in said.out


def test_copying_again_is_judged_by_its_own_request_not_by_an_old_failure():
    event = Event(
        id="asked", source="/cli", time=datetime.now(UTC),
        body=BackupFinished(
            service="shop", source="logs", class_="daily", backup_id="b",
            at=datetime.now(UTC), bytes=1,
        ),
    )  # fmt: skip
    jobs = {
        "b.replicate": BackupJob(
            id="b.replicate", stage="replicate", backup_id="b", over=True,
            outcome="done", requests=["earlier", "asked"],
        ),
        "b.verify": BackupJob(
            id="b.verify", stage="verify", backup_id="b", over=True,
            outcome="failed", reason="the old failure", requests=["earlier"],
        ),
    }  # fmt: skip
    reader = mock.Mock(get=lambda _, name: jobs.get(name))
    assert backup_run._answering(reader, "b", event, "replicate") is None

    jobs["b.verify"].requests, jobs["b.verify"].outcome = ["earlier", "asked"], "done"
    assert backup_run._answering(reader, "b", event, "replicate") is jobs["b.verify"]

    jobs["b.replicate"].outcome, jobs["b.replicate"].failure = "failed", "no plan any more"
    assert backup_run._answering(reader, "b", event, "replicate") is jobs["b.replicate"]


def test_documents_of_an_older_version_name_no_request(vault):
    """They decode, and are taken for nobody's answer."""
    id = vault.take()
    for stage in ("replicate", "verify"):
        vault.put(BackupJob(id=f"{id}.{stage}", stage=stage, backup_id=id, over=True, step=3))
    said = vault.run("backups", "replicate", id, "--json")
    assert said.code == 0, said.err
    assert said.json()["outcome"] == "done"
    assert isinstance(vault.document(id), Backup)
