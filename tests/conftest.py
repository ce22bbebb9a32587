"""Plugins that every test may use."""

from __future__ import annotations

import gc
import os

import pytest

pytest_plugins = [
    "pytester",
    "tests.plugins.compiled",
    "tests.plugins.emulators",
    "tests.plugins.tables",  # hints read it
    "tests.plugins.hints",
    "tests.plugins.seeds",
    "tests.plugins.servers",
]


def pytest_xdist_auto_num_workers() -> int:
    """Three more than there are cores: a good part of a run waits for servers and for time to pass."""
    asked = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(asked) if asked else (os.cpu_count() or 1) + 3


gc.disable()  # until everything is collected: thousands of tests and modules, none of them garbage


def pytest_collection_finish() -> None:
    """What was imported and collected stays: no garbage collection looks at it again."""
    gc.enable()
    gc.collect()
    gc.freeze()


LONG = (
    "tests/house/",
    "tests/unit/topology/test_skeleton.py",
    "tests/emulator/",
    "tests/simulation/",
    "tests/chains/",
    "tests/contract/",
)
"""Where tests take seconds."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first: at the end of a run no worker waits for another one's last test."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
