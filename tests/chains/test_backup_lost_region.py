"""
A region is lost, comes back empty, then rots: at each point the catalogue says what can be restored.

The witness is a reader that knows no catalogue and none of our code (`tests.simulation.reader`).
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from tests.chains.test_backup_to_restore import FILES, Safe
from tests.chains.worlds import SECRETS, World
from tests.simulation import reader
from toban.adapters.google.storage.buckets import GcsBucket
from toban.adapters.local.files.bucket import FileBucket
from toban.backups.documents import Backup
from toban.backups.jobs import BackupJob, job_id
from toban.backups.policy.alerts import BackupWatch
from toban.cli.backups.views import backup_view
from toban.events.backups import BackupFinished, BackupReplicated, PruneDue
from toban.kernel.document import decode
from toban.ports import Unavailable
from toban.ports.backup import Bucket

KEY = base64.b64decode(SECRETS["BACKUP_KEY"])
TOKYO, OSAKA = "asia-northeast1", "asia-northeast2"


@pytest.fixture
def safe(world: World) -> Safe:
    return Safe(world)


def lose(bucket: Bucket) -> None:
    """The bucket itself is gone, with all that it held."""
    inner: Any = bucket
    for info in list(bucket.list()):
        bucket.delete(info.name)
    if isinstance(bucket, FileBucket):
        shutil.rmtree(inner._root)
    elif isinstance(bucket, GcsBucket):
        inner._bucket().delete()


def bring_back(bucket: Bucket) -> None:
    """There is a bucket of that name again, an empty one."""
    inner: Any = bucket
    if isinstance(bucket, FileBucket):
        inner._root.mkdir()
    elif isinstance(bucket, GcsBucket):
        inner._client().create_bucket(bucket.name)


def rot(bucket: Bucket) -> None:
    """One byte of one part of every backup."""
    for info in list(bucket.list()):
        if info.name.endswith("/parts/a1/000001"):
            data = bytearray(bucket.read(info.name))
            data[len(data) // 2] ^= 1
            bucket.upload(info.name, [bytes(data)])


def objects(bucket: Bucket) -> dict[str, bytes]:
    with contextlib.suppress(Unavailable):  # there is no such bucket
        return {info.name: bucket.read(info.name) for info in bucket.list()}
    return {}


def readable(safe: Safe) -> set[tuple[str, str]]:
    """Backup and region of whatever the stand-alone reader can restore."""
    found = set()
    for region, name in ((TOKYO, "tokyo"), (OSAKA, "osaka")):
        bucket = objects(safe.bucket(name))
        for prefix in reader.prefixes(bucket):
            with contextlib.suppress(reader.Unreadable):
                restored = reader.content(bucket, prefix, KEY)
                assert restored.items() >= FILES.items()
                found.add((prefix.split("/")[3], region))
    return found


def said(safe: Safe) -> set[tuple[str, str]]:
    """Backup and region of what `toban backups list` calls verified."""
    rows = [backup_view(backup) for backup in safe.backups()]
    verified = [row for row in rows if row["status"] == "verified"]
    assert all(
        row["regions"] == [c["region"] for c in row["copies"] if c["state"] == "verified"]
        for row in verified
    )
    return {(row["id"], region) for row in verified for region in row["regions"]}


def alerts(safe: Safe) -> set[str]:
    found = safe.world.platform.store.get([BackupWatch.key(safe.service)])[0]
    return set(decode(BackupWatch, found.data).open) if found else set()


def in_order(safe: Safe) -> Iterator[Backup]:
    """Those that are there; what others build on comes first."""
    return iter(sorted(safe.backups(), key=lambda b: (len(b.needs), b.id)))


def ask(safe: Safe, event: type[BackupReplicated | BackupFinished]) -> None:
    """Every backup is read again (or copied again, and read), those that build on others last."""
    judged = [b for b in in_order(safe) if b.status in ("verified", "failed", "finished")]
    for _, together in itertools.groupby(judged, lambda b: len(b.needs)):
        asked: dict[str, datetime] = {}
        for backup in together:
            asked[backup.id] = safe.world.now()
            more: dict[str, Any] = {} if event is BackupReplicated else {"bytes": backup.bytes}
            safe.world.publish(event(at=asked[backup.id], **backup.named, **more))
        safe.world.wait(partial(all_read, safe, asked), "their being read")
        safe.world.pass_time(0.1)


def all_read(safe: Safe, asked: Mapping[str, datetime]) -> bool:
    return all(read_since(safe, id, at) for id, at in asked.items())


def read_since(safe: Safe, id: str, at: datetime) -> bool:
    found = safe.world.platform.store.get([BackupJob.key(job_id(id, "verify"))])[0]
    job = decode(BackupJob, found.data) if found else None
    return job is not None and job.over and job.touched_at is not None and job.touched_at >= at


def taken(safe: Safe, number: int) -> None:
    safe.bucket("data").create(f"{number}.txt", bytes([number]) * 500)
    safe.due("daily" if number == 1 else "hourly")
    safe.newest("verified", number)
    safe.world.pass_time(1.1)


def test_what_the_catalogue_calls_verified_is_what_anybody_can_restore(safe: Safe) -> None:
    safe.fill()
    for number in range(1, 6):
        taken(safe, number)
    five = {backup.id for backup in safe.backups()}
    everywhere = {(id, region) for id in five for region in (TOKYO, OSAKA)}
    in_osaka = {(id, OSAKA) for id in five}
    assert said(safe) == readable(safe) == everywhere

    lose(safe.bucket("tokyo"))
    ask(safe, BackupReplicated)
    assert said(safe) == readable(safe) == in_osaka
    safe.world.wait(
        lambda: (
            {f"backup-copy/files/{c}/{safe.service}-tokyo" for c in ("daily", "hourly")}
            <= alerts(safe)
        ),
        "alerts about the region",
    )

    bring_back(safe.bucket("tokyo"))
    ask(safe, BackupReplicated)
    assert said(safe) == readable(safe) == in_osaka

    # The next success removes nothing that is proven, and closes no alert about what is not.
    taken(safe, 6)
    safe.world.publish(PruneDue(service=safe.service))
    safe.world.settle()
    safe.world.pass_time(1)
    assert in_osaka < said(safe) == readable(safe)
    assert {name for name in alerts(safe) if name.startswith("backup-copy/")}

    # The region that is left makes the other one whole again.
    ask(safe, BackupFinished)
    assert everywhere < said(safe) == readable(safe)
    safe.world.wait(lambda: not alerts(safe), "the end of the alerts")

    rot(safe.bucket("tokyo"))
    ask(safe, BackupReplicated)
    assert in_osaka < said(safe) == readable(safe)
    assert not {region for _, region in said(safe)} - {OSAKA}

    # A rotten copy mends nothing, whichever side it is on.
    whole = objects(safe.bucket("osaka"))
    ask(safe, BackupFinished)
    assert everywhere < said(safe) == readable(safe)
    assert objects(safe.bucket("osaka")) == objects(safe.bucket("tokyo")) == whole
