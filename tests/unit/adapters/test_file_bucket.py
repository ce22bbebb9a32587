"""What a bucket in a directory does with files, disks and power cuts."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time

import pytest

from toban.adapters.local.files import blobs as files
from toban.adapters.local.files import bucket as file_bucket
from toban.adapters.local.files.bucket import FileBucket
from toban.adapters.local.files.buckets import FileBuckets
from toban.adapters.objects import crc32c
from toban.ports import Unavailable


@pytest.fixture
def root(tmp_path):
    (tmp_path / "b").mkdir()
    return tmp_path / "b"


@pytest.fixture
def bucket(root):
    return FileBucket(root)


def visible(root):
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and ".toban" not in path.parts
    )


# --- files that others put there ---------------------------------------------------------------


@pytest.mark.parametrize("old", [True, False], ids=["old", "just written"])
def test_a_file_put_there_by_hand_is_an_object(root, bucket, old):
    (root / "sub").mkdir()
    (root / "sub" / "写真.jpg").write_bytes(b"picture")
    if old:
        os.utime(root / "sub" / "写真.jpg", (1_000_000_000, 1_000_000_000))

    [found] = bucket.list()

    assert found == bucket.stat("sub/写真.jpg")
    assert (found.name, found.size, found.crc32c) == ("sub/写真.jpg", 7, crc32c(b"picture"))
    assert bucket.read("sub/写真.jpg", generation=found.generation) == b"picture"


def test_a_file_changed_by_hand_is_another_generation(root, bucket):
    made = bucket.create("x", b"one", "text/plain", {"k": "v"})
    (root / "x").write_bytes(b"two")

    found = bucket.stat("x")

    assert found.generation != made.generation
    assert (found.crc32c, found.metadata) == (crc32c(b"two"), {})
    with pytest.raises(KeyError):
        bucket.read("x", generation=made.generation)


def test_a_bucket_that_cannot_be_written_is_read(root, bucket, monkeypatch):
    (root / "x").write_bytes(b"content")
    os.utime(root / "x", (1, 1))

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(file_bucket, "make_directory", refuse)

    assert bucket.stat("x").crc32c == crc32c(b"content")


def test_the_checksum_of_an_old_file_is_computed_once(root, bucket, monkeypatch):
    (root / "x").write_bytes(b"content")
    os.utime(root / "x", (1, 1))
    first = bucket.stat("x")
    monkeypatch.setattr(file_bucket, "crc32c", None)

    assert bucket.stat("x") == first


def test_links_are_no_objects_and_lead_nowhere(root, bucket, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"s")
    (root / "directory").symlink_to(tmp_path / "outside")
    (root / "file").symlink_to(tmp_path / "outside" / "secret")
    os.mkfifo(root / "pipe")

    assert list(bucket.list()) == []
    for name in ("file", "pipe"):
        assert bucket.stat(name) is None
        with pytest.raises(KeyError):
            bucket.read(name)
    with pytest.raises(ValueError, match="out of"):
        bucket.read("directory/secret")
    with pytest.raises(ValueError, match="out of"):
        bucket.create("directory/new", b"x")


@pytest.mark.parametrize("name", ["../x", "a/../x", "/x", "a//b", "a/", ".toban/about/x", "a/" * 3])
def test_a_name_that_no_file_has_is_refused(bucket, name):
    with pytest.raises(ValueError, match="name"):
        bucket.create(name, b"x")


def test_a_file_is_not_beside_its_directory(bucket):
    bucket.create("a/b", b"x")
    bucket.create("c", b"x")

    with pytest.raises(ValueError, match="below it"):
        bucket.upload("a", [b"x"])
    with pytest.raises(ValueError, match="below another"):
        bucket.create("c/d", b"x")


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a\0"])
def test_a_bucket_has_the_name_of_a_directory(tmp_path, name):
    with pytest.raises(ValueError, match="bucket"):
        FileBuckets(tmp_path)(name)


# --- full disks and power cuts -----------------------------------------------------------------


@pytest.mark.parametrize("way", ["create", "upload", "copy"])
def test_a_full_disk_leaves_nothing_half_visible(root, bucket, tmp_path, monkeypatch, way):
    bucket.create("old", b"old")
    (tmp_path / "other").mkdir()
    other = FileBucket(tmp_path / "other")
    other.create("x", b"content")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    write = {
        "create": lambda: bucket.create("new", b"content"),
        "upload": lambda: bucket.upload("old", [b"content"]),
        "copy": lambda: bucket.copy(other, "x", "new"),
    }[way]
    with pytest.raises(Unavailable, match="No space left"):
        write()
    monkeypatch.undo()

    assert visible(root) == ["old"]
    assert bucket.read("old") == b"old"
    assert list((root / ".toban" / "unfinished").iterdir()) == []
    assert bucket.create("new", b"content")


def test_what_a_dead_process_was_writing_is_removed_a_day_later(root):
    FileBucket(root).create("x", b"x")
    for name, age in (("old", 90_000), ("new", 60)):
        (root / ".toban" / "unfinished" / name).write_bytes(b"half")
        then = time.time() - age
        os.utime(root / ".toban" / "unfinished" / name, (then, then))

    FileBucket(root).create("y", b"y")

    assert [path.name for path in (root / ".toban" / "unfinished").iterdir()] == ["new"]


def test_a_bucket_by_name_is_there_at_once(tmp_path):
    assert list(FileBuckets(tmp_path / "data" / "buckets")("staging").list()) == []


DYING = """
import os, sys
from pathlib import Path
from toban.adapters.local.files.bucket import FileBucket
left = int(sys.argv[2])
def dying(real):
    def call(*args, **keywords):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return real(*args, **keywords)
    return call
bucket = FileBucket(Path(sys.argv[1]))
for name in ("fsync", "link", "utime", "replace"):
    setattr(os, name, dying(getattr(os, name)))
if sys.argv[3] == "create":
    bucket.create("a/x", b"new", "text/plain", {"n": "2"})
else:
    bucket.upload("a/x", [b"new"], "text/plain", {"n": "2"})
"""


@pytest.mark.parametrize("way", ["create", "upload"])
def test_whenever_the_process_dies_an_object_is_whole_with_its_description(root, bucket, way):
    seen = set()
    for steps in range(40):
        if way == "upload":
            bucket.upload("a/x", [b"old"], "text/plain", {"n": "1"})
        else:
            bucket.delete("a/x")
        died = subprocess.run(
            [sys.executable, "-c", DYING, root, str(steps), way],
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).returncode
        found = bucket.stat("a/x")
        if found is None:
            assert way == "create"
            seen.add("nothing")
        else:
            data = bucket.read("a/x", generation=found.generation)
            assert found.crc32c == crc32c(data)
            assert found.metadata == {"n": {b"old": "1", b"new": "2"}[data]}
            seen.add(data)
        assert bucket.create("a/y", b"next"), "what was left behind stops nobody"
        bucket.delete("a/y")
        if not died:
            break
    assert died == 0
    assert seen == {b"new", b"old" if way == "upload" else "nothing"}
