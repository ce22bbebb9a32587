"""
Backups as people and scripts see them.

The keys of `backup_view` are relied upon by scripts (and are what `toban backups retention` reads).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from toban.backups.documents import Backup, standing
from toban.backups.policy.retention import Reason
from toban.backups.policy.retention_terms import doubtful
from toban.cli.kit.reader import shown_time
from toban.cli.kit.terminal import Terminal, printable
from toban.kernel.reasons.words import in_words


def backup_view(backup: Backup) -> dict[str, Any]:
    """Return one backup of a list, for scripts."""
    return {
        "id": backup.id,
        "service": backup.service,
        "source": backup.source,
        "class": backup.class_,
        "environment": backup.environment,
        "status": standing(backup),
        "started_at": shown_time(backup.started_at),
        "finished_at": shown_time(backup.finished_at),
        "verified_at": shown_time(backup.verified_at),
        "level": backup.level,
        "regions": regions(backup),
        "bytes": backup.bytes,
        "key": backup.key_id,
        "pinned": backup.pinned,
        "doubtful": list(dict.fromkeys(copy.region for copy in doubtful(backup))),
        "copies": [
            {**msgspec.to_builtins(copy, builtin_types=(datetime,)), "state": copy.state}
            for copy in backup.copies
        ],
    }


def regions(backup: Backup) -> list[str]:
    """Return those with a verified copy; while there is none, those whose copy may be whole."""
    good = [copy for copy in backup.copies if copy.proven]
    whole = [copy for copy in backup.copies if copy.manifest and not copy.damage]
    return list(dict.fromkeys(copy.region for copy in good or whole))


def status_in(backup: Backup, terminal: Terminal) -> str:
    """Return its status in words; of one that is verified in some places only, in how many."""
    status = standing(backup)
    proven = sum(copy.proven for copy in backup.copies)
    if was_failed(backup):
        return terminal.say("backups.failed-removed")
    if status == "deleting" and any(copy.held for copy in backup.copies):
        return terminal.say("backups.held")
    if status == "finished" and all(c.damage or c.unreadable for c in backup.copies):
        return terminal.say("backups.unreadable")
    if status != "verified" or proven == len(backup.copies):
        return terminal.say(f"backup.{status}")
    return terminal.say("backups.partly", n=proven, m=len(backup.copies))


def was_failed(backup: Backup) -> bool:
    """Return whether it failed, and what was left of it has been removed since."""
    return backup.status == "deleted" and backup.marked_from in ("failed", "partial")


def in_trouble(backup: Backup, terminal: Terminal, why: str = "") -> str:
    """In one line, what a backup is and what is wrong with it; `why` is said rather than that."""
    reasons = [printable(c.damage or c.unreadable) for c in backup.copies if not c.proven]
    return terminal.say(
        "run.failed",
        id=backup.id,
        status=status_in(backup, terminal),
        reason=printable(in_words(terminal.language, why or backup.reason))
        or "; ".join(filter(None, reasons))
        or "-",
    )


def is_partly(backup: Backup) -> bool:
    """Return whether it is verified in some of its places only."""
    return standing(backup) == "verified" and not all(copy.proven for copy in backup.copies)


def said(reason: Reason, terminal: Terminal) -> str:
    """Return a reason in the language of the terminal."""
    if reason.word in ("minimum", "unsettled") and not reason.detail:
        return terminal.say(f"keep.{reason.word}.unnamed")
    detail = reason.detail
    if reason.word in ("oldest", "older"):  # a rule or a status, not a name
        detail = terminal.say(f"detail.{detail}")
    return terminal.say(f"keep.{reason.word}", detail=detail)
