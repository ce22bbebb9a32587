"""Log files: what is kept of files that live, and where they are unpacked."""

from __future__ import annotations

import io
import os
import shutil
import socket
import tarfile

import pytest

from tests.safes import Safe
from toban.adapters.local.files.blobs import EnvSecrets
from toban.adapters.local.files.buckets import MemoryBucket, MemoryBuckets
from toban.adapters.local.memory.store import MemoryStore
from toban.ports.backup import ContentQuestion, Damaged, NothingSelected, SourceFailed, TargetFailed
from toban.sources.logs import adapter as logs
from toban.sources.logs.adapter import LogsSource
from toban.sources.patterns import words
from toban.sources.ports import SourcePorts

FORM = logs.ArchiveFormat()
MIB = 1024 * 1024


@pytest.fixture
def safe():
    return Safe(MemoryBucket("backups"))


@pytest.fixture
def world(tmp_path):
    buckets = MemoryBuckets()
    scratch = tmp_path / "scratch"
    return SourcePorts(MemoryStore(), EnvSecrets({}), buckets, lambda _: None, scratch, {})


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "log"
    (folder / "日本" / ("long " * 25)).mkdir(parents=True)
    (folder / "app.log").write_bytes(b"line\n" * 100)
    (folder / "empty.log").write_bytes(b"")
    (folder / "日本" / ("long " * 25) / ("名" * 60)).write_bytes(bytes(range(256)) * 8192)
    (folder / "日本" / "exact").write_bytes(bytes(512))
    os.utime(folder / "app.log", (1_700_000_000.25, 1_700_000_000.25))
    return folder


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and path.name != ".toban-restore"
    }


def take(safe, *paths, exclude=()):
    safe.take(LogsSource([str(path) for path in paths], exclude), "b1")
    return b"".join(safe.stream("b1"))


def names(stream, folder):
    with tarfile.open(fileobj=io.BytesIO(stream)) as archive:
        where = str(folder).lstrip("/") + "/"
        return sorted(name.removeprefix(where) for name in archive.getnames())


# --- round trips -------------------------------------------------------------------------------


def test_files_come_back_byte_for_byte(folder, safe, world, tmp_path):
    take(safe, folder)
    target = logs.target({"restore_id": "r-1", "purpose": "test"}, world)

    assert safe.restore("b1", target) == 4

    out = tmp_path / "scratch" / "restored" / "r-1"
    assert files(out / str(folder).lstrip("/")) == files(folder)
    assert safe.check(FORM, "b1") == target.counts()
    app = out / str(folder).lstrip("/") / "app.log"
    assert app.stat().st_mtime == 1_700_000_000.25
    assert target.ask([ContentQuestion(app.relative_to(out).as_posix(), "500")]) == ["500"]
    target.prepare(fresh=True)
    assert files(out) == {}
    target.discard()
    assert not out.exists()


def test_the_stream_is_an_archive_for_everybody(folder, safe):
    stream = take(safe, folder)

    with tarfile.open(fileobj=io.BytesIO(stream)) as archive:
        where = str(folder).lstrip("/")
        assert archive.extractfile(f"{where}/app.log").read() == b"line\n" * 100
        assert archive.getmember(f"{where}/app.log").mtime == 1_700_000_000.25


def test_pieces_are_small_and_items_are_counted(folder, safe):
    (folder / "big").write_bytes(bytes(3 * MIB))
    source = LogsSource([str(folder)])

    pieces = list(source.read(safe.run("b1"), None, ""))

    assert max(len(piece.data) for piece in pieces) <= MIB
    assert sum(piece.items for piece in pieces) == 5


def test_many_parts_yield_their_items(folder, safe, world):
    stream = take(safe, folder)
    safe.parts["b1"] = [stream[at : at + 1000] for at in range(0, len(stream), 1000)]
    target = logs.target({"restore_id": "r-1", "purpose": "test"}, world)
    target.prepare(fresh=True)

    items = list(target.load(safe.stream("b1"), safe.fetch))

    assert len(items) == len(safe.parts["b1"])
    assert sum(items) == 4


# --- what is read ------------------------------------------------------------------------------


def test_patterns_leave_files_out(folder, safe):
    (folder / "cache" / "deep").mkdir(parents=True)
    (folder / "cache" / "deep" / "x").write_bytes(b"x")
    (folder / "old.log.gz").write_bytes(b"x")

    stream = take(safe, folder, exclude=["*.gz", "cache/", "日本/exact", "long*/"])

    assert "cache/deep/x" not in names(stream, folder)
    assert names(stream, folder)[:2] == ["app.log", "empty.log"]
    assert "日本/exact" not in names(stream, folder)


