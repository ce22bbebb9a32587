"""
Loading a dump into a Redis key by key, with ``RESTORE``: wherever we can connect to.

The mark of the restore (`toban.sources.redis.loading.mark`) is renewed in the transaction of every
batch, so that at any moment it counts exactly what was written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toban.ports.backup import TargetFailed
from toban.sources.patterns import Wanted, checked
from toban.sources.redis import rdb, resp
from toban.sources.redis.loading import mark as redismark
from toban.sources.redis.loading.mark import OVERTAKEN, RedisMark, is_mark
from toban.sources.redis.loading.only import fits, text_of_key

_BATCH_KEYS = 500
_BATCH_BYTES = 1 << 20


class KeyByKey:
    """One dump on its way into an empty server."""

    def __init__(
        self,
        server: resp.Connection,
        last: int,
        mark: RedisMark,
        *,
        replace: bool,
        only: Sequence[str] = (),
    ) -> None:
        """
        `only`: patterns of the keys that are wanted, without functions; empty: everything. `last`: the last database that the server has, where the mark lives. `mark`: as
        `toban.sources.redis.loading.mark.begun` on this connection. `replace`: whatever is written
        there meanwhile. Raises `TargetFailed` when another restore was there since.
        """
        self._replace = replace
        self._wanted = Wanted(only, fits)
        self._partial = bool(only)
        self._server = server
        self._last = last
        self._mark = mark
        server.call("SELECT", last)
        self._write([], {})
        self._batch: list[bytes] = []
        self._db = last
        self._size = self._keys = 0
        self.left_out = 0
        """Marks that were in the dump itself."""

    def load(self, parts: Iterator[bytes]) -> Iterator[int]:
        """See `toban.ports.backup.Target.load`; raises `TargetFailed`."""
        taken = given = done = told = 0
        trailer = rdb.RdbTrailer()

        def passed() -> Iterator[bytes]:
            nonlocal taken
            for part in parts:
                taken += 1
                trailer.feed(part)
                yield part

        reader = rdb.RdbReader(passed(), capture=True)
        for entry in reader.entries():
            if entry.db > self._last:
                raise TargetFailed(f"the target has no database {entry.db}", retryable=False)
            if self._partial and not self._wanted(text_of_key(entry.key)):
                continue
            done += 1
            if is_mark(entry, self._last):
                self.left_out += 1
                continue
            self._add(entry, reader.version)
            if self._is_full() or given < taken - 1:
                self._flush()
                while given < taken - 1:
                    given += 1
                    yield done - told
                    told = done
        self._flush()
        if reader.functions and not self._partial:
            load = [resp.command(("FUNCTION", "LOAD", "REPLACE", f)) for f in reader.functions]
            self._carry_out(load, {"function|load": len(load)})
        if problem := trailer.problem():
            raise TargetFailed(problem, retryable=False)
        if self._partial:
            checked(self._wanted)
        for _ in range(given, taken - 1):
            yield 0
        yield done - told

    def _add(self, entry: rdb.RdbEntry, version: int) -> None:
        if entry.db != self._db:
            self._db = entry.db
            self._batch.append(resp.command(("SELECT", entry.db)))
        self._batch.append(_restore(entry, version, replace=self._replace))
        self._size += len(self._batch[-1])
        self._keys += 1

    def _is_full(self) -> bool:
        return self._keys >= _BATCH_KEYS or self._size >= _BATCH_BYTES

    def _flush(self) -> None:
        """The keys together with a mark that counts them: all of it, or nothing."""
        if not self._keys:
            return
        self._batch.append(resp.command(("SELECT", self._last)))
        self._carry_out(self._batch, {"restore": self._keys})
        self._batch, self._db, self._size, self._keys = [], self._last, 0, 0

    def empty(self) -> None:
        """Remove everything but our mark, functions as well; raises `TargetFailed`."""
        self._carry_out([resp.command(("FLUSHALL",))], {"flushall": 1})
        with contextlib.suppress(resp.ReplyError):  # before Redis 7: there are none to remove
            self._carry_out([resp.command(("FUNCTION", "FLUSH"))], {"function|flush": 1})

    def _carry_out(self, commands: Sequence[bytes], calls: Mapping[str, int]) -> None:
        """
        All of it with a mark that counts it, or nothing.

        Only while the mark is the one that we wrote last: whoever stood still for longer than the
        lease lasts would undo what others have written since.
        """
        self._server.send(
            resp.command(("WATCH", redismark.KEY)) + resp.command(("GET", redismark.KEY))
        )
        _, there = self._server.answer(), self._server.answer()
        if there != redismark.encoded(self._mark):
            raise TargetFailed(OVERTAKEN, retryable=True)
        self._write(commands, calls)

    def _write(self, commands: Sequence[bytes], calls: Mapping[str, int]) -> None:
        """The rest of it, of what is being watched."""
        mark = self._mark.having({**calls, "set": 1})
        set_ = resp.command(("SET", redismark.KEY, redismark.encoded(mark)))
        try:
            done = resp.transaction(self._server, [*commands, set_])
        except resp.ReplyError as error:
            if str(error).startswith("BUSYKEY"):
                raise TargetFailed(
                    "somebody else wrote there while it was loaded", retryable=False
                ) from error
            raise
        if not done:
            raise TargetFailed(OVERTAKEN, retryable=True)
        self._mark = mark


def empty(server: resp.Connection, mark: RedisMark) -> bool:
    """
    Remove everything, functions as well, only while nobody else than the mark's restore has written.

    False when somebody may have.
    """
    functions = _functions(server)  # ours, if nobody else has written
    try:
        done = redismark.empty_if_untouched(server, mark)
    except resp.ReplyError:  # no scripts there: what is written at this very moment is lost
        done = not redismark.touched(server, mark)
        if done:
            server.call("FLUSHALL")
    if not done:
        return False
    if functions:
        # No script may flush functions. Whoever stood still after the keys were gone removes none that
        # another restore, which has left its mark, or an application has loaded since.
        server.call("WATCH", redismark.KEY)
        if not server.call("EXISTS", redismark.KEY) and _functions(server) == functions:
            resp.transaction(server, [resp.command(("FUNCTION", "FLUSH"))])
        else:
            server.call("UNWATCH")
    return True


def _functions(server: resp.Connection) -> Any:
    """The libraries of functions with their code; none before Redis 7."""
    try:
        return server.call("FUNCTION", "LIST", "WITHCODE")
    except resp.ReplyError:
        return []


def _restore(entry: rdb.RdbEntry, version: int, *, replace: bool) -> bytes:
    """The payload of ``DUMP``: type and value, version of the format, CRC64 of it all."""
    payload = entry.value + version.to_bytes(2, "little")
    payload += rdb.crc64(payload).to_bytes(8, "little")
    words: list[Any] = ["RESTORE", entry.key, max(entry.expires_ms or 0, 0), payload]
    if replace:
        words.append("REPLACE")
    if entry.expires_ms is not None:
        words[2] = max(entry.expires_ms, 1)
        words.append("ABSTTL")
    return resp.command(words)
