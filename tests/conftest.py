"""Plugins that every test may use."""

from __future__ import annotations

import gc
import os

pytest_plugins = [
    "pytester",
    "tests.plugins.emulators",
    "tests.plugins.seeds",
    "tests.plugins.servers",
    "tests.plugins.tables",
]


def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are cores: a good part of a run waits for servers and for time to pass."""
    asked = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(asked) if asked else (os.cpu_count() or 1) + 2


def pytest_collection_finish() -> None:
    """
    Have the garbage collector leave alone what lives as long as the run, and look more rarely.

    It took a tenth of a simulation: its worlds are small and many, and what was imported is large.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
