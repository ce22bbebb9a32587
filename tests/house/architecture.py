"""
What ARCHITECTURE.md names is there: ``file.py``, ``file.py: function``, ``folder/``.

And a rule names where it is kept: each paragraph has one name at least, but for chapters that state
none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from tests.house.module import Module
from tests.house.tree import ARCHITECTURE, SHARED, Tree, module
from toban.topology.generate import ROOT

AT_ROOT = ("docs", "events", "infra", "tests")
"""Folders of the root, beside the package, that the page names."""

HERE = "tests/house/architecture.py"

EXEMPT = {
    "The idea": "the three rules in a few words; the chapters below say where they are kept",
    "How we know": "the tests themselves, and what they cannot show",
    "Decisions that differ from the first design": "what was decided, not what holds",
}
"""Chapter → why its paragraphs need not name a `file.py: function`."""

_GENERATED = re.compile(r"<!-- (\w+):begin.*?<!-- \1:end -->", re.DOTALL)
_NAMED = re.compile(
    r"`(?P<path>[\w./-]*[\w-]+\.py)(?::\s+(?P<name>[\w.]+))?`"
    r"(?::\s+(?P<more>`[\w.]+`(?:,\s+`[\w.]+`)*))?"
)
"""``file.py: name`` in one, and ``file.py``: ``name``, ``name``."""
_FOLDER = re.compile(r"`([\w.-]+(?:/[\w.-]+)+)/?`")


def violations(tree: Tree) -> list[str]:
    """Names in ARCHITECTURE.md that lead nowhere, and rules that name nothing."""
    page = _GENERATED.sub(lambda m: "\n" * m[0].count("\n"), tree.texts.get(ARCHITECTURE, ""))
    found = [f"{ARCHITECTURE}:{line}: {what}" for line, what in _wrong_names(page, tree)]
    found += [f"{ARCHITECTURE}:{line}: {what}" for line, what in _nameless(page)]
    chapters = re.findall(r"^## (.*)$", page, re.MULTILINE)
    return found + [
        f"{HERE}: EXEMPT names the chapter {chapter}, which {ARCHITECTURE} lacks: remove the entry"
        for chapter in EXEMPT
        if chapter not in chapters
    ]


def _wrong_names(page: str, tree: Tree) -> Iterator[tuple[int, str]]:
    for match in _NAMED.finditer(page):
        line = page.count("\n", 0, match.start()) + 1
        found = _file(match["path"], tree)
        if found is None:
            yield line, f"there is no file {match['path']} (from the root, or from shared/toban)"
        else:
            for name in re.findall(r"[\w.]+", f"{match['name'] or ''} {match['more'] or ''}"):
                if not _defines(tree, found, name):
                    yield line, f"{found.path} defines no {name}"
    for match in _FOLDER.finditer(page):
        if match[1].split("/")[0] in AT_ROOT and not (ROOT / match[1]).exists():
            yield page.count("\n", 0, match.start()) + 1, f"there is no {match[1]}"


def _file(path: str, tree: Tree) -> Module | None:
    """The file of that name, from the root or from the package; tests are read from the disk."""
    for place in (path, f"{SHARED}/toban/{path}"):
        if place in tree.by_path:
            return tree.by_path[place]
    return _on_disk(path) if path.split("/", maxsplit=1)[0] in AT_ROOT else None


@cache
def _on_disk(path: str) -> Module | None:
    file = ROOT / path
    return module(path, file.read_text(encoding="utf-8")) if file.is_file() else None


def _defines(tree: Tree, found: Module, name: str) -> bool:
    """Whether a file defines a name: at its top level, or as a member of a class there."""
    first, _, member = name.partition(".")
    if member and found.path in tree.by_path:
        return tree.has_member(f"{found.name}.{first}", member)
    return first in found.statements


def _nameless(page: str) -> Iterator[tuple[int, str]]:
    chapter, line = "", 1
    for block in page.split("\n\n"):
        text = block.strip()
        if text.startswith("## "):
            chapter = text.removeprefix("## ").partition("\n")[0]
        elif (
            chapter not in {"", *EXEMPT}
            and text
            and not text.startswith(("|", "```", "#"))
            and not _NAMED.search(block)
        ):
            yield line, f"a rule that names no `file.py: function`: {text[:60]}…"
        line += block.count("\n") + 2
