"""`toban test-page`: whether people can be called, shown by their own answer."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from typing import Final

from toban.cli.kit.arguments import no_such, unknown
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.session import CommandOutcome, Session, session
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.cli.kit.tested import (
    Sending,
    TestedPerson,
    messages_of,
    sending_of,
    status_of,
    test_view,
    tested_people,
    view,
)
from toban.cli.kit.times import LIST_SECONDS, Times
from toban.cli.kit.views import status_word
from toban.kernel.i18n import duration
from toban.kernel.reasons.words import in_words
from toban.notify.documents import Notification
from toban.people.section import PEOPLE
from toban.profile.profile import Profile
from toban.testpages.documents import PageTest
from toban.testpages.testing import ANSWER_WITHIN, DOMAIN

FUNCTION: Final = "test_contacts"
_SENDS_S: Final = 10.0
"""How long the command waits to see what became of each message, where others send them."""
_POLL_S: Final = 0.2
_MARKS: Final[dict[Sending, tuple[str, str]]] = {
    "reached": ("✓", "green"),
    "under-way": ("…", "yellow"),
    "failed": ("✗", "red"),
}
_COLORS: Final = {"never": "red", "changed": "yellow", "shown": "green"}


def test_page(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Send a test page, or (``--list``) show who has answered one."""
    if asked.list:
        return _list(asked, terminal)
    if not asked.person:
        raise Problem(terminal.say("test-page.whom"), 2)
    with session(asked, terminal) as work:
        service, person = _meant(asked, work.reader, terminal)
        command = work.command("test-page", f"{DOMAIN}/{service}/{person}", asked.actor)
        issued = work.carry_out(command, FUNCTION)
        answer = work.answer(issued.event, FUNCTION) or {}
        if answer.get("outcome") == "refused":
            error = printable(answer.get("reason", ""))
            raise Problem(terminal.say("test-page.refused", person=person, error=error))
        test = work.reader.get(PageTest, answer["test"]) if "test" in answer else None
        if test is None:
            raise Problem(_not_yet(work, issued, person, terminal))
        profile = work.reader.profiles().get(service)
        sending, messages = _watch(work, profile, test)
        if asked.json:
            terminal.json(test_view(work.reader, profile, test))
        else:
            _tell(test, sending, messages, terminal)
    return 1 if sending == "failed" else 0


def _watch(
    work: Session, profile: Profile | None, test: PageTest
) -> tuple[Sending, list[Notification]]:
    """What became of the messages, and they: once each is sent, has failed or is to be tried again."""
    deadline = time.monotonic() + _SENDS_S
    while True:
        tried = messages_of(work.reader, test)
        sending = sending_of(profile, test, tried)
        missing = {c.channel for c in test.contacts} - {n.channel for n in tried}
        busy = missing or any(n.status == "sending" for n in tried)
        waiting = any(n.status == "waiting" for n in tried)
        settled = not busy and (sending != "under-way" or waiting)
        if settled or work.here or time.monotonic() > deadline:
            return sending, tried
        time.sleep(_POLL_S)


def _meant(asked: argparse.Namespace, reader: StoreReader, terminal: Terminal) -> tuple[str, str]:
    """The service and the person that are meant; `Problem` where that is nobody, or several."""
    profiles = reader.profiles()
    _require_service(asked, profiles, terminal)
    word = asked.person.strip().removeprefix("person:").casefold()
    there = {
        (service, id): person.name
        for service, profile in sorted(profiles.items())
        if asked.service in (None, service)
        for id, person in profile[PEOPLE].items()
    }
    found = [key for key, name in there.items() if word in (key[1].casefold(), name.casefold())]
    if not found:
        known = dict.fromkeys(id for _, id in there)
        raise Problem(unknown(terminal.language, asked.person, "what.person", known))
    if len(found) > 1:
        services = ", ".join(f"--service {service}" for service, _ in found)
        raise Problem(terminal.say("test-page.several", word=asked.person, services=services), 2)
    return found[0]


def _require_service(asked: argparse.Namespace, known: Iterable[str], terminal: Terminal) -> None:
    if asked.service is not None and asked.service not in known:
        raise no_such(terminal, asked.service, "what.service", known)


def _tell(
    test: PageTest, sending: Sending, messages: Iterable[Notification], terminal: Terminal
) -> None:
    """What was sent, and how it is seen whether it was answered; or that nothing was."""
    channels = ", ".join(contact.channel for contact in test.contacts)
    said = terminal.say(f"test-page.{sending}", name=printable(test.person_name), channels=channels)
    mark, color = _MARKS[sending]
    terminal.line(terminal.paint(f"{mark} {test.id}: {said}", color))
    lines = []
    for message in messages:
        status = terminal.say(f"notification.{status_word(message)}")
        error = (
            f" ({printable(in_words(terminal.language, message.error))})" if message.error else ""
        )
        lines.append(f"  {message.channel}: {status}{error}")
    for line in dict.fromkeys(lines):  # several fall back to one
        terminal.line(line)
    if sending != "failed":
        within = duration(terminal.language, ANSWER_WITHIN.total_seconds())
        terminal.line(terminal.say("test-page.next", within=within, person=test.person))


def _not_yet(work: Session, issued: CommandOutcome, person: str, terminal: Terminal) -> str:
    return terminal.say(
        "test-page.not-seen", person=person, seconds=int(work.waits_s), event=issued.event.id
    )


def _list(asked: argparse.Namespace, terminal: Terminal) -> int:
    word = (asked.person or "").removeprefix("person:").casefold()
    with session(asked, terminal) as work:
        reader = work.reader
        _require_service(asked, reader.profiles(), terminal)
        found = [
            tested
            for tested in tested_people(reader)
            if asked.service in (None, tested.service)
            and word in ("", tested.id.casefold(), tested.name.casefold())
        ]
        if asked.json:
            terminal.json([view(reader, tested) for tested in found])
            return 0
        if not found:
            terminal.line(terminal.say("none.test-pages"))
            return 0
        zones = {tested.service: reader.zone(tested.service) for tested in found}
        _table(reader, found, zones, terminal)
    return 0


def _table(
    reader: StoreReader, found: list[TestedPerson], zones: dict[str, str], terminal: Terminal
) -> None:
    times = Times(
        (at, zones[tested.service])
        for tested in found
        if tested.newest is not None
        for at in (tested.newest.asked_at, tested.newest.answered_at)
        if at is not None
    )
    words = {standing: terminal.say(f"test-page.{standing}") for standing in _COLORS}
    rows = []
    for tested in found:
        test = tested.newest
        answered = [c.channel for c in (test.contacts if test else ()) if c.answered_at]
        rows.append(
            [
                tested.id,
                tested.service,
                words[tested.standing],
                ", ".join(contact.channel_id for contact in tested.contacts),
                "-"
                if test is None
                else times.written(test.asked_at, zones[tested.service], LIST_SECONDS),
                "-"
                if test is None
                else terminal.say(
                    f"test-page.status.{status_of(tested.profile, test, messages_of(reader, test))}"
                ),
                ", ".join(answered),
            ]
        )
    columns = ("person", "service", "reachable", "ways", "asked", "newest-test", "answered-by")
    terminal.table(
        terminal.titles(*columns, asked=times.title),
        rows,
        {2: {words[standing]: color for standing, color in _COLORS.items()}},
        flexible=3,
        spare=(6, 4),
    )
