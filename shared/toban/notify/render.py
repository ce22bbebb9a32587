"""
What a notification says: pure, from the request and the pinned profile.

Everything that came from outside is inserted as text: escaped for Slack and HTML, on one line in
subjects, never read as a template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from toban.events import Link, NotificationRequested
from toban.kernel.i18n import duration, moment
from toban.notify import slack
from toban.notify.html import page as html_page
from toban.notify.identity import is_page
from toban.notify.texts import text
from toban.profile.types import Language, Profile, Severity, SlackChannel

COLORS = {1: "#c62828", 2: "#e65100", 3: "#f9a825", 4: "#1565c0"}
"""Of the four internal severities; they keep a contrast of 3:1 or more against white."""
COLOR_ACKNOWLEDGED = "#6a1b9a"
COLOR_RESOLVED = "#2e7d32"
MAX_LABELS = 6
MAX_LINKS = 5
MAX_TITLE = 200
MAX_SUMMARY = 2000


@dataclass(frozen=True)
class Rendered:
    """One notification in every form; a channel takes what it can show."""

    subject: str
    headline: str
    """One line, as it is (not escaped)."""
    text: str
    html: str
    fallback: str
    """The headline escaped for Slack, with the mention, for push notifications."""
    blocks: list[slack.Block]
    details: list[slack.Block]
    color: str
    number: str
    """What tells this notification from a second copy: ``inc-…·2``."""
    repetition: str
    """The sentence for a copy that may be a second one."""


@dataclass(frozen=True)
class _Facts:
    """What is said, before it takes a form."""

    language: Language
    title: str
    kind: str
    severity: str
    service: str
    rows: list[tuple[str, str]]
    summary: str
    notes: list[str]
    hint: str
    labels: list[str]
    links: list[Link]
    actions: list[Link]
    footer: str


def one_line(value: str, limit: int = MAX_TITLE) -> str:
    """`value` on one line, without control characters, at most `limit` characters."""
    printable = "".join(c if c.isprintable() else " " for c in value)
    return slack.cut(" ".join(printable.split()), limit)


def _lines(value: str, limit: int) -> str:
    """`value` with its line breaks and without other control characters."""
    lines = ("".join(c if c.isprintable() else " " for c in line) for line in value.splitlines())
    return slack.cut("\n".join(line.rstrip() for line in lines).strip(), limit)


def render(
    request: NotificationRequested, profile: Profile, actions: Sequence[Link] = ()
) -> Rendered:
    """
    The notification in the request's language.

    `actions` are the signed one-click links to offer. Times are on the wall clock of the person
    it goes to, else of the service, with the zone shown.
    """
    incident, language = request.incident, request.language
    severity = profile.severity_labelled(incident.severity_label) or profile.severity_at(
        incident.severity
    )
    facts = _facts(request, profile, severity, actions)
    values = {"service": facts.service, "severity": facts.severity, "kind": facts.kind}
    subject = text(language, "notify.subject", title=facts.title, **values)
    headline = text(language, "notify.headline", title=facts.title, **values)
    color = {"acknowledged": COLOR_ACKNOWLEDGED, "resolved": COLOR_RESOLVED}.get(
        request.kind, COLORS[severity.level]
    )
    number = f"{incident.id}·{request.page + 1}"
    mention = _mention(request, profile)
    return Rendered(
        subject=one_line(subject),
        headline=headline,
        text=_text(facts, headline),
        html=_html(facts, color),
        fallback=f"{mention} {slack.escaped(headline, 1000)}".strip(),
        blocks=_blocks(facts, mention),
        details=_details(facts, number),
        color=color,
        number=number,
        repetition=text(language, "notify.repetition", number=number),
    )


def _facts(
    request: NotificationRequested,
    profile: Profile,
    severity: Severity,
    actions: Sequence[Link],
) -> _Facts:
    incident, language = request.incident, request.language
    name = profile.service.named(language)
    person = request.target.startswith("person:")
    notes = []
    if request.replaces:
        notes.append(text(language, "notify.fallback"))
    if request.unreached:
        who = one_line("; ".join(request.unreached), 500)
        notes.append(text(language, "notify.unreached", who=who))
    footer = (
        text(language, "notify.footer.person", name=one_line(request.target_name, 80))
        if person
        else text(language, "notify.footer")
    )
    return _Facts(
        language=language,
        title=one_line(incident.title) or incident.id,
        kind=text(language, f"notify.kind.{request.kind}"),
        severity=one_line(incident.severity_label, 40),
        service=one_line(name, 80),
        rows=_rows(request, zone_of(request, profile)),
        summary=_lines(incident.summary, MAX_SUMMARY),
        notes=notes,
        hint=_hint(request, profile, severity),
        labels=[one_line(f"{name}={value}", 80) for name, value in sorted(incident.labels.items())][
            :MAX_LABELS
        ],
        links=[
            Link(one_line(link.title, 80) or one_line(link.url, 80), slack.address(link.url))
            for link in incident.links
            if slack.address(link.url)
        ][:MAX_LINKS],
        actions=list(actions),
        footer=footer,
    )


def zone_of(request: NotificationRequested, profile: Profile) -> str:
    """The zone of the person it goes to, else of the service."""
    kind, _, name = request.target.partition(":")
    person = profile.people.get(name) if kind == "person" else None
    return (person.timezone if person else None) or profile.service.timezone


def _rows(request: NotificationRequested, zone: str) -> list[tuple[str, str]]:
    incident, language = request.incident, request.language

    def label(name: str) -> str:
        return text(language, f"notify.field.{name}")

    rows = [
        (label("severity"), one_line(incident.severity_label, 40)),
        (label("opened"), moment(language, incident.opened_at, zone)),
    ]
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
                label("resolved"),
                text(language, "notify.by_took", moment=at, who=who, duration=took),
            )
        )
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
    if request.kind == "resolved":
        key = "notify.next.postmortem" if severity.postmortem else "notify.next.resolved"
        return text(language, key)
    if request.kind == "reminded" and incident.remind_at is not None:
        deadline = moment(language, incident.remind_at, zone)
        return text(language, "notify.next.reminded", deadline=deadline)
    if request.kind == "acknowledged" or incident.status == "acknowledged":
        return text(language, "notify.next.acknowledged")
    steps = profile.steps_for(severity)
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


# --- forms -----------------------------------------------------------------------------------


def _mention(request: NotificationRequested, profile: Profile) -> str:
    channel = profile.channels.get(request.channel)
    member = request.address if isinstance(channel, SlackChannel) else ""
    if not (is_page(request.kind) and member.isascii() and member.isalnum()):
        return ""
    return f"<@{member}>"


def _blocks(facts: _Facts, mention: str) -> list[slack.Block]:
    """Above the coloured bar: who is meant, what happened."""
    blocks = [slack.header(f"{facts.severity} {facts.kind}: {facts.title}")]
    line = f"{mention} {slack.escaped(facts.service, 200)}".strip()
    blocks.append(slack.section(slack.markup(line)))
    return blocks


def _details(facts: _Facts, number: str) -> list[slack.Block]:
    language = facts.language
    blocks = []
    if facts.summary:
        blocks.append(slack.section(slack.plain(facts.summary)))
    blocks.append(slack.fields(row for row in facts.rows if row[1] != number))
    notes = [*facts.notes, f"{text(language, 'notify.next')}: {facts.hint}"]
    blocks.append(slack.section(slack.plain("\n".join(notes))))
    links = [slack.link(link.url, link.title) for link in (*facts.actions, *facts.links)]
    if links:
        blocks.append(slack.section(slack.markup(_joined(links))))
    if facts.labels:
        blocks.append(slack.context(slack.plain("  ".join(facts.labels), 500)))
    blocks.append(slack.context(slack.plain(f"#{number}  {facts.footer}", 300)))
    return blocks


def _joined(links: Sequence[str]) -> str:
    """As many whole links as fit into one block."""
    kept: list[str] = []
    for link in links:
        if len("  |  ".join([*kept, link])) > slack.MAX_TEXT:
            break
        kept.append(link)
    return "  |  ".join(kept) or "…"


def _text(facts: _Facts, headline: str) -> str:
    language = facts.language
    service = (text(language, "notify.field.service"), facts.service)
    lines = [headline, "", *(f"{label}: {value}" for label, value in (service, *facts.rows))]
    if facts.summary:
        lines += ["", facts.summary]
    lines += ["", f"{text(language, 'notify.next')}: {facts.hint}", *facts.notes]
    if facts.actions:
        lines += ["", *(f"{action.title}: {action.url}" for action in facts.actions)]
    if facts.links:
        lines += ["", *(f"{link.title}: {link.url}" for link in facts.links)]
    if facts.labels:
        lines += ["", f"{text(language, 'notify.field.labels')}: {'  '.join(facts.labels)}"]
    lines += ["", "-- ", facts.footer]
    return "\n".join(lines) + "\n"


def _html(facts: _Facts, color: str) -> str:
    language = facts.language
    service = (text(language, "notify.field.service"), facts.service)
    return html_page(
        language=language,
        color=color,
        kicker=f"{facts.severity} · {facts.kind}",
        title=facts.title,
        rows=[service, *facts.rows],
        summary=facts.summary,
        hint=(text(language, "notify.next"), facts.hint),
        notes=facts.notes,
        actions=[(a.title, a.url) for a in facts.actions],
        links=[(link.title, link.url) for link in facts.links],
        labels=facts.labels,
        footer=facts.footer,
    )
