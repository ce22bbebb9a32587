"""What becomes of each mutant: the tests that reach it, the quickest first, then the types."""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutation.equivalents import Equivalent
from tests.mutation.rooms import EVERY_CLASS, IMPORTED, NEIGHBOURS, OWN, SECONDS, level_of
from tests.mutation.tree import Change, Tree, Types

if TYPE_CHECKING:  # these need what only `make mutants` installs
    from tests.mutation.making import Mutant
    from tests.mutation.reach import Reach

SLOWER = 6.0
"""How much more of the processor than undisturbed a test may take, and 5 s; what needs more is noticed."""
TYPES = "mypy"
EQUIVALENT = "equivalent"


@dataclass(frozen=True)
class Result:
    """One mutant, and what noticed it: a test, mypy, or (empty) nothing."""

    path: str
    line: int
    operator: str
    old: str
    new: str
    noticed_by: str
    reached_by: int
    not_asked: int

    @property
    def alive(self) -> bool:
        """Whether nothing noticed."""
        return not self.noticed_by

    @property
    def equivalent(self) -> bool:
        """Whether nothing could."""
        return self.noticed_by == EQUIVALENT


def judge_all(judges: Sequence[Judge], mutants: Sequence[Mutant]) -> list[Result]:
    """
    Every mutant's result; on the way says how many are left and how long they take.

    Each judge judges one at a time. Interrupted, those that are judged by then.
    """
    begun = time.monotonic()
    free: queue.SimpleQueue[Judge] = queue.SimpleQueue()
    for judge in judges:
        free.put(judge)

    def judged(mutant: Mutant) -> Result:
        judge = free.get()
        try:
            return judge.judge(mutant)
        finally:
            free.put(judge)

    results: dict[int, Result] = {}
    with ThreadPoolExecutor(len(judges)) as pool:
        asked = {pool.submit(judged, mutant): place for place, mutant in enumerate(mutants)}
        try:
            for done in as_completed(asked):
                result = results[asked[done]] = done.result()
                for judge in judges:
                    judge.remember([result])
                if result.alive:
                    sys.stderr.write(f"{shown(result)}\n")
                if len(results) % 10 == 0 or len(results) == len(mutants):
                    alive = sum(result.alive for result in results.values())
                    each = (time.monotonic() - begun) / len(results)
                    left = (len(mutants) - len(results)) * each / 60
                    sys.stderr.write(
                        f"{len(results)}/{len(mutants)}, alive {alive}, {each:.1f} s each, "
                        f"{left:.0f} min left\n"
                    )
        except KeyboardInterrupt:
            sys.stderr.write("interrupted: the rest was not asked\n")
            pool.shutdown(wait=False, cancel_futures=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [results[place] for place in sorted(results)]


class Judge:
    """Judges mutants one after the other."""

    def __init__(
        self, tree: Tree, types: Types, reach: Reach, room: str, equivalents: Sequence[Equivalent]
    ) -> None:
        self._tree = tree
        self._types = types
        self._reach = reach
        self._own = f"tests/unit/{room}/"
        self._equivalents = {(e.path, e.line, e.becomes) for e in equivalents}
        self._noticed: dict[str, list[str]] = {}

    def remember(self, results: Iterable[Result]) -> None:
        """Take what noticed these for the first that is asked of their files."""
        for result in results:
            known = self._noticed.setdefault(result.path, [])
            if result.noticed_by in known:
                known.remove(result.noticed_by)
            if result.noticed_by in self._reach.tests:
                known.insert(0, result.noticed_by)

    def judge(self, mutant: Mutant) -> Result:
        """One mutant's result."""
        old, new = mutant.changed
        known = {
            "path": mutant.path,
            "line": mutant.line,
            "operator": mutant.operator,
            "old": old,
            "new": new,
        }
        if (mutant.path, old, new) in self._equivalents:
            return Result(**known, noticed_by=EQUIVALENT, reached_by=0, not_asked=0)
        tests = self._reach.of(mutant.path, mutant.file.source, mutant.line)
        change = self._change(mutant)
        batches, not_asked = self._batches(
            tests, Path(mutant.path).stem, IMPORTED if change is None else 0.0
        )
        if first := self._neighbours(mutant.path, set(tests)):
            batches.insert(0, first)
        if change is None:
            batches.append([t for t in self._reach.tests if t.startswith(EVERY_CLASS)])
        with self._tree.changed(mutant.path, mutant.source):
            noticed = ""
            for batch in filter(None, batches):
                noticed = self._tree.first_failed(self._limits(batch), change)
                if noticed:
                    break
        if not noticed and not self._types.accept(mutant.path, mutant.source):
            noticed = TYPES
        return Result(**known, noticed_by=noticed, reached_by=len(tests), not_asked=not_asked)

    def _change(self, mutant: Mutant) -> Change:
        """The change to what is loaded; None for what runs on import."""
        before = mutant.file.source
        if self._reach.runs_on_import(mutant.path, before, mutant.line):
            return None
        return str(self._tree.root / mutant.path), before, mutant.source, mutant.line

    def failing_by_themselves(self, results: Sequence[Result]) -> set[str]:
        """Of the tests that noticed something, those that fail without any mutant too."""
        asked = sorted({r.noticed_by for r in results} & self._reach.tests.keys())
        found: set[str] = set()
        while asked and (failed := self._tree.first_failed(self._limits(asked))):
            if failed not in asked:
                raise RuntimeError(f"undisturbed, the tests end with {failed}")
            found.add(failed)
            asked.remove(failed)
        return found

    def _neighbours(self, path: str, tests: Collection[str]) -> list[str]:
        """Of these tests, what noticed other mutants of the file, the last first."""
        chosen: list[str] = []
        for test in list(self._noticed.get(path, ())):
            spent = sum(map(self._takes, chosen))
            if test in tests and spent + self._takes(test) <= NEIGHBOURS:
                chosen.append(test)
        return chosen

    def _limits(self, tests: Sequence[str]) -> dict[str, float]:
        return {test: 5 + SLOWER * self._takes(test) for test in tests}

    def _batches(
        self, tests: Sequence[str], name: str, module: float
    ) -> tuple[list[list[str]], int]:
        """
        Tests to ask in turn, those of the module called as ours first; how many there is no time for.

        `module`: seconds that each module of them takes besides.
        """
        namesake = f"/test_{name}.py::"
        batches, left_out = [], 0
        for level, most in enumerate(SECONDS):
            of_level = [test for test in tests if level_of(test) == level]
            named = [test for test in of_level if namesake in test]
            own = [test for test in of_level if test.startswith(self._own) and test not in named]
            others = [t for t in of_level if not t.startswith(self._own) and t not in named]
            for some, seconds in ((named, OWN), (own, OWN), (others, most)):
                batch = self._quickest(some, seconds, module)
                left_out += len(some) - len(batch)
                if batch:
                    batches.append(batch)
        return batches, left_out

    def _quickest(self, tests: Sequence[str], most: float, module_takes: float) -> list[str]:
        """
        As many as there are seconds for, some of every module; those of a module together.

        By turns, because a module of its own about the line is not the quickest of a hundred.
        """
        turns: dict[str, int] = {}
        order: list[tuple[int, float, str]] = []
        for test in sorted(tests, key=self._takes):
            module = test.partition("::")[0]
            turns[module] = turns.get(module, 0) + 1
            order.append((turns[module], self._takes(test), test))
        chosen: list[str] = []
        spent = 0.0
        for turn, takes, test in sorted(order):
            needs = takes + (module_takes if turn == 1 else 0.0)
            if not chosen or spent + needs <= most:
                chosen.append(test)
                spent += needs
        modules: dict[str, float] = {}
        for test in chosen:
            module = test.partition("::")[0]
            modules[module] = modules.get(module, 0.0) + self._takes(test)
        return sorted(
            chosen, key=lambda t: (modules[m := t.partition("::")[0]], m, self._takes(t), t)
        )

    def _takes(self, test: str) -> float:
        return float(self._reach.tests[test]["seconds"])


def shown(result: Result) -> str:
    """A survivor: its place, its lines before and after, and what reached it."""
    asked = f"{result.reached_by} tests reach it"
    if result.not_asked:
        asked += f", {result.not_asked} of them not asked (they take too long)"
    lines = [f"- {line}" for line in result.old.split("\n")]
    lines += [f"+ {line}" for line in result.new.split("\n")]
    return "\n".join([f"{result.path}:{result.line} ({result.operator}; {asked})", *lines])
