"""What a Firestore backup is written with, and how fast a database in the cloud may be loaded."""

from __future__ import annotations

import pytest

from toban.ports.backup import Damaged
from toban.sources.firestore import stream as firestore_stream
from toban.sources.firestore.restore import allowed_per_second


@pytest.mark.parametrize(
    ("elapsed", "allowed"),
    [(-5, 500), (0, 500), (299.9, 500), (300, 750), (599, 750), (600, 1125), (1200, 2531)],
)
def test_writes_follow_the_500_50_5_rule(elapsed, allowed):
    assert allowed_per_second(elapsed) == allowed


def test_ten_minutes_allow_375_thousand_documents():
    assert sum(allowed_per_second(second) for second in range(600)) == 375_000


def test_names_sort_as_firestore_sorts_them():
    ordered = [
        "b/\uff5e", "b/\U0001f600", "c/__id-3__", "c/__id7__", "c/__id10__", "c/!", "c/10", "c/9",
        "c/a", "c/a/b/c", "c/a b", "c/a-", "c/\ue000", "c /q", "c!/1",
    ]  # fmt: skip
    assert sorted([*ordered[7:], *ordered[:7]], key=firestore_stream.order) == ordered


def test_a_document_is_always_written_in_the_same_bytes():
    names = [f"field{n}" for n in range(50)]
    written = set()
    for order in (names, names[::-1], names[25:] + names[:25]):
        message = firestore_stream.Document(name="projects/p/databases/d/documents/a/b")
        for name in order:
            message.fields[name].integer_value = 1
        written.add(firestore_stream.document(message))
    assert len(written) == 1


@pytest.mark.parametrize("step", [1, 2, 3, 127, 4096])
def test_records_come_out_however_the_stream_is_cut(step):
    records = [b"x", b"y" * 127, b"z" * 128, b"{}" * 10_000]
    data = b"".join(map(firestore_stream.delimited, records))
    chunks = [data[at : at + step] for at in range(0, len(data), step)]
    assert list(firestore_stream.split(chunks)) == records


@pytest.mark.parametrize(
    "data", [b"\x00", b"\xff\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x05abc"]
)
def test_an_impossible_length_is_damage(data):
    with pytest.raises(Damaged):
        list(firestore_stream.split([data]))
