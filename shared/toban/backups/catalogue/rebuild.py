"""
The catalogue, made anew from the manifests in the buckets: the store is a memory, not the truth.

Any one region's bucket is enough. A manifest is authenticated with the profile's key before it is
believed. What it says goes into the store as ``finished``: whoever lost the catalogue has not read
those copies back, so they count only once they are verified again. An entry that is there already
knows more (pins, tests, what was found damaged); it only gains copies that it did not know of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Literal

import msgspec

from toban.backups.catalogue.datakeys import same_but_key
from toban.backups.catalogue.manifest import DestinationEntry, Manifest, decode
from toban.backups.catalogue.plans import find_plan
from toban.backups.catalogue.writing import weight
from toban.backups.documents import Backup, Copy, SeriesState, settle
from toban.backups.section import BACKUP
from toban.backups.storage import layout
from toban.kernel.clock.skew import is_future
from toban.kernel.documents import Documents
from toban.kernel.handling.change import change
from toban.ports import Store
from toban.ports.backup import Bucket, Damaged, KeyUnavailable, Resources
from toban.profile.store import CurrentProfile, PinnedProfile, pinned_id

What = Literal["created", "extended", "known", "removed"]
"""``extended``: the entry learnt of a copy; ``removed``: it is (being) deleted, and stays so."""

_LAST = "\U0010ffff"
"""Sorts after everything that follows a prefix."""


@dataclass(frozen=True)
class FoundManifest:
    """A manifest that was found and authenticated."""

    bucket: str
    manifest: Manifest


@dataclass(frozen=True)
class SkippedManifest:
    """A manifest that was not accepted, and why."""

    bucket: str
    name: str
    reason: str


@dataclass
class BucketScan:
    """The manifests found in the buckets."""

    found: list[FoundManifest] = field(default_factory=list)
    skipped: list[SkippedManifest] = field(default_factory=list)
    unfinished: int = 0
    """Backups without a manifest: being taken or removed, or never finished."""


@dataclass(frozen=True)
class RebuildResult:
    """What rebuilding did to one backup of the catalogue."""

    backup: Backup
    what: What
    planned: bool
    """Its profile still has a plan for it; without one it can be neither verified nor restored."""


# --- reading the buckets -----------------------------------------------------------------------


def scan(
    buckets: Sequence[str],
    profiles: Mapping[str, CurrentProfile],
    resources: Resources,
    *,
    service: str = "",
    unencrypted: bool,
    seen: Callable[[FoundManifest | SkippedManifest], None] = lambda _: None,
) -> BucketScan:
    """
    Read every manifest in the buckets.

    Args:
        buckets: Their names; one region's is enough.
        profiles: The current profile of every service, for its key.
        resources: Opens buckets and keys.
        service: Only its backups; empty: of every service.
        unencrypted: Believe manifests without a key of services that have one (anybody who can
            write to the bucket could have made them).
        seen: Told of each as it is read.

    Raises `toban.ports.Unavailable` when a bucket cannot be listed.
    """
    result = BucketScan()
    for name in buckets:
        bucket = resources.bucket(name)
        for place in places(bucket, service):
            try:
                manifest = _manifest(bucket, place, profiles, resources, unencrypted=unencrypted)
            except KeyError:
                result.unfinished += 1
                continue
            except (Damaged, KeyUnavailable, LookupError, ValueError) as error:
                told = SkippedManifest(name, place.prefix + layout.MANIFEST, str(error))
                result.skipped.append(told)
                seen(told)
                continue
            found = FoundManifest(name, manifest)
            result.found.append(found)
            seen(found)
    return result


def places(bucket: Bucket, service: str = "") -> Iterator[layout.ObjectName]:
    """
    Return every backup of which objects lie in a bucket (below ``service/``).

    Each costs one call of `list`, not one for each of its parts.
    """
    root = f"{service}/" if service else ""
    after = ""
    while True:
        place = None
        for info in bucket.list(root, after):
            place = layout.parse(info.name)
            if place is not None:
                break
        if place is None:
            return
        yield place
        after = place.prefix + _LAST


class NoProfile(LookupError):
    """There is no profile for a service's backups, so their key is unknown."""


