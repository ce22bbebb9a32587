"""The ports that a handling uses, bound once per process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from toban.kernel.documents import Cache, Documents
from toban.kernel.errors import NotOnTheMap
from toban.kernel.event import Event
from toban.kernel.work import Work, clock_now
from toban.ports import Blobs, Bus, Clock, DeadLetters, Message, Store, Trace, Tracer

if TYPE_CHECKING:
    from toban.ports.buckets import Bucket  # only functions of backups import it


class NoTracer:
    """A tracer that keeps nothing (the structured log has the same facts)."""

    def note(self, trace: Trace) -> None:
        """Drop it."""


def no_pause(attempt: int) -> None:
    """Return at once (for simulations and tests)."""


@dataclass(frozen=True)
class Platform:
    """The ports of a process, and the topics that its function may publish to."""

    store: Store
    bus: Bus
    blobs: Blobs
    clock: Clock
    tracer: Tracer = field(default_factory=NoTracer)
    cache: Cache = field(default_factory=Cache)
    pause: Callable[[int], None] = no_pause
    """Waits a moment before run number `attempt` of a decision that lost a race."""
    buckets: Callable[[str], Bucket] | None = None
    """The buckets that profiles name, for the functions that work with them."""
    dead_letters: DeadLetters | None = None
    subscriptions: tuple[str, ...] = ()
    """Every subscription on the map, for `redrive_dead_letters`."""
    may_emit: Callable[[str], frozenset[str] | None] = lambda _: None
    """The topics a function may publish to, from the map; None: not checked."""

    def work(
        self,
        function: str,
        event: Event,
        *,
        now: datetime | None = None,
        guess: bool = False,
        writes_allowed: bool = True,
    ) -> Work:
        """Return a unit of work for one run of a handler; `now`: the present time unless given."""
        return Work(
            store=self.store,
            event=event,
            function=function,
            now=clock_now(self.clock) if now is None else now,
            cache=self.cache,
            guess=guess,
            writes_allowed=writes_allowed,
        )

    def documents(self) -> Documents:
        """Return the documents, to read only."""
        return Documents(self.store, clock_now(self.clock), self.cache)

    def publish(self, function: str, messages: Sequence[Message]) -> None:
        """Publish; raises `NotOnTheMap` when the map does not show the topic."""
        if not messages:
            return
        require_on_map(function, messages, self.may_emit(function))
        self.bus.publish(messages)


def require_on_map(
    function: str, messages: Sequence[Message], allowed: frozenset[str] | None
) -> None:
    """Raise `NotOnTheMap` when a message goes to a topic that is not `allowed` (None: all are)."""
    strange = set() if allowed is None else {m.topic for m in messages} - allowed
    if strange:
        raise NotOnTheMap(f"{function} emits to {', '.join(sorted(strange))}: not on the map")
