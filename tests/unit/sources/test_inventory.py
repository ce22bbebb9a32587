"""An inventory and the contents beside it: damage is found, and parts end in time."""

from __future__ import annotations

import pytest

from tests.safes import Safe
from toban.adapters.local.files.buckets import MemoryBucket
from toban.ports.backup import Damaged, TargetFailed
from toban.sources.bucket import adapter as kind
from toban.sources.bucket.adapter import BucketSource
from toban.sources.bucket.restore import BucketTarget

FORM = kind.InventoryFormat()


# --- damage ------------------------------------------------------------------------------------


@pytest.fixture
def small():
    bucket = MemoryBucket("small")
    for name in ("a", "b", "c"):
        bucket.create(name, b"content of " + name.encode())
    return bucket


@pytest.mark.parametrize("copy", [False, True], ids=["sealed", "copied"])
def test_a_spoilt_or_missing_content_is_found(small, copy):
    safe = Safe(MemoryBucket("backups"))
    safe.take(BucketSource(small, copy=copy), "b1")
    first = next(safe.bucket.list("safe/b1/objects/"))
    data = safe.bucket.read(first.name)

    safe.bucket.upload(first.name, [data[:-1] + bytes([data[-1] ^ 1])])
    with pytest.raises(Damaged, match=first.name):
        safe.check(FORM, "b1")
    safe.bucket.delete(first.name)
    with pytest.raises(Damaged, match=first.name):
        safe.check(FORM, "b1")
    target = BucketTarget(MemoryBucket("target"))
    with pytest.raises(Damaged, match=first.name):
        safe.restore("b1", target)


@pytest.mark.parametrize("spoil", ["first", "middle", "last", "swapped", "cut", "twice", "noise"])
def test_an_inventory_that_is_not_whole_is_found(small, spoil):
    safe = Safe(MemoryBucket("backups"))
    safe.take(BucketSource(small), "b1")
    lines = b"".join(safe.stream("b1")).splitlines(keepends=True)
    spoilt = {
        "first": lines[1:],
        "middle": [*lines[:2], *lines[3:]],
        "last": lines[:-1],
        "swapped": [lines[0], lines[2], lines[1], *lines[3:]],
        "cut": [*lines[:-1], lines[-1][:-1]],
        "twice": [*lines[:2], lines[1], *lines[2:]],
        "noise": [*lines[:2], b"{}\n", *lines[2:]],
    }[spoil]

    with pytest.raises(Damaged, match="inventory"):
        FORM.check(iter(spoilt), safe.fetch)


def test_an_inventory_without_its_end_is_not_loaded_as_if_it_were_whole(small):
    safe = Safe(MemoryBucket("backups"))
    safe.take(BucketSource(small), "b1")
    safe.parts["b1"].pop()

    with pytest.raises(TargetFailed, match="no end"):
        safe.restore("b1", BucketTarget(MemoryBucket("target")))


# --- parts -------------------------------------------------------------------------------------


def test_parts_end_after_some_objects_however_small_the_inventory(monkeypatch):
    monkeypatch.setattr(kind, "PART_OBJECTS", 10)
    bucket = MemoryBucket("many")
    for number in range(35):
        bucket.create(f"{number:03}", b"x")
    safe = Safe(MemoryBucket("backups"))
    run = safe.run("b1")
    source = BucketSource(bucket)

    pieces = list(source.read(run, source.begin(run, None, None), ""))

    assert [number for number, piece in enumerate(pieces) if piece.ends_part] == [10, 20, 30]
    assert all(len(piece.data) < 1024 for piece in pieces)


# --- a holder that stood still -------------------------------------------------------------------


def test_a_late_holder_does_not_undo_what_the_application_has_written_since(small):
    """It has listed the target, stands still, and goes on once somebody else has restored it all."""
    safe = Safe(MemoryBucket("backups"))
    safe.take(BucketSource(small), "b1")
    bucket = MemoryBucket("target")
    late = BucketTarget(bucket)
    upload, stood_still = bucket.upload, False

    def standing_still(name, *rest, **more):
        nonlocal stood_still
        if not stood_still:
            stood_still = True
            assert safe.restore("b1", BucketTarget(bucket, overwrite=True)) == 3
            bucket.delete("a")
            bucket.create("a", b"an order that came in since")
        return upload(name, *rest, **more)

    bucket.upload = standing_still
    with pytest.raises(TargetFailed, match="has changed meanwhile") as caught:
        safe.restore("b1", late)
    assert caught.value.retryable
    assert bucket.read("a") == b"an order that came in since"
