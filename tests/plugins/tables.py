"""Prints at the end of a run what tests have put on a table with ``record_property``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

TABLES = {"mutant": "Broken variants, and what catches each"}
"""Property → heading."""


def recorded(reporter: pytest.TerminalReporter) -> Iterator[tuple[str, object]]:
    """What tests have recorded with ``record_property``, workers' tests included."""
    for reports in reporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                yield from report.user_properties


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print every table that has rows, workers' rows included."""
    rows: dict[str, list[str]] = {name: [] for name in TABLES}
    for name, value in recorded(terminalreporter):
        if name in rows:
            rows[name].append(str(value))
    for name, heading in TABLES.items():
        if rows[name]:
            terminalreporter.section(heading)
            for row in sorted(rows[name]):
                terminalreporter.write_line(row)
