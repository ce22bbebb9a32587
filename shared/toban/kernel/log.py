"""
Structured logs: one JSON object a line on standard output, in Cloud Logging's special fields
(https://cloud.google.com/logging/docs/structured-logging).

Fields: timestamp, severity, message, service, function, version, environment, correlation_id,
event_id, error {type, message, stack}, and whatever the caller adds. Secrets are masked before a
line is written; control characters are escaped by JSON, so no input can forge a line.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TextIO

import msgspec

from toban import __version__
from toban.kernel.secrecy import masking
from toban.kernel.secrecy.masking import MASK as MASK

_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
_context: ContextVar[Mapping[str, str]] = ContextVar("log_context", default=MappingProxyType({}))
_encoder = msgspec.json.Encoder(enc_hook=repr)
_lock = threading.Lock()
_secrets: list[str] = []
"""The longest first: a secret may be a part of another."""

# Beyond what JSON escapes by itself: other line separators, and control characters that a terminal
# obeys (DEL, C1 with the one-byte CSI, directional overrides).
_ACTIVE = re.compile(r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class Settings:
    """Where log lines go and which are written; process-wide."""

    stream: TextIO | None = None
    """None: standard output as it is at the time."""
    level: int = _LEVELS.get(os.environ.get("TOBAN_LOG_LEVEL", "INFO").upper(), 20)
    environment: str = os.environ.get("TOBAN_ENVIRONMENT", "local")
    service: str = "toban"
    clock: Callable[[], datetime] = staticmethod(_wall_clock)
    """Not the unit of work's: a log line tells when it was written."""


def hide(secret: str) -> None:
    """
    Mask this value in every later line (not values under 6 characters: too much would be
    masked).
    """
    if len(secret) >= 6:
        _secrets[:] = sorted({*_secrets, secret}, key=len, reverse=True)


def mask(text: str) -> str:
    """
    Return `text` with every known secret, and whatever looks like one, replaced by
    ``[secret]``.
    """
    for secret in _secrets:
        text = text.replace(secret, MASK)
    # A lone surrogate (a file name, a broken escape) cannot be written as UTF-8: make it visible.
    return masking.mask(text).encode("utf-8", "backslashreplace").decode()


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(str(k)): _masked(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(v) for v in value]
    if isinstance(value, (int, float, bool, datetime)) or value is None:
        return value
    return mask(str(value))


@contextmanager
def context(**fields: str) -> Iterator[None]:
    """Add fields to every line written inside the ``with`` block."""
    token = _context.set({**_context.get(), **{k: v for k, v in fields.items() if v}})
    try:
        yield
    finally:
        _context.reset(token)


def write(
    severity: str,
    message: str,
    *,
    error: BaseException | None = None,
    stack: bool = True,
    **fields: Any,
) -> None:
    """Write one line, if its severity is high enough."""
    if _LEVELS[severity] < Settings.level:
        return
    line: dict[str, Any] = {
        "timestamp": Settings.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "severity": severity,
        "message": mask(message),
        "service": Settings.service,
        "version": __version__,
        "environment": Settings.environment,
        **{k: mask(v) for k, v in _context.get().items()},
        **{k: _masked(v) for k, v in fields.items()},
    }
    if error is not None:
        line["error"] = {"type": type(error).__name__, "message": mask(str(error))}
        if stack:
            line["error"]["stack"] = mask("".join(traceback.format_exception(error)))
    text = _ACTIVE.sub(_escaped, _encoder.encode(line).decode())
    stream = Settings.stream or sys.stdout
    with _lock:
        stream.write(text + "\n")
        stream.flush()


def debug(message: str, **fields: Any) -> None:
    """Write a line for somebody who looks for a defect."""
    write("DEBUG", message, **fields)


def info(message: str, **fields: Any) -> None:
    """Write a line about what happened."""
    write("INFO", message, **fields)


def warning(message: str, **fields: Any) -> None:
    """Write a line about what may need attention."""
    write("WARNING", message, **fields)


def error(message: str, **fields: Any) -> None:
    """Write a line about what failed."""
    write("ERROR", message, **fields)


def security(message: str, **fields: Any) -> None:
    """Write a line about a refused request, or another thing that an auditor asks for."""
    write("WARNING", message, security=True, **fields)
