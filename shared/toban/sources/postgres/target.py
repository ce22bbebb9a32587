"""
Loading a dump into PostgreSQL: for a restore test, or in earnest.

**Restore test** (no `database`): a database ``toban_restore_…`` is made on the server, and only
databases with that beginning are ever dropped, whose comment says that this restore made them, and
in which nobody else has written since (`toban.sources.postgres.owner`). Owners, privileges, publications and
subscriptions are left out: a server for tests need not know the roles, and must not subscribe to
production.

**Recovery** (`database`): loaded into that database, which has to be empty (it is made when there
is none). Objects belong to the user of the URL; privileges are restored, so the roles must exist.
With `clean` a database full of data is replaced: the dump is loaded into a new database, which
then takes the name, and the old one is kept as ``<name>_before_<stamp>``. What is left to do for
the operator: compare the two, repeat settings of the database itself (``ALTER DATABASE … SET``,
``GRANT CONNECT``), run ``ANALYZE``, and drop the old one when nobody misses anything in it.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from toban.ports.backup import ContentQuestion, Fetch, Target, TargetFailed
from toban.sources.child import Child, ProgramStuck, ended
from toban.sources.patterns import flag
from toban.sources.ports import SourcePorts
from toban.sources.postgres import owner as pgowner
from toban.sources.postgres import server as pgserver
from toban.sources.postgres.dump import ARCHIVE
from toban.sources.postgres.server import NoProgram, final

GENERATED = "toban_restore_"
"""How databases begin that are ours to drop."""

MAINTENANCE = "postgres"
"""The database to be connected to while others are made, renamed and dropped."""

SIGN_OF_LIFE_S = 30.0
"""How often `load` yields while it waits for the end, so that its caller keeps its lease."""

_NAME = re.compile(r"[a-z0-9_]{1,40}")
_QUESTION_LIMIT_MS = 300_000

_TABLES = r"""
select format('select count(*) from only %I.%I %s', n.nspname, c.relname, coalesce(x.filter, ''))
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join (select unnest(extconfig) as id, unnest(extcondition) as filter from pg_extension) x
    on x.id = c.oid
