"""The databases of a server that restores are loaded into: looked at, made, renamed, dropped."""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from typing import Final

from toban.kernel import log
from toban.ports.backup import TargetFailed
from toban.sources.ports import SourcePorts
from toban.sources.postgres import owner as pgowner
from toban.sources.postgres import server as pgserver
from toban.sources.postgres.archive import Toc
from toban.sources.postgres.needs import THERE, Lacking, ServerNeeds, lacking, parsed

GENERATED: Final = "toban_restore_"
"""How databases begin that are ours to drop."""

MAINTENANCE: Final = "postgres"
"""The database to be connected to while others are made, renamed and dropped."""

_IN_USE: Final = """
select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and not exists (select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
"""
_TABLESPACE: Final = re.compile(r' TABLESPACE = (?:"(?:[^"]|"")*"|[^\s"]+)')
_ENCODING: Final = re.compile(r"ENCODING = '[^']*'")


class Databases:
    """The databases of one server. Everything raises `TargetFailed`."""

    def __init__(self, server: pgserver.Server, ports: SourcePorts) -> None:
        self.server = server
        self._ports = ports

    def version(self) -> str:
        """Return the server's version."""
        return pgserver.version(self.server, self._ports, TargetFailed, MAINTENANCE)

    def exists(self, name: str) -> bool:
        """Return whether there is a database of that name."""
        query = f"select count(*) from pg_database where datname = {literal(name)}"  # noqa: S608 - a literal
        return self.ask(query) == ["1"]

    def in_use(self, name: str) -> bool:
        """Return whether it holds anything."""
        return self.ask(_IN_USE, name) != ["0"]

    def comment(self, name: str) -> str:
        """Return what its comment says."""
        return "\n".join(self.ask(pgowner.comment_of(literal(name))))

    def note(self, name: str, said: str) -> None:
        """Set its comment to a literal of SQL; empty: remove it."""
        self.ask(f"comment on database {quoted(name)} is {said or 'null'}")

    def content(self, name: str) -> str:
        """Return what tells whether others wrote into it; empty: the server does not count that."""
        for _ in range(100):
            if self.ask(pgowner.sessions_in(literal(name))) == ["0"]:
                break  # what a session wrote is counted when it has ended
            time.sleep(0.1)
        if pgserver.major_of(self.version()) < 15:
            time.sleep(pgowner.COLLECTING_S)
        return self.ask(pgowner.CONTENT, name)[0]

    def create(self, name: str, toc: Toc | None, *, any_locale: bool, lacks: Lacking) -> None:
        """
        Make a database as the dumped one was made.

        `any_locale`: where the server has not its locale, with the server's own.
        """
        how = toc.creation()[1] if toc is not None else ""
        if lacks.tablespaces:
            how = _TABLESPACE.sub("", how)
        encoding = _ENCODING.search(how)
        plain = f"template = template0 {encoding[0] if encoding else ''}"
        choices = [how or plain, *([plain, f"{plain} locale = 'C'"] if how and any_locale else ())]
        for number, choice in enumerate(choices, start=1):
            try:
                self.ask(f"create database {quoted(name)} with {choice}")
                break
            except TargetFailed as error:
                if error.retryable or number == len(choices):
                    raise _told(error, any_locale=any_locale) from error
        if lacks.collations and any_locale:
            self._stand_in(name, lacks)

    def give(self, name: str, toc: Toc) -> None:
        """Give a database to the owner of the dumped one, who may then make objects there."""
        for entry in toc.entries:
            if entry.kind == "DATABASE" and entry.owner:
                self.ask(f"alter database {quoted(name)} owner to {quoted(entry.owner)}")

    def _stand_in(self, name: str, lacks: Lacking) -> None:
        """Let collations that the server lacks sort by bytes."""
        made = "; ".join(
            f'create collation pg_catalog.{quoted(each)} from "C"' for each in lacks.collations
        )
        pgserver.ask(
            self.server,
            made,
            self._ports,
            TargetFailed,
            database=name,
            settings=["allow_system_table_mods=on"],
        )

    def unmakeable(self, toc: Toc, name: str, ids: Collection[int]) -> dict[str, str]:
        """
        Return the statements among `ids` that make collations whose locale the server lacks, each
        with one that makes it sort by bytes.
        """
        found = {}
        for id, (statement, collation, locale) in toc.own_collations().items():
            if id not in ids:
                continue
            tried = f"create schema {GENERATED}try; create collation {GENERATED}try.c {locale}"
            try:
                self.ask(f"begin; {tried}; rollback", name)
            except TargetFailed as error:
                if error.retryable:
                    raise
                found[statement] = f'CREATE COLLATION {collation} FROM pg_catalog."C";'
        return found

    def apply(self, toc: Toc, name: str, *, owned: bool, settings: bool, strict: bool) -> None:
        """
        Give a database the settings of the dumped one, and (`owned`) its privileges.

        What the server refuses is left out, unless `strict`.
        """
        dumped, _ = toc.creation()
        commands = toc.properties() if settings else []
        commands += toc.properties(("ACL",)) if owned else []
        for command in commands:
            if not owned and command.startswith("ALTER ROLE "):
                continue
            ours = command.replace(f"DATABASE {dumped} ", f"DATABASE {quoted(name)} ", 1)
            try:
                self.ask(ours)
            except TargetFailed as error:
                if not strict and not error.retryable:
                    log.warning("setting of the database left out", error=error, stack=False)
                    continue
                raise TargetFailed(
                    f"{command[:200]}: {error} (settings=no leaves the settings of the database out)",
                    retryable=error.retryable,
                ) from error

    def lacks(self, needs: ServerNeeds) -> Lacking:
        """Return what the server lacks of what is needed."""
        return lacking(needs, parsed(self.ask(THERE)[0]))

    def drop(self, name: str) -> None:
        """Drop it, whoever is connected; one that was dumped as a template is one as well."""
        asked = f"select datistemplate from pg_database where datname = {literal(name)}"  # noqa: S608 - a literal
        if self.ask(asked) == ["t"]:
            self.ask(f"alter database {quoted(name)} is_template false")
        self.ask(f"drop database if exists {quoted(name)} with (force)")

    def swap(self, name: str, loaded: str) -> None:
        """Give the `loaded` database its name, and one that has it another. Done twice it is harmless."""
        # A database cannot be renamed by who is connected to it.
        aside = "template1" if name == MAINTENANCE else MAINTENANCE
        if self.exists(name):
            stamp = self.ask(
                "select to_char(now() at time zone 'UTC', 'YYYYMMDD_HH24MISS')", aside
            )[0]
            old = f"{name[: 63 - len('_before_') - len(stamp)]}_before_{stamp}"
            # Whoever is connected would hold the name; nobody may come back in between.
            self.ask(f"alter database {quoted(name)} allow_connections false", aside)
            try:
                self.ask(_hang_up(name), aside)
                self.ask(f"alter database {quoted(name)} rename to {quoted(old)}", aside)
            except TargetFailed:  # it stays in service
                self.ask(f"alter database {quoted(name)} allow_connections true", aside)
                raise
            self.ask(f"alter database {quoted(old)} allow_connections true", aside)
        self.ask(_hang_up(loaded), aside)
        self.ask(f"alter database {quoted(loaded)} rename to {quoted(name)}", aside)

    def ask(self, sql: str, database: str = MAINTENANCE, *, script: bool = False) -> list[str]:
        """Return what ``psql`` answers."""
        return pgserver.ask(
            self.server, sql, self._ports, TargetFailed, database=database, script=script
        )


def _told(error: TargetFailed, *, any_locale: bool) -> TargetFailed:
    if any_locale or error.retryable:
        return error
    return TargetFailed(
        f"{error}: the database cannot be made as the dumped one was (locale=any makes it with"
        " another locale, so that text may sort differently)",
        retryable=False,
    )


def _hang_up(database: str) -> str:
    query = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = "
    return query + literal(database) + " and pid <> pg_backend_pid()"


def quoted(name: str) -> str:
    """Return a name of SQL in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
