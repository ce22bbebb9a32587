"""Watching a restore, and `toban backups test`: until it is over, then its spans against the RTO."""

from __future__ import annotations

import argparse
from typing import Any

from toban.backups.documents import Backup
from toban.backups.policy.recovery import recovery_time
from toban.backups.policy.restores import Restore
from toban.backups.section import BACKUP, NOTHING
from toban.cli.backups.common import ask, known_source, length, profile_of, size
from toban.cli.kit.arguments import no_such
from toban.cli.kit.progress import ProgressView
from toban.cli.kit.reader import StoreReader, shown_time
from toban.cli.kit.session import Session, session
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.kernel.i18n import duration
from toban.kernel.ids import derive

_SPANS = ("wait", "fetch", "load", "check")


def follow(work: Session, word: str, asked: argparse.Namespace, terminal: Terminal) -> int:
    """Watch a restore that somebody else asked for, or look at one that is over."""
    # What was asked for a moment ago may still be in the queue.
    found = work.wait(
        lambda: work.reader.by_prefix(Restore, word) or None,
        lambda: ProgressView(terminal.say("follow.begin")),
        shows=lambda: f"toban restore --follow {word}",
        resumes=lambda: f"toban restore --follow {word}",
    )
    if found is None:
        known = [restore.id for restore in work.reader.find(Restore)]
        raise no_such(terminal, word, "what.restore", known)
    if len(found) > 1:
        words = ", ".join(restore.id for restore in found[:5])
        raise Problem(terminal.say("ambiguous", word=word, words=words), 2)
    return watch(work, found[0].id, asked, terminal)


