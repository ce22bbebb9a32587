"""A name in ARCHITECTURE.md that leads nowhere is found, and a rule that names nothing."""

from __future__ import annotations

import re

import pytest

from tests.house.architecture import EXEMPT, HERE
from tests.house.scratch import found_by
from tests.house.tree import ARCHITECTURE, this
from toban.topology.generate import ROOT

PAGE = (ROOT / ARCHITECTURE).read_text(encoding="utf-8")


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
        ("`profile/store.py`: `retire`", "`profile/store.py`: `expire`",
         "shared/toban/profile/store.py defines no expire"),
        ("`backups/documents.py`: `mark`, `unmark`", "`backups/documents.py`: `mark`, `restore`",
         "shared/toban/backups/documents.py defines no restore"),
        ("`LOGS`, `TRACES`,\n`DEAD_LETTERS`", "`LOGS`, `TRACES`,\n`LETTERS`",
         "shared/toban/kernel/lives.py defines no LETTERS"),
        ("`kernel/document.py`: `Keep`", "`kernel/documents/keep.py`: `Keep`",
         "there is no file kernel/documents/keep.py"),
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


CHAPTERS = [c for c in re.findall(r"^## (.*)$", PAGE, re.MULTILINE) if c not in EXEMPT]


def test_most_chapters_are_held():
    held = {"Statuses", "Environments", "How long things live", "Two worlds", "Words and commands"}
    assert {*held, "An event's way", "Backups", "Time decides, not arrival"} <= {*CHAPTERS}


def test_a_chapter_that_is_exempt_and_not_there_is_found():
    (chapter, *_) = EXEMPT
    found = found_by("architecture", changed(f"## {chapter}\n", "## Something else\n"))
    assert any(
        v.startswith(f"{HERE}: EXEMPT names the chapter {chapter}, which ARCHITECTURE.md lacks")
        for v in found
    )


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_rule_that_names_nothing_is_found(chapter: str):
    heading = f"## {chapter}\n"
    (found,) = found_by(
        "architecture", changed(heading, f"{heading}\nNothing is ever done twice.\n")
    )
    assert "a rule that names no `file.py: function`: Nothing is ever done twice." in found


def test_what_is_generated_is_left_to_the_map():
    begin = "<!-- map:begin (generated from events/topology.yaml by make map) -->\n"
    assert found_by("architecture", changed(begin, f"{begin}\n`gone.py: x`\n")) == []
