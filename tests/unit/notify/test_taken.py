"""Once somebody has it: who is not called any more, and who is told."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from tests.unit.notify.world import (
    NOON,
    ListSenders,
    World,
    acknowledged,
    by_pair,
    incident,
    page,
    paging,
)
from toban.channels.email.message import Mail
from toban.incidents.documents import Incident
from toban.kernel.document import encode
from toban.kernel.errors import TryLater
from toban.kernel.handling.effect import Failed
from toban.ports import Create, Update

MAIL = ("person:aoki", "mail")
ROOM = ("channel:room", "room")


class Case:
    """An incident that is kept, its first page, and its acknowledgement by Baba."""

    def __init__(self, *answers: object) -> None:
        self.senders = ListSenders(list(answers))
        self.world = World(self.senders)
        self.incident = Incident(
            group_key="",
            started_at=NOON,
            escalating_since=NOON,
            **{name: getattr(incident(), name) for name in IncidentFields},
        )
        self._write(Create(Incident.key("inc-7"), encode(self.incident)))
        self.opened = by_pair(self.world.page(paging()))
        self.taken = by_pair(self.world.page(acknowledged(page(0), by="Baba"), "evt-2"))

    def becomes(self, status: str, **more: object) -> None:
        key = Incident.key("inc-7")
        (now,) = self.world.store.inner.get([key])
        changed = msgspec.structs.replace(self.incident, status=status, **more)
        self._write(Update(key, encode(changed), now.version))

    def _write(self, write: Create | Update) -> None:
        self.world.store.inner.commit([write])

    def status(self, request) -> str:
        found = self.world.notifications().get(request.notification_id)
        return found.status if found else "none"

    def send(self, request) -> str:
        return self.world.notify(request)


IncidentFields = (
    "id", "service", "profile_version", "title", "status", "severity", "severity_label", "opened_at",
)  # fmt: skip
BABA = {"acknowledged_at": NOON, "assignee": "Baba"}


@pytest.mark.parametrize("status", ["acknowledged", "resolved"])
def test_a_page_that_waited_for_another_try_is_withdrawn(status):
    case = Case(Failed("busy", retryable=True))
    with pytest.raises(TryLater):
        case.send(case.opened[MAIL])
    case.becomes(status, **BABA)
    assert case.send(case.opened[MAIL]) == "done"
    assert case.status(case.opened[MAIL]) == "void"
    assert len(case.senders.sent) == 1, "the try that failed, and no other"
    assert case.send(case.opened[MAIL]) == "duplicate"


def test_what_was_not_begun_is_not_begun():
    case = Case()
    case.becomes("acknowledged", **BABA)
    case.send(case.opened[MAIL])
    assert (case.status(case.opened[MAIL]), case.senders.sent) == ("void", [])


def test_in_an_open_incident_people_are_called():
    case = Case()
    case.send(case.opened[MAIL])
    assert case.status(case.opened[MAIL]) == "sent"


def test_what_joined_is_told_with_who_has_it_by_then():
    case = Case()
    joined = by_pair(case.world.page(paging(1, "raised"), "evt-3"))[MAIL]
    joined = msgspec.structs.replace(joined, kind="joined")
    case.becomes("acknowledged", **BABA)
    assert case.send(joined) == "done"
    (mail,) = case.senders.sent
    assert isinstance(mail, Mail)
    assert "Baba" in mail.text
    assert "エスカレーションが止まります" not in mail.text


def test_a_page_that_waited_says_how_its_incident_is_by_now():
    case = Case(Failed("busy", retryable=True))
    at = NOON + timedelta(minutes=15)
    case.becomes("open", next_step_at=at)
    asked = msgspec.structs.replace(case.opened[MAIL], incident=incident(next_step_at=at))
    with pytest.raises(TryLater):
        case.send(asked)
    case.becomes("open", step=1, generation=2, severity_label="Emergency", remind_at=at)
    assert case.send(asked) == "done"
    first, second = case.senders.sent
    assert "Baba" in first.text, "the next step"
    assert "Emergency" in second.subject
    assert "2 / 2" in second.text
    assert "Baba" not in second.text, "that step was taken"


def test_a_page_that_may_have_arrived_is_said_again_in_the_same_words():
    case = Case(Failed("timed out", retryable=True, unknown=True))
    case.becomes("open", generation=1)
    with pytest.raises(TryLater):
        case.send(case.opened[MAIL])
    case.becomes("open", step=1, generation=2, severity_label="Emergency")
    assert case.send(case.opened[MAIL]) == "done"
    first, second = case.senders.sent
    assert "Emergency" not in second.subject + second.text
    assert first.subject == second.subject


def test_a_reminder_that_has_been_answered_is_withdrawn():
    case = Case()
    asked = msgspec.structs.replace(
        case.opened[MAIL],
        kind="reminded",
        incident=incident(status="acknowledged", remind_at=NOON, **BABA),
    )
    case.becomes("acknowledged", remind_at=NOON.replace(hour=5), **BABA)
    case.send(asked)
    assert (case.status(asked), case.senders.sent) == ("void", [])


def test_whoever_was_called_hears_who_has_it_once():
    case = Case()
    case.send(case.opened[MAIL])
    assert case.send(case.taken[MAIL]) == "done"
    assert case.send(case.taken[MAIL]) == "duplicate"
    again = by_pair(
        case.world.page(acknowledged(page(0), page(1, 0, "reminded"), by="Baba"), "evt-4")
    )
    assert again[MAIL].notification_id != case.taken[MAIL].notification_id
    assert case.send(again[MAIL]) == "nothing"
    _, mail = case.senders.sent
    assert "Baba" in mail.text
    record = case.world.notifications()[case.opened[MAIL].notification_id]
    assert record.followed_by == case.taken[MAIL].notification_id


def test_whoever_was_not_called_is_not_told():
    case = Case(Failed("busy", retryable=True))
    assert case.send(case.taken[MAIL]) == "nothing"
    with pytest.raises(TryLater):
        case.send(case.opened[MAIL])
    assert case.send(case.taken[MAIL]) == "nothing"


def test_whoever_may_have_been_called_is_told():
    case = Case(Failed("timed out", retryable=True, unknown=True))
    case.becomes("open", generation=1)
    with pytest.raises(TryLater):
        case.send(case.opened[MAIL])
    assert case.send(case.taken[MAIL]) == "done"


def test_a_telling_that_fails_is_tried_again():
    case = Case()
    case.send(case.opened[MAIL])
    case.senders.answers.append(Failed("busy", retryable=True))
    with pytest.raises(TryLater, match="busy"):
        case.send(case.taken[MAIL])
    assert case.send(case.taken[MAIL]) == "done"
    assert case.status(case.taken[MAIL]) == "sent"


def test_it_waits_for_a_call_that_is_under_way():
    case = Case()

    class Meanwhile(ListSenders):
        def send(self, outgoing):
            if not self.sent:
                case.becomes("acknowledged", **BABA)
                with pytest.raises(TryLater, match="under way"):
                    case.send(case.taken[MAIL])
            return super().send(outgoing)

    case.world.handlers = World(meanwhile := Meanwhile()).handlers
    case.send(case.opened[MAIL])
    case.send(case.taken[MAIL])
    assert len(meanwhile.sent) == 2


def test_the_incident_is_looked_at_after_the_claim():
    """Whichever is second sees the first: an acknowledgement that found no claim is seen by it."""
    case = Case()

    def before(_: object) -> None:
        case.world.store.before = lambda _: None
        assert case.send(case.taken[MAIL]) == "nothing", "no claim is there yet"
        case.becomes("acknowledged", **BABA)

    case.world.store.before = before
    case.send(case.opened[MAIL])
    assert (case.status(case.opened[MAIL]), case.senders.sent) == ("void", [])


def test_a_channel_is_shown_it_in_any_case():
    """It is where everybody looks, and its own first message may have been withdrawn."""
    case = Case()
    assert case.send(case.taken[ROOM]) == "done"
