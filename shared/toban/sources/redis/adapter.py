"""
Redis: the dump that it sends to a new replica, checked by its checksum and read key by key.

Nothing has to be installed or mounted beside the server, and nothing is left there. Its user needs
``PING INFO TIME SYNC REPLCONF``. Sections with ``instance`` are Memorystore
(`toban.sources.redis.memorystore`), which refuses replicas.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from toban.kernel.reasons.words import reason
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
from toban.sources.patterns import Wanted
from toban.sources.ports import SourcePorts
from toban.sources.redis import rdb, resp
from toban.sources.redis.loading.only import fits, text_of_key
from toban.sources.redis.target import target as target

PIECE_BYTES = 1 << 18
PREPARING_S = 500.0
"""Longest that a server may write its dump before it sends any; a step's lease is little more."""

_MARK_BYTES = 40


class RedisSource:
    """All databases of one server."""

    resumable = False

    def __init__(self, url_secret: str, ports: SourcePorts) -> None:
        """`url_secret`: the secret with the server's URL."""
        self._secret = url_secret
        self._ports = ports

    @property
    def identity(self) -> str:
        """``redis://host:port``; the secret's name where that is not to be had, as of PostgreSQL."""
        try:
            return self._endpoints()[0].identity
        except SourceFailed:
            return f"redis:secret/{self._secret}"

    def begin(self, run: BackupRun, before: SourceSnapshot | None, now: datetime) -> SourceSnapshot:
        """Return the server's own time, in whole seconds: `read` insists on a dump begun after it."""
        del run, before, now
        try:
            with self._connect() as server:
                seconds = int(server.call("TIME")[0])
                info = server.info("server", "persistence", "replication", "memory")
                summed = _setting(server, "rdbchecksum")
        except resp.RedisError as error:
            raise SourceFailed(str(error), retryable=error.retryable) from error
        if info.get("loading") == "1":
            raise SourceFailed("the server is still loading its own data", retryable=True)
        # A replica holds what its master had sent when it last heard of it.
        behind = info.get("master_last_io_seconds_ago", "0")
        if behind.isdigit():
            seconds -= int(behind)
        return SourceSnapshot(
            at=datetime.fromtimestamp(seconds, UTC),
            tools={
                "redis": info.get("redis_version", ""),
                **({"rdbchecksum": "no"} if summed == "no" else {}),
            },
            server={"bytes": [size]} if (size := info.get("used_memory_dataset", "")) else {},
        )

    def read(self, run: BackupRun, snapshot: SourceSnapshot, cursor: str) -> Iterator[Chunk]:
        """
        Yield the dump; ends normally only with its end opcode and the right checksum.

        Where the server writes no checksums (``rdbchecksum no``) only the end opcode
        vouches for it, besides the length that the server announced.
        """
        del run
        if cursor:
            raise SourceFailed("a dump cannot be read from the middle", retryable=True)
        trailer = rdb.RdbTrailer()
        try:
            with self._connect() as server:
                first = True
                for data in _gathered(transfer(server, snapshot.tools.get("redis", ""))):
                    if first:
                        _check_begin(data, snapshot.at)
                        first = False
                    trailer.feed(data)
                    yield Chunk(data)
        except resp.RedisError as error:
            raise SourceFailed(
                f"the transfer of the dump: {error}", retryable=error.retryable
            ) from error
        if problem := trailer.problem():
            raise SourceFailed(problem, retryable=True)

    def end(self, run: BackupRun, snapshot: SourceSnapshot) -> None:
        """Nothing is left on the server."""

    def _endpoints(self) -> list[resp.Endpoint]:
        values = self._ports.secrets.values(self._secret)
        if not values:
            raise SourceFailed(reason("reason.the-secret", name=self._secret), retryable=False)
        try:
            return [resp.parse(value.strip()) for value in values]
        except ValueError as error:
            raise SourceFailed(f"the secret {self._secret}: {error}", retryable=False) from None

    def _connect(self) -> resp.Connection:
        *others, last = self._endpoints()
        for endpoint in others:  # while the secret is being rotated: whichever the server takes
            try:
                return resp.Connection(endpoint)
            except resp.ReplyError:
                continue
        return resp.Connection(last)


def transfer(server: resp.Connection, version: str) -> Iterator[bytes]:
    """
    Ask for a dump as a replica does, and give it in pieces of at most 64 KiB.

    ``SYNC`` and not ``PSYNC``: its dump begins at once, where a diskless one waits
    ``repl-diskless-sync-delay`` for more replicas. Raises `toban.sources.redis.resp.RedisError`.
    """
    if int(version.split(".", maxsplit=1)[0] or 0) >= 7:
        # The dump alone: without it, the server would keep us as a replica and its writes in a buffer.
        server.call("REPLCONF", "rdb-only", "1")
    server.send(b"SYNC\r\n")
    deadline = time.monotonic() + PREPARING_S
    while not (line := server.line()):  # a sign of life while the server writes the dump
        if time.monotonic() > deadline:
            raise resp.RedisError(f"the server prepared its dump for more than {PREPARING_S:.0f} s")
    if line.startswith(b"-"):
        raise resp.ReplyError(line[1:].decode("utf-8", "replace"))
    if line.startswith(b"$EOF:"):
        yield from _until(server, line[5:])
    elif line.startswith(b"$") and line[1:].isdigit():
        yield from _counted(server, int(line[1:]))
    else:
        raise resp.RedisError("the server did not answer SYNC with a dump")


