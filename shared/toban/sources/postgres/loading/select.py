"""Which entries of an archive are loaded: all that a purpose wants, or some objects with what they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from toban.ports.backup import NothingSelected, Selection
from toban.sources.postgres.archive import Toc, TocEntry, policy_roles

_NAMED: Final = frozenset(
    {
        "TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE", "FUNCTION", "PROCEDURE",
        "AGGREGATE", "TYPE", "DOMAIN", "INDEX", "TRIGGER",
    }
)  # fmt: skip
"""Kinds of what a person may ask for."""

_ITS_OWN: Final = frozenset(
    {
        "TABLE DATA", "MATERIALIZED VIEW DATA", "DEFAULT", "CONSTRAINT", "CHECK CONSTRAINT",
        "FK CONSTRAINT", "INDEX", "INDEX ATTACH", "TABLE ATTACH", "TRIGGER", "RULE", "POLICY",
        "ROW SECURITY", "STATISTICS", "COMMENT", "ACL", "DEFAULT ACL", "SECURITY LABEL", "SEQUENCE",
        "SEQUENCE OWNED BY", "SEQUENCE SET",
    }
)  # fmt: skip
"""
Kinds that belong to what they depend on, and come with it when all of that is there, or is `_CODE`: a
table without the function of its trigger or index would be another one.
"""

_CODE: Final = frozenset(
    {
        "SCHEMA", "EXTENSION", "FUNCTION", "PROCEDURE", "AGGREGATE", "TYPE", "SHELL TYPE", "DOMAIN",
        "COLLATION", "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "CAST", "TEXT SEARCH CONFIGURATION",
        "TEXT SEARCH DICTIONARY", "TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE", "PROCEDURAL LANGUAGE",
        "ACCESS METHOD",
    }
)  # fmt: skip
"""Kinds that hold no rows."""

_COUNTED: Final = (
    _NAMED
    | _CODE
    | {"POLICY", "RULE", "PUBLICATION", "SUBSCRIPTION", "EVENT TRIGGER", "FK CONSTRAINT", "BLOB"}
)
"""Kinds that a person would miss."""

_WHOLE: Final = frozenset({"ENCODING", "STDSTRINGS", "SEARCHPATH"})
_OF_DATABASE: Final = frozenset({"DATABASE", "DATABASE PROPERTIES"})


def for_test(toc: Toc, roles: Collection[str]) -> list[TocEntry]:
    """Return what a server for tests can take, which has `roles` and must not know others."""
    return [
        entry
        for entry in toc.entries
        if entry.kind != "USER MAPPING"
        and policy_roles(entry) <= set(roles)
        and not (entry.kind == "COMMENT" and entry.name.startswith("POLICY "))
    ]


def chosen(entries: Sequence[TocEntry], only: Sequence[str]) -> list[TocEntry]:
    """
    Return the objects that `only` names, with what they need and what belongs to them.

    Names are ``schema.name``, or ``name`` alone, without arguments; one that ends with ``*`` is a
    prefix. Raises `NothingSelected` for one that fits nothing.
    """
    known = {entry.id: entry for entry in entries}
    wanted: set[int] = set()
    for word in only:
        found = {entry.id for entry in entries if entry.kind in _NAMED and _fits(entry, word)}
        if not found:
            raise NothingSelected(word)
        wanted |= found
    partitions(entries, wanted)
    ours = _with_needs(wanted, known)
    grew = True
    while grew:
        grew = False
        for entry in entries:
            if entry.id in ours or entry.kind not in _ITS_OWN:
                continue
            needs = [id for id in entry.needs if id in known and known[id].kind != "SCHEMA"]
            more = _with_needs(set(needs), known) - ours
            if any(id in ours for id in needs) and all(known[id].kind in _CODE for id in more):
                ours |= _with_needs({entry.id}, known)
                grew = True
    return [entry for entry in entries if entry.id in ours or entry.kind in _WHOLE]


def selection(toc: Toc, only: Sequence[str]) -> Selection:
    """Return what `chosen` takes of an archive, by kind (``table``, ``function``, …), and what it leaves."""
    ours = {entry.id for entry in chosen(toc.entries, only)}
    comes, left = Counter[str](), Counter[str]()
    for entry in toc.entries:
        if entry.kind in _COUNTED:
            (comes if entry.id in ours else left)[entry.kind.lower()] += 1
    return Selection(dict(sorted(comes.items())), dict(sorted(left.items())))


def partitions(entries: Sequence[TocEntry], wanted: set[int]) -> None:
    """Add the partitions of the tables that are `wanted`."""
    for entry in entries:  # parents are attached to before their children have children
        if entry.kind == "TABLE ATTACH" and len(entry.needs) > 1 and entry.needs[1] in wanted:
            wanted.add(entry.needs[0])


def without_database(entries: Sequence[TocEntry]) -> list[int]:
    """Return the ids of what lies in a database, and is not the database itself."""
    return [
        entry.id
        for entry in entries
        if entry.kind not in _OF_DATABASE
        and not (entry.kind in ("COMMENT", "ACL") and entry.name.startswith("DATABASE "))
    ]


def _with_needs(ids: set[int], known: dict[int, TocEntry]) -> set[int]:
    found: set[int] = set()
    todo = list(ids)
    while todo:
        id = todo.pop()
        if id in known and id not in found:
            found.add(id)
            todo += known[id].needs
    return found


def _fits(entry: TocEntry, word: str) -> bool:
    name = entry.name.partition("(")[0]
    # A trigger is named after its table.
    name = name.partition(" ")[2] if entry.kind == "TRIGGER" else name
    names = (name, f"{entry.schema}.{name}")
    if word.endswith("*"):
        return any(name.startswith(word[:-1]) for name in names)
    return word in names
