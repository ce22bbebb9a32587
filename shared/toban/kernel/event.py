"""
Events: what happened, and what caused it.

Bodies are msgspec structs registered with their CloudEvents type and their topic. The envelope is
CloudEvents 1.0 in the Pub/Sub protocol binding, binary mode
(https://github.com/googleapis/google-cloudevents/blob/main/docs/spec/pubsub.md): attributes ``ce-id
ce-type ce-source ce-subject ce-time ce-specversion``, JSON body.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, ClassVar, TypeAlias, TypeVar

import msgspec

from toban.kernel.errors import InvalidEvent, UnknownVersion
from toban.kernel.prepared import converted, from_json
from toban.ports import Message

Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""
Timestamp with a UTC offset. A naive one is rejected when decoded, so the message is parked instead
of failing on every redelivery.
"""


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every event body. Unknown fields are ignored (a newer producer may add some)."""

    TYPE: ClassVar[str] = ""
    TOPIC: ClassVar[str] = ""

    def subject(self) -> str:
        """Return what the event is about, as ``incidents/inc-1`` (CloudEvents `subject`)."""
        return ""


B = TypeVar("B", bound=type[Body])

_by_type: dict[str, type[Body]] = {}


def event(type_: str, topic: str) -> Callable[[B], B]:
    """Register a body class under its CloudEvents type and the topic it is published to."""

    def register(cls: B) -> B:
        if type_ in _by_type:
            raise ValueError(f"event type {type_} is registered twice")
        cls.TYPE = type_
        cls.TOPIC = topic
        _by_type[type_] = cls
        return cls

    return register


def registered() -> dict[str, type[Body]]:
    """Return every known event type with its body class."""
    return dict(_by_type)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event: envelope and typed body."""

    id: str
    source: str
    time: datetime
    body: Body
    subject: str = ""
    correlation_id: str = ""
    """The id of the first event of the chain."""
    causation_id: str = ""
    """The id of the event whose handling emitted this one."""
    traceparent: str = ""

    @property
    def type(self) -> str:
        """CloudEvents type."""
        return self.body.TYPE

    @classmethod
    def first(cls, id: str, source: str, time: datetime, body: Body) -> Event:
        """Return the event that a chain begins with."""
        return cls(
            id=id, source=source, time=time, body=body, subject=body.subject(), correlation_id=id
        )


def utc(moment: datetime) -> datetime:
    """Return `moment` in UTC; raise `ValueError` for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"naive time {moment!r}")
    return moment.astimezone(UTC)


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 in UTC with microseconds, fixed width: ``2026-11-22T03:00:00.000000Z``."""
    return utc(moment).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


_encoder = msgspec.json.Encoder(order="deterministic")


def to_message(event: Event) -> Message:
    """Return the event as a message to publish."""
    attributes = {
        "ce-specversion": "1.0",
        "ce-id": event.id,
        "ce-type": event.type,
        "ce-source": event.source,
        "ce-time": timestamp(event.time),
        "content-type": "application/json",
    }
    optional = {
        "ce-subject": event.subject,
        "ce-correlationid": event.correlation_id,
        "ce-causationid": event.causation_id,
        "traceparent": event.traceparent,
    }
    attributes.update({name: value for name, value in optional.items() if value})
    return Message(topic=event.body.TOPIC, data=_encoder.encode(event.body), attributes=attributes)


def _parse_time(text: str) -> datetime:
    try:
        moment = converted(text, datetime)
    except msgspec.ValidationError as error:
        raise InvalidEvent(f"ce-time {text[:64]!r} is not an RFC 3339 time") from error
    if moment.tzinfo is None:
        raise InvalidEvent(f"ce-time {text[:64]!r} has no offset")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # year 1 east of Greenwich, year 9999 west of it
        raise InvalidEvent(f"ce-time {text[:64]!r} is out of range") from error


MAX_BODY = 65_536
"""Bytes of a body; a larger one cannot be published (DESIGN: larger bodies travel by reference)."""

MAX_ID = 250
"""Bytes of an event's id; percent-encoded it still fits an attribute of Pub/Sub (1,024 bytes)."""


def _short(text: str) -> str:
    """An attribute that is passed on; one that is too long to be is none of ours and is left out."""
    return text if len(text.encode("utf-8", "surrogatepass")) <= MAX_ID else ""


def from_message(message: Message) -> Event:
    """
    Return the event that a message carries.

    Raises `InvalidEvent` when the envelope or the body is not valid (naming the attribute or
    the field path), `UnknownVersion` when it is a later version of a known type.
    """
    attributes = message.attributes
    missing = [n for n in ("ce-id", "ce-type", "ce-source", "ce-time") if not attributes.get(n)]
    if missing:
        raise InvalidEvent(f"no {', '.join(missing)} among the message's attributes")
    if not _short(attributes["ce-id"]):
        raise InvalidEvent(f"ce-id has more than {MAX_ID} bytes")
    version = attributes.get("ce-specversion", "")
    if version != "1.0":
        raise InvalidEvent(f"ce-specversion {version[:16]!r}, expected '1.0'")
    type_ = attributes["ce-type"]
    body_class = _by_type.get(type_)
    if body_class is None:
        if _is_later_version(type_):
            raise UnknownVersion(f"event type {type_} is newer than this code")
        raise InvalidEvent(f"event type {type_[:120]!r} is not known here")
    try:
        body = from_json(message.data, body_class)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        # The decoder quotes what does not fit, however long it is.
        raise InvalidEvent(f"body does not fit {type_}: {str(error)[:500]}") from error
    return Event(
        id=attributes["ce-id"],
        source=attributes["ce-source"],
        time=_parse_time(attributes["ce-time"]),
        subject=attributes.get("ce-subject", ""),
        body=body,
        correlation_id=_short(attributes.get("ce-correlationid", "")) or attributes["ce-id"],
        causation_id=_short(attributes.get("ce-causationid", "")),
        traceparent=_short(attributes.get("traceparent", "")),
    )


def _is_later_version(type_: str) -> bool:
    stem, _, version = type_.rpartition(".v")
    if not version.isdecimal() or len(version) > 6:
        return False
    ours = [known.rpartition(".v") for known in _by_type]
    return any(name == stem and int(version) > int(number) for name, _, number in ours)


class StoredMessage(msgspec.Struct, frozen=True):
    """A message kept in a document (receipt, timer, parked message) until it is published."""

    topic: str
    attributes: dict[str, str]
    data: str

    @classmethod
    def of(cls, message: Message) -> StoredMessage:
        """Return `message` in the form to keep; its body is our own JSON, hence UTF-8."""
        return cls(message.topic, dict(message.attributes), message.data.decode())

    def message(self) -> Message:
        """Return the original message, byte for byte."""
        return Message(topic=self.topic, data=self.data.encode(), attributes=self.attributes)

    @property
    def event_id(self) -> str:
        """CloudEvents id."""
        return self.attributes["ce-id"]

    @property
    def event_type(self) -> str:
        """CloudEvents type."""
        return self.attributes["ce-type"]
