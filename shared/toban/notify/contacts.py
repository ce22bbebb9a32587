"""
Whom a page reaches, and which channel follows when one fails.

Everything is derived from the pinned profile and the page (its step, severity and time), so that a
closing weeks later finds exactly those who were called.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.channels.section import CHANNELS
from toban.escalation.section import EscalationStep, steps_for
from toban.events import IncidentSnapshot, Page
from toban.notify.texts import text
from toban.oncall.targets import (
    Contact,
    Unreachable,
    contact_by,
    explain,
    next_channel,
    parts,
    resolve,
)
from toban.people.section import PEOPLE
from toban.profile.environments import calls_people
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import Severity, severity_named

FIRST = ("opened", "raised", "joined", "reopened", "expired")
"""Reasons for which a severity's `notify` targets are told besides the escalation step."""


@dataclass(frozen=True, slots=True)
class Recipients:
    """The contacts of a page, and the targets that reach nobody."""

    contacts: tuple[Contact, ...]
    unreachable: tuple[str, ...]
    """Sentences for people, in the service's language; empty with no contacts: none are meant."""


def page_severity(profile: Profile, page: Page, level: int) -> Severity:
    """Return the severity with which a page was made."""
    return severity_named(profile, page.severity_label, level)


def step_of(profile: Profile, severity: Severity, number: int) -> EscalationStep | None:
    """Return an escalation step; past the end the last one, None when there is no escalation."""
    steps = steps_for(profile, severity)
    return steps[min(number, len(steps) - 1)] if steps else None


def reach(profile: Profile, incident: IncidentSnapshot, page: Page) -> Recipients:
    """
    Return the contacts of a page, without repetition, and the targets that reach nobody.

    Without an escalation for the severity, its `notify` targets are used. A page to one person
    goes to the step's people when the profile does not know that person.

    Where people are not called for the incident's environment, it goes to channels alone.
    """
    severity = page_severity(profile, page, incident.severity)
    step = step_of(profile, severity, page.step)
    calls = calls_people(profile[SERVICE], incident.environment)
    person = _person_named(profile, page.to)
    if person and calls:
        alone = resolve(profile, (f"person:{person}",), (), severity, page.at)
        if alone.contacts:
            return Recipients(alone.contacts, ())
    asked: list[tuple[Sequence[str], Sequence[str]]] = []
    if step is not None:
        asked.append((step.notify, step.via))
    if step is None or page.reason in FIRST:
        asked.append((severity.notify, ()))
    contacts: dict[tuple[str, str], Contact] = {}
    missed: dict[Unreachable, None] = {}
    for targets, via in asked:
        meant = [t for t in targets if calls or t.startswith("channel:")]
        resolution = resolve(profile, meant, via, severity, page.at)
        for contact in resolution.contacts:
            contacts.setdefault((contact.target, contact.channel_id), contact)
        missed.update(dict.fromkeys(resolution.unreachable))
    language = profile[SERVICE].language
    sentences = [
        text(
            language,
            "page.unreached",
            target=unreachable.target,
            reason=explain(unreachable.reason, language),
        )
        for unreachable in missed
    ]
    if not contacts and not sentences and calls:
        sentences = [text(language, "page.no-targets", severity=severity.label)]
    return Recipients(tuple(contacts.values()), tuple(dict.fromkeys(sentences)))


def _person_named(profile: Profile, name: str) -> str | None:
    """The person with that id or name; whoever acknowledges may be called either way."""
    wanted = name.strip().casefold()
    for id, person in profile[PEOPLE].items():
        if wanted and wanted in (id.casefold(), person.name.casefold()):
            return id
    return None


def asked_again(profile: Profile, incident: IncidentSnapshot, at: datetime) -> list[str]:
    """
    Return the names of whom a reminder of an acknowledgement goes to at `at`.

    Whoever acknowledged may be nobody of the profile: then those of the step are asked.
    """
    page = Page(
        number=0,
        at=at,
        step=incident.step,
        severity_label=incident.severity_label,
        reason="reminded",
        to=incident.assignee,
    )
    contacts = reach(profile, incident, page).contacts
    return list(dict.fromkeys(contact.display_name for contact in contacts))


def person_of(profile: Profile, name: str) -> str:
    """Return ``person:ID`` of whom somebody is called by, id or name; empty: nobody's."""
    person = _person_named(profile, name)
    return f"person:{person}" if person else ""


def is_own_address(profile: Profile, target: str, address: str) -> bool:
    """Return whether an address is that of the person who is the target alone."""
    kind, name = parts(target)
    person = profile[PEOPLE].get(name) if kind == "person" else None
    return person is not None and bool(person.email) and person.email == address


def others(contacts: Sequence[Contact], contact: Contact) -> list[str]:
    """Return the other channels by which the target of `contact` is reached."""
    return [
        c.channel_id
        for c in contacts
        if c.target == contact.target and c.channel_id != contact.channel_id
    ]


def together(profile: Profile, contacts: Sequence[Contact]) -> list[tuple[Contact, ...]]:
    """
    Return the contacts by the message that reaches them: those by one shared channel share one.

    Whoever its message is filed under comes first: the channel where it is a target itself, so that
    what follows (an acknowledgement) finds it.
    """
    messages: dict[tuple[str, str], list[Contact]] = {}
    for contact in contacts:
        shared = profile[CHANNELS][contact.channel_id].shared
        messages.setdefault(("" if shared else contact.target, contact.channel_id), []).append(
            contact
        )
    return [
        tuple(sorted(found, key=lambda contact: not contact.target.startswith("channel:")))
        for found in messages.values()
    ]


def fallback(profile: Profile, target: str, channel: str, tried: Collection[str]) -> Contact | None:
    """
    Return how to reach `target` when `channel` has failed for good; None when no way is left.

    Channels in `tried` are not used again, and one without an address for the target is
    replaced by its own fallback. Loops of fallbacks end.
    """
    seen = {channel}
    current = next_channel(profile, channel)
    while current is not None and current not in seen:
        seen.add(current)
        contact = None if current in tried else contact_by(profile, target, current)
        if contact is not None:
            return contact
        current = next_channel(profile, current)
    return None


def chain(profile: Profile, contact: Contact, besides: Collection[str]) -> list[Contact]:
    """Return `contact` and every fallback that may be used for it, in order."""
    links = [contact]
    tried = {contact.channel_id, *besides}
    while (following := fallback(profile, contact.target, links[-1].channel_id, tried)) is not None:
        links.append(following)
        tried.add(following.channel_id)
    return links
