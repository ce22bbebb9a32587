"""
Every kind of object, damaged in every way: reading names the object and what is wrong with it.

The table crosses what lies in a bucket with what may happen to it, for an encrypted backup and for
one that is not. "Another" is a second backup of the same source under the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import pytest

from tests.unit.backups.locations import KEY, Stored, noise, sha256, store
from toban.adapters.local.files.buckets import MemoryBucket
from toban.backups.catalogue.manifest import Manifest, PartEntry, decode, entries, stream_digest
from toban.backups.catalogue.readback import fetch_from, read_parts, read_stream
from toban.backups.storage.frames import TAG, FrameWriter, PartTrailer, Seal
from toban.backups.storage.parts import cut, open_part
from toban.ports.backup import Chunk, Damaged

OBJECTS = {
    "part, first": "parts/a1/000001",
    "part, middle": "parts/a1/000003",
    "part, last": "parts/a1/000005",
    "manifest": "manifest.json",
    "index": "index/a1/000001",
    "sealed object, first part": "objects/ab/sealed-7/000001",
    "sealed object, last part": "objects/ab/sealed-7/000003",
    "copied object": "objects/cd/copied-1",
}
SIBLINGS = {
    "part, first": "parts/a1/000002",
    "part, middle": "parts/a1/000004",
    "part, last": "parts/a1/000004",
    "index": "index/a1/000002",
    "sealed object, first part": "objects/ab/sealed-7/000002",
    "sealed object, last part": "objects/ab/sealed-7/000002",
    "copied object": "objects/cd/copied-2",
}
"""Objects of the same kind (and, for copies, of the same size)."""


@dataclass
class World:
    """Two backups in one bucket."""

    one: Stored
    other: Stored

    def content(self, rest: str) -> bytes:
        return self.one.bucket.read(self.one.location.prefix + rest)

    def alter(self, rest: str, data: bytes | None) -> None:
        self.one.alter(self.one.location.prefix + rest, data)


def make(data_key: bytes | None) -> World:
    bucket = MemoryBucket("backups")
    return World(store(bucket, "b-1", data_key), store(bucket, "b-2", data_key))


@pytest.fixture(params=[KEY, None], ids=["encrypted", "bare"])
def world(request: pytest.FixtureRequest) -> World:
    return make(request.param)


def read_everything(stored: Stored) -> Manifest:
    """As a restore does: manifest, the whole stream, everything beside."""
    name = stored.manifest_name
    try:
        data = stored.bucket.read(name)
    except KeyError as error:
        raise Damaged(f"{name}: is missing") from error
    manifest, data_key = decode(data, lambda _wrapped, _context: KEY, name=name)
    assert data_key == stored.location.data_key
    assert b"".join(read_stream(stored.location, manifest)) == stored.plain
    fetch = fetch_from(lambda _backup_id: stored.location)
    for ref, content in zip(stored.refs, stored.objects.values(), strict=True):
        assert b"".join(fetch(ref)) == content
    return manifest


def flip(data: bytes, at: int) -> bytes:
    altered = bytearray(data)
    altered[at] ^= 0x10
    return bytes(altered)


def tag_of_first_frame(data: bytes) -> int:
    """Where the tag of a part's first frame lies."""
    names, at = 0, 8 + 1 + 8 + 4
    while names < 2:
        at += 2 + int.from_bytes(data[at : at + 2], "big")
        names += 1
    length = int.from_bytes(data[at : at + 4], "big") & 0x7FFFFFFF
    return at + 4 + length - TAG


Alter = Callable[[World, str, str], None]


def altering(change: Callable[[bytes], bytes | None]) -> Alter:
    def alter(world: World, kind: str, rest: str) -> None:
        world.alter(rest, change(world.content(rest)))

    return alter


def swap(world: World, kind: str, rest: str) -> None:
    sibling = SIBLINGS[kind]
    mine, its = world.content(rest), world.content(sibling)
    world.alter(rest, its)
    world.alter(sibling, mine)


