"""PostgreSQL: what never counts as a dump, and what is no whole dump."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import pytest

from tests.plugins.servers import Postgres, start_postgres
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
from tests.unit.sources.postgres_desk import source_of, target_on
from toban.ports.backup import (
    Damaged,
    FormatUnchecked,
    SourceFailed,
    TargetFailed,
)
from toban.sources.postgres import adapter as postgres
from toban.sources.postgres import server as pgserver
from toban.sources.redis import adapter as redis


@pytest.fixture
def small(postgres_server: Postgres, postgres_database: str) -> str:
    postgres_server.sql(
        "create table t (id int primary key, note text);"
        "insert into t select i, repeat('行', 200) || i from generate_series(1, 5000) i",
        postgres_database,
    )
    return postgres_database


# --- what never counts -----------------------------------------------------------------------


def test_a_wrong_password_is_final_and_never_shown(
    postgres_server: Postgres, small: str, tmp_path: Path
) -> None:
    secret = "wrong-hunter2-%/@"
    secrets = GivenSecrets(DB_URL=postgres_server.url(small, secret))
    source = postgres.source({"url_secret": "DB_URL"}, world(tmp_path, secrets))
    with pytest.raises(SourceFailed, match="password authentication failed") as caught:
        source.begin(run_for(), None, NOW)
    assert not caught.value.retryable
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in source.identity


def test_during_a_rotation_the_password_that_works_is_used(
    postgres_server: Postgres, small: str, tmp_path: Path
) -> None:
    secrets = GivenSecrets(
        DB_URL=[postgres_server.url(small, "not yet"), postgres_server.url(small)]
    )
    _, data = backup(postgres.source({"url_secret": "DB_URL"}, world(tmp_path, secrets)))
    assert data.startswith(b"PGDMP")


def test_the_password_is_no_argument_of_a_process(
    postgres_server: Postgres, small: str, tmp_path: Path
) -> None:
    source = source_of(postgres_server, small, tmp_path)
    pieces = source.read(run_for(), source.begin(run_for(), None, NOW), "")
    next(pieces)
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children]
    dumps = [line for line in lines if b"pg_dump" in line]
    assert dumps
    assert all(b"7391" not in line for line in dumps)
    pieces.close()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("mysql://u:hunter2@h/d", "has to begin with postgresql://"),
        ("postgresql://u:hunter2@[::1/d", "not a connection URL"),
        ("postgresql://u@h/d?sslpassword=hunter2", "may not use sslpassword"),
    ],
)
def test_a_malformed_url_is_not_shown(value: str, text: str, tmp_path: Path) -> None:
    source = postgres.source({"url_secret": "U"}, world(tmp_path, GivenSecrets(U=value)))
    with pytest.raises(SourceFailed, match=text) as caught:
        source.begin(run_for(), None, NOW)
    assert "hunter2" not in str(caught.value)


def test_nothing_listens_is_worth_another_try(tmp_path: Path) -> None:
    secrets = GivenSecrets(U="postgresql://u:secret-7@127.0.0.1:1/d")
    with pytest.raises(SourceFailed) as caught:
        postgres.source({"url_secret": "U"}, world(tmp_path, secrets)).begin(run_for(), None, NOW)
    assert caught.value.retryable


def test_a_role_that_may_only_read_is_enough_and_one_that_may_not_is_final(
    postgres_server: Postgres, small: str, tmp_path: Path
) -> None:
    postgres_server.sql(
        "drop role if exists reader; drop role if exists stranger;"
        "create role reader login password 'read only' in role pg_read_all_data;"
        "create role stranger login password 'read only'"
    )
    at = f"{postgres_server.host}:{postgres_server.port}/{small}"
    secrets = GivenSecrets(
        READER=f"postgresql://reader:read%20only@{at}",
        STRANGER=f"postgresql://stranger:read%20only@{at}",
    )
    _, data = backup(postgres.source({"url_secret": "READER"}, world(tmp_path, secrets)))
    counts = postgres.format_(world(tmp_path, GivenSecrets())).check(cut(data), no_objects)
    assert counts["rows"] == 5000
    with pytest.raises(SourceFailed, match="permission denied for table t") as caught:
        backup(postgres.source({"url_secret": "STRANGER"}, world(tmp_path, secrets)))
    assert not caught.value.retryable


def test_a_restore_does_not_need_the_secret_of_the_source(tmp_path: Path) -> None:
    for module, name in ((postgres, "postgres"), (redis, "redis")):
        nowhere = module.source({"url_secret": "GONE"}, world(tmp_path, GivenSecrets()))
        assert nowhere.identity == f"{name}:secret/GONE"
        with pytest.raises(SourceFailed, match="GONE is not set"):
            nowhere.begin(run_for(), None, NOW)


@pytest.fixture
def big(postgres_server: Postgres, postgres_database: str) -> str:
    postgres_server.sql(
        "create table big as select i, md5(i::text) || repeat('z', 900) z"
        " from generate_series(1, 40000) i",
        postgres_database,
    )
    return postgres_database


def children_named(name: bytes) -> list[int]:
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(p) for p in listed if name in Path(f"/proc/{p}/cmdline").read_bytes()]


def test_a_killed_pg_dump_never_counts(postgres_server: Postgres, big: str, tmp_path: Path) -> None:
    source = source_of(postgres_server, big, tmp_path)
    pieces = source.read(run_for(), source.begin(run_for(), None, NOW), "")
    next(pieces)
    (pid,) = children_named(b"pg_dump")
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(SourceFailed, match="was killed by signal 9") as caught:
        list(pieces)
    assert caught.value.retryable


def test_a_connection_cut_in_the_middle_never_counts(
    postgres_server: Postgres, big: str, tmp_path: Path
) -> None:
    source = source_of(postgres_server, big, tmp_path)
    pieces = source.read(run_for(), source.begin(run_for(), None, NOW), "")
    next(pieces)
    postgres_server.sql(
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{big}'"
    )
    with pytest.raises(SourceFailed, match="pg_dump exited with 1") as caught:
        list(pieces)
    assert caught.value.retryable


def test_a_killed_server_never_counts(postgres_server: Postgres, tmp_path: Path) -> None:
    with start_postgres() as server:
        server.sql(
            "create table big as select i, repeat('z', 900) z from generate_series(1, 40000) i"
        )
        source = source_of(server, "postgres", tmp_path)
        pieces = source.read(run_for(), source.begin(run_for(), None, NOW), "")
        next(pieces)
        server.kill()
        with pytest.raises(SourceFailed, match="pg_dump exited with 1") as caught:
            list(pieces)
        assert caught.value.retryable


def test_closing_the_stream_ends_pg_dump(
    postgres_server: Postgres, big: str, tmp_path: Path
) -> None:
    source = source_of(postgres_server, big, tmp_path)
    pieces = source.read(run_for(), source.begin(run_for(), None, NOW), "")
    next(pieces)
    assert children_named(b"pg_dump")
    pieces.close()
    assert not children_named(b"pg_dump")


def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    """A program of ours in the place of the installed one."""
    path = tmp_path / "15" / "bin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    for real in pgserver.INSTALLED.glob("15/bin/*"):
        if real.name != name and not (path.parent / real.name).exists():
            (path.parent / real.name).symlink_to(real)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setattr(pgserver, "INSTALLED", tmp_path)


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("exit 0", "something else than an archive"),
        ("echo half; exit 1", "exited with 1"),
        ("echo PGDMP; echo 'No space left on device' >&2; exit 1", "No space left on device"),
        ("echo 'error: connection to \"p@ss wörd/%:?秘密-7391\" lost' >&2; exit 1", r"\[secret\]"),
    ],
)
def test_what_a_lying_pg_dump_gives_never_counts(
    script: str, text: str, postgres_server: Postgres, small: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    version = 'case "$*" in --version) echo "pg_dump (PostgreSQL) 15.18"; exit 0;; esac'
    pretend(tmp_path, monkeypatch, "pg_dump", f"{version}\n{script}")
    with pytest.raises(SourceFailed, match=text) as caught:
        backup(source_of(postgres_server, small, tmp_path))
    assert "7391" not in str(caught.value)


def test_a_pg_dump_older_than_the_server_is_refused(
    postgres_server: Postgres, small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, monkeypatch, "pg_dump", 'echo "pg_dump (PostgreSQL) 13.4"')
    with pytest.raises(SourceFailed, match=r"pg_dump 13.4 cannot dump PostgreSQL 15") as caught:
        backup(source_of(postgres_server, small, tmp_path))
    assert not caught.value.retryable


def test_a_hanging_pg_dump_is_given_up(
    postgres_server: Postgres, small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = 'case "$*" in --version) echo "pg_dump (PostgreSQL) 15.18"; exit 0;; esac'
    pretend(tmp_path, monkeypatch, "pg_dump", f"{version}\necho PGDMP\nexec sleep 600")
    monkeypatch.setattr("toban.sources.child.IDLE_S", 0.3)
    with pytest.raises(SourceFailed, match="no output for") as caught:
        backup(source_of(postgres_server, small, tmp_path))
    assert caught.value.retryable


# --- the format ------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [0, 3, 100, 0.5, 0.9, -1, -30])
def test_a_cut_archive_is_damaged(
    keep: float, postgres_server: Postgres, small: str, tmp_path: Path
) -> None:
    _, data = backup(source_of(postgres_server, small, tmp_path))
    left = data[: int(len(data) * keep) if 0 < keep < 1 else int(keep)]
    with pytest.raises(Damaged):
        postgres.format_(world(tmp_path, GivenSecrets())).check(cut(left), no_objects)


def test_an_archive_that_goes_on_after_its_end_is_damaged(
    postgres_server: Postgres, small: str, tmp_path: Path
) -> None:
    _, data = backup(source_of(postgres_server, small, tmp_path))
    with pytest.raises(Damaged, match="ends before"):
        postgres.format_(world(tmp_path, GivenSecrets())).check(cut(data * 2), no_objects)


def test_a_half_dump_leaves_nothing_in_the_target(
    postgres_server: Postgres, small: str, tmp_path: Path
) -> None:
    _, data = backup(source_of(postgres_server, small, tmp_path))
    target = target_on(postgres_server, tmp_path)
    with pytest.raises(TargetFailed, match="loading exited with 1"):
        restore(target, data[: len(data) // 2])
    assert "toban_restore" not in postgres_server.sql("select datname from pg_database")
    target.discard()


def test_without_pg_restore_nothing_is_said_about_the_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pgserver, "INSTALLED", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FormatUnchecked, match="pg_restore is not installed"):
        postgres.format_(world(tmp_path, GivenSecrets())).check(iter([b"PGDMP..."]), no_objects)


def test_an_archive_newer_than_pg_restore_is_not_called_damaged(
    postgres_server: Postgres, small: str, tmp_path: Path
) -> None:
    _, data = backup(source_of(postgres_server, small, tmp_path))
    newer = data[:6] + bytes([data[6] + 5]) + data[7:]  # PGDMP, major, minor, revision
    with pytest.raises(FormatUnchecked, match="is too old"):
        postgres.format_(world(tmp_path, GivenSecrets())).check(cut(newer), no_objects)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("postgresql://a:b@LocalHost/d", "postgres://c@127.0.0.1:5432/d"),
        ("postgresql://a@[::1]:5433/d", "postgresql:///d?host=/run/postgresql&port=5433&user=a"),
        ("postgresql://a@DB.example.jp./d", "postgresql://a@db.example.jp:5432/d?sslmode=require"),
        ("postgresql://h1:1,h2:2/d", "postgresql://h2:2,h1:1/d"),
    ],
)
def test_one_database_has_one_identity(one: str, other: str) -> None:
    names = {pgserver.parse(url).identity("d") for url in (one, other)}
    assert len(names) == 1
    assert "a" not in next(iter(names)).split("//")[1].split(":")[0].split(".")
