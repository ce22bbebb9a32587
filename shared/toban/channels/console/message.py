"""What is written to the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toban.channels.console.kind import ConsoleChannel
from toban.channels.notice import PreparedNotification
from toban.kernel.outgoing import Outgoing


@dataclass(frozen=True, kw_only=True)
class ConsoleLine(Outgoing):
    """A message that is written to the log, which always succeeds."""

    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    repetition: str = ""


def message(channel: ConsoleChannel, sending: PreparedNotification) -> ConsoleLine:  # noqa: ARG001
    """Return the line for a notification."""
    notice, request = sending.notice, sending.request
    return ConsoleLine(
        id=sending.id,
        incident=sending.incident,
        created_at=sending.created_at,
        unknown=sending.unknown,
        text=notice.headline,
        fields={
            "kind": request.kind,
            "target": request.target_name,
            "number": notice.number,
        },
        repetition=notice.repetition,
    )
