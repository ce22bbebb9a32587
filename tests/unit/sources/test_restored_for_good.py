"""
What a recovery restored goes into service; what a restore test loads is removed. No target takes the
one for the other, whatever was written there, by whom, and whichever version of toban marked it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.plugins.servers import Postgres, Redis, start_redis
from tests.safes import Safe
from tests.unit.sources.desk import GivenSecrets, backup, cut, no_objects, restore, world
from tests.unit.sources.postgres_desk import source_of as postgres_source
from tests.unit.sources.postgres_desk import target_on as postgres_target
from tests.unit.sources.redis_desk import check, client, dump_of, source_of, target_on
from toban.adapters.local.files.buckets import MemoryBucket
from toban.ports.backup import Target, TargetFailed
from toban.sources.logs import adapter as logs
from toban.sources.logs.adapter import LogsSource
from toban.sources.own_directory import MARKER
from toban.sources.redis import resp
from toban.sources.redis.loading import keys as keys_module
from toban.sources.redis.loading import mark as redismark

OLD_MARK = b"filled by a restore of toban"
"""As toban wrote it before it told tests from recoveries."""
WAYS = pytest.mark.parametrize("through", ["replication", "keys"])


# --- Redis -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def staging() -> Iterator[Redis]:
    with start_redis() as server:
        yield server


@pytest.fixture(scope="module")
def origin() -> Iterator[Redis]:
    with start_redis() as server:
        yield server


@pytest.fixture
def empty(staging: Redis) -> Redis:
    with client(staging) as redis_:
        redis_.call("FLUSHALL")
        redis_.call("FUNCTION", "FLUSH")
    return staging


@pytest.fixture
def data(origin: Redis, tmp_path: Path) -> bytes:
    with client(origin) as redis_:
        redis_.call("FLUSHALL")
        redis_.call("FUNCTION", "FLUSH")
        for number in range(3):
            redis_.call("SET", f"key {number}", number)
        redis_.call(
            "FUNCTION",
            "LOAD",
            "REPLACE",
            "#!lua name=l\nredis.register_function('f', function() return 7 end)",
        )
    return dump_of(origin, tmp_path)


def refused(target: Target, match: str) -> None:
    """Neither is it taken for a target, nor removed."""
    assert target.refusal()
    with pytest.raises(TargetFailed, match=match) as failed:
        target.prepare(fresh=True)
    assert not failed.value.retryable
    with pytest.raises(TargetFailed):
        target.discard()


def keys(server: Redis) -> set[bytes]:
    with client(server) as redis_:
        found = set(redis_.call("KEYS", "*"))
        redis_.call("SELECT", 15)
        return found | set(redis_.call("KEYS", "*"))


@WAYS
def test_a_recovered_redis_that_went_into_service_is_not_emptied_by_the_next_test(
    through: str, empty: Redis, data: bytes, tmp_path: Path
) -> None:
    target = target_on(empty, tmp_path, through=through, restore_id="restore-1", purpose="recovery")
    restore(target, data)
    target.release()
    target.release()  # done again
    assert redismark.KEY not in keys(empty)
    for write in (("SET", "order", "1"), ("DEL", "order")):
        with client(empty) as redis_:
            redis_.call(*write)
        for id in ("test-1", "restore-1"):
            refused(target_on(empty, tmp_path, restore_id=id), "no restore test of ours")
    assert keys(empty) == {b"key 0", b"key 1", b"key 2"}


@WAYS
def test_a_recovery_that_is_not_over_can_begin_again_and_nobody_else_takes_its_data(
    through: str, empty: Redis, data: bytes, tmp_path: Path
) -> None:
    def recovery() -> Target:
        return target_on(
            empty, tmp_path, through=through, restore_id="restore-1", purpose="recovery"
        )

    restore(recovery(), data)  # and the process died before it was noted
    refused(target_on(empty, tmp_path, restore_id="test-1"), "restore-1 put there, which was no")
    assert sum(restore(recovery(), data)) == 3
    with pytest.raises(TargetFailed, match="did not put there"):
        recovery().discard()
    recovery().release()
    assert keys(empty) == {b"key 0", b"key 1", b"key 2"}


@WAYS
@pytest.mark.parametrize(
    "write",
    [
        ("SET", "key 1", "another"),
        ("DEL", "key 1"),
        ("INCR", "key 1"),
        ("EVAL", "return redis.call('SET', 'key 1', 'by a script')", "0"),
        ("FUNCTION", "DELETE", "l"),
        ("CONFIG", "RESETSTAT"),
        ("RESTORE", "moved here", "0", b"\x00\x011\x0a\x00\xbbp?[\x9e\x04\xc9d", "REPLACE"),
    ],
    ids=lambda write: str(write[0]),
)
def test_a_tests_mark_is_void_once_anything_else_was_written(
    write: tuple[str | bytes, ...], through: str, empty: Redis, data: bytes, tmp_path: Path
) -> None:
    restore(target_on(empty, tmp_path, through=through, restore_id="test-1"), data)
    later = target_on(empty, tmp_path, restore_id="test-2")
    assert later.refusal() == ""
    with client(empty) as redis_:
        if write[0] == "RESTORE":
            redis_.call("SELECT", 1)
            dumped = redis_.call("SELECT", 0) and redis_.call("DUMP", "key 2")
            write = ("RESTORE", "moved here", "0", dumped)
        redis_.call(*write)
    there = keys(empty)
    refused(later, "somebody else wrote there since")
    refused(target_on(empty, tmp_path, restore_id="test-1"), "somebody else wrote there since")
    assert keys(empty) == there


@WAYS
def test_reading_and_watching_leave_a_tests_mark_valid(
    through: str, empty: Redis, data: bytes, tmp_path: Path
) -> None:
    test = target_on(empty, tmp_path, through=through, restore_id="test-1")
    restore(test, data)
    with client(empty) as redis_:
        for read in (
            ("GET", "key 1"), ("SCAN", 0), ("INFO",), ("CONFIG", "GET", "*"), ("DBSIZE",), ("MULTI",), ("EXEC",),
            ("EVAL", "return redis.call('GET', 'key 1')", 0), ("FCALL", "f", 0), ("SLOWLOG", "GET"),
            ("CLIENT", "LIST"), ("MEMORY", "USAGE", "key 1"), ("PUBLISH", "a", "b"), ("SAVE",), ("DUMP", "key 1"),
        ):  # fmt: skip
            redis_.call(*read)
    backup(source_of(empty, tmp_path))  # a replica that comes and goes
    target_on(empty, tmp_path, restore_id="test-2").prepare(fresh=True)
    assert keys(empty) == set()


@WAYS
def test_what_a_dead_test_left_half_loaded_is_removed_unless_others_wrote(
    through: str, empty: Redis, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toban.sources.redis.loading.keys._BATCH_KEYS", 1)
    for write in (False, True):
        dead = target_on(empty, tmp_path, through="keys", restore_id="test-1")
        dead.prepare(fresh=True)
        loading = dead.load(iter([data[:-40], data[-40:]]), no_objects)
        next(loading)
        loading.close()
        later = target_on(empty, tmp_path, through=through, restore_id="test-2")
        if not write:
            later.prepare(fresh=True)
            assert keys(empty) == set()
            continue
        with client(empty) as redis_:
            redis_.call("SET", "order", 1)
        refused(later, "somebody else wrote")
        refused(target_on(empty, tmp_path, restore_id="test-1"), "somebody else wrote")


def marked(server: resp.Connection) -> redismark.RedisMark:
    """The mark of a test that has written nothing else."""
    mark = redismark.begun(server, 15, "test-1", "test").having({"set": 1})
    assert resp.transaction(server, [resp.command(("SET", redismark.KEY, redismark.encoded(mark)))])
    return mark


LIBRARY = "#!lua name={}\nredis.register_function('{}', function() return 1 end)"


@pytest.mark.parametrize("since", ["nothing", "a library", "another restore"])
def test_functions_that_came_after_the_keys_were_gone_stay(
    since: str, empty: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stood still in between flushes what others have loaded no more."""
    emptied = redismark.empty_if_untouched

    def stands_still(server: resp.Connection, mark: redismark.RedisMark) -> bool:
        done = emptied(server, mark)
        with client(empty) as other:
            if since == "a library":
                other.call("FUNCTION", "LOAD", LIBRARY.format("shop", "pay"))
            if since == "another restore":
                other.call("SELECT", 15)
                other.call("SET", redismark.KEY, "{}")
        return done

    monkeypatch.setattr(redismark, "empty_if_untouched", stands_still)
    with client(empty) as redis_:
        redis_.call("FUNCTION", "LOAD", LIBRARY.format("old", "f"))
        mark = marked(redis_)
        assert keys_module.empty(redis_, mark)
        left = [bytes(library[1]).decode() for library in redis_.call("FUNCTION", "LIST")]
        redis_.call("FUNCTION", "FLUSH")
    assert (
        sorted(left)
        == {
            "nothing": [],
            "a library": ["old", "shop"],
            "another restore": ["old"],
        }[since]
    )


