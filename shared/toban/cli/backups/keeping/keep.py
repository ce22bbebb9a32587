"""`toban backups pin`, `unpin`, `prune` and `discard`: what is kept, and what goes."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from toban.backups.documents import Backup
from toban.backups.policy.pins import NotDatedAhead, NotPinned, discard, pin, unpin
from toban.backups.policy.retention import RetentionVerdict
from toban.backups.work.commands import EVERY
from toban.backups.work.prune import RetentionReview, weigh
from toban.cli.backups.common import as_seen, ask, chosen, newest_first, profiles_of, size
from toban.cli.backups.views import backup_view, said
from toban.cli.kit.ask import agreed
from toban.cli.kit.progress import ProgressView
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.session import Session, session
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import Times, now
from toban.kernel.command import Audit
from toban.kernel.i18n import moment

# --- pins --------------------------------------------------------------------------------------


def pin_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Have retention leave a backup alone, or (``unpin``) not any more."""
    with session(asked, terminal) as work:
        store = work.reader.store
        backup = chosen(work.reader, asked.id, terminal)
        audit = _audit(work, "pin" if asked.pinned else "unpin", backup, asked)
        try:
            if asked.pinned:
                backup = pin(store, backup.id, audit.actor, asked.note.strip()[:500], audit)
            else:
                backup = unpin(store, backup.id, audit)
        except NotPinned as error:
            status = terminal.say(f"backup.{error.status}")
            raise Problem(terminal.say("pin.refused", id=backup.id, status=status)) from error
        if asked.json:
            terminal.json(backup_view(as_seen(backup, work.reader)))
        else:
            done = terminal.say("pin.done" if asked.pinned else "pin.undone", id=backup.id)
            terminal.line(terminal.paint(f"✓ {done}", "green"))
    return 0


def discard_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Remove a backup that is dated in the future, which retention keeps."""
    with session(asked, terminal) as work:
        backup = chosen(work.reader, asked.id, terminal)
        id, at = backup.id, now()
        audit = _audit(work, "discard", backup, asked)
        if backup.status in ("deleting", "deleted") or not backup.is_ahead(at):
            raise Problem(terminal.say("discard.not-ahead", id=id))
        written = moment(terminal.language, backup.started_at, work.reader.zone(backup.service))
        question = terminal.say("discard.ask", id=id, size=size(backup.bytes), at=written)
        if not agreed(asked, terminal, question):
            terminal.line(terminal.say("ask.kept"))
            return 1
        try:
            discard(work.reader.store, id, audit.actor, at, audit)
        except (NotDatedAhead, NotPinned) as error:
            raise Problem(terminal.say("discard.not-ahead", id=id)) from error
        asked.service = backup.service
        return _carry_out(work, [id], asked, terminal)


def _audit(work: Session, action: str, backup: Backup, asked: argparse.Namespace) -> Audit:
    return work.audit(action, f"backups/{backup.id}", backup.environment, asked.actor)


# --- pruning -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Row:
    backup: Backup
    verdict: RetentionVerdict
    now: bool
    """The next run of pruning removes it (each removes a limited number)."""

    @property
    def goes(self) -> bool:
        """Whether anything is left of it to remove."""
        return not self.verdict.keep and self.backup.status != "deleted"


def prune(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show what retention keeps and removes, and (not with ``--dry-run``) have it removed."""
    if asked.dry_run:
        with session(asked, terminal) as work:
            rows = _weigh(work.reader, asked, terminal)
            _show(work.reader, rows, asked, terminal)
        return 0
    with session(asked, terminal) as work:
        rows = _weigh(work.reader, asked, terminal)
        going = [row for row in rows if row.now]
        if not going:
            _show(work.reader, rows, asked, terminal)
            return 0
        if not asked.json:
            _show(work.reader, rows, asked, terminal)
        question = terminal.say(
            "prune.ask", n=len(going), size=size(sum(row.backup.bytes for row in going))
        )
        if not agreed(asked, terminal, question):
            terminal.line(terminal.say("ask.kept"))
            return 1
        return _carry_out(work, [row.backup.id for row in going], asked, terminal)