def _manifest(
    bucket: Bucket,
    place: layout.ObjectName,
    profiles: Mapping[str, CurrentProfile],
    resources: Resources,
    *,
    unencrypted: bool,
) -> Manifest:
    """Raises `KeyError` when there is none, and what `decode` raises."""
    name = place.prefix + layout.MANIFEST
    data = bucket.read(name)
    current = profiles.get(place.service)
    section = current.profile[BACKUP] if current else None
    if section is None:
        raise NoProfile(f"{name}: no profile of {place.service} with backups is applied")
    unwrap = resources.keys(" ".join(section.keys)).unwrap if section.key else None
    must = True if section.key and not unencrypted else None
    return decode(data, unwrap, name=name, encrypted=must)[0]


# --- what follows from it: pure ----------------------------------------------------------------


def entries(found: Iterable[FoundManifest], profiles: Mapping[str, CurrentProfile]) -> list[Backup]:
    """
    Return an entry of the catalogue for every backup, with the copies that were found; by id.

    Copies stand in the order of the manifest's destinations, so the first that is left takes
    the place of the original. Of two manifests that differ in more than the key that they are under
    the first destination's is used.
    """
    by_id: dict[str, dict[str, FoundManifest]] = {}
    for each in found:
        by_id.setdefault(each.manifest.backup_id, {})[each.bucket] = each
    made = []
    for id in sorted(by_id):
        manifests = by_id[id]
        first = next(iter(manifests.values())).manifest
        ordered = _in_order(manifests, first.destinations)
        manifest = manifests[ordered[0]].manifest
        regions = {d.bucket: d.region for d in _destinations(manifest, profiles)}
        copies = [
            Copy(bucket=bucket, region=regions.get(bucket, ""), manifest=True)
            for bucket in ordered
            if same_but_key(manifests[bucket].manifest, manifest)
        ]
        made.append(manifest.document(copies))
    return made


def _in_order(buckets: Iterable[str], destinations: Sequence[DestinationEntry]) -> list[str]:
    rank = {place.bucket: position for position, place in enumerate(destinations)}
    return sorted(buckets, key=lambda bucket: (rank.get(bucket, len(rank)), bucket))


def _destinations(
    manifest: Manifest, profiles: Mapping[str, CurrentProfile]
) -> Iterator[DestinationEntry]:
    """Regions by bucket: what the profile says now, then what the manifest said then."""
    current = profiles.get(manifest.service)
    section = current.profile[BACKUP] if current else None
    for destination in section.destinations if section else ():
        yield DestinationEntry(bucket=destination.bucket, region=destination.region)
    yield from manifest.destinations


def merged(
    known: Backup | None, found: Backup, destinations: Sequence[DestinationEntry] = ()
) -> tuple[Backup, What]:
    """
    Return the entry as it should be: a new one, or the known one with copies it did not have.

    Copies are put in the order of `destinations`: the first is what others are made from.
    """
    if known is None:
        return found, "created"
    if known.status in ("deleting", "deleted"):
        return known, "removed"
    if known.finished_at is None and known.status != "running":
        # Given up before the news of its end was noted; the manifest says that it did end.
        return msgspec.structs.replace(
            found,
            pinned=known.pinned,
            pinned_by=known.pinned_by,
            note=known.note,
            restores=known.restores,
            tests=known.tests,
        ), "extended"
    there = {copy.bucket for copy in known.copies if copy.manifest}
    new = {copy.bucket: copy for copy in found.copies if copy.bucket not in there}
    if not new or known.status == "running":
        return known, "known"
    copies = {copy.bucket: copy for copy in known.copies} | new
    ordered = [copies[bucket] for bucket in _in_order(copies, destinations)]
    extended = msgspec.structs.replace(known, copies=ordered)
    settle(extended)
    return extended, "extended"


