"""
The whole chain on real databases: backed up, replicated, read back, destroyed, restored, equal.

On the embedded runtime, with a PostgreSQL, a Redis and the Firestore emulator behind it.
"""

from __future__ import annotations

import importlib
import io
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from google.cloud import firestore

from tests.alone import read_alone
from tests.chains import services
from tests.chains.receivers import HttpReceiver, Mailbox
from tests.chains.test_backup_to_restore import KEY, Safe
from tests.chains.worlds import EmbeddedWorld
from tests.plugins.servers import Postgres, Redis
from tests.profiles import Profile
from tests.unit.sources.desk import GivenSecrets, cut, no_objects, world
from toban.backups.documents import Backup
from toban.backups.policy.recovery import onto
from toban.backups.policy.restores import Restore
from toban.backups.section import BackupPlan, RestoreTest, RetentionRules
from toban.events.backups import BackupDue, RestoreRequested, RestoreTestDue
from toban.sources.base import ContentQuery, StagingTarget
from toban.sources.configuration.kind import ConfigurationSourceSection
from toban.sources.firestore.kind import FirestoreSourceSection
from toban.sources.logs.kind import LogsSourceSection
from toban.sources.postgres.kind import PostgresSourceSection
from toban.sources.redis.kind import RedisSourceSection
from toban.sources.redis.resp import Connection, parse
from toban.strictyaml.values import Seconds

SCHEMA = """
create table people (id int primary key, name text not null, joined timestamptz);
insert into people select n, '山田 ' || n, now() - n * interval '1 day' from generate_series(1, 500) n;
create view recent as select * from people where id < 10;
"""
ROWS = "select count(*) || ' ' || md5(string_agg(people::text, ',' order by id)) from people"


def vault(service: str, outside: str, project: str, logs: Path) -> Profile:
    """A service whose databases are backed up to two regions."""
    profile = services.safe(service, outside)
    assert profile.backup is not None

    def plan(source: str) -> BackupPlan:
        return BackupPlan(
            source=source, class_="daily", schedule=services.YEARLY, keep=RetentionRules(daily=7)
        )

    section = msgspec.structs.replace(
        profile.backup,
        sources={
            "database": PostgresSourceSection(url_secret="DATABASE_URL"),
            "cache": RedisSourceSection(url_secret="REDIS_URL"),
            "documents": FirestoreSourceSection(project=project),
            "logs": LogsSourceSection(paths=(str(logs),)),
            "settings": ConfigurationSourceSection(),
        },
        plans=tuple(map(plan, ("database", "cache", "documents", "logs", "settings"))),
        restore_test=RestoreTest(
            schedule=services.YEARLY,
            targets=(
                StagingTarget(
                    source="database",
                    url_secret="DATABASE_URL",
                    queries=(ContentQuery(query="select count(*) from people", expect=">= 500"),),
                ),
            ),
            within=Seconds(600),
        ),
    )
    return msgspec.structs.replace(profile, backup=section)


def check(kind: str, stream: bytes) -> dict[str, int]:
    """What the kind's own check counts in a stream."""
    adapter = importlib.import_module(f"toban.sources.{kind}.adapter")
    ports = world(Path(tempfile.gettempdir()), GivenSecrets())
    return dict(adapter.format_(ports).check(cut(stream), no_objects))


class Vault(Safe):
    """The backups of databases."""

    def take(self, source: str) -> Backup:
        self.world.publish(
            BackupDue(service=self.service, source=source, class_="daily", requested_by="Aoki")
        )

        def verified() -> Backup | None:
            found = [b for b in self.backups() if b.source == source]
            assert not found or found[-1].status != "failed", found[-1].reason
            return found[-1] if found and found[-1].status == "verified" else None

        return self.world.wait(verified, f"a verified backup of {source}")

    def alone(self, backup: Backup, scratch: Path) -> bytes:
        """The stream as who has lost toban reads it."""
        return read_alone(self.bucket("osaka"), backup.prefix, scratch, KEY)["stream"]

    def restore(self, backup: Backup, target: dict[str, str], *, onto: bool = False) -> Restore:
        restore_id = f"{backup.source}-{len(target)}"
        self.world.publish(
            RestoreRequested(
                restore_id=restore_id,
                service=self.service,
                source=backup.source,
                backup_id=backup.id,
                purpose="recovery",
                region="asia-northeast2",
                target=target,
                onto_source=onto,
            )
        )
        return self.restored(restore_id)


@pytest.fixture
def make(
    outside: HttpReceiver,
    mailbox: Mailbox,
    secrets: dict[str, str],
    project: str,
    tmp_path: Path,
) -> Iterator[Callable[..., Vault]]:
    """Opens a world with the given secrets."""
    worlds = []

    def opened(**more: str) -> Vault:
        profiles = {
            "vault": vault("vault", outside.url, project, tmp_path / "logs"),
            "toban": services.desk(outside.url),
        }
        rooms = {services.slack_secret("vault"): f"{outside.url}/vault/slack"}
        opened_world = EmbeddedWorld(
            "vault", outside, mailbox, profiles, secrets | rooms | more, tmp_path
        )
        worlds.append(opened_world)
        return Vault(opened_world)

    yield opened
    for each in worlds:
        each.close()


