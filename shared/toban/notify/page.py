"""
`page_responders`: which people are notified, and by which channel.

Translations: everything follows from the event and the profile version it pins, so handling an
event twice requests the same notifications, word for word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from toban.channels.section import CHANNELS
from toban.events import (
    IncidentAcknowledged,
    IncidentEscalated,
    IncidentOpened,
    IncidentRaised,
    IncidentReminded,
    IncidentReopened,
    IncidentResolved,
    IncidentSnapshot,
    NotificationFailed,
    NotificationKind,
    NotificationRequested,
    Page,
    PageFailed,
    PagingEvent,
    Recipient,
)
from toban.kernel import log
from toban.kernel.command import proven
from toban.kernel.handling.decision import Translation
from toban.kernel.handling.handle import Handlers
from toban.kernel.work import Work
from toban.notify.contacts import chain, is_own_address, others, person_of, reach, together
from toban.notify.identity import ACKNOWLEDGEMENT, CLOSING, notification_id
from toban.oncall.targets import Contact, contact_by
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.store import pinned


def on_page(event: PagingEvent, work: Work) -> None:
    """
    Request the notifications of a page; when it reaches nobody, emit `PageFailed`.

    Where nobody is to be called (`toban.notify.contacts.reach`), channels get their posts, if
    any.
    """
    incident, page = event.incident, event.page
    profile = _profile(incident, work)
    reached = reach(profile, incident, page)
    if not reached.contacts:
        if not reached.unreachable:
            return
        work.emit(
            PageFailed(
                incident_id=incident.id,
                page=page,
                generation=incident.generation,
                reason="; ".join(reached.unreachable),
                at=work.now,
                environment=incident.environment,
            )
        )
        return
    if reached.unreachable:
        log.warning(
            "page incomplete: targets unreachable",
            incident=incident.id,
            page=page.number,
            unreached=list(reached.unreachable),
        )
    for contacts in together(profile, reached.contacts):
        request = _request(profile, page.reason, incident, page.number, contacts, reached.contacts)
        work.emit(
            msgspec.structs.replace(
                request,
                contacts=len(reached.contacts),
                by=getattr(event, "by", ""),
                why=event.why,
                unreached=list(reached.unreachable),
            )
        )


def on_acknowledged(event: IncidentAcknowledged, work: Work) -> None:
    """
    Show in every channel that was called that somebody has acknowledged, and tell the people.

    Whether a person was really called is not known here: each of theirs names what it follows,
    and is sent only if some of that was, and they have not been told since. Whoever acknowledged
    is not told at an address of their own.
    """
    if not event.pages:
        return
    profile = _profile(event.incident, work)
    newest = max(page.number for page in event.pages)
    told: dict[tuple[str, str], _Closing] = {}
    for page in event.pages:
        contacts = reach(profile, event.incident, page).contacts
        for contact in contacts:
            if contact.target.startswith("channel:"):
                told.setdefault(_pair(contact), _Closing(contact, others(contacts, contact)))
    told |= _called(event, profile)
    for same in _by_message(profile, told.values()):
        request = _to_all(profile, ACKNOWLEDGEMENT, event.incident, newest, same)
        work.emit(
            msgspec.structs.replace(request, contacts=len(told), by=event.by, follows=_names(same))
        )


def _called(event: IncidentAcknowledged, profile: Profile) -> dict[tuple[str, str], _Closing]:
    """The people who may have been called, with by what; not the own address of who acknowledged."""
    called: dict[tuple[str, str], _Closing] = {}
    for page in event.pages:
        contacts = reach(profile, event.incident, page).contacts
        people = [c for c in contacts if c.target.startswith("person:")]
        _collect(called, profile, event.incident, page, page.reason, people)
    # Whoever gave another's name in a shared channel is not them: they hear of it.
    taker = person_of(profile, event.by) if proven(event.by, event.proof) else ""
    return {
        pair: each
        for pair, each in called.items()
        if each.contact.target != taker or not is_own_address(profile, taker, each.contact.address)
    }


@dataclass
class _Closing:
    """What is to be closed with one target in one channel."""

    contact: Contact
    others: list[str]
    closes: dict[str, None] = field(default_factory=dict)


def on_resolved(event: IncidentResolved, work: Work) -> None:
    """
    Close everything that any page may have opened, fallbacks included.

    What was sent by which channel is not known here: each closing names what it would close,
    and is sent only if some of that was.
    """
    if not event.pages:
        return
    incident = event.incident
    profile = _profile(incident, work)
    newest = max(page.number for page in event.pages)
    closings: dict[tuple[str, str], _Closing] = {}
    channels: dict[tuple[str, str], Contact] = {}
    people: dict[tuple[str, str], Contact] = {}
    # An acknowledgement that holds no more (it was escalated or raised since) began a new turn.
    acknowledged_once = incident.acknowledged_at is not None or incident.generation > 1
    for page in event.pages:
        contacts = reach(profile, incident, page).contacts
        _collect(closings, profile, incident, page, page.reason, contacts)
        channels |= {_pair(c): c for c in contacts if c.target.startswith("channel:")}
        people |= {_pair(c): c for c in contacts if c.target.startswith("person:")}
        if acknowledged_once:
            # It told everybody called so far; a late one must not undo the closing.
            told = list(channels.values())
            _collect(closings, profile, incident, page, ACKNOWLEDGEMENT, told)
            told = list(people.values())
            _collect(closings, profile, incident, page, ACKNOWLEDGEMENT, told, each=True)
    for same in _by_message(profile, closings.values()):
        request = _to_all(profile, CLOSING, incident, newest, same)
        work.emit(
            msgspec.structs.replace(
                request, contacts=len(closings), by=event.by, closes=_names(same)
            )
        )


def _to_all(
    profile: Profile,
    kind: NotificationKind,
    incident: IncidentSnapshot,
    page: int,
    same: Sequence[_Closing],
) -> NotificationRequested:
    """One message to all whom it reaches; each has other channels of their own."""
    request = _request(profile, kind, incident, page, [each.contact for each in same], ())
    others = {each.contact.target: each.others for each in same}
    return msgspec.structs.replace(
        request,
        others=same[0].others,
        together=[
            msgspec.structs.replace(each, others=others[each.target]) for each in request.together
        ],
    )


def _names(same: Sequence[_Closing]) -> list[str]:
    return list(dict.fromkeys(name for each in same for name in each.closes))


def _by_message(profile: Profile, closings: Iterable[_Closing]) -> list[list[_Closing]]:
    """
    The closings, those in one shared channel together: its readers are told once that it is over.

    Where messages change in place each closing changes its own.
    """
    found: dict[tuple[str, str], list[_Closing]] = {}
    for closing in closings:
        target, channel = _pair(closing.contact)
        kind = profile[CHANNELS][channel]
        once = kind.shared and not kind.updates_in_place
        found.setdefault(("" if once else target, channel), []).append(closing)
    return list(found.values())


def _pair(contact: Contact) -> tuple[str, str]:
    return contact.target, contact.channel_id


def _collect(
    closings: dict[tuple[str, str], _Closing],
    profile: Profile,
    incident: IncidentSnapshot,
    page: Page,
    kind: NotificationKind,
    contacts: Sequence[Contact],
    *,
    each: bool = False,
) -> None:
    """
    Add the names of everything of that kind that may have been sent for this page.

    `each`: by each channel of a chain also for itself, not only in place of the first.
    """
    for contact in contacts:
        besides = others(contacts, contact)
        for link in chain(profile, contact, besides):
            pair = _pair(link)
            closing = closings.setdefault(pair, _Closing(link, besides))
            origin = "" if link is contact else contact.channel_id
            for first in dict.fromkeys((origin, "") if each else (origin,)):
                name = notification_id(kind, incident.id, page.number, *pair, instead_of=first)
                closing.closes[name] = None


def on_failed(event: NotificationFailed, work: Work) -> None:
    """Try the next channel, when there is one."""
    failed = event.request
    if not event.fallback:
        return
    profile = _profile(failed.incident, work)
    contact = contact_by(profile, failed.target, event.fallback)
    if contact is None:
        raise LookupError(f"{failed.target} has no address in channel {event.fallback}")
    origin = first_channel(profile, failed)
    name = notification_id(
        failed.kind,
        failed.incident.id,
        failed.page,
        failed.target,
        contact.channel_id,
        instead_of=origin,
    )
    work.emit(
        msgspec.structs.replace(
            failed,
            notification_id=name,
            channel=contact.channel_id,
            address=contact.address,
            language=contact.language,
            replaces=[*failed.replaces, failed.notification_id],
        )
    )


def first_channel(profile: Profile, request: NotificationRequested) -> str:
    """Return the channel that was tried first for what `request` says."""
    if not request.replaces:
        return request.channel
    return next(
        (
            channel
            for channel in profile[CHANNELS]
            if _name(request, channel, "") == request.replaces[0]
        ),
        "",
    )


def tried_channels(profile: Profile, request: NotificationRequested) -> list[str]:
    """Return the channels tried so far for what `request` says, its own included."""
    origin = first_channel(profile, request)
    used = {*request.replaces, request.notification_id}
    return [
        channel
        for channel in profile[CHANNELS]
        if channel == origin or _name(request, channel, origin) in used
    ]


def _name(request: NotificationRequested, channel: str, instead_of: str) -> str:
    return notification_id(
        request.kind,
        request.incident.id,
        request.page,
        request.target,
        channel,
        instead_of=instead_of,
    )


def _request(
    profile: Profile,
    kind: NotificationKind,
    incident: IncidentSnapshot,
    page: int,
    whom: Sequence[Contact],
    contacts: Sequence[Contact],
) -> NotificationRequested:
    """One message to all of `whom`, in the service's language where they are several."""
    first = whom[0]
    language = profile[SERVICE].language if len(whom) > 1 else first.language
    addresses = dict.fromkeys(contact.address for contact in whom if contact.address)
    return NotificationRequested(
        notification_id=notification_id(kind, incident.id, page, first.target, first.channel_id),
        kind=kind,
        incident=incident,
        page=page,
        target=first.target,
        target_name=_names_of(whom),
        address=", ".join(addresses),
        channel=first.channel_id,
        language=language,
        others=others(contacts, first),
        together=[_recipient(each, contacts) for each in whom] if len(whom) > 1 else [],
    )


