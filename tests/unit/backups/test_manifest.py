"""The manifest: plain to read, the same bytes each time, not to be forged."""

import dataclasses
import hashlib
import json

import msgspec
import pytest

from tests.unit.backups.locations import KEY, NOON, WRAPPED, Stored, store
from toban.adapters.local.files.buckets import MemoryBucket
from toban.backups.catalogue.manifest import (
    Manifest,
    PartEntry,
    decode,
    encode,
    entries,
    index_object,
    key_context,
    peek,
    plain_digest,
    stream_digest,
)
from toban.backups.documents import Copy
from toban.backups.storage import layout
from toban.ports.backup import Damaged, KeyUnavailable, WrappedKey

INDEX_ENTRIES = 1000
NAME = "shop/db/daily/b-1/manifest.json"


@pytest.fixture
def stored() -> Stored:
    return store(MemoryBucket("backups"), "b-1", KEY)


@pytest.fixture
def bare() -> Stored:
    return store(MemoryBucket("backups"), "b-1", None)


def unwrap(key: WrappedKey, context: bytes) -> bytes:
    assert key == WrappedKey("k/1", WRAPPED)
    assert context == key_context("b-1") == b"toban backup b-1"
    return KEY


def data(stored: Stored) -> bytes:
    return stored.bucket.read(NAME)


def test_it_comes_back_with_the_data_key(stored, bare):
    assert decode(data(stored), unwrap, name=NAME) == (stored.manifest, KEY)
    assert decode(data(bare), None, name=NAME) == (bare.manifest, None)


def test_the_same_manifest_gives_the_same_bytes(stored):
    shuffled = msgspec.structs.replace(
        stored.manifest, tools=dict(reversed(stored.manifest.tools.items()))
    )
    assert encode(shuffled, KEY) == data(stored) == encode(stored.manifest, KEY)


def test_a_person_can_read_it(stored):
    file = json.loads(data(stored))
    assert file["toban"] == "backup manifest"
    assert file["manifest"]["class"] == "daily"
    assert file["manifest"]["bytes"] == stored.manifest.bytes_
    body = data(stored).split(b'"manifest":', 1)[1].rstrip(b"\n")[:-1]
    assert file["sha256"] == hashlib.sha256(body).hexdigest()


def test_it_tells_nothing_of_the_content_but_its_size(stored):
    first = next(iter(entries(stored.manifest, stored.bucket.read)))
    content = stored.plain[: first.plain_bytes]
    assert first.plain_digest == plain_digest(hashlib.sha256(content).hexdigest(), KEY)
    everything = b"".join(stored.bucket.read(info.name) for info in stored.bucket.list())
    assert hashlib.sha256(content).hexdigest().encode() not in everything
    assert KEY not in everything
    assert content[:64] not in everything


def test_whoever_forges_it_needs_the_key(stored):
    file = json.loads(data(stored))
    file["manifest"]["total_parts"] = 4
    body = json.dumps(file["manifest"], separators=(",", ":")).encode()
    file["sha256"] = hashlib.sha256(body).hexdigest()
    forged = json.dumps(file, separators=(",", ":")).encode() + b"\n"
    assert peek(forged, name=NAME).total_parts == 4
    with pytest.raises(Damaged, match=r"^shop/.*is not authentic \(HMAC-SHA256\)"):
        decode(forged, unwrap, name=NAME)


def test_one_without_its_authentication_is_not_authentic(stored):
    file = json.loads(data(stored))
    del file["hmac_sha256"]
    stripped = json.dumps(file, separators=(",", ":")).encode() + b"\n"
    with pytest.raises(Damaged, match="not authentic"):
        decode(stripped, unwrap, name=NAME)


def test_an_unencrypted_backup_does_not_stand_in_for_an_encrypted_one(stored, bare):
    with pytest.raises(Damaged, match="is not encrypted, although it has to be"):
        decode(data(bare), unwrap, name=NAME, encrypted=True)
    with pytest.raises(Damaged, match="is encrypted, although it has not to be"):
        decode(data(stored), unwrap, name=NAME, encrypted=False)


def test_another_key_is_noticed(stored):
    with pytest.raises(Damaged, match="not authentic"):
        decode(data(stored), lambda _wrapped, _context: bytes(32), name=NAME)


def test_without_any_key_it_is_said_which_is_missing(stored):
    with pytest.raises(KeyUnavailable, match="needs key k/1"):
        decode(data(stored), None, name=NAME)


def test_it_must_lie_where_it_belongs(stored):
    with pytest.raises(Damaged, match="belongs to shop/db/daily/b-1/"):
        decode(data(stored), unwrap, name="shop/db/daily/b-3/manifest.json")
    with pytest.raises(Damaged, match="belongs to"):
        decode(data(stored), unwrap, name="manifest.json")


@pytest.mark.parametrize(
    ("altered", "wrong"),
    [
        (b"", "is empty"),
        (b"{}", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b'{"toban":"backup index","version":1,"sha256":"","manifest":{}}', "is not a manifest"),
        (b'{"toban":"backup manifest","version":2,"sha256":"","manifest":{}}', "of version 2"),
    ],
)
def test_what_is_no_manifest_is_refused(altered, wrong):
    with pytest.raises(Damaged, match=wrong):
        decode(altered, None, name=NAME)


