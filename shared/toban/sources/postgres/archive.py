"""
The table of contents at the head of an archive of ``pg_dump``, as PostgreSQL 9.3 to 18 write it.

What ``pg_restore --list`` leaves out is what a restore has to know before it begins: how the database
was made, whom its objects belong to, where they lie, and what depends on what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

ARCHIVE: Final = b"PGDMP"
"""How an archive in the custom format begins."""

_KNOWN: Final = ((1, 12), (1, 16))
_CUSTOM: Final = 1
_STATEMENT: Final = re.compile(r"""(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|[^'";])+;""")
_MADE: Final = re.compile(r'CREATE DATABASE ("(?:[^"]|"")*"|[^\s"]+) WITH (.*);\s*', re.DOTALL)
_COLLATION: Final = re.compile(r"\s*(CREATE COLLATION (.+?) (\(provider = .*\));)\s*", re.DOTALL)
_TO: Final = re.compile(r'(?<= TO )(?:"(?:[^"]|"")*"|[^\s",]+)(?:, (?:"(?:[^"]|"")*"|[^\s",]+))*')


class TocUnknown(Exception):
    """This is no table of contents that we know; the text says why."""


class TocShort(Exception):
    """The table of contents goes on after these bytes."""


@dataclass(frozen=True, slots=True)
class TocEntry:
    """One object of a dump."""

    id: int
    name: str
    """Its tag, as ``orders`` or ``total(bigint)`` or ``orders orders_pkey``."""
    kind: str
    """As ``TABLE``, ``TABLE DATA``, ``FK CONSTRAINT``."""
    definition: str
    schema: str
    tablespace: str
    owner: str
    needs: tuple[int, ...]
    """Ids of the entries on which it depends."""


@dataclass(frozen=True, slots=True)
class Toc:
    """What an archive holds, in the order in which it is restored."""

    entries: tuple[TocEntry, ...]

    def owners(self) -> set[str]:
        """Return the roles to whom objects belong."""
        return {entry.owner for entry in self.entries if entry.owner}

    def tablespaces(self) -> set[str]:
        """Return the tablespaces that are named."""
        named = {entry.tablespace for entry in self.entries if entry.tablespace}
        return named - {"pg_default"}

    def creation(self) -> tuple[str, str]:
        """Return the database's name as SQL, and what follows ``WITH`` where it was made; or nothing."""
        for entry in self.entries:
            found = _MADE.match(entry.definition) if entry.kind == "DATABASE" else None
            if found:
                return found[1], found[2]
        return "", ""

    def properties(self, kinds: Sequence[str] = ("DATABASE PROPERTIES",)) -> list[str]:
        """Return the statements that change the database itself, naming it as `creation` does."""
        return [
            statement.strip()
            for entry in self.entries
            if entry.kind in kinds
            and (entry.kind == "DATABASE PROPERTIES" or entry.name.startswith("DATABASE "))
            for statement in _STATEMENT.findall(entry.definition)
        ]

    def own_collations(self) -> dict[int, tuple[str, str, str]]:
        """Return, by entry, the statement that makes each collation of users, its name and its locale."""
        found = {}
        for entry in self.entries:
            made = _COLLATION.fullmatch(entry.definition) if entry.kind == "COLLATION" else None
            if made:
                found[entry.id] = (made[1], made[2], made[3])
        return found

    def comment(self) -> str:
        """Return the database's own comment as SQL (a literal); empty: it had none."""
        said = f"COMMENT ON DATABASE {self.creation()[0]} IS "
        for entry in self.entries:
            if entry.kind == "COMMENT" and entry.definition.startswith(said):
                return entry.definition.removeprefix(said).strip().removesuffix(";")
        return ""

    def search_path(self) -> str:
        """Return the path that a session of the database had, as SQL; empty: the server's own."""
        name, _ = self.creation()
        said = f"ALTER DATABASE {name} SET search_path TO "
        for statement in self.properties():
            if statement.startswith(said):
                return statement.removeprefix(said).removesuffix(";")
        return ""


def policy_roles(entry: TocEntry) -> set[str]:
    """Return the roles that a policy names."""
    if entry.kind != "POLICY":
        return set()
    found = _TO.search(entry.definition.split(" USING (")[0].split(" WITH CHECK (")[0])
    words = re.findall(r'"(?:[^"]|"")*"|[^\s",]+', found[0]) if found else []
    return {bare(word) for word in words} - {"PUBLIC", "public"}


def bare(word: str) -> str:
    """Return a name of SQL without its quotes."""
    return word[1:-1].replace('""', '"') if word.startswith('"') else word


def read_toc(head: bytes) -> Toc:
    """
    Return the contents that the beginning of an archive lists.

    Raises `TocShort` when it goes on after `head`, and `TocUnknown`.
    """
    if not head.startswith(ARCHIVE):
        raise TocUnknown("not an archive of pg_dump")
    reader = _Reader(head, len(ARCHIVE))
    version = (reader.byte(), reader.byte())
    reader.byte()
    if not _KNOWN[0] <= version <= _KNOWN[1]:
        raise TocUnknown(f"archive version {version[0]}.{version[1]}")
    reader.int_size, reader.offset_size = reader.byte(), reader.byte()
    if reader.byte() != _CUSTOM or not 1 <= reader.int_size <= 8:
        raise TocUnknown("not in the custom format")
    if version >= (1, 15):
        reader.byte()  # how it is compressed
    else:
        reader.number()
    for _ in range(7):  # when it was made
        reader.number()
    for _ in range(3):  # database, versions of the server and of pg_dump
        reader.text()
    try:
        return Toc(tuple(_entry(reader, version) for _ in range(reader.number())))
    except ValueError as error:
        raise TocUnknown("not a table of contents") from error


def _entry(reader: _Reader, version: tuple[int, int]) -> TocEntry:
    id, _ = reader.number(), reader.number()
    reader.text(), reader.text()  # its row in the catalogue
    name, kind = reader.text(), reader.text()
    reader.number()  # its section
    definition = reader.text()
    reader.text(), reader.text()  # how it is dropped, and copied
    schema, tablespace = reader.text(), reader.text()
    if version >= (1, 14):
        reader.text()  # table access method
    if version >= (1, 16):
        reader.number()  # kind of relation
    owner = reader.text()
    reader.text()  # with OIDs
    needs = tuple(int(text) for text in reader.texts())
    reader.skip(1 + reader.offset_size)
    return TocEntry(id, name, kind, definition, schema, tablespace, owner, needs)


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at
        self.int_size = 4
        self.offset_size = 8

    def skip(self, count: int) -> bytes:
        found = self._data[self._at : self._at + count]
        if len(found) < count:
            raise TocShort
        self._at += count
        return found

    def byte(self) -> int:
        return self.skip(1)[0]

    def number(self) -> int:
        sign = self.byte()
        value = int.from_bytes(self.skip(self.int_size), "little")
        return -value if sign else value

    def maybe(self) -> str | None:
        length = self.number()
        return None if length < 0 else self.skip(length).decode("utf-8", "replace")

    def text(self) -> str:
        return self.maybe() or ""

    def texts(self) -> Iterator[str]:
        while (found := self.maybe()) is not None:
            yield found
