"""Who may be called, and whether they have shown that they can be: for lists, scripts and checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from toban.channels.section import CHANNELS
from toban.cli.kit.reader import StoreReader, shown_time
from toban.cli.kit.views import notifications, status_word
from toban.notify.contacts import fallback
from toban.notify.documents import Notification
from toban.oncall.targets import Contact
from toban.people.section import PEOPLE
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.testpages.documents import PageTest
from toban.testpages.ways import Standing, called, key_of, standing, ways

Sending = Literal["reached", "under-way", "failed"]
"""
What became of the messages of a test page: ``reached``, one has left this machine or is in its outbox;
``failed``, none has and none will.
"""


@dataclass(frozen=True)
class TestedPerson:
    """A person of a service with the newest test page that was sent to them there."""

    profile: Profile
    id: str
    standing: Standing
    contacts: tuple[Contact, ...]
    newest: PageTest | None

    @property
    def service(self) -> str:
        """The id of the service."""
        return self.profile[SERVICE].id

    @property
    def name(self) -> str:
        """What people call them."""
        return self.profile[PEOPLE][self.id].name


def tested_people(reader: StoreReader) -> Iterator[TestedPerson]:
    """Yield everybody who may be called by some channel that leaves this machine."""
    by_person: dict[str, list[PageTest]] = {}
    for test in reader.find(PageTest):
        by_person.setdefault(test.person, []).append(test)
    for _, profile in sorted(reader.profiles().items()):
        for person in called(profile):
            contacts = ways(profile, person)
            if not contacts:
                continue
            tests = by_person.get(person, [])
            here = [test for test in tests if test.service == profile[SERVICE].id]
            yield TestedPerson(
                profile,
                person,
                standing((key_of(profile, contact) for contact in contacts), tests),
                tuple(contacts),
                max(here, key=lambda test: test.asked_at, default=None),
            )


def view(reader: StoreReader, tested: TestedPerson) -> dict[str, Any]:
    """Return a person with their newest test page, for scripts."""
    return {
        "service": tested.service,
        "person": tested.id,
        "name": tested.name,
        "standing": tested.standing,
        "channels": [contact.channel_id for contact in tested.contacts],
        "test": None if tested.newest is None else test_view(reader, tested.profile, tested.newest),
    }


def test_view(reader: StoreReader, profile: Profile | None, test: PageTest) -> dict[str, Any]:
    """Return a test page with what became of each of its messages, for scripts."""
    messages = messages_of(reader, test)
    return {
        "id": test.id,
        "service": test.service,
        "person": test.person,
        "status": status_of(profile, test, messages),
        "asked_by": test.asked_by,
        "asked_at": shown_time(test.asked_at),
        "answered_at": shown_time(test.answered_at),
        "proof": test.proof,
        "shift_at": shown_time(test.shift_at),
        "contacts": [
            {"channel": contact.channel, "answered_at": shown_time(contact.answered_at)}
            for contact in test.contacts
        ],
        "messages": [
            {"channel": n.channel, "status": status_word(n), "error": n.error} for n in messages
        ],
    }


def messages_of(reader: StoreReader, test: PageTest) -> list[Notification]:
    """Return the messages of a test page that were tried so far, oldest first."""
    return [n for n in notifications(reader, test.id) if n.kind == "test"]


def status_of(profile: Profile | None, test: PageTest, messages: Sequence[Notification]) -> str:
    """Return its status; ``failed`` when nobody can answer, as nothing was sent."""
    if test.status != "answered" and sending_of(profile, test, messages) == "failed":
        return "failed"
    return test.status


def sending_of(
    profile: Profile | None, test: PageTest, messages: Sequence[Notification]
) -> Sending:
    """
    Return what became of the messages of a test page (`messages_of`); `profile`: of its service now.

    A line on the log is no message: whoever is tested does not read it.
    """
    channels = {} if profile is None else profile[CHANNELS]
    leaving = [n for n in messages if n.channel not in channels or channels[n.channel].LEAVES]
    if any(n.status in ("sent", "outbox") for n in leaving):
        return "reached"
    tried = {n.channel for n in messages}
    if any(n.status in ("sending", "waiting") for n in messages):
        return "under-way"
    if any(contact.channel not in tried for contact in test.contacts if contact.key):
        return "under-way"
    to_come = profile is not None and any(
        fallback(profile, n.target, n.channel, tried) is not None
        for n in messages
        if n.status == "failed"
    )
    return "under-way" if to_come else "failed"
