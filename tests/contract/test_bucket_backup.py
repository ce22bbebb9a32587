"""Buckets are backed up, lost, and come back byte for byte: on every kind of bucket."""

from __future__ import annotations

import pytest

from tests.buckets import KINDS, place
from tests.safes import Died, Safe
from toban.adapters.local.files.buckets import MemoryBucket
from toban.ports.backup import ContentQuestion, Damaged, SourceFailed, TargetFailed
from toban.sources import inventory
from toban.sources.bucket import adapter as kind
from toban.sources.bucket.adapter import BucketSource
from toban.sources.bucket.restore import MARK, BucketTarget

FORM = kind.InventoryFormat()
CONTENT = {
    "a.txt": b"first",
    "empty": b"",
    "photos/2026/山 と 海.jpg": bytes(range(256)) * 40,
    "photos/2026/é.jpg": b"e",
    "photos/a b+c%20&?.jpg": b"odd",
    "photos/zero.bin": bytes(3 * 1024 * 1024),
    "😀": b"smile",
}


@pytest.fixture(params=KINDS)
def here(request, tmp_path):
    return place(request.param, tmp_path)


@pytest.fixture
def origin(here):
    bucket = here.bucket("origin")
    for number, (name, data) in enumerate(CONTENT.items()):
        bucket.upload(name, [data], "image/jpeg", {"number": str(number), "title": "title"})
    page = {"Cache-Control": "max-age=60", "Content-Language": "ja"}
    bucket.upload("index.html", [b"<p>"], "text/html", headers=page)
    return bucket


@pytest.fixture
def safe(here):
    return Safe(here.bucket("backups"))


def state(bucket, prefix=""):
    """Everything that has to come back."""
    return {
        info.name.removeprefix(prefix): (
            bucket.read(info.name),
            info.content_type,
            dict(info.metadata),
            dict(info.headers),
        )
        for info in bucket.list(prefix)
    }


def unmarked(found, test):
    """The same without the marks of a restore test, which every object has to bear."""
    assert all(one[2].pop(MARK) == test for one in found.values())
    return found


def destroy(bucket):
    for info in list(bucket.list()):
        bucket.delete(info.name)
    assert list(bucket.list()) == []


def records(safe, id):
    return {record.name: record for record in inventory.records(safe.stream(id))}


# --- round trips -------------------------------------------------------------------------------


@pytest.mark.parametrize("copy", [False, True], ids=["sealed", "copied"])
def test_a_lost_bucket_comes_back_byte_for_byte(here, origin, safe, copy):
    before = state(origin)
    safe.take(BucketSource(origin, copy=copy), "b1")
    size = sum(len(content[0]) for content in before.values())
    assert safe.check(FORM, "b1") == {"objects": len(before), "bytes": size}

    destroy(origin)
    target = BucketTarget(origin)
    assert safe.restore("b1", target) == len(before)

    assert state(origin) == before
    assert target.counts() == safe.check(FORM, "b1")


def test_content_is_encrypted_unless_it_is_copied(origin, safe):
    origin.upload("secret", [b"the plain secret " * 100])
    safe.take(BucketSource(origin), "sealed")
    stored = [safe.bucket.read(info.name) for info in safe.bucket.list("safe/sealed/")]

    assert stored
    assert not any(b"plain secret" in data for data in stored)


@pytest.mark.parametrize("copy", [False, True], ids=["sealed", "copied"])
def test_an_incremental_backup_holds_only_what_changed(origin, safe, copy):
    source = BucketSource(origin, copy=copy)
    safe.take(source, "b1")
    origin.upload("a.txt", [b"changed"], "text/plain")
    origin.upload("new/file", [b"new"])
    origin.delete("empty")
    safe.take(source, "b2", base="b1")
    second = state(origin)
    origin.upload("zz", [b"third"])
    origin.delete("a.txt")
    safe.take(source, "b3", base="b2")
    third = state(origin)

    keeping = {name: record.content.backup for name, record in records(safe, "b3").items()}
    assert {name for name, id in keeping.items() if id == "b3"} == {"zz"}
    assert {name for name, id in keeping.items() if id == "b2"} == {"new/file"}
    assert "empty" not in keeping
    put = [info.name for info in safe.bucket.list("safe/b2/objects/")]
    assert len(put) == 2
    ref = list(FORM.object_refs(safe.stream("b3")))
    assert [each.backup_id for each in ref] == [keeping[name] for name in records(safe, "b3")]

    for id, expected in (("b2", second), ("b3", third)):
        destroy(origin)
        safe.restore(id, BucketTarget(origin))
        assert state(origin) == expected
        assert safe.check(FORM, id)["objects"] == len(expected)