where c.relkind = 'r' and c.relpersistence <> 't'
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and (x.id is not null or not exists (select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))
\gexec
"""
"""Counts the rows of every table whose data a dump holds (of extensions, their configuration)."""

_IN_USE = """
select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and not exists (select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
"""


class PostgresTarget:
    """A database that is made, or replaced, by a dump. Loading is one transaction: all or nothing."""

    resumable = False

    def __init__(
        self,
        url_secret: str,
        database: str,
        generated: str,
        ports: SourcePorts,
        *,
        clean: bool,
        restore: str = "",
        purpose: str = "recovery",
    ) -> None:
        """
        `database`: empty for a restore test. `generated`: the name of the database to make.
        `restore`: for which restore, and `purpose`: why (``test``: it is dropped again).
        """
        assert generated.startswith(GENERATED)
        self._secret = url_secret
        self._named = database
        self._generated = generated
        self._clean = clean
        self._ports = ports
        self._owner = pgowner.Owner(restore, purpose)

    @property
    def identity(self) -> str:
        """As `toban.sources.postgres.adapter.PostgresSource.identity`."""
        server = pgserver.newest(self._ports, self._secret, TargetFailed)
        return server.identity(self._named or self._generated)

    def refusal(self) -> str:
        """See `toban.ports.backup.Target`."""
        server = self._server()
        if self._loads_into == self._named:
            if not self._exists(server, self._named) or not self._in_use(server, self._named):
                return ""
            return (
                f"the database {self._named} is not empty: name an empty one, or use `clean`,"
                " which keeps the old one beside it"
            )
        if not self._exists(server, self._generated) or not self._in_use(server, self._generated):
            return ""
        return self._not_ours(server)

    def prepare(self, *, fresh: bool) -> None:
        """
        Make the database; `fresh` drops a generated one of an earlier attempt.

        Raises `TargetFailed` when a named database is not empty and `clean` was not asked for, and
        when a generated one is another restore's, or others wrote there.
        """
        if refused := self.refusal():
            raise TargetFailed(refused, retryable=False)
        server = self._server()
        if self._loads_into == self._named:
            if not self._exists(server, self._named):
                self._create(server, self._named)
            return
        if self._exists(server, self._generated):
            if not fresh and self._in_use(server, self._generated):
                raise TargetFailed(
                    f"the database {self._generated} holds an earlier attempt", retryable=True
                )
            self._drop(server)
        self._create(server, self._generated)
        self._note(server, self._generated, self._owner.mark())

    def _not_ours(self, server: pgserver.Server) -> str:
        """Why the generated database may not be dropped; empty: this restore made and filled it."""
        name = self._generated
        said = self._ask(server, pgowner.comment_of(_literal(name)), MAINTENANCE)
        mark = self._owner.own("\n".join(said))
        if mark is None:
            return f"the database {name} was not made by this restore: it is not dropped"
        if mark.content and mark.content != self._content(server):
            return f"the database {name}: somebody else wrote there since: it is not dropped"
        return ""

    def _content(self, server: pgserver.Server) -> str:
        """What tells whether others wrote into the generated database."""
        for _ in range(100):
            query = pgowner.sessions_in(_literal(self._generated))
            if self._ask(server, query, MAINTENANCE) == ["0"]:
                break  # what a session wrote is counted when it has ended
            time.sleep(0.1)
        if pgserver.major_of(self._version(server)) < 15:
            time.sleep(pgowner.COLLECTING_S)
        return self._ask(server, pgowner.CONTENT, self._generated)[0]

    def load(self, parts: Iterator[bytes], fetch: Fetch) -> Iterator[int]:
        """
        Feed ``pg_restore``. Everything becomes durable at once: after the last part.

        Yields 0 for each part, the last of them only after the commit; and 0 now and then while
        the server is busy with what it was given.
        """
        del fetch
        server = self._server()
        first = next((part for part in parts if part), b"")
        with Child(
            self._loader(server, first), server.environ(self._ports.environ), feed=True
        ) as child:
            try:
                waiting, reads = False, True
                for part in chain([first], parts):
                    if waiting:
                        yield 0
                    waiting = True
                    reads = child.write(part)
                    if not reads:
                        break  # it gave up: its exit code and last words say why
                while (code := child.wait(SIGN_OF_LIFE_S)) is None:
                    yield 0  # building indexes: nothing to feed, and not stuck
            except ProgramStuck as error:
                raise TargetFailed(f"loading: {error}", retryable=True) from None
            said = server.mask(child.complaints)[-1_000:]
        if code:
            raise TargetFailed(
                f"loading {ended(code)}: {said}", retryable=code < 0 or not final(said)
            )
        if not reads:
            raise TargetFailed("the dump ends before the stream does", retryable=False)
        if self._named and self._clean:
            self._swap(server)
        elif not self._named:
            content = self._content(server)
            if not content:
                raise TargetFailed(
                    f"{self.identity}: the server does not count what is written (track_counts), so"
                    " nobody could tell whether the database may be dropped",
                    retryable=False,
                )
            self._note(server, self._generated, self._owner.mark(content))
        yield 0

    def counts(self) -> dict[str, int]:
        """Counts ``tables``, ``rows`` and ``large_objects``, exactly."""
        server = self._server()
        database = self._named or self._generated
        rows = [int(line) for line in self._ask(server, _TABLES, database, script=True) if line]
        objects = self._ask(server, "select count(*) from pg_largeobject_metadata", database)
        return {"tables": len(rows), "rows": sum(rows), "large_objects": int(objects[0])}

    def ask(self, questions: Sequence[ContentQuestion]) -> list[str]:
        """
        Answers of ``psql``, in read-only transactions: fields separated by ``|``, rows by line
        breaks. Queries come from the profile, whose authors are trusted with the server.
        """
        server = self._server()
        settings = ["default_transaction_read_only=on", f"statement_timeout={_QUESTION_LIMIT_MS}"]
        database = self._named or self._generated
        return [
            "\n".join(
                pgserver.ask(
                    server,
                    question.query,
                    self._ports,
                    TargetFailed,
                    database=database,
                    settings=settings,
                )
            )
            for question in questions
        ]

    def discard(self) -> None:
        """
        Drop the generated database. Raises `TargetFailed` for a named one, for what a recovery
        loaded, and when somebody else wrote there.
        """
        if self._named:
            raise TargetFailed(
                f"the database {self._named} was named by a person: it is not dropped",
                retryable=False,
            )
        server = self._server()
        if not self._exists(server, self._generated):
            return
        if not self._owner.is_test:
            raise TargetFailed(
                f"the database {self._generated} was loaded for good: it is not dropped",
                retryable=False,
            )
        if refused := self._not_ours(server):
            raise TargetFailed(refused, retryable=False)
        self._drop(server)

    def release(self) -> None:
        """See `toban.ports.backup.Target`."""
        server = self._server()
        database = self._named or self._generated
        if self._exists(server, database):
            said = self._ask(server, pgowner.comment_of(_literal(database)), MAINTENANCE)
            if self._owner.own("\n".join(said)) is not None:
                self._administer(server, f"comment on database {_quoted(database)} is null")

    @property
    def _loads_into(self) -> str:
        return self._generated if self._clean or not self._named else self._named

    def _loader(self, server: pgserver.Server, first: bytes) -> list[str]:
        url = server.url(self._loads_into)
        try:
            if not first.startswith(ARCHIVE):
                psql = pgserver.program("psql")
                return [
                    psql, "-Xqw", "--single-transaction", "-v", "ON_ERROR_STOP=1",
                    "--output=/dev/null", f"--dbname={url}", "--file=-",
                ]  # fmt: skip
            served = self._version(server)
            restore = pgserver.program("pg_restore", pgserver.major_of(served))
        except NoProgram as error:
            raise TargetFailed(str(error), retryable=False) from None
        leave_out = ["--no-privileges", "--no-publications", "--no-subscriptions"]
        return [
            restore,
            *("--exit-on-error", "--single-transaction", "--no-owner", "--no-password"),
            *(() if self._named else leave_out),
            f"--dbname={url}",
        ]

    def _swap(self, server: pgserver.Server) -> None:
        """Give the loaded database its name, and the old one another. Done twice it is harmless."""
        name, loaded = self._named, self._generated
        if self._exists(server, name):
            stamp = self._ask(
                server, "select to_char(now() at time zone 'UTC', 'YYYYMMDD_HH24MISS')", MAINTENANCE
            )[0]
            old = f"{name[: 63 - len('_before_') - len(stamp)]}_before_{stamp}"
            # Whoever is connected would hold the name; nobody may come back in between.
            self._administer(server, f"alter database {_quoted(name)} allow_connections false")
            self._administer(server, _hang_up(name))
            self._administer(server, f"alter database {_quoted(name)} rename to {_quoted(old)}")
            self._administer(server, f"alter database {_quoted(old)} allow_connections true")
        self._administer(server, _hang_up(loaded))
        self._administer(server, f"alter database {_quoted(loaded)} rename to {_quoted(name)}")
        self._administer(server, f"comment on database {_quoted(name)} is null")

    def _create(self, server: pgserver.Server, name: str) -> None:
        self._administer(server, f"create database {_quoted(name)} template template0")

    def _note(self, server: pgserver.Server, name: str, mark: str) -> None:
        self._administer(server, f"comment on database {_quoted(name)} is {_literal(mark)}")

    def _version(self, server: pgserver.Server) -> str:
        return pgserver.version(server, self._ports, TargetFailed, MAINTENANCE)

    def _drop(self, server: pgserver.Server) -> None:
        assert self._generated.startswith(GENERATED)
        self._administer(server, f"drop database if exists {_quoted(self._generated)} with (force)")

    def _exists(self, server: pgserver.Server, name: str) -> bool:
        name = _literal(name)
        query = f"select count(*) from pg_database where datname = {name}"  # noqa: S608 - a literal
        return self._ask(server, query, MAINTENANCE) == ["1"]

    def _in_use(self, server: pgserver.Server, name: str) -> bool:
        return self._ask(server, _IN_USE, name) != ["0"]

    def _administer(self, server: pgserver.Server, command: str) -> None:
        self._ask(server, command, MAINTENANCE)

    def _ask(
        self, server: pgserver.Server, sql: str, database: str, *, script: bool = False
    ) -> list[str]:
        return pgserver.ask(
            server, sql, self._ports, TargetFailed, database=database, script=script
        )

    def _server(self) -> pgserver.Server:
        return pgserver.connect(self._ports, self._secret, TargetFailed)


def target(options: Mapping[str, object], ports: SourcePorts) -> Target:
    """
    Options: `url_secret` (the server), `database` (empty: a restore test), `clean` (or `overwrite`);
    `purpose` (``test``: a generated database is dropped again).

    The generated name follows from `restore_id`, else from `source`, so that a later process
    finds what an earlier one made.
    """
    url_secret = options.get("url_secret")
    if not isinstance(url_secret, str) or not url_secret:
        raise ValueError("a postgres target needs url_secret")
    named = str(options.get("database") or "")
    clean = flag(options.get("clean"))
    if clean and not named:
        raise ValueError("`clean` needs a database to replace")
    # Overwriting never loses anything here: what was there is kept beside it.
    clean |= bool(named) and flag(options.get("overwrite"))
    generated = generated_name(
        [options.get("restore_id"), options.get("source"), named or url_secret]
    )
    return PostgresTarget(
        url_secret,
        named,
        generated,
        ports,
        clean=clean,
        restore=str(options.get("restore_id") or ""),
        purpose="test" if options.get("purpose") == "test" else "recovery",
    )


def generated_name(words: Iterable[object]) -> str:
    """``toban_restore_`` and the first word there is: as it is, or hashed if it is no plain name."""
    word = next(str(word) for word in words if word)
    plain = word.lower().replace("-", "_")
    if not _NAME.fullmatch(plain):
        plain = hashlib.sha256(word.encode()).hexdigest()[:16]
    return GENERATED + plain


def _hang_up(database: str) -> str:
    query = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = "
    return query + _literal(database) + " and pid <> pg_backend_pid()"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
