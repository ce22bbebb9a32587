"""
The story of an incident in sentences: its own timeline, its alerts and its notifications, merged.

Pure. Values come from anywhere (alert titles, notes); `shown` makes them fit where the sentence
goes (a terminal, Markdown).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from toban.incidents.documents import Alert, Incident, TimelineEntry
from toban.kernel.command import proven
from toban.kernel.i18n import Language, moment
from toban.kernel.reasons.words import in_words
from toban.notify.documents import Notification
from toban.postmortems.texts import text

Shown = Callable[[str], str]

MOST_ALERTS = 20
"""Alerts that are told one by one; a storm has thousands."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline; `kind` is the entry's, or attached, cleared, notified."""

    at: datetime
    kind: str
    text: str


def plain(value: str) -> str:
    """`value` on one line without control characters (and what reverses the writing direction)."""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def story(
    language: Language,
    incident: Incident,
    alerts: Iterable[Alert] = (),
    notifications: Iterable[Notification] = (),
    *,
    until: datetime | None = None,
    shown: Shown = plain,
    zone: str = "UTC",
) -> list[Line]:
    """Return what happened, in order of time (told in `zone`); nothing after `until`."""
    notifications = list(notifications)
    lines = [
        Line(e.at, e.kind, describe(language, _with_whom(e, incident, notifications), shown))
        for e in incident.timeline
    ]
    lines += _of_alerts(language, incident, alerts, shown, zone)
    lines += [
        Line(n.sent_at, "notified", _notified(language, n, shown))
        for n in notifications
        if n.sent_at is not None
    ]
    return sorted(
        (line for line in lines if until is None or line.at <= until), key=lambda line: line.at
    )


def _with_whom(
    entry: TimelineEntry, incident: Incident, notifications: Sequence[Notification]
) -> TimelineEntry:
    """
    A reminder with whom it was sent to, where it was: those of the step are asked in place of an assignee
    who is nobody of the profile.
    """
    if entry.kind != "reminded":
        return entry
    pages = (*incident.earlier_pages, *incident.pages)
    numbers = {page.number for page in pages if page.reason == "reminded" and page.at == entry.at}
    told = [
        n.target_name or n.target
        for n in notifications
        if n.kind == "reminded" and n.page in numbers and n.sent_at and not (n.outbox or n.logged)
    ]
    if not told:
        return entry
    who = ", ".join(dict.fromkeys(told))
    return msgspec.structs.replace(entry, detail={**entry.detail, "who": who})


def describe(language: Language, entry: TimelineEntry, shown: Shown = plain) -> str:
    """Return a timeline entry as a sentence; an entry of newer code shows its kind and details."""
    values = {name: shown(value) for name, value in entry.detail.items()}
    if "error" in entry.detail:
        values["error"] = shown(in_words(language, entry.detail["error"]))
    values["actor"] = shown(entry.actor)
    if "since" in entry.detail:
        since = datetime.fromisoformat(entry.detail["since"])
        values["since"] = moment(language, since, entry.detail.get("zone", "UTC"))
    words = {
        "via": f"via.{entry.detail.get('via')}",
        "action": f"action.{entry.detail.get('action')}",
    }
    values |= {name: text(language, word) for name, word in words.items() if word in text}
    try:
        line = text(language, _key(entry), **values)
    except KeyError:
        rest = ", ".join(f"{name}={value}" for name, value in values.items() if value)
        line = text(language, "timeline.unknown", kind=shown(f"{entry.kind} {rest}".strip()))
    return _with_proof(language, entry, line, shown)


def _with_proof(language: Language, entry: TimelineEntry, line: str, shown: Shown) -> str:
    """The sentence, and that nobody knows who it was, where a command did not prove its actor."""
    proof = entry.detail.get("proof", "")
    if not proof or proven(entry.actor, proof):
        return line
    means, _, who = proof.partition(":")
    if means == "local" and who:
        return text(language, "timeline.entered", line=line, who=shown(who))
    return text(language, "timeline.unproven", line=line)


def _key(entry: TimelineEntry) -> str:
    kind = f"timeline.{entry.kind}"
    if entry.kind == "not-done":
        return f"{kind}.{entry.detail.get('outcome', '')}"
    if entry.kind == "escalated":
        return f"{kind}.{entry.detail.get('why', 'time')}"
    if entry.kind == "reminded":
        joined = ".joined" if entry.detail.get("why") == "joined" else ""
        return f"{kind}{joined}.to" if entry.detail.get("who") else f"{kind}{joined}"
    if entry.kind == "reopened":
        why = entry.detail.get("why", "")
        if entry.actor:
            return f"{kind}.why" if why else f"{kind}.by"
        return f"{kind}.{why}"
    if entry.kind in ("raised", "lowered", "resolved") and entry.actor:
        return f"{kind}.by"
    if entry.kind == "notification-failed":
        detail = entry.detail
        whole = ".channel" if detail.get("target") == detail.get("channel") else ""
        return f"{kind}{whole}.fallback" if detail.get("fallback") else f"{kind}{whole}"
    return kind


def _of_alerts(
    language: Language, incident: Incident, alerts: Iterable[Alert], shown: Shown, zone: str
) -> list[Line]:
    lines = []
    ordered = sorted(alerts, key=lambda a: (a.attached_at or a.starts_at, a.id))
    told_by_rule = [e.detail for e in incident.timeline if e.kind == "joined"]
    for alert in ordered[:MOST_ALERTS]:
        named = {"rule": alert.rule, "alert": alert.title}
        # Its first alert is told by "opened", the first of another rule by "joined".
        if named in told_by_rule:
            told_by_rule.remove(named)
        elif alert.attached_at is not None and alert.attached_at > incident.opened_at:
            told = text(language, "timeline.attached", alert=shown(alert.title))
            lines.append(Line(alert.attached_at, "attached", told))
        if alert.expired_at is not None:
            since = moment(language, alert.heard_at or alert.starts_at, zone)
            told = text(language, "timeline.expired", alert=shown(alert.title), since=since)
            lines.append(Line(alert.expired_at, "expired", told))
        if alert.status == "resolved" and alert.ends_at is not None:
            told = text(language, "timeline.cleared", alert=shown(alert.title))
            lines.append(Line(alert.ends_at, "cleared", told))
    return lines


def _notified(language: Language, notification: Notification, shown: Shown) -> str:
    to_channel = notification.target == f"channel:{notification.channel}"
    key = "timeline.outbox" if notification.outbox else "timeline.notified"
    if notification.logged:
        key = "timeline.logged"
    return text(
        language,
        f"{key}.channel" if to_channel else key,
        target=shown(notification.target_name or notification.target),
        channel=shown(notification.channel),
        kind=text(language, f"told.{notification.kind}"),
    )