def duplicate(world: World, kind: str, rest: str) -> None:
    world.alter(rest, world.content(SIBLINGS[kind]))


def replace(world: World, kind: str, rest: str) -> None:
    world.alter(rest, world.other.bucket.read(world.other.location.prefix + rest))


ANYWHERE: dict[str, Alter] = {
    "a bit flipped at the beginning": altering(lambda data: flip(data, 2)),
    "a bit flipped in the middle": altering(lambda data: flip(data, len(data) // 2)),
    "a bit flipped near the end": altering(lambda data: flip(data, len(data) - 4)),
    "truncated to half": altering(lambda data: data[: len(data) // 2]),
    "truncated by one byte": altering(lambda data: data[:-1]),
    "bytes appended": altering(lambda data: data + b"more"),
    "emptied": altering(lambda _: b""),
    "deleted": altering(lambda _: None),
    "replaced by that of another backup": replace,
    "replaced by a sibling": duplicate,
    "swapped with a sibling": swap,
}
IN_PARTS: dict[str, Alter] = {
    "a bit flipped in the nonce": altering(lambda data: flip(data, 10)),
    "a bit flipped in the number": altering(lambda data: flip(data, 20)),
    "a bit flipped in the backup id": altering(lambda data: flip(data, 24)),
    "a bit flipped in a frame's tag": altering(lambda data: flip(data, tag_of_first_frame(data))),
    "a frame's length altered": altering(lambda data: flip(data, tag_of_first_frame(data) + 18)),
    "the trailer cut off": altering(lambda data: data[: tag_of_first_frame(data) + TAG]),
}

# The parts of a stream are compared with the manifest before their frames are opened.
FRAME = r"frame 0 does not open|is not the object that the manifest lists \(CRC32C\)"
WRONG_PART = {
    "a bit flipped at the beginning": "bad magic",
    "a bit flipped in the middle": FRAME,
    "a bit flipped near the end": "its trailer does not open",
    "a bit flipped in the nonce": "its trailer does not open",
    "a bit flipped in the number": r"is part \d+, not part \d",
    "a bit flipped in the backup id": "belongs to backup 'b=1', not 'b-1'",
    "a bit flipped in a frame's tag": FRAME,
    "a frame's length altered": "is truncated|is tampered with: frame 1 says",
    "the trailer cut off": "is truncated: its end is missing",
    "truncated to half": "is truncated: ends within frame 0",
    "truncated by one byte": "is truncated: ends within frame 1",
    "bytes appended": "has 4 bytes after its end",
    "emptied": "is empty",
    "deleted": "is missing",
    "replaced by that of another backup": "belongs to backup 'b-2', not 'b-1'",
    "replaced by a sibling": r"is part \d, not part \d",
    "swapped with a sibling": r"is part \d, not part \d",
}
NOT_AS_WRITTEN = r"not as it was written \(SHA-256\)|cannot be read|is not a manifest"
WRONG_MANIFEST = dict.fromkeys(ANYWHERE, NOT_AS_WRITTEN) | {
    "emptied": "is empty",
    "deleted": "is missing",
    "replaced by that of another backup": "belongs to shop/db/daily/b-2/",
}
BYTES = r"has \d+ bytes instead of \d+"
WRONG_INDEX = dict.fromkeys(ANYWHERE, rf"not as it was written \(SHA-256\)|{BYTES}") | {
    "truncated to half": BYTES,
    "truncated by one byte": BYTES,
    "bytes appended": BYTES,
    "emptied": BYTES,
    "deleted": "is missing",
}
WRONG_COPY = dict.fromkeys(ANYWHERE, r"is another object than was copied \(CRC32C\)") | {
    "truncated to half": BYTES,
    "truncated by one byte": BYTES,
    "bytes appended": BYTES,
    "emptied": BYTES,
    "deleted": "is missing",
}


def table() -> Iterator[pytest.ParameterSet]:
    for kind in OBJECTS:
        wrong = {"manifest": WRONG_MANIFEST, "index": WRONG_INDEX, "copied object": WRONG_COPY}
        expected = wrong.get(kind, WRONG_PART)
        for damage, alter in (ANYWHERE | IN_PARTS).items():
            if damage in expected and (kind in SIBLINGS or alter not in (swap, duplicate)):
                yield pytest.param(kind, alter, expected[damage], id=f"{kind}-{damage}")


@pytest.mark.parametrize(("kind", "alter", "expected"), table())
def test_damage_is_found_and_named(world, kind, alter, expected):
    alter(world, kind, OBJECTS[kind])
    with pytest.raises(Damaged, match=expected) as caught:
        read_everything(world.one)
    named, _, _ = str(caught.value).partition(": ")
    swapped = [SIBLINGS[kind]] if alter is swap else []
    assert named in [world.one.location.prefix + rest for rest in (OBJECTS[kind], *swapped)]


def test_undamaged_everything_is_read(world):
    read_everything(world.one)
    read_everything(world.other)


def test_damage_to_one_backup_leaves_another_readable(world):
    for rest in OBJECTS.values():
        world.alter(rest, None)
    read_everything(world.other)


# --- somebody who knows the format, but not the key ------------------------------------------


def frames_of(data: bytes) -> tuple[bytes, list[bytes]]:
    """A part's header and its frames, each with its length."""
    at = 21
    for _ in range(2):
        at += 2 + int.from_bytes(data[at : at + 2], "big")
    header, frames = data[:at], []
    while at < len(data):
        size = 4 + (int.from_bytes(data[at : at + 4], "big") & 0x7FFFFFFF)
        frames.append(data[at : at + size])
        at += size
    return header, frames


@pytest.fixture(params=[KEY, None], ids=["encrypted", "bare"])
def large(request: pytest.FixtureRequest) -> tuple[Seal, bytes]:
    """A part with several data frames."""
    seal = Seal("b-1", "stream/a1", request.param)
    pieces = (Chunk(noise(1 << 20, n), "c") for n in range(4))
    (part,) = cut(pieces, seal, resumable=True)
    assert len(frames_of(part.data)[1]) >= 4
    return seal, part.data


REARRANGED: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "frames swapped": lambda f: [f[1], f[0], *f[2:]],
    "a frame left out": lambda f: [f[0], *f[2:]],
    "the first frame left out": lambda f: f[1:],
    "a frame doubled": lambda f: [f[0], f[0], *f[1:]],
    "only the trailer left": lambda f: f[-1:],
    "a data frame passed off as the trailer": lambda f: [
        f[0],
        bytes([f[1][0] | 0x80]) + f[1][1:],
    ],
    "the trailer passed off as data": lambda f: [
        *f[:-1],
        bytes([f[-1][0] & 0x7F]) + f[-1][1:],
        f[-1],
    ],
}


@pytest.mark.parametrize("rearrange", REARRANGED.values(), ids=REARRANGED)
def test_frames_cannot_be_rearranged(large, rearrange):
    seal, data = large
    header, frames = frames_of(data)
    with pytest.raises(Damaged, match=r"^part: is tampered with"):
        open_part(header + b"".join(rearrange(frames)), seal, 1, name="part").read()


def test_frames_of_two_writings_of_the_same_part_do_not_mix(large):
    seal, data = large
    again = next(cut((Chunk(noise(1 << 20, n), "c") for n in range(4)), seal, resumable=True))
    header, frames = frames_of(data)
    _, others = frames_of(again.data)
    mixed = header + b"".join([frames[0], others[1], *frames[2:]])
    with pytest.raises(Damaged, match=r"frame 1 does not open"):
        open_part(mixed, seal, 1, name="part").read()


def test_an_encrypted_part_is_not_replaced_by_an_unencrypted_one():
    world, bare = make(KEY), make(None)
    name = "parts/a1/000001"
    world.alter(name, bare.content(name))
    with pytest.raises(Damaged, match="not encrypted, its backup is"):
        read_everything(world.one)


def test_a_part_of_an_earlier_attempt_does_not_stand_in_for_one_of_a_later():
    world = make(KEY)
    data = world.content("parts/a1/000001")
    with pytest.raises(Damaged, match="belongs to 'stream/a1', not 'stream/a2'"):
        open_part(data, world.one.location.seal("stream/a2"), 1, name="part")


def test_reading_from_a_later_part_still_notices_what_is_wrong_with_it(world):
    world.alter("parts/a1/000001", None)
    parts = list(read_parts(world.one.location, world.one.manifest, first=2))
    assert [part.number for part in parts] == [2, 3, 4, 5]
    rest = b"".join(part.read() for part in parts)
    assert world.one.plain.endswith(rest)
    world.alter("parts/a1/000004", None)
    with pytest.raises(Damaged, match=r"000004: is missing"):
        list(read_parts(world.one.location, world.one.manifest, first=2))


@pytest.mark.parametrize("key", [KEY, None], ids=["encrypted", "bare"])
def test_content_that_looks_like_a_trailer_does_not_become_one(key):
    seal = Seal("b-1", "stream/a1", key)
    frames = FrameWriter(seal, 1, lambda: bytes(8))
    trailer = PartTrailer(cursor="", items=0, plain_bytes=0, plain_sha256=sha256(b""), last=True)
    length, sealed = frames.frame(msgspec.json.encode(trailer))
    passed_off = frames.header + bytes([length[0] | 0x80]) + length[1:] + sealed
    with pytest.raises(Damaged, match="its trailer does not open"):
        open_part(passed_off, seal, 1, name="part")


# --- a manifest that lists something else ----------------------------------------------------


def relisted(stored: Stored, parts: list[PartEntry]) -> Manifest:
    """The manifest with other entries instead of those that follow its index objects."""
    indexed = list(entries(stored.manifest, stored.bucket.read))[:2]
    every = [*indexed, *parts]
    return msgspec.structs.replace(
        stored.manifest,
        parts=parts,
        stream_digest=stream_digest(every),
        total_parts=len(every),
        plain_bytes=sum(entry.plain_bytes for entry in every),
        items=sum(entry.items for entry in every),
    )


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"items": 9}, "its content is not what the manifest lists"),
        ({"plain_bytes": 9}, "its content is not what the manifest lists"),
        ({"plain_digest": "0" * 64}, "its content is not what the manifest lists"),
        ({"sha256": "0" * 64}, r"not the object that the manifest lists \(SHA-256\)"),
        ({"crc32c": 9}, r"not the object that the manifest lists \(CRC32C\)"),
        ({"size": 9}, r"not the object that the manifest lists"),
    ],
)
def test_a_part_has_to_be_as_it_is_listed(world, change, wrong):
    first, *rest = world.one.manifest.parts
    manifest = relisted(world.one, [msgspec.structs.replace(first, **change), *rest])
    with pytest.raises(Damaged, match=rf"parts/a1/000003: .*{wrong}"):
        b"".join(read_stream(world.one.location, manifest))


def test_a_list_that_ends_before_the_stream_does_is_noticed(world):
    manifest = relisted(world.one, world.one.manifest.parts[:-1])
    with pytest.raises(Damaged, match="000004: does not end the stream"):
        b"".join(read_stream(world.one.location, manifest))


def test_a_list_that_goes_on_after_the_stream_ended_is_noticed(world):
    last = world.one.manifest.parts[-1]
    more = msgspec.structs.replace(last, number=6, name="parts/a1/000006")
    manifest = relisted(world.one, [*world.one.manifest.parts, more])
    with pytest.raises(Damaged, match="000005: ends the stream too early"):
        b"".join(read_stream(world.one.location, manifest))
