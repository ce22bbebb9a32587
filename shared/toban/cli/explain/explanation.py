"""What would become of an alert: whose it is, which incident it joins, whom that calls, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from toban.channels.section import CHANNELS
from toban.escalation.section import steps_for
from toban.events import AlertFired, IncidentSnapshot, Page, PageReason
from toban.incidents.grouping.section import GROUPING
from toban.incidents.opening.reported import group_key
from toban.incidents.response import response_target
from toban.notify.contacts import Recipients, chain, reach
from toban.profile.builtin import BUILTIN
from toban.profile.environments import calls_people, environment_of
from toban.profile.match import default_service, match_service
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import Severity, severity_called, severity_for
from toban.strictyaml.values import secrets_of

Because = Literal["label", "match", "default", "builtin"]


@dataclass(frozen=True, slots=True)
class Call:
    """One moment at which people hear of the incident, if nobody has acknowledged it before."""

    at: datetime
    step: int
    reason: PageReason
    reached: Recipients


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would become of an alert that no open incident takes."""

    profile: Profile
    because: Because
    """
    Why it is that service's: the label ``service`` says so, a ``match`` rule holds, the service
    takes what matches no other, or no profile does.
    """
    environment: str
    calls_people: bool
    severity: Severity
    knows_word: bool
    """The service has the sender's word for it; otherwise it is the second-worst level."""
    key: str
    """Alerts of the same key join the same incident while it is open."""
    respond_by: datetime | None
    calls: tuple[Call, ...]
    """The steps of the escalation, and the first of the next round."""

    def channels(self) -> tuple[str, ...]:
        """Return the channels that are used, those that stand in for them included."""
        found: dict[str, None] = {}
        for call in self.calls:
            for contact in call.reached.contacts:
                links = chain(self.profile, contact, ())
                found.update(dict.fromkeys(link.channel_id for link in links))
        return tuple(found)

    def secrets(self) -> tuple[str, ...]:
        """Return the names of the secrets that these channels need."""
        channels = self.profile[CHANNELS]
        named = (secrets_of(channels[id]).values() for id in self.channels() if id in channels)
        return tuple(dict.fromkeys(name for names in named for name in names))


def explanation(profiles: Mapping[str, Profile], alert: AlertFired, at: datetime) -> Explanation:
    """
    Return what would become of an alert that is taken in at a time.

    As `toban.incidents.opening.triage` and `toban.notify.page` decide it, with an escalation that
    nobody stops.
    """
    profile, because = service_of(profiles, alert.labels)
    environment = environment_of(profile[SERVICE], alert.labels)
    called = calls_people(profile[SERVICE], environment)
    severity = severity_for(profile, alert.severity)
    incident = IncidentSnapshot(
        id="",
        service=profile[SERVICE].id,
        profile_version="",
        title=alert.title,
        summary="",
        status="open",
        severity=severity.level,
        severity_label=severity.label,
        rules=[alert.rule],
        opened_at=at,
        labels=alert.labels,
        environment=environment,
    )
    within = response_target(profile, severity, environment)
    return Explanation(
        profile=profile,
        because=because,
        environment=environment,
        calls_people=called,
        severity=severity,
        knows_word=severity_called(profile, alert.severity) is not None,
        key=group_key(alert, profile[GROUPING]),
        respond_by=None if within is None else at + within,
        calls=tuple(_calls(profile, incident, severity, at, called=called)),
    )


def service_of(
    profiles: Mapping[str, Profile], labels: Mapping[str, str]
) -> tuple[Profile, Because]:
    """Return the profile that an alert belongs to, and why."""
    matched = match_service(profiles, labels)
    if matched is not None:
        return profiles[matched], "label" if labels.get("service") == matched else "match"
    default = default_service(profiles)
    return (BUILTIN, "builtin") if default is None else (profiles[default], "default")


def _calls(
    profile: Profile, incident: IncidentSnapshot, severity: Severity, at: datetime, *, called: bool
) -> Iterator[Call]:
    def call(number: int, when: datetime, step: int, reason: PageReason) -> Call:
        page = Page(number=number, at=when, step=step, severity_label=severity.label, reason=reason)
        return Call(when, step, reason, reach(profile, incident, page))

    yield call(0, at, 0, "opened")
    if not called:
        return
    latest = at
    steps = steps_for(profile, severity)
    for number, step in enumerate(steps[1:], 1):
        latest = max(at + timedelta(seconds=step.after), latest)
        yield call(number, latest, number, "escalated")
    yield call(max(len(steps), 1), latest + severity.reminder, 0, "repeated")
