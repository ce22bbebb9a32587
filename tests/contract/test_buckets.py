"""What every `Bucket` does (see `toban.ports.backup.Bucket`)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

from tests.buckets import KINDS, place
from toban.adapters.local.files.buckets import MemoryBucket
from toban.adapters.objects import crc32c
from toban.ports import Stale, Unavailable
from toban.ports.backup import Damaged

MIB = 1024 * 1024


@pytest.fixture(params=KINDS)
def here(request, tmp_path):
    return place(request.param, tmp_path)


@pytest.fixture
def bucket(here):
    return here.bucket("backups")


def names(found):
    return [info.name for info in found]


# --- creating and reading ----------------------------------------------------------------------


def test_an_object_is_described_by_its_bucket(bucket):
    made = bucket.create("backups/日本/1.part", b"content", "text/plain", {"made-by": "toban"})

    assert made == bucket.stat("backups/日本/1.part")
    assert (made.size, made.crc32c) == (7, crc32c(b"content"))
    assert (made.content_type, made.metadata) == ("text/plain", {"made-by": "toban"})
    assert bucket.read("backups/日本/1.part") == b"content"


@pytest.mark.parametrize("size", [0, 1, 8 * MIB])
def test_any_bytes_come_back(bucket, size):
    data = (bytes(range(251)) * (size // 251 + 1))[:size]

    made = bucket.create("x", data)

    assert (made.size, made.crc32c) == (size, crc32c(data))
    assert bucket.read("x") == data


def test_more_than_one_request_can_carry_is_not_created(bucket):
    with pytest.raises(ValueError, match="too many"):
        bucket.create("x", bytes(8 * MIB + 1))

    assert bucket.stat("x") is None


def test_an_existing_object_is_left_as_it_is(here, bucket):
    here.needs("create only if absent")
    first = bucket.create("a", b"first")

    assert bucket.create("a", b"second") is None
    assert bucket.stat("a") == first
    assert bucket.read("a") == b"first"


def test_of_racing_creates_exactly_one_wins(here, bucket):
    here.needs("create only if absent")
    barrier = threading.Barrier(8)

    def create(number):
        barrier.wait()
        return bucket.create("one", b"%d" % number * 1_000)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(create, range(8)))

    [winner] = [number for number, made in enumerate(won) if made is not None]
    assert bucket.read("one") == b"%d" % winner * 1_000
    assert bucket.stat("one") == won[winner]


def test_a_stretch_of_an_object_is_read(bucket):
    made = bucket.create("x", b"0123456789")

    assert bucket.read("x", start=3, end=5) == b"34"
    assert bucket.read("x", start=3) == b"3456789"
    assert bucket.read("x", end=3) == b"012"
    assert bucket.read("x", start=8, end=20) == b"89"
    assert bucket.read("x", start=5, end=5) == b""
    assert bucket.read("x", start=10, end=20) == b""
    assert bucket.read("x", start=2, end=4, generation=made.generation) == b"23"


def test_what_does_not_exist_cannot_be_read(bucket):
    bucket.create("a/b", b"x")

    for name in ("none", "a/none", "a", "a/b/c"):
        assert bucket.stat(name) is None
        with pytest.raises(KeyError):
            bucket.read(name)
        with pytest.raises(KeyError):
            bucket.read(name, start=2, end=2)


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "x" * 1025, "日" * 342, "\ud800"])
def test_what_no_bucket_takes_for_a_name_is_refused(bucket, name):
    for use in (bucket.stat, bucket.read, bucket.delete):
        with pytest.raises(ValueError, match="name"):
            use(name)
    with pytest.raises(ValueError, match="name"):
        bucket.create(name, b"x")
    with pytest.raises(ValueError, match="name"):
        bucket.upload(name, [b"x"])


@pytest.mark.parametrize("name", ["folder/", "a//b", "/a", "back\\slash", "q?x=1&y#z", "%2e%2e/a"])
def test_a_name_need_not_be_that_of_a_file(here, bucket, name):
    if name.startswith(("folder", "a/", "/")):
        here.needs("any name")
    made = bucket.create(name, b"x")

    assert bucket.read(name) == b"x"
    assert list(bucket.list()) == [made]
    bucket.delete(name)
    assert bucket.stat(name) is None


# --- generations -------------------------------------------------------------------------------


def test_content_that_is_written_anew_has_another_generation(bucket):
    before = bucket.upload("x", [b"one"])
    after = bucket.upload("x", [b"two"])
    again = bucket.upload("x", [b"two"])

    assert len({before.generation, after.generation, again.generation}) == 3
    assert bucket.stat("x", again.generation) == again


def test_a_generation_that_is_gone_is_not_replaced_by_another(here, bucket):
    if here.kind == "gcs2":
        here.needs("old generations")
    before = bucket.upload("x", [b"one"])
    bucket.upload("x", [b"two"])

    assert bucket.stat("x", before.generation) is None
    with pytest.raises(KeyError):
        bucket.read("x", generation=before.generation)
    with pytest.raises(KeyError):
        bucket.copy(bucket, "x", "y", generation=before.generation)
    assert bucket.stat("y") is None


def test_an_old_generation_is_read_where_it_is_kept(here):
    here.needs("old generations")
    bucket = here.bucket("with-versions")
    before = bucket.upload("x", [b"one"], metadata={"n": "1"})
    bucket.upload("x", [b"two"])
    bucket.delete("x")

    assert bucket.stat("x", before.generation) == before
    assert bucket.read("x", generation=before.generation) == b"one"
    assert bucket.copy(bucket, "x", "y", before.generation).metadata == {"n": "1"}
    assert bucket.read("y") == b"one"
    assert names(bucket.list()) == ["y"]


# --- listing -----------------------------------------------------------------------------------

SOME = [
    "a",
    "a-b",
    "a.b/x",
    "a/b",
    "a/b-c",
    "a/b0",
    "aa",
    "b/10",
    "b/2",
    "ｚ",
    "é",
    "日本/語",
    "😀",
]


def test_names_come_in_the_order_of_their_bytes(here, bucket):
    some = [name for name in SOME if name != "a"]  # a file cannot be beside its directory
    for name in reversed(some):
        bucket.create(name, name.encode())

    assert names(bucket.list()) == sorted(some, key=str.encode)
    assert all(info.crc32c == crc32c(info.name.encode()) for info in bucket.list())


def test_a_prefix_is_compared_character_by_character(bucket):
    for name in SOME[1:]:
        bucket.create(name, b"x")

    assert names(bucket.list("a/b")) == ["a/b", "a/b-c", "a/b0"]
    assert names(bucket.list("b/1")) == ["b/10"]
    assert names(bucket.list("日")) == ["日本/語"]
    assert names(bucket.list("none/")) == []


@pytest.mark.parametrize("prefix", ["", "a", "a/", "b/", "日本/"])
def test_listing_goes_on_after_any_name(bucket, prefix):
    for name in SOME[1:]:
        bucket.create(name, b"x")
    found = names(bucket.list(prefix))

    for after in [*SOME, "a/", "a/b\U0010ffff", "zzz"]:
        expected = [name for name in found if name.encode() > after.encode()]
        assert names(bucket.list(prefix, after)) == expected


def test_more_than_a_page_is_listed_as_it_goes(here, bucket):
    here.needs("pages")
    wanted = [f"many/{number:05}" for number in range(1_050)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: bucket.create(name, b""), wanted))

    assert names(islice(bucket.list("many/"), 3)) == wanted[:3]
    assert names(bucket.list("many/", wanted[500])) == wanted[501:]


def test_a_bucket_that_is_not_there_does_not_look_empty(here):
    if here.kind == "memory":
        pytest.skip("a bucket in memory is always there")
    bucket = here.bucket("backups")
    bucket._name += "-none"
    if here.kind == "files":
        bucket._root = bucket._root.with_name("none")

    with pytest.raises(Unavailable, match="none"):
        list(bucket.list())


# --- copying -----------------------------------------------------------------------------------


def test_an_object_is_copied_with_all_that_belongs_to_it(here):
    source, target = here.bucket("source"), here.bucket("target")
    headers = {"Cache-Control": "no-store", "Content-Language": "ja"}
    original = source.upload("a/日本", [b"content"], "text/plain", {"k": "v"}, headers)

    copied = target.copy(source, "a/日本", "b/copy", original.generation)

    assert copied == target.stat("b/copy")
    assert (copied.size, copied.crc32c) == (original.size, original.crc32c)
    assert (copied.content_type, copied.metadata) == ("text/plain", {"k": "v"})
    assert copied.headers == original.headers == headers
    assert target.read("b/copy") == b"content"


def test_what_is_not_there_cannot_be_copied(here):
    source, target = here.bucket("source"), here.bucket("target")

    with pytest.raises(KeyError):
        target.copy(source, "none", "copy")
    assert target.stat("copy") is None


def test_a_copy_replaces_nothing(here):
    here.needs("copy only if absent")
    source, target = here.bucket("source"), here.bucket("target")
    source.create("a", b"new")
    target.create("b", b"old")

    assert target.copy(source, "a", "b") is None
    assert target.read("b") == b"old"


@pytest.mark.parametrize("size", [0, 100, 9 * MIB])
def test_objects_are_copied_between_all_kinds_of_buckets(here, size):
    other = MemoryBucket("elsewhere")
    other.upload("x", [bytes(size)], "text/plain", {"k": "v"}, {"Content-Encoding": "identity"})
    bucket = here.bucket("backups")

    there = bucket.copy(other, "x", "y")
    back = other.copy(bucket, "y", "z")

    assert there.metadata == back.metadata == {"k": "v"}
    assert there.headers == back.headers == {"Content-Encoding": "identity"}
    assert other.read("z") == bytes(size)
    assert bucket.copy(other, "x", "y") is None


def test_an_object_that_changes_while_it_is_copied_is_not_copied_in_part(here):
    class Changing(MemoryBucket):
        def read(self, name, **keywords):
            data = super().read(name, **keywords)
            self.upload(name, [bytes(10 * MIB)])
            return data

    source = Changing("changing")
    source.upload("x", [b"1" * 10 * MIB])
    bucket = here.bucket("backups")

    with pytest.raises(KeyError):
        bucket.copy(source, "x", "y")
    assert bucket.stat("y") is None
    assert list(bucket.list()) == []


def test_damage_is_not_copied(here):
    class Rotten(MemoryBucket):
        def read(self, name, **keywords):
            return super().read(name, **keywords).replace(b"c", b"k")

    source = Rotten("rotten")
    source.create("x", b"content")
    bucket = here.bucket("backups")

    with pytest.raises(Damaged, match="rotten/x"):
        bucket.copy(source, "x", "y")
    assert bucket.stat("y") is None


# --- uploading ---------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 8, 9, 20])
def test_an_object_of_any_size_is_uploaded_in_pieces(bucket, count):
    chunks = [bytes([number]) * MIB for number in range(count)]

    made = bucket.upload("big", iter(chunks), "text/plain", {"k": "v"})

    assert made == bucket.stat("big")
    assert (made.size, made.crc32c) == (count * MIB, crc32c(b"".join(chunks)))
    assert (made.content_type, made.metadata) == ("text/plain", {"k": "v"})
    assert bucket.read("big") == b"".join(chunks)


def test_an_upload_replaces_what_is_there(bucket):
    bucket.upload("x", [b"one"], "text/plain", {"k": "v"}, {"Cache-Control": "no-store"})

    made = bucket.upload("x", [b"t", b"wo"])

    assert bucket.read("x") == b"two"
    assert (made.metadata, made.headers) == ({}, {})
    assert names(bucket.list()) == ["x"]


def test_an_upload_replaces_only_the_generation_that_it_is_meant_to(here, bucket):
    here.needs("create only if absent")
    first = bucket.upload("x", [b"one"], over=0)
    for over in (0, first.generation + 1):
        with pytest.raises(Stale):
            bucket.upload("x", [b"late"], over=over)
    second = bucket.upload("x", [b"two"], over=first.generation)
    with pytest.raises(Stale):
        bucket.upload("x", [b"late"], over=first.generation)
    assert bucket.read("x") == b"two"
    bucket.delete("x")
    with pytest.raises(Stale):
        bucket.upload("x", [b"late"], over=second.generation)
    assert names(bucket.list()) == []


@pytest.mark.parametrize("before", [1, 9])
def test_an_upload_that_ends_halfway_leaves_nothing(bucket, before):
    def chunks():
        for _ in range(before):
            yield bytes(MIB)
        raise OSError("the source went away")

    with pytest.raises((OSError, Unavailable)):
        bucket.upload("x", chunks())

    assert bucket.stat("x") is None
    assert list(bucket.list()) == []


def test_a_compressed_page_is_kept_as_it_is_stored(bucket):
    import gzip

    page = gzip.compress("<h1>当番</h1>".encode())
    bucket.upload("index.html", [page], "text/html", headers={"Content-Encoding": "gzip"})

    assert bucket.stat("index.html").size == len(page)
    assert bucket.read("index.html") == page
    assert bucket.read("index.html", start=2, end=9) == page[2:9]
    assert bucket.stat("index.html").headers == {"Content-Encoding": "gzip"}


# --- deleting ----------------------------------------------------------------------------------


def test_a_deleted_object_is_gone_and_may_be_created_again(bucket):
    first = bucket.create("a/b", b"1", metadata={"k": "v"})

    bucket.delete("a/b")
    bucket.delete("a/b")

    assert bucket.stat("a/b") is None
    assert list(bucket.list()) == []
    with pytest.raises(KeyError):
        bucket.read("a/b")
    again = bucket.create("a/b", b"1")
    assert again.metadata == {}
    assert again.generation != first.generation
