"""
Files below directories as a source of backups: logs, as they are when they are read.

The stream is a tar archive (POSIX pax), so whoever has it can unpack it without toban.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Final, cast

from toban.ports.backup import (
    BackupRun,
    Chunk,
    Damaged,
    Fetch,
    Format,
    ObjectRef,
    Selection,
    Source,
    SourceFailed,
    SourceSnapshot,
    Target,
)
from toban.sources.own_directory import DirectoryTarget, OwnDirectory, by_part
from toban.sources.patterns import Exclusion, Wanted, checked, is_wanted, only_of, texts
from toban.sources.ports import SourcePorts

_PIECE: Final = 512 * 1024
_BLOCK: Final = tarfile.BLOCKSIZE
_END: Final = bytes(2 * _BLOCK)


def source(options: Mapping[str, object], ports: SourcePorts) -> Source:  # noqa: ARG001
    """
    Return what reads files.

    Args:
        options: ``paths`` of files and directories; ``exclude``
            (`toban.sources.patterns.Exclusion`, compared with paths below each of them).
        ports: Not needed.

    Raises `ValueError` without ``paths``.
    """
    paths = texts(options.get("paths"), "paths")
    if not paths:
        raise ValueError("logs need paths")
    return LogsSource(paths, texts(options.get("exclude"), "exclude"))


def format_(ports: SourcePorts) -> Format:  # noqa: ARG001 - every kind is given it
    """Return what the archive must look like."""
    return ArchiveFormat()


def target(options: Mapping[str, object], ports: SourcePorts) -> Target:
    """Return what unpacks the archive, or ``only`` some paths of it, into a ``directory``."""
    return ArchiveTarget(OwnDirectory.of(options, ports), only_of(options))


class LogsSource:
    """
    Regular files with their modes, and symbolic links as such (they are not followed); sockets, pipes
    and devices are skipped.

    A file that grows is cut at the size it had when its turn came; one that shrinks meanwhile is
    filled up with zero bytes, as tar(1) does; one that goes before its turn is left out.
    """

    resumable = False

    def __init__(self, paths: Sequence[str], exclude: Sequence[str] = ()) -> None:
        self._paths = paths
        self._excluded = Exclusion(exclude)

    @property
    def identity(self) -> str:
        """See `toban.ports.backup.Source`."""
        return " ".join(f"directory {Path(path).absolute()}" for path in self._paths)

    def begin(self, run: BackupRun, before: SourceSnapshot | None, now: datetime) -> SourceSnapshot:  # noqa: ARG002
        """See `toban.ports.backup.Source`."""
        for path in self._paths:
            if not Path(path).exists():
                raise SourceFailed(f"{path} is not there", retryable=False)
        return before or SourceSnapshot(at=now)

    def read(self, run: BackupRun, snapshot: SourceSnapshot, cursor: str) -> Iterator[Chunk]:  # noqa: ARG002
        """See `toban.ports.backup.Source`."""
        tops: list[Path] = []
        for top in sorted({Path(path).resolve() for path in self._paths}):
            if not any(top.is_relative_to(other) for other in tops):
                tops.append(top)
        for top in tops:
            try:
                yield from self._below(top)
            except OSError as error:
                where = error.filename if isinstance(error.filename, str) else top
                raise SourceFailed(
                    f"{where} cannot be read: {error.strerror}", retryable=False
                ) from error
        yield Chunk(_END)

    def end(self, run: BackupRun, snapshot: SourceSnapshot) -> None:
        """See `toban.ports.backup.Source`: there is nothing to remove."""

    def _below(self, top: Path) -> Iterator[Chunk]:
        if not top.is_dir():
            yield from _member(top.name, top)
            return

        def refuse(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):
                raise error

        # Through open directories: one that is replaced by a link meanwhile leads nowhere.
        for directory, children, names, opened in os.fwalk(top, onerror=refuse):
            children.sort()
            for name in sorted([*names, *children]):  # of directories only the links are kept
                path = Path(directory, name)
                if not self._excluded(path.relative_to(top).as_posix()):
                    yield from _member(name, path, opened)


def _member(name: str, path: Path, directory: int | None = None) -> Iterator[Chunk]:
    """A file as a member of the archive."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    where = name if directory is not None else path
    try:
        found = os.lstat(where, dir_fd=directory)
        if stat.S_ISLNK(found.st_mode):
            yield _link(path, found, os.readlink(where, dir_fd=directory))
            return
        if not stat.S_ISREG(found.st_mode):
            return
        descriptor = os.open(where, flags, dir_fd=directory)
    except FileNotFoundError:
        return
    except OSError as error:
        error.filename = str(path)
        raise
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return
        member = _named(path, found)
        member.size = left = found.st_size
        header = member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        yield Chunk(header, items=0 if left else 1)
        while left:
            data = file.read(min(left, _PIECE))
            if not data:
                data = bytes(min(left, _PIECE))
            left -= len(data)
            padding = b"" if left else bytes(-found.st_size % _BLOCK)
            yield Chunk(data + padding, items=0 if left else 1)


