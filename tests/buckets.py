"""
Every kind of bucket there is, for tests: in memory, in a directory, on two emulators.

Neither emulator is Cloud Storage; what one of them does not do is listed here with the reason,
and the tests that would show it are skipped there and run on the others. What a locked bucket
refuses no emulator shows: that is tested against written answers of the service.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.plugins.emulators import RUNNING
from toban.adapters.google.storage import client as storage_client
from toban.adapters.google.storage.buckets import GcsBucket
from toban.adapters.local.files.buckets import FileBuckets, MemoryBuckets
from toban.ports.backup import Bucket

KINDS = ("memory", "files", "gcs", "gcs2")

FAKE_GCS = "fake-gcs-server 1.54"
GCP_EMULATOR = "gcp-storage-emulator 2026.7"


@dataclass
class Place:
    """Somewhere buckets are made."""

    kind: str
    bucket: Callable[[str], Bucket]
    """
    A bucket that no other test has; the same one for the same name. With ``versions`` in its name
    it keeps old generations where it can.
    """
    lacks: dict[str, str] = field(default_factory=dict)
    """What cannot be shown here, and why."""

    def needs(self, what: str) -> None:
        """Skip the test where that is not to be had."""
        if what in self.lacks:
            pytest.skip(f"{what}: {self.lacks[what]}")


def place(kind: str, directory: Path) -> Place:
    """A place of that kind, empty."""
    if kind == "memory":
        plain, versioned = MemoryBuckets(), MemoryBuckets(versioning=True)
        return Place(kind, lambda name: (versioned if "versions" in name else plain)(name))
    if kind == "files":
        lacks = {
            "old generations": "a directory keeps one generation of an object",
            "any name": "a file's name has no empty segment, and is no directory's",
        }
        return Place(kind, _made(FileBuckets(directory), directory), lacks)
    lacks = {
        "gcs": {
            "copy only if absent": f"{FAKE_GCS} ignores ifGenerationMatch on rewrite",
        },
        "gcs2": {
            "create only if absent": f"{GCP_EMULATOR} ignores ifGenerationMatch",
            "copy only if absent": f"{GCP_EMULATOR} ignores ifGenerationMatch on rewrite",
            "pages": f"{GCP_EMULATOR} answers with everything at once",
            "old generations": f"{GCP_EMULATOR} has no versions: it answers with the newest one",
        },
    }[kind]
    return Place(kind, emulated(RUNNING.need(kind)), lacks)


def emulated(address: str) -> Callable[[str], GcsBucket]:
    """Buckets of an emulator, made when asked for, by names of this test's own."""
    client = storage_client.connect("test", f"http://{address}")
    own = uuid.uuid4().hex[:12]
    made: dict[str, GcsBucket] = {}

    def bucket(name: str) -> GcsBucket:
        if name not in made:
            new = client.bucket(f"{name}-{own}")
            new.versioning_enabled = "versions" in name
            client.create_bucket(new)
            made[name] = GcsBucket(f"{name}-{own}", lambda: client)
        return made[name]

    return bucket


def _made(buckets: FileBuckets, directory: Path) -> Callable[[str], Bucket]:
    def bucket(name: str) -> Bucket:
        (directory / name).mkdir(exist_ok=True)
        return buckets(name)

    return bucket
