"""
Loading a dump into a Redis key by key, with ``RESTORE``: wherever we can connect to.

The mark of the restore (`toban.sources.redis.mark`) is renewed in the transaction of every
batch, so that at any moment it counts exactly what was written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from toban.ports.backup import TargetFailed
from toban.sources.redis import mark as redismark
from toban.sources.redis import rdb, resp
from toban.sources.redis.mark import RedisMark, is_mark

_BATCH_KEYS = 500
_BATCH_BYTES = 1 << 20


class KeyByKey:
    """One dump on its way into an empty server."""

    def __init__(
        self, server: resp.Connection, last: int, mark: RedisMark, *, replace: bool
    ) -> None:
        """
        `last`: the last database that the server has, where the mark lives. `replace`: whatever is
        written there meanwhile.
        """
        self._replace = replace
        self._server = server
        self._last = last
        self._mark = redismark.put(server, last, mark)
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
        for code in reader.functions:
            self._server.call("FUNCTION", "LOAD", "REPLACE", code)
        if reader.functions:
            more = self._mark.having({"function|load": len(reader.functions)})
            self._mark = redismark.put(self._server, self._last, more)
        if problem := trailer.problem():
            raise TargetFailed(problem, retryable=False)
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
        self._mark = self._mark.having({"restore": self._keys, "set": 1})
        self._batch.append(resp.command(("SELECT", self._last)))
        self._batch.append(resp.command(("SET", redismark.KEY, redismark.encoded(self._mark))))
        _transaction(self._server, self._batch)
        self._batch, self._db, self._size, self._keys = [], self._last, 0, 0


def empty(server: resp.Connection, mark: RedisMark | None = None) -> bool:
    """
    Remove everything, functions as well; with a mark only while nobody else has written since.

    False when somebody may have.
    """
    if mark is None:
        server.call("FLUSHALL")
    else:
        try:
            done = redismark.empty_if_untouched(server, mark)
        except resp.ReplyError:  # no scripts there: what is written at this very moment is lost
            done = not redismark.touched(server, mark)
            if done:
                server.call("FLUSHALL")
        if not done:
            return False
    with contextlib.suppress(resp.ReplyError):  # unknown before Redis 7, which has none to remove
        server.call("FUNCTION", "FLUSH")
    return True


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


def _transaction(server: resp.Connection, commands: Sequence[bytes]) -> None:
    """Carry out everything or, when the connection is lost before the end, nothing."""
    server.send(b"".join([resp.command(("MULTI",)), *commands, resp.command(("EXEC",))]))
    answers = [server.answer() for _ in range(len(commands) + 2)]
    for answer in [*answers, *(answers[-1] or [])]:
        if isinstance(answer, resp.ReplyError):
            if str(answer).startswith("BUSYKEY"):
                raise TargetFailed("somebody else wrote there while it was loaded", retryable=False)
            raise answer
