"""
`deliver_notification`: exactly one outside call for one notification.

An effect (see `toban.kernel.handling.effect`): claimed by the notification's record, called, recorded.
What opens and what closes may arrive in any order and be under way at once; both are settled on
the same records. A closing turns every opening that was not sent into a tombstone, which a late
opening finds, and is itself sent only if something was, or may have been, opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import msgspec

from toban.channels.notice import PreparedNotification
from toban.channels.section import CHANNELS
from toban.events import Link, NotificationFailed, NotificationRequested
from toban.incidents.documents import Incident
from toban.kernel.binding import BoundHandlers
from toban.kernel.errors import TryLater
from toban.kernel.handling.effect import Effect, Failed, Result, Withdrawn
from toban.kernel.handling.handle import Handlers
from toban.kernel.outgoing import (
    PUBLIC_URL,
    SENDERS,
    Senders,
)
from toban.kernel.reasons.words import reason
from toban.kernel.secrecy.masking import masked
from toban.kernel.status import move
from toban.kernel.work import Work
from toban.notify.contacts import fallback, is_own_address
from toban.notify.destinations import Breakers
from toban.notify.documents import Notification, record_of, tombstone
from toban.notify.identity import TEST, is_page, notification_id
from toban.notify.links import ActionLinks, action_links, no_links
from toban.notify.page import apart, tried_channels
from toban.notify.render import notice_of
from toban.oncall.targets import Contact
from toban.ports import SECRETS
from toban.profile.profile import Profile
from toban.profile.store import pinned

UNANSWERABLE = reason("reason.no-link")
MAX_ATTEMPTS = 3
"""Calls by one channel before the next one is used."""


def recipient(request: NotificationRequested, profile: Profile) -> str:
    """Return the target, where it is a person and the address that person's own; else empty."""
    return request.target if is_own_address(profile, request.target, request.address) else ""


@dataclass(frozen=True)
class DeliverHandler:
    """The handler of `deliver_notification`: claim, call and conclude of its effect."""

    senders: Senders
    links: ActionLinks = no_links
    breakers: Breakers = field(default_factory=Breakers)

    def claim(self, request: NotificationRequested, work: Work) -> Notification | None:
        """Return the record of this notification, or None when nothing is to be sent any more."""
        profile = _profile(request, work)
        document = record_of(request, work.now)
        if request.closes and not _close(request, work):
            return None
        # A channel is where everybody looks, whatever became of its own first message.
        alone = not request.target.startswith("channel:")
        if request.follows and not _any_sent(request, work) and alone:
            return None
        channel = profile[CHANNELS].get(request.channel)
        if channel is not None and channel.updates_in_place:
            document.thread = _thread(request, work)
        return document

    def call(
        self, document: Notification, request: NotificationRequested, work: Work
    ) -> Result | Withdrawn:
        """
        Render and send, unless the destination's breaker is open and there is a fallback.

        A page is withdrawn when its incident wants nobody called any more. An acknowledgement
        looks at this record after its own commit, and this looks at the incident after the
        record's: whichever is second sees the first, so that whoever is called hears who has it.
        Whatever an earlier release took in, no credential leaves.
        """
        profile = _profile(request, work)
        read = request
        if is_page(request.kind):
            (incident,) = work.get_many(Incident, [request.incident.id])
            if incident is not None and is_overtaken(request, incident):
                return Withdrawn()
            read = request = as_it_is(request, incident)
            if incident is not None and not document.unknown:
                read = in_words_of_now(request, incident)
        clean = _without_credentials(request)
        read = clean if read is request else _without_credentials(read)
        request = clean
        channel = profile[CHANNELS].get(request.channel)
        if channel is None:
            return Failed(f"channel {request.channel} is not in the profile", retryable=False)
        actions: Sequence[Link] = ()
        if _offers(request):
            person, room = recipient(request, profile), channel.named(request.channel)
            actions = self.links(read, document.created_at, person, room)
            if request.kind == TEST and not actions:
                return Failed(UNANSWERABLE, retryable=False)
        message = channel.message(
            PreparedNotification(
                id=document.id,
                incident=document.incident,
                created_at=document.created_at,
                unknown=document.unknown,
                address=document.address,
                thread=document.thread,
                request=request,
                notice=notice_of(read, profile, actions),
            )
        )
        where = message.destination
        # The last way is tried in any case: no page may end with nothing tried.
        elsewhere = all(_following(each, profile) for each in apart(request))
        if elsewhere and not self.breakers.admits(where, work.now):
            return Failed(reason("reason.breaker", channel=request.channel), retryable=False)
        result = self.senders.send(message)
        answered = not (isinstance(result, Failed) and result.timed_out)
        name = f"{request.incident.service}/{request.channel}"
        self.breakers.note(where, work.now, answered=answered, channel=name)
        return result

    def conclude(
        self, document: Notification, request: NotificationRequested, result: Result, work: Work
    ) -> None:
        """Record when it was sent, or request the next channel."""
        if not isinstance(result, Failed):
            document.sent_at = work.now
            document.reference = result.reference
            document.outbox = result.outbox
            document.logged = result.logged
            return
        profile = _profile(request, work)
        for each in apart(request):
            following = _following(each, profile)
            work.emit(
                NotificationFailed(
                    request=each,
                    error=result.error,
                    fallback=following.channel_id if following else "",
                    at=work.now,
                )
            )


