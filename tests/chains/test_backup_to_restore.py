"""A backup from the moment it is due to the day it is needed, and what happens when it cannot be."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.alone import read_alone
from tests.chains.worlds import SECRETS, World
from toban.backups.documents import Backup
from toban.backups.policy.restores import Restore
from toban.backups.storage.layout import MANIFEST
from toban.events.backups import (
    BackupDue,
    BackupReplicated,
    PruneDue,
    RestoreRequested,
    RestoreTestDue,
)
from toban.kernel.document import decode
from toban.ports import Query
from toban.ports.backup import Bucket

FILES = {f"照片/{number}.jpg": bytes([number]) * (1000 + number) for number in range(7)}


KEY = base64.b64decode(SECRETS["BACKUP_KEY"])


class Safe:
    """The backups of this story's service."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.service = world.service

    def bucket(self, name: str) -> Bucket:
        assert self.world.platform.buckets is not None
        return self.world.platform.buckets(f"{self.service}-{name}")

    def fill(self) -> None:
        for name, data in FILES.items():
            self.bucket("data").create(name, data, "image/jpeg")

    def due(self, class_: str = "daily", by: str = "Aoki") -> None:
        self.world.publish(
            BackupDue(service=self.service, source="files", class_=class_, requested_by=by)
        )

    def backups(self) -> list[Backup]:
        query = Query(Backup.COLLECTION, (("service", "==", self.service),))
        found = [decode(Backup, s.data) for s in self.world.platform.store.query(query)]
        return sorted(found, key=lambda backup: backup.slot)

    def newest(self, status: str, number: int = 1) -> Backup:
        """Wait for backup `number` of this story to have come to something."""

        def look() -> Backup | None:
            found = self.backups()[number - 1 :]
            return found[-1] if found and found[-1].status == status else None

        return self.world.wait(look, f"a backup that is {status}: {self.backups()}")

    def restored(self, restore_id: str, status: str = "finished") -> Restore:
        def look() -> Restore | None:
            found = self.world.platform.store.get([Restore.key(restore_id)])[0]
            restore = decode(Restore, found.data) if found else None
            return restore if restore and restore.status != "running" else None

        restore = self.world.wait(look, "the end of the restore")
        assert restore.status == status, restore.reason
        return restore


@pytest.fixture
def safe(world: World) -> Safe:
    return Safe(world)


def contents(bucket: Bucket) -> dict[str, bytes]:
    return {info.name: bucket.read(info.name) for info in bucket.list()}


def test_a_backup_counts_once_every_region_was_read_back_and_one_region_restores_alone(safe: Safe):
    safe.fill()
    safe.due(by="")

    backup = safe.newest("verified")
    assert [(c.region, c.level) for c in backup.copies] == [
        ("asia-northeast1", "format"),
        ("asia-northeast2", "content"),
    ]
    assert backup.items == len(FILES)
    assert backup.key_id, "encrypted, as the profile asks"
    stored = b"".join(contents(safe.bucket("tokyo")).values())
    assert b"\x03" * 100 not in stored

    # The slot is its own key: the same message again is the same backup.
    safe.due(by="")
    safe.world.settle()
    assert len(safe.backups()) == 1

    # Tokyo burns down, and the data with it.
    for bucket in (safe.bucket("tokyo"), safe.bucket("data")):
        for info in list(bucket.list()):
            bucket.delete(info.name)
    safe.world.publish(
        RestoreRequested(
            restore_id=f"{safe.service}-1",
            service=safe.service,
            source="files",
            backup_id=backup.id,
            purpose="recovery",
            region="asia-northeast2",
            target={"bucket": f"{safe.service}-staging"},
            requested_by="Aoki",
        )
    )
    restore = safe.restored(f"{safe.service}-1")
    assert contents(safe.bucket("staging")) == FILES
    assert restore.counts["objects"] == len(FILES)
    assert set(restore.spans) >= {"wait", "fetch", "load", "check"}


