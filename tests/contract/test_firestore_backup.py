"""Firestore read by a scan, on the real emulator; and what is wrong with a damaged stream."""

from __future__ import annotations

import itertools
import socket
import struct
import threading
from collections.abc import Iterator
from concurrent import futures
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from tests.contract.firestore_data import (
    NOW,
    Documents,
    make_source,
    make_target,
    many_kinds,
    no_fetch,
    parts_of,
    read,
    run,
    taken,
    text,
    world,
)
from toban.ports.backup import Damaged, SourceFailed
from toban.sources.firestore import adapter as firestore
from toban.sources.firestore import database as firestore_database
from toban.sources.firestore import stream as firestore_stream

MIB = 1024 * 1024


@pytest.fixture
def filled(firestore_emulator, project):
    """A database that holds something of everything."""
    documents = Documents(firestore_emulator, project)
    documents.write(many_kinds(documents.root))
    return documents


def test_pieces_are_small_and_a_large_document_ends_in_the_last_of_its_pieces(
    firestore_emulator, project, filled
):
    source = make_source(firestore_emulator, project)
    pieces = taken(source)
    assert max(len(piece.data) for piece in pieces) <= MIB
    assert source.resumable
    # A document of single booleans is several times as large as a message.
    many = Documents(firestore_emulator, f"{project}-b")

    def booleans(fields):
        for _ in range(300_000):
            fields["a"].array_value.values.add(boolean_value=True)

    many.write([("big/1", booleans), ("big/2", text("after it"))])
    pieces = taken(make_source(firestore_emulator, f"{project}-b"))
    assert max(len(piece.data) for piece in pieces) <= MIB
    assert [piece.items for piece in pieces if piece.cursor is None][:-1] == [0]
    records = list(firestore_stream.split(piece.data for piece in pieces))
    assert len(records) == 4
    for at, piece in enumerate(pieces):
        if piece.cursor is not None:
            list(firestore_stream.split(each.data for each in pieces[: at + 1]))  # whole records


def test_interrupted_after_any_piece_it_goes_on_to_the_same_bytes(
    firestore_emulator, project, filled, monkeypatch
):
    monkeypatch.setattr(firestore, "FULL", 1)  # a piece for each document
    source = make_source(firestore_emulator, project)
    this = run(world(""))
    snapshot = source.begin(this, None, NOW)
    whole = read(source, this, snapshot)
    assert len(whole) == len(filled.all()) + 1  # and the end
    # What happens meanwhile does not matter.
    filled.delete(["users/u1", "odd/中"])
    filled.write([("aaa/new", text("new")), ("zzz/new", text("new")), ("empty/nothing", text("x"))])
    for at, piece in enumerate(whole):
        if piece.cursor is None:
            continue
        again = make_source(firestore_emulator, project)
        rest = read(again, this, again.begin(this, snapshot, NOW), piece.cursor)
        assert b"".join(p.data for p in [*whole[: at + 1], *rest]) == b"".join(
            p.data for p in whole
        )
        assert sum(p.items for p in [*whole[: at + 1], *rest]) == sum(p.items for p in whole)


def test_writes_during_the_scan_are_not_seen(firestore_emulator, project, filled, monkeypatch):
    monkeypatch.setattr(firestore_database, "PAGE", 5)
    monkeypatch.setattr(firestore, "FULL", 1)
    before = filled.contents()
    source = make_source(firestore_emulator, project)
    this = run(world(""))
    pieces, names = [], iter(range(1000))
    snapshot = source.begin(this, None, NOW)
    for piece in source.read(this, snapshot, ""):
        pieces.append(piece)
        filled.write([("zzz/late", text(str(next(names)))), ("users/u1", text("changed"))])
        filled.delete(["types/all", "日本/x"])
    target = make_target(firestore_emulator, project)
    target.prepare(fresh=True)
    list(target.load(iter(parts_of(pieces)), no_fetch))
    assert Documents(firestore_emulator, project, "staging").contents() == before


def test_the_snapshot_is_a_time_of_the_server_and_stays_when_asked_again(
    firestore_emulator, project, filled
):
    source = make_source(firestore_emulator, project)
    this = run(world(""))
    newest = max(message.update_time.ToMicroseconds() for message in filled.all().values())
    snapshot = source.begin(this, None, NOW)
    assert snapshot.ready
    assert snapshot.at >= datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=newest)
    assert source.begin(this, snapshot, NOW) == snapshot
    assert source.identity == f"firestore://{project}/(default)"


