"""Parts are stored once; what a dead process left is taken over; what is read back is checked."""

from collections.abc import Iterator

import google_crc32c
import pytest

from tests.unit.backups.locations import KEY, PART_BYTES, from_cursor, noise, sha256, store, stream
from toban.adapters.local.files.buckets import MemoryBucket
from toban.backups.catalogue.readback import fetch_from
from toban.backups.storage.parts import Part, cut
from toban.backups.storage.sealing import (
    BackupLocation,
    SealedObjectSink,
    evenly,
    find_part,
    store_part,
)
from toban.ports import Unavailable
from toban.ports.backup import Damaged, DeleteBlocked, ObjectInfo, ObjectRef, StoredObject

PREFIX = "shop/db/daily/b-1/"
NAME = "parts/a1/000001"
STREAM = "stream/a1"


class Noting(MemoryBucket):
    """Notes what is written and removed."""

    def __init__(self) -> None:
        super().__init__("backups")
        self.created: list[str] = []
        self.deleted: list[str] = []

    def create(self, name, data, content_type="", metadata=None) -> ObjectInfo | None:
        info = super().create(name, data, content_type, metadata)
        if info is not None:
            self.created.append(name)
        return info

    def delete(self, name: str) -> None:
        self.deleted.append(name)
        super().delete(name)


@pytest.fixture
def bucket() -> Noting:
    return Noting()


@pytest.fixture(params=[KEY, None], ids=["encrypted", "bare"])
def location(request: pytest.FixtureRequest, bucket: Noting) -> BackupLocation:
    return BackupLocation(bucket, PREFIX, "b-1", request.param)


def first_part(location: BackupLocation, seed: object = "content") -> Part:
    pieces = stream(seed, pieces=3)
    return next(cut(iter(pieces), location.seal(STREAM), resumable=True, part_bytes=PART_BYTES))


# --- the stream's parts ----------------------------------------------------------------------


def test_a_part_is_stored_and_found(location, bucket):
    part = first_part(location)
    assert find_part(location, NAME, STREAM, 1) is None
    assert store_part(location, NAME, STREAM, part) == (part, False)
    assert find_part(location, NAME, STREAM, 1) == part


def test_what_lies_there_already_is_kept(location, bucket):
    earlier, _ = store_part(location, NAME, STREAM, first_part(location))
    assert store_part(location, NAME, STREAM, first_part(location)) == (earlier, True)
    assert bucket.created == [PREFIX + NAME]
    assert bucket.deleted == []


def test_other_content_is_replaced(location, bucket):
    store_part(location, NAME, STREAM, first_part(location, "other"))
    part = first_part(location)
    assert store_part(location, NAME, STREAM, part) == (part, True)
    assert bucket.read(PREFIX + NAME) == part.data


@pytest.mark.parametrize("damage", [b"", b"nothing of ours"])
def test_what_is_damaged_is_removed_and_made_anew(location, bucket, damage):
    bucket.create(PREFIX + NAME, damage)
    assert find_part(location, NAME, STREAM, 1) is None
    assert bucket.deleted == [PREFIX + NAME]
    bucket.create(PREFIX + NAME, damage)
    part = first_part(location)
    assert store_part(location, NAME, STREAM, part) == (part, True)


def test_what_arrives_damaged_does_not_stay(location, bucket, monkeypatch):
    whole = MemoryBucket.create

    def losing(self, name, data, content_type="", metadata=None) -> ObjectInfo | None:
        return whole(self, name, data[:-1], content_type, metadata)

    monkeypatch.setattr(Noting, "create", losing)
    with pytest.raises(Unavailable, match="arrived damaged in backups"):
        store_part(location, NAME, STREAM, first_part(location))
    assert bucket.stat(PREFIX + NAME) is None


def test_what_may_not_be_removed_is_said(location, bucket):
    bucket.create(PREFIX + NAME, b"nothing of ours")
    bucket.held.add(PREFIX + NAME)
    with pytest.raises(DeleteBlocked):
        store_part(location, NAME, STREAM, first_part(location))


def test_two_at_once_do_not_fight(location, bucket, monkeypatch):
    bucket.create(PREFIX + NAME, b"damaged")
    monkeypatch.setattr(bucket, "delete", lambda name: None)  # the other writes it at once again
    with pytest.raises(Unavailable, match="by somebody else"):
        store_part(location, NAME, STREAM, first_part(location))


def test_a_reading_that_died_goes_on_after_the_part_that_no_checkpoint_knows(location, bucket):
    pieces = stream("dies")
    cutting = cut(iter(pieces), location.seal(STREAM), resumable=True, part_bytes=PART_BYTES)
    for number in (1, 2):
        store_part(location, f"parts/a1/{number:06}", STREAM, next(cutting))
    # The process dies here. Its checkpoint says: nothing stored, cursor "".
    number, cursor = 1, ""
    while (part := find_part(location, f"parts/a1/{number:06}", STREAM, number)) is not None:
        number, cursor = number + 1, part.cursor
    rest = cut(
        from_cursor(pieces, cursor),
        location.seal(STREAM),
        first=number,
        resumable=True,
        part_bytes=PART_BYTES,
    )
    for part in rest:
        store_part(location, f"parts/a1/{part.number:06}", STREAM, part)
    assert bucket.created == [PREFIX + f"parts/a1/{n:06}" for n in range(1, 6)]
    found = [find_part(location, f"parts/a1/{n:06}", STREAM, n) for n in range(1, 6)]
    assert sum(part.items for part in found if part) == 24


# --- objects beside --------------------------------------------------------------------------


def beside(location: BackupLocation) -> SealedObjectSink:
    return SealedObjectSink(
        location.bucket,
        location.prefix,
        location.backup_id,
        location.data_key,
        part_bytes=PART_BYTES,
    )