def test_looking_and_emptying_are_one(empty: Redis) -> None:
    """By a script on the server: what is written at that very moment comes before or after both."""
    with client(empty) as redis_:
        mark = marked(redis_)
        assert redismark.empty_if_untouched(redis_, mark)
        assert redis_.info("keyspace") == {}
        mark = marked(redis_)
        redis_.call("SET", "order", 1)
        assert not redismark.empty_if_untouched(redis_, mark)
        assert not redismark.empty_if_untouched(redis_, msgspec.structs.replace(mark, run="x"))
    assert keys(empty) == {b"order", redismark.KEY}


def test_after_a_restart_nobody_knows_what_was_written(data: bytes, tmp_path: Path) -> None:
    directory = tmp_path / "kept"
    directory.mkdir()
    options = ("--dir", str(directory), "--save", "", "--dbfilename", "kept.rdb")
    with start_redis(*options) as server:
        restore(target_on(server, tmp_path, restore_id="test-1"), data)
        with client(server) as redis_:
            redis_.call("SAVE")
    with start_redis(*options) as server:
        there = keys(server)
        assert redismark.KEY in there
        for id in ("test-1", "test-2"):
            refused(target_on(server, tmp_path, restore_id=id), "was restarted since")
        assert keys(server) == there


@pytest.mark.parametrize("value", [OLD_MARK, b"", b"{}", b'{"toban":1}', b"\xff"])
def test_an_old_mark_is_void(value: bytes, empty: Redis, tmp_path: Path) -> None:
    """Yesterday's code could not say whether a test or a recovery had filled the server."""
    with client(empty) as redis_:
        redis_.call("SET", "precious", 1)
        redis_.call("SELECT", 15)
        redis_.call("SET", redismark.KEY, value)
    refused(target_on(empty, tmp_path), "no restore test of ours")
    assert keys(empty) == {b"precious", redismark.KEY}


