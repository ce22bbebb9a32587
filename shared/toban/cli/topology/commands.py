"""`toban topology`: the map."""

from __future__ import annotations

import argparse

from toban.cli.kit.terminal import Problem, Terminal
from toban.topology.reader import MapError, load


def topology(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Functions with what they consume, emit and write."""
    import msgspec

    from toban.topology.drawings import drawing

    try:
        found = load()
    except MapError as error:
        raise Problem(str(error)) from error
    if asked.json:
        terminal.json(msgspec.to_builtins(found))
        return 0
    if asked.mermaid:
        terminal.line(drawing(found).rstrip())
        return 0
    rows = []
    for name, function in found.functions.items():
        consumes = [*function.consumes, *(f"HTTP {path}" for path in function.http)]
        emits = [t for t in function.emits if t != "message-parked"]
        emits += [f"({t})" for t in function.sets]
        state = [c for c in function.writes if c not in ("parked", "receipts")]
        rows.append([name, *("\n".join(part) for part in (consumes, emits, state))])
    terminal.table(terminal.titles("function", "consumes", "emits", "state"), rows, fold=(1, 2, 3))
    return 0
