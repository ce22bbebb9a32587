"""A source may ask that a part ends, because reaching it took long."""

from toban.backups.storage.frames import Seal
from toban.backups.storage.parts import cut, open_part
from toban.ports.backup import Chunk

SEAL = Seal("b-1", "stream/a1", None)


def contents(pieces):
    parts = list(cut(iter(pieces), SEAL, resumable=True))
    return [(open_part(p.data, SEAL, p.number, name="p").read(), p.cursor, p.last) for p in parts]


def test_a_part_ends_where_the_source_asks_for_it():
    pieces = [Chunk(b"a", "1"), Chunk(b"b", "2", ends_part=True), Chunk(b"c", "3")]

    assert contents(pieces) == [(b"ab", "2", False), (b"c", "", True)]


def test_a_stream_that_ends_there_has_an_empty_last_part():
    [first, last] = contents([Chunk(b"a", "1", ends_part=True)])

    assert first == (b"a", "1", False)
    assert (last[0], last[2]) == (b"", True)


def test_no_part_ends_where_reading_could_not_go_on():
    [only] = contents([Chunk(b"a", ends_part=True), Chunk(b"b", "2")])

    assert only == (b"ab", "", True)
