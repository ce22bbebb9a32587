"""A profile: one service's operations design, as a container of sections that domains define."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from toban.kernel.prepared import converted
from toban.texts import Both

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

NAMES: Final = (
    "service", "team", "severities", "grouping", "channels", "people", "oncall", "escalation",
    "incidents", "maintenance", "playbooks", "remediation", "deploy", "backup", "recovery", "drills",
    "monitors", "service_levels", "scaling", "capacity", "components", "status_page", "console",
    "health", "checklists", "logs", "vulnerabilities", "tickets", "reviews", "audits", "costs",
)  # fmt: skip
"""
What sections may be called, in the order of a profile. A section belongs to one domain, which may
not be there yet.
"""

FIRST: Final = frozenset(
    {"service", "severities", "grouping", "channels", "people", "oncall", "escalation", "backup"}
)
"""
Sections of the first release. They are stored with all their defaults even where a profile has
none, because a version is a hash of what is stored; later ones are stored only where they say
something, so that a release with more sections changes no version.
"""


@dataclass(frozen=True, slots=True)
class SectionKey(Generic[T_co]):
    """
    The name and type of a section: ``profile[SEVERITIES]`` is a ``tuple[Severity, ...]``.

    Defined once, in the module ``section`` of the domain that the section belongs to. Raises
    `ValueError` for a name that is not settled (`NAMES`).
    """

    name: str
    type: Any
    """What its stored form is decoded to, an alternative of `T_co`."""
    default: T_co | None = None
    """What holds where a profile has no such section. None for `T_co` without None: it is required."""
    inactive: Both | None = None
    """What does not work without it (Japanese, English); None: nothing worth telling."""
    team: bool = False
    """It may stand in a team file."""

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"{self.name!r} is no settled name of a section ({', '.join(NAMES)})")


class Profile:
    """
    The profile of a service: its sections, by their keys.

    Read from the store it is a `StoredProfile`, from a file what `toban.sections` makes of all
    sections there are.
    """

    __slots__ = ()

    def __getitem__(self, key: SectionKey[T]) -> T:
        """The section, or its default where the profile has none."""
        raise KeyError(key.name)

    @classmethod
    def from_stored(cls, value: Any) -> Profile:
        """Return a profile from the form that the store has; see `toban.kernel.document.decode`."""
        return StoredProfile(value)


class StoredProfile(Profile):
    """
    A profile as stored; each section is decoded when it is first asked for.

    So a function decodes, and imports, only the sections that it uses; unknown sections (a
    newer release applied them) are kept unchanged.
    """

    __slots__ = ("_decoded", "stored")

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.stored = stored
        self._decoded: dict[str, Any] = {}

    def __getitem__(self, key: SectionKey[T]) -> T:
        """
        The section, or its default where the profile has none.

        Raises `msgspec.ValidationError`: the store holds something that this code did not write.
        """
        if key.name not in self._decoded:
            stored = key.name in self.stored
            self._decoded[key.name] = (
                converted(self.stored[key.name], key.type) if stored else key.default
            )
        section: T = self._decoded[key.name]
        return section

    def to_stored(self) -> Mapping[str, Any]:
        """See `toban.kernel.document.encode`."""
        return self.stored
