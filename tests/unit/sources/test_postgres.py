"""PostgreSQL: real dumps of a real server, loaded back, and everything that may go wrong."""

from __future__ import annotations

import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.plugins.servers import Postgres
from tests.unit.sources.desk import (
    GivenSecrets,
    backup,
    cut,
    no_objects,
    restore,
    world,
)
from tests.unit.sources.postgres_desk import source_of, target_on
from toban.ports.backup import (
    ContentQuestion,
    TargetFailed,
)
from toban.sources.postgres import adapter as postgres
from toban.sources.postgres import server as pgserver

SCHEMA = Path(__file__).with_name("rich_schema.sql").read_text(encoding="utf-8")


def schema_of(server: Postgres, database: str) -> str:
    done = subprocess.run(
        [pgserver.program("pg_dump"), "--schema-only", server.url(database)],
        capture_output=True, check=True,
    )  # fmt: skip
    lines = done.stdout.decode().splitlines()
    return "\n".join(line for line in lines if "restrict" not in line)


def content_of(server: Postgres, database: str) -> str:
    """Every table's rows in order, hashed; sequences; large objects."""
    return server.sql(
        r"""
        select format(
            'select %L, count(*), md5(string_agg(t::text, chr(10) order by t::text)) from only %s t',
            oid::regclass, oid::regclass)
        from pg_class where relkind in ('r', 'm') and relnamespace::regnamespace::text
            not in ('pg_catalog', 'information_schema', 'pg_toast') order by oid::regclass::text
        \gexec
        select schemaname, sequencename, last_value from pg_sequences order by 1, 2;
        select oid, md5(lo_get(oid)) from pg_largeobject_metadata order by oid;
        """,
        database,
    )


@pytest.fixture
def rich(postgres_server: Postgres, postgres_database: str) -> str:
    postgres_server.sql(SCHEMA, postgres_database)
    return postgres_database


@pytest.fixture
def small(postgres_server: Postgres, postgres_database: str) -> str:
    postgres_server.sql(
        "create table t (id int primary key, note text);"
        "insert into t select i, repeat('行', 200) || i from generate_series(1, 5000) i",
        postgres_database,
    )
    return postgres_database


def test_a_rich_database_comes_back_equal(
    postgres_server: Postgres, rich: str, tmp_path: Path
) -> None:
    schema, content = schema_of(postgres_server, rich), content_of(postgres_server, rich)
    snapshot, data = backup(source_of(postgres_server, rich, tmp_path))
    assert snapshot.tools.keys() == {"postgresql", "pg_dump"}

    counts = postgres.format_(world(tmp_path, GivenSecrets())).check(cut(data), no_objects)
    assert counts["bytes"] == len(data)
    assert counts["rows"] > 100_000

    postgres_server.sql(f"drop database {rich} with (force)")
    target = target_on(postgres_server, tmp_path, database=rich, purpose="recovery")
    yielded = restore(target, data)
    assert len(yielded) == len(list(cut(data)))

    assert schema_of(postgres_server, rich) == schema
    assert content_of(postgres_server, rich) == content
    assert target.counts() == {k: v for k, v in counts.items() if k != "bytes"}


def test_a_restore_test_makes_its_own_database_and_removes_it(
    postgres_server: Postgres, rich: str, tmp_path: Path
) -> None:
    _, data = backup(source_of(postgres_server, rich, tmp_path))
    target = target_on(postgres_server, tmp_path)
    assert target.identity.endswith("/toban_restore_rst_1")
    restore(target, data)
    answers = target.ask(
        [
            ContentQuestion("select count(*) from shop.orders", "100000"),
            ContentQuestion("select 氏名 from shop.customers where id = 1", ""),
            ContentQuestion("select 1, 2 union all select 3, 4", ""),
            ContentQuestion("select 1 where false", ""),
        ]
    )
    assert answers == ["100000", "山田 太郎", "1|2\n3|4", ""]
    restore(target, data)  # another attempt: the earlier one is dropped first
    target.discard()
    target.discard()
    assert "toban_restore" not in postgres_server.sql("select datname from pg_database")


def test_configuration_of_extensions_is_counted_as_it_is_dumped(
    postgres_server: Postgres, small: str, tmp_path: Path
) -> None:
    """PostGIS, for one, marks its reference systems so: only what users added is dumped."""
    postgres_server.sql(
        "create extension citext; create table marked (a int); create table unmarked (a int);"
        "insert into marked values (1), (2), (3); insert into unmarked values (1);"
        "alter extension citext add table marked; alter extension citext add table unmarked;"
        "update pg_extension set extconfig = array['marked'::regclass::oid],"
        " extcondition = array['where a > 1'] where extname = 'citext'",
        small,
    )
    _, data = backup(source_of(postgres_server, small, tmp_path))
    counts = postgres.format_(world(tmp_path, GivenSecrets())).check(cut(data), no_objects)
    assert counts["rows"] == 5002
    there = target_on(postgres_server, tmp_path, database=small).counts()
    assert there == {name: counts[name] for name in there}


