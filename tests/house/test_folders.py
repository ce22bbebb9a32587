"""The folders of the command line keep apart."""

from __future__ import annotations

import pytest

from tests.house.scratch import found_by

PATH = "shared/toban/cli/oncall/more.py"
NESTED = "shared/toban/cli/backups/work/more.py"
KIT = "shared/toban/cli/kit/more.py"


@pytest.mark.parametrize("path", [PATH, NESTED, KIT])
@pytest.mark.parametrize(
    "source",
    [
        "from toban.cli.incidents.commands import tell",
        "from toban.cli.incidents import commands as shown",
        "def show():\n    from toban.cli.incidents import views",
        "import importlib\nimportlib.import_module('toban.cli.incidents.views')",
    ],
)
def test_a_folder_that_uses_another_is_found(path, source):
    (told,) = {message.partition(" may not")[0] for message in found_by("folders", {path: source})}
    assert told.startswith(path)


def test_a_folder_may_use_itself_the_kit_and_the_domains():
    source = """
from toban.cli.backups.common import size
from toban.cli.kit.terminal import Terminal
from toban.incidents.documents import Incident
"""
    assert found_by("folders", {NESTED: source}) == []


def test_the_tour_shows_the_others():
    source = "from toban.cli.incidents.commands import tell"
    assert found_by("folders", {"shared/toban/cli/demo/more.py": source}) == []
