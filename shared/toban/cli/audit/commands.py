"""`toban audit`: what people asked for, and what came of it."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from typing import Any, Final

from toban.cli.kit.ask import since
from toban.cli.kit.reader import StoreReader, shown_time
from toban.cli.kit.session import session
from toban.cli.kit.terminal import Terminal
from toban.cli.kit.times import LIST_SECONDS, Times, now
from toban.cli.kit.views import in_environment
from toban.kernel.command import Audit, proven
from toban.kernel.i18n import moment

DAYS: Final = 30
"""How far back it looks unless a subject or a time is named."""
_COLORS = {"done": "green", "nothing": "dim", "stale": "yellow", "refused": "red"}
_LAST = "\U0010ffff"


def audit(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show the records of commands, the newest last."""
    with session(asked, terminal) as work:
        zone = work.reader.home_zone()
        since_ = _since(asked, zone, terminal)
        found = sorted(_found(work.reader, asked, since_), key=lambda a: (a.at, a.id))
    if asked.json:
        terminal.json([_view(a) for a in found])
    elif found:
        _table(found, zone, terminal)
    elif asked.subject or asked.actor or since_ is None:
        terminal.line(terminal.say("none.audit.like-that"))
    else:
        since_then = moment(terminal.language, since_, zone)
        terminal.line(terminal.say("none.audit", moment=since_then))
    return 0


def _since(asked: argparse.Namespace, zone: str, terminal: Terminal) -> datetime | None:
    """From when on; None: from the beginning."""
    if asked.since is None:
        return None if asked.subject else now() - timedelta(days=DAYS)
    return since(asked.since, zone, terminal)


def _found(reader: StoreReader, asked: argparse.Namespace, since: datetime | None) -> list[Audit]:
    """By one field each: what else is asked for is looked at here, and needs no index."""
    if asked.subject:
        word = asked.subject.strip()
        found = reader.find(Audit, ("subject", ">=", word), ("subject", "<", word + _LAST))
    elif since is not None:
        found = reader.find(Audit, ("at", ">=", since))
    else:
        found = reader.find(Audit)
    return [a for a in found if (since is None or a.at >= since) and _is_by(a, asked.actor)]


def _is_by(record: Audit, name: str | None) -> bool:
    wanted = (name or "").strip().casefold()
    who = record.proof.partition(":")[2]
    return not wanted or wanted in (record.actor.casefold(), who.casefold())


def _view(record: Audit) -> dict[str, Any]:
    return {
        "id": record.id,
        "at": shown_time(record.at),
        "subject": record.subject,
        "action": record.action,
        "actor": record.actor,
        "proof": record.proof,
        "proven": proven(record.actor, record.proof),
        "seen": record.seen,
        "via": record.via,
        "outcome": record.outcome,
        "reason": record.reason,
        "environment": record.environment,
        "correlation_id": record.correlation_id,
    }


def _table(found: list[Audit], zone: str, terminal: Terminal) -> None:
    times = Times((a.at, zone) for a in found)
    words = {outcome: terminal.say(f"audit.{outcome}") for outcome in _COLORS}
    terminal.table(
        terminal.titles(
            "at", "actor", "proof", "action", "subject", "outcome", "detail", at=times.title
        ),
        [
            [
                times.written(a.at, zone, LIST_SECONDS),
                a.actor,
                _proof(a, terminal),
                a.action,
                in_environment(a.subject, a.environment),
                words[a.outcome],
                a.reason,
            ]
            for a in found
        ],
        {5: {words[outcome]: color for outcome, color in _COLORS.items()}},
        flexible=6,
        spare=(2, 0),
    )


def _proof(record: Audit, terminal: Terminal) -> str:
    """The proof; only its means where it does not prove the actor."""
    means, _, who = record.proof.partition(":")
    if not record.proof:
        return "-"
    if proven(record.actor, record.proof) or (means == "local" and who):
        return record.proof
    return terminal.say("audit.proof.unproven", means=means)
