"""What profiles have against services that stay in force beside them, because no file names these."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from toban.cli.kit.terminal import Terminal
from toban.kernel.documents import Documents
from toban.profile.store import ProfileChange, applied
from toban.sections.files import check_beside


def tell_beside(
    asked: argparse.Namespace,
    terminal: Terminal,
    read: Documents,
    changes: Iterable[ProfileChange],
) -> None:
    """Say it beside the result; `changes`: what applying the profiles changes in that store."""
    if any(change.what == "no-file" for change in changes):
        for finding in check_beside(asked.services, applied(read)):
            terminal.note(terminal.paint(finding.render(terminal.language), "yellow"))
