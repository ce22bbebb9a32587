"""Plugins that every test may use."""

from __future__ import annotations

import os

pytest_plugins = ["tests.plugins.emulators", "tests.plugins.servers", "tests.plugins.tables"]


def pytest_xdist_auto_num_workers() -> int:
    """With ``-n auto`` one worker more than there are cores: what runs on emulators mostly waits."""
    return (os.cpu_count() or 1) + 1