def test_links_are_not_followed_and_sockets_and_pipes_are_skipped(folder, safe, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret of somebody else")
    (folder / "link").symlink_to(tmp_path / "outside" / "secret")
    (folder / "directory").symlink_to(tmp_path / "outside")
    os.mkfifo(folder / "pipe")
    short = os.open(folder, os.O_RDONLY)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"/proc/self/fd/{short}/socket")

    stream = take(safe, folder)

    listening.close()
    os.close(short)
    assert (folder / "socket").exists()
    assert b"secret of somebody else" not in stream
    assert len(names(stream, folder)) == 4 + 2


def test_a_single_file_and_paths_within_each_other_are_read_once(folder, safe):
    stream = take(safe, folder / "app.log", folder, folder / "日本")

    assert len(names(stream, folder)) == 4
    assert names(take(safe, folder / "app.log"), folder) == ["app.log"]


def test_a_file_that_grows_is_cut_and_one_that_shrinks_is_filled(folder, safe):
    growing, shrinking = folder / "a-growing", folder / "a-shrinking"
    growing.write_bytes(b"g" * 2 * MIB)
    shrinking.write_bytes(b"s" * 2 * MIB)
    source = LogsSource([str(growing), str(shrinking)])
    stream = b""
    for piece in source.read(safe.run("b1"), None, ""):
        stream += piece.data
        with growing.open("ab") as file:
            file.write(b"more")
        if len(stream) > 2.5 * MIB:
            os.truncate(shrinking, MIB)

    with tarfile.open(fileobj=io.BytesIO(stream)) as archive:
        first, second = (archive.extractfile(member).read() for member in archive.getmembers())
    assert first == b"g" * 2 * MIB
    assert second == b"s" * MIB + bytes(MIB)
    assert FORM.check(iter([stream]), safe.fetch) == {"files": 2, "bytes": 4 * MIB}


def test_a_file_that_goes_before_its_turn_is_left_out(folder, safe):
    pieces = LogsSource([str(folder)]).read(safe.run("b1"), None, "")
    stream = next(pieces).data
    (folder / "empty.log").unlink()

    stream += b"".join(piece.data for piece in pieces)

    assert "empty.log" not in names(stream, folder)
    assert len(names(stream, folder)) == 3


def test_a_directory_that_becomes_a_link_leads_nowhere(folder, safe, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "exact").write_bytes(b"secret of somebody else")
    pieces = LogsSource([str(folder)]).read(safe.run("b1"), None, "")
    stream = next(pieces).data
    (folder / "日本").rename(tmp_path / "moved")
    (folder / "日本").symlink_to(tmp_path / "outside")

    stream += b"".join(piece.data for piece in pieces)

    assert b"secret" not in stream


def test_a_path_that_is_not_there_is_no_success(folder, safe):
    with pytest.raises(SourceFailed, match="none"):
        take(safe, folder, folder / "none")


def test_logs_need_paths(world):
    with pytest.raises(ValueError, match="paths"):
        logs.source({}, world)


# --- damage and malice -------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [100, 512, 1024, 5000, 100_000])
def test_an_archive_that_is_cut_is_found(folder, safe, world, cut):
    stream = take(safe, folder)
    safe.parts["b1"] = [stream[:-cut]]

    with pytest.raises(Damaged, match=r"archive|bytes|cut off"):
        safe.check(FORM, "b1")
    with pytest.raises(Damaged, match=r"archive|bytes|cut off"):
        safe.restore("b1", logs.target({"restore_id": "r-1", "purpose": "test"}, world))


def test_an_archive_that_goes_on_or_is_none_is_found(folder, safe):
    stream = take(safe, folder)

    for spoilt in (stream + b"x" + bytes(1024), b"noise" * 1000, b""):
        with pytest.raises(Damaged):
            FORM.check(iter([spoilt]), safe.fetch)


