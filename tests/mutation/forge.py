"""
``python -m tests.mutation.forge``, in the copy of the tree: runs tests, each request in a child of its own.

Requests and answers are lines of JSON: ``{"tests": […], "seconds": 30}`` gives ``{"failed": "…"}``, with
the test that failed, or empty. The parent has imported what tests take from elsewhere (a second and
more), and nothing of this tree: a child reads the tree as it is then.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

NOT_BEFORE_A_FORK = ("grpc", "google", "pkg_resources", "hypothesis", "_hypothesis")
MEMORY = 6 << 30
TIMEOUT = "(takes too long)"
BROKEN = "(nothing can be imported)"


class Only:
    """A plugin: these tests in this order; says which one failed."""

    def __init__(self, tests: Sequence[str], told: int) -> None:
        self._place = {test: number for number, test in enumerate(tests)}
        self._told = told

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        yield
        items[:] = [item for item in items if item.nodeid in self._place]
        items.sort(key=lambda item: self._place[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self._told, f"{report.nodeid}\n".encode())


def run(tests: Sequence[str], seconds: float, options: Sequence[str]) -> str:
    """The first of these tests that fails, or empty."""
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(heard)
        _in_child(tests, told, options)
    os.close(told)
    code = _wait(child, seconds)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    failed = _said(heard)
    if code is None:
        return TIMEOUT
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise RuntimeError(f"none of {tests} is there")
    return "" if code == 0 else failed or BROKEN


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


def _said(heard: int) -> str:
    """The first line; a process that a test left behind may hold the other end open."""
    said = os.read(heard, 10_000) if select.select([heard], [], [], 0)[0] else b""
    os.close(heard)
    return said.decode().partition("\n")[0]


def _in_child(tests: Sequence[str], told: int, options: Sequence[str]) -> None:
    """Never comes back: whatever is raised, what is left of the parent is not run on."""
    code = 1
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        modules = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        given = ["-x", "-q", "-n", "0", "--tb=no", "-p", "no:cacheprovider", *options, *modules]
        code = int(pytest.main(given, [Only(tests, told)]))
    finally:
        os._exit(code)


def main() -> None:
    """Import what the first line names, then answer line by line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for name in json.loads(sys.stdin.readline()):
        if name.partition(".")[0] not in NOT_BEFORE_A_FORK:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        answers.write(json.dumps({"failed": run(**asked)}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
