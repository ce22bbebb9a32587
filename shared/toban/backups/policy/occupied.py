"""Locations into which no restore may load: those that keep backups, and those backed up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from toban.backups.documents import Backup
from toban.backups.section import BACKUP, NOTHING
from toban.ports import PortError
from toban.ports.backup import Resources, Spec
from toban.profile.profile import Profile


@dataclass(frozen=True)
class LocationInUse:
    """A location that is in use."""

    what: Literal["destination", "source"]
    service: str
    name: str
    """Of the source; of the destination's bucket."""

    def __str__(self) -> str:
        if self.what == "destination":
            return f"keeps backups of {self.service} (bucket {self.name})"
        return f"is the source {self.name} of {self.service}"


def bucket_name(text: str) -> str:
    """Return the name of a bucket, however it was written: ``gs://Name/`` is ``name``."""
    return text.strip().removeprefix("gs://").partition("/")[0].lower()


def keeps_backups(
    bucket: str, profiles: Mapping[str, Profile], backup: Backup | None = None
) -> LocationInUse | None:
    """Return what keeps backups in a bucket: a destination of any profile, or a copy of `backup`."""
    wanted = bucket_name(bucket)
    if not wanted:
        return None
    for service, profile in sorted(profiles.items()):
        for destination in (profile[BACKUP] or NOTHING).destinations:
            if bucket_name(destination.bucket) == wanted:
                return LocationInUse("destination", service, destination.bucket)
    for copy in backup.copies if backup is not None else ():
        if bucket_name(copy.bucket) == wanted:
            return LocationInUse("destination", backup.service if backup else "", copy.bucket)
    return None


def is_source(
    identity: str, kind: str, profiles: Mapping[str, Profile], resources: Resources
) -> LocationInUse | None:
    """Return the source of any profile that a target of this kind would replace."""
    for service, name, found in _identities(kind, profiles, resources):
        if found == identity:
            return LocationInUse("source", service, name)
    return None


def _identities(
    kind: str, profiles: Mapping[str, Profile], resources: Resources
) -> Iterator[tuple[str, str, str]]:
    for service, profile in sorted(profiles.items()):
        for name, source in (profile[BACKUP] or NOTHING).sources.items():
            spec = source.spec
            if spec.kind != kind:
                continue
            try:
                yield service, name, resources.source(spec).identity
            except (ValueError, PortError):
                continue  # a secret that this process may not read: its profile's checks name it


def refusal(
    identity: str,
    spec: Spec,
    profiles: Mapping[str, Profile],
    resources: Resources,
    backup: Backup,
    *,
    onto_source: bool,
) -> str:
    """
    Return why a backup may not be loaded into a place, whatever that holds; empty: nothing says so.

    Args:
        identity: Of the target.
        spec: What the target is made of. A recovery's option ``overwrite`` lets it be a source.
        profiles: The current profile of every service.
        resources: Makes sources, to learn their identities.
        backup: The restored one.
        onto_source: The target is the source of `backup`, and that is known to be so.
    """
    bucket = str(spec.options.get("bucket") or "")
    if (kept := keeps_backups(bucket, profiles, backup)) is not None:
        return f"{bucket} {kept}: nothing was written. Name another bucket"
    test = spec.options.get("purpose") == "test"
    confirmed = str(spec.options.get("overwrite")).lower() in ("true", "yes", "1")
    if onto_source or (confirmed and not test):
        return ""
    if (source := is_source(identity, spec.kind, profiles, resources)) is not None:
        told = "" if test else ", or say that it may be overwritten (overwrite=true)"
        return f"{identity} {source}: nothing was written. Name another place{told}"
    return ""
