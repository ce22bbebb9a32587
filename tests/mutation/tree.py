"""The copy of the tree in which mutants live; this one is never touched."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.mutation.forge import CANNOT
from tests.mutation.rooms import FEW_SEEDS

ROOT = Path(__file__).parents[2]
WORK = ROOT / ".mutants"
"""Ignored by git: the copy, what was recorded, and the last results."""

Change = tuple[str, str, str, int] | None


class Tree:
    """The copy, and what runs in it."""

    def __init__(self, root: Path = WORK / "tree") -> None:
        self.root = root
        self._cold: subprocess.Popen[str] | None = None
        self._warm: subprocess.Popen[str] | None = None
        self._ticks = itertools.count(1)

    def refresh(self) -> None:
        """Make the copy what this tree is now."""
        listed = _said("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
        wanted = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
        for name in wanted:
            there = self.root / name
            if not there.exists() or there.read_bytes() != (ROOT / name).read_bytes():
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, there)
        kept = {self.root / name for name in wanted}
        for path in [p for p in self.root.rglob("*.py") if p not in kept]:
            path.unlink()

    @contextlib.contextmanager
    def changed(self, path: str, source: str) -> Iterator[None]:
        """The copy with one file changed: never taken for what was compiled before (another time)."""
        there = self.root / path
        original, seen = there.read_bytes(), there.stat()
        try:
            there.write_text(source, encoding="utf-8")
            later = seen.st_mtime + 10 * next(self._ticks)
            os.utime(there, (later, later))
            yield
        finally:
            there.write_bytes(original)
            os.utime(there, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    def start(self, imported: Sequence[str], modules: Sequence[str]) -> None:
        """Start what runs the tests of these modules."""
        self._cold = self._forge(imported, [])
        self._warm = self._forge(imported, modules)

    def first_failed(self, tests: Mapping[str, float], change: Change = None) -> str:
        """
        The first of the tests that fails in the copy as it is, or empty; each may take so many seconds.

        `change` names a function that is different (file, source before and after, line); None: something
        that runs on import may be.
        """
        asked = {
            "number": next(self._ticks),
            "tests": dict(tests),
            "change": change and list(change),
        }
        if change is not None and (failed := _ask(self._warm, asked)) != CANNOT:
            return failed
        return _ask(self._cold, asked)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A program of Python in the copy."""
        return subprocess.run(
            [sys.executable, *arguments], cwd=self.root, env=self.environment,
            check=False, text=True, capture_output=True,
        )  # fmt: skip

    def close(self) -> None:
        """Stop what runs the tests."""
        for forge in (self._cold, self._warm):
            if forge is not None:
                forge.kill()
                forge.wait()

    @property
    def environment(self) -> dict[str, str]:
        """Everything is imported from the copy."""
        return os.environ | {"PYTHONPATH": f"{self.root / 'shared'}{os.pathsep}{self.root}"}

    def _forge(self, imported: Sequence[str], modules: Sequence[str]) -> subprocess.Popen[str]:
        started = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.forge", *FEW_SEEDS, "--", *modules],
            cwd=self.root, env=self.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(WORK / "forge.log").open("a"),
            start_new_session=True,  # an interrupt is for the one who asks
        )  # fmt: skip
        _tell(started, imported)
        return started


class Types:
    """
    mypy in a copy of its own: it stays there and looks at nothing but what has changed.

    Started when it is first asked. Where it does not accept the tree as it is (as a daemon it is a
    little stricter) or breaks down, mypy itself is asked. Thread-safe.
    """

    def __init__(self, tree: Tree | None = None) -> None:
        self._tree = tree or Tree(WORK / "types")
        self._lock = threading.Lock()
        self._is_daemon: bool | None = None

    def accept(self, path: str, source: str) -> bool:
        """Whether there is no error when a file has this source, as `make check` would see it."""
        with self._lock:
            if self._is_daemon is None:
                self._tree.refresh()
                self._is_daemon = self._daemon("run", "--") == 0
            with self._tree.changed(path, source):
                code = self._daemon("run", "--") if self._is_daemon else 2
                if code not in (0, 1):
                    code = self._tree.run("-m", "mypy", "--no-error-summary").returncode
        return code == 0

    def close(self) -> None:
        """Stop it."""
        if self._is_daemon is not None:
            self._daemon("stop")

    def _daemon(self, *asked: str) -> int:
        return self._tree.run("-m", "mypy.dmypy", *asked).returncode


def _ask(forge: subprocess.Popen[str] | None, asked: dict[str, object]) -> str:
    assert forge is not None
    assert forge.stdout is not None
    _tell(forge, asked)
    for line in forge.stdout:
        answer = json.loads(line)
        if answer["number"] == asked["number"]:  # an earlier one: its question was interrupted
            return str(answer["failed"])
    raise RuntimeError(f"what runs the tests has ended: see {WORK / 'forge.log'}")


def _tell(forge: subprocess.Popen[str], said: object) -> None:
    assert forge.stdin is not None
    forge.stdin.write(json.dumps(said) + "\n")
    forge.stdin.flush()


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, text=True, capture_output=True).stdout
