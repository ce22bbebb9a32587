"""A directory into which a backup is written, to be looked at or copied from."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from toban.adapters.local.files.blobs import make_directory
from toban.kernel.prepared import from_json
from toban.ports.backup import ContentQuestion, Fetch, Room, TargetFailed
from toban.sources.patterns import attempt_of
from toban.sources.ports import SourcePorts

MARKER: Final = ".toban-restore"
"""
Lies in directories that were empty when a restore began, and tells which one that is. A recovery
removes it in the end. One of another shape (toban up to 2026-11-22 never removed any) says nothing.
"""


class _Mark(msgspec.Struct, frozen=True):
    """What a marker says."""

    toban: int
    restore: str
    purpose: str
    content: str = ""
    """What the directory held when everything was written (`OwnDirectory.loaded`); empty: not yet."""
    attempt: int = 0
    """Which of the restore's."""


class OwnDirectory:
    """
    A directory that a restore made for itself and writes into.

    Nothing is written outside of it, and a directory that holds anything else is refused.
    """

    def __init__(
        self, path: Path, *, restore: str = "", purpose: str = "", attempt: int = 0
    ) -> None:
        """
        `restore`: for which one, and why (``test``: it may be removed again); `attempt`: what a
        later one has written is not ours.
        """
        self.path = path.absolute()
        self._restore = restore
        self._purpose = purpose
        self._attempt = attempt

    @classmethod
    def of(cls, options: Mapping[str, object], ports: SourcePorts) -> OwnDirectory:
        """``directory``, else one of the restore's own (``restore_id``) in the scratch directory."""
        named = str(options.get("directory") or "")
        id = str(options.get("restore_id") or "")
        purpose = "test" if options.get("purpose") == "test" else "recovery"
        attempt = attempt_of(options)
        if named:
            return cls(Path(named), restore=id, purpose=purpose, attempt=attempt)
        if not id or "/" in id or id in {".", ".."}:
            raise ValueError("a directory has to be named")
        return cls(ports.scratch / "restored" / id, restore=id, purpose=purpose, attempt=attempt)

    @property
    def identity(self) -> str:
        """Which data it replaces."""
        return f"directory {self.path}"

    def refusal(self) -> str:
        """See `toban.ports.backup.Target`."""
        with _failures(self.path):
            if not self.path.exists():
                return ""
            if not self.path.is_dir():
                return f"{self.path} is no directory"
            others = sorted(p.name for p in self.path.iterdir() if p.name != MARKER)
            if not others or self._is_ours():
                return ""
        return (
            f"{self.path} is not empty ({others[0][:100]!r}): nothing was written. Name an empty"
            " directory, or one that does not exist yet"
        )

    def room(self) -> Room:
        """Return what is free on the file system where it is, or will be."""
        with _failures(self.path):
            there = next(p for p in (self.path, *self.path.parents) if p.exists())
            return Room(shutil.disk_usage(there).free, str(there), exact=True)

    def prepare(self, *, fresh: bool) -> None:
        """Make it, empty when `fresh`; raises `TargetFailed` when there is something else in it."""
        if refused := self.refusal():
            raise TargetFailed(refused, retryable=False)
        with _failures(self.path):
            make_directory(self.path)
            if fresh and self._is_ours():
                self._empty()
            if not self._is_ours():
                self._note(_Mark(2, self._restore, self._purpose, attempt=self._attempt))

    def loaded(self) -> None:
        """Record the files once everything is written, so that changes by others are noticed."""
        with _failures(self.path):
            self._note(_Mark(2, self._restore, self._purpose, self._content(), self._attempt))

    def write(
        self,
        name: str,
        chunks: Iterable[bytes],
        *,
        modified_at: float | None = None,
        mode: int = 0o600,
    ) -> None:
        """
        Write a file; `modified_at` in seconds since 1970, `mode` without set-user-id and its like.

        Raises `TargetFailed` for a name that leads out of the directory (absolute, ``..``, through
        a link) or is one of ours.
        """
        path = self._place(name)
        with _failures(path):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
                file.writelines(chunks)
                os.fchmod(file.fileno(), mode & 0o777)
            if modified_at is not None:
                os.utime(path, (modified_at, modified_at))

    def link(self, name: str, to: str) -> None:
        """Make a symbolic link, wherever it leads: nothing here follows it. Raises as `write` does."""
        path = self._place(name)
        with _failures(path):
            path.unlink(missing_ok=True)
            path.symlink_to(to)

    def _place(self, name: str) -> Path:
        segments = name.split("/")
        if (
            any(segment in {"", ".", ".."} for segment in segments)
            or "\0" in name
            or segments[0] == MARKER
        ):
            raise TargetFailed(f"{name[:200]!r} would lead out of {self.path}", retryable=False)
        path = self.path.joinpath(*segments)
        with _failures(path):
            make_directory(path.parent)
            if not path.parent.resolve().is_relative_to(self.path.resolve()):
                raise TargetFailed(f"{name[:200]!r} leads out of {self.path}", retryable=False)
        return path

    def files(self) -> Iterator[tuple[str, int]]:
        """Yield names and sizes of the files that were written."""
        for name, path in self._all():
            if not path.is_symlink():
                yield name, path.lstat().st_size

    def links(self) -> Iterator[str]:
        """Yield the names of the links that were made."""
        return (name for name, path in self._all() if path.is_symlink())

    def _all(self) -> Iterator[tuple[str, Path]]:
        for directory, folders, names in os.walk(self.path):
            folders.sort()
            linked = [folder for folder in folders if Path(directory, folder).is_symlink()]
            for name in sorted([*names, *linked]):
                path = Path(directory, name)
                if path != self.path / MARKER:
                    yield path.relative_to(self.path).as_posix(), path

    def ask(self, questions: Sequence[ContentQuestion]) -> list[str]:
        """The query is a file's path; the answer its size, or ``missing``."""
        sizes = dict(self.files())
        return [str(sizes.get(question.query, "missing")) for question in questions]

    def discard(self) -> None:
        """Remove the directory if this test made it; raises `TargetFailed` when others wrote there."""
        with _failures(self.path):
            if not self.path.exists():
                return
            if self._purpose != "test" or not self._is_ours():
                raise TargetFailed(
                    f"{self.path} holds files that this test did not write: it is not removed",
                    retryable=False,
                )
            shutil.rmtree(self.path)

    def release(self) -> None:
        """See `toban.ports.backup.Target`."""
        with _failures(self.path):
            (self.path / MARKER).unlink(missing_ok=True)

    def _is_ours(self) -> bool:
        """Whether this restore wrote everything there is."""
        try:
            mark = from_json((self.path / MARKER).read_bytes(), _Mark)
        except (FileNotFoundError, msgspec.DecodeError):
            return False
        mine = (mark.toban, mark.restore, mark.purpose) == (2, self._restore, self._purpose)
        mine = mine and mark.attempt <= self._attempt
        return mine and mark.content in ("", self._content())

    def _note(self, mark: _Mark) -> None:
        (self.path / MARKER).write_bytes(msgspec.json.encode(mark))

    def _empty(self) -> None:
        """Remove what is there, the marker last: a dead attempt's rest stays recognised."""
        for path in list(self.path.iterdir()):
            if path.name == MARKER:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        (self.path / MARKER).unlink()

    def _content(self) -> str:
        """A hash over all files as the file system tells them apart: it changes with every write."""
        found = hashlib.sha256()
        for name, path in self._all():
            stat = path.lstat()
            said = (name, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            found.update(repr(said).encode())
        return found.hexdigest()


@contextlib.contextmanager
def _failures(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise TargetFailed(f"{path} cannot be written: {why}", retryable=True) from error


def by_part(written: Iterable[None], begun: Callable[[], int]) -> Iterator[int]:
    """
    Yield how many items of each part were written, once the next has begun or all is written.

    `written` writes an item at each turn; `begun`: parts taken so far.
    """
    done = items = 0
    for _ in written:
        items += 1
        while done < begun() - 1:
            yield items
            items, done = 0, done + 1
    while done < begun():
        yield items
        items, done = 0, done + 1


class DirectoryTarget(ABC):
    """The base of targets that write files into a directory of their own."""

    resumable = False

    def __init__(self, directory: OwnDirectory) -> None:
        self._directory = directory

    @property
    def identity(self) -> str:
        """See `toban.ports.backup.Target`."""
        return self._directory.identity

    def refusal(self) -> str:
        """See `toban.ports.backup.Target`."""
        return self._directory.refusal()

    def room(self) -> Room:
        """See `toban.ports.backup.Measured`."""
        return self._directory.room()

    def prepare(self, *, fresh: bool) -> None:
        """See `toban.ports.backup.Target`."""
        self._directory.prepare(fresh=fresh)

    def load(self, parts: Iterator[bytes], fetch: Fetch) -> Iterator[int]:  # noqa: ARG002
        """See `toban.ports.backup.Target`."""
        yield from self._written(parts)
        self._directory.loaded()

    @abstractmethod
    def _written(self, parts: Iterator[bytes]) -> Iterator[int]:
        """Write everything, yielding as `load` does."""

    def ask(self, questions: Sequence[ContentQuestion]) -> list[str]:
        """See `OwnDirectory.ask`."""
        return self._directory.ask(questions)

    def discard(self) -> None:
        """See `toban.ports.backup.Target`."""
        self._directory.discard()

    def release(self) -> None:
        """See `toban.ports.backup.Target`."""
        self._directory.release()
