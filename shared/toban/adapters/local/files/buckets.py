"""Buckets in memory (tests, simulation) and in directories (the embedded runtime)."""

from __future__ import annotations

import bisect
import contextlib
import functools
import itertools
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from toban.adapters.local.files.blobs import make_directory
from toban.adapters.local.files.bucket import FileBucket
from toban.adapters.objects import (
    DEFAULT_TYPE,
    check_object_name,
    check_size,
    compare,
    crc32c,
    in_ranges,
)
from toban.ports import Stale, Unavailable
from toban.ports.backup import Bucket, DeleteBlocked, ObjectInfo


class _About(NamedTuple):
    content_type: str
    metadata: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Stored:
    info: ObjectInfo
    data: bytes


class MemoryBucket:
    """A bucket in memory; with `versioning`, generations that were replaced stay readable."""

    def __init__(self, name: str, *, versioning: bool = False) -> None:
        self._name = name
        self._versioning = versioning
        self._lock = threading.Lock()
        self._generations = itertools.count(1)
        self._live: dict[str, _Stored] = {}
        self._old: dict[tuple[str, int], _Stored] = {}
        self.held: set[str] = set()
        """Names that a retention policy protects from being deleted or replaced."""

    @property
    def name(self) -> str:
        """See `toban.ports.backup.Bucket`."""
        return self._name

    def create(
        self,
        name: str,
        data: bytes,
        content_type: str = DEFAULT_TYPE,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo | None:
        """See `toban.ports.backup.Bucket`."""
        check_object_name(name)
        check_size(name, data)
        about = _About(content_type, metadata or {}, {})
        return self._put(name, bytes(data), about, over=0)

    def stat(self, name: str, generation: int | None = None) -> ObjectInfo | None:
        """See `toban.ports.backup.Bucket`."""
        check_object_name(name)
        with self._lock, contextlib.suppress(KeyError):
            return self._stored(name, generation).info
        return None

    def read(
        self,
        name: str,
        *,
        start: int = 0,
        end: int | None = None,
        generation: int | None = None,
    ) -> bytes:
        """See `toban.ports.backup.Bucket`."""
        check_object_name(name)
        with self._lock:
            return self._stored(name, generation).data[start:end]

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        """See `toban.ports.backup.Bucket`; what is there when it begins."""
        with self._lock:
            names = sorted(name.encode() for name in self._live if name.startswith(prefix))
        for name in names[bisect.bisect_right(names, after.encode()) :]:
            info = self.stat(name.decode())
            if info is not None:
                yield info

    def copy(
        self, source: Bucket, name: str, to: str, generation: int | None = None
    ) -> ObjectInfo | None:
        """See `toban.ports.backup.Bucket`."""
        check_object_name(to)
        found = source.stat(name, generation)
        if found is None:
            raise KeyError(name)
        if self.stat(to) is not None:
            return None
        data = b"".join(in_ranges(source, found))
        about = _About(found.content_type, found.metadata, found.headers)
        copied = self._put(to, data, about, over=0)
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
        """See `toban.ports.backup.Bucket`; memory holds it all here."""
        check_object_name(name)
        about = _About(content_type, metadata or {}, headers or {})
        info = self._put(name, b"".join(data), about, over=over)
        if info is None:
            raise Stale(f"{self._name}/{name} is another one by now")
        return info

    def delete(self, name: str) -> None:
        """See `toban.ports.backup.Bucket`; names in `held` are refused."""
        check_object_name(name)
        with self._lock:
            self._retire(name)
            self._live.pop(name, None)

    def _put(
        self,
        name: str,
        data: bytes,
        about: _About,
        *,
        over: int | None,
    ) -> ObjectInfo | None:
        checksum = crc32c(data)
        with self._lock:
            live = self._live.get(name)
            if over not in {None, 0 if live is None else live.info.generation}:
                return None
            self._retire(name)
            info = ObjectInfo(
                name,
                len(data),
                checksum,
                next(self._generations),
                about.content_type,
                dict(about.metadata),
                dict(about.headers),
            )
            self._live[name] = _Stored(info, data)
        return info

    def _retire(self, name: str) -> None:
        before = self._live.get(name)
        if before is None:
            return
        if name in self.held:
            raise DeleteBlocked(f"{self._name}/{name} is held")
        if self._versioning:
            self._old[name, before.info.generation] = before

    def _stored(self, name: str, generation: int | None) -> _Stored:
        live = self._live.get(name)
        if live is not None and generation in {None, live.info.generation}:
            return live
        if generation is None:
            raise KeyError(name)
        return self._old[name, generation]


class MemoryBuckets:
    """Buckets by name, made when they are first asked for."""

    def __init__(self, *, versioning: bool = False) -> None:
        self._versioning = versioning
        self._lock = threading.Lock()
        self._made: dict[str, MemoryBucket] = {}

    def __call__(self, name: str) -> MemoryBucket:
        """The bucket of that name, the same object each time."""
        with self._lock:
            return self._made.setdefault(name, MemoryBucket(name, versioning=self._versioning))


class FileBuckets:
    """Buckets as directories of `root`, by name; made when first asked for, as nobody else would."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._bucket = functools.cache(self._make)

    def __call__(self, name: str) -> FileBucket:
        """The bucket of that name; raises `ValueError` for what is no directory's name."""
        return self._bucket(name)

    def existing(self, name: str) -> FileBucket:
        """The bucket of that name, which is not made: reading it says so where it is not there."""
        if not name or name.startswith(".") or "/" in name or "\\" in name or "\0" in name:
            raise ValueError(f"not a name for a bucket: {name[:80]!r}")
        return FileBucket(self._root / name, name)

    def _make(self, name: str) -> FileBucket:
        bucket = self.existing(name)
        try:
            make_directory((self._root / name).absolute())
        except OSError as error:
            raise Unavailable(f"bucket {name} cannot be made: {error.strerror}") from error
        return bucket