def test_postgresql_comes_back_row_for_row(make, postgres_server: Postgres, tmp_path: Path):
    postgres_server.sql("drop database if exists shop; create database shop")
    postgres_server.sql(SCHEMA, "shop")
    before = postgres_server.sql(ROWS, "shop")
    safe = make(DATABASE_URL=postgres_server.url("shop"))

    backup = safe.take("database")
    assert [c.level for c in backup.copies] == ["format", "content"]
    assert backup.counts == check("postgres", safe.alone(backup, tmp_path))
    postgres_server.sql("drop database shop")
    safe.restore(backup, {"url_secret": "DATABASE_URL", "database": "shop_again"})

    assert postgres_server.sql(ROWS, "shop_again") == before
    assert postgres_server.sql("select count(*) from recent", "shop_again") == "9"
    postgres_server.sql("drop database shop_again")


def test_postgresql_is_replaced_onto_itself_and_the_old_one_kept_beside(
    make, postgres_server: Postgres
):
    """As the documentation says it: the URL of the source names its database."""
    postgres_server.sql("drop database if exists shop; create database shop")
    postgres_server.sql(SCHEMA, "shop")
    before = postgres_server.sql(ROWS, "shop")
    safe = make(DATABASE_URL=postgres_server.url("shop"))
    backup = safe.take("database")
    postgres_server.sql("delete from people where id > 3", "shop")

    safe.restore(backup, onto(PostgresSourceSection(url_secret="DATABASE_URL"), {}), onto=True)

    assert postgres_server.sql(ROWS, "shop") == before
    kept = postgres_server.sql("select datname from pg_database where datname like 'shop_before_%'")
    assert postgres_server.sql("select count(*) from people", kept) == "3"
    postgres_server.sql(f"drop database shop; drop database {kept}")


def test_a_restore_test_of_postgresql_asks_its_questions_and_leaves_nothing(
    make, postgres_server: Postgres
):
    postgres_server.sql("drop database if exists shop; create database shop")
    postgres_server.sql(SCHEMA, "shop")
    safe = make(DATABASE_URL=postgres_server.url("shop"))
    safe.take("database")
    databases = postgres_server.sql("select datname from pg_database order by 1")

    safe.world.publish(RestoreTestDue(service="vault"))

    def tested() -> Backup | None:
        return next((b for b in safe.backups() if b.tests), None)

    result = safe.world.wait(tested, "a restore test").tests[0]
    assert result.passed, result.reason
    assert postgres_server.sql("select datname from pg_database order by 1") == databases
    postgres_server.sql("drop database shop")


def test_redis_comes_back_key_for_key(make, redis_server: Redis, tmp_path: Path):
    with Connection(parse(redis_server.url())) as redis:
        redis.call("FLUSHALL")
        redis.call("SET", "挨拶", "こんにちは")
        redis.call("RPUSH", "queue", "a", "b", "c")
        redis.call("ZADD", "scores", "1.5", "aoki", "2", "baba")
        safe = make(REDIS_URL=redis_server.url())

        backup = safe.take("cache")
        assert backup.counts == check("redis", safe.alone(backup, tmp_path))
        redis.call("FLUSHALL")
        safe.restore(backup, {"url_secret": "REDIS_URL"}, onto=True)
        assert redis.call("GET", "挨拶") == "こんにちは".encode()
        assert redis.call("LRANGE", "queue", "0", "-1") == [b"a", b"b", b"c"]
        assert redis.call("ZSCORE", "scores", "aoki") == b"1.5"


def test_firestore_comes_back_document_for_document_in_another_database(
    make, firestore_emulator: str, project: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator)
    client = firestore.Client(project=project)
    for number in range(40):
        person = client.collection("people").document(f"人{number}")
        person.set({"n": number, "f": float(number), "raw": bytes([number]), "self": person})
        person.collection("orders").document("o1").set({"total": [1, {"yen": 100 * number}]})
    client.document("missing/parent/child/c1").set({"here": True})
    safe = make()

    backup = safe.take("documents")
    assert backup.counts["documents"] == 81
    assert backup.counts == check("firestore", safe.alone(backup, tmp_path))
    safe.restore(backup, {"project": project, "database": "again"})
    again = firestore.Client(project=project, database="again")
    for number in range(40):
        person = again.collection("people").document(f"人{number}")
        data = person.get().to_dict()
        assert data is not None
        assert (data["n"], data["f"], data["raw"]) == (number, float(number), bytes([number]))
        assert data["self"] == person, "a reference points into the database that it is in"
        order = person.collection("orders").document("o1").get().to_dict()
        assert order == {"total": [1, {"yen": 100 * number}]}
    assert again.document("missing/parent/child/c1").get().to_dict() == {"here": True}


def test_logs_and_settings_are_read_by_anybody(make, tmp_path: Path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "app.log").write_text("ログ\n", encoding="utf-8")
    safe = make()

    for source, kind in (("logs", "logs"), ("settings", "configuration")):
        (tmp_path / kind).mkdir(exist_ok=True)
        backup = safe.take(source)
        stream = safe.alone(backup, tmp_path / kind)
        assert backup.counts == check(kind, stream)
        if kind == "logs":
            with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
                (log,) = (member for member in tar if member.isfile())
                held = tar.extractfile(log)
                assert held is not None
                assert held.read().decode() == "ログ\n"
