"""How a profile names a Firestore database, and what the modules about it share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from toban.sources.patterns import is_wanted

EMULATOR: Final = "FIRESTORE_EMULATOR_HOST"
PIECE: Final = 1024 * 1024
"""Most bytes of a piece: a document that is larger as a message is cut."""
_WORDS = {"": None, "true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def named(options: Mapping[str, object]) -> tuple[str, str]:
    """Project and database; raises `ValueError` without a project."""
    project = str(options.get("project") or "")
    if not project:
        raise ValueError("a Firestore database needs its project")
    return project, str(options.get("database") or "(default)")


def flag(options: Mapping[str, object], name: str, default: bool) -> bool:
    """Return an option that is on or off, as a boolean or in a word; raises `ValueError`."""
    given = options.get(name)
    word = ("" if given is None else str(given)).strip().lower()
    if word not in _WORDS:
        raise ValueError(f"{name} is {word[:40]!r}; it must be true or false")
    meant = _WORDS[word]
    return default if meant is None else meant


def fits(path: str, word: str) -> bool:
    """
    Return whether a word of ``only`` means a document: ``users/u1`` it alone, ``users`` a collection with all
    that lies below it, ``users/u1/*`` what lies below a document.
    """
    is_collection = not word.endswith(("*", "/")) and word.count("/") % 2 == 0
    return is_wanted(path, [f"{word}/" if is_collection else word])