def series_of(backups: Iterable[Backup], weights: Mapping[str, int]) -> dict[str, SeriesState]:
    """Return the state of every series that follows from finished backups; `weights` by backup id."""
    states: dict[str, SeriesState] = {}
    newest: dict[str, Backup] = {}
    for backup in backups:
        key = backup.series
        state = states.setdefault(
            key,
            SeriesState(id=key, service=backup.service, source=backup.source, class_=backup.class_),
        )
        state.newest_slot = max(state.newest_slot or backup.slot, backup.slot)
        if key not in newest or (newest[key].slot, newest[key].id) < (backup.slot, backup.id):
            newest[key] = backup
            state.finished = backup.id
            state.finished_bytes = weights.get(backup.id, 0)
            state.fingerprint = backup.fingerprint
    return states


def advanced(known: SeriesState | None, found: SeriesState, now: datetime) -> SeriesState:
    """
    Return the state that knows more: what a series has recorded itself is kept.

    Except a newest slot ahead of now, which a wrong clock wrote.
    """
    if known is None:
        return found
    if is_future(known.newest_slot, now):
        known = msgspec.structs.replace(known, newest_slot=None, finished="")
    if known.newest_slot is not None and known.newest_slot >= (
        found.newest_slot or known.newest_slot
    ):
        if known.finished:
            return known
        return msgspec.structs.replace(
            known,
            finished=found.finished,
            finished_bytes=found.finished_bytes,
            fingerprint=found.fingerprint,
        )
    return msgspec.structs.replace(
        known,
        newest_slot=found.newest_slot,
        finished=found.finished,
        finished_bytes=found.finished_bytes,
        fingerprint=found.fingerprint,
    )


# --- writing it --------------------------------------------------------------------------------


def rebuild(
    found: Sequence[FoundManifest],
    profiles: Mapping[str, CurrentProfile],
    store: Store,
    *,
    now: datetime,
    dry_run: bool = False,
) -> list[RebuildResult]:
    """
    Enter what was found into the store, and return the results by id (`dry_run`: write
    nothing).

    Done again, or by two at once, it changes nothing more. A version of the profile that the
    store no longer has is replaced by the current one, which verifying and restoring then use.
    """
    documents = Documents(store, now)
    done = []
    destinations = {each.manifest.backup_id: each.manifest.destinations for each in found}
    for backup in entries(found, profiles):
        _pin_version(backup, profiles, documents)
        result, what = _put(documents, backup, destinations[backup.id], dry_run=dry_run)
        current = profiles.get(backup.service)
        planned = current is not None and _is_planned(result, current, documents)
        done.append(RebuildResult(result, what, planned))
    weights = {f.manifest.backup_id: weight(f.manifest) for f in found}
    live = [r.backup for r in done if r.what != "removed" and not r.backup.is_ahead(now)]
    if not dry_run:
        for state in series_of(live, weights).values():
            change(store, SeriesState, state.id, partial(advanced, found=state, now=now))
    return done


def _pin_version(
    backup: Backup, profiles: Mapping[str, CurrentProfile], documents: Documents
) -> None:
    if _version(documents, backup) is None:
        backup.profile_version = profiles[backup.service].version


def _is_planned(backup: Backup, current: CurrentProfile, documents: Documents) -> bool:
    pinned = _version(documents, backup)
    profile = pinned.profile if pinned else current.profile
    return find_plan(profile, backup.source, backup.class_) is not None


def _version(documents: Documents, backup: Backup) -> PinnedProfile | None:
    version = backup.profile_version
    id = pinned_id(backup.service, version)
    return documents.get(PinnedProfile, id) if version else None


def _put(
    documents: Documents, backup: Backup, destinations: Sequence[DestinationEntry], *, dry_run: bool
) -> tuple[Backup, What]:
    what: What = "known"

    def entry(known: Backup | None) -> Backup:
        nonlocal what
        merged_, what = merged(known, backup, destinations)
        return merged_

    if dry_run:
        return entry(documents.get(Backup, backup.id)), what
    return change(documents.store, Backup, backup.id, entry), what
