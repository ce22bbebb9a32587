"""
All recurring events: the schedules of the map and those of the profiles.

In the cloud each is a Cloud Scheduler job, which `toban apply` makes; locally the clockwork
publishes them. Nothing here reads a store or calls anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import msgspec

from toban.kernel.clock.cron import slot_minute
from toban.kernel.clock.schedule import RecurringEvent as RecurringEvent
from toban.kernel.clock.schedule import name_of as name_of
from toban.kernel.event import Event
from toban.ports.schedules import MARK, PAUSED_MARK, PREFIX, SchedulerJob
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.sections.collect import schedules
from toban.topology.schemas import bodies
from toban.topology.types import Topology

_ABOUT = 300
"""Most characters a description says about its job; Cloud Scheduler takes 500 in all."""


def repeating(topology: Topology, profiles: Iterable[Profile]) -> list[RecurringEvent]:
    """
    Return every schedule of the map, then those of every profile by service.

    Schedules whose topic is not on the map are left out: nothing would consume it.
    """
    types = bodies()
    found = [
        RecurringEvent(
            name=name,
            cron=schedule.cron,
            zone=schedule.zone,
            body=types[topology.topics[schedule.emits].event](),
            about=topology.topics[schedule.emits].about.en.rstrip("."),
        )
        for name, schedule in topology.schedules.items()
    ]
    for profile in sorted(profiles, key=lambda p: p[SERVICE].id):
        found += (r for r in schedules(profile) if r.topic in topology.topics)
    return _distinct(found)


def _distinct(found: Iterable[RecurringEvent]) -> list[RecurringEvent]:
    """A series that has several plans (a finding of `toban check`) fires by all of them."""
    named: dict[str, RecurringEvent] = {}
    for item in found:
        name, number = item.name, 1
        while name in named:
            number += 1
            name = f"{item.name}---{number}"
        named[name] = replace(item, name=name)
    return list(named.values())


def slot_event(schedule: RecurringEvent, slot: datetime) -> Event:
    """
    Return the event of a schedule's slot (UTC, whole minutes).

    Its id is ``/schedules/<name>|<ISO minute>``: publishing a slot twice is publishing it once.
    """
    return Event(
        id=f"{schedule.source}|{slot_minute(slot)}",
        source=schedule.source,
        time=slot,
        body=schedule.body,
    )


def job_name(schedule: RecurringEvent) -> str:
    """Return the name of its Cloud Scheduler job, without project and location."""
    return PREFIX + schedule.name


def wanted(topology: Topology, profiles: Iterable[Profile], project: str) -> list[SchedulerJob]:
    """
    Return the Cloud Scheduler jobs that a project should have.

    None of them is paused: a profile cannot ask for that (take the plan out of it instead), and
    one that a person pauses stays paused.
    """
    return [_job(schedule, project) for schedule in repeating(topology, profiles)]


def _job(schedule: RecurringEvent, project: str) -> SchedulerJob:
    # Cloud Scheduler's attributes never change, so there is no ce-time among them and no real ce-id:
    # `toban.adapters.google.pubsub.push` makes both of the time at which Pub/Sub took the message. Without
    # any ce-id functions-framework answers 400 to a push.
    job = SchedulerJob(
        name=job_name(schedule),
        cron=schedule.cron,
        zone=schedule.zone,
        topic=f"projects/{project}/topics/{schedule.topic}",
        attributes={
            "ce-specversion": "1.0",
            "ce-id": schedule.source,
            "ce-type": schedule.body.TYPE,
            "ce-source": schedule.source,
            "content-type": "application/json",
        },
        body=msgspec.json.encode(schedule.body, order="deterministic"),
        description="",
    )
    return replace(job, description=describe(schedule.about, job))


def describe(about: str, job: SchedulerJob) -> str:
    """Return a job's description: what it is for, whose it is, and a hash of what it should be."""
    content = msgspec.json.encode(
        [job.name, job.cron, job.zone, job.topic, dict(job.attributes), job.body, job.paused],
        order="sorted",
    )
    marks = f"{MARK}; {PAUSED_MARK}" if job.paused else MARK
    return f"{about[:_ABOUT]} [{marks}; {hashlib.sha256(content).hexdigest()[:12]}]"
