"""What becomes of a backup whose source fails, is not ready, or whose process dies while it begins."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.simulation.backup_world import SECTION, of_shop
from toban.adapters.local.files.buckets import MemoryBuckets
from toban.backups.documents import Backup
from toban.backups.work import start
from toban.backups.work.take import MAX_ATTEMPTS, POLL, TakeHandler
from toban.events.backups import BackupDue, BackupFailed
from toban.kernel.errors import TryLater
from toban.ports.backup import SourceFailed, SourceSnapshot
from toban.testing import NOON, TestPlatform


class Export:
    """A source with an export on the other side, that can be left and gone on with."""

    resumable, identity = True, "export"

    def __init__(self, *, ready_at: int = 1, retryable: bool = False) -> None:
        self.begun: list[SourceSnapshot | None] = []
        self.ended = 0
        self._ready_at, self._retryable = ready_at, retryable
        self.on_read: Any = lambda: None

    def begin(self, run: Any, before: SourceSnapshot | None, now: Any) -> SourceSnapshot:
        self.begun.append(before)
        return SourceSnapshot(
            at=before.at if before else now, ready=len(self.begun) >= self._ready_at
        )

    def read(self, run: Any, snapshot: SourceSnapshot, cursor: str) -> Iterator[Any]:
        self.on_read()
        raise SourceFailed("it is gone", retryable=self._retryable)

    def end(self, run: Any, snapshot: SourceSnapshot) -> None:
        self.ended += 1


class Crash(BaseException):
    """The process dies."""


class World(TestPlatform):
    """A backup of a source is begun and run."""

    def __init__(self, source: Export) -> None:
        resources: Any = SimpleNamespace(
            source=lambda _: source, bucket=MemoryBuckets(), keys=lambda _: None
        )
        shop = of_shop(msgspec.structs.replace(SECTION, key=""))
        tables = {
            "start_backup": start.HANDLERS,
            "run_backup_step": TakeHandler(resources).handlers(),
        }
        super().__init__(shop, handlers=tables)
        self.send(BackupDue(service="shop", source="files", class_="full"))

    @property
    def backup(self) -> Backup:
        (only,) = self.documents(Backup)
        return only


def test_a_source_that_fails_for_good_is_told_and_its_export_removed():
    source = Export()
    world = World(source)
    world.drain()
    assert (world.backup.status, source.ended) == ("failed", 1)
    assert world.backup.reason == "it is gone"
    assert [b.stage for b in world.history if isinstance(b, BackupFailed)] == ["take"]


def test_a_failure_that_may_pass_is_tried_again_and_the_export_stays():
    source = Export(retryable=True)
    world = World(source)
    with pytest.raises(TryLater, match="it is gone"):
        world.drain()
    assert (world.backup.status, source.ended) == ("running", 0)
    assert MAX_ATTEMPTS > 1


def test_what_is_not_ready_is_asked_again_and_goes_on_with_what_was_begun():
    source = Export(ready_at=3)
    world = World(source)
    world.drain()
    assert world.backup.status == "running"
    world.advance(2 * POLL)
    assert [before and before.at for before in source.begun] == [None, NOON, NOON]
    assert world.backup.status == "failed"


def test_a_process_that_dies_while_it_reads_has_noted_what_it_began():
    source = Export()

    def die() -> None:
        raise Crash

    source.on_read = die
    world = World(source)
    with pytest.raises(Crash):
        world.drain()
    (job,) = world.documents("backup_jobs")
    assert job["snapshot"]["at"] == NOON, "or another export would be begun"
