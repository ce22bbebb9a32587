"""A Redis with a bit of everything, and how its content is compared."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.plugins.servers import Redis
from tests.unit.sources.desk import (
    GivenSecrets,
    cut,
    no_objects,
    world,
)
from toban.adapters.sources import redis, resp
from toban.ports.backup import (
    Source,
    Target,
)

IN_AN_HOUR = str(int(time.time() * 1000) + 3_600_000)


def client(server: Redis) -> resp.Connection:
    return resp.Connection(resp.parse(server.url()))


def source_of(server: Redis, scratch: Path) -> Source:
    return redis.source({"url_secret": "URL"}, world(scratch, GivenSecrets(URL=server.url())))


def target_on(server: Redis, scratch: Path, **options: object) -> Target:
    given = {"url_secret": "URL", **options}
    return redis.target(given, world(scratch, GivenSecrets(URL=server.url())))


def check(data: bytes, scratch: Path) -> dict[str, int]:
    return redis.format_(world(scratch, GivenSecrets())).check(cut(data), no_objects)


def fill(server: Redis, many: int) -> None:
    """Every type in every encoding, expiries, several databases, functions, and many keys."""
    with client(server) as redis_:
        redis_.call("FLUSHALL")
        commands: list[tuple[str | bytes | int, ...]] = [
            ("SET", "plain", "値段 ¥1,000"),
            ("SET", b"binary\x00\xff\r\n", bytes(range(256))),
            ("SET", "number", "-129"), ("SET", "number16", "30000"), ("SET", "number32", "-2000000000"),
            ("SET", "big number", str(2**62)), ("SET", "compressible", "ab" * 5_000),
            ("SET", "k" * 20_000, "a long name"), ("SET", "huge", bytes(3_000_000)),
            ("SET", "expires", "later", "PXAT", IN_AN_HOUR),
            ("SADD", "ints", *range(100)), ("SADD", "words", *(f"word-{i}" for i in range(1_000))),
            ("SADD", "few words", "a", "b"), ("SADD", "big ints", 2**40, 5),
            ("RPUSH", "list", *(f"item {i}" * 20 for i in range(2_000))), ("RPUSH", "short list", 1, "b"),
            ("RPUSH", "huge items", "x" * 20_000, "y" * 20_000),
            ("ZADD", "scores", "-inf", "low", "inf", "high", "1.5", "mid"),
            *(("ZADD", "many scores", i * 0.1, f"m{i}") for i in range(500)),
            ("HSET", "hash", "field", "値"),
            *(("HSET", "big hash", f"f{i}", "v" * i) for i in range(600)),
            *(("XADD", "stream", f"{i}-1", "temperature", i, "where", "東京") for i in range(1, 500)),
            ("XDEL", "stream", "3-1"), ("XGROUP", "CREATE", "stream", "readers", "0"),
            ("XGROUP", "CREATE", "stream", "idle", "$"),
            ("XREADGROUP", "GROUP", "readers", "alice", "COUNT", 20, "STREAMS", "stream", ">"),
            ("XGROUP", "CREATECONSUMER", "stream", "readers", "bob"), ("XACK", "stream", "readers", "5-1"),
            ("XADD", "empty stream", "1-1", "a", "b"), ("XDEL", "empty stream", "1-1"),
            ("PFADD", "unique", "a", "b", "c"), ("SETBIT", "bits", 1000, 1),
            ("GEOADD", "places", "139.69", "35.68", "東京"),
            ("SELECT", 3), ("SET", "in three", 3), ("SETEX", "short", 5_000, "x"),
            ("SELECT", 9), ("RPUSH", "in nine", 9), ("SELECT", 0),
            ("FUNCTION", "LOAD", "REPLACE", "#!lua name=lib\nredis.register_function('f', function() return 7 end)"),
            *(("SET", f"key:{i}", f"value {i}") for i in range(many)),
            *(("PEXPIREAT", f"key:{i}", IN_AN_HOUR) for i in range(0, many, 10)),
        ]  # fmt: skip
        for at in range(0, len(commands), 5_000):
            batch = commands[at : at + 5_000]
            redis_.send(b"".join(resp.command(words) for words in batch))
            for words in batch:
                answer = redis_.answer()
                assert not isinstance(answer, resp.ReplyError), (words[:2], answer)


def content_of(server: Redis) -> dict[tuple[int, bytes], tuple[Any, int]]:
    """Of every key: what DUMP gives (of a hash table, whose order is chance, its sorted content),
    and when it expires."""
    found: dict[tuple[int, bytes], tuple[Any, int]] = {}
    with client(server) as redis_:
        for db in range(10):
            redis_.call("SELECT", db)
            keys = redis_.call("KEYS", "*")
            redis_.send(
                b"".join(resp.command(("DUMP", k)) + resp.command(("PEXPIRETIME", k)) for k in keys)
            )
            for key in keys:
                found[db, key] = (redis_.answer(), redis_.answer())
            for (at, key), (dumped, expires) in found.items():
                if at == db and dumped[0] in {2, 4}:
                    name = "SMEMBERS" if dumped[0] == 2 else "HGETALL"
                    found[at, key] = (sorted(redis_.call(name, key)), expires)
    return found
