"""Texts: each key once, in both languages with the same placeholders, used and defined."""

from __future__ import annotations

import textwrap

import pytest

from tests.house.texts import violations
from tests.house.tree import Tree, scratch

GOOD = {
    "kettles/texts.py": """
        TEXTS: Final[Texts] = {
            "kettle.on": {"en": "{name} runs", "ja": "{name} は稼働中"},
            "kettle.off": {"en": "{name} stands", "ja": "{name} は停止中"},
            "kettle.off.long": {"en": "off for {days} d", "ja": "{days}日間停止"},
        }
        text: Final = Catalogue(TEXTS)
    """,
    "kettles/render.py": """
        from toban.kettles.texts import text

        def line(kettle, language):
            key = f"kettle.{kettle.state}"
            more = f"{key}.long" if kettle.days else ""
            return text(language, key, name=kettle.name) + text(language, more, days=kettle.days)

        STATES = ("on", "off")
    """,
    "cli/kettles/texts.py": """
        TEXTS = {
            "help.kettles": {"en": "kettles", "ja": "やかん"},
            "column.kettle": {"en": "KETTLE", "ja": "やかん"},
            "kettles.none": {"en": "None.", "ja": "ありません。"},
        }
    """,
    "cli/kettles/arguments.py": """
        from toban.cli.kit.arguments import Builder

        def arguments(builder, to):
            builder.add(to, "kettles", "kettles", "toban.cli.kettles.commands:kettles")
    """,
    "cli/kettles/commands.py": """
        from toban.cli.kit.terminal import Terminal

        def kettles(asked, terminal):
            terminal.table(terminal.titles("kettle"), [])
            terminal.line(terminal.say("kettles.none"))
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
            "cli/kettles/texts.py",
            '"kettles.none": {"en"',
            '"kettle.on": {"en": "on", "ja": "on"}, "kettles.none": {"en"',
            "kettles/texts.py: kettle.on is defined in shared/toban/cli/kettles/texts.py too",
        ),
        (
            "kettles/texts.py",
            '"kettle.off": {"en"',
            '"kettle.on": {"en": "{name}", "ja": "{name}"}, "kettle.off": {"en"',
            "kettles/texts.py: kettle.on is defined twice",
        ),
        (
            "kettles/texts.py",
            '{"en": "{name} stands", "ja": "{name} は停止中"}',
            '{"ja": "{name} は停止中"}',
            "kettles/texts.py: kettle.off is missing in en",
        ),
        (
            "kettles/texts.py",
            "{name} は停止中",
            "{kettle} は停止中",
            "kettles/texts.py: the placeholders of kettle.off differ",
        ),
        (
            "cli/kettles/texts.py",
            '"column.kettle"',
            '"column.valve": {"en": "VALVE", "ja": "弁"}, "column.kettle"',
            "cli/kettles/texts.py: nobody uses column.valve",
        ),
        (
            "kettles/texts.py",
            '"kettle.on":',
            '"kettle.hums": {"en": "hums", "ja": "うなる"}, "kettle.on":',
            "kettles/texts.py: nobody uses kettle.hums",
        ),
        (
            "cli/kettles/texts.py",
            '"help.kettles"',
            '"help.kettles.all": {"en": "all", "ja": "すべて"}, "help.kettles"',
            "cli/kettles/texts.py: nobody uses help.kettles.all",
        ),
        (
            "cli/kettles/commands.py",
            '"kettles.none"',
            '"kettles.nothing"',
            "cli/kettles/commands.py:6: no texts.py defines kettles.nothing",
        ),
        (
            "cli/kettles/commands.py",
            'titles("kettle")',
            'titles("kettle", "flow")',
            "cli/kettles/commands.py:5: no texts.py defines column.flow",
        ),
        (
            "cli/kettles/arguments.py",
            'to, "kettles", "kettles"',
            'to, "kettles", "kettle"',
            "cli/kettles/arguments.py:5: no texts.py defines help.kettle",
        ),
        (
            "kettles/render.py",
            "text(language, key, name",
            'text(language, f"kettleing.{kettle.state}", name',
            "kettles/render.py:7: no texts.py defines kettleing.…",
        ),
        (
            "cli/kettles/texts.py",
            '"None.", "ja": "ありません。"',
            '"None in {where}.", "ja": "{where}にはありません。"',
            "cli/kettles/commands.py:6: kettles.none names where, which is not given",
        ),
        (
            "cli/kettles/texts.py",
            '"ja": "ありません。"',
            '"ja": ""',
            "cli/kettles/texts.py: kettles.none says nothing",
        ),
        (
            "cli/kettles/texts.py",
            '"None.", "ja": "ありません。"',
            '"{n.real}", "ja": "{n.real}"',
            "cli/kettles/texts.py: kettles.none: {n.real} is no plain name of a value",
        ),
    ],
)
def test_a_fault_is_told_with_its_file(file, before, after, told):
    found = violations(tree(file, before, after))
    assert f"shared/toban/{told}" in found


@pytest.mark.parametrize(
    "after",
    [
        "TEXTS = {f'{k}.x': {} for k in 'ab'}\nNOT = {",
        "MORE = {}\nTEXTS = {**MORE,",
        "TEXTS = {1 + 1: {},",
    ],
)
def test_texts_that_are_not_written_out_are_told_with_their_file(after):
    path = "cli/kettles/texts.py"
    sources = {name: textwrap.dedent(source) for name, source in GOOD.items()}
    sources[path] = sources[path].replace("TEXTS = {", after)
    found = violations(scratch({f"shared/toban/{name}": text for name, text in sources.items()}))
    assert any(v.startswith(f"shared/toban/{path}: ") and "written out" in v for v in found)
