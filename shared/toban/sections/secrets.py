"""Which secrets a profile names, and where in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from toban.ports import Secrets
from toban.profile.profile import Profile
from toban.sections.collect import secrets
from toban.sections.texts import both
from toban.strictyaml.findings import Finding, join
from toban.strictyaml.values import Section, secrets_of

_NAMES = "secret:"
"""Before the name of a secret where something else may be written as well."""


@dataclass(frozen=True, slots=True)
class UnsetSecret(Finding):
    """A secret that a profile names and that has no value on this machine."""

    name: str = ""


def places(profile: Profile) -> dict[str, str]:
    """Return every secret that a profile's sections need, with the key path that names it first."""
    found: dict[str, str] = {}
    for name, path in _named(profile, ()):
        found.setdefault(name, path)
    return {name: found.get(name, "") for name in sorted(secrets(profile))}


def unset(profile: Profile, is_set: Callable[[str], bool]) -> Iterator[UnsetSecret]:
    """Yield a warning for each secret that a profile names and that has no value here."""
    for name, path in places(profile).items():
        if not is_set(name):
            message = both("finding.sections.secret-unset", name=name)
            yield UnsetSecret("warning", "secret-unset", path, message, name=name)


def unset_names(profiles: Iterable[Profile], values: Secrets) -> set[str]:
    """Return the names of all secrets that profiles name and that have no value."""
    named = {name for profile in profiles for name in secrets(profile)}
    return {name for name in named if not values.values(name)}


def _named(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    """Every name of a secret below a value, with its path."""
    if isinstance(value, Section):
        for key, name in secrets_of(value).items():
            yield name, join(*path, key)
        for field in msgspec.structs.fields(value):
            yield from _named(getattr(value, field.name), (*path, field.encode_name))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _named(each, (*path, key))
    elif isinstance(value, tuple | list):
        for number, each in enumerate(value):
            yield from _named(each, (*path, number))
    elif isinstance(value, str) and value.startswith(_NAMES):
        yield value.removeprefix(_NAMES), join(*path)
