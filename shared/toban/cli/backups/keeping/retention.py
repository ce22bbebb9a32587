"""`toban backups retention`: what a policy would keep, by files of plain JSON. Changes nothing."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from toban.backups.policy.retention import Policy, RetentionEntry, RetentionVerdict, decide
from toban.backups.policy.retention_terms import EARLIEST, LATEST
from toban.cli.backups.views import said
from toban.cli.kit.terminal import Problem, Terminal, nearest
from toban.cli.kit.times import Times, now
from toban.kernel import strictjson
from toban.kernel.clock.wallclock import is_zone
from toban.kernel.prepared import converted

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
T = TypeVar("T")

_AT = re.compile(r"(.*) - at `(.+)`", re.DOTALL)


class _Listed(RetentionEntry, frozen=True, kw_only=True):
    """An object of `toban backups list --json`; what retention does not need is only checked."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    finished_at: Moment | None = None
    verified_at: Moment | None = None
    level: str | None = None


def retention(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Print a verdict for every backup of the catalogue, in its order."""
    policy = _policy(asked.policy, terminal)
    entries = _catalogue(asked.catalog, terminal)
    verdicts = decide(entries, policy, _now(asked.now, policy, terminal))
    if asked.json:
        terminal.json(
            [
                {"id": v.id, "keep": v.keep, "reasons": [str(reason) for reason in v.reasons]}
                for v in verdicts
            ]
        )
        return 0
    if not verdicts:
        terminal.line(terminal.say("retention.none"))
        return 0
    _table(entries, verdicts, policy.zone, terminal)
    gone = [e for e, v in zip(entries, verdicts, strict=True) if not v.keep]
    terminal.line()
    terminal.line(
        terminal.say(
            "retention.sum",
            n=len(entries),
            kept=len(entries) - len(gone),
            gone=len(gone),
            bytes=f"{sum(e.bytes for e in gone):,}",
        )
    )
    return 0


def _table(
    entries: Sequence[RetentionEntry],
    verdicts: Sequence[RetentionVerdict],
    zone: str,
    terminal: Terminal,
) -> None:
    times = Times((e.started_at, zone) for e in entries)
    several = len({e.series for e in entries}) > 1
    words = [terminal.say("keep.no"), terminal.say("keep.yes")]
    head = terminal.titles("id", "series", "started", "status", "keep", "why", started=times.title)
    rows = [
        [
            entry.id,
            "/".join(entry.series),
            times.written(entry.started_at, zone, "%Y-%m-%d %H:%M"),
            terminal.say(f"backup.{entry.status}"),
            words[verdict.keep],
            terminal.listed(said(reason, terminal) for reason in verdict.reasons),
        ]
        for entry, verdict in zip(entries, verdicts, strict=True)
    ]
    keep = 4
    if not several:
        head, rows, keep = [head[0], *head[2:]], [[row[0], *row[2:]] for row in rows], 3
    terminal.table(head, rows, {keep: {words[0]: "red", words[1]: "green"}}, flexible=keep + 1)


def _now(word: str | None, policy: Policy, terminal: Terminal) -> datetime:
    if word is None:
        return now()
    try:
        at = datetime.fromisoformat(word.strip())
        at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(policy.zone))
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Problem(terminal.say("bad.time", word=word), 2) from error


# --- files -----------------------------------------------------------------------------------


def _policy(path: Path, terminal: Terminal) -> Policy:
    raw = _read(path, terminal)
    if not isinstance(raw, dict):
        raise Problem(terminal.say("bad.object", where=path), 2)
    known = Policy.__struct_fields__
    for key in raw:
        if key not in known:
            raise Problem(_no_such_key(path, key, known, terminal), 2)
    if isinstance(zone := raw.get("zone"), str) and not is_zone(zone):
        raise _bad(path, "$.zone", terminal.say("bad.zone", zone=zone), terminal)
    if not any(raw.get(key) for key in known if key not in ("zone", "minimum_verified")):
        raise Problem(terminal.say("bad.policy.empty", where=path), 2)
    return _converted(raw, Policy, path, terminal)


def _no_such_key(path: Path, key: str, known: Sequence[str], terminal: Terminal) -> str:
    near = nearest(key, known)
    hint = (
        terminal.say("error.meant", word=near)
        if near
        else terminal.say("error.known", words=", ".join(known))
    )
    return terminal.say("bad.key", where=path, path=f"$.{key}", hint=hint)


def _catalogue(path: Path, terminal: Terminal) -> list[RetentionEntry]:
    raw = _read(path, terminal)
    if not isinstance(raw, list):
        raise Problem(terminal.say("bad.array", where=path), 2)
    entries: list[RetentionEntry] = []
    ids: set[str] = set()
    for position, listed in enumerate(_converted(raw, list[_Listed], path, terminal)):
        at = f"$[{position}]"
        if listed.id in ids:
            raise _bad(path, f"{at}.id", terminal.say("bad.twice", id=listed.id), terminal)
        if not EARLIEST <= listed.started_at.year <= LATEST:
            told = terminal.say("bad.moment", moment=listed.started_at.isoformat())
            raise _bad(path, f"{at}.started_at", told, terminal)
        ids.add(listed.id)
        # No region named is the same as none given: one region without a name.
        entries.append(listed if listed.regions else msgspec.structs.replace(listed, regions=("",)))
    return entries


def _read(path: Path, terminal: Terminal) -> Any:
    try:
        return strictjson.loads(path.read_bytes())
    except strictjson.NotStrictJson as error:
        raise Problem(terminal.say("bad.json", where=path, error=error), 2) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise Problem(terminal.say("unreadable", where=path, error=reason), 2) from error


def _converted(raw: object, type_: type[T], path: Path, terminal: Terminal) -> T:
    try:
        return converted(raw, type_)
    except msgspec.ValidationError as error:
        found = _AT.fullmatch(str(error))
        message, at = found.groups() if found else (str(error), "$")
        raise _bad(path, at, message, terminal) from error


def _bad(path: Path, at: str, error: str, terminal: Terminal) -> Problem:
    return Problem(terminal.say("bad.field", where=path, path=at, error=error), 2)
