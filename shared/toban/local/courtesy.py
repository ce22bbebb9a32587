"""
Ingress goes first: what has been accepted is safe, what has not been is only a sender's hope.

Handling shares one interpreter lock with the HTTP threads. While posts come one upon another, a
handling therefore waits for a gap — but never long, so that a page is not held up by a storm.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

GAP_S = 0.001
"""Without a request for so long, there is a gap."""

PATIENCE_S = 0.02
"""A handling waits for a gap so long at most."""


class Courtesy:
    """Tells handlings when requests leave them a gap. Thread-safe."""

    def __init__(self) -> None:
        """No request is under way."""
        self._lock = threading.Lock()
        self._under_way = 0
        self._quiet_since = 0.0

    def first(self, answer: Callable[P, T]) -> Callable[P, T]:
        """`answer`, counted as a request while it runs."""

        def counted(*args: P.args, **kwargs: P.kwargs) -> T:
            with self._lock:
                self._under_way += 1
            try:
                return answer(*args, **kwargs)
            finally:
                with self._lock:
                    self._under_way -= 1
                    self._quiet_since = time.monotonic()

        return counted

    def after(self, handle: Callable[P, T]) -> Callable[P, T]:
        """`handle`, begun in a gap, or after `PATIENCE_S` without one."""

        def patient(*args: P.args, **kwargs: P.kwargs) -> T:
            until = time.monotonic() + PATIENCE_S
            while not self._gap() and time.monotonic() < until:
                time.sleep(GAP_S)
            return handle(*args, **kwargs)

        return patient

    def _gap(self) -> bool:
        with self._lock:
            return not self._under_way and time.monotonic() - self._quiet_since >= GAP_S
