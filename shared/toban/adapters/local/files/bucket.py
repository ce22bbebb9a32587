"""A bucket that is a directory."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from toban.adapters.local.files.blobs import make_directory, sync_directory, unfinished
from toban.adapters.objects import (
    DEFAULT_TYPE,
    RANGE_BYTES,
    check_object_name,
    check_size,
    compare,
    crc32c,
    in_ranges,
)
from toban.ports import Stale, Unavailable
from toban.ports.backup import Bucket, NoBucket, ObjectInfo

_HIDDEN = ".toban"
_ABANDONED_S = 86_400
"""No write takes this long."""

_About = dict[str, Any]
"""What `ObjectInfo` tells beside name and generation."""

_RECENT_NS = 2_000_000_000
"""A file changed so lately may change again without its time showing it."""


class FileBucket:
    """
    Objects as files below `root`; files that others put there are objects as well.

    An object appears whole or not at all, also when the machine stops: it is written elsewhere,
    synced, and then linked to its name. Its generation is the file's time of change in
    nanoseconds plus its size. What a file cannot say about itself (checksum, content type,
    metadata) lies in ``.toban/about/<hash of the name>/<generation>`` and is there before the
    object is; of a file without it the checksum is computed.

    Names that no file can have (``a//b``, ``a/``, ``a/b`` beside ``a``) raise `ValueError`.
    Symbolic links are no objects.
    """

    def __init__(self, root: Path, name: str = "") -> None:
        self._root = root.absolute()
        self._name = name or root.name
        self._hidden = self._root / _HIDDEN
        self._tidied = False

    @property
    def name(self) -> str:
        """See `toban.ports.backup.Bucket`."""
        return self._name

    def free_bytes(self) -> int:
        """See `toban.ports.backup.OnDisk`."""
        there = next(path for path in (self._root, *self._root.parents) if path.exists())
        return shutil.disk_usage(there).free

    def create(
        self,
        name: str,
        data: bytes,
        content_type: str = DEFAULT_TYPE,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo | None:
        """See `toban.ports.backup.Bucket`."""
        check_size(name, data)
        with self._failures("creating", name):
            if self._file(name) is not None:
                return None
            about = {"content_type": content_type, "metadata": dict(metadata or {})}
            return self._put(name, (data,), about, replace=False)

    def stat(self, name: str, generation: int | None = None) -> ObjectInfo | None:
        """See `toban.ports.backup.Bucket`; only one generation is kept."""
        with self._failures("reading", name):
            found = self._file(name)
            if found is None or generation not in {None, _generation(found)}:
                return None
            return self._describe(name, found)

    def read(
        self,
        name: str,
        *,
        start: int = 0,
        end: int | None = None,
        generation: int | None = None,
    ) -> bytes:
        """See `toban.ports.backup.Bucket`."""
        with self._failures("reading", name):
            try:
                descriptor = os.open(self._path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise KeyError(name) from error
            except OSError as error:
                if error.errno == errno.ELOOP:  # a symbolic link
                    raise KeyError(name) from error
                raise
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                os.close(descriptor)
                raise KeyError(name)
            with os.fdopen(descriptor, "rb") as file:
                file.seek(start)
                data = file.read() if end is None else file.read(max(0, end - start))
                now = os.fstat(descriptor)
            if generation is not None and {_generation(found), _generation(now)} != {generation}:
                raise KeyError(name)
            return data

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        """See `toban.ports.backup.Bucket`; one directory's names at a time are in memory."""
        with self._failures("listing", prefix):
            if not self._root.is_dir():
                raise NoBucket(f"there is no bucket {self._name}: {self._root} is no directory")
            for name in self._names(b"", prefix.encode(), after.encode()):
                info = self.stat(name)
                if info is not None:
                    yield info

    def copy(
        self, source: Bucket, name: str, to: str, generation: int | None = None
    ) -> ObjectInfo | None:
        """See `toban.ports.backup.Bucket`."""
        found = source.stat(name, generation)
        if found is None:
            raise KeyError(name)
        with self._failures("creating", to):
            if self._file(to) is not None:
                return None
            about = {
                "content_type": found.content_type,
                "metadata": dict(found.metadata),
                "headers": dict(found.headers),
            }
            copied = self._put(to, in_ranges(source, found), about, replace=False)
        if copied is not None:
            compare(copied, found, self._name)
        return copied

    def upload(
        self,
        name: str,
        data: Iterable[bytes],
        content_type: str = DEFAULT_TYPE,
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        over: int | None = None,
    ) -> ObjectInfo:
        """See `toban.ports.backup.Bucket`; between looking and replacing others may still write."""
        about = {
            "content_type": content_type,
            "metadata": dict(metadata or {}),
            "headers": dict(headers or {}),
        }
        with self._failures("writing", name):
            there = self._file(name)
            now = 0 if there is None else _generation(there)
            info = None
            if over in {None, now}:
                info = self._put(name, data, about, replace=over != 0)
        if info is None:
            raise Stale(f"{self._name}/{name} is another one by now")
        return info

    def delete(self, name: str) -> None:
        """See `toban.ports.backup.Bucket`; directories stay."""
        with self._failures("deleting", name):
            found = self._file(name)
            if found is None:
                return
            path = self._path(name)
            path.unlink(missing_ok=True)
            sync_directory(path.parent)
            self._about(name, _generation(found)).unlink(missing_ok=True)

    # --- writing ---------------------------------------------------------------------------------

    def _put(
        self,
        name: str,
        chunks: Iterable[bytes],
        about: _About,
        *,
        replace: bool,
    ) -> ObjectInfo | None:
        path = self._path(name)
        try:
            make_directory(path.parent)
        except (FileExistsError, NotADirectoryError):
            raise ValueError(f"{name!r} would be below another object") from None
        if path.is_dir():
            raise ValueError(f"{name!r} has other objects below it")
        checksum = _Checksum(chunks)
        self._tidy()
        with unfinished(self._hidden / "unfinished", checksum) as whole:
            about = {"size": checksum.size, "crc32c": checksum.crc32c, **about}
            generation = self._claim(name, whole, about)
            try:
                before = self._file(name)
                if replace:
                    whole.replace(path)
                else:
                    path.hardlink_to(whole)
            except OSError as error:
                self._about(name, generation).unlink(missing_ok=True)
                if isinstance(error, FileExistsError) and not path.is_dir():
                    return None
                raise
            sync_directory(path.parent)
        if before is not None and replace:
            self._about(name, _generation(before)).unlink(missing_ok=True)
        return ObjectInfo(name=name, generation=generation, **about)

    def _tidy(self) -> None:
        """Once per process, remove what processes that died were writing long ago."""
        if self._tidied:
            return
        self._tidied = True
        for path in (self._hidden / "unfinished").glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _ABANDONED_S:
                    path.unlink()

    def _claim(self, name: str, whole: Path, about: _About) -> int:
        """Give an unfinished file a generation that no other one of this name has."""
        now = time.time_ns()
        while True:
            os.utime(whole, ns=(now, now))
            generation = _generation(whole.lstat())
            if self._note(name, generation, about):
                break
            now += 1
        with whole.open("rb") as file:
            os.fsync(file.fileno())
        return generation

    def _note(self, name: str, generation: int, about: _About) -> bool:
        path = self._about(name, generation)
        make_directory(path.parent)
        data = json.dumps(about, ensure_ascii=False).encode()
        with unfinished(self._hidden / "unfinished", (data,)) as whole:
            try:
                path.hardlink_to(whole)
            except FileExistsError:
                return False
        sync_directory(path.parent)
        return True

    # --- reading ---------------------------------------------------------------------------------

    def _describe(self, name: str, found: os.stat_result) -> ObjectInfo | None:
        generation = _generation(found)
        try:
            about: _About = json.loads(self._about(name, generation).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return self._computed(name, generation)
        return ObjectInfo(name=name, generation=generation, **about)

    def _computed(self, name: str, generation: int) -> ObjectInfo | None:
        """Of a file that somebody else put there; None when it changes or goes meanwhile."""
        crc = 0
        try:
            with self._path(name).open("rb") as file:
                while data := file.read(RANGE_BYTES):
                    crc = crc32c(data, crc)
                found = os.fstat(file.fileno())
        except FileNotFoundError:
            return None
        if _generation(found) != generation:
            return self.stat(name)
        if time.time_ns() - found.st_mtime_ns > _RECENT_NS:
            # Only saves reading it again: a bucket that cannot be written is read as well.
            with contextlib.suppress(OSError):
                self._note(name, generation, {"size": found.st_size, "crc32c": crc})
        return ObjectInfo(name, found.st_size, crc, generation)

    def _names(self, directory: bytes, prefix: bytes, after: bytes) -> Iterator[str]:
        """Names below a directory (empty, or ending with ``/``), in the order of their bytes."""
        entries = []
        try:
            with os.scandir(os.fsencode(self._root) + b"/" + directory) as found:
                for entry in found:
                    if not directory and entry.name == _HIDDEN.encode():
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        entries.append(directory + entry.name + b"/")
                    elif entry.is_file(follow_symlinks=False):
                        entries.append(directory + entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in sorted(entries):
            if name.endswith(b"/"):
                inside = name.startswith(prefix) or prefix.startswith(name)
                if inside and (name > after or after.startswith(name)):
                    yield from self._names(name, prefix, after)
            elif name > after and name.startswith(prefix):
                yield name.decode()

    def _file(self, name: str) -> os.stat_result | None:
        try:
            found = self._path(name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def _about(self, name: str, generation: int) -> Path:
        hashed = hashlib.sha256(name.encode()).hexdigest()[:40]
        return self._hidden / "about" / hashed[:2] / f"{hashed[2:]}.{generation}"

    def _path(self, name: str) -> Path:
        check_object_name(name)
        segments = name.split("/")
        plain = all(
            segment not in {"", ".", ".."} and len(segment.encode()) <= 255 and "\0" not in segment
            for segment in segments
        )
        if not plain or segments[0] == _HIDDEN:
            raise ValueError(f"not a name for an object in a directory: {name[:80]!r}")
        path = self._root / name
        if not path.parent.resolve().is_relative_to(self._root.resolve()):
            raise ValueError(f"{name[:80]!r} leads out of the directory")
        return path

    @contextlib.contextmanager
    def _failures(self, doing: str, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            text = f"{self._name}, {doing} {name}: {error.strerror or type(error).__name__}"
            raise Unavailable(text) from error


class _Checksum:
    """Passes chunks on; afterwards it knows their size and CRC-32C."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.size = 0
        self.crc32c = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.size += len(chunk)
            self.crc32c = crc32c(chunk, self.crc32c)
            yield chunk


def _generation(found: os.stat_result) -> int:
    return found.st_mtime_ns + found.st_size
