"""
`test_contacts`: sends test pages, takes their answers, and looks who has duty next.

A test page is a notification like that of an incident, by every channel by which the person would be
called, and goes the same way: so its delivery, its fallbacks and its being sent once are those of a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from toban.events import (
    CommandIssued,
    IncidentSnapshot,
    NotificationKind,
    NotificationRequested,
    PageTestDue,
    ShiftWatchDue,
)
from toban.kernel import log
from toban.kernel.clock.wallclock import zone
from toban.kernel.command import Outcome, conclude, may
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.i18n import moment
from toban.kernel.ids import derive
from toban.kernel.status import move
from toban.kernel.work import Work
from toban.notify.identity import SHIFT, TEST, notification_id
from toban.oncall.section import ONCALL
from toban.oncall.shifts import shifts_between, who_is_on_duty
from toban.oncall.targets import Contact
from toban.people.section import PEOPLE
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.store import CurrentProfile, current
from toban.testpages.documents import PageTest, TestedContact
from toban.testpages.texts import text
from toban.testpages.ways import key_of, quietly, severity_of, standing, ways

DOMAIN: Final = "test-pages"
ANSWER_WITHIN: Final = timedelta(minutes=10)
"""A page that is not answered by then would have gone to the next step long ago."""
AHEAD: Final = timedelta(days=1)
"""How long before a shift whoever has never answered a test page gets one."""
AWAKE: Final = range(9, 21)
"""The hours of the day, where that person lives, in which it may ring: a test wakes nobody."""


def on_command(command: CommandIssued, work: Work) -> None:
    """Send a test page, or note the answer to one; any other subject is somebody else's business."""
    if not command.concerns(DOMAIN):
        return
    outcome, reason = _carry_out(command, work)
    conclude(command, work, outcome, reason)


def _carry_out(command: CommandIssued, work: Work) -> tuple[Outcome, str]:
    if not may(command.actor, command.proof, command.action):
        return "refused", "it needs an actor who is proven"
    about = command.subject().removeprefix(f"{DOMAIN}/")
    if command.action == "test-page":
        service, _, person = about.partition("/")
        return _ask(service, person, command.actor, work)
    if command.action == "answer":
        return _answer(about, command, work)
    return "refused", f"{command.action} is nothing that a test page can be asked for"


def _ask(service: str, person: str, by: str, work: Work) -> tuple[Outcome, str]:
    present = current(work).get(service)
    if present is None:
        return "refused", f"there is no service {service[:80]!r}"
    if person not in present.profile[PEOPLE]:
        return "refused", f"the service {service} has no person {person[:80]!r}"
    contacts = ways(present.profile, person)
    if not contacts:
        return "refused", f"no channel of the service {service} reaches {person}"
    id = f"tst-{work.derive('test-page', length=10)}"
    _send(id, present, person, contacts, work, by=by[:200])
    work.answer(test=id)
    return "done", ""


def _send(
    id: str,
    present: CurrentProfile,
    person: str,
    contacts: list[Contact],
    work: Work,
    *,
    by: str = "",
    shift_at: datetime | None = None,
) -> None:
    """Create a test page, ask for its notifications, and look at it when it should be answered."""
    profile = present.profile
    work.create(
        PageTest(
            id=id,
            service=present.id,
            person=person,
            person_name=profile[PEOPLE][person].name,
            asked_by=by,
            asked_at=work.now,
            shift_at=shift_at,
            contacts=[
                TestedContact(channel=contact.channel_id, key=key_of(profile, contact))
                for contact in contacts
            ],
        )
    )
    for contact in contacts:
        if shift_at is None:
            said = text(contact.language, "test.asked", who=by)
        else:
            at = moment(contact.language, shift_at, _zone(profile, person))
            said = text(
                contact.language,
                "test.shift",
                at=at,
                service=profile[SERVICE].named(contact.language),
            )
        work.emit(_notification(TEST, id, present, person, contact, contacts, work, summary=said))
    work.at(work.now + ANSWER_WITHIN, PageTestDue(test=id))


def _notification(
    kind: NotificationKind,
    id: str,
    present: CurrentProfile,
    person: str,
    contact: Contact,
    contacts: Sequence[Contact],
    work: Work,
    *,
    summary: str,
) -> NotificationRequested:
    """A message about a test page; it names the page where others name their incident."""
    severity = severity_of(present.profile, person)
    name = present.profile[PEOPLE][person].name
    return NotificationRequested(
        notification_id=notification_id(kind, id, 0, contact.target, contact.channel_id),
        kind=kind,
        incident=IncidentSnapshot(
            id=id,
            service=present.id,
            profile_version=present.version,
            title=text(contact.language, f"test.title.{kind}", name=name),
            summary=summary,
            status="open",
            severity=severity.level,
            severity_label=severity.label,
            rules=[],
            opened_at=work.now,
        ),
        page=0,
        target=contact.target,
        target_name=contact.display_name,
        address=contact.address,
        channel=contact.channel_id,
        language=contact.language,
        contacts=len(contacts),
        others=[each.channel_id for each in contacts if each is not contact],
    )


