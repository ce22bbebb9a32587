"""Several requests at a time, their results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

WORKERS = 4
"""Most of the time of a small object is waiting; each large one needs some 20 MiB of memory."""


def side_by_side(do: Callable[[A], B], items: Iterable[A], workers: int = WORKERS) -> Iterator[B]:
    """
    ``do(item)`` of each, in the order of `items`, which is read no further than `workers` ahead.

    The first that raises ends it; what was begun is waited for.
    """
    waiting: deque[Future[B]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="side-by-side") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(do, item))
                if len(waiting) >= workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
