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

from toban.backups.ahead import dated_ahead
from toban.cli.backup_common import work_for
from toban.cli.follow import opened
from toban.cli.terminal import Problem, Terminal
from toban.cli.times import now
from toban.cli.views import Reader
from toban.kernel.event import timestamp
from toban.kernel.i18n import moment

Severity = Literal["error", "warning"]

_COLORS: Final[dict[str, Literal["red", "yellow"]]] = {"error": "red", "warning": "yellow"}


@dataclass(frozen=True)
class Found:
    """Something that a person has to look at."""

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


Check = Callable[[Reader, datetime], Iterator[Found]]


def backups_ahead(reader: Reader, now: datetime) -> Iterator[Found]:
    """Backups that a clock ahead has dated: they count for nothing until their time has come."""
    for backup in dated_ahead(work_for(reader)):
        dates = (backup.slot, backup.started_at, backup.snapshot_at or now)
        yield Found("warning", "backup-ahead", backup.id, backup.service, max(dates))


CHECKS: Final[tuple[Check, ...]] = (backups_ahead,)


def check_store(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Run every check on the data directory, or on a project; 1 when one found something."""
    if asked.files:
        raise Problem(terminal.say("check.store-or-files"), 2)
    with opened(asked, terminal) as store:
        reader, at = Reader(store), now()
        found = [each for check in CHECKS for each in check(reader, at)]
        zones = {each.service: reader.zone(each.service) for each in found}
    if asked.json:
        terminal.json([_view(each, zones, terminal) for each in found])
    elif found:
        _table(found, zones, terminal)
    else:
        terminal.line(terminal.say("check.store-good", n=len(CHECKS)))
    return 1 if found else 0


def _said(each: Found, key: str, zones: dict[str, str], terminal: Terminal) -> str:
    written = moment(terminal.language, each.at, zones[each.service])
    return terminal.say(key, **{"id": each.id, "at": written, **each.detail})


def _view(each: Found, zones: dict[str, str], terminal: Terminal) -> dict[str, str]:
    return {
        "severity": each.severity,
        "code": each.code,
        "service": each.service,
        "id": each.id,
        "at": timestamp(each.at),
        "what": _said(each, f"check.{each.code}", zones, terminal),
        "do": _said(each, f"check.{each.code}.do", zones, terminal),
    }


def _table(found: list[Found], zones: dict[str, str], terminal: Terminal) -> None:
    words = {severity: terminal.say(f"check.{severity}") for severity in _COLORS}
    terminal.table(
        [terminal.say(f"column.{name}") for name in ("severity", "id", "what", "do")],
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
        flexible=2,
    )