class CuttingProxy:
    """Forwards TCP, and cuts each connection after so many bytes of the server's."""

    def __init__(self, upstream: str, allowances: Iterator[int]) -> None:
        host, _, port = upstream.rpartition(":")
        self._upstream = (host, int(port))
        self._allowances = allowances
        self.cut = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            server = socket.create_connection(self._upstream)
            allowance = next(self._allowances)
            threading.Thread(target=self._pump, args=(client, server, 1 << 60), daemon=True).start()
            threading.Thread(
                target=self._pump, args=(server, client, allowance), daemon=True
            ).start()

    def _pump(self, one: socket.socket, other: socket.socket, allowance: int) -> None:
        try:
            while allowance > 0 and (block := one.recv(16_384)):
                other.sendall(block)
                allowance -= len(block)
        except OSError:
            pass
        if allowance <= 0:
            self.cut += 1
        for each in (one, other):
            try:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def close(self) -> None:
        self._server.close()


def test_a_stream_that_breaks_goes_on_after_the_last_document(firestore_emulator, project, filled):
    expected = b"".join(piece.data for piece in taken(make_source(firestore_emulator, project)))
    read_time = firestore_stream.read_note(next(firestore_stream.split([expected])))["read_time"]
    proxy = CuttingProxy(
        firestore_emulator, itertools.chain([60_000, 700_000, 1_300_000], itertools.repeat(1 << 60))
    )
    source = make_source(proxy.address, project)
    this = run(world(""))
    snapshot = source.begin(this, None, NOW)
    snapshot = type(snapshot)(datetime.fromisoformat(read_time), tools=snapshot.tools)
    assert b"".join(piece.data for piece in source.read(this, snapshot, "")) == expected
    assert proxy.cut == 3
    proxy.close()


def _server_that_answers(code: grpc.StatusCode, message: str):
    """A Firestore whose queries fail."""

    def fail(request: bytes, context: grpc.ServicerContext):
        context.abort(code, message)

    handler = grpc.method_handlers_generic_handler(
        "google.firestore.v1.Firestore",
        {"RunQuery": grpc.unary_stream_rpc_method_handler(fail)},
    )
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("code", "message", "again", "says"),
    [
        (
            grpc.StatusCode.FAILED_PRECONDITION,
            "The requested snapshot version is too old.",
            True,
            "point-in-time recovery",
        ),
        (grpc.StatusCode.PERMISSION_DENIED, "Missing permissions.", False, "Missing permissions"),
        (grpc.StatusCode.NOT_FOUND, "The database does not exist", False, "does not exist"),
        (grpc.StatusCode.UNAVAILABLE, "Come back later", True, "Come back later"),
    ],
)
def test_what_cannot_be_read_says_why_and_whether_to_try_again(
    code, message, again, says, project, monkeypatch
):
    monkeypatch.setattr(firestore_database, "_WAIT_S", 0.001)
    server, address = _server_that_answers(code, message)
    source = make_source(address, project)
    snapshot = firestore.SourceSnapshot(at=NOW)
    try:
        with pytest.raises(SourceFailed, match=says) as failure:
            read(source, run(world("")), snapshot)
        assert failure.value.retryable is again
    finally:
        server.stop(0)


def test_damage_is_told(firestore_emulator, project, filled):
    data = b"".join(piece.data for piece in taken(make_source(firestore_emulator, project)))
    check = firestore.format_(world("")).check
    records = [firestore_stream.delimited(r) for r in firestore_stream.split([data])]
    assert b"".join(records) == data
    assert check(iter(records), no_fetch)["documents"] == len(records) - 2

    def damaged(stream: bytes) -> str:
        with pytest.raises(Damaged) as damage:
            check(iter([stream[at : at + MIB] for at in range(0, len(stream), MIB)]), no_fetch)
        return str(damage.value)

    assert "end" in damaged(data[:-1])
    assert "within a record" in damaged(data[: len(data) // 2])
    assert "without its end" in damaged(b"".join(records[:-1]))
    assert "comes after" in damaged(b"".join([*records[:5], records[6], records[5], *records[7:]]))
    assert "comes after" in damaged(b"".join([*records[:5], records[4], *records[5:]]))
    assert "there are" in damaged(b"".join([*records[:5], *records[6:]]))
    assert "follows" in damaged(data + records[3])
    assert "header" in damaged(b"".join(records[1:]))
    assert damaged(b"")
    step = len(data) // 100
    for at in [*range(200), *range(200, len(data), step), *range(len(data) - 60, len(data))]:
        flipped = bytearray(data)
        flipped[at] ^= 1 << (at % 8)
        assert damaged(bytes(flipped)), f"a flip of byte {at} went unseen"
