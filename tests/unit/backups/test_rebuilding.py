"""What follows from manifests and what from a catalogue: the pure parts of rebuilding and restoring."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from toban.adapters.local.files.buckets import MemoryBucket
from toban.adapters.local.memory.store import MemoryStore
from toban.backups.catalogue.manifest import DestinationEntry, Manifest
from toban.backups.catalogue.rebuild import (
    FoundManifest,
    advanced,
    entries,
    merged,
    places,
    series_of,
)
from toban.backups.documents import Backup, Copy, RestoreTestResult, SeriesState
from toban.backups.policy.pins import NotPinned, pin, unpin
from toban.backups.policy.recovery import estimate, lost, newest, onto, usable
from toban.kernel.document import encode
from toban.ports import Create, Update
from toban.ports.backup import ObjectInfo
from toban.sources.bucket.kind import BucketSourceSection
from toban.sources.logs.kind import LogsSourceSection
from toban.sources.postgres.kind import PostgresSourceSection

DAY = timedelta(days=1)
START = datetime(2026, 11, 1, 3, tzinfo=UTC)
LATER = START + 30 * DAY
TOKYO = Copy(bucket="tokyo", region="asia-northeast1", manifest=True)
OSAKA = Copy(bucket="osaka", region="asia-northeast2", manifest=True)


def read_back(copy: Copy) -> Copy:
    return msgspec.structs.replace(copy, level="content", verified_at=START)


def backup(day: int = 0, **more: object) -> Backup:
    at = START + day * DAY
    fields: dict[str, object] = {
        "id": f"shop.db.daily.{day:03}",
        "service": "shop",
        "source": "db",
        "class_": "daily",
        "kind": "postgres",
        "status": "verified",
        "slot": at,
        "started_at": at,
        "snapshot_at": at,
        "finished_at": at + timedelta(minutes=5),
        "copies": [read_back(TOKYO), read_back(OSAKA)],
        "plain_bytes": 1000,
    }
    return Backup(**(fields | more))  # type: ignore[arg-type]


def manifest(day: int = 0, **more: object) -> Manifest:
    at = START + day * DAY
    fields: dict[str, object] = {
        "backup_id": f"shop.db.daily.{day:03}",
        "service": "shop",
        "source": "db",
        "class_": "daily",
        "kind": "postgres",
        "slot": at,
        "started_at": at,
        "snapshot_at": at,
        "finished_at": at,
        "destinations": [
            DestinationEntry(bucket="tokyo", region="asia-northeast1"),
            DestinationEntry(bucket="osaka", region="asia-northeast2"),
        ],
        "cipher": "none",
        "stream_digest": "",
        "total_parts": 1,
        "bytes_": 10,
        "plain_bytes": 20,
        "items": 1,
    }
    return Manifest(**(fields | more))  # type: ignore[arg-type]


# --- finding manifests ---------------------------------------------------------------------------


class Counting(MemoryBucket):
    """Counts the objects that a listing has to go through."""

    listed = 0

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        for info in super().list(prefix, after):
            self.listed += 1
            yield info


def test_a_backup_with_many_parts_is_found_without_listing_them():
    bucket = Counting("b")
    for day in range(3):
        for number in range(1, 101):
            bucket.create(f"shop/db/daily/shop.db.daily.{day}/parts/a1/{number:06}", b"x")
    bucket.create("shop/readme.txt", b"not ours")
    bucket.create("zoo/db/daily/zoo.db.daily.1/manifest.json", b"x")
    assert [p.backup_id for p in places(bucket)] == [
        "shop.db.daily.0", "shop.db.daily.1", "shop.db.daily.2", "zoo.db.daily.1",
    ]  # fmt: skip
    assert bucket.listed <= 6
    assert [p.backup_id for p in places(bucket, "zoo")] == ["zoo.db.daily.1"]
    assert list(places(bucket, "sho")) == [], "a service, not a beginning"


# --- entries -------------------------------------------------------------------------------------


def test_copies_stand_in_the_order_of_the_destinations_whichever_bucket_was_read_first():
    (entry,) = entries([FoundManifest("osaka", manifest()), FoundManifest("tokyo", manifest())], {})
    assert [(c.bucket, c.region, c.manifest, c.level) for c in entry.copies] == [
        ("tokyo", "asia-northeast1", True, None),
        ("osaka", "asia-northeast2", True, None),
    ]
    assert entry.status == "finished"
    (alone,) = entries([FoundManifest("osaka", manifest())], {})
    assert [c.bucket for c in alone.copies] == ["osaka"], "it takes the place of the original"


def test_of_two_manifests_that_differ_the_original_is_believed():
    other = manifest(bytes_=99)
    (entry,) = entries([FoundManifest("osaka", other), FoundManifest("tokyo", manifest())], {})
    assert entry.bytes == 10
    assert [c.bucket for c in entry.copies] == ["tokyo"]


def test_an_entry_that_is_there_keeps_what_it_knows():
    found = entries([FoundManifest("tokyo", manifest()), FoundManifest("osaka", manifest())], {})[0]
    order = manifest().destinations
    assert merged(None, found, order) == (found, "created")

    whole = backup(pinned=True)
    assert merged(whole, found, order) == (whole, "known")

    half = backup(pinned=True, copies=[read_back(OSAKA)])
    entry, what = merged(half, found, order)
    assert what == "extended"
    assert entry.pinned
    assert [(c.bucket, c.level) for c in entry.copies] == [("tokyo", None), ("osaka", "content")]

    for status in ("deleting", "deleted"):
        gone = backup(status=status, copies=[])
        assert merged(gone, found, order) == (gone, "removed")
    going = backup(status="running", copies=[msgspec.structs.replace(TOKYO, manifest=False)])
    assert merged(going, found, order) == (going, "known"), "who takes it writes the rest"


def test_one_that_was_given_up_after_its_manifest_was_written_did_end():
    found = entries([FoundManifest("tokyo", manifest())], {})[0]
    given_up = backup(
        status="partial", finished_at=None, copies=[], pinned=True, reason="abandoned"
    )
    entry, what = merged(given_up, found)
    assert what == "extended"
    assert (entry.status, entry.pinned, entry.reason) == ("finished", True, "")
    assert entry.finished_at


# --- series --------------------------------------------------------------------------------------


def test_a_series_goes_on_after_its_newest_slot():
    states = series_of([backup(2, fingerprint="c"), backup(0), backup(1)], {"shop.db.daily.002": 7})
    (state,) = states.values()
    assert (state.id, state.newest_slot, state.finished) == (
        "shop.db.daily", START + 2 * DAY, "shop.db.daily.002",
    )  # fmt: skip
    assert (state.finished_bytes, state.fingerprint) == (7, "c")


def test_what_a_series_has_seen_is_never_taken_back():
    found = series_of([backup(2)], {})["shop.db.daily"]
    knows = SeriesState(
        id="shop.db.daily", service="shop", source="db", class_="daily",
        running="x", newest_slot=START + 5 * DAY, finished="shop.db.daily.005",
    )  # fmt: skip
    assert advanced(knows, found, LATER) == knows
    behind = msgspec.structs.replace(knows, newest_slot=START, finished="shop.db.daily.000")
    state = advanced(behind, found, LATER)
    assert (state.newest_slot, state.finished, state.running) == (
        START + 2 * DAY, "shop.db.daily.002", "x",
    )  # fmt: skip
    begun = msgspec.structs.replace(knows, finished="")
    assert advanced(begun, found, LATER).finished == "shop.db.daily.002"
    assert advanced(begun, found, LATER).newest_slot == START + 5 * DAY


# --- choosing what to restore --------------------------------------------------------------------


def test_the_newest_point_before_a_moment_counts_by_the_copy_that_is_read():
    three = [backup(day) for day in range(3)]
    assert newest(three, None, now=LATER) == three[2]
    assert newest(three, START + DAY + timedelta(hours=1), now=LATER) == three[1]
    assert newest(three, START + DAY, now=LATER) == three[1], (
        "what was committed before it is contained"
    )
    assert newest(three, START - DAY, now=LATER) is None
    unread = backup(9, status="finished", copies=[TOKYO])
    assert newest([*three, unread], None, now=LATER) == three[2]
    damaged = msgspec.structs.replace(TOKYO, damage="gone", level=None)
    half = backup(9, status="failed", copies=[damaged, read_back(OSAKA)])
    assert newest([*three, half], None, now=LATER) == half
    assert newest([*three, half], None, "asia-northeast1", now=LATER) == three[2]
    lost_copy = usable(half)
    assert lost_copy is not None
    assert lost_copy.bucket == "osaka"
    assert lost(three[1], START + 3 * DAY) == 2 * DAY


def test_an_estimate_is_of_the_newest_test_that_passed_and_grows_with_the_data():
    def result(day: int, seconds: float, **more: object) -> RestoreTestResult:
        fields = {
            "restore_id": "t", "region": "asia-northeast1", "at": START + day * DAY,
            "passed": True, "seconds": seconds,
        } | more  # fmt: skip
        return RestoreTestResult(**fields)  # type: ignore[arg-type]

    tested = backup(0, tests=[result(1, 30.0), result(2, 99.0, passed=False)])
    twice = backup(3, plain_bytes=2000)
    smaller = backup(4, plain_bytes=10)
    assert estimate([twice], twice, "asia-northeast1", now=LATER) is None
    known = estimate([tested, twice], twice, "asia-northeast1", now=LATER)
    assert known is not None
    assert (known.seconds, known.tested_at) == (60.0, START + DAY)
    small = estimate([tested, smaller], smaller, "asia-northeast1", now=LATER)
    assert small is not None
    assert small.seconds == 30.0
    there = backup(1, tests=[result(0, 80.0, region="asia-northeast2")])
    far = estimate([tested, there, smaller], smaller, "asia-northeast2", now=LATER)
    assert far is not None
    assert far.seconds == 80.0


def test_the_source_as_a_target_is_its_address_and_what_a_person_adds():
    assert onto(BucketSourceSection(bucket="media", prefix="a/", copy=True), {}) == {
        "bucket": "media"
    }
    assert onto(PostgresSourceSection(url_secret="DB"), {"database": "shop", "clean": "true"}) == {
        "url_secret": "DB", "database": "shop", "clean": "true",
    }  # fmt: skip
    with pytest.raises(ValueError, match="logs"):
        onto(LogsSourceSection(paths=("/var/log",)), {})


# --- pins ----------------------------------------------------------------------------------------


def test_a_pin_loses_nothing_that_happens_at_the_same_moment():
    class Busy(MemoryStore):
        """Somebody else writes between the first read and its commit."""

        meddled = False

        def commit(self, writes):  # type: ignore[no-untyped-def]
            if not self.meddled:
                self.meddled = True
                (found,) = self.get([Backup.key("shop.db.daily.000")])
                assert found is not None
                other = backup(restores=["r-1"])
                super().commit([Update(found.key, encode(other), found.version)])
            return super().commit(writes)

    store = Busy()
    store.meddled = True
    store.commit([Create(Backup.key("shop.db.daily.000"), encode(backup()))])
    store.meddled = False
    pinned = pin(store, "shop.db.daily.000", "hanako", "audit")
    assert (pinned.pinned, pinned.note, pinned.restores) == (True, "audit", ["r-1"])
    assert unpin(store, "shop.db.daily.000").pinned_by == ""


@pytest.mark.parametrize("status", ["deleting", "deleted"])
def test_what_is_being_removed_cannot_be_pinned(status):
    store = MemoryStore()
    store.commit([Create(Backup.key("shop.db.daily.000"), encode(backup(status=status)))])
    with pytest.raises(NotPinned):
        pin(store, "shop.db.daily.000", "hanako")
    with pytest.raises(NotPinned):
        pin(store, "shop.db.daily.999", "hanako")
