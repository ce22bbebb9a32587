"""The section `service`: who the service is, and which alerts are its own."""

from __future__ import annotations

from typing import Final

from toban.profile.profile import SectionKey
from toban.strictyaml.values import DEFAULT_ZONE, Language, Section, ServiceId, ZoneName


class Match(Section, frozen=True):
    """An alert belongs to the service when every label named here has exactly that value."""

    labels: dict[str, str]


class Service(Section, frozen=True):
    """Who the service is and which alerts are its own."""

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

    def named(self, language: Language) -> str:
        """The service's name in a language, the only one it has if need be."""
        return self.name_en if language == "en" and self.name_en else self.name


SERVICE: Final[SectionKey[Service]] = SectionKey("service", Service)
