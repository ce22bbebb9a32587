"""A directory into which a backup is written, to be looked at or copied from."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from toban.adapters.local.files import make_directory
from toban.adapters.sources.world import World
from toban.ports.backup import Question, TargetFailed

MARKER: Final = ".toban-restore"
"""Lies in directories that were empty when we began: everything below is ours."""


class OwnDirectory:
    """
    Nothing is written outside of it, and nothing in it that was there before us is touched: a
    directory that holds anything else is refused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @classmethod
    def of(cls, options: Mapping[str, object], world: World) -> OwnDirectory:
        """``directory``, else one of the restore's own (``restore_id``) in the scratch directory."""
        named = str(options.get("directory") or "")
        if named:
            return cls(Path(named))
        id = str(options.get("restore_id") or "")
        if not id or "/" in id or id in {".", ".."}:
            raise ValueError("a directory has to be named")
        return cls(world.scratch / "restored" / id)

    @property
    def identity(self) -> str:
        """Which data it replaces."""
        return f"directory {self.path}"

    def prepare(self, *, fresh: bool) -> None:
        """Make it, empty when `fresh`; raises `TargetFailed` when there is something else in it."""
        with _failures(self.path):
            make_directory(self.path)
            if not (self.path / MARKER).exists():
                if any(self.path.iterdir()):
                    raise TargetFailed(
                        f"{self.path} is not empty: nothing was written", again=False
                    )
                (self.path / MARKER).write_text("made by toban: may be removed\n", "utf-8")
            elif fresh:
                self.discard()
                self.prepare(fresh=False)

    def write(self, name: str, chunks: Iterable[bytes], modified_at: float | None = None) -> None:
        """
        Write a file; `modified_at` in seconds since 1970.

        Raises `TargetFailed` for a name that leads out of the directory (absolute, ``..``, through
        a link) or is one of ours.
        """
        segments = name.split("/")
        if (
            any(segment in {"", ".", ".."} for segment in segments)
            or "\0" in name
            or segments[0] == MARKER
        ):
            raise TargetFailed(f"{name[:200]!r} would lead out of {self.path}", again=False)
        path = self.path.joinpath(*segments)
        with _failures(path):
            make_directory(path.parent)
            if not path.parent.resolve().is_relative_to(self.path.resolve()):
                raise TargetFailed(f"{name[:200]!r} leads out of {self.path}", again=False)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
                file.writelines(chunks)
            if modified_at is not None:
                os.utime(path, (modified_at, modified_at))

    def files(self) -> Iterator[tuple[str, int]]:
        """Names and sizes of what was written."""
        for directory, _, names in os.walk(self.path):
            for name in sorted(names):
                path = Path(directory, name)
                if path != self.path / MARKER:
                    yield path.relative_to(self.path).as_posix(), path.lstat().st_size

    def ask(self, questions: Sequence[Question]) -> list[str]:
        """The query is a file's path; the answer its size, or ``missing``."""
        sizes = dict(self.files())
        return [str(sizes.get(question.query, "missing")) for question in questions]

    def discard(self) -> None:
        """Remove the directory if it is ours."""
        if (self.path / MARKER).exists():
            with _failures(self.path):
                shutil.rmtree(self.path)


@contextlib.contextmanager
def _failures(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise TargetFailed(f"{path} cannot be written: {why}", again=True) from error


def by_part(written: Iterable[None], begun: Callable[[], int]) -> Iterator[int]:
    """
    How many items were written of each part, once the next has been begun or all is written.

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


class DirectoryTarget:
    """What targets that write files into a directory of their own have in common."""

    resumable = False

    def __init__(self, directory: OwnDirectory) -> None:
        self._directory = directory

    @property
    def identity(self) -> str:
        """See `toban.ports.backup.Target`."""
        return self._directory.identity

    def prepare(self, *, fresh: bool) -> None:
        """See `toban.ports.backup.Target`."""
        self._directory.prepare(fresh=fresh)

    def ask(self, questions: Sequence[Question]) -> list[str]:
        """See `OwnDirectory.ask`."""
        return self._directory.ask(questions)

    def discard(self) -> None:
        """See `toban.ports.backup.Target`."""
        self._directory.discard()