def watch(work: Session, id: str, asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show how far a restore is until it is over; the exit code."""
    command = f"toban restore --follow {id}"
    done = work.wait(
        lambda: _over(work.reader, id),
        lambda: _seen(work.reader, id, terminal),
        shows=lambda: command,
        resumes=lambda: command,
    )
    if done is None:
        raise Problem(terminal.say("restore.stopped", id=id, command=command))
    rto = _rto(work.reader, done)
    if asked.json:
        terminal.json(restore_view(done, rto))
    if done.status != "finished":
        raise Problem(terminal.say("restore.failed", id=id, reason=printable(done.reason)))
    if not asked.json:
        _tell(done, rto, terminal)
    return 0


def _over(reader: StoreReader, id: str) -> Restore | None:
    restore = reader.get(Restore, id)
    return restore if restore is not None and restore.status != "running" else None


def _seen(reader: StoreReader, id: str, terminal: Terminal) -> ProgressView:
    restore = reader.get(Restore, id)
    if restore is None:
        return ProgressView(terminal.say("follow.begin"))
    loaded = bool(restore.total) and restore.done >= restore.total
    text = terminal.say("follow.check" if loaded else "follow.load")
    stored = f" · {size(restore.bytes)}" if restore.bytes else ""
    return ProgressView(f"{text}{stored}", restore.done, restore.total, _trouble(restore, terminal))


def _trouble(restore: Restore, terminal: Terminal) -> str:
    """What went wrong so far, and what is done about it."""
    if restore.error:
        return terminal.say("follow.again", reason=printable(restore.error)[:1_000])
    return "; ".join(_given_up(restore, terminal))


def _given_up(restore: Restore, terminal: Terminal) -> list[str]:
    """Which copies could not be read, in words."""
    return [
        terminal.say(
            "restore.given-up",
            region=copy.region,
            bucket=copy.bucket,
            reason=printable(copy.reason)[:300],
        )
        for copy in restore.given_up
    ]


def _rto(reader: StoreReader, restore: Restore) -> int | None:
    profile = reader.profiles().get(restore.service)
    return recovery_time(profile, restore.source) if profile else None


def seconds(restore: Restore) -> float:
    """From request (or detection) to checked."""
    if restore.finished_at is None:
        return 0.0
    return max(0.0, (restore.finished_at - restore.requested_at).total_seconds())


def restore_view(restore: Restore, rto: int | None) -> dict[str, Any]:
    """Return one restore, for scripts."""
    return {
        "id": restore.id,
        "status": restore.status,
        "backup": restore.backup_id,
        "service": restore.service,
        "source": restore.source,
        "purpose": restore.purpose,
        "region": restore.region,
        "target": restore.target_identity,
        "parts": restore.done,
        "items": restore.items,
        "bytes": restore.bytes,
        "counts": restore.counts,
        "given_up": [
            {"region": copy.region, "bucket": copy.bucket, "reason": copy.reason}
            for copy in restore.given_up
        ],
        "spans": restore.spans,
        "seconds": seconds(restore),
        "rto_s": rto,
        "requested_at": shown_time(restore.requested_at),
        "finished_at": shown_time(restore.finished_at),
        "reason": restore.reason,
    }


def _tell(restore: Restore, rto: int | None, terminal: Terminal) -> None:
    took = seconds(restore)
    done = terminal.say(
        "restore.done",
        id=restore.id,
        where=restore.target_identity,
        duration=length(terminal.language, took),
    )
    terminal.line(terminal.paint(f"✓ {done}", "green"))
    for line in _given_up(restore, terminal):
        terminal.line(f"  {line}")
    for span in _SPANS:
        if span in restore.spans:
            label = terminal.paint(terminal.say(f"span.{span}"), "dim")
            terminal.line(f"  {label}: {length(terminal.language, restore.spans[span])}")
    if restore.counts:
        counts = ", ".join(f"{name} {count:,}" for name, count in restore.counts.items())
        terminal.line(f"  {terminal.paint(terminal.say('restore.counts'), 'dim')}: {counts}")
    if rto is not None:
        within = took <= rto
        told = terminal.say(
            "restore.within" if within else "restore.beyond",
            rto=duration(terminal.language, rto),
        )
        terminal.line(f"  {terminal.paint(told, 'green' if within else 'red')}")


# --- restore tests -----------------------------------------------------------------------------


def test(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Restore something verified into staging now, and measure it."""
    with session(asked, terminal) as work:
        profile = profile_of(work.reader, asked.service, terminal)
        section = (profile[BACKUP] or NOTHING).restore_test
        if section is None:
            raise Problem(terminal.say("test.none", service=asked.service))
        sources = [target.source for target in section.targets]
        if asked.source is not None:
            known_source(profile, asked.source, terminal)
            if asked.source not in sources:
                raise no_such(terminal, asked.source, "what.tested", sources)
        verified = work.reader.find(
            Backup, ("service", "==", asked.service), ("status", "==", "verified")
        )
        wanted = [asked.source] if asked.source is not None else sources
        if not any(backup.source in wanted for backup in verified):
            raise Problem(
                terminal.say(
                    "restore.none-verified", series=f"{asked.service}/{asked.source or '*'}"
                )
            )
        tested = "/".join(filter(None, (asked.service, asked.source)))
        event = ask(work, "test-restore", f"backups/{tested}", asked.actor)
        # As `toban.backups.restoring.turns` names it: by the event that asked for it.
        id = f"test-{derive(event.id, 'test_restores', 'restore-test', length=12)}"

        def begun() -> tuple[Restore | None, dict[str, str]] | None:
            restore = work.reader.get(Restore, id)
            answer = work.answer(event, "test_restores") or {}
            return (restore, answer) if restore or answer else None

        found = work.wait(
            begun,
            lambda: ProgressView(terminal.say("follow.begin")),
            shows=lambda: f"toban restore --follow {id}",
            resumes=lambda: f"toban restore --follow {id}",
        )
        if found is None:
            raise Problem(terminal.say("test.not-begun", service=asked.service))
        restore, answer = found
        if restore is None:
            reason = terminal.say(f"test.nothing.{answer['outcome']}")
            raise Problem(terminal.say("run.nothing", reason=reason))
        return watch(work, restore.id, asked, terminal)
