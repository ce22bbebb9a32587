"""`toban backups list` and `show`: the catalogue, for people and for scripts."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import msgspec

from toban.backups.documents import Backup, Copy, standing
from toban.backups.found import as_found
from toban.backups.jobs import BackupJob, job_id
from toban.backups.policy.retention import RetentionVerdict
from toban.backups.section import BACKUP
from toban.backups.work.prune import weigh
from toban.cli.backups.common import (
    STATUS_COLORS,
    as_seen,
    chosen,
    known_source,
    length,
    newest_first,
    point_of,
    profile_of,
    size,
    sizes,
)
from toban.cli.backups.views import backup_view, is_partly, regions, said, status_in, was_failed
from toban.cli.kit.reader import StoreReader, shown_time
from toban.cli.kit.session import session
from toban.cli.kit.terminal import Terminal, printable
from toban.cli.kit.times import Times
from toban.cli.kit.views import in_environment
from toban.events.backups import Stage
from toban.kernel.environment import PRODUCTION
from toban.kernel.i18n import moment
from toban.kernel.reasons.words import in_words

_STAGES: tuple[Stage, ...] = ("take", "replicate", "verify", "prune")


def list_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show the catalogue, the newest first."""
    with session(asked, terminal) as work:
        reader = work.reader
        found = _found(reader, asked, terminal)
        if asked.json:
            terminal.json([backup_view(backup) for backup in found])
        elif found:
            _table(reader, found, terminal)
        elif any((asked.service, asked.source, asked.class_, asked.environment, asked.status)):
            terminal.line(terminal.say("backups.none-like-that"))
        else:
            terminal.line(terminal.say("backups.none"))
    return 0


def _found(reader: StoreReader, asked: argparse.Namespace, terminal: Terminal) -> list[Backup]:
    if asked.service is not None and not reader.find(
        Backup, ("service", "==", asked.service), limit=1
    ):
        profile = profile_of(reader, asked.service, terminal)
        if asked.source is not None:
            known_source(profile, asked.source, terminal)
    wanted = {
        name: value
        for name, value in (
            ("service", asked.service),
            ("source", asked.source),
            ("class", asked.class_),
        )
        if value is not None
    }
    found = reader.find(Backup, *((name, "==", value) for name, value in wanted.items()))
    known = {backup.id: backup for backup in found}
    for id in {need for backup in found for need in backup.needs} - known.keys():
        if (base := reader.get(Backup, id)) is not None:  # it may be of another class
            known[id] = base
    found = [as_found(backup, known) for backup in found]
    if asked.environment is not None:  # no index: an earlier release stored none
        found = [backup for backup in found if backup.environment == asked.environment]
    if asked.status is not None:
        found = [
            backup
            for backup in found
            if standing(backup) == asked.status or (asked.status == "failed" and was_failed(backup))
        ]
    elif not asked.all:
        found = [backup for backup in found if backup.status != "deleted"]
    return newest_first(found)


def _table(reader: StoreReader, found: list[Backup], terminal: Terminal) -> None:
    zones = {name: reader.zone(name) for name in {backup.service for backup in found}}
    times = Times((backup.started_at, zones[backup.service]) for backup in found)
    titles = terminal.titles(
        "id", "series", "status", "started", "level", "regions", "size", "pinned",
        started=times.title,
    )  # fmt: skip
    rows = [
        [
            backup.id,
            in_environment(f"{backup.service}/{backup.source}/{backup.class_}", backup.environment),
            status_in(backup, terminal),
            times.written(backup.started_at, zones[backup.service], "%Y-%m-%d %H:%M"),
            terminal.say(f"level.{backup.level}") if backup.level else "-",
            ", ".join(regions(backup)) or "-",
            size(backup.bytes),
            terminal.say("backups.pinned") if backup.pinned else "",
        ]
        for backup in found
    ]
    colors = {terminal.say(f"backup.{s}"): color for s, color in STATUS_COLORS.items()}
    colors |= {status_in(b, terminal): "yellow" for b in found if is_partly(b)}
    terminal.table(titles, rows, {2: colors}, flexible=5, spare=(1, 7, 4, 3))


# --- one of them -------------------------------------------------------------------------------


