"""Errors, told apart by what has to happen next."""

from __future__ import annotations


class TobanError(Exception):
    """Base of the errors that toban raises on purpose."""


class InvalidEvent(TobanError):
    """
    A message that can never be handled: its envelope or body is not valid.

    It is parked and acknowledged, because a redelivery would change nothing.
    """


class TryLater(TobanError):
    """
    The delivery cannot be finished now, though nothing is wrong.

    The message is refused (HTTP 503, no stack trace in the log) and redelivered after back-off.
    """


class UnknownVersion(TryLater):
    """An event type of a newer producer: refused, so that it waits for our deployment."""


class NotOnTheMap(TobanError):
    """Code emits or consumes something that ``events/topology.yaml`` does not show."""
