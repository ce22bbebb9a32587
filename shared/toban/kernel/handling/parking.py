"""
Parking: messages that can never be handled are kept, acknowledged and reported.

Nothing loops and nothing is dropped silently: the message becomes a document, and
`MessageParked` becomes an alert of the platform's own service.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from toban.kernel import log
from toban.kernel.document import Document, Keep, decode, encode
from toban.kernel.event import Body, Event, Moment, event, to_message
from toban.kernel.handling.decision import Handled
from toban.kernel.ids import derive
from toban.kernel.platform import Platform
from toban.kernel.work import clock_now
from toban.ports import AlreadyExists, Create, Delivered, Message

KEPT_BYTES = 700_000
"""A document holds 1 MiB at most; the rest of a larger body is cut off (and said so)."""

KEPT_ERROR = 1_000
"""Characters of the reason: it is shown to people, and has to fit a message."""

Reason = Literal["invalid", "given-up"]


_QUOTED = 80
"""Characters of what the message called itself: whatever they are, percent-encoded they still fit
an attribute of the report. The document has all of it."""


@event("toban.message.parked.v1", topic="message-parked")
class MessageParked(Body, frozen=True, kw_only=True):
    """A message was parked (`invalid`), or keeps failing (`given-up`)."""

    parked_id: str
    function: str
    reason: Reason
    error: str
    event_type: str = ""
    event_id: str = ""
    at: Moment

    def subject(self) -> str:
        """Return the parked message's document."""
        return f"parked/{self.parked_id}"


class ParkedMessage(Document, kw_only=True):
    """A message that a function could not handle, kept for people to look at."""

    COLLECTION: ClassVar[str] = "parked"
    KEEP = Keep.days(
        90,
        "as the alerts that tell of them: time to find out what was wrong with the message, and to send "
        "it again",
        "それを知らせるアラートと同じ。メッセージの何がおかしかったかを調べ、送り直す時間",
    )

    function: str
    subscription: str
    reason: Reason
    error: str
    topic: str
    attributes: dict[str, str]
    data: bytes
    bytes_total: int
    at: datetime

    def over_since(self) -> datetime:
        """Return when it was parked: nothing continues with it by itself."""
        return self.at


def parked_id(function: str, message: Message) -> str:
    """Return the id of the document of a message that a function could not handle."""
    attributes = message.attributes
    identity = derive(
        attributes.get("ce-type", ""), attributes.get("ce-id", ""), message.data.hex()
    )
    return derive("parked", function, identity)


def park(
    function: str, delivered: Delivered, reason: Reason, error: str, platform: Platform
) -> Handled:
    """
    Keep the message as a document and report it; the caller then acknowledges it.

    The document's id derives from the message's content, so repetitions make one document.
    """
    message = delivered.message
    now = clock_now(platform.clock)
    parked = ParkedMessage(
        id=parked_id(function, message),
        function=function,
        subscription=delivered.subscription,
        reason=reason,
        error=log.mask(error)[:KEPT_ERROR],
        topic=message.topic,
        attributes=dict(message.attributes),
        data=message.data[:KEPT_BYTES],
        bytes_total=len(message.data),
        at=now,
    )
    created = Create(parked.key(parked.id), encode(parked))
    try:
        platform.store.commit([created])
    except AlreadyExists:
        # An earlier delivery kept it and may have died before it could report: report the same.
        kept = platform.store.get([created.key])[0]
        parked = decode(ParkedMessage, kept.data) if kept else parked
    report = parked_report(parked)
    platform.publish(function, [to_message(report)])
    return Handled("parked", (f"created parked/{parked.id}",), ((report.type, report.id),))


def parked_report(parked: ParkedMessage) -> Event:
    """Return the event that reports a parked message; its id derives from the message."""
    return Event(
        id=derive("message-parked", parked.id),
        source=f"/functions/{parked.function}",
        time=parked.at,
        subject=f"parked/{parked.id}",
        correlation_id=parked.attributes.get("ce-correlationid", "")[:_QUOTED],
        causation_id=parked.attributes.get("ce-id", "")[:_QUOTED],
        body=MessageParked(
            parked_id=parked.id,
            function=parked.function,
            reason=parked.reason,
            error=parked.error,
            event_type=parked.attributes.get("ce-type", "")[:_QUOTED],
            event_id=parked.attributes.get("ce-id", "")[:_QUOTED],
            at=parked.at,
        ),
    )
