"""
Who may be called, and by which ways: every one that some escalation step or severity would use.

Pure. A way that is tested is known by a key made of what sends and where to, so that an answer holds
for every service in which the same person is called by the same way, and for none after a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from toban.channels.section import CHANNELS
from toban.escalation.section import steps_for
from toban.kernel.ids import derive
from toban.oncall.section import ONCALL
from toban.oncall.targets import Contact, resolve
from toban.people.section import PEOPLE
from toban.profile.profile import Profile
from toban.severities.section import SEVERITIES, Severity, severity_at
from toban.testpages.documents import PageTest

Standing = Literal["shown", "changed", "never"]
"""``changed``: they have answered one, and are called by another way since."""

_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


def called(profile: Profile) -> list[str]:
    """Return the ids of all people whom a rotation, an escalation step or a severity may call."""
    found = dict.fromkeys(_on_rotation(profile))
    for severity in profile[SEVERITIES]:
        for targets, _ in _asked(profile, severity):
            named = (target.partition(":") for target in targets)
            found |= dict.fromkeys(name for kind, _, name in named if kind == "person")
    return [person for person in found if person in profile[PEOPLE]]


def ways(profile: Profile, person: str) -> list[Contact]:
    """
    Return how a person would be called, each channel once: as for the worst severity first.

    Whoever nobody would call is reached as for every severity.
    """
    on_rotation = person in set(_on_rotation(profile))
    by_severity = [
        (severity, _via(profile, severity, person, on_rotation=on_rotation))
        for severity in sorted(profile[SEVERITIES], key=lambda severity: severity.level)
    ]
    if not any(via for _, via in by_severity):
        by_severity = [(severity, severity.via) for severity, _ in by_severity]
    found: dict[str, Contact] = {}
    for severity, via in by_severity:
        if via:
            reached = resolve(profile, (f"person:{person}",), via, severity, _ANY_TIME).contacts
            for contact in reached:
                found.setdefault(contact.channel_id, contact)
    return _outside(profile, found.values())


def severity_of(profile: Profile, person: str) -> Severity:
    """Return the worst severity for which a person is called, else the worst there is."""
    on_rotation = person in set(_on_rotation(profile))
    for severity in sorted(profile[SEVERITIES], key=lambda severity: severity.level):
        if _via(profile, severity, person, on_rotation=on_rotation):
            return severity
    return severity_at(profile, 1)


def quietly(profile: Profile, person: str) -> list[Contact]:
    """Return how a person hears of what can wait: as for the least severity."""
    least = max(profile[SEVERITIES], key=lambda severity: severity.level, default=None)
    if least is None:
        return []
    return _outside(profile, resolve(profile, (f"person:{person}",), (), least, _ANY_TIME).contacts)


def key_of(profile: Profile, contact: Contact) -> str:
    """Return what tells a channel and an address from any other; says neither."""
    channel = msgspec.structs.replace(profile[CHANNELS][contact.channel_id], fallback="")
    settings = msgspec.json.encode(channel, order="deterministic").decode()
    return derive("contact", settings, contact.address)


def standing(keys: Iterable[str], tests: Sequence[PageTest]) -> Standing:
    """Return whether a person who is called by ways with these keys has shown it; `tests`: theirs."""
    answered = [test for test in tests if test.answered_at is not None]
    if not answered:
        return "never"
    shown = {contact.key for test in answered for contact in test.contacts}
    return "shown" if set(keys) <= shown else "changed"


def _outside(profile: Profile, contacts: Iterable[Contact]) -> list[Contact]:
    """Those that leave this machine: a line on the log reaches nobody who could answer it."""
    return [contact for contact in contacts if profile[CHANNELS][contact.channel_id].LEAVES]


def _on_rotation(profile: Profile) -> Iterator[str]:
    rotation = profile[ONCALL]
    if rotation is not None:
        yield from (*rotation.members, *rotation.secondary)
        yield from (override.person for override in rotation.overrides)


def _asked(profile: Profile, severity: Severity) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """The targets of a severity, with the channels by which people among them are called."""
    for step in steps_for(profile, severity):
        yield step.notify, step.via or severity.via
    yield severity.notify, severity.via


def _via(
    profile: Profile, severity: Severity, person: str, *, on_rotation: bool
) -> tuple[str, ...]:
    """The channels by which a person may be called for a severity."""
    found: dict[str, None] = {}
    for targets, via in _asked(profile, severity):
        duty = on_rotation and any(target.startswith("oncall:") for target in targets)
        if duty or f"person:{person}" in targets:
            found |= dict.fromkeys(via)
    return tuple(found)
