"""
What a push subscription with payload unwrapping sends: attributes as headers, the body as it is.

Names of the headers that ``no_wrapper { write_metadata: true }`` adds were read off the Pub/Sub
emulator 0.8.20 and agree with https://cloud.google.com/pubsub/docs/payload-unwrapping. The
message id stays the same over redeliveries; the delivery attempt is not sent.

Attributes travel as HTTP headers, and one that is no header value stops the whole subscription
(measured on the emulator: nothing was delivered after it). `PubSubBus` therefore percent-encodes
values as the CloudEvents HTTP binding does
(https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3132-http-header-values),
and `delivered` decodes them. This module imports nothing but the standard library: every
function needs it.

Cloud Scheduler sends the same attributes every time, so its messages carry no ``ce-time``, and as
``ce-id`` their source (with none, functions-framework would answer 400 before we see them);
`completed` gives them both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import unquote

from toban.ports import Delivered, Message

MESSAGE_ID = "x-goog-pubsub-message-id"
SUBSCRIPTION = "x-goog-pubsub-subscription-name"
PUBLISH_TIME = "x-goog-pubsub-publish-time"
SCHEDULES = "/schedules/"
"""How the source of a message from Cloud Scheduler begins."""

_UNSAFE = re.compile(r"[^ !#$&-~]|\A | \Z")
_PLAIN = frozenset({"content-type", "traceparent"})


def encode_value(value: str) -> str:
    """Return an attribute value as printable ASCII; ``"``, ``%`` and outer blanks are encoded too."""
    return _UNSAFE.sub(lambda found: "".join(f"%{b:02X}" for b in found[0].encode()), value)


def decode_value(text: str) -> str:
    """Return what `encode_value` was given; what is no UTF-8 becomes U+FFFD."""
    return unquote(text)


def subscription_name(header: str) -> str:
    """``alert-fired--open_incident`` of ``projects/…/subscriptions/alert-fired--open_incident``."""
    return header.rpartition("/")[2]


def topic_of(subscription: str) -> str:
    """Return the topic of a subscription that is named ``<topic>--<function>``; empty if it is not."""
    topic, separator, _ = subscription.partition("--")
    return topic if separator else ""


def completed(attributes: Mapping[str, str], published: str, message_id: str) -> dict[str, str]:
    """
    Return the attributes of a message, with the id and the time that one of Cloud Scheduler lacks.

    The time is when Pub/Sub took the message, the id is ``<source>|<that minute>``, so two
    messages of one minute are one event, as they are on a laptop (`toban.topology.schedules`).
    Where the time is missing (a subscription made by hand, without metadata) the message's own id
    takes its place, and the time is that of arrival: a slot that comes late is better than none.

    Args:
        attributes: As published. Those of any other message come back as they are.
        published: RFC 3339, or empty.
        message_id: Pub/Sub's, or empty.
    """
    found = dict(attributes)
    source = found.get("ce-source", "")
    bare = found.get("ce-id", source) == source and not found.get("ce-time")
    if not (bare and source.startswith(SCHEDULES)):
        return found
    known = _moment(published)
    moment = known or datetime.now(UTC)
    slot = moment.strftime("%Y-%m-%dT%H:%MZ") if known or not message_id else message_id
    found["ce-id"] = f"{source}|{slot}"
    found["ce-time"] = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return found


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def delivered(headers: Mapping[str, str], body: bytes) -> Delivered:
    """
    Return the delivery that an unwrapped push request carries.

    Only headers that can be attributes of ours are kept (``ce-*``, content type, trace parent).
    """
    lower = {name.lower(): value for name, value in headers.items()}
    subscription = subscription_name(lower.get(SUBSCRIPTION, ""))
    attributes = {
        name: decode_value(value)
        for name, value in lower.items()
        if name.startswith("ce-") or name in _PLAIN
    }
    message_id = lower.get(MESSAGE_ID, "")
    attributes = completed(attributes, lower.get(PUBLISH_TIME, ""), message_id)
    return Delivered(
        message=Message(topic_of(subscription), body, attributes),
        message_id=message_id,
        subscription=subscription,
    )
