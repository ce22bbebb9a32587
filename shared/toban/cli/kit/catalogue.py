"""
Everything the command line says, merged from the ``texts.py`` of its folders.

A key is looked for in the folder of the command first, then everywhere: a command that says only
what is its own waits for no other texts.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from toban.texts import Catalogue, Texts

_PLACE = Path(__file__).parents[1]


class _Words(dict[str, Any]):
    """What was read so far; the rest is read when a key is missing."""

    whole = False

    def __missing__(self, key: str) -> Any:
        if self.whole:
            raise KeyError(key)
        self.read()
        return self[key]

    def read(self, folder: str = "") -> None:
        """Read the texts of one folder, or all. No key is defined twice: a guard sees to it."""
        self.whole = self.whole or not folder
        for path in sorted((_PLACE / folder).rglob("texts.py")):
            name = ".".join(path.relative_to(_PLACE).with_suffix("").parts)
            self.update(importlib.import_module(f"toban.cli.{name}").TEXTS)


_words = _Words()
text = Catalogue(_words)


def expect(folder: str) -> None:
    """Read what a folder and all have in common before it is asked for."""
    for name in ("kit", folder):
        _words.read(name)


def __getattr__(name: str) -> Texts:
    """``WORDS``: all texts by their keys."""
    if name != "WORDS":
        raise AttributeError(name)
    _words.read()
    return _words