def _setting(server: resp.Connection, name: str) -> str:
    try:
        answer = server.call("CONFIG", "GET", name)
    except resp.ReplyError:  # the user may not ask; the dump itself will show it
        return ""
    return bytes(answer[1]).decode() if answer else ""


def _gathered(blocks: Iterator[bytes]) -> Iterator[bytes]:
    collected = bytearray()
    for block in blocks:
        collected += block
        if len(collected) >= PIECE_BYTES:
            yield bytes(collected)
            collected.clear()
    if collected:
        yield bytes(collected)


def _counted(server: resp.Wire, size: int) -> Iterator[bytes]:
    while size:
        data = server.some()
        data, rest = data[:size], data[size:]
        server.back(rest)
        size -= len(data)
        yield data


def _until(server: resp.Wire, mark: bytes) -> Iterator[bytes]:
    if len(mark) != _MARK_BYTES:
        raise resp.RedisError("the server announced a dump without saying how it ends")
    held = b""
    while (end := held.find(mark)) < 0:
        keep = max(0, len(held) - _MARK_BYTES + 1)
        if keep:
            yield held[:keep]
        held = held[keep:] + server.some()
    if end:
        yield held[:end]


def _check_begin(data: bytes, at: datetime) -> None:
    """
    A server that is just writing a dump for another replica shares that one, begun before.

    The dump says so itself (``ctime``, whole seconds), in its first few hundred bytes.
    """
    reader = rdb.RdbReader(iter([data]))
    try:
        next(reader.entries(), None)
    except (Damaged, FormatUnchecked):
        pass  # only its beginning is here
    made = reader.aux.get("ctime", "")
    if made.isdigit() and int(made) < int(at.timestamp()):
        raise SourceFailed(
            "the server shared an older dump, made for another replica", retryable=True
        )


class RedisFormat:
    """A dump, read key by key; with ``redis-check-rdb`` on PATH, by that as well."""

    def __init__(self, ports: SourcePorts) -> None:
        self._ports = ports

    def check(self, pieces: Iterator[bytes], fetch: Fetch) -> dict[str, int]:
        """
        Counts ``bytes``, ``keys``, ``lasting_keys`` (that do not expire) and ``db0_lasting_keys``….

        What expires is gone from a restored server sooner or later: compare the lasting ones.
        """
        del fetch
        trailer = rdb.RdbTrailer()
        path = shutil.which("redis-check-rdb", path=self._ports.environ.get("PATH"))
        if path is None:
            return _count(_through(pieces, trailer.feed), trailer)
        said = bytearray()

        def listen(block: bytes) -> None:
            said.extend(block)
            del said[:-4_000]

        with Child([path, "/dev/stdin"], self._ports.environ, feed=True, on_output=listen) as child:
            try:
                counts = _count(_through(pieces, trailer.feed, child.write), trailer)
                code = child.finish(600.0)
            except ProgramStuck as error:
                raise FormatUnchecked(f"redis-check-rdb: {error}") from None
        second = said.decode("utf-8", "replace").strip()
        # Killed, or older than the dump: it has no opinion.
        if code > 0 and "Can't handle RDB format version" not in second:
            raise Damaged(f"redis-check-rdb {ended(code)}: {second[-500:]}")
        return counts

    selects_early = False

    def select(self, pieces: Iterator[bytes], only: Sequence[str]) -> Selection:
        """See `toban.ports.backup.Selecting`; functions are always left out."""
        wanted = Wanted(only, fits)
        reader = rdb.RdbReader(pieces, capture=True)
        for entry in reader.entries():
            wanted(text_of_key(entry.key), f"keys in db{entry.db}")
        found = wanted.selection()
        functions = {"function libraries": n} if (n := len(reader.functions)) else {}
        return Selection(found.comes, {**found.left_out, **functions})

    def object_refs(self, pieces: Iterator[bytes]) -> Iterator[ObjectRef]:
        """Nothing lies beside a dump."""
        del pieces
        return iter(())


def _through(pieces: Iterator[bytes], *takers: object) -> Iterator[bytes]:
    for piece in pieces:
        for taker in takers:
            taker(piece)  # type: ignore[operator]
        yield piece


def _count(pieces: Iterator[bytes], trailer: rdb.RdbTrailer) -> dict[str, int]:
    keys, lasting = 0, Counter[int]()
    for entry in rdb.RdbReader(pieces).entries():
        keys += 1
        if entry.expires_ms is None:
            lasting[entry.db] += 1
    if problem := trailer.problem():
        raise Damaged(problem)
    return {
        "bytes": trailer.size,
        "keys": keys,
        "lasting_keys": lasting.total(),
        **{f"db{db}_lasting_keys": count for db, count in sorted(lasting.items())},
    }


def source(options: Mapping[str, object], ports: SourcePorts) -> Source:
    """Options: `url_secret`; or `instance` for Memorystore."""
    if options.get("instance"):
        from toban.sources.redis.memorystore import source as memorystore

        return memorystore(options, ports)
    url_secret = options.get("url_secret")
    if not isinstance(url_secret, str) or not url_secret:
        raise ValueError("a redis source needs url_secret, or instance")
    return RedisSource(url_secret, ports)


def format_(ports: SourcePorts) -> Format:
    """Dumps of a Redis."""
    return RedisFormat(ports)
