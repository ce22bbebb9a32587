"""
The sections that there are, found where their domains define them.

A domain's package (or a room of it) that has a module ``section`` defines one `SectionKey` there.
Beside it may stand ``check`` (`check`, `mentions`) and ``needs`` (`schedules`, `buckets`, `secrets`).
Nothing lists them.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

import toban
from toban.kernel.clock.schedule import RecurringEvent
from toban.profile.context import CheckContext
from toban.profile.profile import FIRST, NAMES, Profile, SectionKey, T
from toban.strictyaml.report import Report
from toban.strictyaml.values import Section


@dataclass(frozen=True, slots=True)
class SectionDefinition:
    """A section and the package that defines it."""

    key: SectionKey[Any]
    package: str

    def check(self, profile: Profile, report: Report, context: CheckContext) -> None:
        """Report everything questionable about the section in a profile."""
        check = self._beside("check", "check")
        if check is not None:
            check(profile, report, context)

    def mentions(self, profile: Profile) -> Iterable[tuple[str, str]]:
        """Yield what the section mentions of others: (section, name there)."""
        mentions = self._beside("check", "mentions")
        return () if mentions is None else mentions(profile)

    def schedules(self, profile: Profile) -> Iterable[RecurringEvent]:
        """Return the schedules that it causes."""
        schedules = self._beside("needs", "schedules")
        return () if schedules is None else schedules(profile)

    def buckets(self, profile: Profile) -> Iterable[str]:
        """Return the names of the buckets that it needs."""
        buckets = self._beside("needs", "buckets")
        return () if buckets is None else buckets(profile)

    def secrets(self, profile: Profile) -> Iterable[str]:
        """Return the names of the secrets that it needs."""
        secrets = self._beside("needs", "secrets")
        return () if secrets is None else secrets(profile)

    def _beside(self, module: str, function: str) -> Any:
        name = f"{self.package}.{module}"
        if importlib.util.find_spec(name) is None:
            return None
        return getattr(importlib.import_module(name), function, None)


@cache
def defined() -> tuple[SectionDefinition, ...]:
    """
    Return every section, in the order of `NAMES`.

    Raises `ValueError` for a name that is not settled, for a section that is defined twice, and
    for a module that does not hold exactly one key.
    """
    found: dict[str, SectionDefinition] = {}
    for package in _packages():
        module = importlib.import_module(f"{package}.section")
        keys = [value for value in vars(module).values() if isinstance(value, SectionKey)]
        if len(keys) != 1:
            raise ValueError(f"{package}.section holds {len(keys)} keys of sections, not one")
        section = SectionDefinition(keys[0], package)
        other = found.setdefault(keys[0].name, section)
        if other is not section:
            raise ValueError(f"{keys[0].name} is defined by {other.package} and by {package}")
    return tuple(found[name] for name in NAMES if name in found)


def _packages() -> Iterator[str]:
    for folder in map(Path, toban.__path__):
        for file in sorted(folder.rglob("section.py")):
            yield ".".join(("toban", *file.relative_to(folder).parent.parts))


@cache
def whole() -> type[Section]:
    """
    Return the type of a profile with all sections as its fields; it is a `Profile` as well.

    Sections that came after the first release are unset where nothing is said, and not stored.
    """

    def had(self: Any, key: SectionKey[T]) -> T:
        value: Any = getattr(self, key.name)
        return key.default if value is msgspec.UNSET else value  # type: ignore[return-value]

    made: Any = msgspec.defstruct(
        "Profile",
        [_field(section.key) for section in defined()],
        bases=(Section, Profile),
        frozen=True,
        module=__name__,
        namespace={"__doc__": "One service's operations design.", "__getitem__": had},
    )
    kind: type[Section] = made
    return kind


def _field(key: SectionKey[Any]) -> Any:
    if key.name not in FIRST:
        return key.name, key.type, msgspec.UNSET
    if key.default is None and type(None) not in getattr(key.type, "__args__", ()):
        return key.name, key.type
    return key.name, key.type, key.default


def buckets(profile: Profile) -> set[str]:
    """Return every bucket that a profile's sections need."""
    return {name for section in defined() for name in section.buckets(profile)}


def secrets(profile: Profile) -> set[str]:
    """Return the name of every secret that a profile's sections need."""
    return {name for section in defined() for name in section.secrets(profile)}


def schedules(profile: Profile) -> list[RecurringEvent]:
    """Return every schedule that a profile causes."""
    return [each for section in defined() for each in section.schedules(profile)]
