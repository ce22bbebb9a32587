"""`toban new`: the beginning of something new, for who works on this checkout."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from toban.cli.kit.arguments import unknown
from toban.cli.kit.terminal import Problem, Terminal
from toban.topology.generate import ROOT, written
from toban.topology.place import is_checkout
from toban.topology.reader import MapError, as_written
from toban.topology.skeleton import CannotAddError, NewFunction, files


def function(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Write the files of a function, and what follows from the map; nothing if it cannot be."""
    if not is_checkout():
        raise Problem(terminal.say("new.installed", at=ROOT))
    plain = NewFunction(asked.name, asked.on, asked.domain or "")
    wanted = NewFunction(asked.name, asked.on, asked.domain or plain.collection)
    try:
        topics = as_written((ROOT / "events" / "topology.yaml").read_text(encoding="utf-8")).topics
        if asked.on not in topics:
            raise Problem(unknown(terminal.language, asked.on, "what.topic", topics), 2)
        made = files(ROOT, wanted)
    except (MapError, CannotAddError) as error:
        raise Problem(str(error), 2) from error
    paths = [str(path.relative_to(ROOT)) for path in made]
    if not asked.dry_run:
        before = {p: p.read_text(encoding="utf-8") if p.exists() else None for p in made}
        written(made)
        # In a process of its own: what was just written is not what this one has imported.
        map_ = subprocess.run(
            [sys.executable, "-m", "toban.topology.generate"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if map_.returncode:
            _undo(before)
            raise Problem(terminal.say("new.map", error=map_.stderr.strip()))
        paths += [line.removeprefix("wrote ") for line in map_.stdout.splitlines()]
    if asked.json:
        terminal.json({"function": wanted.name, "written": not asked.dry_run, "files": paths})
        return 0
    for path in paths:
        terminal.line(terminal.say("new.would" if asked.dry_run else "new.wrote", path=path))
    if not asked.dry_run:
        terminal.note(terminal.say("new.next"))
    return 0


def _undo(before: dict[Path, str | None]) -> None:
    for path, text in before.items():
        if text is not None:
            path.write_text(text, encoding="utf-8")
            continue
        path.unlink()
        for folder in (path.parent / "__pycache__", path.parent):
            if folder.is_dir() and (folder.name == "__pycache__" or not any(folder.iterdir())):
                shutil.rmtree(folder)
