"""Where a command works: a data directory, or a Google Cloud project (``--project``)."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator

from toban.cli.kit.places.base import CommandOutcome as CommandOutcome
from toban.cli.kit.places.base import Session as Session
from toban.cli.kit.places.base import Traces as Traces
from toban.cli.kit.places.base import new_event as new_event
from toban.cli.kit.terminal import Problem, Terminal


@contextlib.contextmanager
def session(asked: argparse.Namespace, terminal: Terminal) -> Iterator[Session]:
    """
    Open the place that is meant; `Problem` when there is none, and at the end when a list was shown
    without a document that cannot be read.
    """
    quiet = bool(asked.json)
    if asked.project:
        from toban.cli.kit.places.cloud import CloudSession

        location = getattr(asked, "location", None) or os.environ.get("TOBAN_LOCATION", "")
        cloud = CloudSession(asked.project, location, terminal, quiet=quiet)
        yield cloud
        _all_was_read(cloud, terminal)
        return
    from toban.cli.kit.places.local import opened

    with opened(asked.data, terminal, quiet=quiet) as found:
        yield found
        _all_was_read(found, terminal)


def _all_was_read(work: Session, terminal: Terminal) -> None:
    """Whoever reads a list must not believe that it is whole."""
    if not work.reader.unreadable:
        return
    lines = [terminal.say("data.unreadable")]
    for path, why in sorted(work.reader.unreadable.items()):
        lines.append(f"  {path}: {why}")
    raise Problem("\n".join(lines))
