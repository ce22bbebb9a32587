"""
Test pages under faults: leads ask, people tap (twice, late, on others' links), a shift is near.

A world of its own beside it (`Tapped`) knows who was really asked and who really tapped; the platform's
documents are held against that: ``python -m tests.simulation reach SEED``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import msgspec

from tests.simulation.invariants import at_rest, everything
from tests.simulation.mutants import Mutant, no_receipt
from tests.simulation.platform import START, Faults, Simulated
from tests.simulation.profiles import profile
from tests.simulation.sim import FAULTY, Simulation
from toban.adapters.local.memory.store import MemorySecrets
from toban.events import CommandIssued, ShiftWatchDue
from toban.kernel.command import Audit
from toban.kernel.ids import derive
from toban.kernel.work import Work
from toban.notify import deliver
from toban.notify.documents import Notification
from toban.notify.links import SIGNING, action_links
from toban.oncall.section import Override
from toban.profile.store import apply
from toban.testpages import testing
from toban.testpages.documents import PageTest

SERVICE = "shop"
PEOPLE = ("aoki", "baba", "chiba")
NEXT = "aoki"
"""Whose shift is near: they stand in, and have no duty before."""
SHIFT = START + timedelta(hours=9)


@dataclass
class Tapped:
    """Who was asked, and which taps were theirs."""

    asked: dict[str, str] = field(default_factory=dict)
    """Test page → person."""
    taps: dict[str, set[str]] = field(default_factory=dict)
    """Test page → channels whose link was used by whoever may."""
    commands: set[str] = field(default_factory=set)
    """Ids of everything that was asked for."""


class ReachSimulation(Simulation):
    """One seed: no alert, many test pages."""

    def __init__(self, seed: int) -> None:
        self.tapped = Tapped()
        super().__init__(seed)

    def _world(self, faults: Faults) -> Simulated:
        made = super()._world(faults)
        shop = profile(SERVICE)
        assert shop.oncall is not None
        stand_in = Override(start=SHIFT, end=SHIFT + timedelta(hours=1), person=NEXT)
        alone = msgspec.structs.replace(
            shop.oncall, members=("baba", "chiba"), overrides=(stand_in,)
        )
        others = [
            msgspec.structs.replace(profile(name), oncall=None)
            for name in ("patient", "search", "toban")
        ]
        apply(made.memory, [msgspec.structs.replace(shop, oncall=alone), *others], START)
        made.platform.cache.clear()
        links = action_links("https://ops.test", MemorySecrets({SIGNING: ["k"]}))
        made.tables["deliver_notification"] = deliver.handlers(made.outside, links)
        return made

    def _plan(self, number: int) -> None:
        rng = self.rng
        for index in range(rng.choice((1, 2, number // 2))):
            person = rng.choice(PEOPLE)
            at = START + timedelta(seconds=rng.uniform(0, FAULTY.total_seconds() * 0.9))
            ask = f"ask-{index}"
            test = f"tst-{derive(ask, 'test_contacts', 'test-page', length=10)}"
            self._at(at, partial(self._ask, ask, test, person))
            for tap in range(rng.choice((0, 1, 1, 3))):
                late = timedelta(
                    seconds=rng.choice((1.0, 60.0, 600.0, 900.0)) * rng.uniform(0.5, 2)
                )
                whose = rng.choice((person, person, "", rng.choice(PEOPLE)))
                channel = rng.choice(("pager", "pager", "room"))
                self._at(at + late, partial(self._tap, f"tap-{index}-{tap}", test, whose, channel))
        for hour in range(4):
            minute = timedelta(hours=hour, minutes=20)
            self._at(START + minute, partial(self._post, f"watch-{hour}", ShiftWatchDue()))

    def _act(self, action: Any) -> None:
        action()

    def _ask(self, id: str, test: str, person: str) -> None:
        self.tapped.asked[test] = person
        self._command(id, "test-page", f"{SERVICE}/{person}", "local:lead")

    def _tap(self, id: str, test: str, whose: str, channel: str) -> None:
        if all(found.id != test for found in everything(self.world, PageTest)):
            return  # nobody has a link of what was not sent yet
        if whose in ("", self.tapped.asked[test]):
            self.tapped.taps.setdefault(test, set()).add(channel)
        proof = f"link:person:{whose}" if whose else "link:"
        self._command(id, "answer", test, proof, channel=channel)

    def _command(self, id: str, action: Any, about: str, proof: str, **arguments: str) -> None:
        command = CommandIssued(
            about=f"{testing.DOMAIN}/{about}",
            action=action,
            actor="lead",
            proof=proof,
            via="sim",
            at=START,
            arguments=arguments,
        )
        self.tapped.commands.add(id)
        for _ in range(self.rng.choice((1, 1, 2))):  # a double tap
            self._post(id, command)

    def broken(self) -> list[str]:
        """Everything that is wrong at the end."""
        notifications = {n.id: n for n in everything(self.world, Notification)}
        return [
            *at_rest(self.world, notifications),
            *self._tests(),
            *self._sent(notifications),
            *self._recorded(),
        ]

    def _tests(self) -> Iterator[str]:
        tests = {test.id: test for test in everything(self.world, PageTest)}
        by_hand = {id: test.person for id, test in tests.items() if test.asked_by}
        if by_hand != self.tapped.asked:
            yield f"asked for {self.tapped.asked}, sent {by_hand}"
        for test in tests.values():
            taps = self.tapped.taps.get(test.id, set())
            answered = {contact.channel for contact in test.contacts if contact.answered_at}
            if answered != taps:
                yield f"{test.id} was answered by {answered}, really by {taps}"
            if test.status != ("answered" if taps else "unanswered"):
                yield f"{test.id} is {test.status}, and was tapped: {taps}"
        before = [test for test in tests.values() if not test.asked_by]
        shown = any(self.tapped.asked[test] == NEXT for test in self.tapped.taps)
        if len(before) > 1 or (not before and not shown):
            yield f"{len(before)} test pages before the shift of {NEXT}"
        if any((test.person, test.shift_at) != (NEXT, SHIFT) for test in before):
            yield f"before a shift were asked: {[test.person for test in before]}"

    def _sent(self, notifications: dict[str, Notification]) -> Iterator[str]:
        """Everybody who was asked got the message, once where the receiver can tell."""
        received = self.world.outside.received()
        sent: Counter[str] = Counter()
        for id, notification in notifications.items():
            sent[notification.incident] += notification.kind == "test"
            arrived, channel = received.get(id, 0), notification.channel
            if notification.state == "done" and not arrived and channel != "log":
                yield f"{id} is said to be sent and never arrived"
            if arrived > 1 and channel == "pager" and id not in self.world.outside.excused:
                yield f"{id} arrived {arrived} times"
        for test in everything(self.world, PageTest):
            if not sent[test.id]:
                yield f"{test.id} was never sent"
        told = [n for n in notifications.values() if n.kind == "shift" and not n.error]
        if len({n.incident for n in told}) > 1:
            yield f"others were told of {len(told)} shifts"

    def _recorded(self) -> Iterator[str]:
        kept = Counter(audit.correlation_id for audit in everything(self.world, Audit))
        if set(kept) != self.tapped.commands or set(kept.values()) - {1}:
            yield f"commands {sorted(self.tapped.commands)}, records {dict(kept)}"


def by_event() -> AbstractContextManager[Any]:
    """What is sent before a shift is named by the look that found it."""
    real = testing._send

    def send(id: str, present: Any, person: str, contacts: Any, work: Work, **more: Any) -> None:
        named = id if more.get("by") else f"tst-{work.derive('shift', length=10)}"
        real(named, present, person, contacts, work, **more)

    return mock.patch.object(testing, "_send", send)


def of_anybody() -> AbstractContextManager[Any]:
    """A link of one's own answers for anybody."""
    real = testing._answer

    def answer(id: str, command: CommandIssued, work: Work) -> Any:
        return real(id, msgspec.structs.replace(command, proof="link:"), work)

    return mock.patch.object(testing, "_answer", answer)


def by_the_first() -> AbstractContextManager[Any]:
    """Whichever channel was answered, the first is noted."""
    real = testing._answer

    def answer(id: str, command: CommandIssued, work: Work) -> Any:
        return real(id, msgspec.structs.replace(command, arguments={"channel": "pager"}), work)

    return mock.patch.object(testing, "_answer", answer)


def never_due() -> AbstractContextManager[Any]:
    """Nobody looks whether it was answered."""
    return mock.patch.object(Work, "at", return_value=None)


def unrecorded() -> AbstractContextManager[Any]:
    """A command leaves no record."""
    return mock.patch.object(testing, "conclude", return_value=None)


REACH_MUTANTS = (
    Mutant("named by the look", "whoever comes on duty is asked at every look", by_event, seed=2),
    Mutant("of anybody", "others answer for whom a test page was sent to", of_anybody, seed=1),
    Mutant("by the first", "a way that nobody answered counts as tested", by_the_first),
    Mutant("never due", "what is not answered stays open for ever", never_due),
    Mutant("unrecorded", "nobody can tell who asked or answered", unrecorded),
    Mutant("command twice", "a command that comes twice is carried out twice", no_receipt, seed=1),
)
