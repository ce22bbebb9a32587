"""`toban outbox`: what would have been sent by channels that are not configured."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from toban.cli.kit.arguments import unknown
from toban.cli.kit.reader import shown_time
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.cli.kit.times import LIST_SECONDS, Times
from toban.kernel.i18n import moment
from toban.local.logs import steering_nothing
from toban.local.outbox.kept import OUTBOX, OutboxMessage, outbox_of
from toban.postmortems.texts import text
from toban.profile.section import home_zone

_NAMED = 5
"""Of what is kept, so many are named beside an id that is none; the list has them all."""


def list_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show what is kept, the newest last."""
    _require_any(asked.data, terminal)
    found = [
        message
        for message in outbox_of(asked.data).messages()
        if asked.service in (None, message.service)
        and (
            not asked.incident
            or message.incident.removeprefix("inc-").startswith(asked.incident.removeprefix("inc-"))
        )
    ]
    if asked.json:
        terminal.json([_view(message) for message in found])
        return 0
    if not found:
        narrowed = asked.service is not None or asked.incident
        terminal.line(terminal.say("none.outbox.such" if narrowed else "none.outbox"))
        return 0
    zone = _zone(asked)
    times = Times((message.at, zone) for message in found)
    terminal.table(
        terminal.titles("id", "at", "kind", "target", "channel", "headline", at=times.title),
        [
            [
                _short(message),
                times.written(message.at, zone, LIST_SECONDS),
                _kind(message, terminal),
                message.target_name,
                message.channel,
                message.subject,
            ]
            for message in found
        ],
        flexible=5,
        spare=(2, 4),
    )
    terminal.note(terminal.say("outbox.more"))
    return 0


def show(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show one as it would have looked: the newest, unless another is named."""
    message = _chosen(asked, terminal)
    if asked.html is not None:
        if not message.html:
            raise Problem(terminal.say("outbox.no-html", channel=message.channel))
        try:
            asked.html.write_text(message.html, encoding="utf-8")
        except OSError as error:
            raise Problem(f"{asked.html}: {error.strerror or error}") from error
        terminal.note(terminal.say("outbox.written", file=asked.html))
        return 0
    if asked.json:
        terminal.json(
            {
                **_view(message),
                "text": message.text,
                "html": message.html,
                "payload": message.payload,
            }
        )
        return 0
    zone = _zone(asked)
    rows = [
        ("to", f"{message.target_name} <{message.to}>" if message.to else message.target_name),
        ("channel", message.channel),
        ("subject", message.subject),
        ("at", moment(terminal.language, message.at, zone)),
        ("lacks", message.lacks),
    ]
    for name, value in rows:
        label = terminal.paint(f"{terminal.say(f'outbox.{name}')}:", "dim")
        terminal.line(f"{label} {printable(value)}")
    terminal.line()
    for line in (message.text or message.payload).splitlines():
        terminal.line(steering_nothing(line))
    if message.payload and message.text:
        terminal.line()
        for line in message.payload.splitlines():
            terminal.line(terminal.paint(steering_nothing(line), "dim"))
    if message.html:
        terminal.note(terminal.say("outbox.has-html", id=message.id))
    return 0


def _chosen(asked: argparse.Namespace, terminal: Terminal) -> OutboxMessage:
    _require_any(asked.data, terminal)
    outbox = outbox_of(asked.data)
    word = asked.id.strip()
    found = outbox.find(word) or (outbox.find(f"ntf-{word}") if word else [])
    if not found and not word:
        raise Problem(terminal.say("none.outbox"))
    if not found:
        known = [_short(message) for message in reversed(outbox.messages())][:_NAMED]
        raise Problem(unknown(terminal.language, word, "what.outbox", known))
    if word and len(found) > 1:
        words = ", ".join(message.id for message in found[:5])
        raise Problem(terminal.say("ambiguous", word=word, words=words), 2)
    return found[-1]


def _short(message: OutboxMessage) -> str:
    """As much of its id as the list shows."""
    return message.id.removeprefix("ntf-")[:8]


def _require_any(data: Path, terminal: Terminal) -> None:
    """`Problem` where nothing was ever kept; beside emulators there is an outbox and no database."""
    from toban.cli.kit.places.local import exists
    from toban.local.control import find_emulated

    if not exists(data) and not (data / OUTBOX).is_dir() and find_emulated(data) is None:
        raise Problem(terminal.say("data.none", data=data))


def _zone(asked: argparse.Namespace) -> str:
    """The zone of those whose services they are, where there are documents to tell it."""
    from toban.adapters.local.sqlite.database import SqliteDatabase
    from toban.adapters.local.sqlite.store import SqliteStore
    from toban.cli.kit.places.local import DATABASE, exists
    from toban.cli.kit.reader import StoreReader

    if not exists(asked.data):
        return home_zone(())
    database = SqliteDatabase(asked.data / DATABASE)
    try:
        return StoreReader(SqliteStore(database)).home_zone()
    finally:
        database.close()


def _kind(message: OutboxMessage, terminal: Terminal) -> str:
    key = f"told.{message.kind}"
    return text(terminal.language, key) if key in text else message.kind


def _view(message: OutboxMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "at": shown_time(message.at),
        "service": message.service,
        "incident": message.incident,
        "kind": message.kind,
        "target_name": message.target_name,
        "channel": message.channel,
        "to": message.to,
        "subject": message.subject,
        "lacks": message.lacks,
    }
