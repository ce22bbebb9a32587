"""
What must hold once everything has come to rest. Each check names what broke, with ids.

An incident's own timeline and the events published are held against what really happened outside
(`Truth`) and what arrived there (`Outside`).
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TypeVar

from tests.simulation.platform import Simulated
from tests.simulation.profiles import QUIET
from tests.simulation.responses import missed_targets
from tests.simulation.sim import Simulation
from toban.channels.section import CHANNELS
from toban.events import (
    CommandIssued,
    IncidentEscalated,
    NotificationFailed,
    NotificationRequested,
    PagingEvent,
)
from toban.incidents.documents import Alert, Group, Incident
from toban.incidents.opening.identity import alert_id
from toban.kernel.command import Audit
from toban.kernel.document import Document, decode
from toban.kernel.event import from_message
from toban.kernel.handling.parking import ParkedMessage
from toban.kernel.handling.receipt import Receipt
from toban.kernel.ids import derive
from toban.notify.contacts import reach, together
from toban.notify.documents import Notification
from toban.notify.identity import is_page, notification_id
from toban.notify.page import apart
from toban.ports import Query
from toban.profile.profile import Profile
from toban.profile.store import PinnedProfile, pinned_id

D = TypeVar("D", bound=Document)

LATE = timedelta(minutes=2)


def everything(world: Simulated, cls: type[D]) -> list[D]:
    """All documents of a kind."""
    return [decode(cls, s.data) for s in world.memory.query(Query(cls.COLLECTION))]


def violations(simulation: Simulation) -> list[str]:
    """Everything that is wrong at the end of a run; empty when all is well."""
    world = simulation.world
    incidents = {incident.id: incident for incident in everything(world, Incident)}
    alerts = everything(world, Alert)
    return [
        *in_any_world(world),
        *_alerts_true(simulation, alerts, incidents),
    ]


def in_any_world(world: Simulated) -> list[str]:
    """What is wrong whatever really happened outside."""
    incidents = {incident.id: incident for incident in everything(world, Incident)}
    notifications = {n.id: n for n in everything(world, Notification)}
    return [
        *at_rest(world, notifications),
        *_groups(world, incidents),
        *_escalations(world, incidents),
        *_pages(world, incidents, notifications),
        *_arrivals(world, incidents, notifications),
        *_tried(world, notifications),
        *_audited(world, incidents),
        *_told_who_has_it(world, notifications),
        *world.order,
        *_records(incidents, everything(world, Alert)),
        *_answered(world, incidents),
    ]


def at_rest(world: Simulated, notifications: dict[str, Notification]) -> list[str]:
    """What has not come to an end."""
    found = [f"queue: {n} in {name}" for name, n in world.bus.pending().items() if n]
    for name in world.bus.subscriptions:
        found += [
            f"dead letter left in {name}: {letter.message.attributes.get('ce-id')}"
            for letter in world.bus.pull(name, 100)
        ]
    now = world.clock.now()
    found += [
        f"timer never fired: receipt {r.id} due {r.due}"
        for r in everything(world, Receipt)
        if r.due is not None and (now - r.due).total_seconds() > 120
    ]
    found += [
        f"notification {n.id} left {n.state}"
        for n in notifications.values()
        if n.state in ("claimed", "waiting")
    ]
    found += [
        f"parked without cause: {p.function} {p.error}"
        for p in everything(world, ParkedMessage)
        if p.reason == "invalid"
    ]
    return found


def _alerts_true(
    simulation: Simulation, alerts: list[Alert], incidents: dict[str, Incident]
) -> list[str]:
    found = []
    by_id = {alert.id: alert for alert in alerts}
    firing: Counter[str] = Counter()
    for fingerprint, report in simulation.truth.alerts.items():
        alert = by_id.get(alert_id(report, report.labels.get("environment", "production")))
        if alert is None:
            found.append(f"alert {fingerprint} was accepted and is nowhere")
            continue
        last = simulation.truth.occurrences[fingerprint][-1]
        wanted = "firing" if last.end is None else "resolved"
        if alert.status != wanted:
            found.append(f"alert {fingerprint} is {alert.status}, in truth {wanted}")
        if alert.status == "firing":
            firing[alert.incident or ""] += 1
            if alert.incident not in incidents:
                found.append(f"alert {fingerprint} fires without an incident")
    with_event = {alert.incident for alert in alerts if alert.status == "event"}
    for incident in incidents.values():
        n = firing[incident.id]
        if n and incident.status == "resolved":
            # Even resolved by hand: the recheck reopens what goes on firing.
            found.append(f"{incident.id} is resolved (by {incident.resolved_by!r}), {n} fire")
        by_person = any(e.kind == "reopened" and e.actor for e in incident.timeline)
        if incident.status == "resolved" or n or by_person or incident.id in with_event:
            continue
        found.append(f"{incident.id} is {incident.status} though nothing fires")
    return found


def _records(incidents: dict[str, Incident], alerts: list[Alert]) -> list[str]:
    """An incident shows an alert of every rule that it names, whatever came after it."""
    rules: dict[str | None, set[str]] = {}
    for alert in alerts:
        rules.setdefault(alert.incident, set()).add(alert.rule)
    return [
        f"{incident.id} has lost its alerts of {sorted(lost)}"
        for incident in incidents.values()
        if (lost := set(incident.rules) - rules.get(incident.id, set()))
    ]


def _groups(world: Simulated, incidents: dict[str, Incident]) -> list[str]:
    found = []
    listed: Counter[str] = Counter()
    for group in everything(world, Group):
        listed.update(entry.incident for entry in group.open)
    for incident in incidents.values():
        times = listed[incident.id]
        if times != (0 if incident.status == "resolved" else 1):
            found.append(f"{incident.id} is {incident.status} and listed {times} times as open")
    return found


def _escalations(world: Simulated, incidents: dict[str, Incident]) -> list[str]:
    found = []
    steps: Counter[tuple[str, int, int]] = Counter()
    seen: set[str] = set()
    for message in world.out.published:
        event = from_message(message)
        if event.id in seen:
            continue
        seen.add(event.id)
        if isinstance(event.body, IncidentEscalated):
            snapshot = event.body.incident
            steps[(snapshot.id, snapshot.generation, event.body.page.step)] += 1
            if snapshot.id not in incidents:
                found.append(f"phantom escalation of {snapshot.id}")
        if isinstance(event.body, PagingEvent):
            incident = incidents.get(event.body.incident.id)
            page = event.body.page
            if incident is None or page not in incident.pages:
                found.append(f"phantom page {page.number} of {event.body.incident.id}")
    found += [
        f"{id}: step {step} of generation {generation} taken {n} times"
        for (id, generation, step), n in steps.items()
        if n > 1
    ]
    for incident in incidents.values():
        found += _after_acknowledgement(incident)
        found += _silent(incident, world.clock.now())
        if sorted(p.number for p in incident.pages) != list(range(len(incident.pages))):
            found.append(f"{incident.id}: pages are not numbered through")
    return found


def _after_acknowledgement(incident: Incident) -> list[str]:
    waiting = True
    for entry in incident.timeline:
        if entry.kind in ("acknowledged", "resolved"):
            waiting = False
        elif entry.kind in ("reopened", "raised", "opened", "ack-expired", "repeated"):
            waiting = True
        elif entry.kind == "escalated":
            if not waiting and not entry.actor:
                return [f"{incident.id} escalated after acknowledgement"]
            waiting = True
    return []


def _silent(incident: Incident, now: datetime) -> list[str]:
    """Whoever believes that somebody will be called is right; for staging nobody believes it."""
    if incident.status == "resolved":
        return []
    if incident.check_at is None or now - incident.check_at > LATE:
        return [f"{incident.id}: nobody looks whether its alerts are heard of"]
    due = incident.next_step_at or incident.remind_at
    if incident.environment == QUIET:
        if due is not None:
            return [f"{incident.id} of {QUIET} waits for somebody"]
        due = now
    if due is None:
        return [f"{incident.id} is {incident.status} and nobody will hear of it again"]
    if now - due > LATE:
        return [f"{incident.id}: what was due at {due} never happened"]
    joined = incident.tell_joined_at
    if joined is not None and now - joined > LATE:
        return [f"{incident.id}: people were never called for what joined"]
    return []


def _answered(world: Simulated, incidents: dict[str, Incident]) -> list[str]:
    """A response target that is missed stands on the timeline, once, and none that is met does."""
    now = world.clock.now()
    return [
        wrong
        for incident in incidents.values()
        for wrong in missed_targets(incident, _profile(world, incident), now)
    ]


def _profile(world: Simulated, incident: Incident) -> Profile:
    key = PinnedProfile.key(pinned_id(incident.service, incident.profile_version))
    snapshot = world.memory.get([key])[0]
    assert snapshot is not None
    return decode(PinnedProfile, snapshot.data).profile


def _pages(
    world: Simulated, incidents: dict[str, Incident], notifications: dict[str, Notification]
) -> list[str]:
    """Everybody a page calls is called, or was spared because it was over."""
    found = []
    for incident in incidents.values():
        profile = _profile(world, incident)
        for page in incident.pages:
            for message in together(profile, reach(profile, incident.snapshot(), page).contacts):
                contact = message[0]
                name = notification_id(
                    page.reason, incident.id, page.number, contact.target, contact.channel_id
                )
                if name not in notifications:  # sent, failed, or spared because it was over
                    found.append(f"{incident.id} page {page.number}: {contact.target} never called")
    return found


def _arrivals(
    world: Simulated, incidents: dict[str, Incident], notifications: dict[str, Notification]
) -> list[str]:
    found = []
    requested = {}
    for message in world.out.published:
        event = from_message(message)
        if isinstance(event.body, NotificationRequested):
            requested[event.body.notification_id] = event.body
    marked: dict[str, list[bool]] = {}
    for arrival in world.outside.arrivals:
        marked.setdefault(arrival.id, []).append(arrival.marked)
        record = notifications.get(arrival.id)
        if record is None or arrival.incident not in incidents or arrival.id not in requested:
            found.append(f"phantom notification {arrival.id}")
    for id, marks in marked.items():
        if len(marks) > 1 and not all(marks[1:]):
            found.append(f"notification {id} arrived {len(marks)} times, a repetition unmarked")
    for incident in incidents.values():
        if incident.status != "resolved":
            continue
        own = [n for n in notifications.values() if n.incident == incident.id]
        newest = max(p.number for p in incident.pages)
        closed = {
            name
            for n in own
            if n.kind == "resolved" and n.page == newest and n.state in ("done", "failed")
            if n.id in requested
            for name in requested[n.id].closes
        }
        found += [
            f"{incident.id}: {n.target} by {n.channel} is never told it is over"
            for n in own
            if is_page(n.kind) and n.state == "done" and n.id not in closed
        ]
        over = Counter(
            n.channel
            for n in own
            if n.kind == "resolved"
            and n.page == newest
            and n.maybe_sent
            and _told_once(world, incident, n.channel)
            if n.id in requested and not requested[n.id].replaces
        )
        found += [
            f"{incident.id}: {room} is told {n} times it is over"
            for room, n in over.items()
            if n > 1
        ]
    return found


def _told_once(world: Simulated, incident: Incident, channel: str) -> bool:
    """Whether a channel is one whose readers get one message for all (none changes in place)."""
    id = pinned_id(incident.service, incident.profile_version)
    (found,) = world.memory.get([PinnedProfile.key(id)])
    kinds = decode(PinnedProfile, found.data).profile[CHANNELS] if found else {}
    kind = kinds.get(channel)
    return kind is not None and kind.shared and not kind.updates_in_place and channel == "room"


def _tried(world: Simulated, notifications: dict[str, Notification]) -> list[str]:
    """What counts as sent arrived; nobody is given up for whom nothing was tried."""
    arrived = world.outside.received()
    found = [
        f"notification {n.id} counts as sent and never arrived"
        for n in notifications.values()
        if n.state == "done" and n.id not in arrived
    ]
    bodies = [from_message(message).body for message in world.out.published]
    called = world.outside.called | {
        each.notification_id
        for body in bodies
        if isinstance(body, NotificationRequested)
        if body.notification_id in world.outside.called
        for each in apart(body)
    }
    for body in bodies:
        if isinstance(body, NotificationFailed) and not body.fallback:
            tries = {*body.request.replaces, body.request.notification_id}
            if not tries & called:
                found.append(f"{body.request.target} was given up with nothing tried")
    return found


def _told_who_has_it(world: Simulated, notifications: dict[str, Notification]) -> list[str]:
    """Whoever was called, and for whom nothing else settled it, hears who has it."""
    return [
        f"{n.target} was called by {n.channel} for {n.incident} and never hears who took it"
        for n in notifications.values()
        if world.taken.has_to_be_told(n) and n.followed_by not in notifications
    ]


def _audited(world: Simulated, incidents: dict[str, Incident]) -> list[str]:
    """Every command is recorded once, and told on the timeline of its incident with its proof."""
    records = {audit.id: audit for audit in everything(world, Audit)}
    given = {
        derive(event.id, "act_on_incident", "audit"): event.body
        for event in map(from_message, world.out.published)
        if isinstance(event.body, CommandIssued) and event.body.proof
    }
    found = [f"command without a record: {given[id]}" for id in given.keys() - records.keys()]
    found += [f"record of no command: {records[id]}" for id in records.keys() - given.keys()]
    told: Counter[tuple[str, str]] = Counter()
    recorded: Counter[tuple[str, str]] = Counter()
    for id in records.keys() & given.keys():
        audit, command = records[id], given[id]
        said = (audit.subject, audit.action, audit.proof, audit.seen)
        if said != (command.subject(), command.action, command.proof, command.generation):
            found.append(f"a record says another thing than its command: {audit} of {command}")
        recorded[(audit.subject, audit.proof)] += 1
    for incident in incidents.values():
        for entry in incident.timeline:
            if "proof" in entry.detail:
                told[(incident.id, entry.detail["proof"])] += 1
    found += [
        f"{subject}: {n} commands by {proof}, {told[subject.partition('/')[2], proof]} lines"
        for (subject, proof), n in recorded.items()
        if told[subject.partition("/")[2], proof] != n
    ]
    return found
