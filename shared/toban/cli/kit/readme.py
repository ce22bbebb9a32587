"""
Write the README's table of commands, or check that it is up to date.

``python -m toban.cli.kit.readme [--check]``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from toban.cli.kit.arguments import parser
from toban.texts import Language
from toban.topology.generate import ROOT, differing, embedded, run, written
from toban.topology.markdown import GeneratedBlock, table

COMMANDS = GeneratedBlock("commands", "the arguments of shared/toban/cli")
_HEADS: dict[Language, tuple[str, str]] = {
    "en": ("Command", "What it does"),
    "ja": ("コマンド", "すること"),
}


def command_table(language: Language) -> str:
    """Return every command with what its help says; commands of one group in one row."""
    return table(_HEADS[language], _rows(parser(language)))


def outputs(root: Path = ROOT) -> dict[Path, str]:
    """
    Return the READMEs with the table that they should have; raises `ValueError` without its
    place.
    """
    return _embedded(root / "README.md", "en") | _embedded(root / "README.ja.md", "ja")


def _embedded(path: Path, language: Language) -> dict[Path, str]:
    content = command_table(language)
    return embedded(path, lambda page: COMMANDS.replaced(page, content))


def _rows(top: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for name, about, command in _commands(top):
        inner = "|".join(sub for sub, _, _ in _commands(command))
        words = " ".join(filter(None, [top.prog, name, inner, *_given(command)]))
        yield f"`{words}`", about


def _commands(
    of: argparse.ArgumentParser,
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """The commands of a parser with their help, in order."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            help_of = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield name, help_of[name].replace("%%", "%"), command


def _given(command: argparse.ArgumentParser) -> Iterator[str]:
    """What has to be given to a command by its place."""
    for action in command._actions:
        if action.option_strings or isinstance(action, argparse._SubParsersAction):
            continue
        word = "|".join(action.choices or [str(action.metavar or action.dest.upper())])
        yield f"[{word}]" if action.nargs in ("?", "*") else word


if __name__ == "__main__":
    sys.exit(
        run(
            "toban.cli.kit.readme",
            __doc__,
            lambda: differing(outputs(), ROOT),
            lambda: written(outputs()),
        )
    )