def _weigh(reader: StoreReader, asked: argparse.Namespace, terminal: Terminal) -> list[_Row]:
    rows: list[_Row] = []
    for profile in profiles_of(reader, asked.service, terminal):
        weighed: RetentionReview = weigh(profile, reader)
        verdicts = {verdict.id: verdict for verdict in weighed.verdicts}
        removed = set(weighed.removable)
        rows.extend(
            _Row(backup, verdicts[backup.id], backup.id in removed)
            for backup in newest_first(weighed.backups.values())
            if backup.status != "deleted"
        )
    return rows


def _show(
    reader: StoreReader, rows: list[_Row], asked: argparse.Namespace, terminal: Terminal
) -> None:
    if asked.json:
        terminal.json(
            [
                {
                    "id": row.backup.id,
                    "keep": row.verdict.keep,
                    "reasons": [str(reason) for reason in row.verdict.reasons],
                    "now": row.now,
                    "bytes": row.backup.bytes,
                }
                for row in rows
            ]
        )
        return
    if not rows:
        terminal.line(terminal.say("backups.none"))
        return
    zones = {name: reader.zone(name) for name in {row.backup.service for row in rows}}
    times = Times((row.backup.started_at, zones[row.backup.service]) for row in rows)
    words = [terminal.say("keep.no"), terminal.say("keep.yes")]
    table = [
        [
            row.backup.id,
            terminal.say(f"backup.{row.backup.status}"),
            times.written(row.backup.started_at, zones[row.backup.service], "%Y-%m-%d %H:%M"),
            size(row.backup.bytes),
            words[row.verdict.keep],
            terminal.listed(said(reason, terminal) for reason in row.verdict.reasons),
        ]
        for row in rows
    ]
    terminal.table(
        terminal.titles("id", "status", "started", "size", "keep", "why", started=times.title),
        table,
        {4: {words[0]: "red", words[1]: "green"}},
        flexible=5,
        spare=(3, 1),
    )
    going = [row for row in rows if row.goes]
    terminal.line()
    terminal.line(
        terminal.say(
            "prune.sum",
            kept=sum(row.verdict.keep for row in rows),
            gone=len(going),
            now=sum(row.now for row in rows),
            size=size(sum(row.backup.bytes for row in going)),
        )
    )


def _carry_out(work: Session, ids: list[str], asked: argparse.Namespace, terminal: Terminal) -> int:
    event = ask(work, "prune", f"backups/{asked.service or EVERY}", asked.actor)
    total = len(ids)

    def left(*statuses: str) -> list[str]:
        there = ((id, work.reader.get(Backup, id)) for id in ids)
        return [
            id
            for id, b in there
            if b and (b.status in statuses if statuses else b.status != "deleted")
        ]

    def answered() -> dict[str, str] | None:
        """What came of it, once nothing more is being removed: one that is kept after all stays."""
        answer = work.answer(event, "prune_backups")
        return None if left("deleting") else answer

    answer = work.wait(
        answered,
        lambda: ProgressView(terminal.say("follow.prune"), total - len(left()), total),
        shows=lambda: "toban backups list",
        resumes=lambda: "toban backups prune",
    )
    remaining = left()
    if answer is not None and answer.get("outcome") == "waits" and remaining:
        raise Problem(terminal.say("prune.waits", until=answer["waits_until"]))
    if asked.json:
        terminal.json(
            {"removed": [id for id in ids if id not in remaining], "remaining": remaining}
        )
    else:
        terminal.line(terminal.say("prune.done", n=total - len(remaining)))
    if remaining:
        raise Problem(terminal.say("prune.left", n=len(remaining), words=", ".join(remaining[:5])))
    return 0
