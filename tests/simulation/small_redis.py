"""
A Redis in memory, as far as restoring key by key speaks to one: keys, call counters, transactions.

The adapter's own code runs against it (`toban.sources.redis.target`), whose tests on a real
server show that this one answers as that does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Self

from toban.sources.redis import resp
from toban.sources.redis.loading import mark as redismark
from toban.sources.redis.rdb import EOF, SELECT, crc64

LAST = 15


class SmallRedis:
    """One server; `removed` is told of every key whose value goes, and by whom."""

    def __init__(self, removed: Callable[[int, bytes], None] = lambda _, __: None) -> None:
        self.removed = removed
        self.dbs: dict[int, dict[bytes, bytes]] = {}
        self.changes: Counter[tuple[int, bytes]] = Counter()
        """How often the value of a key was set or removed."""
        self.calls: Counter[str] = Counter()
        self.starts = 1

    def keys(self) -> dict[tuple[int, bytes], bytes]:
        return {(db, key): value for db, held in self.dbs.items() for key, value in held.items()}

    def restart(self) -> None:
        """Its data were saved; what it counted was not."""
        self.starts += 1
        self.calls.clear()

    def call(self, db: int, words: list[bytes]) -> Any:
        """One command in a database; errors are returned."""
        name, rest = words[0].upper().decode(), words[1:]
        keys = self.dbs.setdefault(db, {})
        counted = name.lower()
        if name in {"CONFIG", "FUNCTION"}:
            counted += "|" + rest[0].decode().lower()
        answer: Any = b"OK"
        if name == "INFO":
            answer = self._info(rest[0].decode())
        elif name == "GET":
            answer = keys.get(rest[0])
        elif name == "EXISTS":
            answer = int(rest[0] in keys)
        elif name == "SET":
            self._put(db, rest[0], rest[1])
        elif name == "RESTORE":
            if rest[0] in keys and b"REPLACE" not in rest:
                return resp.ReplyError("BUSYKEY Target key name already exists.")
            self._put(db, rest[0], rest[2])
        elif name == "DEL":
            answer = int(rest[0] in keys)
            self._drop(db, rest[0])
        elif name == "FLUSHALL":
            self._flush()
        elif name == "EVAL":
            assert rest[0].decode() == redismark._EMPTY
            answer = self._empty_if_untouched(rest[2:])
        elif counted == "config|get":
            answer = [rest[1], b"16"] if rest[1] == b"databases" else []
        elif counted == "function|list":
            answer = []
        elif counted == "config|resetstat":
            self.calls.clear()
        else:
            assert name in {"PING", "FUNCTION"}, words
        self.calls[counted] += 1
        return answer

    def _put(self, db: int, key: bytes, value: bytes) -> None:
        self._drop(db, key)
        self.dbs.setdefault(db, {})[key] = value
        self.changes[db, key] += 1

    def _drop(self, db: int, key: bytes) -> None:
        if key in self.dbs.get(db, {}):
            self.removed(db, key)
            self.changes[db, key] += 1
            del self.dbs[db][key]

    def _flush(self) -> None:
        for db, key in list(self.keys()):
            self._drop(db, key)

    def _empty_if_untouched(self, words: list[bytes]) -> int:
        """What the script does that `redismark` sends."""
        known = int(words[1])
        harmless = {word.decode() for word in words[2 : known + 2]}
        pairs = words[known + 2 :]
        expected = {pairs[i].decode(): int(pairs[i + 1]) for i in range(0, len(pairs), 2)}

        def counts(name: str) -> bool:
            base = name.partition("|")[0]
            return name == "config|resetstat" or not {name, base} & harmless

        if f"run_id:{words[0].decode()}" not in f"run_id:{self._run}":
            return 0
        if {name: n for name, n in self.calls.items() if counts(name)} != expected:
            return 0
        self.calls["flushall"] += 1
        self._flush()
        return 1

    @property
    def _run(self) -> str:
        return f"run {self.starts}"

    def _info(self, section: str) -> bytes:
        lines: Mapping[str, str] = {
            "replication": "role:master",
            "cluster": "cluster_enabled:0",
            "server": f"run_id:{self._run}",
            "keyspace": "\r\n".join(
                f"db{db}:keys={len(keys)},expires=0" for db, keys in self.dbs.items() if keys
            ),
            "commandstats": "\r\n".join(
                f"cmdstat_{name}:calls={count},usec=1" for name, count in self.calls.items()
            ),
        }
        return f"# {section}\r\n{lines[section]}\r\n".encode()


class SmallConnection:
    """In the place of `resp.Connection`; every round trip is an I/O that may fail."""

    def __init__(self, server: SmallRedis, trip: Callable[[str], None]) -> None:
        self._server = server
        self._trip = trip
        self._db = 0
        self._answers: list[Any] = []
        self._queued: list[list[bytes]] | None = None
        self._watched: dict[tuple[int, bytes], int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left open."""

    def call(self, *words: str | bytes | int) -> Any:
        encoded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self._trip(f"redis {encoded[0].decode().lower()} before")
        answer = self._do(encoded)
        self._trip(f"redis {encoded[0].decode().lower()} after")
        if isinstance(answer, resp.ReplyError):
            raise answer
        return answer

    def send(self, data: bytes) -> None:
        """Several commands at once: here they arrive whole, or not at all."""
        self._trip("redis transaction before")
        for words in _commands(data):
            self._answers.append(self._do(words))
        self._trip("redis transaction after")

    def answer(self) -> Any:
        return self._answers.pop(0)

    info = resp.Connection.info

    def _do(self, words: list[bytes]) -> Any:
        name = words[0].upper()
        if name == b"MULTI":
            self._queued = []
            return b"OK"
        if name == b"WATCH":
            keys = [(self._db, key) for key in words[1:]]
            self._watched |= {key: self._server.changes[key] for key in keys}
            return b"OK"
        if name == b"EXEC":
            queued, self._queued = self._queued or [], None
            watched, self._watched = self._watched, {}
            if any(self._server.changes[key] != before for key, before in watched.items()):
                return None
            return [self._do(each) for each in queued]
        if self._queued is not None:
            self._queued.append(words)
            return b"QUEUED"
        if name == b"SELECT":
            self._db = int(words[1])
            return b"OK"
        return self._server.call(self._db, words)


def _commands(data: bytes) -> list[list[bytes]]:
    found: list[list[bytes]] = []
    while data:
        line, _, data = data.partition(b"\r\n")
        words = []
        for _ in range(int(line[1:])):
            size, _, data = data.partition(b"\r\n")
            words.append(data[: int(size[1:])])
            data = data[int(size[1:]) + 2 :]
        found.append(words)
    return found


def dump(keys: Mapping[bytes, bytes]) -> bytes:
    """Strings of database 0 as a dump of a Redis."""
    data = b"REDIS0010" + bytes([SELECT, 0])
    for key, value in keys.items():
        data += bytes([0, len(key)]) + key + bytes([len(value)]) + value
    data += bytes([EOF])
    return data + crc64(data).to_bytes(8, "little")
