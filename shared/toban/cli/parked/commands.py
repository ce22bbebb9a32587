"""`toban parked`: messages that no delivery can ever handle."""

from __future__ import annotations

import argparse
from typing import Any

from toban.cli.kit import local
from toban.cli.kit.arguments import unknown
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import LIST_SECONDS, Times
from toban.cli.kit.views import Reader, shown_time
from toban.kernel.handling.parking import Parked


def list_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Messages that were set aside."""
    with local.opened(asked.data, terminal) as data:
        reader = Reader(data.store)
        found = sorted(reader.find(Parked), key=lambda p: (p.at, p.id))
        zone = reader.home_zone()
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
    """One of them, with its attributes and its body."""
    with local.opened(asked.data, terminal) as data:
        reader = Reader(data.store)
        found = reader.by_prefix(Parked, asked.id)
        if not found:
            known = [p.id for p in reader.find(Parked, limit=50)]
            raise Problem(unknown(terminal.language, asked.id, "what.parked", known))
    if len(found) > 1:
        words = ", ".join(p.id[:16] for p in found)
        raise Problem(terminal.say("ambiguous", word=asked.id, words=words), 2)
    terminal.json(
        {
            **_view(found[0]),
            "attributes": found[0].attributes,
            "body": found[0].data.decode("utf-8", "replace"),
        }
    )
    return 0


def _view(parked: Parked) -> dict[str, Any]:
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
