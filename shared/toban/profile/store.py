"""
Profiles in the store: the current one of each service, and every version an incident may pin.

A version is immutable; an instance reads it once. The current ones may be half a minute old.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Literal

import msgspec

from toban.kernel.document import Document, Keep
from toban.kernel.documents import Documents
from toban.kernel.handling.change import change
from toban.ports import Store
from toban.profile.builtin import BUILTIN, BUILTIN_VERSION
from toban.profile.difference import FieldChange, differences
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.version import profile_version

CURRENT_MAX_AGE = timedelta(seconds=30)


class CurrentProfile(Document, kw_only=True):
    """The current version of a service's profile."""

    COLLECTION: ClassVar[str] = "profiles"
    KEEP = Keep.always("what a service's profile says now")

    version: str
    applied_at: datetime
    profile: Profile


class PinnedProfile(Document, kw_only=True):
    """One version of a service's profile; never changed, and kept while something names it."""

    COLLECTION: ClassVar[str] = "profile_versions"
    KEEP = Keep.days(
        40,
        "after nothing names them any more: an open incident escalates by the version it began with, "
        "events under way name one as long as receipts; they hold addresses",
        "どこからも参照されなくなってから。未解決のインシデントは、始まったときのバージョンでエスカレーションする。"
        "処理中のイベントは受領記録と同じ期間参照しうる。宛先が入っている",
    )

    profile: Profile
    unused_since: datetime | None = None
    """Since when it is neither current nor pinned (`retire`); None: it is, as far as is known."""

    def over_since(self) -> datetime | None:
        """Return since when nothing names it any more."""
        return self.unused_since


def pinned_id(service: str, version: str) -> str:
    """Return the id of a version's document."""
    return f"{service}@{version}"


def current(documents: Documents) -> dict[str, CurrentProfile]:
    """Return the current profile of every service, by service id."""
    found = documents.references(CurrentProfile, CURRENT_MAX_AGE)
    return {document.id: document for document in found}


def pinned(documents: Documents, service: str, version: str) -> Profile:
    """
    Return a version of a service's profile.

    Raises `LookupError` when the store does not have it: the delivery fails and is repeated.
    """
    if version == BUILTIN_VERSION:
        return BUILTIN
    document = documents.reference(PinnedProfile, pinned_id(service, version))
    if document is None:
        raise LookupError(f"profile {service} has no version {version} in the store")
    return document.profile


@dataclass(frozen=True)
class ProfileChange:
    """What applying changes (or changed) for one service."""

    service: str
    what: Literal["new", "changed", "unchanged", "no-file"]
    """``no-file``: it is in the store alone, where its alerts and backups go on by it."""
    version: str
    before: str = ""
    fields: tuple[FieldChange, ...] = ()
    """Of a changed one."""


def applied(documents: Documents) -> dict[str, Profile]:
    """Return the current profile of every service, for a process that is no function."""
    return {document.id: document.profile for document in documents.find(CurrentProfile)}


def plan(documents: Documents, profiles: Iterable[Profile]) -> list[ProfileChange]:
    """Return what `apply` would change, by service id, and what it leaves in the store."""
    stored = {document.id: document for document in documents.find(CurrentProfile)}
    changes = []
    for profile in profiles:
        id, version = profile[SERVICE].id, profile_version(profile)
        known = stored.pop(id, None)
        if known is None:
            changes.append(ProfileChange(id, "new", version))
        elif known.version == version:
            changes.append(ProfileChange(id, "unchanged", version, version))
        else:
            fields = differences(known.profile, profile)
            changes.append(ProfileChange(id, "changed", version, known.version, fields))
    left = (ProfileChange(id, "no-file", d.version, d.version) for id, d in stored.items())
    return sorted((*changes, *left), key=lambda change: change.service)


def apply(store: Store, profiles: Iterable[Profile], now: datetime) -> list[ProfileChange]:
    """
    Write profiles to the store: the version first, then the pointer, each service on its own.

    Doing it again changes nothing; two at once end with either's version, whole.
    """
    by_id = {profile[SERVICE].id: profile for profile in profiles}
    changes = plan(Documents(store, now), by_id.values())
    for planned in changes:
        if planned.what == "no-file":
            continue
        profile = by_id[planned.service]
        version = PinnedProfile(id=pinned_id(planned.service, planned.version), profile=profile)
        change(store, PinnedProfile, version.id, partial(_kept, version))
        if planned.what != "unchanged":
            pointer = CurrentProfile(
                id=planned.service, version=planned.version, applied_at=now, profile=profile
            )
            change(store, CurrentProfile, pointer.id, partial(_pointed, pointer))
    return changes


def _kept(version: PinnedProfile, known: PinnedProfile | None) -> PinnedProfile:
    """A version never changes: one that is there is the same, unless it is about to be removed."""
    return version if known is None or known.expires_at is not None else known


def _pointed(pointer: CurrentProfile, _known: CurrentProfile | None) -> CurrentProfile:
    """Of two who apply at the same moment the last has the last word."""
    return pointer


def retire(store: Store, now: datetime, pinning: Iterable[type[Document]]) -> list[str]:
    """
    Let versions expire that nothing names any more; return the ids whose expiry has changed.

    `pinning`: documents that name versions in fields ``service`` and ``profile_version``. A
    missed run removes nothing; a version that is named again before its end stays.
    """
    documents = Documents(store, now)
    current = {pinned_id(d.id, d.version) for d in documents.find(CurrentProfile)}
    changed = []
    for document in documents.find(PinnedProfile):
        service, _, version = document.id.partition("@")
        used = document.id in current or any(
            documents.find(
                cls, ("service", "==", service), ("profile_version", "==", version), limit=1
            )
            for cls in pinning
        )
        if used == (document.unused_since is None):
            continue
        fate = msgspec.structs.replace(document, unused_since=None if used else now)
        if change(store, PinnedProfile, document.id, partial(_unless, document, fate)) is fate:
            changed.append(document.id)
    return changed


def _unless(
    seen: PinnedProfile, fate: PinnedProfile, known: PinnedProfile | None
) -> PinnedProfile | None:
    """The fate of a version, unless somebody applied (or removed) it just now."""
    unchanged = known is not None and known.unused_since == seen.unused_since
    return fate if unchanged else known
