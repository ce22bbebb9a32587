"""Plugins that every test may use."""

from __future__ import annotations

pytest_plugins = [
    "pytester",
    "tests.plugins.emulators",
    "tests.plugins.seeds",
    "tests.plugins.servers",
    "tests.plugins.tables",
]
