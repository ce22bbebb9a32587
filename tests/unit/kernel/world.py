"""A platform in memory that counts what a handling costs and lets a test interfere with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from toban.events import PostmortemDrafted, RecheckDue
from toban.kernel.document import Document
from toban.kernel.event import Body, Event, to_message
from toban.kernel.handling.decision import Decision, Handled
from toban.kernel.handling.handle import Handler, handle
from toban.kernel.handling.parking import MessageParked
from toban.kernel.handling.receipt import Receipt, receipt_id
from toban.kernel.work import Work
from toban.ports import Delivered, Unavailable
from toban.testing import NOON, TestPlatform

FUNCTION = "add_one"


class Counter(Document, kw_only=True):
    """The state of the tests."""

    COLLECTION: ClassVar[str] = "counters"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("value", "-id"),)

    value: int = 0


class Crash(BaseException):
    """The process dies: nothing catches it."""


class World(TestPlatform):
    """One function on documents in memory."""

    def __init__(self, **platform: Any) -> None:
        super().__init__(handlers={}, **{"may_emit": lambda _: None, **platform})

    def handle(
        self, handler: Handler | Callable[[Any, Work], None], message_id: str = "m-1", **of: Any
    ) -> Handled:
        """Deliver `cause(**of)` to a handler; a plain function is a decision."""
        message = to_message(cause(**of))
        return self.deliver(handler, Delivered(message, message_id, f"cause--{FUNCTION}", 1))

    def deliver(  # type: ignore[override]
        self, handler: Handler | Callable[[Any, Work], None], delivered: Delivered
    ) -> Handled:
        if callable(handler):
            handler = Decision(handler)
        return handle(FUNCTION, {PostmortemDrafted: handler}, delivered, self.platform)

    def value(self, id: str = "c") -> int | None:
        """What a counter says; None when there is none."""
        counter = self.document(Counter, id)
        return None if counter is None else counter.value

    def receipt(self, event_id: str = "evt-1") -> Receipt | None:
        return self.document(Receipt, receipt_id(FUNCTION, event_id))

    def reports(self) -> list[MessageParked]:
        """What has been published about parked messages."""
        return self.published(MessageParked)


def cause(id: str = "evt-1", blob: str = "draft.md", **envelope: str) -> Event:
    """The event that the tests handle."""
    body = PostmortemDrafted(incident_id="inc-1", blob=blob, at=NOON)
    return Event(id=id, source="/test", time=NOON, body=body, **envelope)


def follow_up(number: int = 0) -> Body:
    """The event that the tests emit."""
    return RecheckDue(incident_id="inc-1", generation=number)


def add_one(_: Body, work: Work) -> None:
    """Count the event and tell of it."""
    counter = work.get(Counter, "c") or Counter(id="c")
    counter.value += 1
    work.put(counter)
    work.emit(follow_up(counter.value))


def once(action: Callable[[], None]) -> Callable[..., None]:
    """`action` at the first call, nothing afterwards."""
    left = [action]

    def call(*_: object) -> None:
        if left:
            left.pop()()

    return call


def unavailable() -> None:
    raise Unavailable("simulated: no answer")


def crash() -> None:
    raise Crash
