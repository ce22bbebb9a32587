"""`toban notifications list`."""

from __future__ import annotations

import argparse

from toban.cli.kit.reader import incident_of
from toban.cli.kit.session import session
from toban.cli.kit.terminal import Terminal
from toban.cli.kit.times import LIST_SECONDS, Times
from toban.cli.kit.views import (
    in_environment,
    notification_view,
    notifications,
    status_word,
)
from toban.kernel.reasons.words import in_words
from toban.postmortems.texts import text

_COLORS = {
    "failed": "red",
    "withdrawn": "dim",
    "waiting": "yellow",
    "sending": "yellow",
    "outbox": "yellow",
}


def list_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show who was told of what, by which channel, and how it went."""
    with session(asked, terminal) as work:
        reader = work.reader
        incident = incident_of(reader, asked.incident, terminal).id if asked.incident else None
        found = notifications(reader, incident, everything=asked.all)
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
                    in_environment(n.incident, n.environment),
                    text(terminal.language, f"told.{n.kind}"),
                    n.target_name or n.target,
                    n.channel,
                    terminal.say(f"notification.{status_word(n)}"),
                    str(n.attempts),
                    in_words(terminal.language, n.error),
                ]
                for n in found
            ],
            {5: {words[word]: color for word, color in _COLORS.items()}},
            flexible=7,
            spare=(6, 2),
            fold=(3, 4),
        )
    return 0
