"""
How the fixture goes on once a process opens it again: the same clock, clicks and reports for any code.

`end` is what then is there to compare: whole, but for what chance alone decides.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.compat.drive import SERVICES, Code, Installation


def at(hour: int, minute: int) -> datetime:
    """A moment of that day."""
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


STOPPED = at(1, 26)
"""When the process of the release before ended."""
STARTED = at(1, 45)
"""When the next one begins: by then every timer is overdue."""
ENDED = at(3, 40)

SHOWN = (
    "incidents list --all",
    "incidents show {database}",
    "notifications list --all",
    "backups list --all",
    "backups show {media}",
    "parked list",
    "parked show {not-an-alert}",
    "dead list",
    "oncall --at 2026-11-20T01:45:00Z",
    "trace {database}",
)
"""What the command line tells of the directory as it was left, whatever the time; ids by name."""

_CHANCE = frozenset({"sha256", "crc32c", "message_id"})
"""Of stored parts, as each is sealed with a nonce of its own; and numbers of the local queue."""
_PLAIN = ("shop-files", "shop-media", "shop-staging", "shop-recovered", "shop-recovered-files")
"""Buckets that hold what people put or get; the others hold backups."""
_BACKUPS = ("shop-tokyo", "shop-osaka")


def link(mails: list[dict[str, Any]], rule: str) -> str:
    """The link to acknowledge in the newest mail about a rule."""
    mail = next(mail for mail in reversed(mails) if f"{rule} is wrong" in mail["Subject"])
    found = re.search(r"http://\S+/ingest_action/a\?\S+", mail["plain"])
    assert found is not None, mail
    return found[0]


def go_on(here: Installation, mails: list[dict[str, Any]]) -> None:
    """From `STARTED` to `ENDED`; `mails` had been sent before."""
    here.restart()
    here.finish_export()
    here.turn()
    here.until(at(1, 50))
    assert here.click(link(mails, "database")) == (200, 200)
    here.until(at(1, 52))
    here.alert("queue", "error", "resolved", starts_at="2026-11-20T00:43:00Z")
    here.until(at(1, 54))
    here.alert("database", "critical", starts_at="2026-11-20T01:15:00Z")
    here.until(at(1, 58))
    here.restore("media-1", here.one("backups", source="media"), "shop-recovered")
    here.restore("files-1", here.one("backups", **{"class": "later"}), "shop-recovered-files")
    here.until(at(2, 10))
    here.alert("database", "critical", "resolved", starts_at="2026-11-20T01:15:00Z")
    here.until(ENDED, timedelta(minutes=10))


def shown(code: Code, data: Path, ids: dict[str, str]) -> dict[str, Any]:
    """What each of `SHOWN` answers as JSON."""
    said = {}
    for line in SHOWN:
        words = line.format_map(ids).split()
        common = ["--json", "--lang", "en", "--data", str(data), "--services", str(SERVICES)]
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert code.main([*words, *common]) == 0, line
        said[line] = json.loads(out.getvalue().replace(str(data), "DATA"))
    return said


def end(here: Installation, collections: Iterable[str]) -> dict[str, Any]:
    """Everything that is there, and everything that was delivered or sent to the outside since."""
    documents = {
        f"{collection}/{id}": plain(data)
        for collection in sorted(collections)
        for id, data in sorted(here.documents(collection).items())
    }
    receipts = [data for name, data in documents.items() if name.startswith("receipts/")]
    return {
        "documents": {n: d for n, d in documents.items() if not n.startswith("receipts/")},
        "receipts": {f"{r['function']} {r['event_id']}": {} for r in receipts},
        "events": _events(here.delivered),
        "calls": {f"{c['to']} {_key(c)} #{n}": c for n, c in _numbered(here.outside.calls)},
        "mails": {m["Message-ID"]: m for m in here.outside.mails},
        "blobs": {n: here.platform.blobs.read(n).decode() for n in here.platform.blobs.names("")},
        "objects": _objects(here),
        "pending": here.pending(),
        "dead letters": here.letters(),
    }


def _events(delivered: list[dict[str, Any]]) -> dict[str, Any]:
    """By id: what was said, and to whom."""
    events: dict[str, Any] = {}
    for one in delivered:
        said = {k: v for k, v in one["attributes"].items() if not k.startswith("ce-toban")}
        try:
            body = json.loads(one["body"])
        except ValueError:
            body = one["body"]
        event = events.setdefault(said.pop("ce-id"), {"attributes": said, "body": body, "to": {}})
        event["to"][one["to"]] = {}
    return events


def _key(call: dict[str, Any]) -> str:
    """What names a call: its key, or (a chat has none) its text."""
    return str(call.get("Idempotency-Key") or call["body"].get("text", ""))


def _numbered(calls: list[dict[str, Any]]) -> Iterable[tuple[int, dict[str, Any]]]:
    """Each with how often the same had been called before."""
    before: dict[tuple[str, str], int] = {}
    for call in calls:
        key = (call["to"], _key(call))
        before[key] = before.get(key, 0) + 1
        yield before[key], call


def _objects(here: Installation) -> dict[str, str]:
    """The content of plain objects, and that those of backups are there."""
    found = {}
    for bucket in (*_PLAIN, *_BACKUPS):
        for info in here.platform.buckets(bucket).list():
            content = "" if bucket in _BACKUPS else here.platform.buckets(bucket).read(info.name)
            digest = hashlib.sha256(content).hexdigest() if content else ""
            found[f"{bucket}/{info.name}"] = digest
    return found


def plain(value: Any) -> Any:
    """A document's value as JSON has it, without what chance decides."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if name not in _CHANCE}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value
