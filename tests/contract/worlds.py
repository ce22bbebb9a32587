"""
The worlds that the contract suite runs in.

A *world* is one way to provide a port: in memory, SQLite, an emulator. `local_worlds.py` and
`google_worlds.py` register theirs here under a name (``from tests.contract.worlds import …``); the fixtures in `conftest.py` run every
test of a port once in each registered world.

A world is made once for the whole test session (an emulator is expensive) and must give every
test something fresh and empty. A factory that cannot start its world raises `WorldUnavailable`
with the reason: the tests then say why they did not run, and fail when ``TOBAN_REQUIRE`` is set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from toban.ports import Blobs, Bus, DeadLetters, Delivered, Store

Handler = Callable[[Delivered], None]
"""Returns: the message is acknowledged. Raises: it is not, and comes again."""


class WorldUnavailable(Exception):
    """This world cannot be started here; the text says why and what would help."""


class StoreWorld(Protocol):
    """Documents."""

    def make(self) -> Store:
        """A store that is empty and shared with no other test."""
        ...

    def lose_next_answer(self, store: Store) -> Store:
        """
        The same documents through a connection that breaks once.

        The next `commit` on the store returned is applied, but its answer is lost: it raises
        `Unavailable`. Later calls work.
        """
        ...

    def close(self) -> None:
        """Stop what the world started."""
        ...


@dataclass(frozen=True, slots=True)
class SubscriptionSpec:
    """A subscription as the suite wants it; its name is ``<topic>--<function>``."""

    topic: str
    function: str
    max_attempts: int = 5
    min_backoff_s: float = 0.1
    max_backoff_s: float = 1.6

    @property
    def name(self) -> str:
        return f"{self.topic}--{self.function}"


class BusRun(Protocol):
    """Topics and subscriptions made for one test, and a way to deliver."""

    bus: Bus
    dead_letters: DeadLetters

    def run(self, handlers: Mapping[str, Handler]) -> None:
        """
        Deliver until nothing is left to deliver, waiting for back-off as well, then return.

        `handlers` has one handler for each subscription name; handlers run concurrently where
        the world does so. When it returns every message is acknowledged or a dead letter.
        May be called again after publishing more.
        """
        ...

    def now(self) -> datetime:
        """The time back-off is measured in: virtual where the world has it."""
        ...

    def close(self) -> None:
        """Remove the topics and subscriptions."""
        ...


class BusWorld(Protocol):
    """Messages."""

    exact_times: bool
    """Back-off is kept to the microsecond of `BusRun.now` (up to jitter); else only roughly."""

    def make(self, subscriptions: Sequence[SubscriptionSpec], topics: Sequence[str]) -> BusRun:
        """
        Exactly these `topics`, of which some may have no subscription, and `subscriptions`.

        Names are unique only within one test: a world that shares a server between tests uses
        a project of its own for each run.
        """
        ...

    def close(self) -> None:
        """Stop what the world started."""
        ...


class BlobsWorld(Protocol):
    """Objects."""

    def make(self) -> Blobs:
        """A place that is empty and shared with no other test."""
        ...

    def close(self) -> None:
        """Stop what the world started."""
        ...


T = TypeVar("T")


class Registry(dict[str, Callable[[Path], T]]):
    """Name of a world -> how to start it, given a directory of its own."""

    def register(self, name: str, factory: Callable[[Path], T]) -> None:
        """Add a world; a name is used once."""
        if name in self:
            raise ValueError(f"there is a world named {name!r} already")
        self[name] = factory


STORE_WORLDS: Registry[StoreWorld] = Registry()
BUS_WORLDS: Registry[BusWorld] = Registry()
BLOBS_WORLDS: Registry[BlobsWorld] = Registry()
