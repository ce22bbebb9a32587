"""
Which keys are still needed, by what lies in the buckets: the catalogue is a memory, not the truth.

A key that this says is not needed can be removed. So whatever is not known keeps all of them: a key
that cannot be used from here, a bucket that cannot be read, a manifest that is damaged everywhere, a backup that is being taken or copied
and may yet write a manifest under a former key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from toban.backups.catalogue.manifest import peek
from toban.backups.catalogue.rebuild import places
from toban.backups.documents import Backup
from toban.backups.jobs import BackupJob, job_id
from toban.backups.section import BACKUP
from toban.backups.storage import layout
from toban.backups.work.take_job import TakeJob
from toban.kernel.documents import Documents
from toban.ports import Unavailable
from toban.ports.backup import Damaged, Resources
from toban.profile.profile import Profile

Doubt = Literal["key", "bucket", "manifest", "taking", "replicating"]


@dataclass(frozen=True)
class OpenQuestion:
    """Something that is not known, so that no key may be removed."""

    what: Doubt
    about: str
    """What a profile names as its key, a bucket, a manifest in one, or a backup."""
    reason: str = ""


@dataclass
class KeySurvey:
    """Which key each manifest in the buckets is under."""

    keys: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """By key and backup, in which buckets."""
    open: list[OpenQuestion] = field(default_factory=list)

    def needed_by(self, key: str) -> list[str]:
        """Return the ids of the backups that need a key."""
        return sorted(self.keys.get(key, ()))

    def under(self, backup_id: str) -> set[str]:
        """Return the keys that the manifests of a backup are under."""
        return {key for key, backups in self.keys.items() if backup_id in backups}


def survey(buckets: Iterable[str], resources: Resources) -> KeySurvey:
    """Return the key of every manifest, as it says itself: no key is needed to look."""
    found = KeySurvey()
    damaged: list[tuple[str, OpenQuestion]] = []
    whole: set[str] = set()
    for name in buckets:
        try:
            bucket = resources.bucket(name)
            for place in places(bucket):
                manifest = place.prefix + layout.MANIFEST
                try:
                    key = peek(bucket.read(manifest), name=manifest).key
                except KeyError:
                    continue  # without a manifest there is no backup
                except Damaged as error:
                    question = OpenQuestion("manifest", f"{name}/{manifest}", str(error))
                    damaged.append((place.backup_id, question))
                    continue
                whole.add(place.backup_id)
                if key is not None:
                    backups = found.keys.setdefault(key.key_id, {})
                    backups.setdefault(place.backup_id, []).append(name)
        except (Unavailable, ValueError) as error:
            found.open.append(OpenQuestion("bucket", name, str(error)))
    # One that is whole elsewhere is mended from there, by whatever key that is under.
    found.open += [question for id, question in damaged if id not in whole]
    return found


def under_way(documents: Documents, present: Iterable[str]) -> Iterator[OpenQuestion]:
    """
    Yield the work that may yet write a manifest under a former key.

    Look before `survey`: whatever ends before it is seen there.
    """
    now = set(present)
    for backup in documents.find(Backup, ("status", "==", "running")):
        job = documents.get(TakeJob, job_id(backup.id, "take"))
        if job is not None and not job.over and job.key_id and job.key_id not in now:
            yield OpenQuestion("taking", backup.id, job.key_id)
    for copying in documents.find(BackupJob, ("over", "==", False)):
        if copying.stage != "replicate":
            continue
        whose = documents.get(Backup, copying.backup_id)
        # What was taken under the present key, and never wrapped anew, can be under no other.
        anew = documents.get(BackupJob, job_id(copying.backup_id, "rewrap")) is not None
        if whose is not None and whose.key_id and (anew or whose.key_id not in now):
            yield OpenQuestion("replicating", whose.id, whose.key_id)


def buckets_of(profiles: Mapping[str, Profile], backups: Iterable[Backup]) -> list[str]:
    """Return every bucket in which a manifest may lie: of the profiles, and of the catalogue."""
    sections = [profile[BACKUP] for profile in profiles.values()]
    named = [d.bucket for section in sections if section for d in section.destinations]
    known = [
        copy.bucket for backup in backups if backup.status != "deleted" for copy in backup.copies
    ]
    return sorted({*named, *known})


def not_needed(
    known: Iterable[str], present: Iterable[str], seen: KeySurvey, doubts: Iterable[OpenQuestion]
) -> list[str]:
    """Return those of the known keys that can be removed; none while anything is not known."""
    if any(doubts):
        return []
    needed = {*seen.keys, *present}
    return [key for key in dict.fromkeys(known) if key not in needed]
