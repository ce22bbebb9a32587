"""
Putting an archive into a database: ``pg_restore`` turns it into SQL, ``psql`` executes that.

Unlike ``pg_restore`` with a connection, ``psql`` says the SQLSTATE of what went wrong, and the SQL can be
given the search path of the dumped database: ``pg_dump`` empties it, which what it writes does not mind,
but the functions that users wrote do, when an index or a materialised view calls them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

from toban.ports.backup import TargetFailed
from toban.sources.child import Child, ProgramStuck, ended
from toban.sources.ports import SourcePorts
from toban.sources.postgres import server as pgserver
from toban.sources.postgres.archive import ARCHIVE, Toc, TocShort, TocUnknown, read_toc
from toban.sources.postgres.server import NoProgram

SIGN_OF_LIFE_S = 30.0
"""How often loading yields while it waits for the end."""

PATH: Final = '"$user", public'
"""PostgreSQL's own search path."""

_EMPTY_PATH: Final = b"SELECT pg_catalog.set_config('search_path', '', false);\n"
_HEAD: Final = 1 << 16
_MAX_TOC: Final = 1 << 28
_FOREVER_S: Final = 1e6


@dataclass(frozen=True, slots=True)
class Dump:
    """A stream whose beginning was looked at."""

    toc: Toc | None
    """None: SQL text, or an archive of a version that we do not know."""
    is_archive: bool
    parts: Iterator[bytes]
    """All of it."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """How a dump is loaded."""

    single: bool
    """In one transaction: into a database that was there before. It locks every object at once."""
    search_path: str = PATH
    """As SQL."""
    options: Sequence[str] = ()
    """Of ``pg_restore``."""
    entries: Sequence[int] | None = None
    """Ids of what is loaded; None: everything."""
    partial: bool = False
    """Some objects alone: ``pg_restore`` stops reading behind the last of them."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """Statements, each with what is executed in its place."""


def opened(parts: Iterator[bytes]) -> Dump:
    """Read as much of a stream as its table of contents takes, and return both."""
    head: list[bytes] = []
    for part in parts:
        head.append(part)
        data = b"".join(head)
        if len(data) < len(ARCHIVE):
            continue
        try:
            toc = read_toc(data)
        except TocUnknown:
            return Dump(None, data.startswith(ARCHIVE), chain(head, parts))
        except TocShort:
            if len(data) > _MAX_TOC:
                break
            continue
        return Dump(toc, True, chain(head, parts))
    return Dump(None, b"".join(head).startswith(ARCHIVE), chain(head, parts))


class Loader:
    """Loads dumps into the databases of one server."""

    def __init__(self, server: pgserver.Server, version: str, ports: SourcePorts) -> None:
        """`version`: the server's, which decides on the programs."""
        self._server = server
        self._major = pgserver.major_of(version)
        self._ports = ports

    def load(self, dump: Dump, database: str, plan: LoadPlan) -> Iterator[int | None]:
        """
        Yield 0 for each part but the last, and None now and then while the server is busy; the
        end says that everything is there. Raises `TargetFailed`.
        """
        environ = self._server.environ(self._ports.environ)
        with tempfile.NamedTemporaryFile("w", suffix=".list") as listed:
            if plan.entries is not None:
                listed.write("".join(f"{id};\n" for id in plan.entries))
                listed.flush()
            with Child(self._psql(database, plan, dump), environ, feed=True) as psql:
                pour = _Pour(psql, plan)
                try:
                    if dump.is_archive:
                        command = self._restore(plan, Path(listed.name))
                        with Child(command, environ, feed=True, on_output=pour) as restore:
                            try:
                                whole = yield from self._feed(restore, psql, dump.parts, plan)
                            except BaseException:
                                psql.kill()  # what still passes SQL on would wait for it
                                raise
                    else:
                        whole = yield from _text(pour, psql, dump.parts)
                    if whole:
                        pour.end()
                    while (code := psql.wait(SIGN_OF_LIFE_S)) is None:
                        yield None
                except ProgramStuck as error:
                    raise TargetFailed(f"loading: {error}", retryable=True) from None
                self._judge(psql, code)
                if not whole:
                    raise TargetFailed("loading: psql ended before the dump", retryable=True)

    def _feed(
        self, restore: Child, psql: Child, parts: Iterator[bytes], plan: LoadPlan
    ) -> Generator[int | None, None, bool]:
        """Return whether all of it was turned into SQL; False: ``psql`` has ended, and says why."""
        reads, first = True, True
        for part in parts:
            if not first:
                yield 0
            first = False
            reads = restore.write(part)
            if not reads or psql.code is not None:
                break
        while (code := restore.wait(SIGN_OF_LIFE_S)) is None and psql.code is None:
            yield None
        if psql.code:
            return False
        if code:
            said = self._server.mask(restore.complaints)[-1_000:]
            raise TargetFailed(f"loading {ended(code)}: {said}", retryable=code < 0)
        if not reads and not plan.partial:
            raise TargetFailed("the dump ends before the stream does", retryable=False)
        return True

    def _judge(self, psql: Child, code: int) -> None:
        if not code:
            return
        said = self._server.mask(psql.complaints)
        raise TargetFailed(
            f"loading {ended(code)}: {pgserver.plainly(said)[-1_000:]}",
            retryable=pgserver.can_pass(code, said),
        )

    def _psql(self, database: str, plan: LoadPlan, dump: Dump) -> list[str]:
        # Of an archive pg_restore writes the BEGIN, since it knows where large objects have theirs.
        single = ["--single-transaction"] if plan.single and not dump.is_archive else []
        try:
            path = pgserver.program("psql", self._major)
        except NoProgram as error:
            raise TargetFailed(str(error), retryable=False) from None
        return [
            path, "-Xqw", *pgserver.VERBOSE, *single, "--output=/dev/null",
            f"--dbname={self._server.url(database)}", "--file=-",
        ]  # fmt: skip

    def _restore(self, plan: LoadPlan, listed: Path) -> list[str]:
        try:
            path = pgserver.program("pg_restore", self._major)
        except NoProgram as error:
            raise TargetFailed(str(error), retryable=False) from None
        return [
            path, "--file=-", *plan.options,
            *(["--single-transaction"] if plan.single else []),
            *([f"--use-list={listed}"] if plan.entries is not None else []),
        ]  # fmt: skip


