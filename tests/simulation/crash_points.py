"""
Crash points in memory: the process dies before and after every I/O of every handler, singly and
in pairs, the message is delivered again, and the end has to equal the undisturbed run's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.simulation.platform import Faults, SimulatedCrash
from tests.simulation.story import INCIDENTS, Step, Story, difference, end_state
from toban.incidents.documents import Incident
from toban.ports import Query

PATIENCE = timedelta(seconds=1200)
"""How long a step may take to come to rest: leases and back-off, but no next escalation step."""


@dataclass
class Run:
    """One telling of the story, with crashes at given points (counted from 1 over the story)."""

    crashes: tuple[int, ...] = ()
    """The first counts from the beginning, each other from the crash before it."""
    passed: list[str] = field(default_factory=list)
    """Every point passed, as ``function event-type point``, in order."""
    crashed: list[str] = field(default_factory=list)
    """Ids of the messages whose handling crashed."""
    story: Story = INCIDENTS
    meanwhile: Callable[[Any], None] = lambda _: None
    """What happens between a death and the repair."""

    def __post_init__(self) -> None:
        self.world = self.story.world(Faults(point=self._point, trouble=lambda: self._unlucky))
        self._unlucky = False
        self._refused = False
        self._commits = 0
        self._mortal = True
        self.world.outside.fate = self.story.fate
        self._left = list(self.crashes)
        self._since = 0
        self._where = ""
        self._message = ""

    def again(self, crashes: tuple[int, ...]) -> None:
        """From now on die at these points."""
        self._left, self._since, self._where = list(crashes), 0, ""

    def _point(self, name: str) -> None:
        if not self._where or not self._mortal or self._between_call_and_record(name):
            return
        self.passed.append(f"{self._where} {name}")
        self._since += 1
        if self._left and self._since == self._left[0]:
            self._left.pop(0)
            self._since = 0
            self.crashed.append(self._message)
            raise SimulatedCrash(name)

    def _between_call_and_record(self, name: str) -> bool:
        """
        Whether this is the window in which nobody can know what a refused call did.

        Dying there rightly has another end: what may have been sent is closed later. The window
        is crashed in all other notifications; here only the story would change.
        """
        if not self._refused:
            return False
        if name.startswith("commit"):
            self._commits += 1
        return 2 <= self._commits <= 3

    def tell(self) -> dict[str, Any]:
        """Play every step and come to rest; the end state."""
        return self.go_on(self.story.steps)

    def go_on(self, steps: Sequence[Step]) -> dict[str, Any]:
        """Play these steps and come to rest; the end state."""
        for step in steps:
            self.begin(step)
            self._settle()
        for name in self.world.bus.subscriptions:
            assert not self.world.bus.pull(name, 1), f"dead letter in {name}"
        return self.end()

    def begin(self, step: Step) -> None:
        """Let the step's time pass and its messages come in."""
        self.world.clock.advance(step.wait)
        step.change(self.world)
        incidents = [s.data for s in self.world.memory.query(Query(Incident.COLLECTION))]
        self.world.out.publish(step.messages(self.world.clock.now(), incidents))

    def _settle(self) -> None:
        until = self.world.clock.now() + PATIENCE
        while True:
            taken = self.world.bus.take()
            if taken is None:
                due = self.world.bus.next_due()
                if due is None:
                    return
                assert due < until, "the story does not come to rest"
                self.world.clock.set(due)
                continue
            attributes = taken.delivered.message.attributes
            self._message = taken.delivered.message_id + taken.delivered.subscription
            self._refused = self.story.refused(taken.delivered.message.data)
            self._commits = 0
            self._unlucky = self.story.unlucky(taken.delivered.message)
            self._where = f"{taken.delivered.subscription} {attributes.get('ce-type')}"
            function = self.world.bus.subscriptions[taken.delivered.subscription].function
            self._mortal = self.story.functions is None or function in self.story.functions
            try:
                self.world.handle(taken.delivered)
            except SimulatedCrash:
                self.meanwhile(self.world)
                self.world.bus.release_claims()  # as after a restart
            except Exception:  # noqa: BLE001 as a push subscription sees it
                self.world.bus.refuse(taken)
            else:
                self.world.bus.acknowledge(taken)
            self._where = ""

    def end(self) -> dict[str, Any]:
        return {
            **end_state(
                self.documents(),
                self.world.out.published,
                (a.id for a in self.world.outside.arrivals),
                self.story.volatile,
                steps_vary=self.story.steps_vary,
            ),
            **self.story.observe(self.world),
        }

    def documents(self) -> dict[str, bytes]:
        """What there is, by name, as MessagePack."""
        return {
            f"{collection}/{id}": packed
            for collection in self.story.collections
            for id, packed in self.world.memory.packed(collection).items()
        }

    def repetitions(self) -> list[str]:
        """Notifications that arrived again without saying so."""
        seen: set[str] = set()
        found = []
        for arrival in self.world.outside.arrivals:
            if arrival.id in seen and not arrival.marked:
                found.append(arrival.id)
            seen.add(arrival.id)
        return found


