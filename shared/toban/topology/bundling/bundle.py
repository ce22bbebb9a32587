"""
Make what is deployed: a folder for each function with its ``main.py``, its requirements and our code.

``python -m toban.topology.bundling.bundle [--commands] [--into FOLDER] [NAME …]``. A bundle is complete: Cloud Run functions
build it as it stands, each by itself, and install its ``requirements.txt`` by hash.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from toban.topology.bundling.deploy import command
from toban.topology.bundling.lock import CannotBundleError
from toban.topology.bundling.requirements import requirements
from toban.topology.generate import ROOT
from toban.topology.reader import MapError, load
from toban.topology.rooms import MAIN_MAY_IMPORT, MAY_IMPORT


def shipped(package: str) -> bool:
    """
    Return whether a package right below ``toban`` goes into bundles: what a ``main.py`` may
    reach.
    """
    reached: set[str] = set()
    waiting = [*MAIN_MAY_IMPORT]
    while waiting:
        room = waiting.pop()
        if room not in reached:
            reached.add(room)
            waiting.extend(MAY_IMPORT[room])
    return package in reached or package not in MAY_IMPORT


def bundle(root: Path, name: str, into: Path) -> Path:
    """
    Write the bundle of a function to ``into/NAME``, instead of what was there, and return that folder.

    Raises `KeyError` for a function that is not on the map, `MapError` and `CannotBundleError`; nothing
    is written then.
    """
    text = requirements(root, name, load(root / "events" / "topology.yaml").functions[name])
    folder = into / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root / "functions" / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
    package = root / "shared" / "toban"

    def left_out(directory: str, names: list[str]) -> list[str]:
        return [
            each
            for each in names
            if each == "__pycache__"
            or (Path(directory) == package and not shipped(each.removesuffix(".py")))
        ]

    shutil.copytree(package, folder / "toban", ignore=left_out)
    (folder / "requirements.txt").write_text(text, encoding="utf-8")
    return folder


def main(arguments: list[str] | None = None) -> int:
    """Bundle the named functions, or all: 0 when all is well, 1 with the error on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m toban.topology.bundling.bundle", description=__doc__
    )
    parser.add_argument("--into", type=Path, default=ROOT / "dist" / "functions")
    parser.add_argument(
        "--commands", action="store_true", help="only print the commands that deploy them"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="of functions; else all are made")
    asked = parser.parse_args(arguments)
    try:
        topology = load(ROOT / "events" / "topology.yaml")
        known = list(topology.functions)
        if unknown := sorted(set(asked.names) - set(known)):
            parser.error(
                f"no function {', '.join(unknown)} on the map; there are {', '.join(known)}"
            )
        for name in asked.names or known:
            if asked.commands:
                said = command(name, topology.functions[name], topology)
            else:
                said = str(bundle(ROOT, name, asked.into))
            sys.stdout.write(f"{said}\n")
    except (MapError, CannotBundleError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
