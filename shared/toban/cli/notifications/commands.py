"""`toban notifications list`."""

from __future__ import annotations

import argparse

from toban.cli.incidents.commands import chosen
from toban.cli.kit import local
from toban.cli.kit.terminal import Terminal
from toban.cli.kit.times import LIST_SECONDS, Times
from toban.cli.kit.views import Reader, notification_view, status_word
from toban.postmortems.texts import text

_COLORS = {"failed": "red", "withdrawn": "dim", "waiting": "yellow", "sending": "yellow"}


def list_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Who was told of what, by which channel, and how it went."""
    if not local.exists(asked.data) and not asked.incident:
        if asked.json:
            terminal.json([])
        terminal.note(terminal.say("data.none", data=asked.data))
        return 0
    with local.opened(asked.data, terminal) as data:
        reader = Reader(data.store)
        incident = chosen(reader, asked.incident, terminal).id if asked.incident else None
        found = reader.notifications(incident, everything=asked.all)
        if asked.json:
            terminal.json([notification_view(n) for n in found])
            return 0
        if not found:
            terminal.line(terminal.say("none.notifications"))
            return 0
        zones = {service: reader.zone(service) for service in {n.service for n in found}}
        times = Times((n.sent_at or n.created_at, zones[n.service]) for n in found)
        titles = terminal.titles(
            "sent", "incident", "kind", "target", "channel", "status", "attempts", "error",
            sent=times.title,
        )  # fmt: skip
        words = {word: terminal.say(f"notification.{word}") for word in _COLORS}
        terminal.table(
            titles,
            [
                [
                    times.written(n.sent_at or n.created_at, zones[n.service], LIST_SECONDS),
                    n.incident,
                    text(terminal.language, f"told.{n.kind}"),
                    n.target_name or n.target,
                    n.channel,
                    terminal.say(f"notification.{status_word(n)}"),
                    str(n.attempts),
                    n.error,
                ]
                for n in found
            ],
            {5: {words[word]: color for word, color in _COLORS.items()}},
            flexible=7,
            spare=(6, 2),
        )
    return 0
