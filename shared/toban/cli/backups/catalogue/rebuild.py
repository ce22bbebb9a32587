"""`toban backups rebuild-catalog`: everything known again, from the manifests of one region."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from toban.backups.catalogue.rebuild import (
    BucketScan,
    FoundManifest,
    RebuildResult,
    SkippedManifest,
    rebuild,
    scan,
)
from toban.backups.documents import Backup
from toban.backups.section import BACKUP, NOTHING
from toban.cli.backups.common import as_seen, profile_of
from toban.cli.backups.views import backup_view
from toban.cli.backups.work.verify import read_back
from toban.cli.kit.places.local import exists
from toban.cli.kit.session import Session, session
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.cli.kit.times import now
from toban.ports import Unavailable
from toban.profile.store import CurrentProfile

_COLORS = {"created": "green", "extended": "yellow", "known": "dim", "removed": "dim"}


def rebuild_catalog(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Read the manifests, enter what the catalogue lacks, and have it verified."""
    if not asked.project and not exists(asked.data):
        raise Problem(terminal.say("rebuild.apply-first", data=asked.data))
    with session(asked, terminal) as work:
        profiles = {p.id: p for p in work.reader.find(CurrentProfile)}
        if asked.service is not None:
            profile_of(work.reader, asked.service, terminal)
        buckets = asked.bucket or _destinations(profiles, asked.service)
        if not buckets:
            raise Problem(terminal.say("rebuild.no-buckets"), 2)
        read = _scan(work, buckets, profiles, asked, terminal)
        there = {found.bucket for found in read.found}
        empty = [name for name in asked.bucket or () if name not in there]
        if empty and not read.skipped:
            raise Problem(terminal.say("rebuild.empty", buckets=", ".join(empty)))
        done = rebuild(read.found, profiles, work.reader.store, now=now(), dry_run=asked.dry_run)
        new = [each for each in done if each.what in ("created", "extended")]
        unverified = []
        if not asked.dry_run and asked.verify:
            unread = [each for each in done if each in new or each.backup.status == "finished"]
            unverified = _verify(work, [each.backup for each in unread if each.planned], terminal)
        if asked.json:
            _json(work, read, done, unverified, terminal)
        else:
            _tell(read, done, unverified, asked, terminal)
    return 1 if read.skipped or unverified or any(not each.planned for each in new) else 0


def _destinations(profiles: dict[str, CurrentProfile], service: str | None) -> list[str]:
    """Every bucket that the profiles keep backups in."""
    return list(
        dict.fromkeys(
            destination.bucket
            for id, document in sorted(profiles.items())
            if service in (None, id)
            for destination in (document.profile[BACKUP] or NOTHING).destinations
        )
    )


def _scan(
    work: Session,
    buckets: Sequence[str],
    profiles: dict[str, CurrentProfile],
    asked: argparse.Namespace,
    terminal: Terminal,
) -> BucketScan:
    def seen(each: FoundManifest | SkippedManifest) -> None:
        if isinstance(each, SkippedManifest) and not asked.json:
            terminal.note(
                terminal.say(
                    "rebuild.skipped", bucket=each.bucket, reason=printable(each.reason)[:300]
                )
            )

    try:
        return scan(
            buckets,
            profiles,
            work.resources(),
            service=asked.service or "",
            unencrypted=asked.accept_unencrypted,
            seen=seen,
        )
    except (Unavailable, ValueError) as error:
        raise Problem(terminal.say("rebuild.unreadable", error=error)) from error


def _verify(work: Session, backups: list[Backup], terminal: Terminal) -> list[str]:
    """Have them read back, and wait; the ids of those that did not pass."""
    asked_at = now()
    after = read_back(work, backups, terminal, resumes="toban backups rebuild-catalog")
    return [
        backup.id
        for backup in after
        if not (
            backup.status == "verified"
            and backup.verified_at is not None
            and backup.verified_at >= asked_at
        )
    ]


def _json(
    work: Session,
    read: BucketScan,
    done: list[RebuildResult],
    unverified: list[str],
    terminal: Terminal,
) -> None:
    terminal.json(
        {
            "backups": [
                {
                    **backup_view(
                        as_seen(work.reader.get(Backup, each.backup.id) or each.backup, work.reader)
                    ),
                    "change": each.what,
                    "planned": each.planned,
                }
                for each in done
            ],
            "skipped": [
                {"bucket": s.bucket, "name": s.name, "reason": s.reason} for s in read.skipped
            ],
            "unfinished": read.unfinished,
            "unverified": unverified,
        }
    )


def _tell(
    read: BucketScan,
    done: list[RebuildResult],
    unverified: list[str],
    asked: argparse.Namespace,
    terminal: Terminal,
) -> None:
    if done:
        terminal.table(
            terminal.titles("id", "change", "regions", "detail"),
            [
                [
                    each.backup.id,
                    terminal.say(f"rebuild.{each.what}"),
                    ", ".join(copy.region or copy.bucket for copy in each.backup.copies),
                    _detail(each, unverified, terminal),
                ]
                for each in done
            ],
            {1: {terminal.say(f"rebuild.{what}"): color for what, color in _COLORS.items()}},
            flexible=3,
        )
        terminal.line()
    terminal.line(
        terminal.say(
            "rebuild.would" if asked.dry_run else "rebuild.done",
            new=sum(each.what in ("created", "extended") for each in done),
            n=len(done),
            skipped=len(read.skipped),
            unfinished=read.unfinished,
        )
    )


def _detail(each: RebuildResult, unverified: list[str], terminal: Terminal) -> str:
    if not each.planned:
        return terminal.say("rebuild.unplanned")
    return terminal.say("rebuild.unverified") if each.backup.id in unverified else ""
