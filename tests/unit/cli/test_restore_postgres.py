"""`toban restore` of PostgreSQL: its plan looks at the server, and what cannot succeed is said at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.plugins.servers import Postgres
from tests.unit.cli.conftest import PROFILE
from tests.unit.cli.vaults import BACKUP, Vault
from toban.cli.kit.progress import ProgressView, bar
from toban.cli.kit.terminal import Terminal


@pytest.fixture
def taken(
    vault: Vault, postgres_server: Postgres, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Vault]:
    """A backup of a database whose owner is a role of its own, which is gone since."""
    role = f"owner_{uuid.uuid4().hex[:6]}"
    monkeypatch.setenv("TOBAN_SECRET_DB_URL", postgres_server.url(postgres_database))
    postgres_server.sql(
        f"create role {role}; create table t (id int); insert into t values (1), (2);"
        f"alter table t owner to {role}",
        postgres_database,
    )
    profile = PROFILE + BACKUP.format(logs=vault.home / "logs")
    vault.desk.services.joinpath("shop.yaml").write_text(
        profile.replace(
            "  plans:\n",
            "    db: {type: postgres, url_secret: DB_URL}\n  plans:\n"
            '    - {source: db, class: daily, schedule: "0 2 * * *", keep: {daily: 1}}\n',
        ),
        encoding="utf-8",
    )
    assert vault.run("apply").code == 0
    vault.take("db")
    postgres_server.sql(f"alter table t owner to postgres; drop role {role}", postgres_database)
    vault.role = role  # type: ignore[attr-defined]
    yield vault
    for name in postgres_server.sql("select datname from pg_database").split():
        if name.startswith(f"{postgres_database}_"):
            postgres_server.sql(f"drop database {name} with (force)")


def test_the_plan_names_what_the_server_lacks_and_what_is_not_empty(
    taken: Vault, postgres_server: Postgres, postgres_database: str
) -> None:
    def restore(*more: str, database: str = f"{postgres_database}_again") -> tuple[int, str, str]:
        to = ("--to", "url_secret=DB_URL", "--to", f"database={database}")
        said = taken.run("restore", "shop", "db", *to, *more)
        return said.code, said.out, said.err

    role = taken.role  # type: ignore[attr-defined]
    code, _, err = restore("--dry-run")
    assert (code, f"lacks the roles {role}" in err) == (2, True), err
    code, out, err = restore("--dry-run", "--to", "owners=no")
    assert code == 0, err
    assert f"owners and privileges of the roles {role}, postgres are left out" in out
    assert " are needed, " in out
    assert f" are free ({postgres_server.sql('show data_directory')})" in out
    code, _, err = restore("--dry-run", "--to", "owner=no")
    assert (code, "Did you mean owners?" in err) == (2, True), err

    postgres_server.sql(f"create database {postgres_database}_full")
    postgres_server.sql("create table x (id int)", f"{postgres_database}_full")
    code, _, err = restore("--dry-run", "--to", "owners=no", database=f"{postgres_database}_full")
    assert (code, "is not empty" in err) == (2, True), err

    (id,) = (found["id"] for found in taken.backups() if found["source"] == "db")
    said = taken.run("backups", "extract", id, "--server")
    postgres_server.sql(next(line for line in said.out.splitlines() if f"role {role}" in line))
    try:
        code, out, err = restore("--yes")
        assert code == 0, err
        owner = "select tableowner from pg_tables where tablename = 't'"
        assert postgres_server.sql(owner, f"{postgres_database}_again") == role
        code, out, err = restore("--to", "only=nothing", "--yes", database=f"{postgres_database}_b")
        assert (code, "the backup holds no 'nothing'" in err) == (2, True), (
            "at once, not five times"
        )
        code, out, err = restore("--to", "only=t", "--dry-run", database=f"{postgres_database}_b")
        assert "Comes back: " in out, err
        assert "table 1" in out
        code, out, err = taken_onto(taken)
        assert code == 0, err
    finally:
        postgres_server.sql(f"drop database {postgres_database}_again with (force)")
        postgres_server.sql(f"drop owned by {role}; reassign owned by {role} to postgres")
        postgres_server.sql(f"drop owned by {role} cascade; drop role {role}", postgres_database)


def taken_onto(vault: Vault) -> tuple[int, str, str]:
    """As the documentation has it."""
    said = vault.run("restore", "shop", "db", "--onto-source", "--confirm", "shop")
    return said.code, said.out, said.err


def test_trouble_is_said_at_once_and_once_to_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with bar(Terminal("en"), quiet=False) as show:
        for _ in range(3):
            show(ProgressView("loading · 3 MB", 1, 9, "[40P01] deadlock detected"))
        assert capsys.readouterr().err.count("[40P01] deadlock detected") == 1
        show(ProgressView("loading · 4 MB", 2, 9, "[53100] disk full"))
        assert "[53100] disk full" in capsys.readouterr().err
