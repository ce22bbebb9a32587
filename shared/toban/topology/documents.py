"""Every document class, and what Terraform has to know of them: indexes and lives."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import toban
from toban.kernel import lives
from toban.kernel.document import CLASSES, Document, Keep
from toban.texts import Language
from toban.topology.markdown import GeneratedBlock, table

PACKAGE = Path(toban.__file__).parent
KEPT = GeneratedBlock("kept", "KEEP of the document classes")


def document_classes(package: Path = PACKAGE) -> dict[str, type[Document]]:
    """Return the document class of every collection, found by walking the packages."""
    for path in sorted(package.rglob("*.py")):
        if "COLLECTION" in path.read_text(encoding="utf-8"):
            parts = path.relative_to(package.parent).with_suffix("").parts
            importlib.import_module(".".join(parts).removesuffix(".__init__"))
    return {
        name: cls
        for name, cls in sorted(CLASSES.items())
        if cls.__module__.partition(".")[0] == package.name
    }


def without_life(classes: Iterable[type[Document]]) -> list[str]:
    """Return the document classes that do not say how long they live, as ``path: class: what``."""
    found = []
    for cls in classes:
        keep = cls.__dict__.get("KEEP")
        place = f"{sys.modules[cls.__module__].__file__}: {cls.__name__}"
        if not isinstance(keep, Keep) or not keep.why:
            found.append(f"{place} does not say how long it lives: KEEP = Keep.days(…, why)")
        elif keep.time is not None and cls.over_since is Document.over_since:
            found.append(f"{place} does not say when it is over: def over_since(self)")
        elif keep.time is not None and not keep.ja:
            found.append(f"{place} does not say why in Japanese: KEEP = Keep.days(…, why, ja)")
    return found


def terraform() -> str:
    """Return ``infra/terraform/documents.tf``; raises `ValueError` for a class without a life."""
    classes = document_classes()
    indexes = [
        f"    {name} = [{', '.join(map(_list, cls.INDEXES))}]"
        for name, cls in classes.items()
        if cls.INDEXES
    ]
    expiring, staying = [], []
    if found := without_life(classes.values()):
        raise ValueError("\n".join(found))
    for name, cls in classes.items():
        assert cls.KEEP is not None
        if cls.KEEP.time is None:
            staying.append(f"  # {name}: {cls.KEEP.why}")
        else:
            expiring += [f"    # {cls.KEEP.why}", f"    {name} = {_days(cls.KEEP.time)}"]
    drafts = classes["incidents"].KEEP
    assert drafts is not None
    assert drafts.time is not None
    return "\n".join(
        [
            "# Made from the document classes (KEEP, INDEXES) and toban.kernel.lives by `make map`.",
            "",
            "locals {",
            '  # Collection => composite indexes, each a list of "field" (ascending) or "-field" (descending).',
            "  indexes = {",
            *indexes,
            "  }",
            "",
            "  # Collection => days that a document is kept once it is over.",
            "  kept_days = {",
            *expiring,
            "  }",
            "",
            "  # Kept until somebody removes them:",
            *staying,
            "",
            "  log_days         = " + _days(lives.LOGS),
            "  dead_letter_days = " + _days(lives.DEAD_LETTERS),
            "  blob_days        = "
            + _days(drafts.time)
            + " # drafts of postmortems, as their incidents",
            "}",
            "",
        ]
    )


def kept(language: Language) -> str:
    """Return the table collection → how long its documents are kept, and why, in one language."""
    head, days = _KEPT[language]
    return table(
        head,
        (
            (f"`{name}`", days.format(_days(keep.time)), keep.ja if language == "ja" else keep.why)
            for name, cls in document_classes().items()
            if (keep := cls.KEEP) is not None and keep.time is not None
        ),
    )


_KEPT: dict[Language, tuple[tuple[str, str, str], str]] = {
    "en": (("Collection", "How long", "From when, and why"), "{} days"),
    "ja": (("コレクション", "期間", "起点と理由"), "{} 日"),
}


def _days(time: timedelta) -> str:
    return str(time.days)


def _list(fields: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{field}"' for field in fields) + "]"
