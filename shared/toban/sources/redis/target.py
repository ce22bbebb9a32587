"""
Loading a dump into a running Redis. It replaces everything that the server holds.

Two ways (option `through`):

``replication``: for the time of the transfer we are the target's master
(`toban.sources.redis.loading.master`). Exact, with functions and modules, and the old data stay
until the new are complete. The target has to reach this machine, and its user needs ``CONFIG``.

``keys``: every key by ``RESTORE``. Works wherever we can connect to, also from a Cloud Function, and
on managed servers. No data of modules beside keys.

Without the option: ``replication`` if the server allows it and we do not run in a function.

A server that we filled holds a mark of ours in its last database (`toban.sources.redis.loading.mark`),
by which a restore test may empty it again; it comes together with the data, so that it is never on
somebody else's. A recovery removes it when it is over.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence

from toban.ports.backup import (
    ContentQuestion,
    Damaged,
    Fetch,
    FormatUnchecked,
    Room,
    Target,
    TargetFailed,
)
from toban.sources.patterns import attempt_of, flag, only_of
from toban.sources.ports import SourcePorts
from toban.sources.redis import rdb, resp
from toban.sources.redis.loading import mark as redismark
from toban.sources.redis.loading.keys import KeyByKey, empty
from toban.sources.redis.loading.mark import OVERTAKEN, RedisMark, is_mark, mark_entry
from toban.sources.redis.loading.master import USER, Master
from toban.sources.redis.questions import parse_question, text_of
from toban.sources.redis.room import room_of


class RedisTarget:
    """A server to be filled."""

    resumable = False

    def __init__(
        self,
        url_secret: str,
        ports: SourcePorts,
        *,
        through: str,
        overwrite: bool,
        restore: str,
        purpose: str,
        attempt: int = 0,
        only: Sequence[str] = (),
        recorded: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """
        `only`: patterns of the keys that are loaded, over what is there; empty: everything. `overwrite`: replace data that no test of ours put there; `restore`: for which one we work,
        `attempt`: in which of its attempts.
        """
        self._secret = url_secret
        self._ports = ports
        self._through = through
        self._overwrite = overwrite
        self._restore = restore
        self._purpose = purpose
        self._attempt = attempt
        self._only = tuple(only)
        self._recorded = recorded or {}
        self._marks_loaded = 0
        """Keys of the dump that were taken out again: it was made of a server with a mark on it."""

    @property
    def identity(self) -> str:
        """As `toban.sources.redis.adapter.RedisSource.identity`."""
        return self._endpoint().identity

    def refusal(self) -> str:
        """See `toban.ports.backup.Target`."""
        with self._connect() as server:
            unfit, followed = _unfit(server)
            if unfit or followed or self._overwrite or not any(_keyspace(server).values()):
                return unfit
            return self._not_ours(server)

    def room(self) -> Room:
        """See `toban.ports.backup.Measured`."""
        with self._connect() as server:
            return room_of(server, self._recorded, emptied=self._overwrite and not self._only)

    def prepare(self, *, fresh: bool) -> None:
        """
        Raises `TargetFailed` for a server with data that no test of ours put there, or where
        somebody else wrote since (unless `overwrite`), with an earlier attempt of this restore
        (unless `fresh`), for replicas and for nodes of a cluster.
        """
        with self._connect() as server:
            unfit, followed = _unfit(server)
            if unfit:
                raise TargetFailed(unfit, retryable=False)
            if followed:
                server.call("REPLICAOF", "NO", "ONE")  # an earlier attempt of ours died
            if not any(_keyspace(server).values()):
                return
            mark = redismark.found(server, _last_db(server))
            if not fresh and mark is not None and mark.restore == self._restore:
                raise TargetFailed("the target holds an earlier attempt", retryable=True)
            if not self._overwrite:
                self._empty(server)

    def _empty(self, server: resp.Connection) -> None:
        """Remove everything, if all of it is ours. Raises `TargetFailed`."""
        mark = redismark.found(server, _last_db(server))
        refused = self._not_ours(server)
        if not refused and (mark is None or not empty(server, mark)):
            refused = (
                f"{self.identity}: somebody else wrote there at this moment: it is not emptied"
            )
        if refused:
            raise TargetFailed(refused, retryable=False)

    def _not_ours(self, server: resp.Connection) -> str:
        """Why the data there may not be removed; empty: a test left them, or this very restore."""
        last = _last_db(server)
        mark = redismark.found(server, last)
        todo = "Name an empty server; or empty this one if nobody needs it any more"
        if mark is None:
            return (
                f"{self.identity} holds data that no restore test of ours put there. {todo},"
                " or say that it may be overwritten (overwrite=true)"
            )
        if not mark.is_of_test and mark.restore != self._restore:
            return (
                f"{self.identity} holds what {mark.restore[:80]} put there, which was no test. {todo},"
                " or say that it may be overwritten (overwrite=true)"
            )
        why = redismark.touched(server, mark)
        if mark.overtakes(self._restore, self._attempt):
            why = OVERTAKEN
        if not why:
            return ""
        return (
            f"{self.identity} holds what {mark.restore[:80]} put there, but {why}: it is not emptied."
            f" {todo}, or say that it may be overwritten (overwrite=true)"
        )

    def load(self, parts: Iterator[bytes], fetch: Fetch) -> Iterator[int | None]:
        """
        Through replication everything becomes durable at once, after the last part, whose number
        of keys is that of all (and None is yielded now and then while the target loads); key by
        key as it goes.
        """
        del fetch
        with self._connect() as server:
            mark = redismark.begun(
                server, _last_db(server), self._restore, self._purpose, self._attempt
            )
            if not self._overwrite and any(_keyspace(server).values()):
                raise TargetFailed(
                    f"{self.identity}: somebody else wrote there before loading began",
                    retryable=False,
                )
            try:
                if self._by_keys(server):
                    yield from self._load_keys(server, mark, parts)
                else:
                    yield from self._load_replica(server, mark, parts)
            except (Damaged, FormatUnchecked) as error:
                raise TargetFailed(str(error), retryable=False) from error

    def counts(self) -> dict[str, int]:
        """Counts ``lasting_keys`` and ``db0_lasting_keys``…: those that do not expire."""
        with self._connect() as server:
            lasting = {db: n for db, n in sorted(_keyspace(server, lasting=True).items()) if n}
            last = _last_db(server)
            if lasting.get(last) and redismark.is_there(server, last):
                lasting[last] -= 1
            if self._marks_loaded:
                lasting[last] = lasting.get(last, 0) + self._marks_loaded
        return {
            "lasting_keys": sum(lasting.values()),
            **{f"db{db}_lasting_keys": count for db, count in lasting.items() if count},
        }

    def ask(self, questions: Sequence[ContentQuestion]) -> list[str]:
        """
        Answers to commands that only read (`READING`), as ``GET key`` or ``2: DBSIZE`` (of
        database 2). Lists are one line each; what does not exist is ``nil``.
        """
        answers = []
        with self._connect() as server:
            for question in questions:
                db, words = parse_question(question.query)
                server.call("SELECT", db)
                answers.append(text_of(server.call(*words)))
        return answers

    def discard(self) -> None:
        """Empty the server; raises `TargetFailed` unless this test filled it, and nobody wrote since."""
        with self._connect() as server:
            if not any(_keyspace(server).values()):
                return
            mark = redismark.found(server, _last_db(server))
            if mark is None or not mark.is_of_test or mark.restore != self._restore:
                raise TargetFailed(
                    f"{self.identity} holds data that this test did not put there: it is not emptied",
                    retryable=False,
                )
            self._empty(server)

    def release(self) -> None:
        """See `toban.ports.backup.Target`: no mark is left, of whatever restore."""
        with self._connect() as server:
            server.call("SELECT", _last_db(server))
            server.call("DEL", redismark.KEY)

    def _load_replica(
        self, server: resp.Connection, begun: RedisMark, parts: Iterator[bytes]
    ) -> Iterator[int | None]:
        last = _last_db(server)
        # We tell the target twice whose replica it is; it reads the mark after the first time.
        mark = begun.having({"replicaof": 2})
        master = Master(server, self._endpoint())
        trailer = rdb.RdbTrailer()
        taken = given = items = 0
        self._marks_loaded = 0

        def passed() -> Iterator[bytes]:
            nonlocal taken
            for part in parts:
                taken += 1
                yield part
                # Only what was understood goes on: a server ends itself over some defects.
                master.send(trailer.feed(part))

        stream = passed()
        known = True
        with master.replica():
            try:
                for entry in rdb.RdbReader(stream, names=True).entries():
                    items += 1
                    if entry.db > last:
                        raise TargetFailed(
                            f"the target has no database {entry.db}", retryable=False
                        )
                    if is_mark(entry, last):
                        self._marks_loaded = 1
                    while given < taken - 1:
                        given += 1
                        yield 0
            except FormatUnchecked:
                # A dump of a newer Redis than we know: the target may well understand it.
                known = False
                for _ in stream:
                    given += 1
                    yield 0
            if problem := trailer.problem():
                raise TargetFailed(problem, retryable=False)  # no mark: the target drops it all
            # A key that stands in a dump twice ends the server that loads it.
            once = known and not self._marks_loaded
            end = (mark_entry(last, mark) if once else b"") + bytes([rdb.EOF])
            crc = 0 if trailer.unsummed else rdb.crc64(end, trailer.crc)
            master.send(end + crc.to_bytes(8, "little"))
            for _ in master.finish():
                yield None
        if not once:
            self._marks_loaded = int(redismark.is_there(server, last))
            server.call("SELECT", last)
            server.call("SET", redismark.KEY, redismark.encoded(mark.having({"set": 1})))
        for _ in range(given, taken - 1):
            yield 0
        yield items

    def _load_keys(
        self, server: resp.Connection, mark: RedisMark, parts: Iterator[bytes]
    ) -> Iterator[int]:
        loading = KeyByKey(server, _last_db(server), mark, replace=self._overwrite, only=self._only)
        if self._overwrite and not self._only:
            # Whoever has lost the lease learns it with the first part, before anything is removed.
            first = next(parts, None)
            loading.empty()  # replaces everything, as the other way does
            parts = itertools.chain(() if first is None else (first,), parts)
        yield from loading.load(parts)
        self._marks_loaded = loading.left_out

    def _by_keys(self, server: resp.Connection) -> bool:
        endpoint = self._endpoint()
        if self._only:
            return True
        if self._through:
            if self._through == "replication" and endpoint.tls and not _is_here(server):
                raise TargetFailed(
                    "the target speaks TLS, replication here does not: use through: keys",
                    retryable=False,
                )
            return self._through == "keys"
        if self._ports.environ.get("K_SERVICE") or (endpoint.tls and not _is_here(server)):
            return True
        try:
            server.call("CONFIG", "GET", "masterauth")
        except resp.ReplyError:
            return True
        return False

    def _endpoint(self) -> resp.Endpoint:
        values = self._ports.secrets.values(self._secret)
        if not values:
            raise TargetFailed(f"the secret {self._secret} is not set", retryable=False)
        try:
            return resp.parse(values[0].strip())
        except ValueError as error:
            raise TargetFailed(f"the secret {self._secret}: {error}", retryable=False) from None

    @contextlib.contextmanager
    def _connect(self) -> Iterator[resp.Connection]:
        try:
            with resp.Connection(self._endpoint()) as server:
                yield server
        except resp.RedisError as error:
            raise TargetFailed(str(error), retryable=error.retryable) from error


def target(options: Mapping[str, object], ports: SourcePorts) -> Target:
    """
    Options: `url_secret`; `through` (``replication``, ``keys``), `overwrite`, `only` (patterns of keys; with `overwrite`
    these alone are replaced, without functions); `restore_id` and
    `purpose` (``test``: it may be emptied again).
    """
    url_secret = options.get("url_secret")
    if not isinstance(url_secret, str) or not url_secret:
        raise ValueError("a redis target needs url_secret")
    through = str(options.get("through") or "")
    if through not in {"", "replication", "keys"}:
        raise ValueError("`through` is replication or keys")
    only = only_of(options)
    if only and through == "replication":
        raise ValueError("`only` loads key by key: through is keys")
    recorded = options.get("recorded")
    return RedisTarget(
        url_secret,
        ports,
        through=through,
        overwrite=flag(options.get("overwrite")),
        restore=str(options.get("restore_id") or ""),
        purpose="test" if options.get("purpose") == "test" else "recovery",
        attempt=attempt_of(options),
        only=only,
        recorded=recorded if isinstance(recorded, Mapping) else None,
    )


def _unfit(server: resp.Connection) -> tuple[str, bool]:
    """Why it can never be a target (empty: it can), and whether it still follows a dead attempt."""
    info = server.info("replication", "cluster")
    if info.get("cluster_enabled") == "1":
        return "the target is a node of a cluster", False
    if info.get("role") != "slave":
        return "", False
    if _setting(server, "masteruser") != USER:
        return "the target is somebody's replica", False
    return "", True


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
