"""
Loading a dump into PostgreSQL: for a restore test, or in earnest.

**Restore test** (no `database`): a database ``toban_restore_…`` is made on the server, and only
databases with that beginning are ever dropped, whose comment says that this restore made them, and
in which nobody else has written since (`toban.sources.postgres.owner`). Owners, privileges,
publications, subscriptions and policies for roles that are not there are left out: a server for tests
need not know the roles, and must not subscribe to production.

**Recovery** (`database`): with owners and privileges, whose roles must exist (``owners=no`` leaves them
out). A database that is there already has to be empty. With `clean` one full of data is replaced: the
old one is kept as ``<name>_before_<stamp>``. What is left to do for the operator: compare the two, run
``ANALYZE``, and drop the old one when nobody misses anything in it.

A database that we make gets the locale, encoding and settings of the dumped one. It is loaded under a
name of ours, statement by statement, and takes its own when it is whole. One that was there before is
loaded in a single transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from toban.ports.backup import ContentQuestion, Fetch, NothingSelected, Room, Target, TargetFailed
from toban.sources.patterns import attempt_of, flag, only_of
from toban.sources.ports import SourcePorts
from toban.sources.postgres import owner as pgowner
from toban.sources.postgres import server as pgserver
from toban.sources.postgres.archive import TocEntry
from toban.sources.postgres.loading import select as pgselect
from toban.sources.postgres.loading.databases import GENERATED, Databases, literal
from toban.sources.postgres.loading.load import PATH, Dump, Loader, LoadPlan, opened
from toban.sources.postgres.loading.options import TargetOptions
from toban.sources.postgres.loading.options import generated_name as generated_name
from toban.sources.postgres.needs import Lacking, ServerNeeds, refused_owners
from toban.sources.postgres.room import room_of

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

_TEST_OPTIONS: Final = ("--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions")


class PostgresTarget:
    """A database that is made, or replaced, by a dump."""

    resumable = False

    def __init__(
        self, url_secret: str, generated: str, ports: SourcePorts, options: TargetOptions
    ) -> None:
        """`generated`: the name of the database to make."""
        assert generated.startswith(GENERATED)
        self._secret = url_secret
        self._named = options.database
        self._generated = generated
        self._options = options
        self._ports = ports
        self._owner = pgowner.Owner(options.restore, options.purpose, options.attempt)

    @property
    def identity(self) -> str:
        """As `toban.sources.postgres.adapter.PostgresSource.identity`."""
        server = pgserver.newest(self._ports, self._secret, TargetFailed)
        return server.identity(self._database)

    def refusal(self) -> str:
        """See `toban.ports.backup.Target`."""
        databases = self._databases()
        if self._options.owned and self._options.server:
            lacks = databases.lacks(
                ServerNeeds(
                    roles=frozenset(self._options.server.get("roles", ())),
                    owners=frozenset(self._options.server.get("owners", ())),
                )
            )
            if refused := refused_owners(lacks):
                return refused
        named = self._named
        if named and self._options.only and self._options.clean and databases.exists(named):
            return (
                f"only= would put a part in the place of the whole database {named}: restore it into"
                " another one, and copy from there what is missed"
            )
        if named and not self._options.clean and databases.exists(named):
            if databases.in_use(named) and not self._is_ours(databases, named):
                return (
                    f"the database {named} is not empty: name an empty one or a new one, or use"
                    " `--to clean=true`, which keeps the old one beside it"
                )
            return ""
        if not databases.exists(self._generated) or not databases.in_use(self._generated):
            return ""
        return self._not_ours(databases)

    def remarks(self) -> list[str]:
        """Return what a person has to know who loads this, though nothing forbids it."""
        databases = self._databases()
        server = self._options.server
        lacks = databases.lacks(ServerNeeds(tablespaces=frozenset(server.get("tablespaces", ()))))
        found = []
        if roles := server.get("roles"):
            done = "are given back" if self._options.owned else "are left out"
            found.append(f"owners and privileges of the roles {', '.join(roles)[:500]} {done}")
        if lacks.tablespaces:
            spaces = ", ".join(lacks.tablespaces)
            found.append(f"the tablespaces {spaces} are not there: all goes to the default one")
        if self._named and self._options.clean and databases.exists(self._named):
            found.append(f"the database {self._named} is kept as {self._named}_before_…")
        return found

    def room(self) -> Room:
        """See `toban.ports.backup.Measured`."""
        return room_of(self._databases(), self._options.server)

    def prepare(self, *, fresh: bool) -> None:
        """
        Make room; `fresh` drops a generated database of an earlier attempt.

        Raises `TargetFailed` when a named database is not empty and `clean` was not asked for, and
        when a generated one is another restore's, or others wrote there.
        """
        if refused := self.refusal():
            raise TargetFailed(refused, retryable=False)
        databases = self._databases()
        if self._named and databases.exists(self._named) and self._is_ours(databases, self._named):
            databases.drop(self._named)  # whole, but the process died before that was recorded
        if databases.exists(self._generated):
            if not fresh and databases.in_use(self._generated):
                raise TargetFailed(
                    f"the database {self._generated} holds an earlier attempt", retryable=True
                )
            databases.drop(self._generated)

    def _is_ours(self, databases: Databases, name: str) -> bool:
        """Whether this restore has loaded a database whole, and nobody wrote there since."""
        mark = self._owner.own(databases.comment(name))
        return mark is not None and bool(mark.content) and mark.content == databases.content(name)

    def _not_ours(self, databases: Databases) -> str:
        """Why the generated database may not be dropped; empty: this restore made and filled it."""
        name = self._generated
        mark = self._owner.own(databases.comment(name))
        if mark is None:
            return f"the database {name} was not made by this restore: it is not dropped"
        if mark.content and mark.content != databases.content(name):
            return f"the database {name}: somebody else wrote there since: it is not dropped"
        return ""

    def load(self, parts: Iterator[bytes], fetch: Fetch) -> Iterator[int | None]:
        """
        Put the dump in. Everything becomes durable, and a named database gets its name, after
        the last part.

        Yields 0 for each part, the last of them only then; and None now and then while the
        server is busy with what it was given.
        """
        del fetch
        databases = self._databases()
        dump = opened(parts)
        there = bool(self._named) and not self._options.clean and databases.exists(self._named)
        lacks = Lacking("") if dump.toc is None else databases.lacks(
            ServerNeeds.of(dump.toc, self._options.server)
        )  # fmt: skip
        plan = self._plan(dump, lacks, single=there)
        loader = Loader(databases.server, databases.version(), self._ports)
        if there:
            plan = self._stood_in(dump, self._named, plan, databases)
            yield from loader.load(dump, self._named, plan)
        else:
            self._make(dump, lacks, databases)
            try:
                plan = self._stood_in(dump, self._generated, plan, databases)
                yield from loader.load(dump, self._generated, plan)
                if dump.toc is not None:
                    settings = self._options.settings and not self._options.only
                    owned = self._options.owned
                    databases.apply(
                        dump.toc,
                        self._generated,
                        owned=owned,
                        settings=settings,
                        strict=not self._owner.is_test,
                    )
            except TargetFailed:
                databases.drop(self._generated)
                raise
            self._finish(databases, dump)
        yield 0

    def _plan(self, dump: Dump, lacks: Lacking, *, single: bool) -> LoadPlan:
        options = self._options
        if dump.toc is None:
            if options.only:
                raise TargetFailed("only= needs an archive of pg_dump", retryable=False)
            return LoadPlan(single=single, options=() if options.owned else _TEST_OPTIONS)
        if options.owned and (refused := refused_owners(lacks)):
            raise TargetFailed(refused, retryable=False)
        if lacks.collations and not self._any_locale:
            raise _no_collations(lacks.collations)
        entries: Sequence[TocEntry] = dump.toc.entries
        if not options.owned:
            roles = ServerNeeds.of(dump.toc, {}).roles - set(lacks.roles)
            entries = pgselect.for_test(dump.toc, roles)
        try:
            entries = pgselect.chosen(entries, options.only) if options.only else entries
        except NothingSelected as error:
            raise TargetFailed(str(error), retryable=False) from error
        said = _TEST_OPTIONS if options.purpose == "test" else _TEST_OPTIONS[:2]
        return LoadPlan(
            single=single,
            search_path=dump.toc.search_path() or PATH,
            options=[
                *(() if options.owned else said),
                *(["--no-tablespaces"] if lacks.tablespaces else ()),
            ],
            entries=pgselect.without_database(entries),
            partial=bool(options.only),
        )

    def _stood_in(self, dump: Dump, name: str, plan: LoadPlan, databases: Databases) -> LoadPlan:
        """The plan, with collations that can be made in place of those that cannot."""
        if dump.toc is None:
            return plan
        instead = databases.unmakeable(dump.toc, name, plan.entries or ())
        if instead and not self._any_locale:
            raise _no_collations(instead)
        return replace(plan, instead=instead)

    @property
    def _any_locale(self) -> bool:
        return self._options.any_locale or self._options.purpose == "test"

    def _make(self, dump: Dump, lacks: Lacking, databases: Databases) -> None:
        name = self._generated
        databases.create(name, dump.toc, any_locale=self._any_locale, lacks=lacks)
        databases.note(name, literal(self._owner.mark()))
        if dump.toc is not None and self._options.owned:
            databases.give(name, dump.toc)

    def _finish(self, databases: Databases, dump: Dump) -> None:
        content = databases.content(self._generated)
        if not content and self._owner.is_test:
            raise TargetFailed(
                f"{self.identity}: the server does not count what is written (track_counts), so"
                " nobody could tell whether the database may be dropped",
                retryable=False,
            )
        kept = dump.toc.comment() if dump.toc is not None and not self._options.only else ""
        databases.note(self._generated, literal(self._owner.mark(content, kept)))
        if self._named:
            databases.swap(self._named, self._generated)

    def counts(self) -> dict[str, int]:
        """Counts ``tables``, ``rows`` and ``large_objects``, exactly."""
        databases = self._databases()
        found = databases.ask(_TABLES, self._database, script=True)
        rows = [int(line) for line in found if line]
        objects = databases.ask("select count(*) from pg_largeobject_metadata", self._database)
        return {"tables": len(rows), "rows": sum(rows), "large_objects": int(objects[0])}

    def ask(self, questions: Sequence[ContentQuestion]) -> list[str]:
        """
        Answers of ``psql``, in read-only transactions: fields separated by ``|``, rows by line
        breaks. Queries come from the profile, whose authors are trusted with the server.
        """
        server = self._server()
        settings = ["default_transaction_read_only=on", f"statement_timeout={_QUESTION_LIMIT_MS}"]
        return [
            "\n".join(
                pgserver.ask(
                    server,
                    question.query,
                    self._ports,
                    TargetFailed,
                    database=self._database,
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
        databases = self._databases()
        if not databases.exists(self._generated):
            return
        if not self._owner.is_test:
            raise TargetFailed(
                f"the database {self._generated} was loaded for good: it is not dropped",
                retryable=False,
            )
        if refused := self._not_ours(databases):
            raise TargetFailed(refused, retryable=False)
        databases.drop(self._generated)

    def release(self) -> None:
        """See `toban.ports.backup.Target`."""
        databases = self._databases()
        name = self._database
        mark = self._owner.own(databases.comment(name)) if databases.exists(name) else None
        if mark is not None:
            databases.note(name, mark.comment)

    @property
    def _database(self) -> str:
        return self._named or self._generated

    def _databases(self) -> Databases:
        return Databases(self._server(), self._ports)

    def _server(self) -> pgserver.Server:
        return pgserver.connect(self._ports, self._secret, TargetFailed)


def target(options: Mapping[str, object], ports: SourcePorts) -> Target:
    """
    Options: `url_secret` (the server), `database` (empty: a restore test), `clean` (or `overwrite`);
    `purpose` (``test``: a generated database is dropped again); `only`, `owners`, `locale`, `settings`.

    The generated name follows from `restore_id`, else from `source`, so that a later process
    finds what an earlier one made.
    """
    url_secret = options.get("url_secret")
    if not isinstance(url_secret, str) or not url_secret:
        raise ValueError("a postgres target needs url_secret")
    named = str(options.get("database") or "")
    if not named and flag(options.get("overwrite")):
        # The source itself, whose database is in its URL.
        named = pgserver.newest(ports, url_secret, TargetFailed).database
    clean = flag(options.get("clean"))
    if clean and not named:
        raise ValueError("`clean` needs a database to replace")
    # Overwriting never loses anything here: what was there is kept beside it.
    clean |= bool(named) and flag(options.get("overwrite"))
    recorded = options.get("recorded")
    generated = generated_name(
        [options.get("restore_id"), options.get("source"), named or url_secret]
    )
    return PostgresTarget(
        url_secret,
        generated,
        ports,
        TargetOptions(
            database=named,
            clean=clean,
            restore=str(options.get("restore_id") or ""),
            purpose="test" if options.get("purpose") == "test" else "recovery",
            attempt=attempt_of(options),
            owners=not _no(options.get("owners")),
            any_locale=options.get("locale") == "any",
            settings=not _no(options.get("settings")),
            only=tuple(only_of(options)),
            server=recorded if isinstance(recorded, Mapping) else {},
        ),
    )


def _no_collations(named: Iterable[str]) -> TargetFailed:
    return TargetFailed(
        f"the server lacks the collations {', '.join(named)[:500]}: install their"
        " locales, or let text in them sort by bytes (locale=any)",
        retryable=False,
    )


def _no(option: object) -> bool:
    return option is not None and not flag(option)
