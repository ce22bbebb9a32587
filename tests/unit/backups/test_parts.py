"""A stream cut into parts: complete, bounded, sealed, and resumable at every part's end."""

import itertools
import os
import random
import tracemalloc
from collections.abc import Iterator

import google_crc32c
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.backups.locations import KEY, PART_BYTES, from_cursor, noise, sha256, stream
from toban.backups.storage.frames import (
    MAX_PART,
    MAX_PLAIN,
    FrameWriter,
    PartTrailer,
    Seal,
    random_nonce,
)
from toban.backups.storage.parts import OVERHEAD, SMALLEST, Part, cut, open_part
from toban.backups.storage.parts import PART_BYTES as FULL
from toban.ports.backup import Chunk, Damaged, SourceFailed

MIB = 1024 * 1024
SEAL = Seal("b-1", "stream/a1", KEY)
BARE = Seal("b-1", "stream/a1", None)
seals = pytest.mark.parametrize("seal", [SEAL, BARE], ids=["encrypted", "bare"])


def opened(part: Part, seal: Seal = SEAL) -> bytes:
    return open_part(part.data, seal, part.number, name=f"part {part.number}").read()


def whole(parts: list[Part], seal: Seal = SEAL) -> bytes:
    return b"".join(opened(part, seal) for part in parts)


def plain(pieces: list[Chunk]) -> bytes:
    return b"".join(piece.data for piece in pieces)


# --- round trips -----------------------------------------------------------------------------

contents = st.one_of(
    st.binary(max_size=3000),
    st.builds(
        lambda unit, times: unit * times, st.binary(min_size=1, max_size=9), st.integers(0, 900)
    ),
    st.builds(noise, st.integers(0, 9000), st.integers()),
)
some_pieces = st.lists(
    st.builds(Chunk, contents, st.sampled_from([None, "", "here"]), st.integers(0, 3)), max_size=12
)


@settings(deadline=None, max_examples=80)
@given(some_pieces, st.integers(SMALLEST, 30_000), st.booleans())
def test_any_stream_comes_back_however_it_is_cut(pieces, part_bytes, encrypted):
    seal = SEAL if encrypted else BARE
    parts = list(cut(iter(pieces), seal, resumable=False, part_bytes=part_bytes))
    assert whole(parts, seal) == plain(pieces)
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert sum(part.items for part in parts) == sum(piece.items for piece in pieces)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3000), st.booleans()), max_size=25),
    st.integers(4 * SMALLEST, 60_000),
)
def test_going_on_from_any_part_gives_the_rest_of_the_stream(sizes, part_bytes):
    # A cursor after every second piece, so that a part's end may have to wait for one.
    pieces = [
        Chunk(noise(size, n) if dense else b"x" * size, str(n + 1) if n % 2 else None, 1)
        for n, (size, dense) in enumerate(sizes)
    ]
    parts = list(cut(iter(pieces), SEAL, resumable=True, part_bytes=part_bytes))
    for part in parts[:-1]:
        rest = cut(
            from_cursor(pieces, part.cursor),
            SEAL,
            first=part.number + 1,
            resumable=True,
            part_bytes=part_bytes,
        )
        told = [(p.number, p.plain_sha256, p.cursor, p.items, p.last) for p in rest]
        assert told == [
            (p.number, p.plain_sha256, p.cursor, p.items, p.last) for p in parts[part.number :]
        ]


@seals
def test_a_part_tells_what_it_holds(seal):
    pieces = stream("told", pieces=9)
    first, *_, last = cut(iter(pieces), seal, resumable=True, part_bytes=PART_BYTES)
    content = opened(first, seal)
    assert (first.plain_bytes, first.plain_sha256) == (len(content), sha256(content))
    assert (first.size, first.sha256) == (len(first.data), sha256(first.data))
    assert first.crc32c == google_crc32c.value(first.data)
    assert content + plain(pieces[int(first.cursor) :]) == plain(pieces)
    assert (last.last, last.cursor) == (True, "")


@seals
def test_an_empty_stream_is_one_part(seal):
    (part,) = cut(iter([]), seal, resumable=True)
    assert (part.number, part.plain_bytes, part.items, part.last) == (1, 0, 0, True)
    assert opened(part, seal) == b""


def test_a_stream_may_end_without_a_cursor():
    parts = list(cut(iter([Chunk(b"a", "1"), Chunk(b"b")]), SEAL, resumable=True))
    assert whole(parts) == b"ab"


def test_a_found_part_is_as_the_one_that_was_cut():
    for part in cut(iter(stream("found")), SEAL, resumable=True, part_bytes=PART_BYTES):
        assert open_part(part.data, SEAL, part.number, name="x").as_part() == part