def test_the_same_content_written_anew_is_kept_anew(origin, safe):
    safe.take(BucketSource(origin), "b1")
    origin.upload("a.txt", [CONTENT["a.txt"]], "text/plain", {"changed": "metadata"})

    safe.take(BucketSource(origin), "b2", base="b1")

    assert records(safe, "b2")["a.txt"].content.backup == "b2"
    assert records(safe, "b2")["a.txt"].metadata == {"changed": "metadata"}


def test_a_prefix_and_patterns_say_what_is_contained(origin, safe):
    for name in ("photos/cache/x.jpg", "photos/x.tmp", "photos/raw/y.tmp"):
        origin.create(name, b"x")
    source = BucketSource(origin, prefix="photos/", exclude=("cache/", "*.tmp", "photos/2026/é*"))

    safe.take(source, "b1")

    assert set(records(safe, "b1")) == {
        "photos/2026/山 と 海.jpg",
        "photos/a b+c%20&?.jpg",
        "photos/zero.bin",
    }


# --- interruptions -----------------------------------------------------------------------------

# Where a process dies does not depend on the bucket; hundreds of requests to an emulator take long.
interrupted = pytest.mark.parametrize("here", ["memory", "files"], indirect=True)


@interrupted
@pytest.mark.parametrize("copy", [False, True], ids=["sealed", "copied"])
def test_whenever_reading_is_interrupted_the_stream_is_the_same(origin, safe, copy):
    source = BucketSource(origin, copy=copy)
    safe.take(source, "whole")
    expected = b"".join(safe.stream("whole")).replace(b"whole", b"ID")
    objects = [info.name for info in safe.bucket.list("safe/whole/objects/")]

    for dies_at in range(1, len(CONTENT) + 4):
        id = f"died{dies_at}"
        safe.take(source, id, die=lambda number, at=dies_at: number == at)
        assert b"".join(safe.stream(id)).replace(id.encode(), b"ID") == expected
        found = [info.name for info in safe.bucket.list(f"safe/{id}/objects/")]
        assert found == [name.replace("whole", id) for name in objects]


@interrupted
def test_a_process_that_dies_after_each_put_stores_nothing_twice(origin, safe):
    class Dying:
        """Puts one more object in each life than it lives to tell."""

        def __init__(self, beside):
            self.beside, self.bucket, self.prefix = beside, beside.bucket, beside.prefix

        def put(self, name, data):
            kept = self.beside.put(name, data)
            if name not in told:
                told.add(name)
                raise Died
            return kept

    told: set[str] = set()
    safe.take(BucketSource(origin), "b1", beside=Dying)
    before = state(origin)

    assert len(told) == len(before)
    assert len(list(safe.bucket.list("safe/b1/objects/"))) == len(before)
    destroy(origin)
    safe.restore("b1", BucketTarget(origin))
    assert state(origin) == before


@interrupted
def test_whenever_loading_is_interrupted_it_is_gone_on_with(here, origin, safe):
    safe.take(BucketSource(origin), "b1")

    for die_after in range(1, len(safe.parts["b1"])):
        target = here.bucket(f"target-{die_after}")
        assert safe.restore("b1", BucketTarget(target), die_after=die_after) == len(CONTENT) + 1
        assert state(target) == state(origin)


# --- what changes meanwhile --------------------------------------------------------------------


