"""The secrets of channels: read when they are needed, never shown."""

from __future__ import annotations

from toban.kernel import log
from toban.kernel.handling.effect import Failed
from toban.kernel.reasons.words import reason
from toban.ports import Secrets


def secret(secrets: Secrets, name: str) -> str:
    """Return the newest value of a secret, masked in the log from now on; empty when not set."""
    values = secrets.values(name) if name else []
    for value in values:
        log.hide(value)
    return values[0] if values else ""


def not_set(name: str) -> Failed:
    """Return the failure of a channel whose secret is missing: the fallback is next."""
    return Failed(reason("reason.secret", name=name), retryable=False)
