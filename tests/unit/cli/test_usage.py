"""What argparse says of its own accord is said in the reader's language, too."""

from __future__ import annotations

import argparse
import inspect
import re
from argparse import ArgumentParser
from collections.abc import Iterator

import pytest

from toban.cli.kit.arguments import _ARGPARSE, parser, unknown
from toban.cli.kit.catalogue import text
from toban.cli.kit.terminal import Terminal


def every(top: ArgumentParser) -> Iterator[ArgumentParser]:
    yield top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from every(sub)


@pytest.mark.parametrize("english", _ARGPARSE)
def test_argparse_says_this_and_so_do_we_in_english(english: str):
    """Else a newer Python has other words, which nobody translates."""
    assert english in inspect.getsource(argparse)
    assert text("en", _ARGPARSE[english]) == english
    assert not text("ja", _ARGPARSE[english]).isascii() or "%(message)s" in english


def test_beside_a_command_that_there_is_not_every_one_is_named(empty):
    """The last ones were cut off: `backups`, `restore`, `parked`, `dead`."""
    (commands,) = (a for a in parser("en")._actions if isinstance(a, argparse._SubParsersAction))
    said = empty.run("qqq")
    assert said.code == 2
    assert set(re.findall(r"[a-z-]+", said.err.partition("There are:")[2])) == set(commands.choices)


def test_no_help_mixes_languages():
    words = ("usage:", "options:", "positional arguments", "show this help message and exit")
    helps = {command.prog: command.format_help() for command in every(parser("ja"))}
    assert len(helps) > 30
    assert {prog for prog, said in helps.items() for word in words if word in said} == set()
    assert all(said.startswith("使い方: toban") for said in helps.values())
    assert all("このヘルプを表示して終了" in said for said in helps.values())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dev", "--port", "x"], "--port: 値 'x' を数として読めません"),
        (["dev", "--port"], "--port: 値を一つ指定してください"),
        (["incidents", "note"], "引数が足りません: [ID], TEXT"),
        (["incidents", "severity", "a", "b", "c"], "余分な引数があります: c"),
        (["incidents", "list", "--json=3"], "--json: 値 '3' は指定できません"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_japanese(empty, words, said):
    found = empty.run(*words, lang="ja")
    assert found.code == 2
    assert said in found.err


def test_of_long_ids_only_a_few_are_named_beside_one_that_is_none():
    ids = [f"shop.database.daily.202611{day:02}T020000Z" for day in range(1, 29)]
    said = unknown("en", "zzz", "what.choice", ids)
    assert 5 < said.count("shop.") < 10
    assert said.endswith(", ….")


def test_a_person_is_missing_as_people_are_in_japanese():
    assert unknown("ja", "x", "what.person", []) == "x: そのような人はいません。"
    assert unknown("ja", "x", "what.service", []) == "x: そのようなサービスはありません。"


def test_names_in_a_sentence_are_listed_as_its_language_does():
    assert Terminal("ja").listed(["花子", "太郎"]) == "花子、太郎"
    assert Terminal("en").listed(["Hanako", "Taro"]) == "Hanako, Taro"
