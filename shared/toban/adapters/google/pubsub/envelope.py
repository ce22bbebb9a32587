"""
The wrapped envelopes: a push without payload unwrapping, and Eventarc's.

Both carry ``{"message": {attributes, data, messageId}, "subscription"}``; functions-framework
turns the first into a CloudEvent of type ``google.cloud.pubsub.topic.v1.messagePublished``, which
is what Eventarc sends by itself (https://cloud.google.com/eventarc/docs/cloudevents#pubsub).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from toban.adapters.google.pubsub.push import completed, decode_value, subscription_name, topic_of
from toban.ports import Delivered, Message

MESSAGE_PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"


def delivered_wrapped(data: Any, source: str) -> Delivered:
    """
    Return the delivery in a wrapped envelope.

    Args:
        data: The CloudEvent's data, parsed.
        source: The CloudEvent's source; names the topic when the subscription does not.

    Raises:
        ValueError: when it is no such envelope, or its data are not base64.
    """
    message = data.get("message") if isinstance(data, Mapping) else None
    if not isinstance(message, Mapping):
        raise ValueError("message: expected an object")
    attributes = message.get("attributes") or {}
    if not isinstance(attributes, Mapping):
        raise ValueError("message.attributes: expected an object")
    try:
        body = base64.b64decode(message.get("data") or "", validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise ValueError("message.data: expected base64") from error
    subscription = subscription_name(str(data.get("subscription") or ""))
    topic = topic_of(subscription) or source.partition("/topics/")[2]
    message_id = str(message.get("messageId") or message.get("message_id") or "")
    published = str(message.get("publishTime") or message.get("publish_time") or "")
    decoded = {str(k): decode_value(str(v)) for k, v in attributes.items()}
    return Delivered(
        message=Message(topic, body, completed(decoded, published, message_id)),
        message_id=message_id,
        subscription=subscription,
    )
