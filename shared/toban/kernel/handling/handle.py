"""Handling a delivery: decode, choose the handler, run it by its protocol, write log and trace."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, TypeVar

from toban.kernel import log
from toban.kernel.errors import InvalidEvent, TryLater
from toban.kernel.event import Body, Event, from_message
from toban.kernel.handling.decision import (
    MEANT_FOR,
    Decision,
    Handled,
    Translation,
    run_decision,
    run_translation,
)
from toban.kernel.handling.effect import Effect, run_effect
from toban.kernel.handling.job import Job, run_job
from toban.kernel.handling.parking import park
from toban.kernel.platform import Platform
from toban.kernel.work import clock_now
from toban.ports import Delivered, Trace, Unavailable


@dataclass(frozen=True)
class Routine:
    """A handler for housekeeping over many documents (timers, redriving): idempotent by itself."""

    run: Callable[[str, Platform], Handled]


B = TypeVar("B", bound=Body)

Handler: TypeAlias = Decision[B] | Translation[B] | Effect[B, Any] | Job[B, Any, Any] | Routine
AnyHandler: TypeAlias = Handler[Any]


class Handlers(dict[type[Body], AnyHandler]):
    """
    The handlers of a function, one for each event that it consumes.

    ``Handlers().on(IncidentOpened, Decision(on_opened))``: the type checker refuses a handler
    that takes another body.
    """

    def on(self, event: type[B], handler: Handler[B]) -> Self:
        """
        Return this table with one handler more; raises `ValueError` when the event has one
        already.
        """
        if event in self:
            raise ValueError(f"{event.__name__} has a handler already")
        self[event] = handler
        return self


def handle(
    function: str,
    handlers: Mapping[type[Body], AnyHandler],
    delivered: Delivered,
    platform: Platform,
) -> Handled:
    """
    Handle one delivery of one message.

    Returning means: acknowledge. Raising means: deliver it again (`TryLater` and `Unavailable`
    are expected, anything else is a defect and is logged with its stack).
    """
    attributes = delivered.message.attributes
    started = clock_now(platform.clock)
    clock = time.perf_counter()
    handled = Handled("error")
    problem = ""
    with log.context(
        function=function,
        event_id=attributes.get("ce-id", ""),
        correlation_id=attributes.get("ce-correlationid") or attributes.get("ce-id", ""),
    ):
        try:
            handled = _handle(function, handlers, delivered, platform)
        except (TryLater, Unavailable) as error:
            problem = f"{type(error).__name__}: {error}"
            handled = Handled("retry")
            log.warning("delivery failed: will be retried", error=error, stack=False)
            raise
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
            log.error("handling failed", error=error)
            raise
        finally:
            platform.tracer.note(
                Trace(
                    function=function,
                    event_id=attributes.get("ce-id", ""),
                    event_type=attributes.get("ce-type", ""),
                    correlation_id=attributes.get("ce-correlationid")
                    or attributes.get("ce-id", ""),
                    causation_id=attributes.get("ce-causationid", ""),
                    attempt=delivered.attempt,
                    started_at=started,
                    duration_ms=(time.perf_counter() - clock) * 1000,
                    outcome=handled.outcome,
                    changes=handled.changes,
                    emitted=handled.emitted,
                    timers=handled.timers,
                    error=log.mask(problem),
                )
            )
        log.info("event handled", outcome=handled.outcome, event_type=attributes.get("ce-type", ""))
    return handled


def _handle(
    function: str,
    handlers: Mapping[type[Body], AnyHandler],
    delivered: Delivered,
    platform: Platform,
) -> Handled:
    meant_for = delivered.message.attributes.get(MEANT_FOR)
    if meant_for and meant_for != function:
        return Handled("nothing")  # redriven for another function on this topic
    try:
        event: Event = from_message(delivered.message)
        handler = handlers.get(type(event.body))
        if handler is None:
            raise InvalidEvent(f"{function} does not consume {event.type}")
        if isinstance(handler, Decision):
            return run_decision(function, handler, event, delivered, platform)
        if isinstance(handler, Translation):
            return run_translation(function, handler, event, platform)
        if isinstance(handler, Effect):
            return run_effect(function, handler, event, delivered, platform)
        if isinstance(handler, Job):
            return run_job(function, handler, event, delivered, platform)
        return handler.run(function, platform)
    except InvalidEvent as error:
        log.error("message parked", error=error, stack=False)
        return park(function, delivered, "invalid", str(error), platform)
