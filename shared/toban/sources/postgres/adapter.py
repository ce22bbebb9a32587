"""
PostgreSQL databases: ``pg_dump`` in its custom format, checked by ``pg_restore``.

What a dump does not hold, because it belongs to the server and not to the database: roles (recorded
beside it, `toban.sources.postgres.needs`), their passwords, tablespaces. Sections with ``instance`` are Cloud SQL (`toban.sources.postgres.cloudsql`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from toban.kernel import log
from toban.ports.backup import (
    BackupRun,
    Chunk,
    Damaged,
    Fetch,
    Format,
    FormatUnchecked,
    ObjectRef,
    Selection,
    Source,
    SourceFailed,
    SourceSnapshot,
)
from toban.sources.child import Child, ProgramStuck, ended
from toban.sources.ports import SourcePorts
from toban.sources.postgres import server as pgserver
from toban.sources.postgres.archive import ARCHIVE
from toban.sources.postgres.dump import Contents, SqlText
from toban.sources.postgres.loading import select as pgselect
from toban.sources.postgres.loading.load import opened
from toban.sources.postgres.needs import NEEDS, parsed
from toban.sources.postgres.server import NoProgram
from toban.sources.postgres.target import target as target

PIECE_BYTES = 1 << 20
LOCK_WAIT = "60s"
"""How long ``pg_dump`` waits for tables that others have locked exclusively."""

_NOW = """
select to_char(
    case when pg_is_in_recovery()
        then coalesce(least(now(), pg_last_xact_replay_timestamp()), now())
        else now() end at time zone 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US')
"""
"""On a standby only what it has replayed is contained."""


class PostgresSource:
    """One database, read by ``pg_dump`` in one repeatable-read transaction."""

    resumable = False

    def __init__(self, url_secret: str, ports: SourcePorts) -> None:
        """`url_secret`: the secret with the connection URL of the database."""
        self._secret = url_secret
        self._ports = ports

    @property
    def identity(self) -> str:
        """
        ``postgres://host:port/database``, without credentials.

        Where the secret is not to be had (the other region, after a disaster) the secret's name
        stands for it: a restore compares identities, and must not need the source for that.
        """
        try:
            server = pgserver.newest(self._ports, self._secret, SourceFailed)
        except SourceFailed:
            return f"postgres:secret/{self._secret}"
        return server.identity(server.database)

    def begin(self, run: BackupRun, before: SourceSnapshot | None, now: datetime) -> SourceSnapshot:
        """
        Return the server's time, just before the dump's transaction begins.

        Raises `SourceFailed` when ``pg_dump`` is missing or older than the server.
        """
        del run, before, now
        server = self._server()
        served = pgserver.version(server, self._ports, SourceFailed)
        _, ours = _dumper(served)
        at = pgserver.ask(server, _NOW, self._ports, SourceFailed)[0]
        return SourceSnapshot(
            at=datetime.fromisoformat(at).replace(tzinfo=UTC),
            tools={"postgresql": served, "pg_dump": ours},
            server=self._needs(server),
        )

    def _needs(self, server: pgserver.Server) -> Mapping[str, Sequence[str]]:
        """Return what a server must have for this dump; nothing where that may not be asked."""
        try:
            return parsed(pgserver.ask(server, NEEDS, self._ports, SourceFailed)[0])
        except SourceFailed as error:
            if error.retryable:
                raise
            log.warning("roles and tablespaces not recorded", error=error, stack=False)
            return {}

    def read(self, run: BackupRun, snapshot: SourceSnapshot, cursor: str) -> Iterator[Chunk]:
        """
        Yield the archive; ends normally only when ``pg_dump`` exited with 0.

        Closing the iterator kills ``pg_dump``.
        """
        del run
        if cursor:
            raise SourceFailed("a dump cannot be read from the middle", retryable=True)
        server = self._server()
        path, _ = _dumper(snapshot.tools.get("postgresql", ""))
        arguments = [
            path,
            *("--format=custom", "--compress=0", "--no-password"),
            f"--lock-wait-timeout={LOCK_WAIT}",
            f"--dbname={server.url()}",
        ]
        with Child(arguments, server.environ(self._ports.environ), give=True) as dump:
            try:
                head = dump.read(PIECE_BYTES)
                data = head
                while data:
                    yield Chunk(data)
                    data = dump.read(PIECE_BYTES)
                code = dump.finish(60.0)
            except ProgramStuck as error:
                raise SourceFailed(f"pg_dump: {error}", retryable=True) from None
            if code:
                said = server.mask(dump.complaints)
                raise SourceFailed(
                    f"pg_dump {ended(code)}: {said[-1_000:]}",
                    retryable=code < 0 or not pgserver.final(said),
                )
            if not head.startswith(ARCHIVE):
                raise SourceFailed("pg_dump gave something else than an archive", retryable=True)

    def end(self, run: BackupRun, snapshot: SourceSnapshot) -> None:
        """Nothing is left on the server."""

    def _server(self) -> pgserver.Server:
        return pgserver.connect(self._ports, self._secret, SourceFailed)


def _dumper(served: str) -> tuple[str, str]:
    try:
        path = pgserver.program("pg_dump", pgserver.major_of(served))
    except NoProgram as error:
        raise SourceFailed(str(error), retryable=False) from None
    ours = pgserver.version_of(path)
    if pgserver.major_of(ours) < pgserver.major_of(served):
        raise SourceFailed(
            f"pg_dump {ours} cannot dump PostgreSQL {served}: install the programs of version"
            f" {pgserver.major_of(served)} or newer",
            retryable=False,
        )
    return path, ours


class PostgresFormat:
    """
    An archive of ``pg_dump``, converted by ``pg_restore``; or SQL text as Cloud SQL exports it.

    A changed byte inside the data of an uncompressed archive is still an archive: only the
    hashes of a backup show that.
    """

    def __init__(self, ports: SourcePorts) -> None:
        self._ports = ports

    def check(self, pieces: Iterator[bytes], fetch: Fetch) -> dict[str, int]:
        """Counts ``bytes``, ``tables`` (with data of their own), ``rows`` and ``large_objects``."""
        del fetch
        first = next((piece for piece in pieces if piece), b"")
        if not first.startswith(ARCHIVE):
            return self._text(first, pieces)
        return self._archive(first, pieces)

    selects_early = True

    def select(self, pieces: Iterator[bytes], only: Sequence[str]) -> Selection:
        """See `toban.ports.backup.Selecting`: the table of contents says it."""
        toc = opened(pieces).toc
        if toc is None:
            raise FormatUnchecked(
                "what is not an archive of pg_dump has no contents to choose from"
            )
        return pgselect.selection(toc, only)

    def object_refs(self, pieces: Iterator[bytes]) -> Iterator[ObjectRef]:
        """Nothing lies beside a dump."""
        del pieces
        return iter(())

    def _archive(self, first: bytes, pieces: Iterator[bytes]) -> dict[str, int]:
        try:
            path = pgserver.program("pg_restore", 1_000)  # the newest reads every archive
        except NoProgram as error:
            raise FormatUnchecked(str(error)) from None
        contents = Contents()
        size, reads = len(first), True
        # Without a database it writes SQL; data only, so that nothing in a function's body can
        # be taken for a table. It reads the whole table of contents and every block all the same.
        arguments = [path, "--data-only", "--file=-"]
        environ = {**self._ports.environ, "LC_ALL": "C.UTF-8"}
        with Child(arguments, environ, feed=True, on_output=contents.feed) as restore:
            try:
                reads = restore.write(first)
                for piece in pieces:
                    size += len(piece)
                    # It is read to the end even so: the caller's hash wants all of it.
                    reads = reads and restore.write(piece)
                code = restore.finish(pgserver.CALL_S)
            except ProgramStuck as error:
                raise FormatUnchecked(f"pg_restore: {error}") from None
            said = restore.complaints[-1_000:]
        if code < 0:
            raise FormatUnchecked(f"pg_restore {ended(code)}")
        if code and "unsupported version" in said:
            raise FormatUnchecked(f"pg_restore {pgserver.version_of(path)} is too old: {said}")
        if code:
            raise Damaged(f"pg_restore {ended(code)}: {said}")
        if not reads:
            raise Damaged("the archive ends before the stream does")
        return {"bytes": size, **contents.counts()}

    @staticmethod
    def _text(first: bytes, pieces: Iterator[bytes]) -> dict[str, int]:
        text = SqlText()
        text.feed(first)
        for piece in pieces:
            text.feed(piece)
        if problem := text.problem():
            raise Damaged(problem)
        return text.counts()


def source(options: Mapping[str, object], ports: SourcePorts) -> Source:
    """Options: `url_secret`; or `instance` and `database` for Cloud SQL."""
    if options.get("instance"):
        from toban.sources.postgres.cloudsql import source as cloud_sql

        return cloud_sql(options, ports)
    url_secret = options.get("url_secret")
    if not isinstance(url_secret, str) or not url_secret:
        raise ValueError("a postgres source needs url_secret, or instance and database")
    return PostgresSource(url_secret, ports)


def format_(ports: SourcePorts) -> Format:
    """Archives of ``pg_dump`` and SQL text."""
    return PostgresFormat(ports)
