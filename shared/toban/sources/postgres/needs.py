"""
What a dump needs of a server and does not hold: roles, tablespaces, collations.

They are recorded beside the dump (`toban.ports.backup.SourceSnapshot.server`), without passwords, and a
restore's plan names what its target lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from toban.kernel.prepared import from_json
from toban.sources.postgres.archive import Toc, bare, policy_roles

NEEDS: Final = r"""
with recursive here as (select oid, datdba, dattablespace from pg_database where datname = current_database()),
ours as (select oid from pg_namespace where nspname <> 'information_schema' and nspname !~ '^pg_'),
owners as (
    select datdba as id from here
    union select relowner from pg_class where relnamespace in (select oid from ours)
    union select proowner from pg_proc where pronamespace in (select oid from ours)
    union select nspowner from pg_namespace where oid in (select oid from ours)
),
used as (
    select id from owners
    union select refobjid from pg_shdepend, here where refclassid = 'pg_authid'::regclass
        and (dbid = here.oid or (classid = 'pg_database'::regclass and objid = here.oid))
),
wanted as (
    select id from used where id <> 0
    union select m.roleid from pg_auth_members m join wanted w on m.member = w.id
),
roles as (select r.* from pg_roles r join wanted w on r.oid = w.id where r.rolname !~ '^pg_'),
spaces as (
    select * from pg_tablespace where spcname not in ('pg_default', 'pg_global') and oid in (
        select reltablespace from pg_class union select dattablespace from here)
)
select json_build_object(
    'roles', (select coalesce(json_agg(rolname order by rolname), '[]') from roles),
    'owners', (select coalesce(json_agg(rolname order by rolname), '[]') from roles
        where oid in (select id from owners)),
    'tablespaces', (select coalesce(json_agg(spcname order by spcname), '[]') from spaces),
    'bytes', array[pg_database_size(current_database())::text],
    'script', (select coalesce(json_agg(line order by part, line), '[]') from (
        select 1 as part, format('create role %I%s%s%s%s%s%s%s;', rolname,
            case when rolsuper then ' superuser' else '' end,
            case when rolcreatedb then ' createdb' else '' end,
            case when rolcreaterole then ' createrole' else '' end,
            case when rolinherit then '' else ' noinherit' end,
            case when rolcanlogin then ' login' else '' end,
            case when rolreplication then ' replication' else '' end,
            case when rolbypassrls then ' bypassrls' else '' end) as line from roles
        union all select 2, format('grant %I to %I;', g.rolname, r.rolname)
            from pg_auth_members m join roles r on r.oid = m.member join pg_roles g on g.oid = m.roleid
        union all select 3, format('create tablespace %I location %L;', spcname,
            pg_tablespace_location(oid)) from spaces) lines)
)
"""
"""Answers one line of JSON."""

THERE: Final = r"""
select json_build_object(
    'user', array[current_user],
    'roles', (select coalesce(json_agg(rolname), '[]') from pg_roles),
    'taken', (select coalesce(json_agg(rolname), '[]') from pg_roles
        where not pg_has_role(current_user, oid, 'MEMBER')),
    'tablespaces', (select coalesce(json_agg(spcname), '[]') from pg_tablespace),
    'collations', (select coalesce(json_agg(collname), '[]') from pg_collation)
)
"""
"""What a target has; one line of JSON."""

_COLLATION: Final = re.compile(r'COLLATE pg_catalog\.("(?:[^"]|"")*"|\w+)')


def parsed(line: str) -> dict[str, list[str]]:
    """Return the answer to `NEEDS` or `THERE`; raises `msgspec.MsgspecError`."""
    return from_json(line, dict[str, list[str]])


@dataclass(frozen=True, slots=True)
class ServerNeeds:
    """What is needed, by name."""

    roles: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    """Those of the roles to whom something belongs."""
    tablespaces: frozenset[str] = frozenset()
    collations: frozenset[str] = frozenset()

    @classmethod
    def of(cls, toc: Toc, server: Mapping[str, Sequence[str]]) -> ServerNeeds:
        """Return what the entries of an archive need, and what was recorded beside it."""
        policies = (policy_roles(entry) for entry in toc.entries)
        text = "\n".join(e.definition for e in toc.entries if "COLLATE pg_catalog." in e.definition)
        return cls(
            _own(toc.owners().union(*policies, server.get("roles", ()))),
            _own(toc.owners()),
            frozenset(toc.tablespaces().union(server.get("tablespaces", ()))),
            frozenset(map(bare, _COLLATION.findall(text))),
        )


def _own(roles: Iterable[str]) -> frozenset[str]:
    return frozenset(role for role in roles if not role.startswith("pg_"))  # every server has those


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a target lacks of it."""

    user: str
    roles: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    """Owners to whom `user` may give nothing."""
    tablespaces: tuple[str, ...] = ()
    collations: tuple[str, ...] = ()


def lacking(needs: ServerNeeds, there: Mapping[str, Sequence[str]]) -> Lacking:
    """Return what is needed and not there; `there`: the answer to `THERE`."""

    def left(wanted: Iterable[str], key: str) -> tuple[str, ...]:
        return tuple(sorted(set(wanted) - set(there[key])))

    roles = left(needs.roles, "roles")
    taken = sorted((needs.owners - set(roles)) & set(there["taken"]))
    return Lacking(
        there["user"][0],
        roles,
        tuple(taken),
        left(needs.tablespaces, "tablespaces"),
        left(needs.collations, "collations"),
    )


def refused_owners(lacks: Lacking) -> str:
    """Return why owners and privileges cannot be restored; empty: they can."""
    otherwise = "or leave owners and privileges out (owners=no)"
    if lacks.roles:
        return (
            f"the server lacks the roles {', '.join(lacks.roles)[:500]}: create them"
            f" (`toban backups extract ID --server` prints how), {otherwise}"
        )
    if lacks.taken:
        return (
            f"{lacks.user} is no member of {', '.join(lacks.taken)[:500]} and may give them nothing:"
            f" grant the roles to {lacks.user}, {otherwise}"
        )
    return ""