def test_a_source_that_fails_leaves_no_last_part():
    def failing() -> Iterator[Chunk]:
        yield from stream("failing", pieces=8)
        raise SourceFailed("pg_dump ended with 1", retryable=True)

    parts = cut(failing(), SEAL, resumable=True, part_bytes=PART_BYTES)
    got = []
    with pytest.raises(SourceFailed, match="ended with 1"):
        got.extend(iter(lambda: next(parts), None))
    assert not any(part.last for part in got)


# --- limits ----------------------------------------------------------------------------------


@seals
def test_no_part_is_larger_than_eight_mib_and_all_but_the_last_are_nearly_full(seal):
    pieces = [Chunk(os.urandom(MIB), str(n)) for n in range(20)]
    *full, _ = cut(iter(pieces), seal, resumable=True)
    assert all(6.5 * MIB < part.size <= MAX_PART for part in full)
    assert len(full) == 2


@pytest.mark.parametrize("seed", range(4))
def test_where_every_piece_has_a_cursor_no_mixture_of_data_grows_too_large(seed):
    chance = random.Random(seed)

    def piece(number: int) -> Chunk:
        size = chance.choice([chance.randrange(MIB), chance.randrange(3000), MIB])
        units = [os.urandom(size), (os.urandom(1 + size // 50) * 50)[:size], b"x" * size]
        return Chunk(chance.choice(units), str(number + 1), 1)

    pieces = [piece(number) for number in range(25)]
    limit = chance.choice([MIB * 3 // 2, 3 * MIB, FULL])
    parts = list(cut(iter(pieces), BARE, resumable=True, part_bytes=limit))
    assert whole(parts, BARE) == plain(pieces)
    assert max(part.size for part in parts) <= limit + OVERHEAD


def test_a_group_that_just_fits_between_two_cursors_is_one_part():
    size = FULL - 40_000
    blocks = [Chunk(noise(size // 8, n), "next" if n % 8 == 7 else None) for n in range(16)]
    parts = list(cut(iter(blocks), SEAL, resumable=True))
    assert [part.plain_bytes for part in parts] == [size // 8 * 8] * 2
    assert all(part.size <= MAX_PART for part in parts)


def test_a_source_without_cursors_is_told_what_is_missing():
    with pytest.raises(SourceFailed, match="gave no cursor within"):
        list(cut((Chunk(os.urandom(MIB)) for _ in range(10)), SEAL, resumable=True))


def test_what_compresses_well_needs_no_cursor_every_eight_mib():
    pieces = [Chunk(bytes(MIB), "end" if n == 29 else None, 1) for n in range(30)]
    (part,) = cut(iter(pieces), SEAL, resumable=True)
    assert (part.plain_bytes, part.items) == (30 * MIB, 30)


@pytest.mark.parametrize("resumable", [True, False])
def test_however_well_it_compresses_a_part_holds_no_more_than_64_mib(resumable):
    parts = list(cut((Chunk(bytes(MIB), "c") for _ in range(100)), SEAL, resumable=resumable))
    assert [part.plain_bytes for part in parts] == [MAX_PLAIN, 36 * MIB]


def test_pieces_larger_than_promised_are_cut_down():
    big = noise(3 * MIB + 5, "big")
    parts = list(cut(iter([Chunk(big, "1", 1)]), SEAL, resumable=True))
    assert whole(parts) == big
    opening = open_part(parts[0].data, SEAL, 1, name="x")
    assert max(len(some) for some in opening.pieces()) <= MIB


@pytest.mark.parametrize("size", [0, SMALLEST - 1, FULL + 1])
def test_a_size_of_parts_that_is_impossible_is_refused(size):
    with pytest.raises(ValueError, match="are possible"):
        next(cut(iter([]), SEAL, resumable=True, part_bytes=size))


def test_memory_does_not_grow_with_the_stream():
    def peak(mib: int) -> int:
        tracemalloc.start()
        try:
            for part in cut(
                (Chunk(os.urandom(MIB), "c") for _ in range(mib)), SEAL, resumable=True
            ):
                for _ in open_part(part.data, SEAL, part.number, name="x").pieces():
                    pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = peak(20), peak(64)
    assert large < 1.1 * small
    assert large < 4 * MAX_PART


# --- sealing ---------------------------------------------------------------------------------


def test_two_backups_of_the_same_share_no_byte_that_tells():
    pieces = stream("same", pieces=3)
    one, other = (next(cut(iter(pieces), SEAL, resumable=True)) for _ in range(2))
    assert one.plain_sha256 == other.plain_sha256
    assert one.data[-200:] != other.data[-200:]


def test_every_frame_has_a_nonce_and_key_of_its_own(monkeypatch):
    used = []

    class Noting:
        def __init__(self, key: bytes) -> None:
            self.key = key

        def encrypt(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
            used.append((self.key, nonce))
            return data + bytes(16)

    monkeypatch.setattr("toban.backups.storage.frames.AESGCM", Noting)
    for name in ("stream/a1", "stream/a2", "objects/x"):
        # The worst case: the source of randomness always gives the same.
        list(
            cut(
                (Chunk(os.urandom(MIB), "c") for _ in range(20)),
                Seal("b-1", name, KEY),
                resumable=True,
                nonce=lambda: bytes(8),
            )
        )
    assert len(used) == len(set(used)) > 60


def test_nonces_are_random():
    assert len({random_nonce() for _ in range(1000)}) == 1000
    assert len(random_nonce()) == 8


def test_a_bad_key_or_nonce_is_refused():
    with pytest.raises(ValueError, match="32 bytes, not 16"):
        Seal("b-1", "s", bytes(16))
    with pytest.raises(ValueError, match="8 bytes, not 7"):
        next(cut(iter([]), SEAL, resumable=True, nonce=lambda: bytes(7)))


def test_no_key_is_ever_shown():
    part = next(cut(iter(stream("shown", pieces=2)), SEAL, resumable=True))
    opening = open_part(part.data, SEAL, 1, name="x")
    shown = f"{SEAL!r} {SEAL} {part!r} {opening!r} {opening.trailer!r}"
    with pytest.raises(Damaged) as caught:
        open_part(part.data, Seal("b-1", "stream/a1", bytes(32)), 1, name="x")
    shown += repr(caught.value)
    assert repr(KEY)[2:-1] not in shown
    assert KEY.hex() not in shown
    assert repr(bytes(32))[2:-1] not in shown


# --- what is opened is not trusted -----------------------------------------------------------


def forged(content: bytes, *, claimed: int, seal: Seal = BARE) -> bytes:
    """A part whose frames are in order but whose content is not what its trailer says."""
    frames = FrameWriter(seal, 1, random_nonce)
    trailer = PartTrailer(
        cursor="", items=0, plain_bytes=claimed, plain_sha256=sha256(b"nothing"), last=True
    )
    stretches = [frames.header, *frames.frame(content), *frames.trailer(trailer)]
    return b"".join(stretches)


def compressed(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize(
    ("content", "claimed", "wrong"),
    [
        (compressed(b"some"), 4, "another SHA-256"),
        (compressed(bytes(50 * MIB)), 10, "unpacks to more than its 10 bytes"),
        (compressed(b"some"), 5, "unpacks to 4 bytes instead of 5"),
        (compressed(b"some")[:-2], 4, "unpacks to|decompressed"),
        (b"no zstd at all", 4, "cannot be decompressed"),
        (compressed(b"some") + b"more", 4, "cannot be decompressed"),
        (compressed(b"some") + compressed(b"more"), 4, "unpacks to more than its 4 bytes"),
        (compressed(b"some"), MAX_PLAIN + 1, "more than allowed"),
        (compressed(b"some"), -1, "would unpack to -1 bytes"),
    ],
)
@seals
def test_content_that_is_not_what_the_trailer_says_is_damage(seal, content, claimed, wrong):
    with pytest.raises(Damaged, match=f"^the part: .*({wrong})"):
        open_part(forged(content, claimed=claimed, seal=seal), seal, 1, name="the part").read()


def test_a_small_object_cannot_take_much_memory():
    bomb = compressed(bytes(200 * MIB))
    tracemalloc.start()
    try:
        with pytest.raises(Damaged, match="more than its 1 bytes"):
            open_part(forged(bomb, claimed=1), BARE, 1, name="x").read()
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()


def test_every_flipped_bit_is_noticed():
    (part,) = cut(iter([Chunk(b"content", None, 1)]), SEAL, resumable=True)
    for at, bit in itertools.product(range(part.size), range(8)):
        data = bytearray(part.data)
        data[at] ^= 1 << bit
        with pytest.raises(Damaged, match=r"^x: "):
            open_part(bytes(data), SEAL, 1, name="x").read()


def test_every_truncation_is_noticed():
    (part,) = cut(iter([Chunk(b"content", None, 1)]), BARE, resumable=True)
    for size in range(part.size):
        with pytest.raises(Damaged, match=r"^x: "):
            open_part(part.data[:size], BARE, 1, name="x").read()
