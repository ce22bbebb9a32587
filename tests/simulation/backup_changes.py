"""A run dies, its source changes, and the run is gone on with: nothing may be lost or kept twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulation.backup_story import resources_of
from tests.simulation.backup_world import content
from tests.simulation.crash_points import Chapters
from toban.backups.documents import Backup
from toban.kernel.document import decode
from toban.ports import Query

STEPS = {0: "data", 3: "media"}
"""Steps of the story that take a backup of a bucket, and which."""
POINTS = ("create after", "copy after", "commit before", "commit after")


def changing(told: Chapters) -> list[tuple[int, int, str]]:
    """Where to die: around everything that a step of taking a backup stores."""
    return [
        point
        for point in told.passed
        if point[0] in STEPS and "--run_backup_step" in point[2] and point[2].endswith(POINTS)
    ]


def torn(told: Chapters, step: int, index: int) -> list[str]:
    """What is in no state that the source ever had, after a change between death and repair."""
    bucket = STEPS[step]
    may: dict[str, set[bytes | None]] = {}

    def note(world: Any) -> None:
        there = {i.name: world.buckets(bucket).read(i.name) for i in world.buckets(bucket).list()}
        for name in may.keys() | there.keys():
            may.setdefault(name, {None} if may_know else set()).add(there.get(name))

    def change(world: Any) -> None:
        nonlocal may_know
        note(world)
        may_know = True
        objects = world.buckets(bucket)
        first = bucket[0] if bucket == "media" else "a"
        objects.create(f"{first}/00", content("earlier than the others", 600))
        objects.delete(f"{first}/1")
        objects.upload(f"{first}/3", [content("another", 1100)])
        note(world)

    may_know = False
    run, _ = told.crash(step, index, meanwhile=change)
    if not may:
        return [f"it did not die at {index}"]
    source = "files" if bucket == "data" else "media"
    found = [decode(Backup, s.data) for s in run.world.memory.query(Query("backups"))]
    newest = max((b for b in found if b.source == source), key=lambda b: b.slot)
    if newest.status != "verified":
        return [f"{newest.id} is {newest.status}: {newest.reason}"]
    kept = restored(run.world, newest, "second")
    return [n for n in may.keys() | kept.keys() if kept.get(n) not in may.get(n, {None})]


def restored(world: Any, backup: Backup, bucket: str) -> Mapping[str, bytes]:
    """What a copy of a backup holds, by name; raises what reading it raises."""
    from toban.backups.catalogue.reading import CopyOpener, open_copy
    from toban.sources import inventory

    resources = resources_of(world)
    opened = open_copy(CopyOpener(resources), backup, bucket, "secret:BACKUP_KEY")
    if backup.kind != "bucket":
        return {"content": b"".join(opened.stream())}
    records = list(inventory.records(opened.stream()))
    return {r.name: b"".join(opened.fetch(r.ref)) for r in records}