@WAYS
@pytest.mark.parametrize("purpose", ["test", "recovery"])
def test_a_dump_of_a_marked_server_comes_back_without_the_mark(
    purpose: str, through: str, origin: Redis, empty: Redis, data: bytes, tmp_path: Path
) -> None:
    """Such a dump named the mark twice while it was loaded, and the server that loads it ends itself."""
    with client(origin) as redis_:
        redis_.call("SELECT", 15)
        redis_.call("SET", redismark.KEY, OLD_MARK)
    try:
        _, dump = backup(source_of(origin, tmp_path))
    finally:
        with client(origin) as redis_:
            redis_.call("SELECT", 15)
            redis_.call("DEL", redismark.KEY)
    counted = check(dump, tmp_path)
    target = target_on(empty, tmp_path, through=through, restore_id="r-1", purpose=purpose)
    assert sum(restore(target, dump)) == 4
    found = target.counts()
    assert {name: counted[name] for name in found} == found
    if purpose == "recovery":
        target.release()
        assert keys(empty) == {b"key 0", b"key 1", b"key 2"}
    else:
        target.discard()
        assert keys(empty) == set()


@WAYS
def test_what_is_written_between_preparing_and_loading_is_not_replaced(
    through: str, empty: Redis, data: bytes, tmp_path: Path
) -> None:
    target = target_on(empty, tmp_path, through=through)
    target.prepare(fresh=True)
    with client(empty) as redis_:
        redis_.call("SET", "order", 1)
    with pytest.raises(TargetFailed, match="before loading began"):
        list(target.load(cut(data), no_objects))
    assert keys(empty) == {b"order"}


# --- PostgreSQL --------------------------------------------------------------------------------


@pytest.fixture
def dump(postgres_server: Postgres, tmp_path: Path) -> bytes:
    postgres_server.sql("drop database if exists owned")
    postgres_server.sql("create database owned")
    postgres_server.sql(
        "create table t (id serial primary key, v text);"
        "insert into t (v) select 'v' || n from generate_series(1, 50) n",
        "owned",
    )
    return backup(postgres_source(postgres_server, "owned", tmp_path))[1]


def databases(server: Postgres) -> set[str]:
    found = server.sql("select datname from pg_database where datname like 'toban_restore_%'")
    return {name for name in found.splitlines() if name}


NAME = "toban_restore_rst_1"


