"""
Keys that are rotated while everything goes on, with a reader of the bare buckets beside it. Play a seed
again with

    python -m tests.simulation keys SEED
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation import reader
from tests.simulation.backup_invariants import violations
from tests.simulation.backup_main import main
from tests.simulation.backup_story import BACKUPS, NEW_KEY, STEPS, resources_of
from tests.simulation.backup_world import KEY, rotate, small
from tests.simulation.catching import has_to_be_caught
from tests.simulation.copies_sim import at_the_end
from tests.simulation.crash_points import Run
from tests.simulation.invariants import everything
from tests.simulation.keys_mutants import MUTANTS
from tests.simulation.keys_sim import KeysSimulation, keys_at_the_end
from tests.simulation.mutants import Mutant
from toban.backups.catalogue.manifest import peek
from toban.backups.documents import Backup
from toban.backups.keys import look
from toban.backups.keys.look import KeyLook
from toban.backups.keys.rewrap import RewrapJob
from toban.backups.policy.alerts import BackupWatch
from toban.backups.storage import layout
from toban.backups.watching.survey import survey, under_way
from toban.events.backups import BackupFinished, BackupRewrapDue, BackupWatchDue
from toban.kernel.documents import Documents
from toban.kernel.event import Body, Event, to_message
from toban.ports import Query

OLD, NEW = (reader.key_id(base64.b64decode(key)) for key in (KEY, NEW_KEY))
PLACES = ("primary", "second")


@pytest.fixture(autouse=True)
def tiny() -> Iterator[None]:
    with small():
        yield


def broken(seed: int) -> list[str]:
    simulation = KeysSimulation(seed)
    simulation.run()
    return [*violations(simulation), *at_the_end(simulation), *keys_at_the_end(simulation)]


@pytest.mark.seeds(least=6, seconds=15, parts=3)
def test_what_is_kept_reads_whole_without_a_key_that_is_not_needed(seeds: Seeds) -> None:
    for seed in seeds:
        assert broken(seed) == [], f"python -m tests.simulation keys {seed}"


def test_the_command_plays_a_seed_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "0"]) == 0
    assert "every invariant holds" in capsys.readouterr().out


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_variant_is_caught(
    mutant: Mutant, record_property: Callable[[str, object], None]
) -> None:
    has_to_be_caught(mutant, broken, record_property)


# --- one after another -------------------------------------------------------------------------


class Safe:
    """A world with one backup in two regions; its key is rotated."""

    def __init__(self) -> None:
        self.run = Run(story=BACKUPS)
        self.world: Any = self.run.world
        self.asked = 0
        self.run.begin(STEPS[0])
        self.run._settle()
        rotate(self.world, NEW_KEY, KEY)

    def say(self, body: Body) -> None:
        """Something happens, and what follows from it."""
        self.asked += 1
        event = Event(
            id=f"say-{self.asked}", source="/test", time=self.world.clock.now(), body=body
        )
        self.world.out.publish([to_message(event)])
        self.run._settle()

    @property
    def backup(self) -> Backup:
        (found,) = everything(self.world, Backup)
        return found

    @property
    def manifest(self) -> str:
        return self.backup.prefix + layout.MANIFEST

    def rewrap(self) -> RewrapJob:
        self.say(BackupRewrapDue(**self.backup.named))
        return next(job for job in everything(self.world, RewrapJob) if job.stage == "rewrap")

    def under(self) -> dict[str, str]:
        """The key of the manifest in each region where there is one."""
        found = {}
        for place in PLACES:
            if self.world.buckets(place).stat(self.manifest) is not None:
                data = self.world.buckets(place).read(self.manifest)
                key = peek(data, name=self.manifest).key
                found[place] = key.key_id if key else ""
        return found

    def alerts(self) -> list[str]:
        (watch,) = everything(self.world, BackupWatch)
        return [name for name in watch.open if name.startswith("backup-key/")]


@pytest.fixture
def safe() -> Safe:
    return Safe()


def test_a_locked_copy_keeps_its_key_until_the_lock_ends(safe: Safe) -> None:
    safe.world.buckets("second").held.add(safe.manifest)
    job = safe.rewrap()
    assert (job.outcome, job.ended["primary"]) == ("failed", "")
    assert "second/" in job.reason
    assert safe.under() == {"primary": NEW, "second": OLD}
    assert safe.backup.key_id == OLD, "as long as something needs it"
    assert survey(PLACES, resources_of(safe.world)).needed_by(OLD) == [safe.backup.id]
    assert safe.backup.status == "verified"

    safe.world.buckets("second").held.clear()
    assert safe.rewrap().outcome == "done"
    assert safe.under() == {"primary": NEW, "second": NEW}
    assert safe.backup.key_id == NEW


def test_what_is_removed_meanwhile_does_not_come_back(safe: Safe) -> None:
    second = safe.world.buckets("second")
    upload = second.upload

    def late(name: str, *args: Any, **more: Any) -> Any:
        second.delete(name)
        return upload(name, *args, **more)

    with mock.patch.object(second, "upload", late):
        safe.rewrap()
    assert safe.under() == {"primary": NEW}


def test_replicating_keeps_a_manifest_under_another_key(safe: Safe) -> None:
    safe.world.buckets("primary").held.add(safe.manifest)
    safe.rewrap()
    assert safe.under() == {"primary": OLD, "second": NEW}
    safe.world.buckets("primary").held.clear()

    safe.say(BackupFinished(at=safe.world.clock.now(), bytes=0, **safe.backup.named))

    assert safe.under() == {"primary": OLD, "second": NEW}
    assert [copy.state for copy in safe.backup.copies] == ["verified", "verified"]


def test_a_copy_whose_key_is_gone_is_mended_from_the_other_region(safe: Safe) -> None:
    safe.world.buckets("second").held.add(safe.manifest)
    safe.rewrap()
    safe.world.buckets("second").held.clear()
    rotate(safe.world, NEW_KEY)
    safe.say(BackupWatchDue())
    assert safe.alerts() == [f"backup-key/{OLD}"]
    assert [copy.locked for copy in safe.backup.copies] == ["", OLD]
    assert safe.backup.status == "verified", "the other copy is as good as before"

    safe.say(BackupFinished(at=safe.world.clock.now(), bytes=0, **safe.backup.named))

    assert safe.under() == {"primary": NEW, "second": NEW}
    assert [copy.state for copy in safe.backup.copies] == ["verified", "verified"]
    assert safe.alerts() == []


def test_an_alert_names_key_and_backup_and_ends_when_the_key_is_back(safe: Safe) -> None:
    rotate(safe.world, NEW_KEY)
    safe.say(BackupWatchDue())
    (fired,) = [
        message
        for message in safe.world.out.published
        if message.topic == "alert-fired" and b"backup-key" in message.data
    ]
    said = json.loads(fired.data)
    assert OLD in said["title"]
    assert safe.backup.id in said["summary"]
    assert "toban backups rewrap" in said["summary"]
    assert safe.backup.status == "finished", "nobody can restore it now"

    rotate(safe.world, NEW_KEY, KEY)
    safe.say(BackupWatchDue())
    assert (safe.alerts(), safe.backup.status, safe.backup.reason) == ([], "verified", "")


def test_no_key_stands_in_a_document_or_an_event(safe: Safe) -> None:
    safe.rewrap()
    rotate(safe.world, KEY)
    safe.say(BackupWatchDue())
    stored = [
        str(found.data)
        for name in ("backups", "backup_jobs", "backup_key_looks", "backup_watches", "receipts")
        for found in safe.world.memory.query(Query(name))
    ] + [str(message.data) for message in safe.world.out.published]
    data_key = reader._open(
        {safe.manifest: safe.world.buckets("primary").read(safe.manifest)},
        safe.backup.prefix,
        {NEW: base64.b64decode(NEW_KEY)},
    ).data_key
    assert data_key is not None
    for secret in (KEY, NEW_KEY, base64.b64encode(data_key).decode(), str(data_key)):
        assert not any(secret in text for text in stored)


def test_many_backups_are_looked_at_in_turns_once_a_day(safe: Safe) -> None:
    for step in STEPS[2:5]:
        safe.run.begin(step)
        safe.run._settle()
    turns = []
    with (
        mock.patch.object(look, "MOST", 2),
        mock.patch.object(look.KeyWatchHandler, "_look") as seen,
    ):
        for _ in range(4):
            seen.reset_mock()
            safe.world.clock.advance(600)
            safe.say(BackupWatchDue())
            (at,) = everything(safe.world, KeyLook)
            turns.append((at.after, [call.args[0].id for call in seen.call_args_list]))
    ids = sorted(backup.id for backup in everything(safe.world, Backup))
    assert len(ids) == 4
    assert turns[0] == (ids[1], ids[:2])
    assert turns[1] == ("", ids), "one of each key first, then the rest of the round"
    assert turns[2] == turns[3] == ("", ids[:2]), "for the rest of the day one of each key"


def test_what_is_being_taken_or_copied_under_a_former_key_keeps_it() -> None:
    run = Run(story=BACKUPS)
    run.begin(STEPS[0])
    said: list[tuple[str, str]] = []
    while (taken := run.world.bus.take()) is not None:
        run.world.handle(taken.delivered)
        run.world.bus.acknowledge(taken)
        documents = Documents(run.world.memory, run.world.clock.now())
        assert not list(under_way(documents, [OLD])), "the present key needs no patience"
        now = [(doubt.what, doubt.reason) for doubt in under_way(documents, [NEW])]
        said += [each for each in now if each not in said]
    assert said == [("taking", OLD), ("replicating", OLD)]
    assert not list(under_way(documents, [NEW]))
