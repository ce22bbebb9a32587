"""Profiles and a map to make schedules from."""

from __future__ import annotations

import msgspec

from tests import profiles as types
from toban.topology import load
from toban.topology.types import Topology


def the_map() -> Topology:
    """The map with two schedules of its own, whatever others it has."""
    topology = load()
    own = {name: topology.schedules[name] for name in ("each-minute", "redrive")}
    return msgspec.structs.replace(topology, schedules=own)


def plan(source: str = "main-db", class_: str = "daily", cron: str = "0 3 * * *", **more):
    return types.BackupPlan(
        source=source, class_=class_, schedule=cron, keep=types.RetentionRules(daily=7), **more
    )


def profile(
    service: str = "chat",
    *plans: types.BackupPlan,
    test: str = "",
    zone: str = "Asia/Tokyo",
) -> types.Profile:
    """A service with these plans (without any: one daily one), and restore tests by that cron."""
    backup = types.BackupSection(
        destinations=(types.Destination(bucket="b", region="asia-northeast1"),),
        sources={p.source: types.LogsSourceSection(paths=("/var/log",)) for p in plans},
        plans=plans or (plan(),),
        restore_test=types.RestoreTest(schedule=test, targets=()) if test else None,
    )
    return types.Profile(
        service=types.Service(id=service, name=service, name_en=service, timezone=zone),
        backup=backup,
    )
