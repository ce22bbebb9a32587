"""
Which tests reach which line: recorded once, again for test modules that have changed.

A change in a room carries what is known of its lines to where they stand now. What that misses is not
asked, so it can only call a mutant alive that is not; ``--record`` records everything again.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import coverage

from tests.mutation.recording import SETUP
from tests.mutation.rooms import FEW_SEEDS, ROOMS, level_of
from tests.mutation.rules import carried, constant_at, statement_of, used_names
from tests.mutation.tree import WORK, Tree

SELECTED = ("-m", "not emulator and not server", *FEW_SEEDS)


class Reach:
    """What was recorded, for the tree as it is."""

    def __init__(self, tree: Tree, levels: int, directory: Path = WORK / "reach") -> None:
        self._tree = tree
        self._directory = directory
        self._levels = range(levels)
        self.tests: dict[str, dict[str, Any]] = {}
        self.imported: set[str] = set()
        self._imported: dict[str, set[int]] = defaultdict(set)
        self._lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))

    def load(self, *, anew: bool = False) -> None:
        """Record what is not recorded as it is now (`anew`: everything), and read everything."""
        directory, said = self._directory, self._directory / "index.json"
        directory.mkdir(parents=True, exist_ok=True)
        index = json.loads(said.read_text()) if said.exists() and not anew else {"modules": {}}
        for level in self._levels:
            now = {module: _digest([self._tree.root / module]) for module in self._modules(level)}
            stale = sorted(m for m in now if index["modules"].get(m, {}).get("digest") != now[m])
            if stale:
                data = f"{_digest([], *stale, *(now[m] for m in stale))}"
                sys.stderr.write(f"recording what {len(stale)} test modules reach\n")
                self._record(directory / data, stale)
                index["modules"] |= {m: {"digest": now[m], "data": data} for m in stale}
                said.write_text(json.dumps(index))
            self._read({m: index["modules"][m]["data"] for m in now})

    def of(self, path: str, source: str, line: int) -> list[str]:
        """
        The tests that reach a line.

        Of what runs on import: those that reach where its name is used, or else its file, or else who
        imports it.
        """
        if not self.runs_on_import(path, source, line):
            return sorted(self._at(path, statement_of(source, line)[0]))
        using = self._using(name) if (name := constant_at(source, line)) else set()
        touched = using or self._touching(path)
        return sorted(touched or {t for p in self._importing(path) for t in self._touching(p)})

    def runs_on_import(self, path: str, source: str, line: int) -> bool:
        """Whether a line is of no function, or of one that no test calls, but a module that is imported."""
        lines, on_import = statement_of(source, line)
        called = self._at(path, lines) or not self._imported[path].intersection(lines)
        return on_import or not called

    def _at(self, path: str, lines: Iterable[int]) -> set[str]:
        known = self._lines[path]
        return {test for number in lines for test in known.get(number, ())}

    def _using(self, name: str) -> set[str]:
        return {
            t for path in list(self._lines) for t in self._at(path, self._uses(path).get(name, ()))
        }

    @cache  # noqa: B019 - there is one for the whole run
    def _uses(self, path: str) -> dict[str, set[int]]:
        """The lines of functions in which a name stands."""
        return used_names((self._tree.root / path).read_text(encoding="utf-8"))

    def _touching(self, path: str) -> set[str]:
        return set().union(*self._lines[path].values())

    def _importing(self, path: str) -> list[str]:
        name = (
            path.removeprefix("shared/")
            .removesuffix(".py")
            .removesuffix("/__init__")
            .replace("/", ".")
        )
        return [other for other in list(self._lines) if name in _imports(self._tree.root / other)]

    def _modules(self, level: int) -> list[str]:
        found = sorted((self._tree.root / "tests").rglob("test_*.py"))
        names = [path.relative_to(self._tree.root).as_posix() for path in found]
        return [name for name in names if level_of(name) == level]

    def _record(self, data: Path, modules: list[str]) -> None:
        done = self._tree.run("-m", "tests.mutation.recording", str(data), *SELECTED, *modules)
        if not data.with_suffix(".json").exists():
            raise RuntimeError(f"the tests cannot be recorded:\n{done.stdout}\n{done.stderr}")
        data.with_suffix(".sources").write_text(json.dumps(self._sources()))
        told = json.loads(data.with_suffix(".json").read_text())["tests"]
        for test in [test for test, of in told.items() if not of.get("passed")]:
            sys.stderr.write(f"not asked, since it fails or is skipped by itself: {test}\n")

    def _sources(self) -> dict[str, str]:
        root = self._tree.root
        return {
            path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
            for room in ROOMS
            for path in (root / "shared/toban" / room).rglob("*.py")
        }

    def _read(self, data_of: dict[str, str]) -> None:
        for name in sorted(set(data_of.values())):
            told = json.loads((self._directory / f"{name}.json").read_text())
            self.imported |= set(told["imported"])
            current = {
                test: of for test, of in told["tests"].items()
                if of.get("passed") and data_of.get(test.partition("::")[0]) == name
            }  # fmt: skip
            self.tests |= current
            self._read_lines(self._directory / f"{name}.coverage", current)

    def _read_lines(self, file: Path, tests: dict[str, Any]) -> None:
        sharing: dict[str, list[str]] = defaultdict(list)
        for test, of in tests.items():
            if of["shares"]:
                sharing[test.partition("::")[0]].append(test)
        data = coverage.CoverageData(str(file))
        data.read()
        then, now = json.loads(file.with_suffix(".sources").read_text()), self._sources()
        for measured in data.measured_files():
            path = "shared/" + measured.rpartition("/shared/")[2]
            if path not in now:
                continue
            known, lines = self._lines[path], carried(then[path], now[path])
            for line, contexts in data.contexts_by_lineno(measured).items():
                if "" in contexts:
                    self._imported[path].update(lines.get(line, ()))
                found = set()
                for context in contexts:
                    test = context.removeprefix(SETUP)
                    if test in tests:
                        found.add(test)
                        if test != context and tests[test]["shares"]:
                            found.update(sharing[test.partition("::")[0]])
                for carried_to in lines.get(line, ()):
                    known[carried_to] |= found


def _digest(paths: Iterable[Path], *texts: str) -> str:
    found = hashlib.sha256()
    for path in sorted(paths):
        found.update(str(path.name).encode() + path.read_bytes())
    for text in texts:
        found.update(text.encode())
    return found.hexdigest()[:16]


@cache
def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found
