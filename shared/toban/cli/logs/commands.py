"""`toban logs`: what the functions logged, here or (by Cloud Logging's own command) in a project."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

from toban.cli.kit.ask import since
from toban.cli.kit.places.local import exists
from toban.cli.kit.session import Session, session
from toban.cli.kit.stories import TOLD, handlings
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.cli.logs import lines
from toban.cli.logs.lines import LineFilter, LogLine, LogTail
from toban.cli.logs.project import command, expression
from toban.kernel.event import timestamp
from toban.local.control import find_emulated
from toban.local.logs import readable

MOST: Final = 100
"""Lines that are shown where nothing narrows them down."""
_POLL_S = 0.3
_NEWEST = 100
"""Of a service, so many incidents, backups and restores are looked at."""
_COLORS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red", "DEBUG": "dim"}
_IN_WORDS = frozenset(
    {"timestamp", "severity", "message", "function", "error", "reason", "missing", "target"}
)
"""Fields that the sentence for people has already."""
_ALWAYS = frozenset({"version", "environment"})


def logs(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show lines, oldest first; with ``--follow`` until somebody stops it."""
    if asked.lines is not None and asked.lines < 1:
        raise Problem(terminal.say("logs.few", n=asked.lines), 2)
    if asked.project:
        return _in_project(asked, terminal)
    files = [*lines.older(asked.data), *lines.current(asked.data)]
    if not files and not asked.follow:
        raise Problem(terminal.say("logs.no-file", data=asked.data))
    zone = _zone(asked, terminal)

    def show(line: LogLine) -> None:
        terminal.line(as_json(line) if asked.json else shown(line, zone, terminal))

    with contextlib.closing(LogTail(asked.data)) as tail:
        fits = meant(asked, terminal).fits
        most = asked.lines or (None if asked.id or asked.since else MOST)
        found = deque(filter(fits, chain(lines.past(asked.data), tail.new())), maxlen=most)
        for line in found:
            show(line)
        if asked.follow:
            follow(tail, lambda: meant(asked, terminal), show)
    if asked.id and not found:
        raise Problem(terminal.say("logs.unknown", id=asked.id))
    if not found:
        terminal.note(terminal.say("logs.none"))
    return 0


def follow(
    tail: LogTail,
    meant: Callable[[], LineFilter],
    show: Callable[[LogLine], None],
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Show what is logged from now on; ends with what `pause` raises."""
    while True:
        pause(_POLL_S)
        new = tail.new()
        if new:  # what an incident leads to grows with it
            fits = meant().fits
            for line in filter(fits, new):
                show(line)


def meant(asked: argparse.Namespace, terminal: Terminal) -> LineFilter:
    """Return which lines are asked for, by what the documents say of the id or the service now."""
    ids: frozenset[str] | None = None
    of_service: frozenset[str] = frozenset()
    zone = _zone(asked, terminal) if asked.since else "UTC"
    from_ = since(asked.since, zone, terminal) if asked.since else None
    if asked.id:
        ids = frozenset({asked.id.strip()})
    if asked.id or asked.service:
        with _documents(asked, terminal) as work:
            if work is not None and ids is not None:
                ids |= _ids_of(work, asked.id.strip())
            if work is not None and asked.service:
                of_service = _ids_of_service(work, asked.service)
    return LineFilter(
        ids=ids,
        service=asked.service or "",
        of_service=of_service,
        function=asked.function or "",
        level=(asked.level or "").upper(),
        since=timestamp(from_) if from_ else "",
    )


def as_json(line: LogLine) -> str:
    """Return a line for scripts: as it was written, or an object around a library's own words."""
    return line.text if line.fields is not None else json.dumps({"message": line.text})


def shown(line: LogLine, zone: str, terminal: Terminal) -> str:
    """Return a line for people: when, how severe, who, what, and the fields that say which."""
    if line.fields is None:
        return terminal.clipped(printable(line.text))
    fields = {
        name: value
        for name, value in line.fields.items()
        if name not in _IN_WORDS | _ALWAYS and (name, value) != ("service", "toban")
    }
    rest = printable(" ".join(f"{name}={value}" for name, value in fields.items()))
    words = printable(readable(line.text, zone, dated=True))
    words = terminal.paint(words, _COLORS.get(str(line.fields.get("severity")), ""))
    return terminal.clipped(f"{words}  {terminal.paint(rest, 'dim')}".rstrip())


@contextlib.contextmanager
def _documents(asked: argparse.Namespace, terminal: Terminal) -> Iterator[Session | None]:
    """The place's documents; None where there are none yet, or an emulator has them."""
    if not asked.project and (not exists(asked.data) or find_emulated(asked.data)):
        yield None
        return
    with session(asked, terminal) as work:
        yield work


def _zone(asked: argparse.Namespace, terminal: Terminal) -> str:
    with _documents(asked, terminal) as work:
        return "UTC" if work is None else work.reader.home_zone()


def _ids_of(work: Session, word: str) -> frozenset[str]:
    """The correlations that an id belongs to, and the whole id where its beginning was given."""
    found = handlings(work.traces(), work.reader, word)
    told = next((t for cls in TOLD for t in work.reader.by_prefix(cls, word, limit=1)), None)
    return frozenset({*(t.correlation_id for t in found), *([told.id] if told else ())} - {""})


def _ids_of_service(work: Session, service: str) -> frozenset[str]:
    ids: set[str] = set()
    traces = work.traces()
    for cls in TOLD:
        of_service = work.reader.find(cls, ("service", "==", service))
        for told in sorted(of_service, key=lambda each: each.id)[-_NEWEST:]:
            ids.add(told.id)
            ids.update(t.correlation_id for t in traces.touching(cls.COLLECTION, told.id))
    return frozenset(ids - {""})


def _in_project(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Say how Cloud Logging is asked; nothing is read there."""
    filter_ = expression(meant(asked, terminal))
    words = command(filter_, asked.project, follow=asked.follow, most=asked.lines or MOST)
    if asked.json:
        terminal.json({"filter": filter_, "command": words})
        return 0
    terminal.note(terminal.say("logs.in-project"))
    terminal.line(shlex.join(words))
    return 0
