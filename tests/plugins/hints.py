"""
Which seed is tried first for a broken variant: ``--hints`` writes the ones that caught it.

A variant is played with the seed that its table names, and if that one notices nothing any more, with
others until one does: that costs up to a minute of each run until the table is put right.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import pytest

from tests.plugins.tables import recorded

TABLES = Path(__file__).parents[1] / "simulation"
HINT = "hint"
"""The property: a variant's name, and the seed that caught it."""


class Hints:
    """What `--hints` asks of those who look for a seed."""

    others: ClassVar[int] = 0
    """So many more seeds are tried where the one that notices a defect takes long."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Option of every run."""
    parser.getgroup("simulations").addoption(
        "--hints",
        action="store_true",
        help="write which seed catches each broken variant, and soonest",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Look for quick seeds while hints are written."""
    Hints.others = 6 if config.option.hints else 0


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Put the tables right."""
    if not config.option.hints:
        return
    found = dict(value for name, value in recorded(terminalreporter) if name == HINT)
    for path in sorted(TABLES.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        for name, seed in found.items():
            text = hinted(text, name, seed)
        path.write_text(text, encoding="utf-8")
    terminalreporter.write_line(f"{len(found)} hints written: ruff format them")


def hinted(text: str, name: str, seed: int) -> str:
    """Return the text of a table in which the variant of that name has this seed, if it is there."""
    begin = re.search(rf'\bMutant\(\s*"{re.escape(name)}",', text)
    if begin is None:
        return text
    end = re.compile(r",?\s*\),?\n").search(text, begin.end())
    assert end is not None, name
    entry = re.sub(r",\s*seed=\d+", "", text[begin.start() : end.start()])
    said = f", seed={seed}" if seed else ""
    return text[: begin.start()] + entry + said + text[end.start() :]
