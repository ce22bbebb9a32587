"""Dumps of Redis: whatever is not whole is found, and a source that lies never counts."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.servers import Redis, start_redis
from tests.unit.sources.desk import (
    NOW,
    GivenSecrets,
    backup,
    cut,
    restore,
    run_for,
    world,
)
from tests.unit.sources.redis_desk import check, client, fill, source_of, target_on
from toban.ports.backup import (
    Chunk,
    ContentQuestion,
    Damaged,
    FormatUnchecked,
    Source,
    SourceFailed,
)
from toban.sources.redis import adapter as redis
from toban.sources.redis import rdb


@pytest.fixture(scope="module")
def filled(redis_server: Redis) -> Redis:
    fill(redis_server, 10)
    return redis_server


# --- what never counts -----------------------------------------------------------------------


def test_a_wrong_password_is_final_and_never_shown(redis_server: Redis, tmp_path: Path) -> None:
    secrets = GivenSecrets(URL=redis_server.url("wrong-hunter2"))
    source = redis.source({"url_secret": "URL"}, world(tmp_path, secrets))
    with pytest.raises(SourceFailed, match="WRONGPASS") as caught:
        source.begin(run_for(), None, NOW)
    assert not caught.value.retryable
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in source.identity


def test_during_a_rotation_the_password_that_works_is_used(filled: Redis, tmp_path: Path) -> None:
    secrets = GivenSecrets(URL=[filled.url("not yet"), filled.url()])
    _, dump = backup(redis.source({"url_secret": "URL"}, world(tmp_path, secrets)))
    assert dump.startswith(b"REDIS")


@pytest.mark.parametrize("url", ["http://:hunter2@h", "redis://:hunter2@h:port", "redis://"])
def test_a_malformed_url_is_not_shown(url: str, tmp_path: Path) -> None:
    source = redis.source({"url_secret": "URL"}, world(tmp_path, GivenSecrets(URL=url)))
    with pytest.raises(SourceFailed, match="not a URL of a Redis") as caught:
        source.begin(run_for(), None, NOW)
    assert "hunter2" not in str(caught.value)


def begun(source: Source) -> Iterator[Chunk]:
    """A dump whose first piece has come: a server still busy with another's says so at first."""
    for _ in range(50):
        pieces = source.read(run_for(), source.begin(run_for(), None, NOW), "")
        try:
            first = next(pieces)
        except SourceFailed as failed:
            if not failed.retryable:
                raise
            time.sleep(0.2)
            continue
        assert first
        return pieces
    pytest.fail("the server never began a dump of ours")


def test_a_killed_server_never_counts(redis_server: Redis, tmp_path: Path) -> None:
    with start_redis() as server:
        with client(server) as redis_:
            redis_.call("DEBUG", "POPULATE", 60_000, "k", 600)
            redis_.call("CONFIG", "SET", "rdbcompression", "no")
        source = source_of(server, tmp_path)
        pieces = begun(source)
        server.kill()
        with pytest.raises(SourceFailed) as caught:
            list(pieces)
        assert caught.value.retryable


def test_a_dump_begun_for_another_replica_is_not_taken_for_ours(
    redis_server: Redis, tmp_path: Path
) -> None:
    """A server writing a dump already gives that one to whoever comes meanwhile."""
    with start_redis() as server, client(server) as redis_, client(server) as replica:
        redis_.call("DEBUG", "POPULATE", 100)
        redis_.call("CONFIG", "SET", "rdb-key-save-delay", 25_000)  # it takes 2.5 s
        replica.send(b"SYNC\r\n")
        while redis_.info("persistence")["rdb_bgsave_in_progress"] == "0":
            time.sleep(0.01)
        time.sleep(1.1)  # times in a dump are whole seconds
        redis_.call("SET", "acknowledged", "before our backup began")
        with pytest.raises(SourceFailed, match="older dump") as caught:
            backup(source_of(server, tmp_path))
        assert caught.value.retryable


class Liar:
    """A server on 127.0.0.1 that says what it is told to say."""

    def __init__(self, sync: bytes) -> None:
        self._sync = sync
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        for _ in range(2):
            connection, _ = self._server.accept()
            with connection, connection.makefile("rb") as lines:
                for line in lines:
                    word = line.strip().upper()
                    if word in {b"PING", b"TIME", b"CONFIG", b"SYNC"} or word.startswith(b"INFO"):
                        said = {
                            b"PING": b"+PONG\r\n", b"TIME": b"*2\r\n$9\r\n100000000\r\n$1\r\n0\r\n",
                            b"CONFIG": b"-ERR no\r\n", b"SYNC": self._sync,
                        }.get(word, b"$21\r\nredis_version:6.2.1\r\n\r\n")  # fmt: skip
                        connection.sendall(said)
                        if word == b"SYNC":
                            break

    def close(self) -> None:
        self._thread.join(5)
        self._server.close()


HEAD = b"REDIS0009\xfa\x05ctime\xc2"


def whole(body: bytes) -> bytes:
    body += b"\xff"
    return body + rdb.crc64(body).to_bytes(8, "little")


