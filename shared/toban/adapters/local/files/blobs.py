"""Objects in a directory, secrets from the environment, the machine's clock."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from toban.adapters.local.sqlite.values import check_blob_name

_UNFINISHED = ".tmp"


class SystemClock:
    """The `Clock` port: the machine's clock."""

    def now(self) -> datetime:
        """See `toban.ports.Clock`."""
        return datetime.now(UTC)


class FileBlobs:
    """
    Objects as files below `root`.

    An object appears whole or not at all, also when the machine stops: it is written elsewhere,
    synced and then linked to its name, which fails when the name is taken. Names that would
    leave `root` raise `ValueError`; so does one that needs a file where a directory is.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def create(self, name: str, data: bytes, content_type: str) -> bool:  # noqa: ARG002
        """See `toban.ports.Blobs`; the content type shows in the name's ending."""
        path = self._path(name)
        if path.is_file():
            return False
        try:
            make_directory(path.parent)
        except (FileExistsError, NotADirectoryError):
            raise ValueError(f"{name!r} would be below another object") from None
        with unfinished(self._root / _UNFINISHED, (data,)) as whole:
            try:
                path.hardlink_to(whole)
            except FileExistsError:
                if path.is_dir():
                    raise ValueError(f"{name!r} has other objects below it") from None
                return False
        sync_directory(path.parent)
        return True

    def read(self, name: str) -> bytes:
        """See `toban.ports.Blobs`."""
        try:
            return self._path(name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise KeyError(name) from None

    def names(self, prefix: str) -> list[str]:
        """See `toban.ports.Blobs`."""
        # Whole directories of the prefix narrow the walk; the rest of it is compared.
        parts = prefix.split("/")[:-1]
        if any(part in {"", ".", ".."} for part in parts):
            return []
        found = []
        for directory, children, files in os.walk(self._root.joinpath(*parts)):
            place = Path(directory).relative_to(self._root)
            children[:] = [child for child in children if not child.startswith(_UNFINISHED)]
            found += [(place / file).as_posix() for file in files]
        return sorted(name for name in found if name.startswith(prefix))

    def delete(self, name: str) -> None:
        """See `toban.ports.Blobs`; directories stay."""
        try:
            self._path(name).unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return  # there is no such object

    def url(self, name: str) -> str:
        """Return a ``file://`` address."""
        return self._path(name).as_uri()

    def _path(self, name: str) -> Path:
        check_blob_name(name)
        path = self._root / name
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise ValueError(f"{name!r} leads out of the directory")
        return path


@contextlib.contextmanager
def unfinished(directory: Path, chunks: Iterable[bytes]) -> Iterator[Path]:
    """A file below `directory` with all of `chunks`, on the disk; removed in the end."""
    make_directory(directory)
    path = directory / secrets.token_hex(16)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        yield path
    finally:
        path.unlink(missing_ok=True)


def make_directory(path: Path) -> None:
    """Make a directory and those above it, so that they are there after a power cut."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        directory.mkdir(exist_ok=True)
        sync_directory(directory.parent)


def sync_directory(path: Path) -> None:
    """Make what was created, linked or removed in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class EnvSecrets:
    """
    The `Secrets` port from environment variables.

    ``TOBAN_SECRET_<NAME>`` is the value; while it is being rotated, the one before is accepted
    too as ``TOBAN_SECRET_<NAME>_PREVIOUS``. A blank variable counts as not set.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def values(self, name: str) -> list[str]:
        """See `toban.ports.Secrets`."""
        found = (
            self._environ.get(f"TOBAN_SECRET_{name}{suffix}", "") for suffix in ("", "_PREVIOUS")
        )
        return [value for value in found if value.strip()]
