"""Everything the command line says, merged from the ``texts.py`` of its folders."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from toban.texts import Catalogue, Language, Texts


def _merged() -> Texts:
    """No key is defined twice: a guard sees to it."""
    place = Path(__file__).parents[1]
    found: dict[str, Mapping[Language, str]] = {}
    for path in sorted(place.rglob("texts.py")):
        name = ".".join(path.relative_to(place).with_suffix("").parts)
        found.update(importlib.import_module(f"toban.cli.{name}").TEXTS)
    return found


WORDS: Final[Texts] = _merged()
text: Final = Catalogue(WORDS)