@pytest.mark.parametrize(
    ("sync", "text", "again"),
    [
        (b"\n\n\n-NOPERM no permissions\r\n", "NOPERM", False),
        (b"-LOADING wait\r\n", "LOADING", True),
        (b"+FULLRESYNC\r\n", "did not answer SYNC", True),
        (b"\n\n$1000\r\nREDIS0009", "closed the connection", True),
        (b"$0\r\n", "no end", True),
        (b"$EOF:short\r\nREDIS", "without saying how it ends", True),
        (b"$EOF:" + b"m" * 40 + b"\r\nREDIS0009 and nothing more", "closed the connection", True),
        (b"$18\r\n" + b"REDIS0009\xff12345678", "checksum", True),
        (b"$9\r\nREDIS0009", "no end", True),
        (
            b"$%d\r\n" % (len(HEAD) + 4 + 9) + whole(HEAD + (99_999_999).to_bytes(4, "little")),
            "older dump",
            True,
        ),
    ],
)
def test_what_a_lying_server_sends_never_counts(
    sync: bytes, text: str, again: bool, tmp_path: Path
) -> None:
    liar = Liar(sync)
    try:
        source = redis.source({"url_secret": "URL"}, world(tmp_path, GivenSecrets(URL=liar.url)))
        with pytest.raises(SourceFailed, match=text) as caught:
            backup(source)
        assert caught.value.retryable is again
    finally:
        liar.close()


# --- the format ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(filled: Redis, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return backup(source_of(filled, tmp_path_factory.mktemp("small")))[1]


@pytest.mark.parametrize("second", [True, False], ids=["with redis-check-rdb", "alone"])
def test_damage_is_found(
    second: bool, small: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not second:
        monkeypatch.setattr(redis.shutil, "which", lambda *_, **__: None)
    check(small, tmp_path)
    for bad in (
        b"", small[:5], small[:9], small[: len(small) // 2], small[:-1], small[:-8], small + b"x",
        b"X" + small[1:], small[:4000] + bytes([small[4000] ^ 1]) + small[4001:],
    ):  # fmt: skip
        with pytest.raises(Damaged):
            check(bad, tmp_path)


def test_every_flipped_byte_is_found(small: bytes, tmp_path: Path) -> None:
    """By our own reader, without the help of the tool."""
    for at in [*range(9, 120), *range(120, len(small), len(small) // 200)]:
        bad = small[:at] + bytes([small[at] ^ 0x55]) + small[at + 1 :]
        trailer = rdb.RdbTrailer()
        trailer.feed(bad)
        assert trailer.problem(), at


def test_every_cut_is_read_the_same(small: bytes) -> None:
    wanted = list(rdb.RdbReader([small], capture=True).entries())
    head = small[:200_000]
    for size in (1, 3, 64, 1000):
        pieces = [*cut(head, size), small[len(head) :]]
        assert list(rdb.RdbReader(pieces, capture=True).entries()) == wanted
        assert len(list(rdb.RdbReader(pieces).entries())) == len(wanted)


def test_without_checksums_the_end_vouches(redis_server: Redis, tmp_path: Path) -> None:
    with start_redis("--rdbchecksum", "no") as server:
        with client(server) as redis_:
            redis_.call("SET", "a", "b")
        snapshot, dump = backup(source_of(server, tmp_path))
        assert snapshot.tools["rdbchecksum"] == "no"
        assert dump.endswith(bytes(8))
        assert check(dump, tmp_path)["keys"] == 1
        with pytest.raises(Damaged):
            check(dump[:-9], tmp_path)
        target = target_on(server, tmp_path, overwrite=True)
        restore(target, dump)
        assert target.ask([ContentQuestion("GET a", "")]) == ["b"]


@pytest.mark.parametrize("body", [b"REDIS0099\x63", b"VALKEY080", b"REDIS0011\xf6"])
def test_a_dump_of_an_unknown_future_is_not_called_damaged(
    body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis.shutil, "which", lambda *_, **__: None)
    with pytest.raises(FormatUnchecked):
        check(whole(body + bytes(20)), tmp_path)


def test_lzf_is_what_redis_compresses_with(redis_server: Redis) -> None:
    with client(redis_server) as redis_:
        for text in (b"ab" * 500, bytes(1000), b"the same and the same and the same" * 9):
            redis_.call("SET", "lzf", text)
            dumped = redis_.call("DUMP", "lzf")
            assert dumped[1] == 0xC3
            reader = rdb.RdbReader([dumped[1:]])
            assert reader._string() == text
        redis_.call("DEL", "lzf")
    with pytest.raises(Damaged):
        rdb.unpack(b"\xe0\xff\xff", 10)


def test_redis_check_rdb_agrees(small: bytes, tmp_path: Path) -> None:
    path = tmp_path / "dump.rdb"
    path.write_bytes(small)
    said = subprocess.run(
        ["redis-check-rdb", path], capture_output=True, check=True
    ).stdout.decode()
    assert f"{check(small, tmp_path)['keys']} keys read" in said