def test_key_and_cipher_belong_together(stored, bare):
    with pytest.raises(ValueError, match="made with its data key"):
        encode(stored.manifest, None)
    with pytest.raises(ValueError, match="made with its data key"):
        encode(bare.manifest, KEY)
    with pytest.raises(ValueError, match="made with its data key"):
        encode(msgspec.structs.replace(stored.manifest, cipher="none"), KEY)


def test_the_catalogue_can_be_made_again_from_it(stored):
    copy = Copy(bucket="backups", region="asia-northeast1", manifest=True)
    backup = stored.manifest.document([copy])
    assert (backup.id, backup.service, backup.source, backup.class_) == (
        "b-1",
        "shop",
        "db",
        "daily",
    )
    assert (backup.status, backup.slot, backup.snapshot_at) == ("finished", NOON, NOON)
    assert (backup.parts, backup.items, backup.plain_bytes) == (5, 24, 36_000)
    assert (backup.prefix, backup.copies) == ("shop/db/daily/b-1/", [copy])
    assert (backup.needs, backup.counts, backup.key_id) == (["b-0"], {"tables": 3}, "k/1")


# --- lists of parts --------------------------------------------------------------------------


def entry(number: int) -> PartEntry:
    return PartEntry(
        name=layout.part_name(1, number),
        number=number,
        size=8_000_000,
        crc32c=2**32 - 1,
        sha256="e" * 64,
        plain_bytes=50_000_000,
        plain_digest=hashlib.sha256(str(number).encode()).hexdigest(),
        items=1,
    )


def long_manifest(stored: Stored, parts: int) -> tuple[Manifest, dict[str, bytes]]:
    every = [entry(number) for number in range(1, parts + 1)]
    whole, objects, index = parts // INDEX_ENTRIES, {}, []
    for number in range(1, whole + 1):
        some = every[(number - 1) * INDEX_ENTRIES : number * INDEX_ENTRIES]
        ref, content = index_object("b-1", 1, number, some)
        objects[stored.location.prefix + ref.name] = content
        index.append(ref)
    manifest = msgspec.structs.replace(
        stored.manifest,
        index=index,
        parts=every[whole * INDEX_ENTRIES :],
        stream_digest=stream_digest(every),
        total_parts=parts,
        plain_bytes=sum(e.plain_bytes for e in every),
        items=parts,
    )
    return manifest, objects


def test_a_hundred_thousand_parts_need_only_small_objects(stored):
    manifest, objects = long_manifest(stored, 100_500)
    assert max(len(content) for content in objects.values()) < 400_000
    encoded = encode(manifest, KEY)
    assert len(encoded) < 400_000
    again, _ = decode(encoded, unwrap, name=NAME)
    numbers = [e.number for e in entries(again, objects.__getitem__)]
    assert numbers == list(range(1, 100_501))


@pytest.mark.parametrize(
    "change",
    [
        {"total_parts": 4},
        {"plain_bytes": 1},
        {"items": 25},
        {"stream_digest": "0" * 64},
    ],
)
def test_totals_that_do_not_fit_are_noticed(stored, change):
    manifest = msgspec.structs.replace(stored.manifest, **change)
    with pytest.raises(Damaged, match="totals are not those of its parts"):
        list(entries(manifest, stored.bucket.read))


def test_a_gap_in_the_list_is_noticed(stored):
    manifest = msgspec.structs.replace(stored.manifest, parts=stored.manifest.parts[1:])
    with pytest.raises(Damaged, match=r"manifest\.json: lists no part 3"):
        list(entries(manifest, stored.bucket.read))


def test_the_digest_of_a_stream_is_that_of_its_parts_digests():
    digests = [hashlib.sha256(str(number).encode()).digest() for number in (1, 2)]
    assert stream_digest([entry(1), entry(2)]) == hashlib.sha256(b"".join(digests)).hexdigest()


# --- names -----------------------------------------------------------------------------------


def test_names_are_read_back():
    name = layout.prefix("shop", "db", "daily", "b-1") + layout.part_name(2, 17)
    assert name == "shop/db/daily/b-1/parts/a2/000017"
    place = layout.parse(name)
    assert place is not None
    assert dataclasses.astuple(place) == ("shop", "db", "daily", "b-1", "parts/a2/000017")
    assert place.prefix == "shop/db/daily/b-1/"
    assert layout.parse_part(place.rest) == (2, 17)


@pytest.mark.parametrize("name", ["", "shop/db/daily/b-1", "shop/db/daily//x", "a/b/c/d/"])
def test_what_is_below_no_backup_has_no_place(name):
    assert layout.parse(name) is None


@pytest.mark.parametrize("rest", ["parts/a0/000001", "parts/a1/1", "index/a1/000001", "x"])
def test_only_parts_are_parts(rest):
    assert layout.parse_part(rest) is None


@pytest.mark.parametrize("segment", ["", ".", "..", "a/b", "a\nb"])
def test_bad_segments_are_refused(segment):
    with pytest.raises(ValueError, match="not a segment"):
        layout.prefix("shop", segment, "daily", "b-1")
    with pytest.raises(ValueError, match="not a name"):
        layout.object_name(f"{segment}//x")


def test_numbers_keep_their_order_as_names():
    assert layout.part_name(1, 999_999) > layout.part_name(1, 99_999)
    for number in (0, 1_000_000):
        with pytest.raises(ValueError, match="are possible"):
            layout.part_name(1, number)
