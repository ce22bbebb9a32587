"""What can go wrong, by what has to happen next."""

from __future__ import annotations


class TobanError(Exception):
    """Base of the errors that toban raises on purpose."""


class InvalidEvent(TobanError):
    """
    A message that can never be handled (its envelope or body does not fit).

    It is parked and acknowledged: delivering it again would change nothing.
    """


class TryLater(TobanError):
    """
    The delivery cannot be finished now, and that is nobody's fault.

    The message is refused (HTTP 503 without a stack trace) and comes again after back-off.
    """


class UnknownVersion(TryLater):
    """An event type of a newer producer: refuse, so that it waits for our own deployment."""


class NotOnTheMap(TobanError):
    """Code emits or consumes something that ``events/topology.yaml`` does not show."""
