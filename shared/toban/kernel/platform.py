"""What a handling has at its disposal, bound once per process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from toban.kernel.errors import NotOnTheMap
from toban.kernel.work import Cache
from toban.ports import Blobs, Bus, Clock, DeadLetters, Message, Store, Trace, Tracer


class NoTracer:
    """Notes nothing (the structured log has the same facts)."""

    def note(self, trace: Trace) -> None:
        """Drop it."""


def no_pause(attempt: int) -> None:
    """Try again at once (simulation, tests)."""


@dataclass(frozen=True)
class Platform:
    """The ports, and what the map allows."""

    store: Store
    bus: Bus
    blobs: Blobs
    clock: Clock
    tracer: Tracer = field(default_factory=NoTracer)
    cache: Cache = field(default_factory=Cache)
    pause: Callable[[int], None] = no_pause
    """Waits a moment before run number `attempt` of a decision that lost a race."""
    dead_letters: DeadLetters | None = None
    subscriptions: tuple[str, ...] = ()
    """Every subscription on the map, for `redrive_dead_letters`."""
    may_emit: Callable[[str], frozenset[str] | None] = lambda _: None
    """The topics a function may publish to, from the map; None: not checked."""

    def publish(self, function: str, messages: list[Message]) -> None:
        """Publish; raises `NotOnTheMap` when the map does not show it."""
        if not messages:
            return
        allowed = self.may_emit(function)
        if allowed is not None:
            strange = sorted({m.topic for m in messages} - allowed)
            if strange:
                raise NotOnTheMap(f"{function} emits to {', '.join(strange)}: not on the map")
        self.bus.publish(messages)
