"""
Topics and push subscriptions, made where they are missing.

For the emulators only: in the cloud Terraform makes the same from the same map. Nothing is
deleted, and an existing subscription only has its push endpoint moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from google.api_core import exceptions
from google.protobuf.field_mask_pb2 import FieldMask
from google.pubsub_v1.services.publisher import PublisherClient
from google.pubsub_v1.services.subscriber import SubscriberClient

from toban.adapters.google.pubsub import bus as pubsub

RETENTION = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """A subscription named ``<topic>--<function>``; with an empty endpoint it is a pull one."""

    topic: str
    function: str
    endpoint: str
    max_attempts: int = 5
    """Deliveries before a message is given up; Pub/Sub takes 5 to 100."""
    backoff: tuple[timedelta, timedelta] | None = None
    """
    Shortest and longest wait. By default none: redelivery after one second. The emulator 0.8.20
    stops delivering when several messages of a subscription with a retry policy fail together.
    """
    ack_deadline: timedelta = timedelta(seconds=60)

    @property
    def name(self) -> str:
        """As Pub/Sub knows it."""
        return f"{self.topic}--{self.function}"


def ensure(
    project: str,
    topics: Iterable[str],
    subscriptions: Iterable[PushSubscription],
    publisher: PublisherClient,
    subscriber: SubscriberClient,
) -> None:
    """
    Make the topics, the subscriptions, and for each a dead-letter topic that keeps its messages.

    Idempotent. Raises `google.api_core.exceptions.GoogleAPICallError` when Pub/Sub refuses.
    """
    wanted = list(subscriptions)
    for topic in dict.fromkeys([*topics, *(s.topic for s in wanted)]):
        _topic(publisher, f"projects/{project}/topics/{topic}")
    for subscription in wanted:
        dead = pubsub.dead_name(subscription.name)
        dead_topic = f"projects/{project}/topics/{dead}"
        _topic(publisher, dead_topic)
        _subscription(
            subscriber,
            {
                "name": f"projects/{project}/subscriptions/{dead}",
                "topic": dead_topic,
                "ack_deadline_seconds": 60,
            },
        )
        _subscription(
            subscriber,
            {
                "name": f"projects/{project}/subscriptions/{subscription.name}",
                "topic": f"projects/{project}/topics/{subscription.topic}",
                "ack_deadline_seconds": int(subscription.ack_deadline.total_seconds()),
                "push_config": _push_config(subscription.endpoint),
                **_retry_policy(subscription.backoff),
                "dead_letter_policy": {
                    "dead_letter_topic": dead_topic,
                    "max_delivery_attempts": subscription.max_attempts,
                },
            },
        )


def _retry_policy(backoff: tuple[timedelta, timedelta] | None) -> dict[str, object]:
    if backoff is None:
        return {}
    return {"retry_policy": {"minimum_backoff": backoff[0], "maximum_backoff": backoff[1]}}


def _push_config(endpoint: str) -> dict[str, object]:
    if not endpoint:
        return {}
    # Unwrapped: the body is ours, attributes and metadata become headers.
    return {"push_endpoint": endpoint, "no_wrapper": {"write_metadata": True}}


def _topic(client: PublisherClient, name: str) -> None:
    try:
        client.create_topic(name=name)
    except exceptions.AlreadyExists:
        return


def _subscription(client: SubscriberClient, wanted: dict[str, object]) -> None:
    # An empty expiration policy: a quiet subscription is never removed.
    full = {**wanted, "message_retention_duration": RETENTION, "expiration_policy": {}}
    try:
        client.create_subscription(request=full)
    except exceptions.AlreadyExists:
        if not wanted.get("push_config"):
            return
        client.update_subscription(
            request={"subscription": full, "update_mask": FieldMask(paths=["push_config"])}
        )
