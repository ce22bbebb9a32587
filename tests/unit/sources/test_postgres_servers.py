"""What a dump needs of the server that it is restored into: locks, search path, roles, locale, settings."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.servers import Postgres, ServerNotAvailable, start_postgres
from tests.unit.sources.desk import GivenSecrets, backup, cut, no_objects, world
from tests.unit.sources.desk import restore as load
from tests.unit.sources.postgres_desk import source_of, target_on
from toban.ports.backup import NothingSelected, Room, SourceSnapshot, Target, TargetFailed
from toban.sources.postgres import adapter as postgres
from toban.sources.postgres import server as pgserver
from toban.sources.postgres.adapter import PostgresFormat
from toban.sources.postgres.loading.databases import Databases


@pytest.fixture(scope="module")
def other() -> Iterator[Postgres]:
    """Another server, with room for few locks, whose locale is another."""
    try:
        with start_postgres(
            "max_locks_per_transaction=10", "max_connections=12", "max_wal_senders=0"
        ) as server:
            yield server
    except ServerNotAvailable as error:
        pytest.skip(str(error))


@pytest.fixture
def again(other: Postgres) -> Iterator[str]:
    """A database that is not there yet."""
    name = f"again_{uuid.uuid4().hex[:8]}"
    yield name
    for found in other.sql(f"select datname from pg_database where datname like '{name}%'").split():
        other.sql(f"drop database {found} with (force)")


def taken(server: Postgres, database: str, scratch: Path) -> tuple[SourceSnapshot, bytes]:
    return backup(source_of(server, database, scratch))


def recovery(
    server: Postgres, scratch: Path, database: str, snapshot: SourceSnapshot, **options: object
) -> Target:
    options = {"purpose": "recovery", "recorded": snapshot.server, **options}
    return target_on(server, scratch, database=database, **options)


def test_more_tables_than_one_transaction_can_lock_come_back(
    postgres_server: Postgres, postgres_database: str, other: Postgres, again: str, tmp_path: Path
) -> None:
    tables = 1_000
    postgres_server.sql(
        f"select format('create table t%s (id int)', i) from generate_series(1, {tables}) i \\gexec",
        postgres_database,
    )
    snapshot, data = taken(postgres_server, postgres_database, tmp_path)
    other.sql(f"create database {again}_empty template template0")
    into = recovery(other, tmp_path, f"{again}_empty", snapshot)
    with pytest.raises(TargetFailed, match="out of shared memory") as caught:
        load(into, data)  # a person's own database: one transaction
    assert not caught.value.retryable, "it would be as full the next time"
    assert (
        other.sql("select count(*) from pg_class where relname ~ '^t[0-9]'", f"{again}_empty")
        == "0"
    )

    load(recovery(other, tmp_path, again, snapshot), data)
    assert other.sql("select count(*) from pg_class where relname ~ '^t[0-9]+$'", again) == str(
        tables
    )


def test_functions_that_rely_on_the_search_path_run_while_it_is_loaded(
    postgres_server: Postgres, postgres_database: str, other: Postgres, again: str, tmp_path: Path
) -> None:
    postgres_server.sql(
        f"create schema app; alter database {postgres_database} set search_path to app, public;"
        "set search_path to app, public;"
        "create table rates (name text, rate int); insert into rates values ('jpy', 7);"
        "create function rate(text) returns int language sql immutable as"
        " $$ select rate from rates where name = $1 $$;"
        "create table prices (currency text); insert into prices values ('jpy');"
        "create index by_rate on prices (rate(currency));"
        "create table checked (currency text check (rate(currency) > 0));"
        "insert into checked values ('jpy');"
        "create materialized view sums as select rate(currency) from prices",
        postgres_database,
    )
    snapshot, data = taken(postgres_server, postgres_database, tmp_path)
    load(recovery(other, tmp_path, again, snapshot), data)
    assert other.sql("select * from sums", again) == "7", "by the path of the database itself"
    assert other.sql("select count(*) from app.checked", again) == "1"


def test_a_check_over_another_table_comes_back_only_where_it_is_not_valid_yet(
    postgres_server: Postgres, postgres_database: str, other: Postgres, again: str, tmp_path: Path
) -> None:
    """docs/operations.md: a limit of ``pg_dump``, and the way around it."""
    postgres_server.sql(
        "create table rates (name text); insert into rates values ('jpy');"
        "create function known(text) returns bool language sql as"
        " $$ select exists (select from public.rates where name = $1) $$;"
        "create table orders (currency text constraint known check (known(currency)));"
        "insert into orders values ('jpy')",
        postgres_database,
    )
    snapshot, data = taken(postgres_server, postgres_database, tmp_path)
    with pytest.raises(TargetFailed, match='violates check constraint "known"') as caught:
        load(recovery(other, tmp_path, again, snapshot), data)
    assert not caught.value.retryable

    postgres_server.sql(
        "alter table orders drop constraint known,"
        " add constraint known check (known(currency)) not valid",
        postgres_database,
    )
    snapshot, data = taken(postgres_server, postgres_database, tmp_path)
    load(recovery(other, tmp_path, again, snapshot), data)
    assert other.sql("select conname from pg_constraint where conname = 'known'", again) == "known"


def test_a_made_database_has_the_locale_encoding_and_settings_of_the_dumped_one(
    postgres_server: Postgres, other: Postgres, again: str, tmp_path: Path
) -> None:
    name = f"od\"d '{uuid.uuid4().hex[:6]}"
    quoted = '"' + name.replace('"', '""') + '"'
    postgres_server.sql(f"create database {quoted} template template0 encoding 'LATIN1' locale 'C'")
    postgres_server.sql(
        f"alter database {quoted} set work_mem = '7MB';"
        f"alter database {quoted} set app.greeting to E'it''s\\n;here';"
        f"comment on database {quoted} is E'ours;\\n\\\\ it''s IS so';"
    )
    look = (
        "select pg_encoding_to_char(encoding), datcollate, datctype, current_setting('work_mem'),"
        " current_setting('app.greeting'), shobj_description(oid, 'pg_database') from pg_database"
        " where datname = current_database()"
    )
    try:
        before = postgres_server.sql(look, name)
        assert before.startswith("LATIN1|C|C|7MB|it's")
        snapshot, data = taken(postgres_server, name, tmp_path)
    finally:
        postgres_server.sql(f"drop database {quoted}")
    target = recovery(other, tmp_path, again, snapshot)
    load(target, data)
    target.release()
    assert other.sql(look, again) == before


@pytest.mark.parametrize("setting", ["is_template true", "set statement_timeout = '5ms'"])
def test_what_a_database_sets_for_its_application_stops_neither_a_backup_nor_a_test(
    setting: str, postgres_server: Postgres, postgres_database: str, tmp_path: Path
) -> None:
    rows = 200_000  # longer than that to count
    postgres_server.sql(
        f"create table t as select generate_series(1, {rows}) i;"
        f"alter database {postgres_database} {setting}",
        postgres_database,
    )
    try:
        _, data = taken(postgres_server, postgres_database, tmp_path)
        target = target_on(postgres_server, tmp_path)
        load(target, data)
        load(target, data)  # another attempt drops what the first one made
        assert target.counts()["rows"] == rows
        target.discard()
        assert "toban_restore" not in postgres_server.sql("select datname from pg_database")
    finally:
        left = postgres_server.sql("select datname from pg_database where datname ~ '^toban_res'")
        for name in (postgres_database, *left.split()):
            postgres_server.sql(f"alter database {name} is_template false")
        for name in left.split():
            postgres_server.sql(f"drop database {name} with (force)")


@pytest.fixture
def owned(postgres_server: Postgres, postgres_database: str) -> Iterator[str]:
    """A database whose objects belong to others than the superuser."""
    drop = (
        f"drop database if exists {postgres_database} with (force);"
        'drop role if exists keeper; drop role if exists "Viewer\'s"; drop role if exists staff'
    )
    postgres_server.sql(
        "create role staff; create role keeper login password 'hunter2' in role staff;"
        'create role "Viewer\'s";'
        f"alter database {postgres_database} owner to keeper;"
        f'grant connect on database {postgres_database} to "Viewer\'s"'
    )
    postgres_server.sql(
        "create table t (id int, who text); insert into t values (1, 'a'), (2, 'b');"
        'alter table t owner to keeper; grant select (id) on t to "Viewer\'s";'
        "alter table t enable row level security;"
        'create policy own on t to "Viewer\'s" using (id = 1);'
        "comment on policy own on t is 'mine'",
        postgres_database,
    )
    yield postgres_database
    postgres_server.sql(drop)


def test_owners_and_grants_come_back_and_roles_that_lack_are_named_first(
    postgres_server: Postgres, owned: str, other: Postgres, again: str, tmp_path: Path
) -> None:
    snapshot, data = taken(postgres_server, owned, tmp_path)
    assert {"Viewer's", "keeper", "staff"} <= set(snapshot.server["roles"])
    script = "\n".join(snapshot.server["script"])
    assert "create role keeper login;" in script
    assert "grant staff to keeper;" in script
    assert "hunter2" not in script

    refused = "lacks the roles Viewer's, keeper, staff"
    assert refused in recovery(other, tmp_path, again, snapshot).refusal()
    unrecorded = SourceSnapshot(at=snapshot.at)  # an older backup: the archive itself says it
    with pytest.raises(TargetFailed, match="lacks the roles Viewer's, keeper"):
        load(recovery(other, tmp_path, again, unrecorded), data)
    assert "again" not in other.sql("select datname from pg_database")

    load(recovery(other, tmp_path, f"{again}_b", snapshot, owners="no"), data)
    assert (
        other.sql("select tableowner from pg_tables where tablename = 't'", f"{again}_b")
        == "postgres"
    )
    test = target_on(other, tmp_path, recorded=snapshot.server)
    load(test, data)  # a server for tests need not know them
    assert test.counts()["rows"] == 2
    test.discard()

    other.sql(script.replace("create role postgres", "create role not_again"))
    try:
        target = recovery(other, tmp_path, again, snapshot)
        assert target.refusal() == ""
        load(target, data)
        assert (
            other.sql("select tableowner from pg_tables where tablename = 't'", again) == "keeper"
        )
        look = "select has_column_privilege('Viewer''s', 't', 'id', 'select'), (select polname from pg_policy)"
        assert other.sql(look, again) == "t|own"
        assert (
            other.sql(f"select datdba::regrole from pg_database where datname = '{again}'")
            == "keeper"
        )
        assert "Viewer's" in other.sql(f"select datacl from pg_database where datname = '{again}'")
    finally:
        other.sql(
            f'drop database if exists {again} with (force); drop role keeper; drop role "Viewer\'s";'
            " drop role staff; drop role if exists not_again"
        )


def test_a_user_who_is_no_superuser_gives_objects_to_roles_of_which_it_is_a_member(
    postgres_server: Postgres, owned: str, other: Postgres, again: str, tmp_path: Path
) -> None:
    """As on a managed server. Whoever is only granted something need not be one of them."""
    snapshot, data = taken(postgres_server, owned, tmp_path)
    other.sql(
        'create role keeper; create role "Viewer\'s"; create role staff;'
        "create role restorer login createdb password 'let me in'"
    )
    secrets = GivenSecrets(
        STAGING_URL=f"postgresql://restorer:let%20me%20in@{other.host}:{other.port}/postgres"
    )
    options = {
        "url_secret": "STAGING_URL",
        "restore_id": "rst-1",
        "database": again,
        "recorded": {k: [r for r in v if r != "postgres"] for k, v in snapshot.server.items()},
    }
    target = postgres.target(options, world(tmp_path, secrets))
    try:
        assert "restorer is no member of keeper and may give" in target.refusal()
        other.sql("grant keeper to restorer")
        assert target.refusal() == ""
        load(target, data)
        assert (
            other.sql("select tableowner from pg_tables where tablename = 't'", again) == "keeper"
        )
    finally:
        other.sql(
            f'drop database if exists {again} with (force); drop role keeper; drop role "Viewer\'s";'
            " drop role staff; drop role restorer"
        )


def test_tablespaces_and_collations_that_lack_do_not_stop_it(
    postgres_server: Postgres, postgres_database: str, other: Postgres, again: str, tmp_path: Path
) -> None:
    place = f"space_{uuid.uuid4().hex[:6]}"
    postgres_server.sql(
        f"set allow_in_place_tablespaces = on; create tablespace {place} location '';"
    )
    try:
        postgres_server.sql(
            "set allow_system_table_mods = on;"
            'create collation pg_catalog."ja_XX.utf8" from "C";'
            f'create table t (name text collate "ja_XX.utf8") tablespace {place};'
            "insert into t values ('い'), ('あ'); create index on t (name)",
            postgres_database,
        )
        snapshot, data = taken(postgres_server, postgres_database, tmp_path)
    finally:
        postgres_server.sql("drop table if exists t", postgres_database)
        postgres_server.sql(f"drop tablespace {place}")
    assert snapshot.server["tablespaces"] == [place]
    with pytest.raises(TargetFailed, match=r"lacks the collations ja_XX\.utf8"):
        load(recovery(other, tmp_path, again, snapshot), data)
    target = recovery(other, tmp_path, again, snapshot, locale="any")
    assert any(place in remark for remark in target.remarks())
    load(target, data)
    assert other.sql("select string_agg(name, '' order by name) from t", again) == "あい"
    test = target_on(other, tmp_path)
    load(test, data)
    test.discard()


def test_a_collation_of_users_whose_locale_lacks_does_not_stop_it(
    postgres_server: Postgres, postgres_database: str, other: Postgres, again: str, tmp_path: Path
) -> None:
    """Made where the system knew the locale: here the catalogue says so afterwards."""
    postgres_server.sql(
        "create collation \"ja (our; own)\" (provider = libc, locale = 'C');"
        "create collation fine (provider = libc, locale = 'C');"
        'create table t (name text collate "ja (our; own)", other text collate fine);'
        "insert into t values ('い', 'x'), ('あ', 'y'); create index on t (name);"
        "update pg_collation set collcollate = 'ja_XX.utf8', collctype = 'ja_XX.utf8'"
        " where collname like 'ja (%'",
        postgres_database,
    )
    snapshot, data = taken(postgres_server, postgres_database, tmp_path)
    with pytest.raises(TargetFailed, match=r"lacks the collations CREATE COLLATION.*our; own"):
        load(recovery(other, tmp_path, again, snapshot), data)
    load(recovery(other, tmp_path, again, snapshot, locale="any"), data)
    assert other.sql("select string_agg(name, '' order by name) from t", again) == "あい"
    made = "select string_agg(collname, ', ' order by collname) from pg_collation"
    assert other.sql(f"{made} where collnamespace = 'public'::regnamespace", again) == (
        "fine, ja (our; own)"
    )
    test = target_on(other, tmp_path)
    load(test, data)
    test.discard()


@pytest.mark.parametrize(
    ("only", "there"),
    [
        ("shop.orders", {"shop.orders", "shop.customers_id_seq"}),
        ("audit*", {"public.audit", "public.audit_2026"}),
        ("shop.orders, audit", {"shop.orders", "public.audit", "public.audit_2026"}),
    ],
)
def test_some_objects_come_back_with_what_they_need(
    only: str, there: set[str], postgres_server: Postgres, postgres_database: str, tmp_path: Path,
    other: Postgres, again: str,
) -> None:  # fmt: skip
    postgres_server.sql(
        "create schema shop; create type shop.mood as enum ('good');"
        "create table shop.customers (id int primary key);"
        "create table shop.orders (id serial primary key, mood shop.mood,"
        " customer int references shop.customers);"
        "insert into shop.customers values (1); insert into shop.orders values (default, 'good', 1);"
        "create index by_mood on shop.orders (mood);"
        "create table audit (at date) partition by range (at);"
        "create table audit_2026 partition of audit for values from ('2026-01-01') to ('2027-01-01');"
        "insert into audit values ('2026-11-28'); create table large (text text);"
        # More than a pipe holds, behind what is asked for.
        "insert into large select md5(i::text) from generate_series(1, 10000) i",
        postgres_database,
    )
    snapshot, data = taken(postgres_server, postgres_database, tmp_path)
    load(recovery(other, tmp_path, again, snapshot, only=only), data)
    found = set(
        other.sql(
            "select oid::regclass from pg_class where relkind in ('r', 'p')"
            " and relnamespace::regnamespace::text in ('shop', 'public')",
            again,
        ).split()
    )
    assert found == {name.removeprefix("public.") for name in there if not name.endswith("_seq")}
    if "shop.orders" in there:
        assert (
            other.sql("insert into shop.orders (mood) values ('good') returning id", again) == "2"
        )
        assert (
            other.sql("select count(*) from pg_indexes where indexname = 'by_mood'", again) == "1"
        )
    if "public.audit" in there:
        assert other.sql("select count(*) from audit", again) == "1"


def test_a_table_comes_back_with_the_functions_of_its_triggers_and_indexes(
    postgres_server: Postgres, postgres_database: str, other: Postgres, again: str, tmp_path: Path
) -> None:
    postgres_server.sql(
        "create table cust (id int primary key);"
        "create table orders (id serial primary key, c int references cust, v text);"
        "create function norm(text) returns text immutable language sql as 'select lower($1)';"
        "create index by_name on orders (norm(v));"
        "create function loud() returns trigger language plpgsql as"
        " 'begin new.v := upper(new.v); return new; end';"
        "create trigger louder before insert on orders for each row execute function loud();"
        "create function counted() returns bigint language sql begin atomic"
        " select count(*) from cust; end;"
        "comment on function counted() is 'of others'",
        postgres_database,
    )
    snapshot, data = taken(postgres_server, postgres_database, tmp_path)
    load(recovery(other, tmp_path, again, snapshot, only="orders"), data)
    assert other.sql("insert into orders (v) values ('x') returning v", again) == "X"
    look = "select relname from pg_class where relnamespace = 'public'::regnamespace order by 1"
    assert other.sql(look, again).split() == ["by_name", "orders", "orders_id_seq", "orders_pkey"]
    names = "select proname from pg_proc where pronamespace = 'public'::regnamespace order by 1"
    assert other.sql(names, again).split() == ["loud", "norm"]
    told = PostgresFormat(world(tmp_path, GivenSecrets())).select(cut(data), ["orders"])
    assert told.comes == {"function": 2, "index": 1, "sequence": 1, "table": 1, "trigger": 1}
    assert told.left_out == {"fk constraint": 1, "function": 1, "table": 1}


def test_a_database_that_cannot_be_put_aside_stays_in_service(
    other: Postgres, again: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.sql(f"create database {again}")
    ask = Databases.ask

    def refusing(self: Databases, sql: str, *more: str, **options: bool) -> list[str]:
        if " rename to " in sql:
            raise TargetFailed("it is used for logical replication", retryable=False)
        return ask(self, sql, *more, **options)

    monkeypatch.setattr(Databases, "ask", refusing)
    ports = world(tmp_path, GivenSecrets(DB_URL=other.url()))
    server = pgserver.connect(ports, "DB_URL", TargetFailed)
    with pytest.raises(TargetFailed, match="logical replication"):
        Databases(server, ports).swap(again, "loaded")
    assert other.sql("select 1", again) == "1", "whoever uses it still may"


def test_an_object_that_the_dump_does_not_hold_is_named(
    postgres_server: Postgres, postgres_database: str, other: Postgres, again: str, tmp_path: Path
) -> None:
    postgres_server.sql("create table t (id int)", postgres_database)
    snapshot, data = taken(postgres_server, postgres_database, tmp_path)
    with pytest.raises(TargetFailed, match="the backup holds no 'tt'"):
        load(recovery(other, tmp_path, again, snapshot, only="tt"), data)
    with pytest.raises(NothingSelected, match="holds no 'tt'"):
        PostgresFormat(world(tmp_path, GivenSecrets())).select(cut(data), ["t", "tt"])


def test_the_room_is_told_of_a_server_of_this_machine_only(
    postgres_server: Postgres, postgres_database: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    recorded = {"bytes": ["123"]}
    room = target_on(postgres_server, tmp_path, recorded=recorded).room()
    assert (room.where, room.needed) == (postgres_server.sql("show data_directory"), 123)
    assert room.free == pytest.approx(shutil.disk_usage(room.where).free, rel=0.2)

    nobody = f"{postgres_database}_u"
    postgres_server.sql(f"create role {nobody} login password 'x' createdb")
    at = f"{postgres_server.host}:{postgres_server.port}"
    secrets = GivenSecrets(DB_URL=f"postgresql://{nobody}:x@{at}/postgres")
    options = {"url_secret": "DB_URL", "restore_id": "r", "recorded": recorded}
    unknown = postgres.target(options, world(tmp_path, secrets)).room()
    postgres_server.sql(f"drop role {nobody}")
    assert unknown == Room(None, needed=123), "who may not read the settings"

    monkeypatch.setattr(pgserver.Server, "identity", lambda *_: "postgres://db.example:5432/")
    assert target_on(postgres_server, tmp_path, recorded=recorded).room() == Room(None, needed=123)


def test_a_part_never_takes_the_place_of_a_whole_database(
    postgres_server: Postgres, postgres_database: str, other: Postgres, again: str, tmp_path: Path
) -> None:
    postgres_server.sql("create table t (id int)", postgres_database)
    snapshot, data = taken(postgres_server, postgres_database, tmp_path)
    other.sql(f"create database {again}")
    other.sql("create table precious (id int)", again)
    target = recovery(other, tmp_path, again, snapshot, only="t", clean="true")
    assert "a part in the place of the whole database" in target.refusal()
    with pytest.raises(TargetFailed, match="in the place of"):
        load(target, data)
    assert other.sql("select count(*) from precious", again) == "0"


# --- what is tried again -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "again"),
    [
        ("select 1/0", False),
        ("create table t (id int)", False),
        ("select nothing", False),
        ("do $$ begin raise exception 'x' using errcode = '40001'; end $$", True),
        ("do $$ begin raise exception 'x' using errcode = '53100'; end $$", True),
        ("do $$ begin raise exception 'x' using errcode = '57P01'; end $$", True),
        ("do $$ begin raise exception 'does not exist' using errcode = '40P01'; end $$", True),
        ("select pg_terminate_backend(pg_backend_pid())", True),
        (
            "do $$ begin raise exception 'max_locks_per_transaction' using errcode = '53200'; end $$",
            False,
        ),
    ],
)
def test_only_what_can_pass_is_tried_again(
    sql: str, again: bool, postgres_server: Postgres, postgres_database: str, tmp_path: Path
) -> None:
    postgres_server.sql("create table t (id int)", postgres_database)
    ports = world(tmp_path, GivenSecrets(U=postgres_server.url(postgres_database)))
    server = pgserver.connect(ports, "U", TargetFailed)
    with pytest.raises(TargetFailed) as caught:
        pgserver.ask(server, sql, ports, TargetFailed)
    assert caught.value.retryable is again
    assert "LOCATION" not in str(caught.value)


def test_what_a_database_refuses_is_said_with_its_sqlstate(
    postgres_server: Postgres, postgres_database: str, other: Postgres, again: str, tmp_path: Path
) -> None:
    postgres_server.sql("create table t (id int)", postgres_database)
    snapshot, data = taken(postgres_server, postgres_database, tmp_path)
    other.sql(f"create database {again} template template0")
    target = recovery(other, tmp_path, again, snapshot)
    target.prepare(fresh=True)
    other.sql("create table t (id int)", again)
    with pytest.raises(TargetFailed, match=r'\[42P07\] relation "t" already exists') as caught:
        list(target.load(cut(data), no_objects))
    assert not caught.value.retryable
