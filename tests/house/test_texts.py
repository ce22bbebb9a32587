"""Texts: each key once, in both languages with the same placeholders, used and defined."""

from __future__ import annotations

import textwrap

import pytest

from tests.house.texts import violations
from tests.house.tree import Tree, scratch

GOOD = {
    "pumps/texts.py": """
        TEXTS: Final[Texts] = {
            "pump.on": {"en": "{name} runs", "ja": "{name} は稼働中"},
            "pump.off": {"en": "{name} stands", "ja": "{name} は停止中"},
            "pump.off.long": {"en": "off for {days} d", "ja": "{days}日間停止"},
        }
        text: Final = Catalogue(TEXTS)
    """,
    "pumps/render.py": """
        from toban.pumps.texts import text

        def line(pump, language):
            key = f"pump.{pump.state}"
            more = f"{key}.long" if pump.days else ""
            return text(language, key, name=pump.name) + text(language, more, days=pump.days)

        STATES = ("on", "off")
    """,
    "cli/pumps/texts.py": """
        TEXTS = {
            "help.pumps": {"en": "pumps", "ja": "ポンプ"},
            "column.pump": {"en": "PUMP", "ja": "ポンプ"},
            "pumps.none": {"en": "None.", "ja": "ありません。"},
        }
    """,
    "cli/pumps/arguments.py": """
        from toban.cli.kit.arguments import Builder

        def arguments(builder, to):
            builder.add(to, "pumps", "pumps", "toban.cli.pumps.commands:pumps")
    """,
    "cli/pumps/commands.py": """
        from toban.cli.kit.terminal import Terminal

        def pumps(asked, terminal):
            terminal.table(terminal.titles("pump"), [])
            terminal.line(terminal.say("pumps.none"))
    """,
}


def tree(file: str = "", before: str = "", after: str = "") -> Tree:
    """Two users of texts in order, but for one change in a file."""
    sources = dict(GOOD)
    if file:
        assert before in sources[file]
        sources[file] = sources[file].replace(before, after)
    files = {f"shared/toban/{name}": textwrap.dedent(text) for name, text in sources.items()}
    return scratch(files)


def test_a_tree_in_order_has_no_faults():
    assert violations(tree()) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "told"),
    [
        (
            "cli/pumps/texts.py",
            '"pumps.none": {"en"',
            '"pump.on": {"en": "on", "ja": "on"}, "pumps.none": {"en"',
            "pumps/texts.py: pump.on is defined in shared/toban/cli/pumps/texts.py too",
        ),
        (
            "pumps/texts.py",
            '"pump.off": {"en"',
            '"pump.on": {"en": "{name}", "ja": "{name}"}, "pump.off": {"en"',
            "pumps/texts.py: pump.on is defined twice",
        ),
        (
            "pumps/texts.py",
            '{"en": "{name} stands", "ja": "{name} は停止中"}',
            '{"ja": "{name} は停止中"}',
            "pumps/texts.py: pump.off is missing in en",
        ),
        (
            "pumps/texts.py",
            "{name} は停止中",
            "{pump} は停止中",
            "pumps/texts.py: the placeholders of pump.off differ",
        ),
        (
            "cli/pumps/texts.py",
            '"column.pump"',
            '"column.valve": {"en": "VALVE", "ja": "弁"}, "column.pump"',
            "cli/pumps/texts.py: nobody uses column.valve",
        ),
        (
            "pumps/texts.py",
            '"pump.on":',
            '"pump.hums": {"en": "hums", "ja": "うなる"}, "pump.on":',
            "pumps/texts.py: nobody uses pump.hums",
        ),
        (
            "cli/pumps/texts.py",
            '"help.pumps"',
            '"help.pumps.all": {"en": "all", "ja": "すべて"}, "help.pumps"',
            "cli/pumps/texts.py: nobody uses help.pumps.all",
        ),
        (
            "cli/pumps/commands.py",
            '"pumps.none"',
            '"pumps.nothing"',
            "cli/pumps/commands.py:6: no texts.py defines pumps.nothing",
        ),
        (
            "cli/pumps/commands.py",
            'titles("pump")',
            'titles("pump", "flow")',
            "cli/pumps/commands.py:5: no texts.py defines column.flow",
        ),
        (
            "cli/pumps/arguments.py",
            'to, "pumps", "pumps"',
            'to, "pumps", "pump"',
            "cli/pumps/arguments.py:5: no texts.py defines help.pump",
        ),
        (
            "pumps/render.py",
            "text(language, key, name",
            'text(language, f"pumping.{pump.state}", name',
            "pumps/render.py:7: no texts.py defines pumping.…",
        ),
    ],
)
def test_a_fault_is_told_with_its_file(file, before, after, told):
    found = violations(tree(file, before, after))
    assert f"shared/toban/{told}" in found
