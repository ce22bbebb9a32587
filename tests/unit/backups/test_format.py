"""Format 1 is frozen, written down, and read by a program that knows nothing of toban."""

from __future__ import annotations

import ast
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests.alone import LIBRARIES, READER, ROOT, read_alone, read_folder
from tests.unit.backups import locations
from toban.adapters.local.files.buckets import MemoryBucket
from toban.adapters.local.files.keys import SecretKeys
from toban.backups.catalogue.manifest import decode, entries
from toban.backups.storage.instructions import FILES, FOLDER, leave_instructions
from toban.backups.storage.parts import open_part
from toban.backups.storage.sealing import BackupLocation
from toban.ports.backup import DeleteBlocked, WrappedKey
from toban.sources import inventory

VECTORS = ROOT / "tests" / "compat" / "backup_format_1"
"""Backups as version 1 of the format wrote them, once; never made anew."""
FILES_THEN = {
    "a.txt": b"hello",
    "empty": b"",
    "img/猫 1.jpg": "写真".encode(),
    "new.txt": b"new since",
}
LOG = "2026-11-28 起動しました\n"


def vector(class_: str, source: str = "files", service: str = "shop") -> Path:
    (folder,) = (VECTORS / "bucket" / service / source / class_).iterdir()
    return folder


def objects(read: dict[str, bytes]) -> dict[str, bytes]:
    return {n.removeprefix("objects/"): data for n, data in read.items() if n != "stream"}


def log_in(stream: bytes) -> str:
    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        (member,) = (m for m in tar if m.isfile())
        held = tar.extractfile(member)
        assert held is not None
        return held.read().decode()


# --- the program --------------------------------------------------------------------------------


def test_the_program_has_at_most_a_hundred_lines_and_imports_two_libraries():
    text = READER.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 100
    nodes = list(ast.walk(ast.parse(text)))
    named = {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
    named |= {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}
    tops = {name.split(".")[0] for name in named}
    assert tops - set(sys.stdlib_module_names) == set(LIBRARIES)


def test_it_reads_what_version_1_wrote(tmp_path: Path):
    for number, (class_, wanted) in enumerate(
        [("often", FILES_THEN), ("full", {n: d for n, d in FILES_THEN.items() if n != "new.txt"})]
    ):
        scratch = tmp_path / str(number)
        scratch.mkdir()
        assert objects(read_folder(vector(class_), scratch, VECTORS / "key")) == wanted


@pytest.mark.parametrize(("service", "key"), [("shop", VECTORS / "key"), ("plain", None)])
def test_it_reads_a_stream_encrypted_or_not(service: str, key: Path | None, tmp_path: Path):
    read = read_folder(vector("full", "logs", service), tmp_path, key)
    assert log_in(read["stream"]) == LOG


def test_data_keys_that_a_key_service_unwrapped_do_as_well(tmp_path: Path):
    stored = locations.store(MemoryBucket("b"), "b-1", locations.KEY)
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "b-1").write_bytes(locations.KEY)
    for name in ("copy", "out"):
        (tmp_path / name).mkdir()
    for info in stored.bucket.list():
        path = tmp_path / "copy" / info.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stored.bucket.read(info.name))
    (tmp_path / "out").rmdir()
    folder = tmp_path / "copy" / stored.location.prefix
    assert read_folder(folder, tmp_path, keys)["stream"] == stored.plain


def test_the_secret_of_a_rotation_is_a_key_and_without_words_it_says_what_it_takes(tmp_path: Path):
    several = tmp_path / "several"
    key = (VECTORS / "key").read_text()
    several.write_text(f"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= {key}")
    assert log_in(read_folder(vector("full", "logs"), tmp_path, several)["stream"]) == LOG
    ran = subprocess.run([sys.executable, READER], capture_output=True, text=True, check=False)
    assert (ran.returncode, "BACKUP OUT [KEY]" in ran.stderr) == (1, True)
    assert "Traceback" not in ran.stderr


def test_without_its_key_or_with_another_one_nothing_is_read(tmp_path: Path):
    folder = vector("full", "logs")
    with pytest.raises(AssertionError, match="KEY is missing, local:"):
        read_folder(folder, tmp_path, None)
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    other = tmp_path / "other"
    other.write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
    with pytest.raises(AssertionError, match="KEY holds no local:"):
        read_folder(folder, tmp_path, other)


def damaged() -> Iterator[tuple[str, str]]:
    for service, source, class_ in (("shop", "files", "full"), ("plain", "logs", "full")):
        folder = vector(class_, source, service)
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            yield str(folder.relative_to(VECTORS)), str(path.relative_to(folder))


