"""
Senders that never say that an alert is over, or are gone: the world of `sender_sim`, without their word.

One seed in two has `send_resolved: false`, in the others the sender dies, some for a time. What is
heard of has to stay open; what is not has to end, be told as that and never as resolved. Beside them is a
Cloud Monitoring, which says once that something is wrong and once that it is over: as long as it burns,
nothing may end it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tests import payloads
from tests.profiles import Profile
from tests.simulation import sender_sim
from tests.simulation.invariants import everything, in_any_world
from tests.simulation.platform import START
from tests.simulation.profiles import PROFILES
from tests.simulation.sender_sim import SERVICE, Post, SenderSimulation
from tests.simulation.sim import FAULTY, HEALED
from tests.simulation.site import TIMING
from toban.alerts import alertmanager, cloud_monitoring
from toban.alerts.report import to_event
from toban.incidents.documents import Alert, Incident
from toban.kernel.event import to_message
from toban.profile.store import apply
from toban.strictyaml.values import Seconds

EXPIRY = timedelta(hours=1)
"""Half of it is longer than ``repeat_interval``: what is repeated is never silent."""
STALE = EXPIRY / 2 / 10 + timedelta(minutes=4)
"""How much older what is stored of "heard of" may be, and how long a post takes to be handled."""
AFTER = timedelta(minutes=12)
"""Within which what has expired is ended, when nothing fails."""


def forgetful(profile: Profile) -> Profile:
    """Its alerts expire soon."""
    grouping = msgspec.structs.replace(
        profile.grouping, expire_after=Seconds(int(EXPIRY.total_seconds()))
    )
    return msgspec.structs.replace(profile, grouping=grouping)


@dataclass(frozen=True)
class Notice:
    """A notification of Cloud Monitoring: the only one of its kind about its incident."""

    incident: str
    opened: datetime
    closed: datetime | None = None

    def body(self) -> dict[str, Any]:
        """As it is posted."""
        return payloads.cloud_monitoring(
            "closed" if self.closed else "open",
            self.incident,
            condition=self.incident,
            started_at=int(self.opened.timestamp()),
            ended_at=int(self.closed.timestamp()) if self.closed else None,
        )


class UnheardSimulation(SenderSimulation):
    """One seed."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        profiles = [
            forgetful(sender_sim.small(p)) if p.service.id == SERVICE else p for p in PROFILES
        ]
        apply(self.world.memory, profiles, START)
        self.world.platform.cache.clear()

    def _plan_alerts(self, number: int) -> None:
        own = random.Random(f"unheard-{self.seed}")
        self.heard: dict[tuple[str, str], datetime] = {}
        """When the sender last said that an alert fires."""
        self.says_ends = own.random() < 0.5
        dies = own.uniform(1_800, HEALED.total_seconds() * 0.6)
        self.dead = (START + timedelta(seconds=dies), START + HEALED)
        if own.random() < 0.3:  # and comes back
            self.dead = (self.dead[0], self.dead[0] + timedelta(minutes=own.choice((10, 50, 80))))
        self.burning: set[str] = set()
        """What Cloud Monitoring has said is wrong, and not that it is over."""
        super()._plan_alerts(number)
        for which in range(own.randrange(3)):
            opened = START + timedelta(seconds=own.uniform(0, 7_200))
            self._at(opened, Notice(f"once-{which}", opened))
            closed = opened + EXPIRY * own.uniform(0.1, 4)
            if closed < START + HEALED - timedelta(minutes=30):
                self._at(closed, Notice(f"once-{which}", opened, closed))

    def _act(self, action: Any) -> None:
        if not isinstance(action, Notice):
            super()._act(action)
            return
        (self.burning.discard if action.closed else self.burning.add)(action.incident)
        for report in cloud_monitoring.reports(action.body(), SERVICE):
            self._publish([to_message(to_event(report, SERVICE, self.now, self.now))])

    def _post_alerts(self, action: Post) -> None:
        if self.says_ends and self.dead[0] <= self.now < self.dead[1]:
            return
        told = [a for a in action.body["alerts"] if self.says_ends or a["status"] == "firing"]
        for alert in told:
            name = alert["labels"]["alertname"], alert["labels"]["instance"]
            if alert["status"] == "firing":
                self.heard[name] = self.now
        if told:
            super()._post_alerts(Post({**action.body, "alerts": told}))

    def _look_at(self, outage: Any) -> None:
        """What was heard of within its expiry fires here."""
        if self.now - self.heard.get(outage.name, START) < self._expiry(outage.name) - STALE:
            super()._look_at(outage)

    def _expiry(self, name: tuple[str, str]) -> timedelta:
        """Half as long where a person has said that it is over."""
        of = {
            alert.incident
            for alert in everything(self.world, Alert)
            if (alert.labels.get("alertname"), alert.labels.get("instance")) == name
        }
        by_hand = any(
            entry.kind == "resolved" and entry.actor
            for incident in everything(self.world, Incident)
            if incident.id in of
            for entry in incident.timeline
        )
        return EXPIRY / 2 if by_hand else EXPIRY

    # --- what is so ----------------------------------------------------------------------------

    def broken(self) -> list[str]:
        """Everything that a person would believe and that is not so."""
        return [
            *in_any_world(self.world),
            *self.untrue,
            *self._open(),
            *self._burns(),
            *self._words(),
        ]

    def _burns(self) -> Iterator[str]:
        """What was said once to be wrong goes on, until it is said to be over."""
        shown = {
            alert.fingerprint: alert.status
            for alert in everything(self.world, Alert)
            if alert.source == cloud_monitoring.SOURCE and not alert.is_record
        }
        for incident, status in shown.items():
            burns = incident in self.burning
            if (status == "firing") != burns:
                yield f"{incident} {'burns' if burns else 'is over'} and is {status}"
        if missing := self.burning - set(shown):
            yield f"nobody knows of {sorted(missing)}"

    def _open(self) -> Iterator[str]:
        """What fires has been heard of within its expiry, and what has expired has not."""
        for alert in everything(self.world, Alert):
            if alert.source != alertmanager.SOURCE or alert.is_record:
                continue
            name = alert.labels["alertname"], alert.labels["instance"]
            if name not in self.heard:
                continue
            silent = self.now - max(self.heard[name], START + FAULTY)
            if alert.status == "firing" and silent > EXPIRY + AFTER:
                yield f"{alert.rule} on {name[1]} fires, and is not heard of for {silent}"
            if alert.expired_at is None:
                continue
            silent = alert.expired_at - self.heard[name]
            if timedelta(0) < silent < self._expiry(name) - STALE:
                yield f"{alert.rule} on {name[1]} has expired though it was heard of"

    def _words(self) -> Iterator[str]:
        """What nobody said is over is not called resolved."""
        for incident in everything(self.world, Incident):
            ends = [e.kind for e in incident.timeline if e.kind in ("resolved", "closed-unheard")]
            if incident.status != "resolved" or incident.service != SERVICE:
                continue
            alerts = [a for a in everything(self.world, Alert) if a.incident == incident.id]
            expired = [a for a in alerts if a.expired_at is not None]
            unknown = bool(alerts) and len(expired) == len(alerts)
            if unknown and not incident.resolved_by and ends[-1:] != ["closed-unheard"]:
                yield f"{incident.id} is called resolved, and nobody said so"
            if incident.unheard_since is not None and ends[-1:] != ["closed-unheard"]:
                yield f"{incident.id} was closed unheard, and does not say so"


assert TIMING.repeat < EXPIRY / 2
