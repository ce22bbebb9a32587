"""The README's tables of commands: what the parser has, in both languages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from toban.cli.kit import arguments
from toban.cli.kit.readme import COMMANDS, command_table, outputs
from toban.topology.generate import ROOT, differing

PAGES = ("README.md", "README.ja.md")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for name in PAGES:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_tables_are_up_to_date():
    assert differing(outputs(), ROOT) == [], "run `make map`"


@pytest.mark.parametrize("lost_by", [PAGES[:1], PAGES[1:], PAGES], ids=", ".join)
def test_a_command_that_a_readme_loses_is_told(copied: Path, lost_by: tuple[str, ...]):
    for name in lost_by:
        page = (copied / name).read_text(encoding="utf-8")
        lines = [line for line in page.splitlines() if not line.startswith("| `toban trace")]
        (copied / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert differing(outputs(copied), copied) == [f"{name}: differs" for name in lost_by]


def test_a_page_without_a_place_for_the_table_is_told(copied: Path):
    page = (copied / "README.md").read_text(encoding="utf-8")
    (copied / "README.md").write_text(page.replace(COMMANDS.begin, ""), encoding="utf-8")
    with pytest.raises(ValueError, match=r"^README\.md needs the lines"):
        outputs(copied)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_folder_of_the_command_line_is_in_the_table(language):
    table = command_table(language)
    shown = set(re.findall(r"`toban ([a-z-]+)", table))
    folders = {module.__name__.split(".")[2] for module in arguments.declared()}
    assert {"trace", "incidents", "backups", "send", "oncall"} <= shown & folders
    for row in table.splitlines()[2:]:
        assert re.fullmatch(r"\| `toban [^`]+` \| \S.* \|", row), row
