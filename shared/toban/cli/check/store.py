"""
`toban check --store`: what is wrong in the store and does not mend itself.

Each check is a function that is given what can be read and the time, and says what it found. A new
one is written below and added to `CHECKS`; its texts are ``check.<code>`` (what) and
``check.<code>.do`` (what to do), in both languages.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from toban.backups.documents import JUDGED, Backup
from toban.backups.policy.ahead import dated_ahead
from toban.backups.policy.alerts import SOURCE as BACKUPS
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.session import session
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.cli.kit.tested import tested_people
from toban.cli.kit.times import now
from toban.incidents.documents import Alert, Incident
from toban.kernel.event import timestamp
from toban.kernel.i18n import moment

Severity = Literal["error", "warning"]

_COLORS: Final[dict[str, Literal["red", "yellow"]]] = {"error": "red", "warning": "yellow"}


@dataclass(frozen=True)
class StoreFinding:
    """Something in the store that a person has to look at."""

    severity: Severity
    code: str
    """What it is: names its texts."""
    id: str
    """The document."""
    service: str
    at: datetime
    """The time it is about."""
    detail: dict[str, str] = field(default_factory=dict)
    """Filled into the texts, beside ``id`` and ``at``."""


Check = Callable[[StoreReader, datetime], Iterator[StoreFinding]]


def backups_ahead(reader: StoreReader, now: datetime) -> Iterator[StoreFinding]:
    """Backups that a clock ahead has dated: they count for nothing until their time has come."""
    for backup in dated_ahead(reader):
        dates = (backup.slot, backup.started_at, backup.snapshot_at or now)
        yield StoreFinding("warning", "backup-ahead", backup.id, backup.service, max(dates))


def incidents_left_open(reader: StoreReader, now: datetime) -> Iterator[StoreFinding]:  # noqa: ARG001
    """
    Incidents kept open by alerts that an earlier release last wrote: it dropped resolutions whose
    start was older than the newest one it had heard of. Whether they still fire only the monitor
    knows.
    """
    for incident in _open_incidents(reader):
        alerts = reader.find(Alert, ("incident", "==", incident.id), ("status", "==", "firing"))
        doubtful = [a for a in alerts if a.heard_at is None and a.source not in _ENDS_BY_NAME]
        if doubtful and len(doubtful) == len(alerts):
            since = min(alert.attached_at or alert.starts_at for alert in doubtful)
            named = {"n": str(len(doubtful)), "title": printable(incident.title)}
            yield StoreFinding(
                "warning", "incident-left-open", incident.id, incident.service, since, named
            )


def incidents_silent(reader: StoreReader, now: datetime) -> Iterator[StoreFinding]:  # noqa: ARG001
    """
    Incidents that nobody will hear of again: an earlier release had no reminders.

    Where people are not called for their environment, nobody is to.
    """
    for incident in _open_incidents(reader):
        nothing_due = incident.next_step_at is None and incident.remind_at is None
        if nothing_due and reader.calls_people(incident):
            since = max(page.at for page in incident.pages)
            named = {"title": printable(incident.title)}
            yield StoreFinding(
                "error", "incident-silent", incident.id, incident.service, since, named
            )


def _open_incidents(reader: StoreReader) -> Iterator[Incident]:
    for status in ("open", "acknowledged"):
        found = reader.find(Incident, ("status", "==", status))
        yield from sorted(found, key=lambda incident: (incident.opened_at, incident.id))


_ENDS_BY_NAME: Final = frozenset({"cloud-monitoring", BACKUPS})
"""Sources whose resolutions name the occurrence: none of theirs was lost."""


def backups_locked(reader: StoreReader, now: datetime) -> Iterator[StoreFinding]:
    """Backups whose data key cannot be unwrapped: the key that wraps it is gone."""
    for backup in sorted(reader.find(Backup, ("degraded", "==", True)), key=lambda b: b.id):
        for key in dict.fromkeys(copy.locked for copy in backup.copies if copy.locked):
            at = backup.snapshot_at or now
            yield StoreFinding(
                "error", "backup-locked", backup.id, backup.service, at, {"needed": key}
            )


def backups_damaged(reader: StoreReader, now: datetime) -> Iterator[StoreFinding]:
    """Copies of backups that are damaged, gone or could not be read; without a key: `backups_locked`."""
    for backup in sorted(reader.find(Backup, ("degraded", "==", True)), key=lambda b: b.id):
        if backup.status not in JUDGED:
            continue
        whole = any(copy.proven for copy in backup.copies)
        for copy in backup.copies:
            why = copy.damage or copy.unreadable
            if not why or copy.locked:
                continue
            code = "unreadable" if not copy.damage else "damaged" if whole else "lost"
            yield StoreFinding(
                "error",
                f"backup-{code}",
                backup.id,
                backup.service,
                backup.snapshot_at or now,
                {"bucket": copy.bucket, "why": printable(why)},
            )


def people_untested(reader: StoreReader, now: datetime) -> Iterator[StoreFinding]:
    """People who may be called and have never answered a test page, or are called otherwise since."""
    for tested in tested_people(reader):
        if tested.standing != "shown":
            at = now if tested.newest is None else tested.newest.asked_at
            channels = ", ".join(contact.channel_id for contact in tested.contacts)
            named = {"name": printable(tested.name), "channels": channels, "person": tested.id}
            yield StoreFinding(
                "warning",
                f"person-{tested.standing}",
                f"{tested.service}/{tested.id}",
                tested.service,
                at,
                {**named, "service": tested.service},
            )


CHECKS: Final[tuple[Check, ...]] = (
    incidents_silent,
    incidents_left_open,
    backups_ahead,
    backups_locked,
    backups_damaged,
    people_untested,
)


def check_store(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Run every check on the data directory, or on a project; 1 when one found something."""
    if asked.files:
        raise Problem(terminal.say("check.store-or-files"), 2)
    with session(asked, terminal) as work:
        reader, at = work.reader, now()
        found = [each for check in CHECKS for each in check(reader, at)]
        zones = {each.service: reader.zone(each.service) for each in found}
    if asked.json:
        terminal.json([_view(each, zones, terminal) for each in found])
    elif found:
        _table(found, zones, terminal)
    else:
        terminal.line(terminal.say("check.store-good", n=len(CHECKS)))
    return 1 if found else 0


def _said(each: StoreFinding, key: str, zones: dict[str, str], terminal: Terminal) -> str:
    written = moment(terminal.language, each.at, zones[each.service])
    return terminal.say(key, **{"id": each.id, "at": written, **each.detail})


def _view(each: StoreFinding, zones: dict[str, str], terminal: Terminal) -> dict[str, str]:
    return {
        "severity": each.severity,
        "code": each.code,
        "service": each.service,
        "id": each.id,
        "at": timestamp(each.at),
        "what": _said(each, f"check.{each.code}", zones, terminal),
        "do": _said(each, f"check.{each.code}.do", zones, terminal),
    }


def _table(found: list[StoreFinding], zones: dict[str, str], terminal: Terminal) -> None:
    words = {severity: terminal.say(f"check.{severity}") for severity in _COLORS}
    terminal.table(
        terminal.titles("severity", "id", "what", "do"),
        [
            [
                words[each.severity],
                each.id,
                _said(each, f"check.{each.code}", zones, terminal),
                _said(each, f"check.{each.code}.do", zones, terminal),
            ]
            for each in found
        ],
        {0: {words[name]: color for name, color in _COLORS.items()}},
        fold=(2, 3),
    )
