"""What resources make of a profile's words, and what it imports for it."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest

from toban.adapters.local.files.blobs import EnvSecrets
from toban.adapters.local.files.buckets import FileBuckets, MemoryBuckets
from toban.adapters.local.memory.store import MemoryStore
from toban.ports.backup import KeyUnavailable, Spec
from toban.sources.resources import WorldResources

KINDS = {
    "bucket": ({"bucket": "b"}, {"bucket": "t", "staging": True, "restore_id": "r"}),
    "configuration": ({"paths": ("/etc/hostname",)}, {"restore_id": "r"}),
    "firestore": ({"project": "p"}, {"project": "p", "database": "staging"}),
    "logs": ({"paths": ("/var/log",)}, {"directory": "out"}),
    "postgres": ({"url_secret": "DATABASE"}, {"url_secret": "DATABASE", "database": "x"}),
    "redis": ({"url_secret": "REDIS"}, {"url_secret": "REDIS", "restore_id": "r"}),
}


@pytest.fixture
def resources(tmp_path):
    environ = {
        "TOBAN_SECRET_DATABASE": "postgresql://u:p@127.0.0.1:1/db",
        "TOBAN_SECRET_REDIS": "redis://127.0.0.1:1",
        "TOBAN_SECRET_KEY": base64.b64encode(bytes(32)).decode(),
    }
    return WorldResources(
        store=MemoryStore(),
        secrets=EnvSecrets(environ),
        buckets=FileBuckets(tmp_path / "buckets"),
        scratch=tmp_path / "scratch",
        environ=environ,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_made_without_connecting_to_anything(resources, kind):
    source_options, target_options = KINDS[kind]

    assert resources.source(Spec(kind, source_options)).identity
    assert resources.target(Spec(kind, target_options)).identity
    assert resources.format(kind).check


def test_what_nobody_knows_is_refused(resources):
    for make in (lambda: resources.source(Spec("tape")), lambda: resources.target(Spec("tape"))):
        with pytest.raises(ValueError, match="tape"):
            make()
    with pytest.raises(ValueError, match="known: bucket, configuration"):
        resources.format("tape")
    with pytest.raises(ValueError, match="bucket"):
        resources.source(Spec("bucket"))


def test_keys_are_found_by_reference(resources):
    keys = resources.keys("secret:KEY")

    assert keys.unwrap(keys.wrap(bytes(32), b"b1"), b"b1") == bytes(32)
    assert resources.keys("secret:KEY") is keys
    for reference in ("secret:NONE", "KEY", ""):
        with pytest.raises(KeyUnavailable):
            resources.keys(reference).wrap(bytes(32), b"b1")


def test_buckets_are_those_of_its_world(tmp_path):
    buckets = MemoryBuckets()
    resources = WorldResources(
        store=MemoryStore(), secrets=EnvSecrets({}), buckets=buckets, scratch=tmp_path, environ={}
    )

    assert resources.bucket("b") is buckets("b")


IMPORTED = """
import sys
from pathlib import Path
from toban.adapters.local.files.buckets import MemoryBuckets
from toban.adapters.local.files.blobs import EnvSecrets
from toban.sources.resources import WorldResources
from toban.ports.backup import Spec
resources = WorldResources(
    store=None, secrets=EnvSecrets({}), buckets=MemoryBuckets(), scratch=Path("x"), environ={}
)
resources.source(Spec(sys.argv[1], {"bucket": "b", "paths": ["x"]}))
resources.format(sys.argv[1])
kinds = "bucket configuration firestore logs postgres redis".split()
print(*[k for k in kinds if f"toban.sources.{k}.adapter" in sys.modules])
print(any(name.startswith(("google.cloud.", "google.auth", "grpc")) for name in sys.modules))
"""


@pytest.mark.parametrize("kind", ["bucket", "configuration", "logs"])
def test_only_what_is_asked_for_is_imported(kind):
    printed = subprocess.run(
        [sys.executable, "-c", IMPORTED, kind],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    ).stdout

    assert printed.split() == [kind, "False"]
