"""Lanes: of the messages of one lane only so many are delivered at a time; others overtake them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from toban.ports import Message

LaneOf = Callable[[Message], str]
"""The lane of a message; must not raise."""

WIDTH = 4


@dataclass(frozen=True)
class Pool:
    """
    Subscriptions with threads of their own, apart from all others.

    With `lane_of`, at most `width` messages of a lane are delivered at a time; one whose lane
    is full stays where it is, unclaimed, and what comes after it overtakes it. Threads are
    added up to `workers` when there is something to deliver and none of them is free.
    """

    subscriptions: frozenset[str]
    workers: int
    lane_of: LaneOf | None = None
    width: int = WIDTH
    may_be_left: bool = False
    """Whether what is handled here goes on elsewhere when its process dies, and costs nothing by that."""


class Lanes:
    """The number of messages of each lane that are being delivered. Thread-safe."""

    def __init__(self, lane_of: LaneOf, width: int = WIDTH) -> None:
        self._lane_of = lane_of
        self._width = width
        self._lock = threading.Lock()
        self._known: dict[int, str] = {}
        """Lanes of messages that were looked at: those who wait are read once."""
        self._under_way: Counter[str] = Counter()

    def lane(self, seq: int, read: Callable[[], Message]) -> str:
        """Return the lane of message `seq`; `read` is called the first time."""
        with self._lock:
            known = self._known.get(seq)
        if known is None:
            known = self._lane_of(read())
            with self._lock:
                self._known[seq] = known
        return known

    def is_open(self, lane: str) -> bool:
        """Return whether one more message of it may be delivered."""
        with self._lock:
            return self._under_way[lane] < self._width

    def enter(self, lane: str) -> None:
        """One more is being delivered."""
        with self._lock:
            self._under_way[lane] += 1

    def leave(self, lane: str) -> None:
        """One of them is not any more."""
        with self._lock:
            self._under_way[lane] -= 1
            if not self._under_way[lane]:
                del self._under_way[lane]

    def forget(self, seq: int) -> None:
        """The message will not come again."""
        with self._lock:
            self._known.pop(seq, None)
