"""
``python -m tests.mutation.forge``, in the copy of the tree: runs tests, each request in a child of its own.

With modules of tests as arguments it collects them and stays there: a child changes one function
(`tests.mutation.swapping`) and runs the tests at once. Without, it has only imported what tests take
from elsewhere, and a child imports the tree as it is then: for what runs on import.

Requests and answers are lines of JSON: ``{"number": 1, "tests": {"…": 30}, "change": […]}`` (how long
each may take) gives ``{"number": 1, "failed": "…"}``, with the test that failed, or empty.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import pytest

from tests.mutation.swapping import Loaded

NOT_BEFORE_A_FORK = ("grpc", "google", "pkg_resources")
MEMORY = 8 << 30
TIMERS = (
    (signal.ITIMER_PROF, signal.SIGPROF, 0.0),
    (signal.ITIMER_REAL, signal.SIGALRM, 120.0),
)
"""A test may take its seconds of the processor, and two minutes more by the clock on the wall."""
TIMEOUT = "(takes too long)"
BROKEN = "(nothing can be imported)"
CANNOT = "(cannot be changed while it is loaded)"
OPTIONS = ("-x", "-q", "-n", "0", "--tb=no", "-p", "no:cacheprovider")


class Teller:
    """A plugin: says on a pipe which test failed first; a test that takes too long ends the process."""

    def __init__(self, told: int, limits: dict[str, float]) -> None:
        self._told = told
        self._limits = limits
        self.failed = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        for timer, alarm, more in TIMERS:
            signal.signal(alarm, signal.SIG_DFL)
            signal.setitimer(timer, self._limits[item.nodeid] + more)
        result = yield
        for timer, _, _ in TIMERS:
            signal.setitimer(timer, 0)
        return result

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = True
            os.write(self._told, report.nodeid.encode())


class Only(Teller):
    """
    A plugin: these tests in this order.

    One that is not there any more stands for those of its function: the mutant is in their names.
    """

    def __init__(self, tests: dict[str, float], told: int) -> None:
        super().__init__(told, tests)
        self._place = {test: number for number, test in enumerate(tests)}

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        yield
        gone = {
            test.partition("[")[0]: test
            for test in self._place.keys() - {item.nodeid for item in items}
        }
        for item in items:
            if old := gone.get(item.nodeid.partition("[")[0]):
                self._place.setdefault(item.nodeid, self._place[old])
                self._limits.setdefault(item.nodeid, self._limits[old])
        items[:] = [item for item in items if item.nodeid in self._place]
        items.sort(key=lambda item: self._place[item.nodeid])


class Warm:
    """A plugin: instead of running what was collected, answers requests."""

    def __init__(self, requests: TextIO, answers: TextIO) -> None:
        self._requests = requests
        self._answers = answers

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        loaded = Loaded(str(Path.cwd()))
        base = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        gc.freeze()

        def run(told: int, tests: dict[str, float], change: list[Any] | None) -> int:
            teller = Teller(told, tests)
            session.config.pluginmanager.register(teller)
            try:
                if change and not loaded.swap(*change):
                    raise ValueError
            except ValueError:
                os.write(told, CANNOT.encode())
                return 1
            chosen = [items[test] for test in tests]
            for item, after in zip(chosen, [*chosen[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
                if teller.failed:
                    return 1
            return 0

        def forget() -> None:
            for path in base.iterdir():
                shutil.rmtree(path, ignore_errors=True)

        serve(self._requests, self._answers, run, forget)
        return True


def cold(told: int, tests: dict[str, float], _change: list[Any] | None, options: list[str]) -> int:
    """Import the tree as it is, and run the tests."""
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    modules = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    return int(pytest.main([*OPTIONS, *options, *modules], [Only(tests, told)]))


def serve(
    requests: TextIO, answers: TextIO, run: Callable[[int, dict[str, float], list[Any] | None], int],
    after: Callable[[], None],
) -> None:  # fmt: skip
    """Answer line by line, each in a child."""
    for line in requests:
        asked = json.loads(line)
        failed = _in_child(run, asked["tests"], asked["change"])
        after()
        answers.write(json.dumps({"number": asked["number"], "failed": failed}) + "\n")
        answers.flush()


def _in_child(run: Callable[..., int], tests: dict[str, float], change: Any) -> str:
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            sys.dont_write_bytecode = True
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
            code = run(told, tests, change)
        finally:  # whatever is raised: what is left of the parent is not run on
            os._exit(code)
    os.close(told)
    code = _wait(child, 60 + sum(tests.values()) + 120 * len(tests))
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    said = os.read(heard, 10_000) if select.select([heard], [], [], 0)[0] else b""
    os.close(heard)
    if code in (None, -signal.SIGALRM, -signal.SIGPROF):
        return TIMEOUT
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise RuntimeError(f"none of {tests} is there")
    return "" if code == 0 else said.decode() or BROKEN


def _wait(child: int, seconds: float) -> int | None:
    """How the child ended; None: it did not."""
    end = time.monotonic() + seconds
    pause = 0.005
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def main(options: list[str], modules: list[str]) -> None:
    """Import what the first line names, collect the modules if there are any, then answer."""
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for name in json.loads(requests.readline()):
        if name.partition(".")[0] not in NOT_BEFORE_A_FORK:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    if modules:
        pytest.main([*OPTIONS, *options, *modules], [Warm(requests, answers)])
    else:
        serve(requests, answers, lambda *asked: cold(*asked, options), lambda: None)


if __name__ == "__main__":
    first = sys.argv.index("--")
    main(sys.argv[1:first], sys.argv[first + 1 :])
