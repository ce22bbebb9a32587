"""Redis: dumps of a real server over the replication protocol, loaded back into another."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.servers import Redis, start_redis
from tests.unit.sources.desk import (
    NOW,
    GivenSecrets,
    backup,
    cut,
    no_objects,
    restore,
    run_for,
    world,
)
from tests.unit.sources.redis_desk import (
    check,
    client,
    content_of,
    dump_of,
    expiring,
    fill,
    self_signed,
    source_of,
    target_on,
)
from toban.local.emulated.emulators import free_port
from toban.ports.backup import (
    ContentQuestion,
    Room,
    SourceFailed,
    TargetFailed,
)
from toban.sources.redis import adapter as redis
from toban.sources.redis.loading.only import fits


@pytest.fixture(scope="module")
def filled(redis_server: Redis) -> Redis:
    fill(redis_server, 100_000)
    return redis_server


@pytest.fixture(scope="module")
def data(filled: Redis, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return backup(source_of(filled, tmp_path_factory.mktemp("data")))[1]


@pytest.fixture(scope="module")
def other(redis_server: Redis) -> Iterator[Redis]:
    with start_redis() as server:
        yield server


@pytest.fixture
def empty(other: Redis) -> Redis:
    with client(other) as redis_:
        redis_.call("FLUSHALL")
        redis_.call("FUNCTION", "FLUSH")
        redis_.call("CONFIG", "SET", "masterauth", "its own secret")
    return other


@pytest.fixture(scope="module")
def wanted(filled: Redis, data: bytes) -> dict[tuple[int, bytes], object]:
    return content_of(filled)


@pytest.mark.parametrize("through", ["replication", "keys"])
def test_every_type_comes_back_equal(
    through: str, wanted: dict[Any, Any], filled: Redis, empty: Redis, data: bytes, tmp_path: Path
) -> None:
    counts = check(data, tmp_path)
    assert counts["bytes"] == len(data)
    lasting, passing = expiring(filled)
    assert counts["keys"] == lasting + passing > 100_000
    assert counts["lasting_keys"] == lasting
    assert counts["db9_lasting_keys"] == 1

    target = target_on(empty, tmp_path, through=through)
    yielded = restore(target, data)
    assert len(yielded) == len(list(cut(data)))
    assert sum(yielded) == counts["keys"]
    assert content_of(empty) == wanted
    assert target.counts() == {k: v for k, v in counts.items() if "lasting" in k}
    with client(empty) as redis_:
        assert redis_.call("FCALL", "f", 0) == 7
        assert redis_.info("replication")["role"] == "master"
        assert redis_.call("CONFIG", "GET", "masterauth")[1] == b"its own secret"
        assert redis_.call("CONFIG", "GET", "masteruser")[1] == b""

    restore(target, data)  # again: it is ours, so it is emptied first
    assert target.counts() == {k: v for k, v in counts.items() if "lasting" in k}
    target.discard()
    target.discard()
    with client(empty) as redis_:
        assert redis_.info("keyspace") == {}


def test_a_snapshot_names_time_and_version(filled: Redis, tmp_path: Path) -> None:
    snapshot = source_of(filled, tmp_path).begin(run_for(), None, NOW)
    assert abs(snapshot.at - datetime.now(UTC)) < timedelta(minutes=5)
    assert snapshot.tools["redis"].count(".") == 2


def test_a_framed_dump_is_read_as_well(filled: Redis, data: bytes, tmp_path: Path) -> None:
    """With ``repl-diskless-sync`` a replica that can is sent ``$EOF:<mark>`` instead of a length."""
    with client(filled) as redis_:
        redis_.call("CONFIG", "SET", "repl-diskless-sync-delay", 0)
        redis_.call("REPLCONF", "capa", "eof")
        framed = b"".join(redis.transfer(redis_, "7.0"))
    assert check(framed, tmp_path)["keys"] == check(data, tmp_path)["keys"]


def test_a_dump_is_one_moment_while_others_write(
    filled: Redis, empty: Redis, tmp_path: Path
) -> None:
    """Transfers in transactions keep a sum; the dump must hold exactly that sum."""
    names = [f"account:{i}" for i in range(40)]
    stop = threading.Event()

    def move() -> None:
        with client(filled) as redis_:
            turn = 0
            while not stop.is_set():
                turn += 1
                redis_.call("MULTI")
                redis_.call("DECRBY", names[turn % 40], turn)
                redis_.call("INCRBY", names[(turn * 7 + 1) % 40], turn)
                redis_.call("EXEC")

    with client(filled) as redis_:
        for name in names:
            redis_.call("SET", name, 1000)
    mover = threading.Thread(target=move)
    mover.start()
    try:
        time.sleep(0.2)
        _, dump = backup(source_of(filled, tmp_path))
    finally:
        stop.set()
        mover.join()
        with client(filled) as redis_:
            redis_.call("DEL", *names)
    target = target_on(empty, tmp_path)
    restore(target, dump)
    amounts = [int(a) for a in target.ask([ContentQuestion(f"GET {name}", "") for name in names])]
    assert sum(amounts) == 40_000
    assert len(set(amounts)) > 1
    target.discard()


def test_questions_only_read(empty: Redis, tmp_path: Path) -> None:
    with client(empty) as redis_:
        redis_.call("SET", "名前", "太郎")
        redis_.call("SELECT", 2)
        redis_.call("RPUSH", "l", "a", "b")
    target = target_on(empty, tmp_path)
    asked = ["DBSIZE", "get 名前", "GET nothing", "2: LRANGE l 0 -1", "2: dbsize"]
    assert target.ask([ContentQuestion(q, "") for q in asked]) == ["1", "太郎", "nil", "a\nb", "1"]
    for bad in ["FLUSHALL", "SET a b", "EVAL 'return 1' 0", "", "2:", "GET 'open", "CONFIG GET *"]:
        with pytest.raises(TargetFailed, match="not a"):
            target.ask([ContentQuestion(bad, "")])
    with pytest.raises(TargetFailed, match="WRONGTYPE"):
        target.ask([ContentQuestion("2: GET l", "")])


def test_in_a_function_nobody_can_reach_us_so_keys_are_restored_one_by_one(
    empty: Redis, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toban.sources.redis.loading.master.ARRIVAL_S", 0.0)
    secrets = GivenSecrets(URL=empty.url())
    target = redis.target(
        {"url_secret": "URL", "restore_id": "test-1", "purpose": "test"},
        world(tmp_path, secrets, environ={"K_SERVICE": "run_restore_step"}),
    )
    assert sum(restore(target, data)) > 100_000
    target.discard()


def test_a_user_that_may_only_replicate_is_enough(filled: Redis, tmp_path: Path) -> None:
    with client(filled) as redis_:
        allowed = ("+ping", "+info", "+time", "+sync", "+replconf")
        redis_.call("ACL", "SETUSER", "backup", "reset", "on", ">its own: secret", *allowed)
    url = f"redis://backup:its%20own%3A%20secret@{filled.host}:{filled.port}"
    _, dump = backup(redis.source({"url_secret": "URL"}, world(tmp_path, GivenSecrets(URL=url))))
    assert check(dump, tmp_path)["keys"] > 100_000


def test_tls_is_spoken_and_the_certificate_checked(redis_server: Redis, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    port = free_port()
    options = ("--tls-port", str(port), "--tls-cert-file", certificate, "--tls-key-file", key)
    with start_redis(*options, "--tls-auth-clients", "no") as server:
        with client(server) as redis_:
            redis_.call("SET", "a", "b")
        plain = server.url().replace(str(server.port), str(port))
        url = plain.replace("redis://", "rediss://")
        trusted = GivenSecrets(URL=f"{url}?ssl_ca_certs={certificate}")
        _, dump = backup(redis.source({"url_secret": "URL"}, world(tmp_path, trusted)))
        target = redis.target(
            {"url_secret": "URL", "overwrite": True, "through": "keys"}, world(tmp_path, trusted)
        )
        restore(target, dump)
        assert target.ask([ContentQuestion("GET a", "")]) == ["b"]
        for wrong in (url, plain):
            source = redis.source({"url_secret": "URL"}, world(tmp_path, GivenSecrets(URL=wrong)))
            with pytest.raises(SourceFailed):
                source.begin(run_for(), None, NOW)


# --- targets that are not ours ---------------------------------------------------------------


@pytest.mark.parametrize("through", ["replication", "keys"])
def test_data_of_others_are_left_alone(
    through: str, empty: Redis, data: bytes, tmp_path: Path
) -> None:
    with client(empty) as redis_:
        redis_.call("SET", "precious", 1)
    target = target_on(empty, tmp_path, through=through)
    with pytest.raises(TargetFailed, match="no restore test of ours"):
        target.prepare(fresh=True)
    with pytest.raises(TargetFailed, match="did not put there"):
        target.discard()
    assert target.ask([ContentQuestion("GET precious", "")]) == ["1"]

    restore(target_on(empty, tmp_path, through=through, overwrite=True), data)
    assert target.ask([ContentQuestion("GET precious", "")]) == ["nil"]
    target.discard()


def test_some_keys_come_back_and_nothing_else_is_touched(
    empty: Redis, redis_server: Redis, tmp_path: Path
) -> None:
    with client(empty) as redis_:
        for db, key in ((0, "cart:1"), (0, "cart:2"), (0, "user:1"), (3, "cart:9"), (3, "x")):
            redis_.call("SELECT", db)
            redis_.call("SET", key, "before")
        redis_.call(
            "FUNCTION", "LOAD", "#!lua name=old\nredis.register_function('f', function() end)"
        )
        data = dump_of(empty, tmp_path)
        redis_.call("FUNCTION", "FLUSH")
        redis_.call("SELECT", 0)
        redis_.call("SET", "user:1", "since")
        redis_.call("SET", "cart:1", "since")
        redis_.call("DEL", "cart:2")

    told = redis.format_(world(tmp_path, GivenSecrets())).select(cut(data), ["cart:*"])
    assert told.comes == {"keys in db0": 2, "keys in db3": 1}
    assert told.left_out == {"keys in db0": 1, "keys in db3": 1, "function libraries": 1}

    options = {"only": "cart:*", "purpose": "recovery"}
    with pytest.raises(TargetFailed, match="overwrite=true"):
        restore(target_on(empty, tmp_path, **options), data)
    target = target_on(empty, tmp_path, **options, overwrite=True)
    restore(target, data)
    target.release()
    asked = ("GET cart:1", "GET cart:2", "GET user:1", "3: GET cart:9", "DBSIZE")
    answers = target.ask([ContentQuestion(query, "") for query in asked])
    assert answers == ["before", "before", "since", "before", "3"]
    with client(empty) as redis_:
        assert redis_.call("FUNCTION", "LIST") == []
    with pytest.raises(TargetFailed, match="the backup holds no 'cart:8'"):
        restore(
            target_on(empty, tmp_path, **{**options, "only": "cart:1,cart:8"}, overwrite=True), data
        )
    with pytest.raises(ValueError, match="key by key"):
        target_on(empty, tmp_path, only="a", through="replication")
    with client(empty) as redis_:
        redis_.call("FLUSHALL")


@pytest.mark.parametrize(
    ("pattern", "key", "is_meant"),
    [
        ("cart:*", "cart:1", True), ("cart:*", "carts", False), ("c?rt", "cart", True), ("c?rt", "crt", False),
        ("k[a-c]", "kb", True), ("k[a-c]", "kd", False), ("k[^a]", "kb", True), ("k[^a]", "ka", False),
        (r"a\*", "a*", True), (r"a\*", "ab", False), ("a.b", "axb", False), ("[", "[", True), ("k[z-a]", "kb", False),
        ("*", "of\ntwo lines", True), ("キー*", "キー1", True),
    ],
)  # fmt: skip
def test_patterns_mean_what_they_mean_to_keys(pattern: str, key: str, is_meant: bool) -> None:
    assert fits(key, pattern) is is_meant


def test_the_room_is_what_its_maxmemory_leaves(empty: Redis, tmp_path: Path) -> None:
    recorded = source_of(empty, tmp_path).begin(run_for(), None, NOW).server
    assert int(recorded["bytes"][0]) > 0

    def room(**options: object) -> Room | None:
        return target_on(empty, tmp_path, recorded=recorded, **options).room()

    assert room() == Room(None, needed=int(recorded["bytes"][0])), "it has no limit of its own"
    with client(empty) as redis_:
        redis_.call("SET", "large", bytes(2_000_000))
        redis_.call("CONFIG", "SET", "maxmemory", "100mb")
        free, emptied = room(), room(overwrite=True)
        redis_.call("CONFIG", "SET", "maxmemory", "1")
        full = room()
        redis_.call("CONFIG", "SET", "maxmemory", "0")
        redis_.call("FLUSHALL")
    assert free is not None
    assert emptied is not None
    assert 80_000_000 < free.free < emptied.free - 1_900_000 < 100 * 1024 * 1024
    assert free.where == "maxmemory, noeviction"
    assert (full and full.free) == 0


def test_a_replica_of_somebody_is_left_alone(filled: Redis, empty: Redis, tmp_path: Path) -> None:
    with client(empty) as redis_:
        redis_.call("REPLICAOF", "127.0.0.1", 1)
        try:
            with pytest.raises(TargetFailed, match="somebody's replica"):
                target_on(empty, tmp_path).prepare(fresh=True)
        finally:
            redis_.call("REPLICAOF", "NO", "ONE")


def test_a_load_that_is_given_up_leaves_the_target_as_it_was(
    empty: Redis, data: bytes, tmp_path: Path
) -> None:
    with client(empty) as redis_:
        redis_.call("SET", "old", "still here")
    target = target_on(empty, tmp_path, through="replication", overwrite=True)
    target.prepare(fresh=True)
    loading = target.load(cut(data), no_objects)
    next(loading)
    loading.close()
    with client(empty) as redis_:
        assert redis_.info("replication")["role"] == "master"
        assert redis_.call("CONFIG", "GET", "masterauth")[1] == b"its own secret"
        assert redis_.call("GET", "old") == b"still here"


@pytest.mark.parametrize("through", ["replication", "keys"])
def test_after_a_process_died_while_loading_the_next_attempt_takes_over(
    through: str, empty: Redis, data: bytes, tmp_path: Path
) -> None:
    target = target_on(empty, tmp_path, through=through)
    if through == "replication":  # what `kill -9` leaves: a replica of a master that is gone
        with client(empty) as redis_:
            redis_.call("CONFIG", "SET", "masteruser", "toban-restore")
            redis_.call("CONFIG", "SET", "masterauth", "one time")
            redis_.call("REPLICAOF", "127.0.0.1", 1)
    else:
        target.prepare(fresh=True)
        loading = target.load(cut(data), no_objects)
        next(loading)
        loading.close()
        with pytest.raises(TargetFailed, match="an earlier attempt"):
            target.prepare(fresh=False)
    assert sum(restore(target, data)) > 100_000
    with client(empty) as redis_:
        assert redis_.info("replication")["role"] == "master"
        assert redis_.call("CONFIG", "GET", "masteruser")[1] == b""
    target.discard()


@pytest.mark.parametrize("defect", ["cut", "flipped"])
def test_a_damaged_dump_changes_nothing_in_the_target(
    defect: str, empty: Redis, data: bytes, tmp_path: Path
) -> None:
    with client(empty) as redis_:
        redis_.call("SET", "old", "still here")
    at = data.index(b"value 77")
    bad = data[:-5000] if defect == "cut" else data[:at] + b"V" + data[at + 1 :]
    target = target_on(empty, tmp_path, through="replication", overwrite=True)
    with pytest.raises(TargetFailed, match=r"cut off|checksum"):
        restore(target, bad)
    assert target.ask([ContentQuestion("GET old", ""), ContentQuestion("DBSIZE", "")]) == [
        "still here",
        "1",
    ]
    with client(empty) as redis_:
        assert redis_.info("replication")["role"] == "master"


def test_strangers_get_no_data_from_the_master(empty: Redis, data: bytes, tmp_path: Path) -> None:
    target = target_on(empty, tmp_path, through="replication")
    target.prepare(fresh=True)
    strangers: list[socket.socket] = []
    real = socket.create_server

    def with_a_stranger(address: tuple[str, int], **more: Any) -> socket.socket:
        server = real(address, **more)
        stranger = socket.create_connection(server.getsockname(), 5)  # is there before the target
        stranger.sendall(b"PING\r\nREPLCONF capa eof\r\nAUTH guess\r\nPSYNC ? -1\r\n")
        strangers.append(stranger)
        return server

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "create_server", with_a_stranger)
        assert sum(target.load(cut(data), no_objects)) > 100_000
    (stranger,) = strangers
    with stranger, stranger.makefile("rb") as answered:
        answers = answered.readlines()
    assert [line.split()[0] for line in answers] == [
        b"-NOAUTH",
        b"-NOAUTH",
        b"-WRONGPASS",
        b"-NOAUTH",
    ]
    target.discard()


def test_a_target_that_cannot_reach_us_is_given_up(
    empty: Redis, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toban.sources.redis.loading.master.ARRIVAL_S", 0.0)
    with pytest.raises(TargetFailed, match="cannot reach this machine"):
        restore(target_on(empty, tmp_path, through="replication"), data)
    with client(empty) as redis_:
        assert redis_.info("replication")["role"] == "master"
        assert redis_.call("CONFIG", "GET", "masterauth")[1] == b"its own secret"
