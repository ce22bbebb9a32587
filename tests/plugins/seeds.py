"""
Which seeds a simulation plays: as many as fit into its seconds, beginning elsewhere with every commit.

A test says ``@pytest.mark.seeds(least=40, seconds=15)`` and takes the fixture ``seeds``: it gives at
least so many, and goes on until so many seconds of this process' own time are spent (which a busy
machine does not shorten). ``parts=4`` makes four tests of it. The first seed follows from the commit,
so that the same commit plays the same seeds everywhere; the header of a run says how to begin there
again. ``--seeds 300`` (or ``TOBAN_SEEDS=300``) plays three hundred of each simulation, whatever it takes.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SPAN = 1_000_000
"""First seeds are below this, so that they can be read out."""


def first_seed() -> tuple[int, str]:
    """The first seed of this commit, and what it follows from; of this day where git is not there."""
    try:
        said = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        return int(said, 16) % SPAN, f"commit {said[:7]}"
    except (OSError, ValueError, subprocess.CalledProcessError):
        day = datetime.now(UTC).date()
        return day.toordinal() * 997 % SPAN, f"{day}"


class Seeds:
    """
    The seeds for one test.

    Of several parts each takes every so-many-th, so that together they play what one would.
    """

    def __init__(
        self, first: int, least: int, seconds: float, part: int = 0, parts: int = 1,
        spent: Callable[[], float] = time.process_time,
    ) -> None:  # fmt: skip
        self._numbers = itertools.count(first + part, parts)
        self._least = -(-(least - part) // parts)
        self._seconds = seconds / parts
        self._spent = spent

    def __iter__(self) -> Iterator[int]:
        begun = self._spent()
        for played, seed in enumerate(self._numbers):
            if played >= self._least and self._spent() - begun >= self._seconds:
                return
            yield seed


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of every run."""
    group = parser.getgroup("simulations")
    group.addoption("--seeds", type=int, help="seeds of each simulation, instead of what fits")
    group.addoption("--first-seed", type=int, help="begin here instead of where the commit says")


def pytest_configure(config: pytest.Config) -> None:
    """Explain the marker; workers begin where the process that started them does."""
    config.addinivalue_line(
        "markers", "seeds(least, seconds, parts=1): how many seeds the fixture `seeds` gives"
    )
    told = getattr(config, "workerinput", {}).get(_FIRST)
    if told is not None:
        config.option.first_seed = told
    elif config.option.first_seed is None:
        config.option.first_seed, config.stash[_FROM] = first_seed()


_FIRST = "first_seed"
_FROM = pytest.StashKey[str]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker where to begin."""
    node.workerinput[_FIRST] = node.config.option.first_seed


def pytest_report_header(config: pytest.Config) -> str:
    """Where simulations begin."""
    from_ = config.stash.get(_FROM, "as asked for")
    return f"seeds: from {config.option.first_seed} ({from_}); repeat: --first-seed {config.option.first_seed}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each part."""
    mark = metafunc.definition.get_closest_marker("seeds")
    if mark is not None and (parts := mark.kwargs.get("parts", 1)) > 1:
        metafunc.parametrize("seeds", range(parts), indirect=True, ids=lambda part: f"part{part}")


@pytest.fixture
def seeds(request: pytest.FixtureRequest) -> Seeds:
    """The seeds that this test plays."""
    mark = request.node.get_closest_marker("seeds")
    return _seeds(request.config, getattr(request, "param", 0), **mark.kwargs)


def _seeds(
    config: pytest.Config, part: int, *, least: int, seconds: float, parts: int = 1
) -> Seeds:
    asked = config.option.seeds or int(os.environ.get("TOBAN_SEEDS", "0"))
    if asked:
        least, seconds = asked, 0.0
    return Seeds(config.option.first_seed, least, seconds, part, parts)
