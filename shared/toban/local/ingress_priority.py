"""
Requests before handlings, while both share one interpreter lock.

An accepted message is stored; a request that was not answered may be lost. So a handling starts when
no request is running, but waits `PATIENCE_S` at most: a storm must not hold up a page.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

GAP_S = 0.001
"""How long no request may have run for it to be a gap."""

PATIENCE_S = 0.02
"""How long a handling waits for a gap at most."""


class IngressPriority:
    """Counts running requests and lets handlings wait for a gap between them. Thread-safe."""

    def __init__(self) -> None:
        """Start with no running request."""
        self._lock = threading.Lock()
        self._running = 0
        self._quiet_since = 0.0

    def count_request(self, answer: Callable[P, T]) -> Callable[P, T]:
        """Return `answer` wrapped so that it counts as a running request."""

        def counted(*args: P.args, **kwargs: P.kwargs) -> T:
            with self._lock:
                self._running += 1
            try:
                return answer(*args, **kwargs)
            finally:
                with self._lock:
                    self._running -= 1
                    self._quiet_since = time.monotonic()

        return counted

    def wait_for_gap(self, handle: Callable[P, T]) -> Callable[P, T]:
        """Return `handle` wrapped so that it waits for a gap, `PATIENCE_S` at most."""

        def waiting(*args: P.args, **kwargs: P.kwargs) -> T:
            until = time.monotonic() + PATIENCE_S
            while not self._gap() and time.monotonic() < until:
                time.sleep(GAP_S)
            return handle(*args, **kwargs)

        return waiting

    def _gap(self) -> bool:
        with self._lock:
            return not self._running and time.monotonic() - self._quiet_since >= GAP_S