def first_points(passed: list[str]) -> list[int]:
    """
    The first time each handler passes each of its points: one index for each kind.

    A kind is a subscription, an event type, a point and how often the handling passed it before.
    """
    seen: set[str] = set()
    chosen = []
    counts: dict[str, int] = {}
    previous = ""
    for index, name in enumerate(passed, start=1):
        where = name.rsplit(" ", 2)[0]
        if where != previous or (name.endswith("get before") and counts.get(name, 0) > 8):
            counts = {}
            previous = where
        counts[name] = counts.get(name, 0) + 1
        kind = f"{name} {counts[name]}"
        if kind not in seen:
            seen.add(kind)
            chosen.append(index)
    return chosen


class Chapters:
    """
    A story told once, with a way back to the beginning of each of its steps.

    A crash is then tried in its own step alone, which takes a hundredth of the story's time, or from
    there to the end.
    """

    def __init__(self, story: Story) -> None:
        self.story = story
        self._run = Run(story=story)
        self._saved: list[dict[str, Any]] = []
        self.ends: list[dict[str, Any]] = []
        self._dead: list[list[str]] = []
        self.passed: list[tuple[int, int, str]] = []
        """Every point: its step, its number within the step (from 1), its name."""
        for number, step in enumerate(story.steps):
            self._run.begin(step)
            self._saved.append(self._run.world.save())
            self._run.passed.clear()
            self._run._settle()
            self.passed += [(number, i, name) for i, name in enumerate(self._run.passed, start=1)]
            self.ends.append(self._run.end())
            self._dead.append(self._dead_letters())

    @property
    def world(self) -> Any:
        """Where it is told."""
        return self._run.world

    @contextmanager
    def bound_anew(self) -> Iterator[None]:
        """With handlers made now (they may be other ones now), and again afterwards."""
        self._run.world.bind()
        try:
            yield
        finally:
            self._run.world.bind()

    def kinds(self) -> list[tuple[int, int, str]]:
        """Every kind of point once."""
        chosen = first_points([name for _, _, name in self.passed])
        return [self.passed[index - 1] for index in chosen]

    def crash(
        self, step: int, *points: int, meanwhile: Callable[[Any], None] = lambda _: None
    ) -> tuple[Run, list[str]]:
        """
        Die there (the second counts from the first); what differs at the end of the step.

        `meanwhile` happens in the world before the repair.
        """
        run = self._run
        run.passed.clear()
        run.crashed.clear()
        run.again(points)
        run.meanwhile = meanwhile
        run.world.load(self._saved[step])
        try:
            run._settle()
            end = run.end()
        except AssertionError as error:
            return run, [str(error)]
        dead = self._dead_letters()
        wrong = [] if dead == self._dead[step] else [f"dead letters: {dead}"]
        return run, difference(self.ends[step], end) + wrong

    def crash_and_go_on(self, step: int, point: int) -> tuple[Run, list[str]]:
        """Die there, and tell the story to its end; what differs then."""
        run = self._run
        run.passed.clear()
        run.crashed.clear()
        run.again((point,))
        run.world.load(self._saved[step])
        run._settle()
        end = run.go_on(self.story.steps[step + 1 :])
        return run, difference(self.ends[-1], end)

    def _dead_letters(self) -> list[str]:
        bus = self._run.world.bus
        return [
            f"{name} {letter.message_id}"
            for name in bus.subscriptions
            for letter in bus.pull(name, 9)
        ]
