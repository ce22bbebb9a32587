"""A service with a cache and files, servers and buckets to restore them into, and an adapter for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from tests.profiles import Profile
from tests.simulation import backup_world
from tests.simulation.backup_world import SELDOM, content, of_shop, small
from tests.simulation.platform import Simulated
from tests.simulation.small_redis import SmallConnection, SmallRedis, dump
from toban.backups.section import (
    BackupPlan,
    BackupSection,
    Destination,
    RestoreTest,
    RetentionRules,
)
from toban.kernel.handling.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import Secrets
from toban.ports.backup import BackupRun, Chunk, Damaged, Fetch, ObjectRef, SourceSnapshot, Spec
from toban.sources.base import StagingTarget
from toban.sources.bucket.kind import BucketSourceSection
from toban.sources.redis import rdb, resp
from toban.sources.redis.kind import RedisSourceSection
from toban.sources.redis.loading import keys as rediskeys
from toban.sources.resources import WorldResources
from toban.strictyaml.values import Seconds

SECRETS = {
    "BACKUP_KEY": ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="],
    "CACHE_URL": ["redis://cache"],
    "STAGING_URL": ["redis://testing"],
    "SPARE_URL": ["redis://spare"],
}
SERVERS = ("testing", "spare")
BUCKETS = ("staging", "target", "data")
"""Where an application may come to write."""
CACHE = {f"key {n}".encode(): content(f"cache {n}", 60) for n in range(150)}
SECTION = BackupSection(
    destinations=(Destination("primary", "tokyo"), Destination("second", "osaka")),
    key="secret:BACKUP_KEY",
    sources={"cache": RedisSourceSection("CACHE_URL"), "files": BucketSourceSection("data")},
    plans=(
        BackupPlan("cache", "full", "0 */3 * * *", RetentionRules(daily=1)),
        BackupPlan("files", "full", "0 */6 * * *", RetentionRules(daily=1)),
        BackupPlan("files", "often", "0 */3 * * *", RetentionRules(daily=1), incremental=True),
    ),
    restore_test=RestoreTest(
        SELDOM,
        (
            StagingTarget("cache", url_secret="STAGING_URL"),
            StagingTarget("files", bucket="staging"),
        ),
        every=Seconds(90 * 86_400),
    ),
)


def the_profile() -> Profile:
    return of_shop(SECTION)


class Cache:
    """The server that is backed up: always the same keys."""

    resumable = False
    identity = "redis://cache:6379"

    def begin(self, run: BackupRun, before: SourceSnapshot | None, now: Any) -> SourceSnapshot:
        return before or SourceSnapshot(at=now)

    def read(self, run: BackupRun, snapshot: SourceSnapshot, cursor: str) -> Iterator[Chunk]:
        data = dump(CACHE)
        for start in range(0, len(data), 1500):
            yield Chunk(data[start : start + 1500], items=1)

    def end(self, run: BackupRun, snapshot: SourceSnapshot) -> None:
        """Nothing was left there."""


class CacheFormat:
    """As `toban.sources.redis.adapter`, without the program that reads dumps as well."""

    def check(self, pieces: Iterator[bytes], fetch: Fetch) -> dict[str, int]:
        keys = sum(1 for _ in rdb.RdbReader(pieces).entries())
        if not keys:
            raise Damaged("an empty dump")
        return {"lasting_keys": keys, "db0_lasting_keys": keys}

    def object_refs(self, pieces: Iterator[bytes]) -> Iterator[ObjectRef]:
        return iter(())


class OwnerResources(WorldResources):
    """Redis is read from `Cache` and loaded by the adapter itself."""

    def source(self, spec: Spec) -> Any:
        return Cache() if spec.kind == "redis" else super().source(spec)

    def format(self, kind: str) -> Any:
        return CacheFormat() if kind == "redis" else super().format(kind)


def handlers(platform: Platform, secrets: Secrets) -> dict[str, Handlers]:
    """The functions that need resources, with this one."""
    return backup_world.handlers(platform, secrets, OwnerResources, {"K_SERVICE": "restore_backup"})


@contextmanager
def connected(servers: dict[str, SmallRedis], trip: Callable[[str], None]) -> Iterator[None]:
    """Connections lead to these servers, a few keys at a time."""

    def connect(endpoint: resp.Endpoint) -> SmallConnection:
        trip("redis connect")
        return SmallConnection(servers[endpoint.host], trip)

    with (
        small(),
        mock.patch("toban.sources.redis.target.resp.Connection", connect),
        mock.patch.object(rediskeys, "_BATCH_KEYS", 20),
    ):
        yield


def fill(world: Simulated) -> None:
    """Something to back up."""
    for number in range(5):
        world.buckets("data").create(f"a/{number}", content(f"data {number}", 900 + number))