class Restless(MemoryBucket):
    """Something happens between the listing and the first reading of an object."""

    def __init__(self, what, times=1):
        super().__init__("restless")
        self.what, self.times = what, times
        for name in ("a", "b", "c"):
            self.create(name, b"old " + name.encode())

    def read(self, name, **keywords):
        if name == "b" and self.times:
            self.times -= 1
            self.what(self)
        return super().read(name, **keywords)


def contents(safe, id):
    return {record.name: b"".join(safe.fetch(record.ref)) for record in records(safe, id).values()}


@pytest.mark.parametrize("copy", [False, True], ids=["sealed", "copied"])
def test_an_object_that_changes_while_it_is_read_is_taken_as_it_is_then(copy):
    bucket = Restless(lambda b: b.upload("b", [b"new and longer"]))
    safe = Safe(MemoryBucket("backups"))

    safe.take(BucketSource(bucket, copy=copy), "b1")

    assert contents(safe, "b1") == {"a": b"old a", "b": b"new and longer", "c": b"old c"}
    assert safe.check(FORM, "b1")["objects"] == 3


@pytest.mark.parametrize("copy", [False, True], ids=["sealed", "copied"])
def test_an_object_that_goes_while_it_is_read_is_left_out(copy):
    bucket = Restless(lambda b: b.delete("b"))
    safe = Safe(MemoryBucket("backups"))

    safe.take(BucketSource(bucket, copy=copy), "b1")

    assert contents(safe, "b1") == {"a": b"old a", "c": b"old c"}


def test_an_object_that_never_rests_is_no_success():
    bucket = Restless(lambda b: b.upload("b", [b"again"]), times=99)

    with pytest.raises(SourceFailed, match="changed") as failed:
        Safe(MemoryBucket("backups")).take(BucketSource(bucket), "b1")
    assert failed.value.retryable


def test_an_object_that_is_damaged_at_its_source_is_no_success():
    bucket = Restless(lambda b: None)
    bucket.read = lambda name, **keywords: b"rot " + name.encode()

    with pytest.raises(Damaged, match="restless/"):
        Safe(MemoryBucket("backups")).take(BucketSource(bucket), "b1")


# --- restoring ---------------------------------------------------------------------------------


def test_what_is_there_already_is_not_written_again(origin, safe):
    safe.take(BucketSource(origin), "b1")
    before = list(origin.list())
    origin.upload("a.txt", [b"spoilt"])

    safe.restore("b1", BucketTarget(origin, overwrite=True))

    after = {info.name: info for info in origin.list()}
    assert [after[info.name] == info for info in before].count(False) == 1
    assert origin.read("a.txt") == CONTENT["a.txt"]


def test_what_is_not_in_the_backup_is_left_unless_the_target_is_a_mirror(origin, safe):
    origin.create("logs/kept.tmp", b"x")
    safe.take(BucketSource(origin, exclude=("*.tmp",)), "b1")
    for name in ("0 before all", "photos/added", "😀 after all"):
        origin.create(name, b"added")

    safe.restore("b1", BucketTarget(origin, overwrite=True))
    assert {"0 before all", "photos/added", "😀 after all"} <= set(state(origin))

    safe.restore("b1", BucketTarget(origin, mirror=True), die_after=2)
    assert set(state(origin)) == {*CONTENT, "index.html", "logs/kept.tmp"}


def test_a_mirror_of_one_prefix_leaves_the_others_alone(origin, safe):
    safe.take(BucketSource(origin, prefix="photos/"), "b1")
    origin.create("photos/added", b"added")

    safe.restore("b1", BucketTarget(origin, mirror=True))

    assert set(state(origin)) == {*CONTENT, "index.html"}


