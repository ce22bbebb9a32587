"""What `make mutants` rests on; the mutants themselves are not made in CI."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.mutation import equivalents
from tests.mutation.equivalents import Equivalent
from tests.mutation.forge import Only
from tests.mutation.judging import EQUIVALENT, SLOWER, TYPES, Judge, Result
from tests.mutation.report import interval, summary, updated
from tests.mutation.rooms import NEIGHBOURS
from tests.mutation.rules import (
    carried,
    constant_at,
    is_left_out,
    statement_of,
    untouched,
    used_names,
)
from tests.mutation.swapping import Loaded
from tests.mutation.tree import ROOT, Tree, Types

SOURCE = '''"""Docstring."""
import os
from toban.kernel import log

Told: TypeAlias = Early | Late
T = TypeVar("T", bound=Told)
KEPT = "collection"
WORDING = "two words"


@decorated(1)
class Held(Base, frozen=True):
    """Docstring."""

    name: str = "a"


def decide(value: int, most: "int" = 3) -> bool:
    assert value, "b"
    log.info("written", value=1)
    if value > most:
        raise TooMuch(f"{value}", limit=4)
    for a, b in zip([value], [most], strict=True):
        work.emit("started", at=5)
    return value == 6


USES = {"other": "rule"}


def __call__(self, at: int = 7) -> None: ...
'''


def test_no_mutant_touches_what_only_says_or_declares() -> None:
    lines = SOURCE.splitlines()
    texts = [
        lines[span.start.line - 1][span.start.column : span.end.column]
        for span in untouched(SOURCE)
        if span.start.line == span.end.line
    ]
    for left_out in (
        '"""Docstring."""', "import os", "Told: TypeAlias = Early | Late", 'TypeVar("T", bound=Told)', '"two words"', "decorated(1)", "Base", "True", "str", "int",
        'assert value, "b"', 'log.info("written", value=1)', 'f"{value}"',
        'USES = {"other": "rule"}', "def __call__(self, at: int = 7) -> None: ...",
    ):  # fmt: skip
        assert left_out in texts
    for broken in ('"collection"', '"a"', "3", "4", 'work.emit("started", at=5)', "6"):
        assert not any(broken in text for text in texts)


def test_files_of_wording_are_left_out() -> None:
    assert is_left_out("shared/toban/oncall/texts.py", SOURCE)
    assert is_left_out(
        "shared/toban/oncall/__init__.py", '"""Docstring."""\nfrom a import b as b\n'
    )
    assert not is_left_out("shared/toban/oncall/shifts.py", SOURCE)


def test_a_line_belongs_to_its_statement_which_runs_on_import_or_in_a_function() -> None:
    assert statement_of(SOURCE, 7) == (range(7, 8), True)
    assert statement_of(SOURCE, 15) == (range(15, 16), True)
    assert statement_of(SOURCE, 21) == (range(21, 22), False)
    assert statement_of("def f():\n    return g(\n        1,\n    )\n", 3) == (range(2, 5), False)


def test_a_constant_is_held_by_those_who_use_it() -> None:
    source = (
        "A = 1\nB: int = 2\nprint(A)\ndef f(x=A):\n    return (\n        A,\n        x.B,\n    )\n"
    )
    assert [constant_at(source, line) for line in (1, 2, 3, 6)] == ["A", "B", "", ""]
    assert (used_names(source)["A"], used_names(source)["B"]) == ({6}, {7})


def test_every_equivalent_mutant_is_one_of_the_code_as_it_is() -> None:
    assert equivalents.wrong(equivalents.read(), ROOT) == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Equivalent("shared/toban/oncall/shifts.py", "x = nothing", "x = 1", "why"), "not there"),
        (Equivalent("shared/toban/oncall/gone.py", "x", "y", "why"), "not there"),
        (Equivalent("shared/toban/cli/app.py", "import sys", "", "why"), "not in a room"),
        (Equivalent("shared/toban/oncall/shifts.py", "import math", "", "two\nlines"), "one line"),
        (Equivalent("shared/toban/oncall/shifts.py", "import math", "", " "), "one line"),
    ],
)
def test_an_entry_that_does_not_hold_is_an_error(entry: Equivalent, said: str) -> None:
    assert any(said in line for line in equivalents.wrong([entry], ROOT))


def test_an_entry_stands_once_and_few_stand_at_all() -> None:
    entry = Equivalent("shared/toban/oncall/shifts.py", "", "y", "why")
    assert any("twice" in line for line in equivalents.wrong([entry, entry], ROOT))
    assert equivalents.too_many([entry] * 4, "oncall", 100)
    assert not equivalents.too_many([entry] * 3, "oncall", 100)
    assert not equivalents.too_many([entry] * 4, "notify", 100)


def test_the_interval_of_a_share() -> None:
    assert interval(95, 100) == pytest.approx((0.8882, 0.9785), abs=0.0001)
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(10, 10)[1] == 1.0


def test_equivalent_mutants_and_tests_that_fail_anyway_do_not_count_as_noticed() -> None:
    def result(noticed_by: str) -> Result:
        return Result("p", 1, "number", "1", "2", noticed_by, 3, 0)

    results = [result(by) for by in ("a::b", "c::d", TYPES, EQUIVALENT, "")]
    told = summary("oncall", 1, 500, results, {"c::d"})
    assert (told["asked"], told["equivalent"], told["noticed"]) == (5, 1, 2)
    assert told["share"] == 0.5
    assert told["low"] < 0.5 < told["high"]
    whole = summary("oncall", 1, 5, results, {"c::d"})
    assert (whole["low"], whole["high"]) == (0.5, 0.5), "nothing is left to be unsure of"
    again = replace(results[4], old="x", noticed_by="e::f")
    last = summary("oncall", 1, 500, [*results[:4], replace(again, noticed_by="")], set())
    assert [r.noticed_by for r in updated(last, [again])] == [
        "a::b", "c::d", TYPES, EQUIVALENT, "e::f",
    ]  # fmt: skip


class World:
    """A tree and what was recorded, of three tests; notes what is asked."""

    def __init__(self, fails: str = "", types: bool = True) -> None:
        self.asked: list[list[str]] = []
        self.changes: list[tuple[str, str]] = []
        self.limits: dict[str, float] = {}
        self.changed_while_loaded: list[object] = []
        self.root = Path("copy")
        self.tests = {
            "tests/simulation/test_x.py::slow": {"seconds": 9.0},
            "tests/unit/cli/test_y.py::quick": {"seconds": 0.1},
            "tests/unit/oncall/test_z.py::own": {"seconds": 2.0},
            "tests/unit/oncall/test_z.py::long": {"seconds": 29.0},
        }
        self._fails = fails
        self.types_asked = 0
        self._types = types

    def of(self, path: str, source: str, line: int) -> list[str]:
        return sorted(self.tests)

    def runs_on_import(self, path: str, source: str, line: int) -> bool:
        return statement_of(source, line)[1]

    def changed(self, path: str, source: str) -> World:
        self.changes.append((path, source))
        return self

    def __enter__(self) -> None: ...

    def __exit__(self, *ended: object) -> None: ...

    def first_failed(self, tests: dict[str, float], change: object) -> str:
        self.changed_while_loaded.append(change)
        self.asked.append(list(tests))
        self.limits |= tests
        return self._fails if self._fails in tests else ""

    def accept(self, path: str, source: str) -> bool:
        self.types_asked += 1
        return self._types


MUTANT: Any = SimpleNamespace(
    path="p", line=24, operator="number", source=SOURCE.replace("== 6", "== 7"),
    file=SimpleNamespace(source=SOURCE),
    changed=("1", "2"),
)  # fmt: skip


def judged(world: Any, *equivalent: Equivalent) -> Result:
    return Judge(world, world, world, "oncall", equivalent).judge(MUTANT)


def test_a_survivor_was_asked_of_its_own_tests_then_others_then_types() -> None:
    world = World()
    result = judged(world)
    assert world.asked == [
        ["tests/unit/oncall/test_z.py::own"],
        ["tests/unit/cli/test_y.py::quick"],
        ["tests/simulation/test_x.py::slow"],
    ]
    assert world.changes == [("p", MUTANT.source)]
    assert (result.alive, result.reached_by, result.not_asked) == (True, 4, 1)
    assert world.types_asked == 1
    assert world.limits["tests/unit/oncall/test_z.py::own"] == 5 + SLOWER * 2.0


def test_where_time_is_short_every_module_is_asked_by_turns() -> None:
    world: Any = World()
    world.tests = {f"tests/unit/cli/test_a.py::t{n}": {"seconds": 1.0} for n in range(30)}
    world.tests["tests/unit/cli/test_b.py::about_it"] = {"seconds": 4.0}
    result = judged(world)
    (asked,) = world.asked
    assert "tests/unit/cli/test_b.py::about_it" in asked
    assert (len(asked), result.not_asked) == (7, 24)


def test_the_module_that_is_called_as_the_mutated_one_is_asked_first_and_whole() -> None:
    world: Any = World()
    world.tests = {f"tests/unit/oncall/test_z.py::t{n}": {"seconds": 1.0} for n in range(90)}
    world.tests |= {f"tests/unit/oncall/test_p.py::t{n}": {"seconds": 1.0} for n in range(28)}
    judged(world)
    assert [len(tests) for tests in world.asked] == [28, 30]
    assert all("test_p.py" in test for test in world.asked[0])


def test_the_first_test_that_fails_ends_it() -> None:
    world = World(fails="tests/unit/oncall/test_z.py::own")
    assert judged(world).noticed_by == "tests/unit/oncall/test_z.py::own"
    assert len(world.asked) == 1
    assert world.types_asked == 0


def test_what_noticed_another_mutant_of_the_file_is_asked_first() -> None:
    slow, quick = "tests/simulation/test_x.py::slow", "tests/unit/cli/test_y.py::quick"
    world: Any = World()
    world.tests[slow]["seconds"] = NEIGHBOURS - 0.1
    judge = Judge(world, world, world, "oncall", [])

    def noticed(path: str, by: str) -> Result:
        return Result(path, 1, "number", "1", "2", by, 3, 0)

    judge.remember([noticed("p", by) for by in (quick, slow, TYPES, "tests/gone.py::test", quick)])
    judge.remember([noticed("elsewhere", "tests/unit/oncall/test_z.py::own")])
    judge.judge(MUTANT)
    assert world.asked[0] == [quick, slow]
    world.asked.clear()
    world.tests[slow]["seconds"] = NEIGHBOURS
    judge.judge(MUTANT)
    assert world.asked[0] == [quick]


def test_what_is_known_of_a_line_goes_with_it_and_to_what_is_new_beside_it() -> None:
    assert carried("a\nb\nc\n", "a\nb\nc\n") == {1: [1], 2: [2], 3: [3]}
    moved = carried("a\nb\nc\n", "x\na\nB\nc\n")
    assert {line: sorted(set(moved[line])) for line in (1, 2, 3)} == {
        1: [1, 2, 3],
        2: [3],
        3: [3, 4],
    }


def test_what_only_mypy_notices_is_noticed() -> None:
    assert judged(World(types=False)).noticed_by == TYPES


def test_a_mutant_in_the_list_is_not_asked() -> None:
    world = World()
    result = judged(world, Equivalent("p", "1", "2", "why"))
    assert result.equivalent
    assert not result.alive
    assert world.asked == []


def test_a_function_is_changed_while_it_is_loaded_and_a_constant_is_imported_again() -> None:
    world: Any = World()
    judged(world)
    assert set(world.changed_while_loaded) == {("copy/p", SOURCE, MUTANT.source, 24)}
    constant: Any = SimpleNamespace(**{**vars(MUTANT), "line": 7})
    other: Any = World()
    Judge(other, other, other, "oncall", []).judge(constant)
    assert set(other.changed_while_loaded) == {None}


def test_a_loaded_function_gets_the_code_of_its_mutant(tmp_path: Path) -> None:
    source = (
        "import functools\n\n\nclass A:\n    @property\n    def b(self):\n        return 1\n\n"
        "    @b.setter\n    def b(self, new):\n        self.new = [new for _ in 'x']\n\n\n"
        "@functools.cache\ndef c():\n    return [x + 1 for x in (1, 2)]\n\n\n"
        "def d():\n    def e():\n        return 'f'\n    return e\n\n\ne = d()\n"
    )
    file = str(tmp_path / "made.py")
    made: dict[str, Any] = {}
    exec(compile(source, file, "exec"), made)
    gc.freeze()  # as after the collection of tests
    loaded = Loaded(str(tmp_path))
    assert loaded.swap(file, source, source.replace("x + 1", "x + 2"), 16)
    assert loaded.swap(file, source, source.replace("[new for", "[-new for"), 11)
    a = made["A"]()
    a.b = 3
    assert (made["c"](), a.b, a.new) == ([3, 4], 1, [-3])
    assert loaded.swap(file, source, source.replace("'f'", "'g'"), 21)
    assert (made["d"]()(), made["e"]()) == ("g", "g")
    assert not Loaded(str(tmp_path / "elsewhere")).swap(file, source, source, 16)


def test_the_copy_is_as_it_was_after_a_mutant(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("old")
    before = (tmp_path / "a.py").stat().st_mtime_ns
    tree = Tree(tmp_path)
    with tree.changed("a.py", "new"):
        assert (tmp_path / "a.py").read_text() == "new"
        assert (tmp_path / "a.py").stat().st_mtime_ns != before
    assert (tmp_path / "a.py").read_text() == "old"
    assert (tmp_path / "a.py").stat().st_mtime_ns == before


def test_a_test_whose_name_holds_what_was_changed_is_asked_under_its_new_one() -> None:
    limits = {"t.py::b": 4.0, "t.py::a[tue]": 3.0}
    only = Only(limits, 0)
    items: list[Any] = [
        SimpleNamespace(nodeid=name) for name in ("t.py::c[tue]", "t.py::a[XXtueXX]", "t.py::b")
    ]
    list(only.pytest_collection_modifyitems(items))
    assert [item.nodeid for item in items] == ["t.py::b", "t.py::a[XXtueXX]"]
    assert limits["t.py::a[XXtueXX]"] == 3.0


@pytest.mark.parametrize(
    ("codes", "accepted"),
    [
        ({"run": [0, 0]}, True),
        ({"run": [0, 1]}, False),
        # It has broken down, or is stricter than what `make check` asks.
        ({"run": [0, 2], "mypy": [0]}, True),
        ({"run": [0, 2], "mypy": [1]}, False),
        ({"run": [1], "mypy": [0]}, True),
        ({"run": [1], "mypy": [1]}, False),
    ],
)
def test_types_are_looked_at_by_who_stays_there_and_where_it_cannot_by_mypy(
    codes: dict[str, list[int]], accepted: bool
) -> None:
    class Copy:
        source = "old"

        def refresh(self) -> None: ...

        @contextlib.contextmanager
        def changed(self, path: str, source: str) -> Iterator[None]:
            self.source = source
            yield
            self.source = "old"

        def run(self, *asked: str) -> SimpleNamespace:
            found = codes["run" if "run" in asked else "mypy"]
            assert self.source == ("old" if first else "new")
            first.clear()
            return SimpleNamespace(returncode=found.pop(0))

    first = [True]
    copy: Any = Copy()
    assert Types(copy).accept("p", "new") is accepted
    assert not any(codes.values())


def test_of_what_is_imported_anew_fewer_modules_are_asked() -> None:
    world: Any = World()
    world.tests = {f"tests/unit/cli/test_{n}.py::t": {"seconds": 1.0} for n in range(20)}
    judged(world)
    constant: Any = SimpleNamespace(**{**vars(MUTANT), "line": 7})
    other: Any = World()
    other.tests = world.tests
    Judge(other, other, other, "oncall", []).judge(constant)
    assert [len(tests) for tests in (*world.asked, *other.asked)] == [10, 6]