@pytest.mark.parametrize(
    "write",
    [
        "insert into t (v) values ('order')",
        "update t set v = 'changed' where id = 1",
        "delete from t where id = 1",
        "create table orders (id int)",
        "select nextval('t_id_seq')",
        "comment on database toban_restore_rst_1 is null",
    ],
)
def test_a_tests_database_in_which_others_wrote_is_not_dropped(
    write: str, postgres_server: Postgres, dump: bytes, tmp_path: Path
) -> None:
    target = postgres_target(postgres_server, tmp_path)
    restore(target, dump)
    postgres_server.sql("vacuum analyze", NAME)
    postgres_server.sql("select count(*) from t", NAME)
    assert target.refusal() == ""
    postgres_server.sql(write, NAME)
    try:
        refused(target, "not dropped")
        assert NAME in databases(postgres_server)
    finally:
        postgres_server.sql(f"drop database {NAME}")


def test_a_recovery_into_a_made_database_is_never_dropped(
    postgres_server: Postgres, dump: bytes, tmp_path: Path
) -> None:
    target = postgres_target(postgres_server, tmp_path, purpose="recovery")
    try:
        restore(target, dump)
        restore(target, dump)  # the process died before it was noted: it is loaded again
        target.release()
        target.release()
        for purpose in ("recovery", "test"):
            refused(
                postgres_target(postgres_server, tmp_path, purpose=purpose),
                "not dropped|loaded for good",
            )
        assert postgres_server.sql("select count(*) from t", NAME).strip() == "50"
    finally:
        postgres_server.sql(f"drop database {NAME}")


def test_a_database_of_that_name_that_nobody_marked_is_left(
    postgres_server: Postgres, dump: bytes, tmp_path: Path
) -> None:
    """As toban made them before it marked them, or as a person did."""
    postgres_server.sql(f"create database {NAME}")
    try:
        postgres_server.sql("create table precious (id int)", NAME)
        refused(postgres_target(postgres_server, tmp_path), "was not made by this restore")
        assert NAME in databases(postgres_server)
    finally:
        postgres_server.sql(f"drop database {NAME}")


@pytest.mark.parametrize("clean", [False, True])
def test_a_named_database_carries_no_mark_afterwards(
    clean: bool, postgres_server: Postgres, dump: bytes, tmp_path: Path
) -> None:
    target = postgres_target(
        postgres_server, tmp_path, database="named", clean=clean, purpose="recovery"
    )
    try:
        restore(target, dump)
        target.release()
        said = postgres_server.sql(
            "select coalesce(shobj_description(oid, 'pg_database'), 'none') from pg_database"
            " where datname = 'named'"
        )
        assert said.strip() == "none"
        assert databases(postgres_server) == set()
    finally:
        postgres_server.sql("drop database named")


# --- directories -------------------------------------------------------------------------------


@pytest.fixture
def safe(tmp_path: Path) -> Safe:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "app.log").write_text("a line\n" * 9)
    safe = Safe(MemoryBucket("backups"))
    safe.take(LogsSource([str(tmp_path / "logs")]), "b1")
    return safe


def directory_target(tmp_path: Path, **options: object) -> Target:
    given = {"directory": str(tmp_path / "out"), "restore_id": "r-1", "purpose": "test", **options}
    return logs.target(given, world(tmp_path, GivenSecrets()))


def test_a_recovered_directory_is_not_emptied_by_whatever_is_restored_next(
    safe: Safe, tmp_path: Path
) -> None:
    target = directory_target(tmp_path, purpose="recovery")
    safe.restore("b1", target)
    safe.restore("b1", target)  # the process died before it was noted: it is loaded again
    target.release()
    target.release()
    (tmp_path / "out" / "order").write_text("1")
    assert not (tmp_path / "out" / MARKER).exists()
    for options in ({}, {"restore_id": "r-2"}, {"purpose": "recovery"}):
        refused(directory_target(tmp_path, **options), "not empty")
    assert (tmp_path / "out" / "order").read_text() == "1"


@pytest.mark.parametrize("write", ["new", "same size", "touched"])
def test_a_tests_directory_in_which_others_wrote_is_not_removed(
    write: str, safe: Safe, tmp_path: Path
) -> None:
    target = directory_target(tmp_path)
    safe.restore("b1", target)
    assert target.refusal() == ""
    (log,) = (tmp_path / "out").rglob("app.log")
    if write == "new":
        log.with_name("order").write_text("1")
    elif write == "same size":
        before = log.stat()
        log.write_text("b line\n" * 9)
        os.utime(log, ns=(before.st_atime_ns, before.st_mtime_ns))
    else:
        os.utime(log)
    refused(target, "not empty")
    assert log.exists()


def test_an_old_marker_in_a_directory_is_void(safe: Safe, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / MARKER).write_text("made by toban: may be removed\n")
    assert directory_target(tmp_path).refusal() == ""  # there is nothing but the marker
    (out / "precious").write_text("1")
    refused(directory_target(tmp_path), "not empty")
    assert (out / "precious").read_text() == "1"
