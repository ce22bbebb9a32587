"""Several calls at a time, with their results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

WORKERS = 4
"""Most of the time of a small object is waiting; each large one needs some 20 MiB of memory."""


class Waiting:
    """Yielded instead of a result when one takes long, so that the caller can renew its lease."""


WAITING = Waiting()


def side_by_side(
    do: Callable[[A], B], items: Iterable[A], *, workers: int = WORKERS, patience_s: float = 5.0
) -> Iterator[B | Waiting]:
    """
    Yield ``do(item)`` of each, in the order of `items`, at most `workers` ahead.

    The first error ends it; calls that were begun are waited for. `WAITING` is yielded every
    `patience_s` seconds without a result.
    """
    waiting: deque[Future[B]] = deque()

    def oldest() -> Iterator[B | Waiting]:
        while True:
            try:
                result = waiting[0].result(timeout=patience_s)
            except TimeoutError:
                if waiting[0].done():  # it was what was done that took too long
                    raise
                yield WAITING
            else:
                waiting.popleft()
                yield result
                return

    with ThreadPoolExecutor(workers, thread_name_prefix="side-by-side") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(do, item))
                if len(waiting) >= workers:
                    yield from oldest()
            while waiting:
                yield from oldest()
        finally:
            for future in waiting:
                future.cancel()