def test_queries_change_nothing_and_run_no_commands(
    postgres_server: Postgres, small: str, tmp_path: Path
) -> None:
    target = target_on(postgres_server, tmp_path, database=small)
    with pytest.raises(TargetFailed, match="read-only transaction"):
        target.ask([ContentQuestion("delete from t", "")])
    marker = tmp_path / "made-by-a-query"
    with pytest.raises(TargetFailed, match="may not be a command"):
        target.ask([ContentQuestion(f" \\! touch {marker}", "")])
    with pytest.raises(TargetFailed):
        target.ask([ContentQuestion(f"select 1; \\! touch {marker}", "")])
    assert not marker.exists()


def test_while_the_server_is_busy_there_are_signs_of_life(
    postgres_server: Postgres, small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that takes long to build: the caller would lose its lease."""
    postgres_server.sql(
        "create function slow(text) returns text language plpgsql immutable as"
        " $$ begin if $1 like '%0' then perform pg_sleep(0.002); end if; return $1; end $$;"
        " create index on t (slow(note))",
        small,
    )
    _, data = backup(source_of(postgres_server, small, tmp_path))
    monkeypatch.setattr("toban.sources.postgres.loading.load.SIGN_OF_LIFE_S", 0.1)
    target = target_on(postgres_server, tmp_path)
    assert len(restore(target, data)) > len(list(cut(data))) + 2
    target.discard()


def test_a_full_database_is_refused_and_with_clean_kept_beside(
    postgres_server: Postgres, small: str, tmp_path: Path
) -> None:
    _, data = backup(source_of(postgres_server, small, tmp_path))
    postgres_server.sql("delete from t where id > 10", small)
    with pytest.raises(TargetFailed, match="is not empty"):
        target_on(postgres_server, tmp_path, database=small).prepare(fresh=True)
    with pytest.raises(TargetFailed, match="named by a person"):
        target_on(postgres_server, tmp_path, database=small).discard()

    client = subprocess.Popen(  # somebody is connected, as in real life
        [
            pgserver.program("psql"),
            "-XqAt",
            "-c",
            "select pg_sleep(60)",
            postgres_server.url(small),
        ],
        stderr=subprocess.DEVNULL,
    )
    target = target_on(postgres_server, tmp_path, database=small, clean=True)
    restore(target, data)
    assert client.wait(20) != 0
    assert target.counts()["rows"] == 5000
    kept = postgres_server.sql(
        f"select datname from pg_database where datname like '{small}_before_%'"
    )
    assert postgres_server.sql("select count(*) from t", kept) == "10"
    postgres_server.sql(f"drop database {kept}")


def test_a_dump_is_one_moment_while_others_write(
    postgres_server: Postgres, postgres_database: str, tmp_path: Path
) -> None:
    """Transfers between two tables keep a sum; every dump must hold exactly that sum."""
    postgres_server.sql(
        "create table a (id int primary key, n bigint); create table z (like a including all);"
        "create table filler as select i, repeat('x', 500) x from generate_series(1, 40000) i;"
        "insert into a select i, 100 from generate_series(1, 50) i; insert into z select * from a",
        postgres_database,
    )
    stop = threading.Event()
    transfer = (
        "begin; update a set n = n - 1 where id = 7; update z set n = n + 1 where id = 7; commit;"
    )

    def move() -> None:
        while not stop.is_set():
            postgres_server.sql(transfer * 200, postgres_database)

    mover = threading.Thread(target=move)
    mover.start()
    try:
        source = source_of(postgres_server, postgres_database, tmp_path)
        before = postgres_server.sql("select n from a where id = 7", postgres_database)
        while postgres_server.sql("select n from a where id = 7", postgres_database) == before:
            time.sleep(0.01)
        snapshot, data = backup(source)
    finally:
        stop.set()
        mover.join()
    assert abs(snapshot.at - datetime.now(UTC)) < timedelta(minutes=5)
    target = target_on(postgres_server, tmp_path)
    restore(target, data)
    both = "select (select sum(n) from a) + (select sum(n) from z), (select sum(n) from a) < 5000"
    assert target.ask([ContentQuestion(both, "")]) == ["10000|t"]
    target.discard()
