"""
Write what follows from the map, or check that it is up to date.

``python -m toban.topology.generate [--check]``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from toban.topology import asyncapi, documents, pages, schemas, statuses
from toban.topology.reader import DEFAULT_PATH, MapError, load
from toban.topology.requirements import parse_lock, requirements

ROOT = DEFAULT_PATH.parent.parent


def outputs(root: Path = ROOT) -> dict[Path, str]:
    """
    Every generated file with the text it should have.

    Raises `MapError` when the map is wrong, `ValueError` when ARCHITECTURE.md has no place for
    the drawing.
    """
    topology = load(root / "events" / "topology.yaml")
    events = root / "events"
    bodies = schemas.bodies()
    samples = {path.stem for path in (events / "samples").glob("*.json")}
    lock = parse_lock((root / "requirements" / "run.txt").read_text(encoding="utf-8"))
    files = {
        events / "topology.schema.json": schemas.as_json(schemas.map_schema()),
        events / "asyncapi.yaml": asyncapi.document(topology, bodies),
        events / "README.md": pages.readme(topology, samples),
        root / "infra" / "terraform" / "documents.tf": documents.terraform(),
    }
    for event_type, body in bodies.items():
        path = events / "schemas" / f"{event_type}.json"
        files[path] = schemas.as_json(schemas.body_schema(body))
    for name, function in topology.functions.items():
        folder = root / "functions" / name
        if folder.is_dir():
            files[folder / "requirements.txt"] = requirements(function, lock)
    architecture = root / "ARCHITECTURE.md"
    if architecture.exists():
        page = architecture.read_text(encoding="utf-8")
        try:
            files[architecture] = statuses.embed(pages.embed(page, topology))
        except ValueError as error:
            raise ValueError(f"ARCHITECTURE.md {error}") from error
    return files


def drift(root: Path = ROOT) -> list[str]:
    """What is missing, differs or is left over, as ``path: what``; raises as `outputs` does."""
    files = outputs(root)
    found = [
        f"{path.relative_to(root)}: {'differs' if path.exists() else 'is missing'}"
        for path, text in files.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    leftover = [p for p in sorted((root / "events" / "schemas").glob("*.json")) if p not in files]
    return [*found, *(f"{p.relative_to(root)}: no such event type any more" for p in leftover)]


def write(root: Path = ROOT) -> list[Path]:
    """Write every generated file that differs, remove left-over schemas; returns what changed."""
    files = outputs(root)
    changed: list[Path] = []
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    for path in (root / "events" / "schemas").glob("*.json"):
        if path not in files:
            path.unlink()
            changed.append(path)
    return changed


def main(arguments: list[str] | None = None) -> int:
    """0 when all is well; 1 with the findings on stderr."""
    parser = argparse.ArgumentParser(prog="python -m toban.topology.generate", description=__doc__)
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
    sys.exit(main())
