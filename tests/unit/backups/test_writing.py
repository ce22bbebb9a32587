"""Finishing a backup: what is counted, listed, swept, written last, and refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.unit.backups.test_rebuilding import backup, manifest
from toban.adapters.local.files.buckets import MemoryBucket
from toban.backups.catalogue.manifest import (
    DestinationEntry,
    ManifestKey,
    ObjectTotals,
    PartEntry,
    index_object,
    stream_digest,
)
from toban.backups.catalogue.rebuild import places
from toban.backups.catalogue.writing import (
    FLUSH,
    WriteProgress,
    flush,
    manifest_of,
    note,
    object_totals,
    problem,
    publish,
    sweep,
    weight,
)
from toban.backups.storage.parts import Part
from toban.ports.backup import Damaged, SourceSnapshot

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
OF = backup(
    7,
    prefix="shop/db/daily/shop.db.daily.007/",
    profile_version="v7",
    requested_by="aoki",
    needs=["base"],
    environment="staging",
)
ROOT = "shop/db/daily/shop.db.daily.007/"


def part(number: int, **more: Any) -> Part:
    fields = {
        "data": b"x" * number, "plain_bytes": 10 * number, "plain_sha256": "0" * 64,
        "sha256": f"{number:064}", "crc32c": number, "size": number, "cursor": f"c{number}",
        "items": number, "last": False,
    }  # fmt: skip
    return Part(number=number, **(fields | more))


def entry(number: int) -> PartEntry:
    return PartEntry.of(part(number), 1, None)


def silent() -> None:
    """No lease to renew."""


def test_a_stored_part_is_counted_once_and_leads_on():
    progress = WriteProgress(attempt=3)
    note(progress, part(1), None)
    note(progress, part(2, last=True), None)
    assert (progress.parts, progress.bytes, progress.plain_bytes, progress.items) == (2, 3, 30, 3)
    assert (progress.cursor, progress.last) == ("c2", True)
    assert [e.name for e in progress.entries] == ["parts/a3/000001", "parts/a3/000002"]


@pytest.mark.parametrize(("entries", "flushed"), [(FLUSH - 1, False), (FLUSH, True)])
def test_a_long_list_of_parts_becomes_an_object_of_its_own(entries, flushed):
    bucket, listed = MemoryBucket("b"), [entry(n) for n in range(1, entries + 1)]
    progress = WriteProgress(attempt=2, entries=list(listed))
    flush(progress, bucket, OF)
    assert FLUSH == 200
    if not flushed:
        assert (progress.entries, progress.index, list(bucket.list())) == (listed, [], [])
        return
    ref, data = index_object(OF.id, 2, 1, listed)
    assert (progress.entries, progress.index) == ([], [ref])
    assert bucket.read(ROOT + "index/a2/000001") == data
    progress.entries = list(listed)
    flush(progress, bucket, OF)
    assert [each.name for each in progress.index] == ["index/a2/000001", "index/a2/000002"]


def test_a_list_that_was_written_before_the_process_died_is_taken_where_it_says_the_same():
    bucket, listed = MemoryBucket("b"), [entry(n) for n in range(1, FLUSH + 1)]
    flush(WriteProgress(entries=list(listed)), bucket, OF)
    again = WriteProgress(entries=list(listed))
    flush(again, bucket, OF)
    assert len(again.index) == 1
    with pytest.raises(Damaged, match=r"index/a1/000001: is there already and says something else"):
        flush(WriteProgress(entries=[entry(n) for n in range(2, FLUSH + 2)]), bucket, OF)


def test_what_no_checkpoint_counts_is_swept_except_what_a_later_attempt_has():
    bucket = MemoryBucket("b")
    kept = ["parts/a2/000001", "parts/a2/000002", "index/a2/000001", "parts/a3/000001",
            "index/a3/000001", "objects/x", "manifest.json"]  # fmt: skip
    swept = ["parts/a1/000001", "parts/a2/000003", "parts/odd", "index/a1/000001",
             "index/a2/000002"]  # fmt: skip
    for name in (*kept, *swept):
        bucket.create(ROOT + name, b"x")
    ref, _ = index_object(OF.id, 2, 1, [entry(1)])
    beats: list[int] = []
    progress = WriteProgress(attempt=2, parts=2, index=[ref])
    sweep(bucket, OF, progress, lambda: beats.append(1))
    assert {info.name.removeprefix(ROOT) for info in bucket.list()} == set(kept)
    assert len(beats) == 10, "one for each object that is looked at"


def test_objects_besides_the_stream_are_counted():
    bucket = MemoryBucket("b")
    bucket.create(ROOT + "objects/a", b"12")
    bucket.create(ROOT + "objects/b/000001", b"345")
    bucket.create(ROOT + "parts/a1/000001", b"6789")
    beats: list[int] = []
    totals = object_totals(bucket, OF, lambda: beats.append(1))
    assert totals == ObjectTotals(objects=2, bytes=5)
    assert len(beats) == 2
    assert object_totals(MemoryBucket("none"), OF, silent) == ObjectTotals()


def test_a_manifest_says_everything_that_the_catalogue_knows():
    progress = WriteProgress(
        attempt=2, parts=1, bytes=5, plain_bytes=50, items=3, entries=[entry(1)], last=True
    )
    snapshot = SourceSnapshot(
        at=NOON, tools={"pg_dump": "16"}, server={"roles": ("app",)}, fingerprint="f"
    )
    plan: Any = SimpleNamespace(plan=SimpleNamespace(level="format", replica_level="content"))
    key = ManifestKey(key_id="k/1", wrapped=b"w")
    made = manifest_of(
        OF, plan, snapshot, progress, ObjectTotals(objects=2, bytes=7),
        identity="db@host", key=key, now=NOON + timedelta(minutes=1), read=lambda _: b"",
    )  # fmt: skip
    assert msgspec.structs.asdict(made) == msgspec.structs.asdict(
        manifest(
            7, slot=OF.slot, started_at=OF.started_at, environment="staging", identity="db@host",
            snapshot_at=NOON, finished_at=NOON + timedelta(minutes=1), profile_version="v7",
            requested_by="aoki", level="format", replica_level="content",
            tools={"pg_dump": "16"}, server={"roles": ["app"]}, fingerprint="f",
            cipher="aes-256-gcm", key=key, attempt=2, index=[], parts=[entry(1)],
            stream_digest=stream_digest([entry(1)]), total_parts=1, bytes_=12, plain_bytes=50,
            items=3, needs=["base"], object_totals=ObjectTotals(objects=2, bytes=7),
            destinations=[DestinationEntry(bucket=c.bucket, region=c.region) for c in OF.copies],
        )
    )  # fmt: skip


def test_what_a_manifest_need_not_say_it_does_not():
    plan: Any = SimpleNamespace(plan=SimpleNamespace(level="format", replica_level="content"))
    made = manifest_of(
        backup(7), plan, SourceSnapshot(at=NOON), WriteProgress(entries=[entry(1)]), ObjectTotals(),
        identity="", key=None, now=NOON, read=lambda _: b"",
    )  # fmt: skip
    assert (made.server, made.environment) == (msgspec.UNSET, msgspec.UNSET)
    assert (made.cipher, made.key) == ("none", None)


def test_a_manifest_that_is_there_counts_where_it_is_of_the_same_reading():
    bucket, ours = MemoryBucket("b"), manifest(7, stream_digest="aa", attempt=1)
    assert publish(bucket, ours, None) == ours
    later = msgspec.structs.replace(ours, finished_at=NOON)
    assert publish(bucket, later, None) == ours
    for other in ({"attempt": 2}, {"stream_digest": "bb"}):
        with pytest.raises(Damaged, match=r"manifest\.json: is there already, of another reading"):
            publish(bucket, msgspec.structs.replace(ours, **other), None)


@pytest.mark.parametrize(
    ("changes", "before", "said"),
    [
        ({"plain_bytes": 0}, 0, "the source gave no bytes at all"),
        ({"plain_bytes": 0, "requested_by": "aoki"}, 0, "the source gave no bytes at all"),
        ({"items": 0, "kind": "firestore"}, 0, "there was nothing in the source."),
        ({"items": 0, "kind": "firestore", "requested_by": "aoki"}, 0, ""),
        ({"items": 0, "kind": "gone"}, 0, ""),
        ({"plain_bytes": 50}, 0, ""),
        ({"plain_bytes": 50}, 100, ""),
        ({"plain_bytes": 49}, 100, "49 bytes, where the backup before had 100: it shrank by more"),
        ({"plain_bytes": 49, "needs": ["base"]}, 100, ""),
        ({"plain_bytes": 49, "requested_by": "aoki"}, 100, ""),
        ({"plain_bytes": 9, "object_totals": ObjectTotals(objects=1, bytes=41)}, 100, ""),
    ],
)
def test_a_stream_that_is_complete_and_cannot_be_right_is_refused(changes, before, said):
    made = manifest(7, **changes)
    found = problem(made, before, 50)
    assert found.startswith(said)
    assert bool(found) is bool(said)
    assert weight(made) == made.plain_bytes + made.object_totals.bytes


def test_backups_are_found_whatever_their_names_begin_with():
    bucket = MemoryBucket("b")
    for service in ("0day", "Alpha", "shop", "東京"):
        bucket.create(f"{service}/db/daily/{service}.1/manifest.json", b"x")
        bucket.create(f"{service}/db/daily/{service}.2/parts/a1/000001", b"x")
    assert [place.backup_id for place in places(bucket)] == [
        f"{service}.{n}" for service in ("0day", "Alpha", "shop", "東京") for n in (1, 2)
    ]