def _names_of(whom: Sequence[Contact]) -> str:
    """Those for whom one message is: people, after the channel where that is called itself."""
    first = whom[0]
    named = [c for c in whom if c.target.startswith("person:")]
    if first.target == f"channel:{first.channel_id}":
        named.insert(0, first)
    return ", ".join(dict.fromkeys(contact.display_name for contact in named or whom))


def _recipient(contact: Contact, contacts: Sequence[Contact]) -> Recipient:
    return Recipient(
        target=contact.target,
        target_name=contact.display_name,
        address=contact.address,
        others=others(contacts, contact),
    )


def apart(request: NotificationRequested) -> list[NotificationRequested]:
    """Return a request for each of those for whom one message is: each has a fallback of their own."""
    return [
        msgspec.structs.replace(
            request,
            notification_id=notification_id(
                request.kind, request.incident.id, request.page, each.target, request.channel
            ),
            target=each.target,
            target_name=each.target_name,
            address=each.address,
            others=each.others,
            together=[],
        )
        for each in request.together
    ] or [request]


def _profile(incident: IncidentSnapshot, work: Work) -> Profile:
    return pinned(work, incident.service, incident.profile_version)


HANDLERS = (
    Handlers()
    .on(IncidentOpened, Translation(on_page))
    .on(IncidentEscalated, Translation(on_page))
    .on(IncidentRaised, Translation(on_page))
    .on(IncidentReopened, Translation(on_page))
    .on(IncidentReminded, Translation(on_page))
    .on(IncidentAcknowledged, Translation(on_acknowledged))
    .on(IncidentResolved, Translation(on_resolved))
    .on(NotificationFailed, Translation(on_failed))
)
