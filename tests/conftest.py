"""Plugins that every test may use."""

from __future__ import annotations

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
