"""The files of a new service: planned by what is there, written all or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

GITIGNORE = ".gitignore"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file, and what becomes of it."""

    path: Path
    what: Literal["written", "added", "kept"]
    """``kept``: it is there, and stays as it is; ``added``: `text` is put at its end."""
    text: str = ""
    secret: bool = False
    """Only this user may read it, and it is shown nowhere."""


def env_file(path: Path, wanted: Iterable[tuple[str, str]], head: str) -> PlannedFile:
    """
    Return the file of local secrets: (name, comment) each with a new value.

    One that is there is kept: somebody's values are in it.
    """
    if os.path.lexists(path):
        return PlannedFile(path, "kept", secret=True)
    lines = [f"# {line}" for line in head.splitlines()]
    for name, comment in wanted:
        lines += ["", f"# {comment}", f"TOBAN_SECRET_{name}={secrets.token_urlsafe(32)}"]
    return PlannedFile(path, "written", "\n".join(lines) + "\n", secret=True)


def ignored(folder: Path, names: Sequence[str]) -> PlannedFile:
    """Return the .gitignore of a folder, which has to cover `names` (a directory ends with ``/``)."""
    path = folder / GITIGNORE
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    missing = [f"/{name}" for name in names if not covers(text, name)]
    if not missing:
        return PlannedFile(path, "kept")
    added = "\n".join(missing) + "\n"
    if not path.exists():
        return PlannedFile(path, "written", added)
    return PlannedFile(
        path, "added", f"{'' if text.endswith(chr(10)) or not text else chr(10)}{added}"
    )


def covers(gitignore: str, name: str) -> bool:
    """
    Return whether the lines of a .gitignore ignore something beside it.

    By simple patterns alone: what only a closer look would find is ignored twice, which does no harm.
    """
    found = False
    for raw in gitignore.splitlines():
        line = raw.rstrip()
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!").removeprefix("/")
        folder = pattern.endswith("/")
        if "/" in pattern.rstrip("/") or (folder and not name.endswith("/")):
            continue
        if fnmatch(name.rstrip("/"), pattern.rstrip("/")):
            found = not line.startswith("!")
    return found


def write(files: Sequence[PlannedFile]) -> None:
    """
    Write what was planned, in this order; what was written is removed again if one fails.

    Raises `OSError`; `FileExistsError` for one that has appeared meanwhile.
    """
    with contextlib.ExitStack() as undo:
        for each in files:
            if each.what == "kept":
                continue
            for folder in _made(each.path.parent):
                undo.callback(_remove_folder, folder)
            if each.what == "added":
                before = each.path.read_bytes()
                undo.callback(each.path.write_bytes, before)
                with each.path.open("a", encoding="utf-8") as file:
                    file.write(each.text)
                continue
            mode = 0o600 if each.secret else 0o666
            descriptor = os.open(each.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            undo.callback(each.path.unlink, missing_ok=True)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(each.text)
        undo.pop_all()


def _made(folder: Path) -> Iterator[Path]:
    """Make a folder and those above it; yields each that was made."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir()
        yield each


def _remove_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