def test_a_restore_test_has_a_folder_of_its_own_and_leaves_nothing(here, origin, safe):
    safe.take(BucketSource(origin), "b1")
    staging = here.bucket("staging")
    staging.create("r-1x/other", b"somebody else's")
    options = {"bucket": "staging", "staging": True, "restore_id": "r-1", "purpose": "test"}
    target = BucketTarget.of(options, staging)

    safe.restore("b1", target)

    assert unmarked(state(staging, "r-1/"), "r-1") == state(origin)
    assert target.counts() == safe.check(FORM, "b1")
    assert target.ask([ContentQuestion("a.txt", "5"), ContentQuestion("none", "")]) == [
        "5",
        "missing",
    ]
    target.discard()
    assert set(state(staging)) == {"r-1x/other"}


def test_what_others_wrote_into_a_tests_folder_is_left(here, origin, safe):
    safe.take(BucketSource(origin), "b1")
    staging = here.bucket("staging")
    options = {"bucket": "staging", "staging": True, "restore_id": "r-1", "purpose": "test"}
    target = BucketTarget.of(options, staging)
    safe.restore("b1", target)
    staging.upload("r-1/a.txt", [b"an application's"])
    staging.create("r-1/orders/1", b"an order")

    with pytest.raises(TargetFailed, match=r"somebody else wrote 'r-1/a\.txt'"):
        target.discard()

    assert {n: s[0] for n, s in state(staging).items()} == {
        "r-1/a.txt": b"an application's",
        "r-1/orders/1": b"an order",
    }


def test_a_recovery_leaves_no_mark_and_nothing_removes_what_it_wrote(here, origin, safe):
    safe.take(BucketSource(origin), "b1")
    before = state(origin)
    bucket = here.bucket("recovered")
    options = {"bucket": "recovered", "restore_id": "r-1", "purpose": "recovery"}
    target = BucketTarget.of(options, bucket)
    safe.restore("b1", target)
    target.release()

    for other in ("r-1", "test-1"):
        BucketTarget.of({**options, "restore_id": other}, bucket).discard()
        test = BucketTarget.of({**options, "restore_id": other, "purpose": "test"}, bucket)
        with pytest.raises(TargetFailed, match="holds other objects"):
            test.prepare(fresh=True)
        with pytest.raises(TargetFailed, match="somebody else wrote"):
            test.discard()

    assert state(bucket) == before


def test_a_mark_that_is_in_a_backup_is_not_restored(here, safe):
    source = here.bucket("marked")
    source.upload("a", [b"a"], metadata={MARK: "test-old", "mine": "1"})
    safe.take(BucketSource(source), "b1")

    bucket = here.bucket("recovered")
    safe.restore("b1", BucketTarget(bucket))

    assert state(bucket)["a"][2] == {"mine": "1"}


def test_a_bucket_that_holds_other_objects_is_refused_before_anything_is_written(
    here, origin, safe
):
    safe.take(BucketSource(origin), "b1")
    bucket = here.bucket("busy")
    bucket.create("app/precious", b"1")
    for options in ({"bucket": "busy"}, {"bucket": "busy", "prefix": "app/"}):
        target = BucketTarget.of(options, bucket)
        assert "app/precious" in target.refusal()
        with pytest.raises(TargetFailed, match="overwrite=true") as refused:
            safe.restore("b1", target)
        assert not refused.value.retryable
        assert set(state(bucket)) == {"app/precious"}

    beside = BucketTarget.of({"bucket": "busy", "prefix": "restored/"}, bucket)
    assert beside.refusal() == ""
    safe.restore("b1", beside, die_after=1)  # what it wrote itself does not stop it
    assert state(bucket, "restored/") == state(origin)
    safe.restore("b1", BucketTarget.of({"bucket": "busy", "overwrite": "true"}, bucket))
    assert bucket.read("a.txt") == CONTENT["a.txt"]
    assert bucket.read("app/precious") == b"1"


def test_only_a_staging_target_is_ever_removed(origin, safe):
    before = state(origin)

    BucketTarget(origin).discard()

    assert state(origin) == before


def test_source_and_target_of_one_bucket_are_known_as_the_same(here, origin):
    source = BucketSource(origin, prefix="photos/")

    assert BucketTarget(origin, prefix="x/").identity == source.identity
    assert BucketTarget(here.bucket("other")).identity != source.identity