@pytest.mark.parametrize(("folder", "name"), list(damaged()), ids=lambda part: part[-24:])
def test_one_wrong_byte_anywhere_ends_it(folder: str, name: str, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(VECTORS / "bucket", copy)
    path = copy / Path(folder).relative_to("bucket") / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    key = VECTORS / "key" if "shop" in folder else None
    with pytest.raises(AssertionError, match=r"not as it was written|Error|InvalidTag"):
        read_folder(copy / Path(folder).relative_to("bucket"), tmp_path, key)


# --- toban itself --------------------------------------------------------------------------------


def test_toban_reads_what_version_1_wrote():
    """Whatever it writes today: what lies in buckets stays readable."""
    bucket = MemoryBucket("vectors")
    for path in (VECTORS / "bucket").rglob("*"):
        if path.is_file():
            bucket.upload(str(path.relative_to(VECTORS / "bucket")), [path.read_bytes()])
    secret = mock.Mock(values=lambda _: [(VECTORS / "key").read_text(encoding="ascii")])
    keys = SecretKeys(secret, "VECTORS")

    def unwrap(key: WrappedKey, context: bytes) -> bytes:
        return keys.unwrap(key, context)

    for class_, objects_then in (("full", 3), ("often", 4)):
        name = f"{vector(class_).relative_to(VECTORS / 'bucket')}/manifest.json"
        manifest, data_key = decode(bucket.read(name), unwrap, name=name)
        location = BackupLocation(bucket, manifest.prefix, manifest.backup_id, data_key)
        pieces = []
        for entry in entries(manifest, bucket.read):
            data = bucket.read(manifest.prefix + entry.name)
            opened = open_part(data, location.seal("stream/a1"), entry.number, name=entry.name)
            pieces += list(opened.pieces())
        assert len(list(inventory.records(iter(pieces)))) == objects_then


# --- the description -------------------------------------------------------------------------------


def test_the_description_names_every_constant_of_the_format():
    """In both languages: what a program needs that somebody writes from the page alone."""
    constants = re.findall(rb'b"(toban [a-z0-9 ]+)', READER.read_bytes())
    assert len(constants) >= 4
    fields = json.loads((vector("often") / "manifest.json").read_bytes())["manifest"]
    used = set(re.findall(r'said\["(\w+)"\]', READER.read_text(encoding="utf-8"))) & set(fields)
    for page in ("backup-format.md", "backup-format.ja.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        for constant in {c.decode().strip() for c in constants} | used | {"`server`"}:
            assert constant in text, (page, constant)


# --- in every bucket -------------------------------------------------------------------------------


def test_description_and_program_are_left_in_a_bucket_once():
    bucket = MemoryBucket("b")
    leave_instructions(bucket)
    assert {info.name for info in bucket.list()} == {FOLDER + name for name in FILES}
    assert bucket.read(FOLDER + "read_backup.py") == READER.read_bytes()
    generations = [info.generation for info in bucket.list()]
    leave_instructions(bucket)
    assert [info.generation for info in bucket.list()] == generations


def test_those_of_another_release_are_replaced_unless_a_lock_keeps_them():
    bucket = MemoryBucket("b")
    bucket.create(FOLDER + "README.md", b"earlier words")
    bucket.create(FOLDER + "read_backup.py", b"print('earlier')")
    leave_instructions(bucket)
    assert bucket.read(FOLDER + "read_backup.py") == READER.read_bytes()

    bucket.delete(FOLDER + "README.md")
    bucket.create(FOLDER + "README.md", b"words before the last ones, the same program")
    leave_instructions(bucket)
    assert bucket.read(FOLDER + "README.md").startswith(b"# The backup format")

    locked = MemoryBucket("b")
    locked.create(FOLDER + "read_backup.py", b"print('earlier')")
    with mock.patch.object(locked, "delete", side_effect=DeleteBlocked("locked")):
        leave_instructions(locked)
    assert locked.read(FOLDER + "read_backup.py") == b"print('earlier')"
    assert locked.read(FOLDER + "README.md").startswith(b"# The backup format")


def test_the_program_that_lies_there_reads_the_backups_that_lie_there(tmp_path: Path):
    bucket = MemoryBucket("b")
    leave_instructions(bucket)
    stored = locations.store(bucket, "b-1", None)
    assert read_alone(bucket, stored.location.prefix, tmp_path)["stream"] == stored.plain
    script = tmp_path / "copy" / FOLDER / "read_backup.py"
    folder = tmp_path / "copy" / stored.location.prefix
    with pytest.raises(
        AssertionError, match=r"^[^\n]*/out is there already: name another folder\n$"
    ):
        read_folder(folder, tmp_path, None, script)
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(AssertionError, match=r"^[^\n]*/manifest.json is not there\n$"):
        read_folder(folder.parent, tmp_path, None, script)
    assert read_folder(folder, tmp_path, None, script)["stream"] == stored.plain
