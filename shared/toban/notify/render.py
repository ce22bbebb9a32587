"""
The text of a notification: pure, from the request and the pinned profile.

Everything that came from outside is inserted as text and never read as a template; the kind of
channel escapes it for where it is shown (`toban.channels`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from toban.channels.notice import Notice
from toban.channels.plain import address, lines, one_line
from toban.escalation.section import steps_for
from toban.events import Link, NotificationRequested
from toban.kernel.environment import PRODUCTION
from toban.kernel.i18n import duration, moment
from toban.notify.identity import is_page
from toban.notify.texts import text
from toban.people.section import PEOPLE
from toban.profile.environments import calls_people
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import Severity, severity_named
from toban.texts import Language

COLORS = {1: "#c62828", 2: "#e65100", 3: "#f9a825", 4: "#1565c0"}
"""Of the four internal severities; they keep a contrast of 3:1 or more against white."""
COLOR_ACKNOWLEDGED = "#6a1b9a"
COLOR_RESOLVED = "#2e7d32"
MAX_LABELS = 6
MAX_LINKS = 5
MAX_SUMMARY = 2000


def notice_of(
    request: NotificationRequested, profile: Profile, actions: Sequence[Link] = ()
) -> Notice:
    """
    Return what the notification says, in the request's language.

    `actions` are the signed one-click links to offer. Times are on the wall clock of the person
    it goes to, else of the service, with the zone shown.
    """
    incident, language = request.incident, request.language
    severity = severity_named(profile, incident.severity_label, incident.severity)
    title = one_line(incident.title) or incident.id
    values = {
        "service": one_line(profile[SERVICE].named(language), 80),
        "severity": _how_bad(request),
        "kind": text(language, f"notify.kind.{_kind(request)}"),
    }
    number = f"{incident.id}·{request.page + 1}"
    notes = []
    if request.replaces:
        notes.append(text(language, "notify.fallback"))
    if request.unreached:
        who = one_line("; ".join(request.unreached), 500)
        notes.append(text(language, "notify.unreached", who=who))
    footer = (
        text(language, "notify.footer.person", name=one_line(request.target_name, 80))
        if request.target.startswith("person:")
        else text(language, "notify.footer")
    )
    labels = [one_line(f"{name}={value}", 80) for name, value in sorted(incident.labels.items())]
    return Notice(
        language=language,
        subject=one_line(text(language, "notify.subject", title=title, **values)),
        headline=text(language, "notify.headline", title=title, **values),
        title=title,
        kind=values["kind"],
        severity=values["severity"],
        service=values["service"],
        color={"acknowledged": COLOR_ACKNOWLEDGED, "resolved": COLOR_RESOLVED}.get(
            _kind(request), COLORS[severity.level]
        ),
        number=number,
        repetition=text(language, "notify.repetition", number=number),
        rows=_rows(request, zone_of(request, profile)),
        summary=lines(incident.summary, MAX_SUMMARY),
        notes=notes,
        hint=_hint(request, profile, severity),
        labels=labels[:MAX_LABELS],
        links=[
            Link(one_line(link.title, 80) or one_line(link.url, 80), address(link.url))
            for link in incident.links
            if address(link.url)
        ][:MAX_LINKS],
        actions=list(actions),
        footer=footer,
        calls=is_page(request.kind),
        urgent=is_page(request.kind)
        and incident.severity == 1
        and calls_people(profile[SERVICE], incident.environment),
    )


def _kind(request: NotificationRequested) -> str:
    """The kind; of an incident that was closed unheard of nobody says that it is resolved."""
    if request.kind == "resolved" and request.incident.unheard_since is not None:
        return "closed-unheard"
    return request.kind


def _how_bad(request: NotificationRequested) -> str:
    """The severity, after the environment where that is not production: what is read first."""
    incident = request.incident
    label = one_line(incident.severity_label, 40)
    if incident.environment == PRODUCTION:
        return label
    return f"[{one_line(incident.environment, 63)}] {label}"


def zone_of(request: NotificationRequested, profile: Profile) -> str:
    """Return the zone of the person it goes to, else of the service."""
    kind, _, name = request.target.partition(":")
    person = profile[PEOPLE].get(name) if kind == "person" else None
    return (person.timezone if person else None) or profile[SERVICE].timezone


def _rows(request: NotificationRequested, zone: str) -> list[tuple[str, str]]:
    incident, language = request.incident, request.language

    def label(name: str) -> str:
        return text(language, f"notify.field.{name}")

    rows = [
        (label("severity"), one_line(incident.severity_label, 40)),
        (label("opened"), moment(language, incident.opened_at, zone)),
    ]
    if incident.environment != PRODUCTION:
        rows.insert(0, (label("environment"), one_line(incident.environment, 63)))
    if incident.acknowledged_at is not None:
        who = one_line(incident.assignee, 80)
        at = moment(language, incident.acknowledged_at, zone)
        rows.append((label("acknowledged"), _by(language, at, who)))
    if incident.resolved_at is not None:
        at = moment(language, incident.resolved_at, zone)
        who = one_line(request.by, 80) or text(language, "notify.automatic")
        took = duration(language, (incident.resolved_at - incident.opened_at).total_seconds())
        rows.append(
            (
                label("closed" if _kind(request) == "closed-unheard" else "resolved"),
                text(language, "notify.by_took", moment=at, who=who, duration=took),
            )
        )
    if incident.unheard_since is not None:
        rows.append((label("unheard"), moment(language, incident.unheard_since, zone)))
    if incident.rules:
        rows.append((label("rules"), one_line(", ".join(incident.rules), 200)))
    rows.append((label("number"), f"{incident.id}·{request.page + 1}"))
    return rows


def _by(language: Language, at: str, who: str) -> str:
    return text(language, "notify.by", moment=at, who=who) if who else at


def _hint(request: NotificationRequested, profile: Profile, severity: Severity) -> str:
    """What happens, or is expected, next."""
    incident, language = request.incident, request.language
    zone = zone_of(request, profile)
    if _kind(request) in ("unheard", "closed-unheard"):
        return text(language, f"notify.next.{_kind(request)}")
    if request.kind == "resolved":
        key = "notify.next.postmortem" if severity.postmortem else "notify.next.resolved"
        return text(language, key)
    if request.kind == "reminded" and incident.remind_at is not None:
        deadline = moment(language, incident.remind_at, zone)
        return text(language, "notify.next.reminded", deadline=deadline)
    if request.kind == "acknowledged" or incident.status == "acknowledged":
        return text(language, "notify.next.acknowledged")
    if not calls_people(profile[SERVICE], incident.environment):
        return text(language, "notify.next.nobody", environment=one_line(incident.environment, 63))
    steps = steps_for(profile, severity)
    if len(steps) < 2:
        hint = text(language, "notify.next.last")
    elif request.kind == "opened":
        due = incident.opened_at + timedelta(seconds=steps[1].after)
        hint = text(language, "notify.next.deadline", deadline=moment(language, due, zone))
    else:
        hint = text(language, "notify.next.acknowledge")
    if request.kind == "opened" and severity.respond_within:
        by = incident.opened_at + timedelta(seconds=severity.respond_within)
        target = text(
            language,
            "notify.target",
            duration=duration(language, severity.respond_within),
            deadline=moment(language, by, zone),
        )
        hint = f"{hint}\n{target}"
    return hint
