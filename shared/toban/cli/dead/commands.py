"""`toban dead`: messages that functions gave up on."""

from __future__ import annotations

import argparse

from toban.cli.kit.session import session
from toban.cli.kit.terminal import Terminal


def list_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show how many messages each subscription gave up on."""
    with session(asked, terminal) as work:
        counts, most = work.dead_letters(), work.max_dead_letters
    if asked.json:
        terminal.json([{"subscription": name, "count": n} for name, n in sorted(counts.items())])
    elif not counts:
        terminal.line(terminal.say("none.dead"))
    else:
        terminal.table(
            terminal.titles("subscription", "count"),
            [[name, f"{n}+" if n == most else str(n)] for name, n in sorted(counts.items())],
        )
        terminal.note(terminal.say("dead.more"))
    return 0


def redrive(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Have the dead letters tried again now, as `redrive_dead_letters` does every ten minutes."""
    from toban.events import RedriveDue

    with session(asked, terminal) as work:

        def waiting() -> int:
            return sum(work.dead_letters().values())

        seen = [waiting()]

        def fewer() -> bool:
            seen.append(waiting())
            return seen[-1] < seen[0]

        if seen[0]:
            work.carry_out(RedriveDue(), "redrive_dead_letters", fewer)
            if seen[-1] == seen[0]:  # otherwise: what fails again at once is not what was left
                seen.append(waiting())
        before, after = seen[0], seen[-1]
    if asked.json:
        terminal.json({"before": before, "after": after})
    else:
        terminal.line(terminal.say("dead.redriven", before=before, after=after))
    return 0
