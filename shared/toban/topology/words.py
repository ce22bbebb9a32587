"""
``docs/words.md``: the nouns of the code, each with its one meaning.

A noun is a public class, its meaning the first paragraph of the class's docstring. So the page is
changed by changing a docstring, and a class without one has no meaning to show (ruff refuses it).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from toban.topology.markdown import table

PEOPLE_SAY: Mapping[str, str] = {
    "Alert": "postmortem.alerts.title",
    "Backup": "what.backup",
    "Channel": "column.channel",
    "Command": "what.command",
    "Escalation": "section.escalation",
    "Event": "trace.event",
    "Function": "column.function",
    "Incident": "what.incident",
    "Objective": "column.objective",
    "ParkedMessage": "what.parked",
    "Restore": "what.restore",
    "RestoreTest": "backups.show.tests",
    "RetentionRules": "backups.show.retention",
    "Schedule": "column.schedule",
    "SchedulerJob": "column.job",
    "SeriesState": "column.series",
    "Service": "what.service",
    "Severity": "what.severity",
    "Source": "what.source",
    "Subscription": "column.subscription",
}
"""Nouns that people see: class → the key of its text (`toban.texts`), where the Japanese is."""

_OWN = "shared/toban/topology/words.py"
_HEAD = """\
<!-- Generated from the classes of shared/toban (make map). -->
# Words

The nouns of the code. Each is a public class and means one thing; no two classes share a name. The meaning is the
first paragraph of the class's docstring: change it there, then `make map`. Japanese stands where people see the word.
Verbs, statuses and event types are in [events/README.md](../events/README.md) and [ARCHITECTURE.md](../ARCHITECTURE.md).
"""


@dataclass(frozen=True)
class Noun:
    """A public class as ``docs/words.md`` lists it."""

    name: str
    meaning: str
    module: str
    """Its path below ``shared/toban``."""


def nouns(root: Path) -> list[Noun]:
    """Return every public class at the top of a module of the tree at `root`, by module."""
    shared = root / "shared" / "toban"
    return [
        Noun(node.name, _meaning(node), path.relative_to(shared).as_posix())
        for path in sorted(shared.rglob("*.py"))
        for node in ast.parse(path.read_bytes()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


def page(root: Path) -> str:
    """
    Return ``docs/words.md`` for the tree at `root`.

    Raises `ValueError` for a row of `PEOPLE_SAY` without its class or its text.
    """
    found = nouns(root)
    japanese = _japanese(root, {noun.name for noun in found})
    rooms: dict[str, list[Noun]] = {}
    for noun in found:
        rooms.setdefault(_room(noun.module), []).append(noun)
    return "\n".join([_HEAD, *(_section(*room, japanese) for room in sorted(rooms.items()))])


def _section(room: str, nouns: list[Noun], japanese: Mapping[str, str]) -> str:
    rows = [
        (f"`{noun.name}`", noun.meaning, japanese.get(noun.name, ""), f"`{noun.module}`")
        for noun in sorted(nouns, key=lambda noun: noun.name)
    ]
    return f"## {room}\n\n{table(('Noun', 'Meaning', 'Japanese', 'Where'), rows)}\n"


def _room(module: str) -> str:
    folders = module.split("/")[:-1]
    return "/".join(folders[:2] if folders[:1] == ["kernel"] else folders[:1]) or "toban"


def _meaning(node: ast.ClassDef) -> str:
    paragraph = (ast.get_docstring(node) or "").split("\n\n")[0]
    return " ".join(paragraph.split())


def _japanese(root: Path, classes: set[str]) -> dict[str, str]:
    texts = dict(_texts(root))
    for name, key in PEOPLE_SAY.items():
        if name not in classes or key not in texts:
            raise ValueError(f"{_OWN}: PEOPLE_SAY: no class {name}, or no text {key}")
    return {name: texts[key] for name, key in PEOPLE_SAY.items()}


def _texts(root: Path) -> Iterator[tuple[str, str]]:
    """Every text in Japanese, by key, as the sources have it: nothing of a domain is imported."""
    for path in (root / "shared" / "toban").rglob("texts.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(value, ast.Dict):
                        yield from _one_text(str(key.value), value)


def _one_text(key: str, value: ast.Dict) -> Iterator[tuple[str, str]]:
    for language, text in zip(value.keys, value.values, strict=True):
        if isinstance(language, ast.Constant) and language.value == "ja":
            yield key, str(ast.literal_eval(text))
