"""
Write what follows from the map, or check that it is up to date.

``python -m toban.topology.generate [--check]``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from toban.backups.storage import instructions
from toban.topology import asyncapi, documents, markdown, schemas, statuses, words
from toban.topology.drawings import domains
from toban.topology.place import ROOT as ROOT
from toban.topology.reader import MapError, load


def _instructions(root: Path) -> dict[Path, str]:
    """What lies in every bucket of backups goes into bundles with its package."""
    package = root / "shared" / "toban" / "backups" / "storage" / "templates"
    return {
        package / at: (root / "docs" / at.removesuffix(".txt")).read_text(encoding="utf-8")
        for at in instructions.FILES.values()
    }


def outputs(root: Path = ROOT) -> dict[Path, str]:
    """
    Return every generated file with the text it should have.

    Raises `MapError` when the map is wrong, `ValueError` when a page has no place for its part.
    """
    topology = load(root / "events" / "topology.yaml")
    events = root / "events"
    bodies = schemas.bodies()
    samples = {path.stem for path in (events / "samples").glob("*.json")}
    files = {
        events / "topology.schema.json": schemas.as_json(schemas.map_schema()),
        events / "asyncapi.yaml": asyncapi.document(topology, bodies),
        events / "README.md": markdown.readme(topology, samples, domains(root, topology)),
        root / "infra" / "terraform" / "documents.tf": documents.terraform(),
    }
    if (root / "docs").is_dir():
        files[root / "docs" / "words.md"] = words.page(root)
        files |= _instructions(root)
    for event_type, body in bodies.items():
        path = events / "schemas" / f"{event_type}.json"
        files[path] = schemas.as_json(schemas.body_schema(body))
    for name, embed in {
        "ARCHITECTURE.md": lambda page: statuses.embed(
            markdown.embed(page, topology, domains(root, topology))
        ),
        "README.md": lambda page: markdown.SECRETS.replaced(
            page, markdown.secret_table(topology, "en")
        ),
        "README.ja.md": lambda page: markdown.SECRETS.replaced(
            page, markdown.secret_table(topology, "ja")
        ),
        "docs/operations.md": lambda page: documents.KEPT.replaced(page, documents.kept("en")),
        "docs/operations.ja.md": lambda page: documents.KEPT.replaced(page, documents.kept("ja")),
    }.items():
        files |= embedded(root / name, embed)
    return files


def embedded(path: Path, embed: Callable[[str], str]) -> dict[Path, str]:
    """Return a handwritten page with its generated parts; raises `ValueError` with its name."""
    if not path.exists():
        return {}
    try:
        return {path: embed(path.read_text(encoding="utf-8"))}
    except ValueError as error:
        raise ValueError(f"{path.name} {error}") from error


def drift(root: Path = ROOT) -> list[str]:
    """Return what is missing, differs or is left over, as ``path: what``; raises as `outputs` does."""
    files = outputs(root)
    leftover = [p for p in sorted((root / "events" / "schemas").glob("*.json")) if p not in files]
    gone = (f"{p.relative_to(root)}: no such event type any more" for p in leftover)
    return [*differing(files, root), *gone]


def differing(files: Mapping[Path, str], root: Path) -> list[str]:
    """Return the files that differ from their text, as ``path: what``."""
    return [
        f"{path.relative_to(root)}: {'differs' if path.exists() else 'is missing'}"
        for path, text in files.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def write(root: Path = ROOT) -> list[Path]:
    """Write every generated file that differs, remove left-over schemas; return what changed."""
    files = outputs(root)
    changed = written(files)
    for path in (root / "events" / "schemas").glob("*.json"):
        if path not in files:
            path.unlink()
            changed.append(path)
    return changed


def written(files: Mapping[Path, str]) -> list[Path]:
    """Write the files that differ, and return them."""
    changed: list[Path] = []
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def run(
    name: str,
    about: str | None,
    drift: Callable[[], list[str]],
    write: Callable[[], list[Path]],
    arguments: list[str] | None = None,
) -> int:
    """Write, or with ``--check`` compare: return 0 when all is well; 1 with the findings on stderr."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=about)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on drift")
    check = parser.parse_args(arguments).check
    try:
        if not check:
            sys.stdout.writelines(f"wrote {p.relative_to(ROOT)}\n" for p in write())
            return 0
        findings = drift()
    except (MapError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if findings:
        sys.stderr.write("\n".join([*findings, "Run `make map` and commit the result.", ""]))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(run("toban.topology.generate", __doc__, drift, write))
