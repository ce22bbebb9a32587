"""The copy of the tree in which mutants live; this one is never touched."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutation.rooms import FEW_SEEDS

ROOT = Path(__file__).parents[2]
WORK = ROOT / ".mutants"
"""Ignored by git: the copy, what was recorded, and the last results."""


class Tree:
    """The copy, and what runs in it."""

    def __init__(self, root: Path = WORK / "tree") -> None:
        self.root = root
        self._forge: subprocess.Popen[str] | None = None
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

    def start(self, imported: Sequence[str]) -> None:
        """Start what runs the tests."""
        self._forge = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.forge"],
            cwd=self.root, env=self.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._tell(imported)

    def first_failed(self, tests: Sequence[str], seconds: float) -> str:
        """The first of the tests that fails in the copy as it is, or empty."""
        self._tell({"tests": tests, "seconds": seconds, "options": FEW_SEEDS})
        assert self._forge is not None
        assert self._forge.stdout is not None
        return str(json.loads(self._forge.stdout.readline())["failed"])

    def passes_types(self) -> bool:
        """Whether mypy accepts the copy, as `make check` would."""
        return self.run("-m", "mypy", "--no-error-summary").returncode == 0

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A program of Python in the copy."""
        return subprocess.run(
            [sys.executable, *arguments], cwd=self.root, env=self.environment,
            check=False, text=True, capture_output=True,
        )  # fmt: skip

    def close(self) -> None:
        """Stop what runs the tests."""
        if self._forge is not None:
            self._forge.kill()
            self._forge.wait()

    @property
    def environment(self) -> dict[str, str]:
        """Everything is imported from the copy."""
        return os.environ | {"PYTHONPATH": f"{self.root / 'shared'}{os.pathsep}{self.root}"}

    def _tell(self, said: object) -> None:
        assert self._forge is not None
        assert self._forge.stdin is not None
        self._forge.stdin.write(json.dumps(said) + "\n")
        self._forge.stdin.flush()


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, text=True, capture_output=True).stdout
