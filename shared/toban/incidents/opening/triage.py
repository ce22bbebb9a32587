"""
`open_incident`: from an alert to its incident.

Event time decides, arrival order does not (`occurrences`): a report of an older occurrence changes
nothing, and a resolution that arrives first is kept, so that its late firing opens nothing.
"""

from __future__ import annotations

from datetime import timedelta

from toban.events import (
    AlertAttached,
    AlertCheckDue,
    AlertFired,
    AlertReport,
    AlertResolved,
    IncidentOpened,
    MessageParked,
)
from toban.incidents.documents import (
    OWN,
    Alert,
    Group,
    Incident,
    OpenIncident,
    group_id,
)
from toban.incidents.grouping.section import GROUPING, Grouping
from toban.incidents.lifecycle import call, check_alerts_at, note, start_escalation
from toban.incidents.opening.expiry import cleared, on_check_due
from toban.incidents.opening.identity import (
    alert_id,
    misnamed_service,
    responsible,
    stored_alert,
)
from toban.incidents.opening.max_open import tell_when_full
from toban.incidents.opening.occurrences import (
    ReportedTimes,
    believed,
    grouping_of,
    heard_of,
    is_anew,
    is_new,
    is_news,
    is_over,
    is_overtaken,
    newest_start,
    read,
)
from toban.incidents.opening.reported import (
    MAX_LINKS,
    alert_of,
    first_labels,
    group_key,
    summary_of,
    without_credentials,
)
from toban.incidents.response import expect_response
from toban.kernel import log
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.secrecy.masking import mask
from toban.kernel.status import move
from toban.kernel.work import Work
from toban.profile.environments import environment_of, environments
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import severity_for


def joinable(group: Group, key: str, grouping: Grouping, work: Work) -> OpenIncident | None:
    """
    Return the open incident that an alert joins, or None.

    The one with the same key, else one that is still young, else (when too many are open) the
    newest.
    """
    for entry in group.open:
        if entry.key == key:
            return entry
    newest = max(group.open, key=lambda entry: entry.opened_at, default=None)
    if newest is None:
        return None
    # Decisions that race may see an opening later than their own now: its age is none. One that
    # a wrong clock dated far ahead is not young, or it would be until that time has come.
    age = max(work.now - newest.opened_at, timedelta(0))
    dated_ahead = believed(newest.opened_at, work.now) is None
    young = age < timedelta(seconds=grouping.window) and not dated_ahead
    return newest if young or len(group.open) >= grouping.max_open else None


def on_fired(report: AlertFired, work: Work) -> None:
    """Attach a firing alert to its open incident, or open one."""
    report = without_credentials(report)
    # What the platform reports of itself (nobody was reached) has no end that anybody would send.
    _triage_alert(report, work, lasting=report.source != OWN)


def on_resolved(report: AlertResolved, work: Work) -> None:
    """Record that an alert stopped firing; the event it emits settles the incident."""
    report = without_credentials(report)
    said = read(report, work)
    known = work.get(Alert, alert_id(report))
    if known is None or known.status != "firing" or known.labels != report.labels:
        profile, _ = responsible(report, work)
        environment = environment_of(profile[SERVICE], report.labels)
        id, known = stored_alert(report, environment, profile, work)
        if known is None or known.status != "firing":
            _end_elsewhere(report, said, environment, profile, work)
        if known is None:
            alert = alert_of(report, said, profile, environment, "resolved", id)
            alert.ends_at = said.end
            work.put(alert)
            return
    if is_overtaken(known, said):
        return
    was_firing = known.status == "firing"
    if was_firing and not is_over(known, said):
        if said.dated and said.start == known.starts_at:
            # The start was moved back by late news of this older occurrence.
            known.starts_at = newest_start(known, said.now)
            work.put(known)
        return
    if not was_firing and not is_news(known, said):
        return
    move(known, "resolved")
    newest = newest_start(known, said.now)
    if newest != (known.newest_start or known.starts_at):
        # A wrong clock dated it ahead; nothing would begin after that for a long time.
        known.starts_at = known.newest_start = newest
    if said.dated:
        if said.start > newest:
            known.starts_at = known.newest_start = said.start
        elif said.start < known.starts_at:
            known.newest_start = newest
            known.starts_at = said.start
    known.ends_at = said.end
    known.heard_at = said.heard
    known.expired_at = None
    work.put(known)
    if was_firing:
        cleared(known, work)


def _end_elsewhere(
    report: AlertReport, said: ReportedTimes, environment: str, profile: Profile, work: Work
) -> None:
    """
    End the alert where an earlier version of the profile counted it to another environment.

    Its reports go to `environment` from now on, and nothing else would end it there. One whose own
    labels say another environment to this day is another alert, by the same fingerprint.
    """
    over = isinstance(report, AlertResolved)
    service = profile[SERVICE]
    for name in environments(service):
        if name == environment:
            continue
        _, other = stored_alert(report, name, profile, work)
        if other is None or other.status != "firing":
            continue
        late = is_overtaken(other, said) or (over and not is_over(other, said))
        if not late and environment_of(service, other.labels) == environment:
            move(other, "resolved")
            other.ends_at = other.heard_at = work.now
            work.put(other)
            cleared(other, work)


def on_parked(parked: MessageParked, work: Work) -> None:
    """Report a parked message as an alert of the platform's own service."""
    report = AlertFired(
        source=OWN,
        fingerprint=parked.parked_id,
        rule=f"message-{parked.reason}",
        title=f"{parked.function}: {parked.event_type or 'message'} {parked.reason}",
        summary=mask(parked.error),
        severity="critical" if parked.reason == "given-up" else "warning",
        labels={"service": "toban", "function": parked.function},
        starts_at=parked.at,
    )
    _triage_alert(report, work, lasting=False)


