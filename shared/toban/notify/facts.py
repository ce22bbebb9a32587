"""
The facts of a notification, in the order in which they are read at night: how bad, what was measured,
since when, how it came to this page, and who is called next unless somebody answers. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from toban.channels.plain import one_line
from toban.escalation.section import steps_for
from toban.events import NotificationRequested, Page
from toban.kernel.environment import PRODUCTION
from toban.kernel.i18n import duration, moment
from toban.notify.contacts import asked_again, reach
from toban.notify.identity import SHIFT, TEST, is_page
from toban.notify.texts import text
from toban.profile.environments import calls_people
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import Severity
from toban.texts import Language

MAX_VALUE = 60
"""Characters of what was measured: some senders write a sentence."""
LATE = timedelta(minutes=1)
"""A receipt that came so long after the start is told as well."""
MAX_NAMES = 3

_REASONS = ("time", "unreached", "alert-joined", "untold", "still-firing")
"""Why a step was taken or an incident reopened, where no person did."""

Row = tuple[str, str]


CLOSED_UNHEARD = "closed-unheard"


def kind_shown(request: NotificationRequested) -> str:
    """Return the kind; of an incident that was closed unheard of nobody says that it is resolved."""
    if request.kind == "resolved" and request.incident.unheard_since is not None:
        return CLOSED_UNHEARD
    return request.kind


def is_test(request: NotificationRequested) -> bool:
    """Return whether it is about no incident, but about whether somebody can be called."""
    return request.kind in (TEST, SHIFT)


def measured(language: Language, value: str, threshold: str) -> str:
    """Return what was measured against what threshold; empty when the sender said neither."""
    value, threshold = _short(value), _short(threshold)
    if value and threshold:
        return text(language, "notify.against", value=value, threshold=threshold)
    return text(language, "notify.threshold", threshold=threshold) if threshold else value


def _short(value: str) -> str:
    """A number without digits that nobody reads; any other text on one line."""
    try:
        number = float(value)
    except ValueError:
        return one_line(value, MAX_VALUE)
    plain = f"{number:.6g}"
    return plain if "." in value and "e" not in plain else one_line(value, MAX_VALUE)


def rows_of(
    request: NotificationRequested, profile: Profile, severity: Severity, zone: str
) -> list[Row]:
    """Return the labelled facts of a notification; times on the wall clock of `zone`."""
    incident, language = request.incident, request.language
    began = incident.started_at or incident.opened_at
    found: list[Row] = []
    if is_test(request):
        return [(text(language, "notify.field.number"), incident.id)]
    if incident.environment != PRODUCTION:
        found.append(("environment", one_line(incident.environment, 63)))
    found.append(("severity", one_line(incident.severity_label, 40)))
    if shown := measured(language, incident.value, incident.threshold):
        found.append(("value", shown))
    found.append(("since", moment(language, began, zone)))
    if incident.opened_at - began >= LATE:
        found.append(("opened", moment(language, incident.opened_at, zone)))
    found += _come_to(request, profile, severity)
    if incident.acknowledged_at is not None:
        who = one_line(incident.assignee, 80)
        at = moment(language, incident.acknowledged_at, zone)
        found.append(("acknowledged", _by(language, at, who)))
    if incident.resolved_at is not None:
        at = moment(language, incident.resolved_at, zone)
        who = one_line(request.by, 80) or text(language, "notify.automatic")
        took = duration(language, (incident.resolved_at - began).total_seconds())
        said = text(language, "notify.by_took", moment=at, who=who, duration=took)
        closed = kind_shown(request) == CLOSED_UNHEARD
        found.append(("closed" if closed else "resolved", said))
    if incident.unheard_since is not None:
        found.append(("unheard", moment(language, incident.unheard_since, zone)))
    if incident.rules:
        found.append(("rules", one_line(", ".join(incident.rules), 200)))
    found.append(("number", f"{incident.id}·{request.page + 1}"))
    return [(text(language, f"notify.field.{name}"), value) for name, value in found]


def _come_to(request: NotificationRequested, profile: Profile, severity: Severity) -> list[Row]:
    """The step that was taken, and why people are called."""
    found: list[Row] = []
    count = len(steps_for(profile, severity))
    incident, language = request.incident, request.language
    if is_page(request.kind) and count > 1 and calls_people(profile[SERVICE], incident.environment):
        number = min(incident.step, count - 1) + 1
        found.append(("step", text(language, "notify.step", number=number, count=count)))
    if why := _why(request):
        found.append(("why", why))
    return found


def _why(request: NotificationRequested) -> str:
    language, who, why = request.language, one_line(request.by, 80), one_line(request.why, 200)
    suffix = ".by" if who else ""
    if request.kind == "raised" and why:
        return text(language, f"notify.why.raised{suffix}", before=why, who=who)
    if request.kind == "escalated" and (why == "asked" or who):
        return text(language, f"notify.why.asked{suffix}", who=who)
    if request.kind == "joined":
        return why
    if is_page(request.kind) and why in _REASONS:
        return text(language, f"notify.why.{why}")
    if request.kind == "reopened" and (who or why):
        by = text(language, "notify.why.by", who=who) if who else ""
        return ": ".join(filter(None, (by, why)))
    return ""


def _by(language: Language, at: str, who: str) -> str:
    return text(language, "notify.by", moment=at, who=who) if who else at


def hint_of(request: NotificationRequested, profile: Profile, severity: Severity, zone: str) -> str:
    """Return what happens, or is expected, next."""
    incident, language = request.incident, request.language
    shown = kind_shown(request)
    if shown in ("unheard", CLOSED_UNHEARD, TEST, SHIFT):
        return text(language, f"notify.next.{shown}")
    if request.kind == "resolved":
        key = "notify.next.postmortem" if severity.postmortem else "notify.next.resolved"
        return text(language, key)
    if request.kind == "reminded" and incident.remind_at is not None:
        deadline = moment(language, incident.remind_at, zone)
        return text(language, "notify.next.reminded", deadline=deadline)
    if request.kind == "joined" and incident.status == "acknowledged" and incident.remind_at:
        return text(
            language,
            "notify.next.joined",
            who=one_line(incident.assignee, 80),
            asked=_names(language, asked_again(profile, incident, incident.remind_at)),
            deadline=moment(language, incident.remind_at, zone),
        )
    if request.kind == "acknowledged" and request.target.startswith("person:"):
        return text(language, "notify.next.taken", who=one_line(incident.assignee, 80))
    if request.kind == "acknowledged" or incident.status == "acknowledged":
        return text(language, "notify.next.acknowledged")
    if not calls_people(profile[SERVICE], incident.environment):
        return text(language, "notify.next.nobody", environment=one_line(incident.environment, 63))
    hint = _what_follows(request, profile, severity, zone)
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


def _what_follows(
    request: NotificationRequested, profile: Profile, severity: Severity, zone: str
) -> str:
    """The next step with its time and its people, where there is one."""
    incident, language = request.incident, request.language
    steps = steps_for(profile, severity)
    due = incident.next_step_at
    if due is None and incident.started_at is None and request.kind == "opened" and len(steps) > 1:
        # An earlier release did not say.
        due = incident.opened_at + timedelta(seconds=steps[1].after)
    if due is not None:
        return text(
            language,
            "notify.next.deadline",
            deadline=moment(language, due, zone),
            step=incident.step + 2,
            who=_called_then(request, profile, due),
        )
    if incident.remind_at is not None and len(steps) > 1:
        deadline = moment(language, incident.remind_at, zone)
        return text(language, "notify.next.again", deadline=deadline)
    return text(language, "notify.next.last")


def _called_then(request: NotificationRequested, profile: Profile, at: datetime) -> str:
    """The names of whom the next step calls, as the profile has them for that time."""
    incident, language = request.incident, request.language
    page = Page(
        number=request.page,
        at=at,
        step=incident.step + 1,
        severity_label=incident.severity_label,
        reason="escalated",
    )
    contacts = reach(profile, incident, page).contacts
    return _names(language, [contact.display_name for contact in contacts])


def _names(language: Language, people: Iterable[str]) -> str:
    """Some names, and how many more there are."""
    names = list(dict.fromkeys(one_line(name, 40) for name in people))
    if not names:
        return text(language, "notify.next.nobody-there")
    shown = ", ".join(names[:MAX_NAMES])
    left = len(names) - MAX_NAMES
    return text(language, "notify.who.more", names=shown, n=left) if left > 0 else shown
