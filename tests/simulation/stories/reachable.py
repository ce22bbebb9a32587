"""Test pages: one is answered, twice, and by a stranger; one is not; before a shift they come by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.simulation.platform import START, Simulated
from tests.simulation.profiles import PATIENT, profile
from tests.simulation.story import Step, Story
from toban.adapters.local.memory.store import MemorySecrets
from toban.events import Action, CommandIssued, MinutePassed, ShiftWatchDue
from toban.kernel.event import Body, Event, to_message
from toban.kernel.ids import derive
from toban.notify import deliver
from toban.notify.links import SIGNING, action_links
from toban.ports import Message
from toban.profile.store import apply
from toban.testpages.testing import ANSWER_WITHIN

FUNCTION = "test_contacts"
LATER = timedelta(days=6, minutes=20)
"""The next hand-over is in seven."""


def world(faults: Any) -> Simulated:
    """A service with a rotation, and the platform's own."""
    made = Simulated(faults)
    apply(made.memory, (PATIENT, profile("toban", default=True)), START)
    links = action_links("https://ops.test", MemorySecrets({SIGNING: ["k"]}))
    made.tables["deliver_notification"] = deliver.handlers(made.outside, links)
    return made


def _sent(id: str, body: Body, now: datetime) -> list[Message]:
    return [to_message(Event(id=id, source="/story", time=now, subject=body.subject(), body=body))]


def _command(id: str, action: Action, about: str, proof: str, **arguments: str) -> Any:
    def made(now: datetime, _incidents: object) -> list[Message]:
        body = CommandIssued(
            about=f"test-pages/{about}",
            action=action,
            actor="aoki",
            proof=proof,
            via="story",
            at=START,
            arguments=arguments,
        )
        return _sent(id, body, now)

    return made


def _asked_by(id: str) -> str:
    """Id of the test page that a command has sent."""
    return f"tst-{derive(id, FUNCTION, 'test-page', length=10)}"


def _minute(now: datetime, _incidents: object) -> list[Message]:
    return _sent(f"tick-{now}", MinutePassed(), now)


def _watch(now: datetime, _incidents: object) -> list[Message]:
    return _sent(f"watch-{now}", ShiftWatchDue(), now)


IN_VAIN = ANSWER_WITHIN.total_seconds() + 60
OWN = "link:person:baba"
STEPS = (
    Step("a test page", 0, _command("ask-1", "test-page", "patient/baba", "local:aoki")),
    Step("a stranger", 60, _command("no", "answer", _asked_by("ask-1"), "link:person:chiba")),
    Step("it is answered", 60, _command("yes", "answer", _asked_by("ask-1"), OWN, channel="pager")),
    Step("once more", 60, _command("again", "answer", _asked_by("ask-1"), OWN, channel="pager")),
    Step("another way", 60, _command("too", "answer", _asked_by("ask-1"), "link:", channel="room")),
    Step("another", 60, _command("ask-2", "test-page", "patient/aoki", "google:aoki@example.jp")),
    Step("nobody answers", IN_VAIN, _minute),
    Step("a shift is near", LATER.total_seconds(), _watch),
    Step("nobody answers that either", IN_VAIN, _minute),
    Step("the shift is nearer", 3600, _watch),
)
STORY = Story(
    STEPS,
    world,
    ("audits", "notifications", "test_pages"),
    functions=frozenset({FUNCTION}),
)