class _Pour:
    """Passes SQL on, with another search path, and other statements in place of some."""

    def __init__(self, psql: Child, plan: LoadPlan) -> None:
        self._psql = psql
        # The database is ours alone until it has its name; what follows then makes all durable.
        lazy = "" if plan.single else "SET synchronous_commit = off;\n"
        path = f"SET search_path = {plan.search_path};\n{lazy}".encode()
        self._instead = {a.encode(): b.encode() for a, b in plan.instead.items()}
        self._most = _HEAD << 9 if self._instead else _HEAD
        self._instead[_EMPTY_PATH] = path
        self._head: bytes | None = b""
        self._reads = True

    def __call__(self, block: bytes) -> None:
        if self._head is not None:
            self._head += block
            if len(self._head) < self._most and any(a not in self._head for a in self._instead):
                return
            block, self._head = self._changed(self._head), None
        # However long a statement takes; of a program that has ended the rest is read away.
        self._reads = self._reads and self._psql.write(block, _FOREVER_S)

    def end(self) -> None:
        """Pass on what was held back."""
        if self._head:
            self._reads = self._reads and self._psql.write(self._changed(self._head), _FOREVER_S)
            self._head = None

    def _changed(self, head: bytes) -> bytes:
        for statement, other in self._instead.items():
            head = head.replace(statement, other, 1)
        return head

    @property
    def reads(self) -> bool:
        return self._reads


def _text(pour: _Pour, psql: Child, parts: Iterator[bytes]) -> Generator[int | None, None, bool]:
    first = True
    for part in parts:
        if not first:
            yield 0
        first = False
        pour(part)
        if not pour.reads or psql.code is not None:
            return False
    return True
