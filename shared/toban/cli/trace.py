"""`toban trace`: the tree of what caused what, drawn."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from toban.adapters.local.traces import SqliteTracer
from toban.cli import local
from toban.cli.causes import Caused, Handling, totals, trees, view
from toban.cli.terminal import Problem, Terminal, printable
from toban.cli.views import Reader
from toban.incidents.documents import Incident
from toban.ports import Trace

_COLORS = {
    "done": "green",
    "duplicate": "dim",
    "nothing": "dim",
    "retry": "yellow",
    "error": "red",
    "parked": "red",
}


def trace(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Everything that belongs to an event, an incident or a correlation."""
    with local.opened(asked.data, terminal) as data:
        tracer = SqliteTracer(data.database)
        try:
            found = stories(tracer, Reader(data.store), asked.id.strip())
        finally:
            tracer.close()
    if not found:
        raise Problem(terminal.say("trace.none", id=asked.id))
    if asked.json:
        terminal.json([view(event) for event in found])
        return 0
    for event in found:
        for line in drawn(event, terminal):
            terminal.line(line)
        terminal.line()
    events, deliveries, spent = totals(found)
    terminal.line(terminal.say("trace.sum", events=events, handlings=deliveries, ms=f"{spent:.1f}"))
    return 0


def stories(tracer: SqliteTracer, reader: Reader, word: str) -> list[Caused]:
    """The trees an id belongs to; an incident (or the beginning of its id) has several."""
    traces = _of_correlations(tracer, [word])
    if not traces:
        traces = _of_correlations(tracer, [t.correlation_id for t in tracer.by_event(word)])
    if traces:
        return trees(traces)
    found = reader.by_prefix(Incident, word.removeprefix("incidents/"))
    if len(found) != 1:
        return []
    touching = tracer.touching(f"incidents/{found[0].id}")
    return trees(_of_correlations(tracer, [t.correlation_id for t in touching]))


def _of_correlations(tracer: SqliteTracer, ids: list[str]) -> list[Trace]:
    return [trace for id_ in dict.fromkeys(ids) if id_ for trace in tracer.by_correlation(id_)]


def drawn(event: Caused, terminal: Terminal, *, brief: bool = False) -> Iterator[str]:
    """A tree as lines; `brief` leaves out the documents and ids."""
    yield _event(event, terminal, brief)
    yield from _handlings(event, terminal, "", brief)


def _event(event: Caused, terminal: Terminal, brief: bool) -> str:
    name = terminal.paint(event.type.removeprefix("toban."), "bold")
    clock = event.at.astimezone().strftime(" %H:%M:%S.%f")[:-3] if event.at else ""
    mark = "⏲ " if event.by_timer else ""
    id_ = "" if brief else f"  {event.id}"
    return f"{mark}{name}{terminal.paint(f'{clock}{id_}', 'dim')}"


def _handlings(event: Caused, terminal: Terminal, indent: str, brief: bool) -> Iterator[str]:
    for position, handling in enumerate(event.handled):
        last = position == len(event.handled) - 1
        branch, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield f"{indent}{branch}{_handling(handling, terminal, brief)}"
        inner = indent + below
        problem = next((t.error for t in reversed(handling.traces) if t.error), "")
        if problem:
            yield f"{inner}  {terminal.paint(printable(problem)[:200], 'red')}"
        for kind, due in handling.waiting:
            told = terminal.say(
                "trace.timer", type=kind.removeprefix("toban."), at=due[11:19] + "Z"
            )
            yield f"{inner}  {terminal.paint(f'⏲ {told}', 'cyan')}"
        for number, caused in enumerate(handling.caused):
            final = number == len(handling.caused) - 1
            branch, deeper = ("└▶ ", "   ") if final else ("├▶ ", "│  ")
            yield f"{inner}{branch}{_event(caused, terminal, brief)}"
            yield from _handlings(caused, terminal, inner + deeper, brief)


def _handling(handling: Handling, terminal: Terminal, brief: bool) -> str:
    told = handling.told
    parts = [
        handling.function,
        terminal.paint(told.outcome, _COLORS.get(told.outcome, "")),
        terminal.paint(f"{told.duration_ms:.1f} ms", "dim"),
    ]
    if handling.attempts > 1:
        parts.append(terminal.paint(terminal.say("trace.attempt", n=handling.attempts), "yellow"))
    if handling.duplicates and told.outcome != "duplicate":
        parts.append(terminal.paint(terminal.say("trace.repeats", n=handling.duplicates), "dim"))
    if not brief and told.changes:
        parts.append(terminal.paint(", ".join(told.changes), "dim"))
    return "  ".join(parts)