def _named(path: Path, found: os.stat_result) -> tarfile.TarInfo:
    member = tarfile.TarInfo(str(path).lstrip("/"))
    member.mtime = found.st_mtime
    member.mode = stat.S_IMODE(found.st_mode)
    member.uid, member.gid = found.st_uid, found.st_gid
    return member


def _link(path: Path, found: os.stat_result, to: str) -> Chunk:
    member = _named(path, found)
    member.type, member.linkname = tarfile.SYMTYPE, to
    return Chunk(member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"), items=1)


# --- reading it back ---------------------------------------------------------------------------


class _Reader(io.RawIOBase):
    """A stream as a file, for `tarfile`; knows how many pieces were begun, and how it ends."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = memoryview(b"")
        self._last = b""
        self._size = 0
        self.begun = 0

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        found = []
        while size > 0:
            if not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self.begun += 1
                self._size += len(piece)
                self._rest = memoryview(piece)
                self._last = (self._last + piece[-len(_END) :])[-len(_END) :]
                continue
            some, self._rest = self._rest[:size], self._rest[size:]
            found.append(some)
            size -= len(some)
        return b"".join(found)

    def total(self) -> int:
        """The size of the whole stream, once the rest of it has been read."""
        while self.read(_PIECE):
            pass
        return self._size

    @property
    def ends(self) -> bool:
        """Whether the last that was read is the end of an archive."""
        return self._last == _END


def _members(reader: _Reader) -> Iterator[tuple[tarfile.TarInfo, Iterator[bytes]]]:
    """
    Members and their content, which has to be read before the next one; a link has none.

    Raises `Damaged` for anything that is no whole archive of files and symbolic links.
    """
    try:
        with tarfile.open(
            fileobj=cast("IO[bytes]", reader),
            mode="r|",
            format=tarfile.PAX_FORMAT,
            encoding="utf-8",
            errors="surrogateescape",
        ) as archive:
            for member in archive:
                if member.issym():
                    yield member, iter(())
                    continue
                content = archive.extractfile(member) if member.isreg() else None
                if content is None:
                    raise Damaged(f"the archive has {member.name[:200]!r}, which is no file")
                yield member, _content(content, member)
            # `offset` is where the end begins.
            if reader.total() != archive.offset + len(_END) or not reader.ends:
                raise Damaged("the archive does not end where it should")
    except tarfile.TarError as error:
        raise Damaged(f"the archive cannot be read: {error}") from error


def _content(content: IO[bytes], member: tarfile.TarInfo) -> Iterator[bytes]:
    size = 0
    try:
        while data := content.read(_PIECE):
            size += len(data)
            yield data
    except tarfile.TarError as error:
        raise Damaged(f"{member.name[:200]!r} is cut off: {error}") from error
    if size != member.size:
        raise Damaged(f"{member.name[:200]!r} has {size} bytes instead of {member.size}")


def _counts(files: int, size: int, links: int) -> dict[str, int]:
    return {"files": files, "bytes": size, **({"links": links} if links else {})}


class ArchiveFormat:
    """See `toban.ports.backup.Format`."""

    def check(self, pieces: Iterator[bytes], fetch: Fetch) -> dict[str, int]:  # noqa: ARG002
        """Read all of it; ``files`` and ``bytes``, and ``links`` where there are any."""
        files = size = links = 0
        reader = _Reader(pieces)
        for member, content in _members(reader):
            links += member.issym()
            files += not member.issym()
            size += sum(map(len, content))
        return _counts(files, size, links)

    selects_early = False

    def select(self, pieces: Iterator[bytes], only: Sequence[str]) -> Selection:
        """See `toban.ports.backup.Selecting`."""
        wanted = Wanted(only, _names)
        for member, content in _members(_Reader(pieces)):
            wanted(member.name, "links" if member.issym() else "files")
            for _ in content:
                pass
        return wanted.selection()

    def object_refs(self, pieces: Iterator[bytes]) -> Iterator[ObjectRef]:  # noqa: ARG002
        """Nothing lies beside the stream."""
        return iter(())


def _names(name: str, word: str) -> bool:
    return is_wanted(name, [word.lstrip("/")])


class ArchiveTarget(DirectoryTarget):
    """Unpacks into a directory of its own; `only`: paths, and prefixes (which end with ``*`` or ``/``)."""

    def __init__(self, directory: OwnDirectory, only: Sequence[str] = ()) -> None:
        super().__init__(directory)
        self._only = tuple(only)

    def _written(self, parts: Iterator[bytes]) -> Iterator[int]:
        reader = _Reader(parts)

        def writing() -> Iterator[None]:
            wanted = Wanted(self._only, _names)
            for member, content in _members(reader):
                if not wanted(member.name):
                    continue  # reading the next one passes over its content
                if member.issym():
                    self._directory.link(member.name, member.linkname)
                else:
                    self._directory.write(
                        member.name, content, modified_at=float(member.mtime), mode=member.mode
                    )
                yield
            checked(wanted)

        return by_part(writing(), lambda: reader.begun)

    def counts(self) -> dict[str, int]:
        """See `ArchiveFormat.check`."""
        sizes = [size for _, size in self._directory.files()]
        return _counts(len(sizes), sum(sizes), len(list(self._directory.links())))
