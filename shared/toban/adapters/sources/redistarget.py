"""
Loading a dump into a running Redis. It replaces everything that the server holds.

Two ways (option `through`):

``replication``: for the time of the transfer we are the target's master
(`toban.adapters.sources.redismaster`). Exact, with functions and modules, and the old data stay
until the new are complete. The target has to reach this machine, and its user needs ``CONFIG``.

``keys``: every key by ``RESTORE``. Works wherever we can connect to, also from a Cloud Function, and
on managed servers. No data of modules beside keys.

Without the option: ``replication`` if the server allows it and we do not run in a function.

A server that we filled holds a mark of ours in its last database, so that the next restore test
may empty it; it comes together with the data, so that it is never on somebody else's.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toban.adapters.sources import rdb, resp
from toban.adapters.sources.redismaster import USER, Master
from toban.adapters.sources.world import World
from toban.ports.backup import Damaged, Fetch, FormatUnchecked, Question, Target, TargetFailed

MARK = b"toban:restored-here"
_MARK_VALUE = b"filled by a restore of toban"

READING = frozenset(
    [
        "GET",
        "MGET",
        "STRLEN",
        "GETRANGE",
        "GETBIT",
        "BITCOUNT",
        "EXISTS",
        "TYPE",
        "TTL",
        "PTTL",
        "DBSIZE",
        "HGET",
        "HMGET",
        "HLEN",
        "HEXISTS",
        "HGETALL",
        "HKEYS",
        "HVALS",
        "LLEN",
        "LINDEX",
        "LRANGE",
        "SCARD",
        "SISMEMBER",
        "SMEMBERS",
        "ZCARD",
        "ZSCORE",
        "ZRANK",
        "ZCOUNT",
        "ZRANGE",
        "ZRANGEBYSCORE",
        "XLEN",
        "XRANGE",
        "XREVRANGE",
    ]
)
"""What a question may use: commands that only read."""

_BATCH_KEYS = 500
_BATCH_BYTES = 1 << 20


class RedisTarget:
    """A server to be filled."""

    resumable = False

    def __init__(self, url_secret: str, world: World, *, through: str, overwrite: bool) -> None:
        """`overwrite`: replace data that we did not put there."""
        self._secret = url_secret
        self._world = world
        self._through = through
        self._overwrite = overwrite

    @property
    def identity(self) -> str:
        """As `toban.adapters.sources.redis.RedisSource.identity`."""
        return self._endpoint().identity

    def prepare(self, *, fresh: bool) -> None:
        """
        Raises `TargetFailed` for a server with data that are not ours (unless `overwrite`), with
        an earlier attempt of ours (unless `fresh`), for replicas and for nodes of a cluster.
        """
        with self._connect() as server:
            info = server.info("replication", "cluster")
            if info.get("cluster_enabled") == "1":
                raise TargetFailed("the target is a node of a cluster", again=False)
            if info.get("role") == "slave":
                if _setting(server, "masteruser") != USER:
                    raise TargetFailed("the target is somebody's replica", again=False)
                server.call("REPLICAOF", "NO", "ONE")  # an earlier attempt of ours died
            filled = any(_keyspace(server).values())
            if filled and _is_ours(server):
                if not fresh:
                    raise TargetFailed("the target holds an earlier attempt", again=True)
                _empty(server)
            elif filled and not self._overwrite:
                raise TargetFailed(
                    "the target holds data that no restore of ours put there: name an empty"
                    " server, or use `overwrite`",
                    again=False,
                )

    def load(self, parts: Iterator[bytes], fetch: Fetch) -> Iterator[int]:
        """
        Through replication everything becomes durable at once, after the last part, whose number
        of keys is that of all (and 0 is yielded now and then while the target loads); key by key
        as it goes.
        """
        del fetch
        with self._connect() as server:
            try:
                if self._by_keys(server):
                    yield from _load_keys(server, parts)
                else:
                    yield from self._load_replica(server, parts)
            except (Damaged, FormatUnchecked) as error:
                raise TargetFailed(str(error), again=False) from error

    def counts(self) -> dict[str, int]:
        """Counts ``lasting_keys`` and ``db0_lasting_keys``…: those that do not expire."""
        with self._connect() as server:
            lasting = {db: n for db, n in sorted(_keyspace(server, lasting=True).items()) if n}
            if lasting.get(_last_db(server)) and _is_ours(server):
                lasting[_last_db(server)] -= 1
        return {
            "lasting_keys": sum(lasting.values()),
            **{f"db{db}_lasting_keys": count for db, count in lasting.items() if count},
        }

    def ask(self, questions: Sequence[Question]) -> list[str]:
        """
        Answers to commands that only read (`READING`), as ``GET key`` or ``2: DBSIZE`` (of
        database 2). Lists are one line each; what does not exist is ``nil``.
        """
        answers = []
        with self._connect() as server:
            for question in questions:
                db, words = _parse_question(question.query)
                server.call("SELECT", db)
                answers.append(_text(server.call(*words)))
        return answers

    def discard(self) -> None:
        """Empty the server; raises `TargetFailed` unless we filled it."""
        with self._connect() as server:
            if not any(_keyspace(server).values()):
                return
            if not _is_ours(server):
                raise TargetFailed("the target holds data that are not ours", again=False)
            _empty(server)

    def _load_replica(self, server: resp.Connection, parts: Iterator[bytes]) -> Iterator[int]:
        last = _last_db(server)
        master = Master(server, self._endpoint())
        trailer = rdb.Trailer()
        taken = given = items = 0

        def passed() -> Iterator[bytes]:
            nonlocal taken
            for part in parts:
                taken += 1
                yield part
                # Only what was understood goes on: a server ends itself over some defects.
                master.send(trailer.feed(part))

        stream = passed()
        with master.replica():
            try:
                for entry in rdb.Reader(stream).entries():
                    items += 1
                    if entry.db > last:
                        raise TargetFailed(f"the target has no database {entry.db}", again=False)
                    while given < taken - 1:
                        given += 1
                        yield 0
            except FormatUnchecked:
                # A dump of a newer Redis than we know: the target may well understand it.
                for _ in stream:
                    given += 1
                    yield 0
            if problem := trailer.problem():
                raise TargetFailed(problem, again=False)  # no mark: the target drops it all
            end = _mark_entry(last) + bytes([rdb.EOF])
            crc = 0 if trailer.unsummed else rdb.crc64(end, trailer.crc)
            master.send(end + crc.to_bytes(8, "little"))
            for _ in master.finish():
                yield 0
        for _ in range(given, taken - 1):
            yield 0
        yield items

    def _by_keys(self, server: resp.Connection) -> bool:
        endpoint = self._endpoint()
        if self._through:
            if self._through == "replication" and endpoint.tls and not _is_here(server):
                raise TargetFailed(
                    "the target speaks TLS, replication here does not: use through: keys",
                    again=False,
                )
            return self._through == "keys"
        if self._world.environ.get("K_SERVICE") or (endpoint.tls and not _is_here(server)):
            return True
        try:
            server.call("CONFIG", "GET", "masterauth")
        except resp.ReplyError:
            return True
        return False

    def _endpoint(self) -> resp.Endpoint:
        values = self._world.secrets.values(self._secret)
        if not values:
            raise TargetFailed(f"the secret {self._secret} is not set", again=False)
        try:
            return resp.parse(values[0].strip())
        except ValueError as error:
            raise TargetFailed(f"the secret {self._secret}: {error}", again=False) from None

    @contextlib.contextmanager
    def _connect(self) -> Iterator[resp.Connection]:
        try:
            with resp.Connection(self._endpoint()) as server:
                yield server
        except resp.RedisError as error:
            raise TargetFailed(str(error), again=error.again) from error


def target(options: Mapping[str, object], world: World) -> Target:
    """Options: `url_secret`; `through` (``replication``, ``keys``), `overwrite`."""
    url_secret = options.get("url_secret")
    if not isinstance(url_secret, str) or not url_secret:
        raise ValueError("a redis target needs url_secret")
    through = str(options.get("through") or "")
    if through not in {"", "replication", "keys"}:
        raise ValueError("`through` is replication or keys")
    overwrite = str(options.get("overwrite") or "").lower() in {"true", "yes", "1"}
    return RedisTarget(url_secret, world, through=through, overwrite=overwrite)


def _load_keys(server: resp.Connection, parts: Iterator[bytes]) -> Iterator[int]:
    last = _last_db(server)
    _empty(server)  # replaces everything, as the other way does
    server.call("SELECT", last)
    server.call("SET", MARK, _MARK_VALUE)
    taken = given = 0
    trailer = rdb.Trailer()

    def passed() -> Iterator[bytes]:
        nonlocal taken
        for part in parts:
            taken += 1
            trailer.feed(part)
            yield part

    reader = rdb.Reader(passed(), capture=True)
    batch: list[bytes] = []
    db, size, done, told = last, 0, 0, 0
    for entry in reader.entries():
        if entry.db != db:
            if entry.db > last:
                raise TargetFailed(f"the target has no database {entry.db}", again=False)
            db = entry.db
            batch.append(resp.command(("SELECT", db)))
        batch.append(_restore(entry, reader.version))
        size += len(batch[-1])
        done += 1
        if len(batch) >= _BATCH_KEYS or size >= _BATCH_BYTES or given < taken - 1:
            _flush(server, batch)
            size = 0
            while given < taken - 1:
                given += 1
                yield done - told
                told = done
    _flush(server, batch)
    for code in reader.functions:
        server.call("FUNCTION", "LOAD", "REPLACE", code)
    if problem := trailer.problem():
        raise TargetFailed(problem, again=False)
    for _ in range(given, taken - 1):
        yield 0
    yield done - told


def _restore(entry: rdb.Entry, version: int) -> bytes:
    """The payload of ``DUMP``: type and value, version of the format, CRC64 of it all."""
    payload = entry.value + version.to_bytes(2, "little")
    payload += rdb.crc64(payload).to_bytes(8, "little")
    words: list[Any] = ["RESTORE", entry.key, max(entry.expires_ms or 0, 0), payload, "REPLACE"]
    if entry.expires_ms is not None:
        words[2] = max(entry.expires_ms, 1)
        words.append("ABSTTL")
    return resp.command(words)


def _flush(server: resp.Connection, batch: list[bytes]) -> None:
    server.send(b"".join(batch))
    answers = [server.answer() for _ in batch]
    batch.clear()
    for answer in answers:
        if isinstance(answer, resp.ReplyError):
            raise answer


def _mark_entry(db: int) -> bytes:
    """Our mark as it stands in a dump: select the database, a string."""
    strings = b"".join(bytes([len(text)]) + text for text in (MARK, _MARK_VALUE))
    return bytes([rdb.SELECT, db, 0]) + strings


def _is_ours(server: resp.Connection) -> bool:
    server.call("SELECT", _last_db(server))
    return bool(server.call("GET", MARK) == _MARK_VALUE)


def _empty(server: resp.Connection) -> None:
    server.call("FLUSHALL")
    with contextlib.suppress(resp.ReplyError):  # unknown before Redis 7, which has none to remove
        server.call("FUNCTION", "FLUSH")


def _last_db(server: resp.Connection) -> int:
    """The last database that exists (of the first 64, whose numbers fit in a byte of a dump)."""
    try:
        count = int(_setting(server, "databases") or 1)
    except resp.ReplyError:
        count = 1
    return min(count, 64) - 1


def _setting(server: resp.Connection, name: str) -> str:
    answer = server.call("CONFIG", "GET", name)
    return bytes(answer[1]).decode() if answer else ""


def _keyspace(server: resp.Connection, *, lasting: bool = False) -> dict[int, int]:
    """Keys per database; `lasting`: without those that expire."""
    counts = {}
    for name, value in server.info("keyspace").items():
        fields = dict(pair.split("=", 1) for pair in value.split(",") if "=" in pair)
        if name.startswith("db") and name[2:].isdigit() and "keys" in fields:
            expiring = int(fields.get("expires", "0")) if lasting else 0
            counts[int(name[2:])] = int(fields["keys"]) - expiring
    return counts


def _is_here(server: resp.Connection) -> bool:
    """Whether the target is on this very machine."""
    address = str(server.socket.getpeername()[0])
    return address.startswith("127.") or address == "::1"


def _parse_question(query: str) -> tuple[int, list[str]]:
    try:
        words = shlex.split(query)
    except ValueError as error:
        raise TargetFailed(f"not a question: {query[:80]!r}: {error}", again=False) from None
    db = 0
    if words and words[0].endswith(":") and words[0][:-1].isdigit():
        db = int(words.pop(0)[:-1])
    if not words or words[0].upper() not in READING:
        raise TargetFailed(f"not a command that only reads: {query[:80]!r}", again=False)
    return db, words


def _text(answer: object) -> str:
    if answer is None:
        return "nil"
    if isinstance(answer, bytes):
        return answer.decode("utf-8", "backslashreplace")
    if isinstance(answer, list):
        return "\n".join(_text(item) for item in answer)
    return str(answer)
