"""What must hold of backups once everything has come to rest. Each check names what broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.simulation.backup_changes import restored
from tests.simulation.backup_sim import BackupSimulation
from tests.simulation.backup_story import resources_of
from tests.simulation.invariants import everything
from toban.backups.catalogue.manifest import listed, peek
from toban.backups.catalogue.reading import CopyOpener
from toban.backups.documents import JUDGED, Backup, SeriesState, standing
from toban.backups.jobs import BackupJob
from toban.backups.policy.alerts import BackupWatch, copy_fingerprint, failure_fingerprint
from toban.backups.policy.copies import copy_in
from toban.backups.policy.restores import Restore
from toban.backups.storage import layout
from toban.backups.storage.instructions import FILES, FOLDER
from toban.kernel.handling.parking import ParkedMessage

BUCKETS = ("primary", "second")


def violations(simulation: BackupSimulation) -> list[str]:
    """Everything that is wrong at the end of a run; empty when all is well."""
    return [
        *simulation.wrong,
        *_at_rest(simulation),
        *_slots(simulation),
        *_true(simulation),
        *_objects(simulation),
        *_alerts(simulation),
        *_copies(simulation),
        *_restores(simulation),
    ]


def _at_rest(simulation: BackupSimulation) -> Iterator[str]:
    world = simulation.world
    yield from (f"queue: {n} in {name}" for name, n in world.bus.pending().items() if n)
    for name in world.bus.subscriptions:
        for letter in world.bus.pull(name, 100):
            yield f"dead letter left in {name}: {letter.message.attributes.get('ce-type')}"
    for parked in everything(world, ParkedMessage):
        if parked.reason == "invalid":
            yield f"parked: {parked.function} {parked.error[:200]}"
    catalogue = {b.id: b for b in simulation.backups()}
    for backup in catalogue.values():
        if backup.status in ("running", "deleting"):
            yield f"{backup.id} left {backup.status}"
        if backup.status == "finished" and not backup.reason:
            yield f"{backup.id} was never verified, and nobody knows"
        if backup.restores:
            yield f"{backup.id} is held by {backup.restores}"
    for job in [*everything(world, BackupJob), *everything(world, Restore)]:
        if job.lease_until is not None:
            yield f"{job.id} is under a lease at rest"
        if not job.over and isinstance(job, BackupJob) and job.stage != "prune":
            yield f"{job.id} is not over at step {job.step}"
    for restore in everything(world, Restore):
        if restore.status == "running":
            yield f"restore {restore.id} left running"
    for series in everything(world, SeriesState):
        if series.running:
            yield f"{series.id} is left running {series.running}"


def _slots(simulation: BackupSimulation) -> Iterator[str]:
    slots = Counter((b.source, b.class_, b.slot) for b in simulation.backups())
    yield from (f"{slot}: {n} backups" for slot, n in slots.items() if n > 1)


def rotten(simulation: BackupSimulation, backup: Backup, bucket: str) -> bool:
    """Whether something that this copy needs rots, so that nothing can be asked of it."""
    catalogue = {b.id: b for b in simulation.backups()}
    prefixes = [backup.prefix, *(catalogue[n].prefix for n in backup.needs if n in catalogue)]
    return any(b == bucket and n.startswith(p) for b, n in simulation.rotten for p in prefixes)


def _true(simulation: BackupSimulation) -> Iterator[str]:
    """A verified copy holds exactly what the source did."""
    for backup in simulation.backups():
        if backup.status != "verified":
            continue
        for copy in backup.copies:
            if not copy.proven or rotten(simulation, backup, copy.bucket):
                continue
            try:
                found = restored(simulation.world, backup, copy.bucket)
            except Exception as error:  # noqa: BLE001 whatever it is, it cannot be restored
                yield f"verified {backup.id} in {copy.bucket}: {type(error).__name__}: {error}"
                continue
            yield from _compared(simulation, backup, dict(found), f"{backup.id} in {copy.bucket}")


def _compared(
    simulation: BackupSimulation, backup: Backup, found: dict[str, bytes], what: str
) -> Iterator[str]:
    bucket = {"files": "data", "media": "media", "dump": "dump"}.get(backup.source)
    if bucket is None:
        return
    assert backup.snapshot_at is not None
    assert backup.finished_at is not None
    may = simulation.states(bucket, backup.snapshot_at, backup.finished_at)
    for name in sorted(may.keys() | found.keys()):
        if found.get(name) not in may.get(name, {None}):
            yield f"{what}: {name} is not what the source held"


def _objects(simulation: BackupSimulation) -> Iterator[str]:
    """
    Nothing lies around that no manifest lists.

    But for one object that a holder wrote which stood still beyond its lease: no bucket knows
    fences. It goes with its backup, and nobody reads it.
    """
    stood_still = simulation.counts.get("stall", 0) > 0
    catalogue = {b.prefix: b for b in simulation.backups()}
    for bucket in BUCKETS:
        names: dict[str, set[str]] = {}
        for info in list(simulation.world.buckets(bucket).list()):
            place = layout.parse(info.name)
            if place is None and info.name.removeprefix(FOLDER) in FILES:
                continue
            if place is None:
                yield f"{bucket}/{info.name}: a name that is none"
                continue
            names.setdefault(place.prefix, set()).add(place.rest)
        for prefix, rests in names.items():
            backup = catalogue.get(prefix)
            if backup is None or backup.status == "deleted":
                status = backup.status if backup else "unknown"
                yield f"{bucket}/{prefix}: {sorted(rests)[:3]} of a backup that is {status}"
            elif layout.MANIFEST in rests and not rotten(simulation, backup, bucket):
                strays = rests - _listed(simulation, bucket, prefix)
                if _accounted(simulation, bucket, prefix):
                    # Content of an object that changed before a dead step was gone on with: it
                    # is counted in the manifest, and goes with it.
                    strays = {s for s in strays if not s.startswith(layout.OBJECTS)}
                if strays and not stood_still:
                    yield f"{bucket}/{prefix}: {sorted(strays)[:3]} is in no manifest"
            elif layout.MANIFEST not in rests and _is_verified(backup, bucket):
                yield f"{bucket}/{prefix}: verified without a manifest"
    staged = [i.name for i in simulation.world.buckets("staging").list()]
    if staged and not stood_still:
        yield f"staging: {len(staged)} objects left, {staged[0]}"


def _is_verified(backup: Backup, bucket: str) -> bool:
    copy = copy_in(backup, bucket)
    return copy is not None and copy.proven


def _accounted(simulation: BackupSimulation, bucket: str, prefix: str) -> bool:
    objects = simulation.world.buckets(bucket)
    name = prefix + layout.MANIFEST
    totals = peek(objects.read(name), name=name).object_totals
    sizes = [i.size for i in objects.list(prefix + layout.OBJECTS)]
    return (len(sizes), sum(sizes)) == (totals.objects, totals.bytes)


def _listed(simulation: BackupSimulation, bucket: str, prefix: str) -> set[str]:
    objects = simulation.world.buckets(bucket)
    name = prefix + layout.MANIFEST
    manifest = peek(objects.read(name), name=name)
    names = {layout.MANIFEST, *(ref.name for ref in manifest.index)}
    names |= {entry.name for entry in listed(manifest, objects.read)}
    resources = resources_of(simulation.world)
    opened = CopyOpener(resources).open(prefix, bucket, "secret:BACKUP_KEY")
    for ref in resources.format(manifest.kind).object_refs(opened.stream()):
        if ref.backup_id != manifest.backup_id:
            continue
        if ref.copied:
            names.add(ref.name)
        else:
            names |= {i.name.removeprefix(prefix) for i in objects.list(f"{prefix}{ref.name}/")}
    return names


def _alerts(simulation: BackupSimulation) -> Iterator[str]:
    watches = {w.id: w for w in everything(simulation.world, BackupWatch)}
    open_now = watches["shop"].open if "shop" in watches else {}
    for plan in simulation.section.plans:
        own = [
            b for b in simulation.backups() if (b.source, b.class_) == (plan.source, plan.class_)
        ]
        counted = [b for b in own if b.status not in ("deleted", "deleting")]
        newest = max(counted, key=lambda b: b.slot, default=None)
        fingerprint = failure_fingerprint(plan.source, plan.class_)
        if newest is None:
            yield f"{plan.source}/{plan.class_}: no backup at all"
        elif newest.status == "verified" and fingerprint in open_now:
            yield f"{fingerprint} is still open, and {newest.id} is verified"
        elif newest.status != "verified" and fingerprint not in open_now:
            yield f"{newest.id} is {newest.status} ({newest.reason}), and nobody is told"
        healthy = newest is not None and newest.status == "verified"
        shrank = newest is not None and "it shrank" in newest.reason  # as it should be told
        if not healthy and not shrank and not simulation.rotten:
            yield f"{plan.source}/{plan.class_} did not recover: {newest}"


def _copies(simulation: BackupSimulation) -> Iterator[str]:
    """Whoever looks at a copy that is not verified finds an alert about it, and at no other."""
    watches = {w.id: w for w in everything(simulation.world, BackupWatch)}
    open_now = watches["shop"].open if "shop" in watches else {}
    about = {name for name in open_now if name.startswith("backup-copy/")}
    catalogue = {b.id: b for b in simulation.backups()}
    for backup in catalogue.values():
        if backup.status not in JUDGED:
            continue
        if backup.status != standing(backup):
            yield f"{backup.id} is {backup.status}, and by its copies {standing(backup)}"
        for copy in backup.copies:
            fingerprint = copy_fingerprint(backup.source, backup.class_, copy.bucket)
            bases = [catalogue[id] for id in backup.needs if id in catalogue]
            there = [copy_in(base, copy.bucket) for base in bases]
            hurt = any(base is not None and (base.damage or base.unreadable) for base in there)
            doubtful = hurt or not copy.proven
            if backup.status == "verified" and doubtful and fingerprint not in open_now:
                yield f"{backup.id} is {copy.state} in {copy.bucket}, and nobody is told"
            if copy.damage or copy.unreadable or hurt:
                about.discard(fingerprint)
    yield from (f"{name} is open, and no such copy is in trouble" for name in sorted(about))


def _restores(simulation: BackupSimulation) -> Iterator[str]:
    catalogue = {b.id: b for b in simulation.backups()}
    target = simulation.world.buckets("target")
    for restore in everything(simulation.world, Restore):
        backup = catalogue.get(restore.backup_id)
        if restore.purpose == "test" or restore.status != "finished" or backup is None:
            continue
        prefix = f"{restore.id}/"
        found = {i.name.removeprefix(prefix): target.read(i.name) for i in target.list(prefix)}
        yield from _compared(simulation, backup, found, f"restore {restore.id} of {backup.id}")
