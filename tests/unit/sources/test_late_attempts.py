"""
A holder of a restore that stood still wakes up after others have worked on the same target, and what
they loaded may be in service by now. It removes nothing of that, and leaves no mark on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests.plugins.servers import Postgres, Redis, start_redis
from tests.safes import Safe
from tests.unit.sources.desk import GivenSecrets, backup, cut, no_objects, restore, world
from tests.unit.sources.postgres_desk import source_of as postgres_source
from tests.unit.sources.postgres_desk import target_on as postgres_target
from tests.unit.sources.redis_desk import client, dump_of, target_on
from toban.adapters.local.files.buckets import MemoryBucket
from toban.ports.backup import Target, TargetFailed
from toban.sources.logs import adapter as logs
from toban.sources.logs.adapter import LogsSource
from toban.sources.redis import target as redistarget

WAYS = pytest.mark.parametrize("through", ["replication", "keys"])


@pytest.fixture(scope="module")
def redises() -> Iterator[tuple[Redis, Redis]]:
    with start_redis() as origin, start_redis() as staging:
        yield origin, staging


@pytest.fixture
def data(redises: tuple[Redis, Redis], tmp_path: Path) -> bytes:
    with client(redises[0]) as redis_:
        redis_.call("FLUSHALL")
        for number in range(3):
            redis_.call("SET", f"key {number}", number)
    return dump_of(redises[0], tmp_path)


@pytest.fixture
def empty(redises: tuple[Redis, Redis]) -> Redis:
    with client(redises[1]) as redis_:
        redis_.call("FLUSHALL")
    return redises[1]


def keys(server: Redis) -> dict[str, str]:
    """Keys by database; what it counts includes a mark that was left."""
    with client(server) as redis_:
        return redis_.info("keyspace")


@pytest.mark.parametrize("purpose", ["test", "recovery"])
@WAYS
def test_between_its_look_and_its_first_write_another_restore_came_and_went(
    through: str, purpose: str, empty: Redis, data: bytes, tmp_path: Path
) -> None:
    """Found by the simulation of owners: the mark of a test stood on a server in service."""
    looked = redistarget._keyspace

    def stands_still(server: object, **more: bool) -> dict[int, int]:
        found = looked(server, **more)
        with mock.patch.object(redistarget, "_keyspace", looked):
            other = target_on(
                empty, tmp_path, through=through, restore_id="restore-2", purpose="recovery"
            )
            assert sum(restore(other, data)) == 3
            other.release()
            with client(empty) as redis_:
                redis_.call("SET", "key 1", "an order")
        return found

    late = target_on(empty, tmp_path, through=through, restore_id="late-1", purpose=purpose)
    late.prepare(fresh=True)
    with (
        mock.patch.object(redistarget, "_keyspace", stands_still),
        pytest.raises(TargetFailed, match="a restore has worked there meanwhile"),
    ):
        list(late.load(cut(data), no_objects))

    assert keys(empty) == {"db0": "keys=3,expires=0,avg_ttl=0"}
    with client(empty) as redis_:
        assert redis_.info("replication")["role"] == "master"
        assert redis_.call("GET", "key 1") == b"an order"


def overtaken(target: Target, match: str) -> None:
    """It removes nothing, not even what its own restore has loaded in another attempt."""
    with pytest.raises(TargetFailed, match=match):
        target.prepare(fresh=True)
    with pytest.raises(TargetFailed):
        target.discard()


@pytest.mark.parametrize("purpose", ["test", "recovery"])
@WAYS
def test_what_a_later_attempt_has_loaded_into_redis_stays(
    through: str, purpose: str, empty: Redis, data: bytes, tmp_path: Path
) -> None:
    def attempt(number: int) -> Target:
        return target_on(empty, tmp_path, through=through, purpose=purpose, attempt=number)

    restore(attempt(2), data)
    overtaken(attempt(1), "a restore has worked there meanwhile")
    assert keys(empty)["db0"] == "keys=3,expires=0,avg_ttl=0"
    assert sum(restore(attempt(3), data)) == 3


@pytest.mark.parametrize("purpose", ["test", "recovery"])
def test_what_a_later_attempt_has_loaded_into_postgresql_stays(
    purpose: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    postgres_server.sql("drop database if exists late")
    postgres_server.sql("create database late")
    postgres_server.sql("create table t as select generate_series(1, 5) n", "late")
    dump = backup(postgres_source(postgres_server, "late", tmp_path))[1]

    def attempt(number: int) -> Target:
        return postgres_target(
            postgres_server, tmp_path, restore_id="late", purpose=purpose, attempt=number
        )

    try:
        restore(attempt(2), dump)
        overtaken(attempt(1), "not made by this restore")
        assert postgres_server.sql("select count(*) from t", "toban_restore_late").strip() == "5"
        restore(attempt(3), dump)
    finally:
        postgres_server.sql("drop database toban_restore_late")


@pytest.mark.parametrize("purpose", ["test", "recovery"])
def test_what_a_later_attempt_has_written_into_a_directory_stays(
    purpose: str, tmp_path: Path
) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "app.log").write_text("a line\n")
    safe = Safe(MemoryBucket("backups"))
    safe.take(LogsSource([str(tmp_path / "logs")]), "b1")

    def attempt(number: int) -> Target:
        options = {"restore_id": "late", "purpose": purpose, "attempt": number}
        given = {"directory": str(tmp_path / "out"), **options}
        return logs.target(given, world(tmp_path, GivenSecrets()))

    safe.restore("b1", attempt(2))
    overtaken(attempt(1), "not empty")
    (log,) = (tmp_path / "out").rglob("app.log")
    assert log.read_text() == "a line\n"
    safe.restore("b1", attempt(3))