def _profile(request: NotificationRequested, work: Work) -> Profile:
    return pinned(work, request.incident.service, request.incident.profile_version)


def _following(request: NotificationRequested, profile: Profile) -> Contact | None:
    """The channel to use when this one has failed for good."""
    tried = {*tried_channels(profile, request), *request.others}
    return fallback(profile, request.target, request.channel, tried)


def _without_credentials(request: NotificationRequested) -> NotificationRequested:
    return msgspec.structs.replace(request, incident=masked(request.incident))


def _offers(request: NotificationRequested) -> bool:
    return request.kind not in ("resolved", "shift")


def _close(request: NotificationRequested, work: Work) -> bool:
    """
    Settle everything that `request` closes; whether some of it was, or may have been, sent.

    Raises `TryLater` while one of them is being sent.
    """
    sent = False
    work.read_ahead(Notification, request.closes)
    for name in request.closes:
        found = work.get(Notification, name)
        if found is None:
            work.put(tombstone(name, request, work.now))
            continue
        if found.is_under_way(work.now):
            raise TryLater(f"{request.notification_id}: {name}, which it closes, is under way")
        if found.state == "claimed":
            # Whoever held the lease is gone; the message may be there.
            found.unknown = True
        if found.state in ("claimed", "waiting"):
            move(found, "void")
            found.fence += 1
            work.put(found)
        sent = sent or found.maybe_sent
    return sent


def is_overtaken(request: NotificationRequested, incident: Incident) -> bool:
    """
    Return whether a page calls for what is settled: its incident is over, or somebody took it since.

    What joined is told all the same: whoever acknowledged may not have known of it.
    """
    if incident.status == "resolved":
        return True
    if request.kind == "reminded":
        return request.incident.remind_at != incident.remind_at
    taken = incident.status == "acknowledged" and request.incident.status == "open"
    return taken and request.kind != "joined"


def as_it_is(request: NotificationRequested, incident: Incident | None) -> NotificationRequested:
    """Return a page of an open incident with who has it by now, if anybody took it since."""
    if incident is None or incident.status == request.incident.status:
        return request
    if incident.status != "acknowledged":
        return request
    return msgspec.structs.replace(request, incident=incident.snapshot())


def in_words_of_now(request: NotificationRequested, incident: Incident) -> NotificationRequested:
    """
    Return what people are to read of a page that waited: its incident, where that has moved on.

    It would promise a step that was taken long ago, or an acknowledgement that ended, and name a
    severity that has risen since.
    """
    now, then = incident.snapshot(), request.incident
    if all(getattr(now, name) == getattr(then, name) for name in _TURN):
        return request
    return msgspec.structs.replace(request, incident=now)


_TURN = ("status", "generation", "step", "severity_label")


def _any_sent(request: NotificationRequested, work: Work) -> bool:
    """
    Whether something that `request` follows was, or may have been, sent, and nothing followed it.

    Raises `TryLater` while one of them is being sent.
    """
    sent = False
    work.read_ahead(Notification, request.follows)
    for name in request.follows:
        found = work.get(Notification, name)
        if found is None:
            continue
        if found.is_under_way(work.now):
            raise TryLater(f"{request.notification_id}: {name}, which it follows, is under way")
        told = found.followed_by not in ("", request.notification_id)
        if found.state == "claimed":  # whoever held the lease is gone; the message may be there
            sent = sent or not told
        elif found.maybe_sent and not told:
            sent = True
            found.followed_by = request.notification_id
            work.put(found)
    return sent


def _thread(request: NotificationRequested, work: Work) -> str:
    """
    The first message of the incident to the same target by the same channel, if known; in a channel
    that is shared, the one to the channel itself counts as well.

    Raises `TryLater` while it is being sent: what comes after it must find it.
    """
    pages = range(request.page + (0 if is_page(request.kind) else 1))
    targets = dict.fromkeys((request.target, f"channel:{request.channel}"))
    for number, target in product(pages, targets):
        name = notification_id("opened", request.incident.id, number, target, request.channel)
        found = work.get(Notification, name)
        if found is None:
            continue
        if found.reference:
            return found.reference
        if found.is_under_way(work.now):
            raise TryLater(f"{request.notification_id}: {name}, before it, is under way")
    return ""


def handlers(senders: Senders, links: ActionLinks = no_links) -> Handlers:
    """Return the handlers of `deliver_notification`."""
    deliver = DeliverHandler(senders, links)
    effect = Effect(
        document=Notification,
        claim=deliver.claim,
        call=deliver.call,
        conclude=deliver.conclude,
        max_attempts=MAX_ATTEMPTS,
    )
    return Handlers().on(NotificationRequested, effect)


HANDLERS = BoundHandlers(
    (SENDERS, PUBLIC_URL, SECRETS),
    lambda ports: handlers(ports(SENDERS), action_links(ports(PUBLIC_URL), ports(SECRETS))),
)
