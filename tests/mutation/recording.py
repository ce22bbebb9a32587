"""
``python -m tests.mutation.recording DATA TESTS…``: which test reaches which line of the rooms.

Writes ``DATA.coverage`` (a context for each test) and ``DATA.json`` (what each test takes of the
processor, whatever else the machine does, and which third-party modules were imported). A fixture of a module runs within the first test that asks for it:
what it reaches counts for every test of that module which asks for such a fixture.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

from tests.mutation.rooms import ROOMS

SETUP = "setup of "
OURS = ("toban", "tests", "conftest", "__main__")


class Recorder:
    """A plugin: each test in a context of its own, and how long it takes."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self._measured = measured
        self.tests: dict[str, dict[str, Any]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        begun = time.process_time()
        result = yield
        self.tests.setdefault(item.nodeid, {})["seconds"] = round(time.process_time() - begun, 4)
        self.tests[item.nodeid]["shares"] = _shares(item)
        self._measured.switch_context("")
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        self._measured.switch_context(SETUP + item.nodeid)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        self._measured.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.tests.setdefault(report.nodeid, {})["passed"] = report.passed


def _shares(item: pytest.Item) -> bool:
    """Whether the test uses a fixture that its module, or a larger part of the run, has in common."""
    known = getattr(item, "_fixtureinfo", None)
    return known is not None and any(
        found.scope != "function"
        for fixtures in known.name2fixturedefs.values()
        for found in fixtures
    )


def main(data: Path, tests: list[str]) -> int:
    """Run the tests; anything but a clean run is an error, since a mutant could not be told from it."""
    measured = coverage.Coverage(
        data_file=str(data.with_suffix(".coverage")),
        config_file=False,
        include=[f"shared/toban/{room}/*" for room in ROOMS],
        concurrency=["thread", "greenlet"],
    )
    recorder = Recorder(measured)
    measured.start()
    code = pytest.main(["-q", "-n", "0", "-p", "no:cacheprovider", *tests], [recorder])
    measured.stop()
    measured.save()
    imported = sorted({name for name in sys.modules if name.partition(".")[0] not in OURS})
    told = {"tests": recorder.tests, "imported": imported}
    data.with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
