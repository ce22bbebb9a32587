"""
A small world for backups: a service with sources of every manner, and a budget so small that every
kind of work takes several parts and steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest import mock

import msgspec

from tests.profiles import Profile
from tests.simulation.profiles import profile
from toban.backups.catalogue import writing
from toban.backups.catalogue.manifest import peek
from toban.backups.restoring import restore
from toban.backups.section import (
    BackupPlan,
    BackupSection,
    Destination,
    Objective,
    RestoreTest,
    RetentionRules,
)
from toban.backups.storage import layout
from toban.backups.storage.parts import cut
from toban.backups.work import prune, replicate, take, verify
from toban.kernel.handling.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import Secrets
from toban.ports.backup import (
    BackupRun,
    Bucket,
    Chunk,
    Damaged,
    Fetch,
    ObjectRef,
    SourceFailed,
    SourceSnapshot,
    Spec,
)
from toban.sources.base import StagingTarget
from toban.sources.bucket import adapter as bucket_kind
from toban.sources.bucket import restore as bucket_restore
from toban.sources.bucket.kind import BucketSourceSection
from toban.sources.configuration.kind import ConfigurationSourceSection
from toban.sources.logs.kind import LogsSourceSection
from toban.sources.resources import WorldResources
from toban.strictyaml.values import Seconds

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
SECRETS = {"BACKUP_KEY": [KEY]}
VAULT = "vault"
"""The bucket in which the secret lies once its keys were rotated."""
KEEP = RetentionRules(daily=2)
EVERY_HOUR = "0 * * * *"

SELDOM = "0 0 1 6 *"
"""Restore tests by the calendar: the next is so far ahead that whenever tests are due, all are."""


SECTION = BackupSection(
    destinations=(Destination("primary", "tokyo"), Destination("second", "osaka")),
    key="secret:BACKUP_KEY",
    sources={
        "files": BucketSourceSection("data"),
        "media": BucketSourceSection("media", copy=True),
        "dump": LogsSourceSection(("dump",)),
        "config": ConfigurationSourceSection(),
    },
    plans=(
        BackupPlan("files", "full", EVERY_HOUR, KEEP, level="content"),
        BackupPlan("files", "often", EVERY_HOUR, KEEP, incremental=True),
        BackupPlan("media", "full", EVERY_HOUR, KEEP),
        BackupPlan("media", "often", EVERY_HOUR, KEEP, incremental=True, replica_level="format"),
        BackupPlan("dump", "full", EVERY_HOUR, KEEP, level="content", replica_level="checksums"),
        BackupPlan("config", "looked", EVERY_HOUR, KEEP, on_change=True),
    ),
    objectives=(Objective("loss", ("files",), rpo=Seconds(7_200), rto=Seconds(600)),),
    restore_test=RestoreTest(
        SELDOM, (StagingTarget("files", bucket="staging"),), every=Seconds(90 * 86_400)
    ),
)


def of_shop(section: BackupSection) -> Profile:
    """The profile of the service whose backups these are."""
    return msgspec.structs.replace(profile("shop"), backup=section)


PROFILES = (of_shop(SECTION), profile("toban", default=True))


def content(name: str, size: int) -> bytes:
    """Bytes that do not compress, always the same for a name."""
    blocks = range(0, size, 32)
    return b"".join(hashlib.sha256(f"{name} {n}".encode()).digest() for n in blocks)[:size]


# --- a source that cannot be left and gone on with ---------------------------------------------


class Dump:
    """
    Reads the object ``content`` of the bucket `name` from the beginning, whatever happened before.

    An object ``broken`` there makes it fail in the middle, for good; as long as ``slow`` is there
    it is not ready.
    """

    resumable = False

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    @property
    def identity(self) -> str:
        return f"dump of {self._bucket.name}"

    def begin(self, run: BackupRun, before: SourceSnapshot | None, now: datetime) -> SourceSnapshot:
        ready = self._bucket.stat("slow") is None
        return SourceSnapshot(at=before.at if before else now, ready=ready)

    def read(self, run: BackupRun, snapshot: SourceSnapshot, cursor: str) -> Iterator[Chunk]:
        data = self._bucket.read("content")
        for start in range(0, len(data), 1500):
            if start > 4000 and self._bucket.stat("broken") is not None:
                raise SourceFailed("the dump ended with code 1", retryable=False)
            yield Chunk(data[start : start + 1500], items=1)

    def end(self, run: BackupRun, snapshot: SourceSnapshot) -> None:
        """Nothing was left there."""


class DumpFormat:
    """Its bytes are counted."""

    def check(self, pieces: Iterator[bytes], fetch: Fetch) -> dict[str, int]:
        size = sum(map(len, pieces))
        if not size:
            raise Damaged("an empty dump")
        return {"bytes": size}

    def object_refs(self, pieces: Iterator[bytes]) -> Iterator[ObjectRef]:
        return iter(())


class VaultSecrets:
    """Secrets whose keys a story rotates: what lies in the vault is found by every process."""

    def __init__(self, given: Secrets, vault: Bucket) -> None:
        self._given = given
        self._vault: Bucket = getattr(vault, "inner", vault)  # a secret is no call of a bucket

    def values(self, name: str) -> list[str]:
        """See `toban.ports.Secrets`."""
        try:
            return [self._vault.read(name).decode()]
        except KeyError:
            return self._given.values(name)


def rotate(world: Any, *keys: str) -> None:
    """Have the secret of the world hold these keys, the present one first."""
    world.buckets(VAULT).upload("BACKUP_KEY", ["\n".join(keys).encode()])


class SmallResources(WorldResources):
    """The resources, where what a profile calls logs is a `Dump`."""

    def source(self, spec: Spec) -> Any:
        if spec.kind != "logs":
            return super().source(spec)
        paths = spec.options["paths"]
        assert isinstance(paths, (list, tuple))
        return Dump(self.bucket(paths[0]))

    def format(self, kind: str) -> Any:
        return DumpFormat() if kind == "logs" else super().format(kind)


def handlers(
    platform: Platform,
    secrets: Secrets,
    resources_class: type[WorldResources] = SmallResources,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Handlers]:
    """The functions that need resources, with one of this kind."""
    assert platform.buckets is not None
    resources = resources_class(
        store=platform.store,
        secrets=VaultSecrets(secrets, platform.buckets(VAULT)),
        buckets=platform.buckets,
        scratch=Path("/nonexistent"),
        environ=environ,
    )
    return {
        "run_backup_step": take.TakeHandler(resources).handlers(),
        "replicate_backup": replicate.ReplicateHandler(resources).handlers(),
        "verify_backup": verify.VerifyHandler(resources).handlers(),
        "prune_backups": prune.PruneHandler(resources).handlers(),
        "restore_backup": restore.RestoreHandler(resources).handlers(),
    }


FUNCTIONS = frozenset(
    ("start_backup", "run_backup_step", "replicate_backup", "verify_backup", "prune_backups",
     "restore_backup", "test_restores", "watch_backups")
)  # fmt: skip


def one_after_another(do: Callable[[Any], Any], items: Iterable[Any], **_: Any) -> Iterator[Any]:
    """Instead of threads, in which nothing can be repeated exactly."""
    yield from map(do, items)


@contextmanager
def small() -> Iterator[None]:
    """Parts of four kilobytes, steps of one part, checkpoints of three objects."""
    hurry = timedelta(seconds=-1)
    constants: Mapping[Any, Mapping[str, Any]] = {
        take: {"STEP": timedelta(0), "cut": partial(cut, part_bytes=4096)},
        replicate: {"STEP": hurry, "EACH": 3},
        verify: {"STEP": hurry},
        prune: {"STEP": hurry},
        restore: {"STEP": hurry},
        writing: {"FLUSH": 2},
        bucket_kind: {"PART_OBJECTS": 3, "side_by_side": one_after_another},
        bucket_restore: {"side_by_side": one_after_another},
    }
    with ExitStack() as stack:
        for module, values in constants.items():
            stack.enter_context(mock.patch.multiple(module, **values))
        yield


def watch_order(buckets: Callable[[str], Any], names: Iterable[str]) -> list[str]:
    """
    Note whatever breaks the one order there is: a manifest comes last, and goes first.

    What was noted so far is in the list that this returns.
    """
    wrong: list[str] = []
    for bucket in names:
        _watch_order(buckets(bucket), wrong)
    return wrong


def _watch_order(bucket: Any, wrong: list[str]) -> None:
    put, delete = bucket._put, bucket.delete

    def putting(name: str, data: bytes, *rest: Any, **more: Any) -> Any:
        with suppress(Damaged):
            manifest = peek(data if name.endswith(layout.MANIFEST) else b"", name=name)
            there = {info.name for info in bucket.list(manifest.prefix)}
            parts = sum("/parts/" in other for other in there)
            beside = sum("/objects/" in other for other in there)
            if (parts, beside) != (manifest.total_parts, manifest.object_totals.objects):
                wrong.append(f"{bucket.name}/{name} comes before what it lists")
        return put(name, data, *rest, **more)

    def deleting(name: str) -> None:
        parts = name.split("/", 4)
        manifest = "/".join((*parts[:4], layout.MANIFEST))
        gone = len(parts) == 5 and parts[4].startswith("parts/") and bucket.stat(name) is not None
        if gone and bucket.stat(manifest) is not None:
            with suppress(Damaged):
                peek(bucket.read(manifest), name=manifest)
                wrong.append(f"{bucket.name}/{name} goes before its manifest")
        delete(name)

    bucket._put, bucket.delete = putting, deleting
