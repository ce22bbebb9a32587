"""
Whose a generated database of PostgreSQL is: its comment says which restore made it, and what it held.

What it held is told by the server's counters of rows written in each table, by the catalogue and by
the sequences: none of them changes by reading, by ``VACUUM`` or by ``ANALYZE``. Counters begin anew when
a server has crashed, and then the database is not ours any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from toban.kernel.prepared import from_json

COLLECTING_S: Final = 1.5
"""How late servers before 15 may count what was written: they collect it every half second."""

CONTENT: Final = r"""
select case when current_setting('track_counts') <> 'on' then '' else md5(concat(
    (select string_agg(concat(relid, ':', n_tup_ins, ':', n_tup_upd, ':', n_tup_del), ',' order by relid)
        from pg_stat_user_tables),
    ';',
    (select string_agg(concat(c.oid, ':', c.xmin), ',' order by c.oid)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'),
    ';',
    (select string_agg(concat(schemaname, '.', sequencename, ':', last_value), ','
        order by schemaname, sequencename) from pg_sequences),
    ';',
    (select string_agg(concat(oid, ':', xmin), ',' order by oid) from pg_largeobject_metadata)
)) end
"""


def comment_of(database: str) -> str:
    """Asks for a database's comment; `database` is a literal of SQL."""
    said = "select coalesce(shobj_description(oid, 'pg_database'), '') from pg_database"
    return f"{said} where datname = {database}"


def sessions_in(database: str) -> str:
    """Asks for the number of sessions in a database; `database` is a literal of SQL."""
    sessions = "select count(*) from pg_stat_activity where backend_type = 'client backend'"
    return f"{sessions} and datname = {database}"


class PostgresMark(msgspec.Struct, frozen=True):
    """What the comment says."""

    toban: int
    restore: str
    purpose: str
    content: str = ""
    """What `CONTENT` answered when everything was loaded; empty: it was not yet."""
    attempt: int = 0
    """Which of the restore's."""
    comment: str = ""
    """The dumped database's own comment, as SQL: this mark gives way to it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A restore, as it signs what it makes."""

    restore: str
    purpose: str
    attempt: int = 0
    """What a later attempt has made is not ours: we stood still, and it is about to be in service."""

    @property
    def is_test(self) -> bool:
        """Whether what it makes is to be dropped again."""
        return self.purpose == "test"

    def mark(self, content: str = "", comment: str = "") -> str:
        """Return a comment; `comment`: what the dumped database's own one was."""
        return msgspec.json.encode(
            PostgresMark(2, self.restore, self.purpose, content, self.attempt, comment)
        ).decode()

    def own(self, comment: str) -> PostgresMark | None:
        """Return what a comment says, if it is of this restore."""
        try:
            mark = from_json(comment, PostgresMark)
        except msgspec.DecodeError:
            return None
        mine = (mark.toban, mark.restore, mark.purpose) == (2, self.restore, self.purpose)
        return mark if mine and mark.attempt <= self.attempt else None
