"""A Redis with a bit of everything, and how its content is compared."""

from __future__ import annotations

import ipaddress
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.plugins.servers import Redis
from tests.unit.sources.desk import (
    GivenSecrets,
    backup,
    cut,
    no_objects,
    world,
)
from toban.ports.backup import (
    Source,
    SourceFailed,
    Target,
)
from toban.sources.redis import adapter as redis
from toban.sources.redis import resp

IN_AN_HOUR = str(int(time.time() * 1000) + 3_600_000)


def client(server: Redis) -> resp.Connection:
    return resp.Connection(resp.parse(server.url()))


def source_of(server: Redis, scratch: Path) -> Source:
    return redis.source({"url_secret": "URL"}, world(scratch, GivenSecrets(URL=server.url())))


def dump_of(server: Redis, scratch: Path) -> bytes:
    """
    What a server holds, as a backup reads it.

    Tried anew, as a backup is: the server may still be making a dump for whoever came just before.
    """
    try:
        return backup(source_of(server, scratch))[1]
    except SourceFailed as error:
        if not error.retryable:
            raise
        return backup(source_of(server, scratch))[1]


def target_on(server: Redis, scratch: Path, **options: object) -> Target:
    given = {"url_secret": "URL", "restore_id": "test-1", "purpose": "test", **options}
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
            ("EVAL", FILL, 0, many, IN_AN_HOUR),
        ]  # fmt: skip
        for at in range(0, len(commands), 5_000):
            batch = commands[at : at + 5_000]
            redis_.send(b"".join(resp.command(words) for words in batch))
            for words in batch:
                answer = redis_.answer()
                assert not isinstance(answer, resp.ReplyError), (words[:2], answer)


FILL = """
for i = 0, ARGV[1] - 1 do
    redis.call('SET', 'key:' .. i, 'value ' .. i)
    if i % 10 == 0 then redis.call('PEXPIREAT', 'key:' .. i, ARGV[2]) end
end
"""
HASH = """
local hash = ''
for _, key in ipairs(ARGV) do
    hash = redis.sha1hex(hash .. redis.call('DUMP', key) .. redis.call('PEXPIRETIME', key))
end
return hash
"""


def content_of(server: Redis) -> dict[tuple[int, bytes], object]:
    """
    Of every key what DUMP gives and when it expires. Of hash tables, whose order is chance, their
    sorted content instead; of the many plain keys a hash over each thousand of them.
    """
    found: dict[tuple[int, bytes], object] = {}
    with client(server) as redis_:
        for db in range(10):
            redis_.call("SELECT", db)
            keys = sorted(redis_.call("KEYS", "*"))
            many = [key for key in keys if key.startswith(b"key:")]
            for at in range(0, len(many), 1_000):
                found[db, many[at]] = redis_.call("EVAL", HASH, 0, *many[at : at + 1_000])
            for key in (key for key in keys if not key.startswith(b"key:")):
                dumped, expires = redis_.call("DUMP", key), redis_.call("PEXPIRETIME", key)
                if dumped[0] in {2, 4}:
                    dumped = sorted(redis_.call("SMEMBERS" if dumped[0] == 2 else "HGETALL", key))
                found[db, key] = (dumped, expires)
    return found


def expiring(server: Redis) -> tuple[int, int]:
    """Numbers of keys that last, and that expire, as Redis counts them."""
    with client(server) as redis_:
        fields = [
            dict(f.split("=") for f in v.split(",")) for v in redis_.info("keyspace").values()
        ]
    expires = sum(int(f["expires"]) for f in fields)
    return sum(int(f["keys"]) for f in fields) - expires, expires


def self_signed(directory: Path) -> tuple[str, str]:
    """Files with a certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = directory / "certificate.pem", directory / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(paths[0]), str(paths[1])