def _triage_alert(report: AlertReport, work: Work, lasting: bool) -> None:
    said = read(report, work)
    profile, version = responsible(report, work)
    environment = environment_of(profile[SERVICE], report.labels)
    id, known = stored_alert(report, environment, profile, work, likely_new=True)
    if known is not None:
        if known.status == "firing":
            _still_fires(report, said, known, profile, work)
            return
        if is_overtaken(known, said) or not is_new(known, said):
            return
    _end_elsewhere(report, said, environment, profile, work)
    alert = alert_of(report, said, profile, environment, "firing" if lasting else "event", id)
    alert.attached_at = work.now
    listed = group_id(profile[SERVICE].id, environment)
    group = work.get(Group, listed) or Group(id=listed)
    key = group_key(report, profile[GROUPING])
    found = joinable(group, key, profile[GROUPING], work)
    _leave(known, found, work)
    if found is not None:
        alert.incident = found.incident
        work.put(alert)
        work.emit(_attached(alert, found.incident, work))
        if found.key != key and tell_when_full(group, environment, profile, work):
            work.put(group)
        return
    if named := misnamed_service(report, work):
        told = {"named": mask(named), "service": profile[SERVICE].id, "alert": id}
        work.after_commit(
            lambda: log.warning("no service has the id that the label service says", **told)
        )
    incident = _open(report, alert, key, profile, version, work)
    alert.incident = incident.id
    group.open = [
        *group.open,
        OpenIncident(key=key, incident=incident.id, opened_at=work.now),
    ]
    tell_when_full(group, environment, profile, work)
    work.put(alert)
    work.put(group)
    check_alerts_at(incident, work, work.now + profile[GROUPING].unheard_after)
    work.put(incident)


def _leave(known: Alert | None, joins: OpenIncident | None, work: Work) -> None:
    """
    Keep the alert, as it was, with the incident that it leaves for another.

    What an incident says of its alerts is a record: it does not lose one that fires again later.
    """
    if known is None or known.incident is None:
        return
    if joins is not None and joins.incident == known.incident:
        return
    record = known.record()
    earlier = work.get_assuming_new(Alert, record.id)
    if earlier is not None:  # it had come back meanwhile, and leaves again
        record.starts_at = min(earlier.starts_at, record.starts_at)
    work.put(record)


def _still_fires(
    report: AlertReport, said: ReportedTimes, known: Alert, profile: Profile, work: Work
) -> None:
    """
    A firing alert is reported again: a new occurrence, whose predecessor's end we have not heard
    of (yet), or the same one. Its incident is asked to look when the alert is worse than it was,
    fires anew, or is heard of again after long: a person may have resolved the incident in the
    meantime.
    """
    if is_overtaken(known, said):
        return
    newest = newest_start(known, said.now)
    anew = is_anew(known, said)
    grouping = grouping_of(known, profile[GROUPING])
    heard = heard_of(known, said.now)
    back = heard is not None and said.heard - heard >= grouping.unheard_after
    if anew:
        known.attached_at = work.now
    if said.dated and said.start > newest:
        known.newest_start = said.start
    elif said.dated and said.start < known.starts_at:
        known.newest_start = newest
        known.starts_at = said.start
    severity = severity_for(profile, report.severity)
    worse = severity.level < known.severity
    if worse:
        known.severity, known.severity_label = severity.level, severity.label
    if (worse or anew or back) and known.incident is not None:
        work.emit(_attached(known, known.incident, work))
    note_heard = heard is None or said.heard - heard >= grouping.note_heard_each
    if anew or worse or (said.current and said.late) or note_heard:
        # Otherwise a repetition writes nothing: it is in order with what came before.
        known.heard_at = said.heard
    work.put(known)


def _attached(alert: Alert, incident: str, work: Work) -> AlertAttached:
    return AlertAttached(
        incident_id=incident,
        alert_id=alert.id,
        rule=alert.rule,
        title=alert.title,
        severity=alert.severity,
        severity_label=alert.severity_label,
        at=work.now,
        began_at=newest_start(alert, work.now),
        environment=alert.environment,
    )


def _open(
    report: AlertReport, alert: Alert, key: str, profile: Profile, version: str, work: Work
) -> Incident:
    incident = Incident(
        id=f"inc-{work.derive('incident', length=10)}",
        service=profile[SERVICE].id,
        profile_version=version,
        group_key=key,
        title=report.title,
        summary=summary_of(report),
        severity=alert.severity,
        severity_label=alert.severity_label,
        environment=alert.environment,
        rules=[report.rule],
        labels=first_labels(report.labels),
        links=list(report.links[:MAX_LINKS]),
        opened_at=work.now,
        started_at=min(report.starts_at, work.now),
        value=report.value,
        threshold=report.threshold,
        escalating_since=work.now,
    )
    note(incident, work, "opened", alert=report.title, source=report.source)
    start_escalation(incident, work, profile)
    expect_response(incident, work, profile)
    page = call(incident, work, "opened")
    work.create(incident)
    work.emit(IncidentOpened(incident=incident.snapshot(), page=page))
    return incident


HANDLERS = (
    Handlers()
    .on(AlertFired, Decision(on_fired, receipt_first=True))
    .on(AlertResolved, Decision(on_resolved))
    .on(MessageParked, Decision(on_parked))
    .on(AlertCheckDue, Decision(on_check_due))
)
