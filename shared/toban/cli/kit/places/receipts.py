"""
What receipts tell of a story, where no handling is noted: in a project.

A receipt says who handled an event, when, and what was emitted; a notification and a parked message
say as much. Whoever only translates keeps no record, and is told by translating again: it depends on
its event and on references that never change. Nobody can tell from documents how long a handling took,
how often it was tried, and whether one that changed nothing took place: those are ``unrecorded``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any, Final

from toban.cli.kit.places.base import Traces
from toban.cli.kit.reader import StoreReader
from toban.events import NotificationRequested
from toban.kernel.event import StoredMessage, from_message, timestamp
from toban.kernel.handling.parking import ParkedMessage, parked_id
from toban.kernel.handling.receipt import Receipt, receipt_id
from toban.notify.documents import Notification
from toban.ports import Key, Trace
from toban.topology.types import Topology

UNRECORDED: Final = "unrecorded"
_MOST_KEYS = 200
"""Documents read at once."""
_MOST_TIMES = 400
"""Times of one document that are looked up."""
_AT_ONCE = 8
_OUTCOMES = {"done": "done", "failed": "done", "void": "nothing"}

Replay = Callable[[str, StoredMessage], list[StoredMessage] | None]
"""What a function emits for an event; None: it is none that only translates."""


@dataclass(frozen=True)
class _Handled:
    """What is known of one handling, and what it led to."""

    trace: Trace
    caused: Sequence[StoredMessage] = ()


class ReceiptTraces(Traces):
    """Handlings derived from receipts and other documents."""

    is_whole = False

    def __init__(self, reader: StoreReader, topology: Topology, replay: Replay) -> None:
        self._reader = reader
        self._topology = topology
        self._replay = replay

    def of(self, id: str) -> list[Trace]:
        """See `Traces`; of an event that nobody has a receipt of nothing is known."""
        return self._walk(self._first(self._reader.find(Receipt, ("event_id", "==", id))))

    def touching(self, collection: str, id: str) -> list[Trace]:
        """
        See `Traces`: by the times that the document holds.

        What is written takes its time from the unit of work, as its receipt does.
        """
        found = self._reader.store.get([Key(collection, id)])[0]
        times = sorted(set(_times(found.data))) if found is not None else []
        times = [*times[: _MOST_TIMES // 2], *times[_MOST_TIMES // 2 :][-_MOST_TIMES // 2 :]]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            receipts = chain(
                *pool.map(lambda at: self._reader.find(Receipt, ("at", "==", at)), times)
            )
            return self._walk(self._first(r for r in receipts if self._is_about(r, collection, id)))

    def _is_about(self, receipt: Receipt, collection: str, id: str) -> bool:
        """Whether a receipt of that time names the document, or may have changed it and says nothing."""
        stored = _stored(receipt)
        if not stored:
            function = self._topology.functions.get(receipt.function)
            return function is not None and collection in function.writes
        subject = f"{collection}/{id}"
        return any(s.attributes.get("ce-subject") == subject or id in s.data for s in stored)

    def _first(self, receipts: Iterable[Receipt]) -> list[str]:
        """The first events of the stories that these belong to."""
        found: dict[str, None] = {}
        for receipt in receipts:
            named = {s.attributes.get("ce-correlationid", "") for s in _stored(receipt)} - {""}
            found.update(dict.fromkeys(sorted(named) or [receipt.event_id]))
        return [*found]

    # --- downwards ---------------------------------------------------------------------------

    def _walk(self, roots: Iterable[str]) -> list[Trace]:
        found = [each for root in roots for each in self._of_root(root)]
        level, seen = found, set[str]()
        while level:
            events = {s.event_id: s for each in level for s in each.caused}
            pairs = [
                (function, stored)
                for id, stored in events.items()
                if id not in seen
                for function in self._topology.consumers(stored.topic)
            ]
            seen |= set(events)
            level = [*self._handled(pairs)]
            found += level
        # A story may begin with an event that turns out to follow from another one's.
        once = {(each.trace.function, each.trace.event_id): each for each in found}
        return sorted(_judged([*once.values()]), key=lambda trace: trace.started_at)

    def _of_root(self, id: str) -> Iterator[_Handled]:
        """Who handled an event that came from outside; its type follows from who they are."""
        receipts = self._reader.find(Receipt, ("event_id", "==", id))
        consumed = [
            set(function.consumes)
            for r in receipts
            if (function := self._topology.functions.get(r.function)) is not None
        ]
        topics = set[str].intersection(*consumed) if consumed else set()
        topic = topics.pop() if len(topics) == 1 else ""
        kind = self._topology.topics[topic].event if topic else ""
        attributes = {"ce-id": id, "ce-type": kind, "ce-correlationid": id}
        for receipt in receipts:
            yield _of_receipt(receipt, attributes)
        for name in {*self._topology.consumers(topic)} - {r.function for r in receipts}:
            yield _Handled(_trace(name, attributes, receipts[0].at, UNRECORDED, ()))

    def _handled(self, pairs: Sequence[tuple[str, StoredMessage]]) -> Iterator[_Handled]:
        for start in range(0, len(pairs), _MOST_KEYS):
            part = pairs[start : start + _MOST_KEYS]
            receipts = self._reader.get_many(
                Receipt, [receipt_id(function, s.event_id) for function, s in part]
            )
            parked = self._reader.get_many(
                ParkedMessage, [parked_id(function, s.message()) for function, s in part]
            )
            for (function, stored), receipt, message in zip(part, receipts, parked, strict=True):
                if receipt is not None:
                    yield _of_receipt(receipt, stored.attributes)
                elif message is not None:
                    yield _of_parked(message, stored.attributes)
                else:
                    yield self._unwritten(function, stored)

    def _unwritten(self, function: str, stored: StoredMessage) -> _Handled:
        """A handling without a receipt."""
        event = from_message(stored.message())
        if isinstance(event.body, NotificationRequested):
            record = self._reader.get(Notification, event.body.notification_id)
            if record is not None:
                return _of_notification(function, record, stored.attributes)
        emitted = self._replay(function, stored) or []
        trace = _trace(function, stored.attributes, event.time, UNRECORDED, emitted)
        return _Handled(trace, emitted)


def _judged(found: list[_Handled]) -> Iterator[Trace]:
    """The traces; a translation was done if anybody has a record of what it emits."""
    recorded = {each.trace.event_id for each in found if each.trace.outcome != UNRECORDED}
    for each in found:
        if each.trace.outcome == UNRECORDED and any(s.event_id in recorded for s in each.caused):
            yield replace(each.trace, outcome="done")
        else:
            yield each.trace


def _stored(receipt: Receipt) -> list[StoredMessage]:
    return [*receipt.emitted, *(timer.event for timer in receipt.timers)]


def _of_receipt(receipt: Receipt, attributes: dict[str, str]) -> _Handled:
    fired = [timer.event for timer in receipt.timers if timer.fired]
    timers = tuple((t.event.event_type, timestamp(t.due)) for t in receipt.timers)
    trace = _trace(receipt.function, attributes, receipt.at, "done", receipt.emitted, timers)
    return _Handled(trace, [*receipt.emitted, *fired])


def _of_notification(function: str, record: Notification, attributes: dict[str, str]) -> _Handled:
    trace = _trace(
        function,
        attributes,
        record.created_at,
        _OUTCOMES.get(record.state, "retry"),
        record.emitted,
        error=record.error,
        attempt=record.attempts,
    )
    return _Handled(trace, record.emitted)


def _of_parked(parked: ParkedMessage, attributes: dict[str, str]) -> _Handled:
    return _Handled(
        _trace(parked.function, attributes, parked.at, "parked", (), error=parked.error)
    )


def _trace(
    function: str,
    attributes: dict[str, str],
    at: datetime,
    outcome: str,
    emitted: Iterable[StoredMessage],
    timers: tuple[tuple[str, str], ...] = (),
    *,
    error: str = "",
    attempt: int = 0,
) -> Trace:
    return Trace(
        function=function,
        event_id=attributes["ce-id"],
        event_type=attributes["ce-type"],
        correlation_id=attributes.get("ce-correlationid", ""),
        causation_id=attributes.get("ce-causationid", ""),
        attempt=attempt,
        started_at=at,
        duration_ms=None,
        outcome=outcome,
        emitted=tuple((s.event_type, s.event_id) for s in emitted),
        timers=timers,
        error=error,
    )


def _times(value: Any) -> Iterator[datetime]:
    if isinstance(value, datetime):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _times(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _times(inner)