def show(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show everything about one backup."""
    with session(asked, terminal) as work:
        reader = work.reader
        backup = as_seen(chosen(reader, asked.id, terminal), reader)
        needed_by = sorted(
            other.id
            for other in reader.find(Backup, ("service", "==", backup.service))
            if backup.id in other.needs and other.status != "deleted"
        )
        jobs = [
            job
            for stage in _STAGES
            if (job := reader.get(BackupJob, job_id(backup.id, stage))) is not None
        ]
        verdict = _verdict(reader, backup)
        if asked.json:
            terminal.json(_detail(backup, needed_by, jobs, verdict))
            return 0
        _tell(reader, backup, needed_by, jobs, verdict, terminal)
    return 0


def _verdict(reader: StoreReader, backup: Backup) -> RetentionVerdict | None:
    """What retention says of it now; None without a profile."""
    profile = reader.profiles().get(backup.service)
    if profile is None or profile[BACKUP] is None:
        return None
    weighed = weigh(profile, reader)
    return next((v for v in weighed.verdicts if v.id == backup.id), None)


def _detail(
    backup: Backup, needed_by: list[str], jobs: list[BackupJob], verdict: RetentionVerdict | None
) -> dict[str, Any]:
    full = msgspec.to_builtins(backup, builtin_types=(type(backup.slot),))
    return {
        **full,
        **backup_view(backup),
        "needed_by": needed_by,
        "jobs": [
            {
                "stage": job.stage,
                "over": job.over,
                "step": job.step,
                "done": job.done,
                "total": job.total,
                "bytes": job.bytes,
                "error": job.error,
                "touched_at": shown_time(job.touched_at),
            }
            for job in jobs
        ],
        "retention": None
        if verdict is None
        else {"keep": verdict.keep, "reasons": [str(reason) for reason in verdict.reasons]},
    }


def _tell(
    reader: StoreReader,
    backup: Backup,
    needed_by: list[str],
    jobs: list[BackupJob],
    verdict: RetentionVerdict | None,
    terminal: Terminal,
) -> None:
    zone = reader.zone(backup.service)
    color = "yellow" if is_partly(backup) else STATUS_COLORS.get(standing(backup), "")
    status = terminal.paint(status_in(backup, terminal), color, "bold")
    terminal.line(f"{terminal.paint(backup.id, 'bold')}  {status}")
    for key, value in _facts(backup, needed_by, terminal, zone):
        terminal.line(
            f"  {terminal.paint(terminal.say(f'backups.show.{key}'), 'dim')}: {printable(value)}"
        )
    if verdict is not None:
        kept = "keep.record" if backup.status == "failed" else "keep.yes"
        word = terminal.say(kept if verdict.keep else "keep.no")
        why = terminal.listed(said(reason, terminal) for reason in verdict.reasons)
        label = terminal.paint(terminal.say("backups.show.retention"), "dim")
        told = terminal.paint(word, "green" if verdict.keep else "red")
        terminal.line(f"  {label}: {told} ({printable(why)})")
    terminal.line()
    terminal.line(terminal.paint(terminal.say("backups.show.copies"), "bold"))
    for copy in backup.copies:
        terminal.line(f"  {copy.region or '-'}  {copy.bucket}  {_copy(copy, terminal, zone)}")
    for title, lines in (
        ("tests", list(_tests(backup, terminal, zone))),
        ("jobs", list(_jobs(backup, jobs, terminal, zone))),
    ):
        if lines:
            terminal.line()
            terminal.line(terminal.paint(terminal.say(f"backups.show.{title}"), "bold"))
            for line in lines:
                terminal.line(f"  {line}")


def _facts(
    backup: Backup, needed_by: list[str], terminal: Terminal, zone: str
) -> Iterator[tuple[str, str]]:
    language = terminal.language
    yield "series", f"{backup.service}/{backup.source}/{backup.class_} ({backup.kind})"
    if backup.environment != PRODUCTION:
        yield "environment", backup.environment
    yield "point", moment(language, point_of(backup), zone)
    yield "started", moment(language, backup.started_at, zone)
    for key, at in (
        ("finished", backup.finished_at),
        ("verified", backup.verified_at),
        ("deleted", backup.deleted_at),
    ):
        if at is not None:
            yield key, moment(language, at, zone)
    if backup.requested_by:
        yield "by", backup.requested_by
    if backup.reason:
        yield "reason", in_words(language, backup.reason)
    yield (
        "size",
        sizes(backup, terminal),
    )
    # How many bytes there are the size says already, in a unit.
    counts = [f"{name} {count:,}" for name, count in backup.counts.items() if name != "bytes"]
    if counts:
        yield "counts", terminal.listed(counts)
    if backup.key_id or backup.status != "failed":  # of what failed nothing is kept in the clear
        yield "key", backup.key_id or terminal.say("backups.show.unencrypted")
    if backup.needs:
        yield "needs", ", ".join(backup.needs)
    if needed_by:
        yield "needed-by", ", ".join(needed_by)
    if backup.restores:
        yield "restores", ", ".join(backup.restores)
    if backup.pinned:
        yield "pinned", " ".join(filter(None, (backup.pinned_by, backup.note)))


def _copy(copy: Copy, terminal: Terminal, zone: str) -> str:
    if copy.held:
        key = "held" if copy.manifest else "held-rest"
        why = printable(copy.held)
        return terminal.paint(terminal.say(f"backups.copy.{key}", why=why), "yellow")
    if copy.state == "verified" and copy.verified_at is not None:
        told = terminal.say(
            "backups.copy.verified",
            level=terminal.say(f"level.{copy.level}"),
            at=moment(terminal.language, copy.verified_at, zone),
        )
        return terminal.paint(told, "green")
    key, color = {
        "damaged": ("damaged", "red"),
        "missing": ("gone" if copy.damage else "missing", "red" if copy.damage else "yellow"),
        "unreadable": ("unreadable", "red"),
    }.get(copy.state, ("unread", "yellow"))
    why = printable(copy.damage or copy.unreadable)
    told = terminal.say(f"backups.copy.{key}", why=why)
    if copy.state == "missing" and copy.unreadable:
        told += f" ({why})"
    return terminal.paint(told, color)


def _tests(backup: Backup, terminal: Terminal, zone: str) -> Iterator[str]:
    for test in reversed(backup.tests):
        word = terminal.say("backups.test.passed" if test.passed else "backups.test.failed")
        took = length(terminal.language, test.seconds)
        told = terminal.paint(word, "green" if test.passed else "red")
        at = moment(terminal.language, test.at, zone)
        yield f"{at}  {test.region}  {told}  {took}  {printable(test.reason)}".rstrip()


def _jobs(backup: Backup, jobs: list[BackupJob], terminal: Terminal, zone: str) -> Iterator[str]:
    for job in jobs:
        ended = "failed" if backup.status == "failed" and job.stage == "take" else "over"
        state = terminal.say(f"backups.job.{ended}" if job.over else "backups.job.going")
        done = f"{job.done}/{job.total}" if job.total else str(job.done)
        at = moment(terminal.language, job.touched_at, zone) if job.touched_at else ""
        stage = terminal.say(f"stage.{job.stage}")
        yield f"{stage}  {state}  {done}  {at}  {printable(job.error)}".rstrip()
