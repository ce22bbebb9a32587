"""
Whom a target means: ``oncall:…``, ``person:…`` and ``channel:…`` become contacts.

A contact is one notification to send. The same person reached twice through the same channel
(as primary and by name) is one contact.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Protocol

from toban.channels.section import CHANNELS
from toban.oncall.section import ONCALL
from toban.oncall.shifts import Duty, who_is_on_duty
from toban.oncall.texts import text
from toban.people.section import PEOPLE
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.texts import Language

ONCALL_ROLES = ("primary", "secondary", "all")


@dataclass(frozen=True, slots=True)
class Contact:
    """
    One notification to send. `target` and `channel_id` together are unique in a resolution.

    `target` is who is reached, ``person:ID`` or ``channel:ID``; `asked` is how the profile said
    it first (``oncall:primary``). `address` is where within the channel: the recipients of an
    email (separated by ``, ``), the Slack member to mention, else empty.
    """

    target: str
    person_id: str | None
    display_name: str
    channel_id: str
    language: Language
    address: str
    asked: str


class Urgency(Protocol):
    """The part of a severity that decides how people are reached."""

    @property
    def via(self) -> tuple[str, ...]:
        """Channels used for a person, all at once."""
        ...


class Unreachable(NamedTuple):
    """A target (as the profile says it) that could not be reached, or not by every channel."""

    target: str
    reason: str
    """Reason code, with a detail after ``:`` where there is one; see `explain`."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The contacts of targets, in order, and the targets that could not be reached."""

    contacts: tuple[Contact, ...]
    unreachable: tuple[Unreachable, ...]


def parts(target: str) -> tuple[str, str]:
    """Return the kind of a target and the name after the first colon: ``person`` and ``aoki``."""
    kind, _, name = target.partition(":")
    return kind, name


def explain(reason: str, language: Language) -> str:
    """Return a reason code of `Unreachable` as a sentence for people."""
    code, _, detail = reason.partition(":")
    return text(language, f"unreachable.{code}", detail=detail)


def resolve(
    profile: Profile,
    step_targets: Sequence[str],
    via: Sequence[str],
    severity: Urgency,
    at: datetime,
) -> Resolution:
    """
    Return the contacts of the targets of a step (or of a severity's `notify`) at the instant
    `at`.

    Persons are reached through `via`, or when that is empty through the severity's channels,
    all at once. A person without an address for a channel is reported and, where that channel
    has a fallback, reached through it instead: a missing address must not lose a page.
    """
    contacts: dict[tuple[str, str], Contact] = {}
    unreachable: dict[Unreachable, None] = {}
    channels = tuple(via) or severity.via
    for asked in step_targets:
        for found in _reached(profile, asked, channels, at):
            if isinstance(found, Unreachable):
                unreachable[found] = None
            else:
                contacts.setdefault((found.target, found.channel_id), found)
    return Resolution(contacts=tuple(contacts.values()), unreachable=tuple(unreachable))


def next_channel(profile: Profile, channel_id: str, tried: Collection[str] = ()) -> str | None:
    """
    Return the channel to use when `channel_id` failed for good, or None when there is none
    (left).

    `tried` are channels not to be used again, so that a loop of fallbacks ends.
    """
    channel = profile[CHANNELS].get(channel_id)
    if channel is None or not channel.fallback:
        return None
    if channel.fallback == channel_id or channel.fallback in tried:
        return None
    return channel.fallback if channel.fallback in profile[CHANNELS] else None


def contact_by(profile: Profile, target: str, channel: str) -> Contact | None:
    """
    Return a person, or a channel in place of another one, by exactly that channel.

    None when the profile has no address there. Whoever is on duty makes no difference.
    """
    kind, name = parts(target)
    if kind == "person":
        found = next(_person(profile, target, target, (channel,)))
    else:
        found = next(_channel(profile, target, f"channel:{channel}"))
    if isinstance(found, Unreachable):
        return None
    return found if kind == "person" else replace(found, target=target, display_name=name)


def _reached(
    profile: Profile, asked: str, channels: Sequence[str], at: datetime
) -> Iterator[Contact | Unreachable]:
    """The contacts of one target."""
    for found in _expand(profile, asked, at):
        if isinstance(found, Unreachable):
            yield found
        elif found.startswith("channel:"):
            yield from _channel(profile, asked, found)
        else:
            yield from _person(profile, asked, found, channels)


def _expand(profile: Profile, asked: str, at: datetime) -> Iterator[str | Unreachable]:
    """The ``person:ID`` and ``channel:ID`` that a target stands for."""
    kind, name = parts(asked)
    if kind in {"person", "channel"} and name:
        yield asked
    elif kind == "oncall" and name in ONCALL_ROLES:
        yield from _on_duty(profile, asked, name, at)
    else:
        yield Unreachable(asked, "bad-target")


def _on_duty(profile: Profile, asked: str, role: str, at: datetime) -> Iterator[str | Unreachable]:
    rotation = profile[ONCALL]
    if rotation is None:
        yield Unreachable(asked, "nobody-on-call")
        return
    duty: Duty = who_is_on_duty(rotation, profile[SERVICE].timezone, at)
    if role in {"primary", "all"}:
        yield f"person:{duty.primary}" if duty.primary else Unreachable(asked, "nobody-on-call")
    if duty.secondary and role in {"secondary", "all"}:
        yield f"person:{duty.secondary}"
    elif role == "secondary":
        yield Unreachable(asked, "no-secondary")


def _channel(profile: Profile, asked: str, target: str) -> Iterator[Contact | Unreachable]:
    _, channel_id = parts(target)
    channel = profile[CHANNELS].get(channel_id)
    if channel is None:
        yield Unreachable(asked, f"unknown-channel:{channel_id}")
    elif (address := channel.room()) is None:
        yield Unreachable(asked, f"no-address:{channel_id}")
    else:
        yield Contact(
            target=target,
            person_id=None,
            display_name=channel_id,
            channel_id=channel_id,
            language=profile[SERVICE].language,
            address=address,
            asked=asked,
        )


def _person(
    profile: Profile, asked: str, target: str, channels: Sequence[str]
) -> Iterator[Contact | Unreachable]:
    _, person_id = parts(target)
    person = profile[PEOPLE].get(person_id)
    if person is None:
        yield Unreachable(asked, f"unknown-person:{person_id}")
        return
    if not channels:
        yield Unreachable(asked, "no-channel")
    for wanted in channels:
        tried: list[str] = []
        channel_id: str | None = wanted
        while channel_id is not None:
            if channel_id not in profile[CHANNELS]:
                yield Unreachable(asked, f"unknown-channel:{channel_id}")
                break
            address = profile[CHANNELS][channel_id].reaches(person.addresses)
            if address is not None:
                yield Contact(
                    target=target,
                    person_id=person_id,
                    display_name=person.name,
                    channel_id=channel_id,
                    language=person.language or profile[SERVICE].language,
                    address=address,
                    asked=asked,
                )
                break
            yield Unreachable(asked, f"no-address:{channel_id}")
            tried.append(channel_id)
            channel_id = next_channel(profile, channel_id, tried)
