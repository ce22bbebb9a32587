"""
Messages on Cloud Pub/Sub.

The generated clients are used, not `google.cloud.pubsub_v1.PublisherClient`: that one starts
threads to batch messages over time, while a function publishes a few, waits for the answer and
may be frozen right after. It also imports about 50 ms faster.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.api_core import exceptions, retry
from google.auth.exceptions import GoogleAuthError
from google.pubsub_v1 import types
from google.pubsub_v1.services.publisher import PublisherClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber import SubscriberClient
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from toban.adapters.google.pubsub import push
from toban.ports import DeadLetter, Message, Unavailable

TIMEOUT_S = 10.0
"""For publishing a batch, tries included."""

MAX_DATA_BYTES = 65_536
"""Ours: larger bodies travel by reference. A push carries up to 512 KB, Pub/Sub 10 MB."""

MAX_ATTRIBUTES = 100
MAX_NAME_BYTES = 256
MAX_VALUE_BYTES = 1_024
"""Of Pub/Sub (https://cloud.google.com/pubsub/quotas#resource_limits); the emulator has none."""

LEASE_S = 50.0
"""A little less than the 60 s deadline that dead-letter subscriptions are made with."""

_BATCH = 100  # messages; 100 of the largest stay below Pub/Sub's 10 MB a request
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_LETTER = "CloudPubSubDeadLetterSource"

# A message published twice is dropped by its consumers, so trying again is harmless.
_RETRY = retry.Retry(
    predicate=retry.if_exception_type(
        exceptions.Aborted,
        exceptions.InternalServerError,
        exceptions.ServiceUnavailable,
        exceptions.Unknown,
    ),
    initial=0.1,
    maximum=2.0,
    timeout=TIMEOUT_S,
)


@functools.cache
def publisher(emulator: str | None = None) -> PublisherClient:
    """
    Return the generated client, made once per process and address.

    Call it from a request at the earliest: gRPC does not survive gunicorn's fork.

    Args:
        emulator: ``host:port`` of an emulator; by default ``PUBSUB_EMULATOR_HOST`` if set, else
            Google's service with the credentials of the environment.
    """
    host = emulator or os.environ.get("PUBSUB_EMULATOR_HOST")
    if not host:
        return PublisherClient()
    channel = grpc.insecure_channel(host)
    return PublisherClient(transport=PublisherGrpcTransport(host=host, channel=channel))


@functools.cache
def subscriber(emulator: str | None = None) -> SubscriberClient:
    """As `publisher`, for pulling and for managing subscriptions."""
    host = emulator or os.environ.get("PUBSUB_EMULATOR_HOST")
    if not host:
        return SubscriberClient()
    channel = grpc.insecure_channel(host)
    return SubscriberClient(transport=SubscriberGrpcTransport(host=host, channel=channel))


def dead_name(subscription: str) -> str:
    """Return the dead-letter topic of a subscription, and the subscription that keeps its messages."""
    return f"{subscription}--dead"


def check(message: Message) -> dict[str, str]:
    """
    Return the attributes as they are sent, percent-encoded where HTTP headers need it.

    Raises `ValueError` naming the attribute for a message that can never be published.
    """
    if len(message.data) > MAX_DATA_BYTES:
        raise ValueError(
            f"a message of {len(message.data)} bytes for {message.topic}; at most"
            f" {MAX_DATA_BYTES} (store larger bodies and send a reference)"
        )
    if not message.data and not message.attributes:
        raise ValueError(f"an empty message for {message.topic}")
    if len(message.attributes) > MAX_ATTRIBUTES:
        raise ValueError(f"{len(message.attributes)} attributes; at most {MAX_ATTRIBUTES}")
    encoded = {}
    for name, value in message.attributes.items():
        if not _NAME.match(name) or len(name) > MAX_NAME_BYTES or name.lower().startswith("goog"):
            raise ValueError(f"not a name for an attribute: {name[:80]!r}")
        encoded[name] = push.encode_value(value)
        if len(encoded[name]) > MAX_VALUE_BYTES:
            raise ValueError(f"attribute {name} has more than {MAX_VALUE_BYTES} bytes")
    return encoded


@dataclass(frozen=True, slots=True)
class _Lease:
    ends: float
    published: tuple[int, int]
    dead_letter: DeadLetter


class PubSubBus:
    """The `Bus` port: publishes to the topics of one project."""

    def __init__(self, project: str, client: Callable[[], PublisherClient] = publisher) -> None:
        """`client` is called at the first publication, not here."""
        self._project = project
        self._client = client

    def publish(self, messages: Sequence[Message]) -> None:
        """See `toban.ports.Bus`. Raises `ValueError` before sending any that can never go."""
        by_topic: dict[str, list[Any]] = {}
        for message in messages:
            pb = types.PubsubMessage.pb()(data=message.data, attributes=check(message))
            by_topic.setdefault(message.topic, []).append(pb)
        for topic, prepared in by_topic.items():
            for part in _parts(prepared):
                self._publish(topic, part)

    def _publish(self, topic: str, part: list[Any]) -> None:
        name = f"projects/{self._project}/topics/{topic}"
        request = types.PublishRequest.pb()(topic=name, messages=part)
        try:
            self._client().publish(
                types.PublishRequest.wrap(request), retry=_RETRY, timeout=TIMEOUT_S
            )
        except (exceptions.GoogleAPIError, GoogleAuthError) as error:
            raise _unavailable(f"publishing to {topic}", error) from error


class PubSubDeadLetters:
    """
    The `DeadLetters` port: what push subscriptions gave up.

    Pub/Sub leases a pulled message for the acknowledgement deadline of its subscription. Dead
    letters under a lease are remembered and returned again by the same object; others do not
    see them until the lease ends.
    """

    def __init__(
        self,
        project: str,
        client: Callable[[], SubscriberClient] = subscriber,
        wait_s: float = 1.0,
    ) -> None:
        """`wait_s`: how long a pull may wait for dead letters before it answers that there are none."""
        self._project = project
        self._client = client
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._leases: dict[tuple[str, str], _Lease] = {}

    def pull(self, subscription: str, limit: int) -> list[DeadLetter]:
        """See `toban.ports.DeadLetters`."""
        with self._lock:
            leases = self._current(subscription)
            while len(leases) < limit:
                part = self._pull(dead_name(subscription), limit - len(leases), again=bool(leases))
                if not part:
                    break
                ends = time.monotonic() + LEASE_S
                for received in part:
                    dead_letter = _dead_letter(subscription, received)
                    self._leases[subscription, dead_letter.message_id] = _Lease(
                        ends, _published(received.message), dead_letter
                    )
                leases = self._current(subscription)
        return [
            lease.dead_letter for lease in sorted(leases, key=lambda lease: lease.published)[:limit]
        ]

    def remove(self, dead_letters: Sequence[DeadLetter]) -> None:
        """See `toban.ports.DeadLetters`."""
        self._end(dead_letters, lambda **kw: self._client().acknowledge(**kw), "removing")

    def release(self, dead_letters: Sequence[DeadLetter]) -> None:
        """Give them back at once, for others to pull: they were only looked at."""

        def give_back(**kw: Any) -> None:
            self._client().modify_ack_deadline(ack_deadline_seconds=0, **kw)

        self._end(dead_letters, give_back, "giving back")

    def _end(
        self, dead_letters: Sequence[DeadLetter], end: Callable[..., object], doing: str
    ) -> None:
        """End the leases of dead letters."""
        by_subscription: dict[str, list[DeadLetter]] = {}
        for dead_letter in dead_letters:
            by_subscription.setdefault(dead_letter.subscription, []).append(dead_letter)
        for subscription, ended in by_subscription.items():
            path = self._path(dead_name(subscription))
            try:
                for part in _parts([dead_letter.token for dead_letter in ended]):
                    end(subscription=path, ack_ids=part, timeout=TIMEOUT_S)
            except (exceptions.GoogleAPIError, GoogleAuthError) as error:
                raise _unavailable(f"{doing} dead letters of {subscription}", error) from error
            with self._lock:
                for dead_letter in ended:
                    self._leases.pop((subscription, dead_letter.message_id), None)

    def _current(self, subscription: str) -> list[_Lease]:
        now = time.monotonic()
        self._leases = {key: lease for key, lease in self._leases.items() if lease.ends > now}
        return [lease for (name, _), lease in self._leases.items() if name == subscription]

    def _pull(self, name: str, limit: int, *, again: bool) -> list[Any]:
        # Only the first pull waits; after that, whatever is at hand. The next redrive gets the rest.
        request = types.PullRequest.pb()(
            subscription=self._path(name), max_messages=limit, return_immediately=again
        )
        try:
            answer = self._client().pull(
                types.PullRequest.wrap(request), retry=None, timeout=self._wait_s
            )
        except exceptions.DeadlineExceeded:
            return []  # a pull answers as soon as there is something
        except (exceptions.GoogleAPIError, GoogleAuthError) as error:
            raise _unavailable(f"pulling from {name}", error) from error
        return list(types.PullResponse.pb(answer).received_messages)

    def _path(self, name: str) -> str:
        return f"projects/{self._project}/subscriptions/{name}"


def _dead_letter(subscription: str, received: Any) -> DeadLetter:
    message = received.message
    attributes = {
        name: push.decode_value(value)
        for name, value in message.attributes.items()
        if not name.startswith(_LETTER)
    }
    # A dead letter is a message of its own; the message inside it was published before.
    published = message.attributes.get(f"{_LETTER}TopicPublishTime", "")
    attributes = push.completed(attributes, published, message.message_id)
    return DeadLetter(
        message=Message(push.topic_of(subscription), message.data, attributes),
        message_id=message.message_id,
        subscription=subscription,
        token=received.ack_id,
    )


def _published(message: Any) -> tuple[int, int]:
    return message.publish_time.seconds, message.publish_time.nanos


def _parts(items: list[Any]) -> Iterable[list[Any]]:
    rest = iter(items)
    while part := list(itertools.islice(rest, _BATCH)):
        yield part


def _unavailable(doing: str, error: Exception) -> Unavailable:
    return Unavailable(f"Pub/Sub, {doing}: {type(error).__name__}: {str(error)[:500]}")
