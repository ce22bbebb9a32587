"""`toban parked`: messages that no delivery can ever handle."""

from __future__ import annotations

import argparse
from typing import Any

from toban.cli.kit.reader import chosen, shown_time
from toban.cli.kit.session import session
from toban.cli.kit.terminal import Terminal
from toban.cli.kit.times import LIST_SECONDS, Times
from toban.kernel import log
from toban.kernel.handling.parking import ParkedMessage
from toban.kernel.secrecy.masking import masked


def list_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Messages that were set aside."""
    with session(asked, terminal) as work:
        found = sorted(work.reader.find(ParkedMessage), key=lambda p: (p.at, p.id))
        zone = work.reader.home_zone()
    if asked.json:
        terminal.json([_view(p) for p in found])
    elif not found:
        terminal.line(terminal.say("none.parked"))
    else:
        times = Times((p.at, zone) for p in found)
        terminal.table(
            terminal.titles("id", "at", "function", "reason", "type", "error", at=times.title),
            [
                [
                    p.id[:12],
                    times.written(p.at, zone, LIST_SECONDS),
                    p.function,
                    p.reason,
                    p.attributes.get("ce-type", ""),
                    p.error,
                ]
                for p in found
            ],
            flexible=5,
            spare=(3,),
        )
        terminal.note(terminal.say("parked.more"))
    return 0


def show(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show one of them, with its attributes and its body."""
    with session(asked, terminal) as work:
        reader = work.reader
        found = chosen(
            reader,
            ParkedMessage,
            asked.id,
            terminal,
            "what.parked",
            lambda: (p.id for p in reader.find(ParkedMessage, limit=50)),
        )
    terminal.json(
        {
            **_view(found),
            "attributes": masked(found.attributes),
            "body": log.mask(found.data.decode("utf-8", "replace")),
        }
    )
    return 0


def _view(parked: ParkedMessage) -> dict[str, Any]:
    return {
        "id": parked.id,
        "at": shown_time(parked.at),
        "function": parked.function,
        "reason": parked.reason,
        "error": parked.error,
        "topic": parked.topic,
        "event_type": parked.attributes.get("ce-type", ""),
        "event_id": parked.attributes.get("ce-id", ""),
        "bytes": parked.bytes_total,
    }
