"""
What caused what: the tree of events and handlings, built from traces.

Pure. An event hangs under the handling that emitted it; one that a timer published hangs under
the handling that set the timer (its cause's id says which event that was).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from toban.kernel.event import timestamp
from toban.ports import Trace


@dataclass
class Handling:
    """One function's handling of one event, all deliveries together."""

    function: str
    traces: list[Trace]
    caused: list[EventNode] = field(default_factory=list)
    """Events that follow from it, timers included."""

    @property
    def told(self) -> Trace:
        """The delivery that did the work: the last one that was no mere repetition."""
        return next((t for t in reversed(self.traces) if t.outcome != "duplicate"), self.traces[-1])

    @property
    def attempts(self) -> int:
        """Deliveries that were needed, as far as it is known."""
        noted = max(t.attempt if t.duration_ms is None else 0 for t in self.traces)
        return noted or sum(t.outcome != "duplicate" for t in self.traces) or len(self.traces)

    @property
    def duplicates(self) -> int:
        """Repetitions that had no effect."""
        return sum(t.outcome == "duplicate" for t in self.traces)

    @property
    def waiting(self) -> list[tuple[str, str]]:
        """Timers (type, due) that have published nothing yet."""
        fired = [event.type for event in self.caused if event.by_timer]
        left = []
        for kind, due in self.told.timers:
            if kind in fired:
                fired.remove(kind)
            else:
                left.append((kind, due))
        return left


@dataclass
class EventNode:
    """An event in a trace, with the functions that handled it."""

    id: str
    type: str
    at: datetime | None = None
    """When it was first handled."""
    handled: list[Handling] = field(default_factory=list)
    by_timer: bool = False


def trees(traces: Iterable[Trace]) -> list[EventNode]:
    """
    Return the events that nothing among these traces caused, each with all that followed, by
    time.
    """
    events = _handled(traces)
    below: set[str] = set()
    emitters = [handling for event in list(events.values()) for handling in event.handled]
    for handling in emitters:
        for trace in handling.traces:
            for type_, id_ in trace.emitted:
                event = events.setdefault(id_, EventNode(id_, type_))
                if id_ not in below and not _leads_to(event, handling):
                    below.add(id_)
                    handling.caused.append(event)
    for event in events.values():
        causes = {t.causation_id for h in event.handled for t in h.traces} - {""}
        if event.id in below or not causes:
            continue
        setter = _setter(events, causes, event.type)
        if setter is not None and not _leads_to(event, setter):
            below.add(event.id)
            event.by_timer = True
            setter.caused.append(event)
    roots = [event for id_, event in events.items() if id_ not in below]
    return sorted(roots, key=lambda e: e.at.timestamp() if e.at else 0.0)


def _handled(traces: Iterable[Trace]) -> dict[str, EventNode]:
    events: dict[str, EventNode] = {}
    for trace in sorted(traces, key=lambda t: t.started_at):
        event = events.setdefault(trace.event_id, EventNode(trace.event_id, trace.event_type))
        event.at = event.at or trace.started_at
        for handling in event.handled:
            if handling.function == trace.function:
                handling.traces.append(trace)
                break
        else:
            event.handled.append(Handling(trace.function, [trace]))
    return events


def _setter(events: dict[str, EventNode], causes: set[str], type_: str) -> Handling | None:
    for cause in causes:
        for handling in events[cause].handled if cause in events else ():
            if any(kind == type_ for trace in handling.traces for kind, _ in trace.timers):
                return handling
    return None


def _leads_to(event: EventNode, handling: Handling) -> bool:
    """Whether the handling follows from the event (traces are only notes: nothing may loop)."""
    return any(below is handling for below in _handlings(event))


def _handlings(event: EventNode) -> Iterator[Handling]:
    waiting = [event]
    while waiting:
        found = waiting.pop()
        for handling in found.handled:
            yield handling
            waiting.extend(handling.caused)


def view(event: EventNode) -> dict[str, Any]:
    """Return an event and all that followed, for scripts."""
    return {
        "id": event.id,
        "type": event.type,
        "at": timestamp(event.at) if event.at else None,
        "by_timer": event.by_timer,
        "handled": [
            {
                "function": h.function,
                "outcome": h.told.outcome,
                "attempts": h.attempts,
                "duplicates": h.duplicates,
                "started_at": timestamp(h.told.started_at),
                "ms": None if h.told.duration_ms is None else round(h.told.duration_ms, 2),
                "changes": list(h.told.changes),
                "timers": [{"type": kind, "due": due} for kind, due in h.told.timers],
                "error": next((t.error for t in reversed(h.traces) if t.error), ""),
                "emitted": [view(caused) for caused in h.caused],
            }
            for h in event.handled
        ],
    }


def totals(roots: Iterable[EventNode]) -> tuple[int, int, float]:
    """Events, deliveries and milliseconds of all of it."""
    events = deliveries = 0
    spent = 0.0
    waiting = list(roots)
    while waiting:
        event = waiting.pop()
        events += 1
        for handling in event.handled:
            deliveries += len(handling.traces)
            spent += sum(t.duration_ms or 0 for t in handling.traces)
            waiting.extend(handling.caused)
    return events, deliveries, spent
