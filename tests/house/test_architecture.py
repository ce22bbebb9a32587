"""A name in ARCHITECTURE.md that leads nowhere is found, and a rule that names nothing."""

from __future__ import annotations

import pytest

from tests.house.scratch import found_by
from tests.house.tree import ARCHITECTURE, this

PAGE = this().texts[ARCHITECTURE]


def changed(old: str, new: str) -> dict[str, str]:
    assert old in PAGE
    return {ARCHITECTURE: PAGE.replace(old, new, 1)}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("`kernel/handling/job.py: run_job`", "`kernel/handling/jobs.py: run_job`",
         "there is no file kernel/handling/jobs.py"),
        ("`kernel/handling/job.py: run_job`", "`job.py: run_job`", "there is no file job.py"),
        ("`kernel/handling/job.py: run_job`", "`kernel/handling/job.py: run`",
         "shared/toban/kernel/handling/job.py defines no run"),
        ("`backups/documents.py: Copy.state`", "`backups/documents.py: Copy.status`",
         "shared/toban/backups/documents.py defines no Copy.status"),
        ("`tests/simulation/mutants.py: MUTANTS`", "`tests/simulation/mutants.py: ALL`",
         "tests/simulation/mutants.py defines no ALL"),
        ("`tests/contract`", "`tests/contracts/x`", "there is no tests/contracts/x"),
    ],
)  # fmt: skip
def test_a_name_that_leads_nowhere_is_found(old: str, new: str, told: str):
    (found,) = found_by("architecture", changed(old, new))
    assert found.startswith(f"{ARCHITECTURE}:")
    assert told in found


def test_a_function_that_goes_is_found():
    path = "shared/toban/kernel/clock/skew.py"
    source = this().by_path[path].source.replace("def holds(", "def keeps(")
    (found,) = found_by("architecture", {path: source})
    assert found.startswith(ARCHITECTURE)
    assert f"{path} defines no holds" in found


@pytest.mark.parametrize("chapter", ["An event's way", "Backups", "Time decides, not arrival"])
def test_a_rule_that_names_nothing_is_found(chapter: str):
    heading = f"## {chapter}\n"
    (found,) = found_by(
        "architecture", changed(heading, f"{heading}\nNothing is ever done twice.\n")
    )
    assert "a rule that names no `file.py: function`: Nothing is ever done twice." in found


def test_what_is_generated_is_left_to_the_map():
    begin = "<!-- map:begin (generated from events/topology.yaml by make map) -->\n"
    assert found_by("architecture", changed(begin, f"{begin}\n`gone.py: x`\n")) == []
