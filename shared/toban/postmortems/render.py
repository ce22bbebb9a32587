"""
The draft in Markdown, in the service's language.

Pure: the same facts give the same bytes, so a repetition stores the same object. Everything that
came from outside is escaped (`toban.postmortems.markdown`); what only people can know is asked
for behind ✍️.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.events import IncidentResolved
from toban.incidents.documents import Alert, Incident, TimelineEntry
from toban.kernel.clock.wallclock import zone as zone_of
from toban.kernel.environment import PRODUCTION
from toban.kernel.i18n import Language, duration, moment
from toban.kernel.reasons.words import in_words
from toban.notify.documents import Notification
from toban.postmortems.markdown import escaped, link, table
from toban.postmortems.texts import text
from toban.postmortems.timeline import story
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import severity_labelled

MOST_ROWS = 50
"""Rows of a table."""


@dataclass(frozen=True)
class Facts:
    """Everything from which the draft is written."""

    profile: Profile
    resolved: IncidentResolved
    incident: Incident
    alerts: Sequence[Alert]
    notifications: Sequence[Notification]


def render(facts: Facts) -> str:
    """Return the whole draft."""
    return "\n".join(_Draft(facts).lines()) + "\n"


class _Draft:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.language: Language = facts.profile[SERVICE].language
        self.zone = facts.profile[SERVICE].timezone
        self.now = facts.resolved.incident
        self.end = self.now.resolved_at or self.now.opened_at
        self.begin = min(facts.incident.started_at, self.now.opened_at)
        # Closings are still on their way when this is written: they would show by chance.
        self.calls = sorted(
            (n for n in facts.notifications if n.is_page and n.created_at <= self.end),
            key=lambda n: (n.created_at, n.id),
        )

    def lines(self) -> Iterator[str]:
        title = escaped(self.now.title) or self.now.id
        yield f"# {self.say('title', title=title)}"
        yield ""
        yield f"> {self.say('intro')}"
        severity = severity_labelled(self.facts.profile, self.now.severity_label)
        needed = "mandatory" if severity is not None and severity.postmortem else "optional"
        yield f"> {self.say(needed, severity=escaped(self.now.severity_label))}"
        earlier = self.facts.incident.postmortem
        if earlier and f"{self.now.id}-{self.now.generation}." not in earlier:
            yield f"> {self.say('earlier', blob=earlier)}"
        for section in (
            self.summary,
            self.happened,
            self.impact,
            self.timeline,
            self.cause,
            self.solution,
            self.prevention,
            self.learned,
        ):
            yield ""
            yield f"## {self.say(section.__name__)}"
            yield ""
            yield from section()

    # --- the sections of the template, in its order ----------------------------------------

    def summary(self) -> Iterator[str]:
        now, opened = self.now, self.now.opened_at
        name = self.facts.profile[SERVICE].named(self.language)
        rules = ", ".join(escaped(rule) for rule in now.rules)
        detected = self.say(
            "detected.value", moment=self.at(opened), duration=self.took(self.begin, opened)
        )
        how = escaped(self.facts.resolved.by) or self.say("automatic")
        rows = (
            ("occurred", self.at(self.begin)),
            ("detected", detected),
            ("acknowledged", self.acknowledged()),
            ("recovered", self.recovered(how)),
            ("duration", self.took(self.begin, self.now.unheard_since or self.end)),
            ("severity", escaped(now.severity_label)),
            ("service", f"{escaped(name)} ({now.service})"),
            *([("environment", escaped(now.environment))] if now.environment != PRODUCTION else []),
            ("incident", f"`{now.id}`"),
            ("assignee", escaped(now.assignee) or self.say("nobody")),
            ("alerts", self.say("alerts.value", n=len(self.facts.alerts), rules=rules)),
            ("scope", self.ask("scope.ask")),
        )
        for key, value in rows:
            yield f"- **{self.say(key)}**: {value}"

    def happened(self) -> Iterator[str]:
        yield self.ask("happened.ask")
        if self.now.summary.strip():
            yield ""
            yield self.say("reported")
            yield ""
            yield from (f"> {escaped(line)}" for line in self.now.summary.splitlines()[:20])
        if self.now.links:
            yield ""
        yield from (f"- {link(found.title, found.url)}" for found in self.now.links)

    def impact(self) -> Iterator[str]:
        for key in ("users", "loss", "money"):
            yield f"- {self.say(f'impact.{key}')}: {self.ask('impact.ask')}"

    def timeline(self) -> Iterator[str]:
        facts = self.facts
        yield self.say("timeline.zone", zone=self.zone)
        yield ""
        lines = story(
            self.language,
            facts.incident,
            facts.alerts,
            self.calls,
            until=self.end,
            shown=escaped,
            zone=self.zone,
        )
        if self.begin < self.now.opened_at:
            yield f"- {self.clock(self.begin)} - {self.say('occurred')}"
        yield from (f"- {self.clock(line.at)} - {line.text}" for line in lines)
        yield ""
        yield self.ask("timeline.ask")
        if self.calls:
            yield from self.call_table()
        yield from self.alert_table()

    def call_table(self) -> Iterator[str]:
        yield ""
        yield f"### {self.say('calls')}"
        yield ""
        head = [self.say(f"calls.{key}") for key in ("at", "who", "channel", "why", "result")]
        rows = [
            [
                self.clock(n.sent_at or n.created_at),
                escaped(n.target_name or n.target),
                escaped(n.channel),
                text(self.language, f"told.{n.kind}"),
                result_of(n, self.language, escaped(in_words(self.language, n.error))),
            ]
            for n in self.calls[:MOST_ROWS]
        ]
        yield from table(head, rows)
        yield from self.more(len(self.calls))

    def alert_table(self) -> Iterator[str]:
        yield ""
        yield f"### {self.say('alerts')}"
        yield ""
        alerts = sorted(self.facts.alerts, key=lambda a: (a.starts_at, a.id))
        head = [
            self.say("alerts.began"),
            self.say("alerts.ended"),
            self.say("severity"),
            self.say("alerts.title"),
        ]
        rows = [
            [
                self.clock(a.starts_at),
                self.ended(a),
                escaped(a.severity_label),
                escaped(a.title),
            ]
            for a in alerts[:MOST_ROWS]
        ]
        yield from table(head, rows)
        yield from self.more(len(alerts))

    def recovered(self, how: str) -> str:
        """When it was over, as far as anybody knows."""
        if self.now.unheard_since is not None:
            since = self.at(self.now.unheard_since)
            return self.say("recovered.unknown", since=since, moment=self.at(self.end))
        return self.say("recovered.value", moment=self.at(self.end), how=how)

    def ended(self, alert: Alert) -> str:
        """When it ended, as far as anybody knows."""
        if alert.expired_at is not None:
            return self.say("alerts.expired")
        return self.clock(alert.ends_at) if alert.ends_at else self.say("alerts.firing")

    def cause(self) -> Iterator[str]:
        yield self.ask("cause.ask")
        yield ""
        yield self.ask("cause.detection")

    def solution(self) -> Iterator[str]:
        yield self.ask("solution.ask")
        notes = [e for e in self.facts.incident.timeline if e.kind == "note" and e.at <= self.end]
        if notes:
            yield ""
            yield self.say("notes")
            yield ""
        for entry in notes:
            said = escaped(entry.detail.get("text", ""))
            yield f"- {self.clock(entry.at)} - {escaped(entry.actor)}: {said}"

    def prevention(self) -> Iterator[str]:
        head = ["#", self.say("action"), self.say("owner"), self.say("due")]
        actions = [self.say("action.ask"), self.say("action.detect"), *self.suggested()]
        rows = [
            [str(number), action, self.say("owner.ask"), self.say("due.ask")]
            for number, action in enumerate(actions, 1)
        ]
        yield from table(head, rows)

    def learned(self) -> Iterator[str]:
        for key in ("well", "badly", "luck"):
            yield f"- **{self.say(f'learned.{key}')}**: ✍️"

    # --- words and times -------------------------------------------------------------------

    def suggested(self) -> Iterator[str]:
        """Actions that follow from the record itself."""
        failed = {n.channel: n for n in self.calls if n.state == "failed"}
        for channel, call in failed.items():
            yield self.say(
                "action.channel",
                channel=escaped(channel),
                error=escaped(in_words(self.language, call.error)),
            )
        if self.taken() is None and not self.facts.resolved.by:
            yield self.say("action.nobody")
        steps = [page.step for page in self.facts.resolved.pages]
        if max(steps, default=0) > 0:
            yield self.say("action.late", step=max(steps) + 1)

    def acknowledged(self) -> str:
        entry = self.taken()
        if entry is None:
            return self.say("acknowledged.never")
        return self.say(
            "acknowledged.value",
            moment=self.at(entry.at),
            duration=self.took(self.now.opened_at, entry.at),
            who=escaped(entry.actor),
        )

    def taken(self) -> TimelineEntry | None:
        """When somebody first took it (a later escalation or a worse severity frees it again)."""
        entries = self.facts.incident.timeline
        return next((e for e in entries if e.kind == "acknowledged" and e.at <= self.end), None)

    def more(self, count: int) -> Iterator[str]:
        if count > MOST_ROWS:
            yield ""
            yield self.say("more", n=MOST_ROWS)

    def say(self, key: str, **values: object) -> str:
        return text(self.language, f"postmortem.{key}", **values)

    def ask(self, key: str) -> str:
        return self.say("todo", ask=self.say(key))

    def at(self, when: datetime) -> str:
        return moment(self.language, when, self.zone)

    def clock(self, when: datetime) -> str:
        """The time of day; with its date when that is not the day it began."""
        local, first = (t.astimezone(zone_of(self.zone)) for t in (when, self.begin))
        same = local.date() == first.date()
        return f"{local:%H:%M:%S}" if same else f"{local:%m-%d %H:%M:%S}"

    def took(self, start: datetime, end: datetime) -> str:
        return duration(self.language, (end - start).total_seconds())


def result_of(notification: Notification, language: Language, error: str) -> str:
    """Return what became of a notification, for people; `error` fits where it is shown."""
    state: str = notification.status.replace("void", "withdrawn")
    if state == "sent" and notification.logged:
        state = "logged"
    elif state == "sent" and notification.attempts > 1:
        state = "sent.again"
    return text(language, f"postmortem.result.{state}", error=error, attempts=notification.attempts)
