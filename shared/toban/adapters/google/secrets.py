"""
Secrets of Secret Manager as Cloud Run hands them over; no client library and no call.

Two ways, looked at in this order: an environment variable ``TOBAN_SECRET_<NAME>`` (with
``…_PREVIOUS`` while it is being rotated), whose version is fixed when the instance starts, and a
mounted directory ``/secrets/<NAME>/``, whose files Cloud Run reads anew, so that a rotation needs
no deployment
(https://cloud.google.com/run/docs/configuring/services/secrets). While a secret is being rotated
the directory also mounts the version before as ``previous``.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PREFIX = "TOBAN_SECRET_"
CACHE_S = 60.0
_FILES = ("latest", "previous")


class SecretManagerSecrets:
    """The `Secrets` port: the environment first, then the mounted directory, briefly cached."""

    def __init__(
        self,
        root: Path = Path("/secrets"),
        environment: Mapping[str, str] = os.environ,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`monotonic`: seconds, for the age of what is cached."""
        self._root = root
        self._environment = environment
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._cached: dict[str, tuple[float, list[str]]] = {}

    def values(self, name: str) -> list[str]:
        """See `toban.ports.Secrets`."""
        fixed = [self._environment.get(PREFIX + name + rest, "") for rest in ("", "_PREVIOUS")]
        if fixed[0].strip():
            return [text for text in fixed if text.strip()]
        now = self._monotonic()
        with self._lock:
            read_at, found = self._cached.get(name, (0.0, []))
            if name not in self._cached or now - read_at >= CACHE_S:
                found = self._read(name)
                self._cached[name] = now, found
        return list(found)

    def _read(self, name: str) -> list[str]:
        if not name.replace("_", "").isalnum():
            raise ValueError(f"not a name of a secret: {name[:40]!r}")
        texts = []
        for file in _FILES:
            try:
                # A trailing line break comes from `echo`, not from the secret.
                texts.append((self._root / name / file).read_text("utf-8").rstrip("\r\n"))
            except FileNotFoundError:
                continue
        return list(dict.fromkeys(text for text in texts if text))