def test_the_source_is_never_overwritten_unless_somebody_says_so(safe: Safe):
    safe.fill()
    safe.due()
    backup = safe.newest("verified")
    safe.bucket("data").delete(next(iter(FILES)))
    request = {
        "service": safe.service, "source": "files", "backup_id": backup.id, "purpose": "recovery",
        "target": {"bucket": f"{safe.service}-data"},
    }  # fmt: skip

    safe.world.publish(RestoreRequested(restore_id=f"{safe.service}-no", **request))
    refused = safe.restored(f"{safe.service}-no", "failed")
    assert "is the source itself: nothing was written" in refused.reason
    assert len(contents(safe.bucket("data"))) == len(FILES) - 1

    # What came since stays, and what was lost comes back.
    safe.bucket("data").create("since.txt", b"newer than the backup")
    safe.world.publish(
        RestoreRequested(restore_id=f"{safe.service}-yes", onto_source=True, **request)
    )
    safe.restored(f"{safe.service}-yes")
    assert contents(safe.bucket("data")) == FILES | {"since.txt": b"newer than the backup"}


def test_an_incremental_backup_holds_what_changed_and_restores_everything(
    safe: Safe, tmp_path: Path
):
    safe.fill()
    safe.due("daily")
    full = safe.newest("verified")
    safe.bucket("data").create("new.txt", b"since then")
    safe.world.pass_time(1)
    safe.due("hourly")
    hourly = safe.newest("verified", 2)
    assert hourly.needs == [full.id]
    assert hourly.bytes < full.bytes / 2
    alone = read_alone(safe.bucket("osaka"), hourly.prefix, tmp_path, KEY)
    found = {n.removeprefix("objects/"): d for n, d in alone.items() if n != "stream"}
    assert found == FILES | {"new.txt": b"since then"}, "also without toban"

    safe.world.publish(RestoreTestDue(service=safe.service))

    def tested() -> Backup | None:
        return next((b for b in safe.backups() if b.tests), None)

    proven = safe.world.wait(tested, "a restore test")
    result = proven.tests[0]
    assert result.passed, result.reason
    copy = next(c for c in proven.copies if c.region == result.region)
    assert copy.level == "restored"
    assert contents(safe.bucket("staging")) == {}, "staging is left as it was"


def test_a_source_that_is_suddenly_empty_wakes_somebody_until_it_is_backed_up_again(safe: Safe):
    safe.bucket("data")  # it is there
    safe.due(by="")
    failed = safe.newest("failed")
    assert "nothing in the source" in failed.reason

    incident = safe.world.incident(what="an incident about the backup")
    assert incident.labels["class"] == "daily"
    safe.world.wait(lambda: safe.world.paged("opened") == ["Aoki"], "a page")

    safe.fill()
    safe.world.pass_time(1)
    safe.due()
    safe.newest("verified", 2)
    safe.world.incident(lambda i: i.status == "resolved", "the end of the incident")


def test_damage_in_one_region_is_found_and_named(safe: Safe):
    safe.fill()
    safe.due()
    backup = safe.newest("verified")
    osaka = safe.bucket("osaka")
    part = f"{backup.prefix}parts/a1/000001"
    data = bytearray(osaka.read(part))
    data[len(data) // 2] ^= 1
    osaka.delete(part)
    osaka.create(part, bytes(data))

    safe.world.publish(
        BackupReplicated(
            service=safe.service,
            source="files",
            class_="daily",
            backup_id=backup.id,
            at=safe.world.now(),
        )
    )

    def found() -> Backup | None:
        return next((b for b in safe.backups() if b.degraded), None)

    degraded = safe.world.wait(found, "a backup of which a copy is damaged")
    assert part in degraded.reason
    assert [copy.state for copy in degraded.copies] == ["verified", "damaged"]
    assert degraded.status == "verified", "the other region's copy is as good as it was"
    safe.world.incident(what="an incident about the damage")


def test_what_retention_does_not_keep_goes_everywhere_and_the_newest_stays(safe: Safe):
    safe.fill()
    for number in range(1, 4):
        safe.due()
        safe.newest("verified", number)
        safe.world.pass_time(1.1)
    safe.world.publish(PruneDue(service=safe.service))

    def pruned() -> bool:
        # The policy keeps one a day; the oldest of all stays while slots are open.
        return [b.status for b in safe.backups()].count("deleted") == 1

    safe.world.wait(pruned, f"the middle one being gone: {safe.backups()}")
    kept = [b for b in safe.backups() if b.status == "verified"]
    for name in ("tokyo", "osaka"):
        manifests = [n for n in contents(safe.bucket(name)) if n.endswith(MANIFEST)]
        assert sorted(manifests) == sorted(b.prefix + MANIFEST for b in kept)
        folders = {
            n.split("/parts/")[0] + "/" for n in contents(safe.bucket(name)) if "/parts/" in n
        }
        assert folders == {b.prefix for b in kept}
