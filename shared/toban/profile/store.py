"""
Profiles in the store: the current one of each service, and every version an incident may pin.

A version is immutable; an instance reads it once. The current ones may be half a minute old.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from toban.kernel.document import Document, decode, encode
from toban.kernel.work import Work
from toban.ports import AlreadyExists, Create, Query, Stale, Store, Update, Write
from toban.profile.builtin import BUILTIN, BUILTIN_VERSION
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.version import profile_version

CURRENT_MAX_AGE = timedelta(seconds=30)


class CurrentProfile(Document, kw_only=True):
    """What a service's profile says now."""

    COLLECTION: ClassVar[str] = "profiles"

    version: str
    applied_at: datetime
    profile: Profile


class PinnedProfile(Document, kw_only=True):
    """One version of a service's profile; never changed, never removed while incidents pin it."""

    COLLECTION: ClassVar[str] = "profile_versions"

    profile: Profile


def pinned_id(service: str, version: str) -> str:
    """Where a version lives."""
    return f"{service}@{version}"


def current(work: Work) -> dict[str, CurrentProfile]:
    """The current profile of every service, by service id."""
    found = work.references(CurrentProfile, CURRENT_MAX_AGE)
    return {document.id: document for document in found}


def pinned(work: Work, service: str, version: str) -> Profile:
    """
    A version of a service's profile.

    Raises `LookupError` when the store does not have it: the delivery fails and is repeated.
    """
    if version == BUILTIN_VERSION:
        return BUILTIN
    document = work.reference(PinnedProfile, pinned_id(service, version))
    if document is None:
        raise LookupError(f"profile {service} has no version {version} in the store")
    return document.profile


@dataclass(frozen=True)
class Change:
    """What applying would do (or did) to one service."""

    service: str
    what: Literal["new", "changed", "unchanged"]
    version: str
    before: str = ""


def applied(store: Store) -> dict[str, Profile]:
    """The current profile of every service, for a process that is no function."""
    found = store.query(Query(CurrentProfile.COLLECTION))
    return {s.key.id: decode(CurrentProfile, s.data).profile for s in found}


def plan(store: Store, profiles: Iterable[Profile]) -> list[Change]:
    """What `apply` would change, by service id."""
    stored = {
        s.key.id: decode(CurrentProfile, s.data)
        for s in store.query(Query(CurrentProfile.COLLECTION))
    }
    changes = []
    for profile in sorted(profiles, key=lambda p: p[SERVICE].id):
        version = profile_version(profile)
        before = stored.get(profile[SERVICE].id)
        what: Literal["new", "changed", "unchanged"] = (
            "new" if before is None else "unchanged" if before.version == version else "changed"
        )
        changes.append(Change(profile[SERVICE].id, what, version, before.version if before else ""))
    return changes


def apply(store: Store, profiles: Iterable[Profile], now: datetime) -> list[Change]:
    """
    Write profiles to the store: the version first, then the pointer, each service on its own.

    Doing it again changes nothing; two at once end with either's version, whole.
    """
    by_id = {profile[SERVICE].id: profile for profile in profiles}
    changes = plan(store, by_id.values())
    for change in changes:
        profile = by_id[change.service]
        version = PinnedProfile(id=pinned_id(change.service, change.version), profile=profile)
        try:
            store.commit([Create(version.key(version.id), encode(version))])
        except AlreadyExists:
            pass  # a version is immutable: what is there is the same
        if change.what != "unchanged":
            _point(store, profile, change.version, now)
    return changes


def _point(store: Store, profile: Profile, version: str, now: datetime) -> None:
    document = CurrentProfile(
        id=profile[SERVICE].id, version=version, applied_at=now, profile=profile
    )
    key = document.key(document.id)
    while True:
        before = store.get([key])[0]
        write: Write = (
            Create(key, encode(document))
            if before is None
            else Update(key, encode(document), before.version)
        )
        try:
            store.commit([write])
            return
        except (AlreadyExists, Stale):
            continue  # somebody else applied at the same moment: read again and have the last word
