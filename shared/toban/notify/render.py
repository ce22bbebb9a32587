"""
The text of a notification: pure, from the request and the pinned profile.

Everything that came from outside is inserted as text and never read as a template; the kind of
channel escapes it for where it is shown (`toban.channels`).
"""

from __future__ import annotations

from collections.abc import Sequence

from toban.channels.notice import Notice
from toban.channels.plain import address, lines, one_line
from toban.events import Link, NotificationRequested
from toban.kernel.environment import PRODUCTION
from toban.notify.facts import hint_of, is_test, kind_shown, measured, rows_of
from toban.notify.identity import is_page
from toban.notify.labels import telling
from toban.notify.texts import text
from toban.oncall.targets import parts
from toban.people.section import PEOPLE
from toban.profile.environments import calls_people
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import severity_named

COLORS = {1: "#c62828", 2: "#e65100", 3: "#f9a825", 4: "#1565c0"}
"""Of the four internal severities; never the only sign: the severity stands in words too."""
COLOR_ACKNOWLEDGED = "#6a1b9a"
COLOR_RESOLVED = "#2e7d32"
_COLOR_OF = {
    "acknowledged": COLOR_ACKNOWLEDGED,
    "resolved": COLOR_RESOLVED,
    "test": COLORS[4],
    "shift": COLORS[4],
}
MAX_LABELS = 6
MAX_LABEL = 80
MAX_LINKS = 5
MAX_SUMMARY = 2000


def notice_of(
    request: NotificationRequested, profile: Profile, actions: Sequence[Link] = ()
) -> Notice:
    """
    Return what the notification says, in the request's language.

    `actions` are the signed one-click links to offer. Times are on the wall clock of the person
    it goes to alone, else of the service, with the zone shown.
    """
    incident, language = request.incident, request.language
    severity = severity_named(profile, incident.severity_label, incident.severity)
    title = one_line(incident.title) or incident.id
    service = one_line(profile[SERVICE].named(language), 80)
    kind = text(language, f"notify.kind.{kind_shown(request)}")
    short = f"notify.short.{kind_shown(request)}"
    in_short = _headline(request, title, text(language, short) if short in text else kind)
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
    return Notice(
        language=language,
        subject=one_line(text(language, "notify.subject", headline=in_short, service=service)),
        headline=_headline(request, title, kind),
        title=title,
        kind=kind,
        severity=_how_bad(request),
        service=service,
        color=_COLOR_OF.get(kind_shown(request), COLORS[severity.level]),
        number=number,
        repetition=text(language, "notify.repetition", number=number),
        rows=rows_of(request, profile, severity, zone_of(request, profile)),
        summary=lines(incident.summary, MAX_SUMMARY),
        notes=notes,
        hint=hint_of(request, profile, severity, zone_of(request, profile)),
        labels=_labels(request),
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


def _how_bad(request: NotificationRequested) -> str:
    """The severity, after the environment where that is not production: what is read first."""
    incident = request.incident
    if is_test(request):
        return text(request.language, "notify.test")
    label = one_line(incident.severity_label, 40)
    if incident.environment == PRODUCTION:
        return label
    return f"[{one_line(incident.environment, 63)}] {label}"


def zone_of(request: NotificationRequested, profile: Profile) -> str:
    """Return the zone of the person it goes to alone, else of the service."""
    if request.together:
        return profile[SERVICE].timezone
    kind, name = parts(request.target)
    person = profile[PEOPLE].get(name) if kind == "person" else None
    return (person.timezone if person else None) or profile[SERVICE].timezone


def _headline(request: NotificationRequested, title: str, kind: str) -> str:
    """How bad, what happened, the title, and what was measured."""
    key, values = "notify.headline", {"severity": _how_bad(request), "kind": kind, "title": title}
    incident = request.incident
    found = measured(request.language, incident.value, incident.threshold)
    if found and request.kind != "resolved":
        key, values["measured"] = "notify.headline.measured", found
    return text(request.language, key, **values)


def _labels(request: NotificationRequested) -> list[str]:
    """The most telling labels, and how many more there are."""
    incident, language = request.incident, request.language
    said = (incident.title, incident.service, incident.severity_label, *incident.rules)
    found = [f"{name}={value}" for name, value in telling(incident.labels, said)]
    shown = [one_line(label, MAX_LABEL) for label in found[:MAX_LABELS]]
    if len(found) > MAX_LABELS:
        shown.append(text(language, "notify.labels.more", n=len(found) - MAX_LABELS))
    return shown