def _answer(id: str, command: CommandIssued, work: Work) -> tuple[Outcome, str]:
    """Note that a message of a test page has reached its person."""
    means, _, who = command.proof.partition(":")
    if means != "link":
        return "refused", "a test page is answered by the link in its message"
    test = work.get(PageTest, id) if id and "/" not in id else None
    if test is None:
        return "refused", f"there is no test page {id[:80]!r}"
    if who and who != f"person:{test.person}":
        return "refused", "it was sent to somebody else"
    channel = command.arguments.get("channel", "")
    contact = next((each for each in test.contacts if each.channel == channel), None)
    if contact is None:
        # A fallback, which is called when the channel before it failed.
        contact = TestedContact(channel=channel[:100], key="")
        test.contacts = [*test.contacts, contact]
    if contact.answered_at is not None:
        return "nothing", "it was answered already"
    contact.answered_at = work.now
    if test.answered_at is None:
        test.answered_at = work.now
        test.proof = command.proof
        move(test, "answered")
    work.put(test)
    return "done", ""


def on_due(due: PageTestDue, work: Work) -> None:
    """Say that a test page was not answered in time; an answer that comes later still counts."""
    test = work.get(PageTest, due.test)
    if test is None or test.status != "sent":
        return
    move(test, "unanswered")
    work.put(test)
    named = {"test": test.id, "service": test.service, "person": test.person}
    channels = [contact.channel for contact in test.contacts]
    work.after_commit(lambda: log.warning("test page not answered", **named, channels=channels))


def on_watch(due: ShiftWatchDue, work: Work) -> None:  # noqa: ARG001
    """
    Send a test page to whoever comes on duty within a day and has never shown that they can be called.

    Once for what they are called by, in however many services: its id derives from that. By day, of which
    there is some within `AHEAD` of any shift. Whoever is on duty hears of it as well.
    That somebody has answered is looked up by a query, which no precondition holds: an answer that
    comes in this moment costs a test page too many.
    """
    for _, present in sorted(current(work).items()):
        for person, at in _coming(present.profile, work.now).items():
            if work.now.astimezone(zone(_zone(present.profile, person))).hour not in AWAKE:
                continue
            contacts = ways(present.profile, person)
            keys = sorted(key_of(present.profile, contact) for contact in contacts)
            tests = work.find(PageTest, ("person", "==", person))
            if not contacts or standing(keys, tests) == "shown":
                continue
            id = f"tst-{derive('before-shift', person, *keys, length=10)}"
            if work.get(PageTest, id) is not None:
                continue
            _send(id, present, person, contacts, work, shift_at=at)
            _tell_others(id, present, person, at, work)


def _coming(profile: Profile, now: datetime) -> dict[str, datetime]:
    """The people who come on duty within `AHEAD` and are not now, with when their shift begins."""
    rotation, zone = profile[ONCALL], profile[SERVICE].timezone
    if rotation is None:
        return {}
    found: dict[str, datetime] = {}
    for shift in shifts_between(rotation, zone, now, now + AHEAD):
        for person in (shift.primary, shift.secondary):
            if person and person in profile[PEOPLE]:
                found.setdefault(person, shift.start)
    return {person: at for person, at in found.items() if at > now}


def _tell_others(id: str, present: CurrentProfile, person: str, at: datetime, work: Work) -> None:
    """Tell whoever is on duty, by what does not wake them, that the next one may not be reachable."""
    profile = present.profile
    rotation = profile[ONCALL]
    assert rotation is not None
    duty = who_is_on_duty(rotation, profile[SERVICE].timezone, work.now)
    told = duty.primary or ""
    if told not in profile[PEOPLE]:
        return
    name = profile[PEOPLE][person].name
    contacts = quietly(profile, told)
    for contact in contacts:
        when = moment(contact.language, at, _zone(profile, told))
        said = text(contact.language, "test.others", name=name, at=when, id=person)
        work.emit(_notification(SHIFT, id, present, person, contact, contacts, work, summary=said))


def _zone(profile: Profile, person: str) -> str:
    return profile[PEOPLE][person].timezone or profile[SERVICE].timezone


HANDLERS = (
    Handlers()
    .on(CommandIssued, Decision(on_command))
    .on(PageTestDue, Decision(on_due))
    .on(ShiftWatchDue, Decision(on_watch))
)
