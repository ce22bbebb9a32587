"""`toban trace`: the tree of what caused what, drawn."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from toban.cli.kit.reader import StoreReader
from toban.cli.kit.session import Traces, session
from toban.cli.kit.stories import TOLD, Told, handlings, told_by
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.cli.trace.causes import EventNode, Handling, totals, trees, view

_COLORS = {
    "done": "green",
    "duplicate": "dim",
    "nothing": "dim",
    "retry": "yellow",
    "error": "red",
    "parked": "red",
    "unrecorded": "dim",
}


def trace(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show everything that belongs to an event, an incident or a correlation."""
    with session(asked, terminal) as work:
        traces = work.traces()
        word = asked.id.strip().encode(errors="replace").decode()
        found = stories(traces, work.reader, word)
        told = told_by(work.reader, word)
        zone = _zone(told, work.reader) if told else zone_of(found, work.reader)
    if not found:
        raise Problem(
            terminal.say("trace.none" if traces.is_whole else "trace.no-receipt", id=asked.id)
        )
    if asked.json:
        terminal.json([view(event) for event in found])
    else:
        _show(found, terminal, zone, whole=traces.is_whole)
    return 0


def _show(found: list[EventNode], terminal: Terminal, zone: str, *, whole: bool) -> None:
    for event in found:
        for line in drawn(event, terminal, zone):
            terminal.line(terminal.clipped(line))
        terminal.line()
    events, deliveries, spent = totals(found)
    if whole:
        said = terminal.say(
            "trace.sum", events=events, handlings=deliveries, ms=f"{spent:.1f}", zone=zone
        )
        terminal.line(said)
        return
    terminal.line(terminal.say("trace.receipts", events=events, handlings=deliveries, zone=zone))
    terminal.note(terminal.say("trace.unknown", id=found[0].id))


def zone_of(events: Iterable[EventNode], reader: StoreReader) -> str:
    """Return the zone of the incident or backup that the events changed, else that of all services."""
    waiting = list(events)
    while waiting:
        event = waiting.pop(0)
        for handling in event.handled:
            waiting.extend(handling.caused)
            for change in (c for trace in handling.traces for c in trace.changes):
                found = _changed(change, reader)
                if found is not None:
                    return _zone(found, reader)
    return reader.home_zone()


def _zone(document: Told, reader: StoreReader) -> str:
    return reader.zone(document.service, getattr(document, "profile_version", ""))


def _changed(change: str, reader: StoreReader) -> Told | None:
    """The document that a change is of, if it belongs to a service."""
    for cls in TOLD:
        name = change.partition(f"{cls.COLLECTION}/")[2].split()
        found = reader.get(cls, name[0]) if name else None
        if found is not None:
            return found
    return None


def stories(traces: Traces, reader: StoreReader, word: str) -> list[EventNode]:
    """
    Return the trees an id belongs to; an incident (or the beginning of its id) has several, so
    has a backup or a restore.
    """
    return trees(handlings(traces, reader, word))


def drawn(event: EventNode, terminal: Terminal, zone: str, *, brief: bool = False) -> Iterator[str]:
    """Yield a tree as lines, with times in `zone`; `brief` leaves out the documents and ids."""
    yield from _Drawing(terminal, ZoneInfo(zone), brief).tree(event)


@dataclass(frozen=True)
class _Drawing:
    terminal: Terminal
    zone: ZoneInfo
    brief: bool

    def tree(self, event: EventNode) -> Iterator[str]:
        yield self._event(event)
        yield from self._handlings(event, "")

    def _event(self, event: EventNode) -> str:
        name = self.terminal.paint(
            event.type.removeprefix("toban.") or self.terminal.say("trace.event"), "bold"
        )
        clock = event.at.astimezone(self.zone).strftime(" %H:%M:%S.%f")[:-3] if event.at else ""
        mark = f"{self.terminal.say('trace.by-timer')} " if event.by_timer else ""
        id_ = "" if self.brief else f"  {event.id}"
        return f"{mark}{name}{self.terminal.paint(f'{clock}{id_}', 'dim')}"

    def _timer(self, kind: str, due: str) -> str:
        at = datetime.fromisoformat(due).astimezone(self.zone)
        told = self.terminal.say(
            "trace.timer", type=kind.removeprefix("toban."), at=at.strftime("%H:%M:%S")
        )
        return self.terminal.paint(told, "cyan")

    def _handlings(self, event: EventNode, indent: str) -> Iterator[str]:
        for position, handling in enumerate(event.handled):
            last = position == len(event.handled) - 1
            branch, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
            yield f"{indent}{branch}{_handling(handling, self.terminal, self.brief)}"
            inner = indent + below
            problem = next((t.error for t in reversed(handling.traces) if t.error), "")
            if problem:
                yield f"{inner}  {self.terminal.paint(printable(problem)[:200], 'red')}"
            for kind, due in handling.waiting:
                yield f"{inner}  {self._timer(kind, due)}"
            for number, caused in enumerate(handling.caused):
                final = number == len(handling.caused) - 1
                branch, deeper = ("└▶ ", "   ") if final else ("├▶ ", "│  ")
                yield f"{inner}{branch}{self._event(caused)}"
                yield from self._handlings(caused, inner + deeper)


def _handling(handling: Handling, terminal: Terminal, brief: bool) -> str:
    told = handling.told
    parts = [
        handling.function,
        terminal.paint(told.outcome, _COLORS.get(told.outcome, "")),
    ]
    if told.duration_ms is not None:
        parts.append(terminal.paint(f"{told.duration_ms:.1f} ms", "dim"))
    if handling.attempts > 1:
        parts.append(terminal.paint(terminal.say("trace.attempt", n=handling.attempts), "yellow"))
    if handling.duplicates and told.outcome != "duplicate":
        parts.append(terminal.paint(terminal.say("trace.repeats", n=handling.duplicates), "dim"))
    if not brief and told.changes:
        parts.append(terminal.paint(", ".join(told.changes), "dim"))
    return "  ".join(parts)
