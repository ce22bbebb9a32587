"""
The chain behind real senders' behaviour (`senders`), held against what is really wrong outside.

What people were told, and when, is what arrived at their side; which incident was about which
outage is what the published events say.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tests.profiles import Profile
from tests.simulation.invariants import everything, in_any_world
from tests.simulation.platform import START
from tests.simulation.profiles import PROFILES
from tests.simulation.senders import Name, Outage
from tests.simulation.sim import FAULTY, HEALED, Simulation
from tests.simulation.site import TIMING, Drawn, Site
from toban.alerts import alertmanager
from toban.alerts.report import to_event
from toban.events import AlertAttached, IncidentOpened, NotificationRequested
from toban.incidents.documents import Alert, Incident
from toban.kernel.event import from_message, to_message
from toban.notify.identity import is_page
from toban.profile.store import apply

SERVICE = "shop"
IN_TIME = timedelta(minutes=45)
"""Within which one is told of: the longest step is 30 minutes, and what joins waits for it."""
SETTLED = timedelta(minutes=3)
"""Within which a post has had its effect when nothing fails."""
LAST_START = timedelta(hours=3)
LAST_END = timedelta(hours=3, minutes=20)


@dataclass(frozen=True)
class Post:
    """One webhook of a sender."""

    body: dict[str, Any]


def small(profile: Profile) -> Profile:
    """Few incidents may be open at once: storms overflow."""
    grouping = msgspec.structs.replace(profile.grouping, max_open=2)
    return msgspec.structs.replace(profile, grouping=grouping)


class SenderSimulation(Simulation):
    """One seed, its alerts reported by Prometheus and Alertmanager."""

    outages: list[Outage]
    site: Site
    hold_down = timedelta(minutes=10)
    """An outage that is over sooner need not reach anybody."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, alerts=10)
        profiles = [small(p) if p.service.id == SERVICE else p for p in PROFILES]
        apply(self.world.memory, profiles, START)
        self.world.platform.cache.clear()

    def _plan_alerts(self, number: int) -> None:
        rng = random.Random(self.seed)
        self.words: dict[Name, tuple[datetime, str]] = {}
        self.said: dict[Name, list[tuple[datetime, str, datetime]]] = {}
        self.untrue: list[str] = []
        self.outages = [self._placed(outage) for outage in _outages(number, rng)]
        drawn = Drawn(START, START + HEALED, rng)
        self.site = drawn.site(self.outages)
        for moment, sent in drawn.posts(self.site):
            self._at(moment + timedelta(seconds=rng.choice((0, 0, 1, 3))), Post(sent.body))
        for outage in self.outages:
            self._at(outage.end - timedelta(seconds=10), outage)

    def _placed(self, outage: Outage) -> Outage:
        """The outage where it is: here everything is production."""
        return outage

    def _plan_people(self) -> None:
        for _ in range(self.rng.choice((3, 12, 40))):
            self._at(START + timedelta(seconds=self.rng.uniform(60, 11_400)), "person")

    def _act(self, action: Any) -> None:
        if isinstance(action, Post):
            self._post_alerts(action)
        elif isinstance(action, Outage):
            self._look_at(action)
        else:
            super()._act(action)

    def _look_at(self, outage: Outage) -> None:
        """Just before it ends, an outage that its sender last called firing fires here."""
        at, status = self.words.get(outage.name, (self.now, ""))
        unsettled = self.now < START + FAULTY + SETTLED or self.now - at < SETTLED
        if status != "firing" or unsettled:
            return
        shown = [
            alert.status
            for alert in everything(self.world, Alert)
            if (alert.labels.get("alertname"), alert.labels.get("instance")) == outage.name
            and not alert.is_record
        ]
        if shown != ["firing"]:
            self.untrue.append(f"{outage.rule} on {outage.instance} fires and is {shown}")

    received = START
    """When the latest post came in."""

    def _post_alerts(self, action: Post) -> None:
        # Two members may post at the same second; no door takes two posts in at the same instant.
        self.received = max(self.now, self.received + timedelta(microseconds=1))
        for alert in action.body["alerts"]:
            name = alert["labels"]["alertname"], alert["labels"]["instance"]
            self.words[name] = self.now, alert["status"]
            when = alert["startsAt" if alert["status"] == "firing" else "endsAt"]
            word = *self.words[name], msgspec.convert(when, datetime)
            self.said.setdefault(name, []).append(word)
        for report in alertmanager.reports(action.body, SERVICE):
            event = to_event(report, SERVICE, self.received, self.received)
            for _ in range(self.rng.choice((1, 1, 1, 2))):  # the answer was lost: sent again
                self._publish([to_message(event)])

    # --- what is so ----------------------------------------------------------------------------

    def broken(self) -> list[str]:
        """Everything that a person would believe and that is not so."""
        return [
            *in_any_world(self.world),
            *self.untrue,
            *self._untold(),
            *self._untrue(),
            *self._called_for_nothing(),
        ]

    def _untold(self) -> Iterator[str]:
        """Outages that nobody heard of after they began."""
        about = self._incidents_by_alert()
        taken = everything(self.world, Incident)
        for outage in self.outages:
            since, end = self.site.tellable(outage)
            until = since + IN_TIME
            if since < START + FAULTY:  # nobody may be reachable before
                until = max(until, START + FAULTY + IN_TIME)
            if end < until and end - since < IN_TIME:
                if since < START + FAULTY or end - since < self.hold_down + TIMING.group_interval:
                    continue
                until = end + TIMING.group_interval
            incidents = about.get(outage.name, {})
            named = about.get((outage.rule, ""), {})
            begin = self._begins(outage)
            heard = [
                a.at
                for a in self.world.outside.arrivals
                if a.incident in incidents
                and begin <= a.at <= until
                and a.calls
                # What was sent before an alert of its rule had joined was about something else.
                and named[a.incident] <= a.at
            ] + [
                # Whoever took it knows of it, and what waited to call others is withdrawn.
                entry.at
                for incident in taken
                if incident.id in incidents
                for entry in incident.timeline
                if entry.kind == "acknowledged"
                and entry.actor
                and max(begin, named[incident.id]) <= entry.at <= until
            ]
            if not heard:
                minutes = (since - START).total_seconds() / 60
                yield (
                    f"nobody heard of {outage.rule} on {outage.instance} ({outage.severity}), "
                    f"wrong since minute {minutes:.1f} for {outage.end - outage.start}"
                )

    def _incidents_by_alert(self) -> dict[tuple[str, str], dict[str, datetime]]:
        """The incidents of each alert, and of each rule (of no instance), and since when."""
        names = {
            alert.id: (alert.labels["alertname"], alert.labels["instance"])
            for alert in everything(self.world, Alert)
            if alert.source == alertmanager.SOURCE
        }
        about: dict[tuple[str, str], dict[str, datetime]] = {}
        for message in self.world.out.published:
            body = from_message(message).body
            if isinstance(body, AlertAttached) and body.alert_id in names:
                name, incident, at = names[body.alert_id], body.incident_id, body.at
            elif isinstance(body, IncidentOpened) and "instance" in body.incident.labels:
                labels = body.incident.labels
                name = labels["alertname"], labels["instance"]
                incident, at = body.incident.id, body.incident.opened_at
            else:
                continue
            for key in (name, (name[0], "")):
                since = about.setdefault(key, {})
                since[incident] = min(at, since.get(incident, at))
        return about

    def _begins(self, outage: Outage) -> datetime:
        """
        When it began; of one that its sender never told from the one before (no end between, the
        same start ever since), when that one did: for whoever hears of them they are one.
        """
        said = self.said.get(outage.name, [])
        before = [word for word in said if word[0] <= outage.start]
        since = [word for word in said if outage.start < word[0] <= outage.end]
        if not before or not since or before[-1][1] != "firing":
            return outage.start
        started = before[-1][2]
        one = all(status == "firing" and start == started for _, status, start in since)
        return started if one else outage.start

    def _untrue(self) -> Iterator[str]:
        """
        Alerts and incidents that are open long after all is well, and their sender does not say
        otherwise (Alertmanager refuses an end before the start that a clock ahead has given).
        """
        assert all(o.end < self.now - TIMING.repeat - TIMING.group_interval for o in self.outages)
        open_for = {a.incident for a in everything(self.world, Alert) if a.status == "event"}
        for alert in everything(self.world, Alert):
            if alert.source != alertmanager.SOURCE or alert.status == "resolved":
                continue
            name = alert.labels["alertname"], alert.labels["instance"]
            if not self._said_over(name):
                open_for.add(alert.incident)
            else:
                yield f"{alert.rule} on {alert.labels['instance']} is {alert.status}, all is well"
        for incident in everything(self.world, Incident):
            by_hand = any(e.kind == "reopened" and e.actor for e in incident.timeline)
            if incident.status == "resolved" or by_hand or incident.id in open_for:
                continue
            yield f"{incident.id} ({incident.title}) is {incident.status}, all is well"

    def _said_over(self, name: Name) -> bool:
        """
        Whether its sender has said that the newest occurrence of which it told is over.

        One of a cluster that never saw it posts the end of the one before; what that one has told
        counts as told by all, and nobody tells the end of the newest.
        """
        said = self.said[name]
        if said[-1][1] == "firing":
            return False
        # Nothing can have begun, or ended, after it was told; a clock ahead says otherwise.
        begun = [min(at, start) for at, status, start in said if status == "firing"]
        ended = [min(at, end) for at, status, end in said if status == "resolved"]
        return not begun or max(ended) >= max(begun)

    def _called_for_nothing(self) -> Iterator[str]:
        """Calls for what their sender had said is over, all of it, before they were made."""
        alerts: dict[str, set[Name]] = {}
        for name, incidents in self._incidents_by_alert().items():
            for id in incidents if name[1] else ():
                alerts.setdefault(id, set()).add(name)
        by_hand = {
            incident.id
            for incident in everything(self.world, Incident)
            if any(e.kind in ("reopened", "escalated") and e.actor for e in incident.timeline)
        }
        bodies = (from_message(message).body for message in self.world.out.published)
        pages = {
            body.notification_id
            for body in bodies
            if isinstance(body, NotificationRequested) and is_page(body.kind)
        }
        for arrival in self.world.outside.arrivals:
            calm = arrival.at > START + FAULTY + SETTLED
            if not calm or arrival.id not in pages or arrival.incident in by_hand:
                continue
            about = alerts.get(arrival.incident, set())
            if about and all(self._was_over(name, arrival.at) for name in about):
                yield f"{arrival.incident}: somebody is called at {arrival.at}, all of it is over"

    def _was_over(self, name: Name, at: datetime) -> bool:
        """Whether it really was, and its sender had said so in time, and nothing else since."""
        if any(o.name == name and o.start <= at < o.end + SETTLED for o in self.outages):
            return False
        said = [word for word in self.said.get(name, ()) if word[0] <= at]
        if not said or said[-1][1] != "resolved" or said[-1][0] >= at - SETTLED:
            return False
        # One of two members may speak of an older occurrence than the other.
        return all(said[-1][2] >= start for _, status, start in said if status == "firing")


def _outages(number: int, rng: random.Random) -> Iterator[Outage]:
    """Some of one alert after another, some of many at once, some long after the faults."""
    busy: dict[tuple[str, str], datetime] = {}
    together = START + timedelta(seconds=rng.uniform(60, LAST_START.total_seconds()))
    for _ in range(number):
        rule, instance = f"rule{rng.randrange(6)}", f"host{rng.randrange(3)}"
        start = START + timedelta(seconds=rng.uniform(60, LAST_START.total_seconds()))
        if rng.random() < 0.3:
            start = together
        start = max(start, busy.get((rule, instance), start))
        lasts = timedelta(minutes=rng.choice((2, 15, 30, 90)) * rng.uniform(0.7, 1.3))
        end = min(start + lasts, START + LAST_END)
        if start >= end:
            continue
        # An alert that fires again soon is one occurrence or two, as its sender sees it.
        busy[rule, instance] = end + timedelta(minutes=8)
        yield Outage(rule, instance, "critical" if rule < "rule4" else "warning", start, end)
