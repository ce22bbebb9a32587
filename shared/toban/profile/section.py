"""The section `service`: who the service is, and which alerts are its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import UNSET, UnsetType

from toban.profile.profile import Profile, SectionKey
from toban.strictyaml.values import DEFAULT_ZONE, Language, Section, ServiceId, ZoneName


class Match(Section, frozen=True):
    """A rule that matches an alert when every label named here has exactly that value."""

    labels: dict[str, str]

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Return whether it matches an alert with these labels."""
        return all(labels.get(name) == value for name, value in self.labels.items())


class Environment(Section, frozen=True):
    """One environment of the service: which alerts are of it, and whether it calls people."""

    match: tuple[Match, ...] = ()
    """Rules besides its name, which a label ``environment`` may say (`toban.profile.environments`)."""
    pages: bool | None = None
    """Whether people are called for it; None: for ``production`` they are, for no other."""


class Service(Section, frozen=True):
    """The identity of the service, and which alerts are its own."""

    id: ServiceId
    name: str
    name_en: str = ""
    language: Language = "ja"
    timezone: ZoneName = DEFAULT_ZONE
    match: tuple[Match, ...] = ()
    """
    Any one that holds makes the alert ours. Over all services the rule with the most labels wins,
    ties go to the first service id (`toban.profile.match`).
    """
    default: bool = False
    """Take the alerts that match no service (at most one profile may say so)."""

    environments: dict[str, Environment] | UnsetType = UNSET
    """By name. ``production`` is there in any case; unset: it is the only one."""

    def named(self, language: Language) -> str:
        """Return the service's name in a language, or the only one it has."""
        return self.name_en if language == "en" and self.name_en else self.name


SERVICE: Final[SectionKey[Service]] = SectionKey("service", Service)


def home_zone(profiles: Iterable[Profile]) -> str:
    """Return the zone for what belongs to no service: that of most services; UTC if none leads."""
    zones = Counter(profile[SERVICE].timezone for profile in profiles).most_common(2)
    if not zones or (len(zones) == 2 and zones[0][1] == zones[1][1]):
        return "UTC"
    return zones[0][0]
