"""`toban dead`: messages that functions gave up on."""

from __future__ import annotations

import argparse

from toban.cli.kit import local
from toban.cli.kit.terminal import Terminal


def _dead(asked: argparse.Namespace, terminal: Terminal) -> dict[str, int]:
    from toban.adapters.local.sqlite.dead_letters import SqliteDeadLetters

    with local.opened(asked.data, terminal) as data:
        return SqliteDeadLetters(data.database).counts()


def list_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """How many messages each subscription gave up on."""
    counts = _dead(asked, terminal)
    if asked.json:
        terminal.json([{"subscription": name, "count": n} for name, n in sorted(counts.items())])
    elif not counts:
        terminal.line(terminal.say("none.dead"))
    else:
        terminal.table(
            terminal.titles("subscription", "count"),
            [[name, str(n)] for name, n in sorted(counts.items())],
        )
        terminal.note(terminal.say("dead.more"))
    return 0


def redrive(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Have the dead letters tried again now, as `redrive_dead_letters` does every ten minutes."""
    from toban.events import RedriveDue

    before = sum(_dead(asked, terminal).values())
    if before:
        local.issue(asked.data, RedriveDue(), "redrive_dead_letters")
    after = sum(_dead(asked, terminal).values())
    if asked.json:
        terminal.json({"before": before, "after": after})
    else:
        terminal.line(terminal.say("dead.redriven", before=before, after=after))
    return 0