def read(location: BackupLocation, kept: StoredObject) -> bytes:
    ref = ObjectRef("b-1", kept.name, False, kept.plain_bytes, kept.plain_crc32c)
    return b"".join(fetch_from({"b-1": location}.__getitem__)(ref))


@pytest.mark.parametrize("size", [0, 1, 7000, 50_000])
def test_an_object_comes_back(location, size):
    content = noise(size, "object")
    kept = beside(location).put("ab/cd-7", iter([content]))
    crc32c = google_crc32c.value(content)
    assert kept == StoredObject("objects/ab/cd-7", size, sha256(content), crc32c)
    assert read(location, kept) == content


def test_stored_again_after_a_crash_nothing_is_written_twice(location, bucket):
    content = noise(30_000, "object")

    def dying() -> Iterator[bytes]:
        yield content[:15_000]
        raise RuntimeError("the process dies")

    def in_small_pieces() -> Iterator[bytes]:
        for at in range(0, len(content), 999):
            yield content[at : at + 999]

    with pytest.raises(RuntimeError):
        beside(location).put("x", dying())
    first = beside(location).put("x", iter([content]))
    names = [f"{PREFIX}objects/x/{n:06}" for n in range(1, 9)]
    assert bucket.created == names[: len(bucket.created)]
    written = list(bucket.created)
    assert beside(location).put("x", in_small_pieces()) == first
    assert (bucket.created, bucket.deleted) == (written, [])
    assert read(location, first) == content


def test_a_shorter_content_leaves_nothing_of_a_longer_one(location, bucket):
    beside(location).put("x", iter([noise(50_000, "longer")]))
    kept = beside(location).put("x", iter([noise(10_000, "shorter")]))
    assert read(location, kept) == noise(10_000, "shorter")
    assert [info.name for info in bucket.list(PREFIX)] == [
        f"{PREFIX}objects/x/{n:06}" for n in (1, 2)
    ]


def test_one_damaged_part_of_an_object_is_made_anew(location, bucket):
    content = noise(30_000, "object")
    kept = beside(location).put("x", iter([content]))
    second = f"{PREFIX}objects/x/000002"
    bucket.delete(second)
    bucket.create(second, b"damaged")
    bucket.created.clear()
    assert beside(location).put("x", iter([content])) == kept
    assert bucket.created == [second]
    assert read(location, kept) == content


def test_other_content_than_the_stream_promised_is_damage(location):
    kept = beside(location).put("x", iter([b"content"]))
    fetch = fetch_from({"b-1": location}.__getitem__)
    for size, crc32c, wrong in [
        (6, kept.plain_crc32c, "more than its 6 bytes"),
        (8, kept.plain_crc32c, "has 7 bytes instead of 8"),
        (7, 1, "CRC32C"),
    ]:
        with pytest.raises(Damaged, match=f"^{PREFIX}objects/x: .*{wrong}"):
            list(fetch(ObjectRef("b-1", kept.name, False, size, crc32c)))


@pytest.mark.parametrize(
    "name", ["parts/a1/000001", "objects/../parts/a1/000001", "objects//x", "objects/"]
)
def test_a_stream_cannot_point_at_anything_but_objects_beside_it(location, name):
    with pytest.raises(Damaged, match="beside"):
        list(fetch_from(lambda _id: location)(ObjectRef("b-1", name, True, 1, 1)))


@pytest.mark.parametrize("name", ["", "/x", "a//b", "../x", "a/./b", "a\nb"])
def test_bad_names_are_refused(location, name):
    with pytest.raises(ValueError, match="not a name"):
        beside(location).put(name, iter([]))


def test_a_copied_object_is_read_in_ranges(bucket):
    content = noise(9 * 1024 * 1024 + 3, "large")
    location = BackupLocation(bucket, PREFIX, "b-1", KEY)
    bucket.upload(beside(location).prefix + "large", [content])
    ref = ObjectRef("b-1", "objects/large", True, len(content), google_crc32c.value(content))
    pieces = list(fetch_from(lambda _id: location)(ref))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) == 1024 * 1024


def test_an_object_replaced_while_it_is_read_is_noticed(bucket):
    content = noise(9 * 1024 * 1024, "large")
    location = BackupLocation(bucket, PREFIX, "b-1", KEY)
    bucket.upload(PREFIX + "objects/large", [content])
    ref = ObjectRef("b-1", "objects/large", True, len(content), google_crc32c.value(content))
    reading = fetch_from(lambda _id: location)(ref)
    next(reading)
    bucket.upload(PREFIX + "objects/large", [content])
    with pytest.raises(Damaged, match="replaced or removed"):
        list(reading)


def test_stretches_are_even_however_data_arrives():
    mib = 1024 * 1024
    data = noise(3 * mib + 17, "even")
    for step in (mib, 700_001, 5 * mib, mib // 4):
        stretches = list(evenly(iter(data[at : at + step] for at in range(0, len(data), step))))
        assert b"".join(stretches) == data
        assert [len(stretch) for stretch in stretches] == [mib, mib, mib, 17]
    assert list(evenly(iter([b"", b""]))) == []


def test_a_shelf_does_not_show_its_key(location):
    assert "data_key" not in repr(location)


def test_an_object_of_ours_says_what_it_is():
    kinds: dict[str, str] = {}

    class Noting(MemoryBucket):
        def create(self, name, data, content_type="", metadata=None):
            kinds[name] = content_type
            return super().create(name, data, content_type, metadata)

    store(Noting("b"), "b-1", KEY)
    parts = {kind for name, kind in kinds.items() if "/parts/" in name}
    assert parts == {"application/vnd.toban.backup-part"}
