"""Cloud SQL and Memorystore: exports that Google makes, through the real authorised session."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.buckets import emulated
from tests.plugins.servers import Postgres, Redis
from tests.unit.sources import postgres_desk, redis_desk
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
from tests.unit.sources.google_exports import INSTANCE, Export, Google, serve
from toban.adapters.local.files.buckets import MemoryBuckets
from toban.ports.backup import Bucket, Chunk, Damaged, Source, SourceFailed, SourceSnapshot
from toban.sources.postgres import adapter as postgres
from toban.sources.postgres import cloudsql
from toban.sources.postgres import server as pgserver
from toban.sources.redis import adapter as redis
from toban.sources.redis import memorystore, rdb

SQL = b"--\n-- PostgreSQL database dump\n--\n" + b"select 1; -- filler\n" * 200_000 + (
    b"COPY public.t (a) FROM stdin;\n1\n2\n\\.\n\n--\n-- PostgreSQL database dump complete\n--\n\n"
)  # fmt: skip
_BODY = b"REDIS0009\xfe\x00\x00\x01a\x01b\xff"
RDB = _BODY + rdb.crc64(_BODY).to_bytes(8, "little")
KINDS: dict[str, tuple[dict[str, object], bytes, str]] = {
    "postgres": ({"instance": "shop:main", "database": "app"}, SQL, "TOBAN_SQLADMIN_URL"),
    "redis": ({"instance": INSTANCE}, RDB, "TOBAN_MEMORYSTORE_URL"),
}


class Case:
    """A source whose Google is the stand-in."""

    def __init__(self, kind: str, buckets: Callable[[str], Bucket], scratch: Path) -> None:
        self.options, content, variable = KINDS[kind]
        self.kind = kind
        self.buckets = buckets
        self.bucket = buckets("backups")
        own = self.bucket  # an emulated bucket has another name than it was asked for by
        self.google = Google(lambda name: own if name == own.name else buckets(name), content)
        url, self.stop = serve(self.google)
        self.world = world(scratch, GivenSecrets(), buckets=buckets, environ={variable: url})

    def source(self, **more: object) -> Source:
        """A new one each time: nothing but the token goes from one process to the next."""
        module: Any = {"postgres": postgres, "redis": redis}[self.kind]
        return module.source({**self.options, **more}, self.world)

    def wait(self, before: SourceSnapshot | None = None, **more: object) -> SourceSnapshot:
        """Step by step, as the run does it; each time in another process."""
        for minute in range(20):
            at = NOW + timedelta(minutes=minute)
            before = self.source(**more).begin(run_for("b1", self.bucket), before, at)
            if before.ready:
                return before
        raise AssertionError("never ready")

    def read(self, snapshot: SourceSnapshot, cursor: str = "") -> list[Chunk]:
        return list(self.source().read(run_for("b1", self.bucket), snapshot, cursor))

    def names(self) -> list[str]:
        return [info.name for info in self.bucket.list("")]


@pytest.fixture(params=list(KINDS))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    case = Case(request.param, MemoryBuckets(), tmp_path)
    yield case
    case.stop()


def test_an_export_is_started_once_waited_for_read_and_removed(case: Case) -> None:
    snapshot = case.wait()
    assert case.google.started == 1
    assert b"".join(piece.data for piece in case.read(snapshot)) == case.google.content
    assert snapshot.tools in ({"cloudsql": "POSTGRES_15"}, {"memorystore": "REDIS_7_0"})
    assert snapshot.at <= NOW
    assert case.names() == [f"toban-exports/b1{'.sql' if case.kind == 'postgres' else '.rdb'}"]
    assert not any("Authorization" in headers for headers in case.google.headers)
    for _ in range(2):
        case.source().end(run_for("b1", case.bucket), snapshot)
    assert case.names() == []


def test_the_snapshot_is_not_younger_than_the_export(tmp_path: Path) -> None:
    case = Case("postgres", MemoryBuckets(), tmp_path)
    try:
        assert case.wait().at == datetime(2026, 11, 22, 2, 59, 0, 123456, UTC)
    finally:
        case.stop()


def test_an_export_goes_to_the_bucket_that_was_named(case: Case) -> None:
    case.wait(export_bucket="exports")
    assert case.names() == []
    assert case.google.exports[0].uri.startswith("gs://exports/toban-exports/b1.")


@pytest.mark.parametrize("crash_after", [1, 2, 3, 4, 5])
def test_a_crash_at_any_step_starts_no_second_export(case: Case, crash_after: int) -> None:
    """What was returned is lost; the step is done again with what was known before it."""
    snapshot: SourceSnapshot | None = None
    for step in range(1, 20):
        result = case.source().begin(run_for("b1", case.bucket), snapshot, NOW)
        if step == crash_after:
            result = case.source().begin(run_for("b1", case.bucket), snapshot, NOW)
        snapshot = result
        if snapshot.ready:
            break
    assert snapshot is not None
    assert snapshot.ready
    assert case.google.started == 1
    assert b"".join(piece.data for piece in case.read(snapshot)) == case.google.content


def test_a_lost_answer_starts_no_second_export(case: Case) -> None:
    case.google.lose_answers = 1
    snapshot: SourceSnapshot | None = None
    failures = 0
    for _ in range(20):
        try:
            snapshot = case.source().begin(run_for("b1", case.bucket), snapshot, NOW)
        except SourceFailed:
            failures += 1
            continue
        if snapshot.ready:
            break
    assert failures == 1
    assert case.google.started == 1


def test_memorystore_forgets_operations_after_some_hours(tmp_path: Path) -> None:
    case = Case("redis", MemoryBuckets(), tmp_path)
    try:
        snapshot: SourceSnapshot | None = None
        while case.google.started == 0:
            snapshot = case.source().begin(run_for("b1", case.bucket), snapshot, NOW)
        while not case.google.exports[0].done:
            case.google.look(case.google.exports[0])
        case.google.exports[0].name = "forgotten"
        assert case.wait(snapshot).ready
        assert case.google.started == 1
    finally:
        case.stop()


def test_another_operation_is_waited_for(case: Case) -> None:
    case.google.exports.append(Export("theirs", "gs://theirs/x", 3, {}, other=True))
    first = case.source().begin(run_for("b1", case.bucket), None, NOW)
    assert not first.ready
    assert case.google.started == 0
    if case.kind == "postgres":  # its list says nothing of progress: only time passes
        case.google.exports[0].looks = 0
    assert case.wait(first).ready
    assert case.google.started == 1


def test_a_failed_export_is_started_anew_and_given_up_in_the_end(case: Case) -> None:
    case.google.fail = "The service account does not have the required permissions"
    with pytest.raises(SourceFailed, match=r"3 times: .*required permissions") as caught:
        case.wait()
    assert not caught.value.retryable
    assert case.google.started == 3


def test_one_failed_export_is_not_the_end(case: Case) -> None:
    case.google.fail = "An internal error occurred"
    first = case.source().begin(run_for("b1", case.bucket), None, NOW)
    while case.google.started == 0 or not case.google.exports[0].done:
        first = case.source().begin(run_for("b1", case.bucket), first, NOW)
    case.google.fail = ""
    assert b"".join(p.data for p in case.read(case.wait(first))) == case.google.content
    assert case.google.started == 2


def test_what_a_failed_attempt_left_is_not_taken_for_an_export(case: Case) -> None:
    name = f"toban-exports/b1{'.sql' if case.kind == 'postgres' else '.rdb'}"
    case.bucket.create(name, b"half of something")
    assert b"".join(p.data for p in case.read(case.wait())) == case.google.content


def test_an_export_that_never_ends_is_given_up(case: Case) -> None:
    case.google.looks = 10_000
    snapshot = case.source().begin(run_for("b1", case.bucket), None, NOW)
    with pytest.raises(SourceFailed, match="was not done after") as caught:
        case.source().begin(run_for("b1", case.bucket), snapshot, NOW + timedelta(hours=13))
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("status", "text", "again"),
    [
        (403, '{"error": {"code": 403, "message": "denied"}}', False),
        (404, '{"error": {"code": 404, "message": "The instance does not exist"}}', False),
        (429, '{"error": {"code": 429, "message": "Quota exceeded"}}', True),
        (503, "<html>down</html>", True),
        (200, "<html>a proxy</html>", True),
        (200, "[]", True),
        (302, "", False),
    ],
)
def test_errors_say_whether_to_try_again(case: Case, status: int, text: str, again: bool) -> None:
    case.google.answers = [(status, text)]
    with pytest.raises(SourceFailed) as caught:
        case.source().begin(run_for("b1", case.bucket), None, NOW)
    assert caught.value.retryable is again
    assert case.source().identity in str(caught.value)


def test_nobody_answers(case: Case) -> None:
    case.stop()
    with pytest.raises(SourceFailed, match="Connection") as caught:
        case.source().begin(run_for("b1", case.bucket), None, NOW)
    assert caught.value.retryable
    case.stop = lambda: None


def test_reading_goes_on_from_every_cursor(tmp_path: Path) -> None:
    case = Case("postgres", MemoryBuckets(), tmp_path)
    try:
        snapshot = case.wait()
        pieces = case.read(snapshot)
        assert len(pieces) > 3
        for at, piece in enumerate(pieces):
            assert piece.cursor
            assert case.read(snapshot, piece.cursor) == pieces[at + 1 :]
    finally:
        case.stop()


def test_an_object_that_changed_or_went_is_not_read(case: Case) -> None:
    snapshot = case.wait()
    (name,) = case.names()
    case.bucket.upload(name, iter([case.google.content[::-1]]))
    with pytest.raises(SourceFailed, match="is gone"):
        case.read(snapshot)
    wrong = {**snapshot.token, "generation": str(case.bucket.stat(name).generation)}
    with pytest.raises(SourceFailed, match="checksum") as caught:
        case.read(SourceSnapshot(snapshot.at, wrong))
    assert not caught.value.retryable
    assert case.names() == []  # nothing in the clear is left behind
    with pytest.raises(SourceFailed, match="is gone"):
        case.read(snapshot)


@pytest.mark.parametrize("keep", [0, 8, -12, -200])
def test_an_export_without_its_end_never_counts(case: Case, keep: int) -> None:
    case.google.content = case.google.content[:keep]
    with pytest.raises(SourceFailed, match=r"empty|cut off"):
        case.read(case.wait())


@pytest.mark.parametrize(
    "options",
    [
        {"instance": "shop", "database": "d"}, {"instance": "a:b:c:d", "database": "d"},
        {"instance": "shop:main"}, {"instance": ":", "database": "d"}, {},
    ],
)  # fmt: skip
def test_an_incomplete_section_is_refused(options: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs"):
        cloudsql.source(options, world(tmp_path, GivenSecrets()))
    with pytest.raises(ValueError, match="needs"):
        memorystore.source(options, world(tmp_path, GivenSecrets()))


# --- the way back ----------------------------------------------------------------------------


def test_a_cloud_sql_dump_is_checked_and_restored(
    postgres_server: Postgres, postgres_database: str, tmp_path: Path
) -> None:
    postgres_server.sql(
        "create table t (a int, b text); insert into t select i, '行 ' || i from"
        " generate_series(1, 3000) i; create table u ()",
        postgres_database,
    )
    dump = subprocess.run(
        [pgserver.program("pg_dump"), postgres_server.url(postgres_database)],
        capture_output=True,
        check=True,
    ).stdout
    counts = postgres.format_(world(tmp_path, GivenSecrets())).check(cut(dump, 1000), no_objects)
    assert counts == {"bytes": len(dump), "tables": 2, "rows": 3000, "large_objects": 0}
    for bad in (dump[:-60], dump[: len(dump) // 2]):
        with pytest.raises(Damaged, match="cut off"):
            postgres.format_(world(tmp_path, GivenSecrets())).check(cut(bad), no_objects)
    target = postgres_desk.target_on(postgres_server, tmp_path)
    restore(target, dump)
    assert target.counts() == {"tables": 2, "rows": 3000, "large_objects": 0}
    target.discard()


@pytest.mark.parametrize("kind", ["redis"])
def test_through_an_emulated_bucket(
    kind: str, gcs_emulator: str, redis_server: Redis, tmp_path: Path
) -> None:
    redis_desk.fill(redis_server, 1_000)
    case = Case(kind, emulated(gcs_emulator), tmp_path)
    try:
        case.google.content = backup(redis_desk.source_of(redis_server, tmp_path))[1]
        snapshot = case.wait()
        data = b"".join(piece.data for piece in case.read(snapshot))
        assert data == case.google.content
        assert redis_desk.check(data, tmp_path)["keys"] > 1_000
        case.source().end(run_for("b1", case.bucket), snapshot)
        assert case.names() == []
    finally:
        case.stop()