def archive(*members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        for member in members:
            made.addfile(member, io.BytesIO(b"x" * member.size))
    return stream.getvalue()


def member(name, **fields):
    made = tarfile.TarInfo(name)
    made.size = 1
    for field, value in fields.items():
        setattr(made, field, value)
    return made


@pytest.mark.parametrize(
    "name",
    ["../escaped", "a/../../escaped", "/escaped", "a//escaped", ".toban-restore", "./escaped"],
)
def test_a_member_that_leads_out_of_the_directory_is_refused(safe, world, tmp_path, name):
    safe.parts["b1"] = [archive(member(name))]
    target = logs.target({"directory": str(tmp_path / "out")}, world)

    with pytest.raises((TargetFailed, Damaged)):
        safe.restore("b1", target)
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_only_files_and_symbolic_links_are_unpacked(safe, world, kind):
    safe.parts["b1"] = [archive(member("x", type=kind, linkname="/etc/passwd", size=0))]

    with pytest.raises(Damaged, match="no file"):
        safe.restore("b1", logs.target({"restore_id": "r-1", "purpose": "test"}, world))


def test_a_link_in_the_directory_leads_nowhere(safe, world, tmp_path):
    safe.parts["b1"] = [archive(member("sub/escaped"))]
    target = logs.target({"directory": str(tmp_path / "out")}, world)
    target.prepare(fresh=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(TargetFailed, match="leads out"):
        list(target.load(safe.stream("b1"), safe.fetch))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_restore_id_is_no_path(world):
    for id in ("../x", "", "..", "a/b"):
        with pytest.raises(ValueError, match="directory"):
            logs.target({"restore_id": id}, world)


# --- modes and links ---------------------------------------------------------------------------


def test_modes_and_symbolic_links_come_back(folder, safe, world, tmp_path):
    (folder / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "run.sh").chmod(0o750)
    (folder / "app.log").chmod(0o4644)
    (folder / "current").symlink_to("app.log")
    (folder / "dangling").symlink_to("/nowhere/at all")
    (folder / "日本語").symlink_to("日本", target_is_directory=True)
    take(safe, folder)
    target = logs.target({"restore_id": "r-1", "purpose": "test"}, world)
    safe.restore("b1", target)

    assert safe.check(FORM, "b1") == target.counts()
    assert target.counts()["links"] == 3
    out = tmp_path / "scratch" / "restored" / "r-1" / str(folder).lstrip("/")
    assert (out / "run.sh").stat().st_mode & 0o7777 == 0o750
    assert (out / "app.log").stat().st_mode & 0o7777 == 0o644, "without set-user-id"
    assert (out / "current").readlink().as_posix() == "app.log"
    assert (out / "dangling").readlink().as_posix() == "/nowhere/at all"
    assert (out / "日本語").is_symlink()
    assert len(list((out / "日本語").iterdir())) == 2


def linked(*members: tuple[str, str]) -> bytes:
    """An archive of links (name, where to) and of files (name, empty)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, to in members:
            member = tarfile.TarInfo(name)
            if to:
                member.type, member.linkname = tarfile.SYMTYPE, to
            archive.addfile(member)
    return out.getvalue()[: -(len(out.getvalue()) % 10240) or None]


def test_a_link_leads_no_later_member_out_of_the_directory(world, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    for archive in (
        linked(("way", str(outside)), ("way/file", "")),
        linked(("way", "../../.."), ("way/link", "x")),
    ):
        target = logs.target({"restore_id": "r-1", "purpose": "test"}, world)
        target.prepare(fresh=True)
        with pytest.raises(TargetFailed, match="leads out of"):
            list(target.load(iter([archive]), None))
    assert list(outside.iterdir()) == []


def test_some_files_come_back_alone(folder, safe, world, tmp_path):
    take(safe, folder)
    (kept, left) = sorted(files(folder))[:2]
    target = logs.target({"directory": str(tmp_path / "some"), "only": f"{folder}/{kept}"}, world)
    safe.restore("b1", target)
    out = tmp_path / "some" / str(folder).lstrip("/")
    assert files(out) == {kept: files(folder)[kept]}
    assert not (out / left).exists()
    below = logs.target({"directory": str(tmp_path / "below"), "only": f"{folder}/"}, world)
    safe.restore("b1", below)
    assert files(tmp_path / "below" / str(folder).lstrip("/")) == files(folder)


def test_a_path_that_the_archive_does_not_hold_is_named(folder, safe, world, tmp_path):
    take(safe, folder)
    (kept, *_) = sorted(files(folder))
    for only in ("/never/*", f"{folder}/{kept},/never/*"):
        target = logs.target({"directory": str(tmp_path / "none"), "only": only}, world)
        with pytest.raises(TargetFailed, match=r"the backup holds no '/never/\*'"):
            safe.restore("b1", target)
        with pytest.raises(NothingSelected, match=r"holds no '/never/\*'"):
            logs.format_(world).select(safe.stream("b1"), words(only))
        target.release()
        shutil.rmtree(tmp_path / "none")


def test_what_comes_of_some_files_is_told_before(folder, safe, world):
    take(safe, folder)
    (kept, *_) = sorted(files(folder))
    found = logs.format_(world).select(safe.stream("b1"), [f"{folder}/{kept}"])
    whole = logs.format_(world).select(safe.stream("b1"), [])
    assert found.comes == {"files": 1}
    assert found.left_out.get("files", 0) == whole.comes["files"] - 1
    assert whole.left_out == {}
