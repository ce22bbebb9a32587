"""Subscriptions of the local buses, which deliver by the rules of Pub/Sub."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from toban.ports import Delivered

Handler = Callable[[Delivered], object]
"""Returns: the message is acknowledged. Raises: it is not, and comes again after back-off."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class QueueSubscription:
    """
    The subscription of one function to one topic on a local bus.

    `max_attempts` deliveries that fail make a dead letter. Back-off and the acknowledgement
    deadline (a handler that takes longer may see its message delivered once more) in seconds.
    """

    topic: str
    function: str
    max_attempts: int = 5
    min_backoff_s: float = 1.0
    max_backoff_s: float = 60.0
    ack_deadline_s: float = 60.0

    def __post_init__(self) -> None:
        """Raise `ValueError` for numbers that mean nothing."""
        if self.max_attempts < 1 or self.ack_deadline_s <= 0:
            raise ValueError(f"{self.name}: at least one attempt and a deadline above 0 s")
        if not 0 <= self.min_backoff_s <= self.max_backoff_s:
            raise ValueError(f"{self.name}: back-off needs 0 <= minimum <= maximum")

    @property
    def name(self) -> str:
        """``<topic>--<function>``."""
        return f"{self.topic}--{self.function}"

    def retry_delay_us(self, failures: int, jitter: float) -> int:
        """
        Microseconds until the next attempt after so many failed ones (at least 1).

        Minimum back-off times 2^(failures-1), at most the maximum; a `jitter` in [0, 1) takes
        up to a fifth off, so that what failed together does not return together, and later
        delays stay longer than earlier ones.
        """
        doubled = self.min_backoff_s * 2 ** min(failures - 1, 60)
        return int(min(doubled, self.max_backoff_s) * (1 - _JITTER * jitter) * 1_000_000)


def by_topic(
    subscriptions: Mapping[str, QueueSubscription], topics: frozenset[str]
) -> dict[str, list[QueueSubscription]]:
    """Subscriptions of each topic, in a fixed order; topics without any have an empty list."""
    found: dict[str, list[QueueSubscription]] = {topic: [] for topic in sorted(topics)}
    for name in sorted(subscriptions):
        found.setdefault(subscriptions[name].topic, []).append(subscriptions[name])
    return found


def dead_letter_attributes(
    attributes: Mapping[str, str], subscription: str, attempts: int
) -> dict[str, str]:
    """Return the attributes of a dead letter: the message's own, and two that Pub/Sub adds."""
    return {
        **attributes,
        "CloudPubSubDeadLetterSourceDeliveryCount": str(attempts),
        "CloudPubSubDeadLetterSourceSubscription": subscription,
    }


def microseconds(moment: datetime) -> int:
    """Since 1970, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_at(us: int) -> datetime:
    """Return the time that `microseconds` was given."""
    return _EPOCH + us * _MICROSECOND
