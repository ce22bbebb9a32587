"""
Where a command works: the data directory, or (``--project``) a Google Cloud project.

One object for reading and for acting. Reading needs documents only. Acting issues an event and
waits for what comes of it: in a data directory `toban dev` handles it, or this process if none
runs; in a project its functions do. Long work is a job: whoever dies over it, somebody else goes
on from the last checkpoint.
"""

from __future__ import annotations

import getpass
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from toban.cli.kit.progress import ProgressView, bar
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.cli.kit.times import now

if TYPE_CHECKING:
    from toban.events import Action, CommandIssued
    from toban.kernel.command import Audit
    from toban.kernel.event import Body, Event
    from toban.kernel.handling.parking import ParkedMessage
    from toban.kernel.platform import Platform
    from toban.ports import Secrets, Trace
    from toban.ports.backup import Resources

T = TypeVar("T")

_POLL_S = 0.1
_TURN_S = 1.0
"""How often a session that works itself looks at timers, and whether the runtime has gone."""
_REST_S = 3.0
"""With nothing in the queue for so long, nobody goes on by itself."""


@dataclass(frozen=True)
class CommandOutcome:
    """The outcome of an event that was issued here."""

    event: Event
    outcome: str
    """As in `toban.ports.Trace`; empty when nobody is known to have handled it within the time."""


class Session(ABC):
    """An open place: its documents, its files, and a way to act there."""

    reader: StoreReader
    place: str
    """The data directory or the project, for people."""
    max_dead_letters: int | None = None
    """Dead letters of one subscription that are counted; None: all."""
    waits_s: float
    """How long `carry_out` waits for others."""

    def __init__(self, terminal: Terminal, *, quiet: bool) -> None:
        """`quiet`: progress is shown only where a person looks (not beside JSON in a log)."""
        self.terminal = terminal
        self._quiet = quiet
        self._expected: dict[str, tuple[Event, str]] = {}

    # --- reading -----------------------------------------------------------------------------

    @abstractmethod
    def url(self, blob: str) -> str:
        """Return where a person opens a blob."""

    @abstractmethod
    def traces(self) -> Traces:
        """Return what is known of who handled which event."""

    @abstractmethod
    def dead_letters(self) -> dict[str, int]:
        """Return how many messages each subscription has given up on; those with none are left out."""

    @abstractmethod
    def fired(self) -> dict[str, datetime] | None:
        """Return when each schedule last fired, by its name; None: it cannot be looked up."""

    # --- acting ------------------------------------------------------------------------------

    @property
    @abstractmethod
    def platform(self) -> Platform:
        """The ports, for what a command changes itself (marks that people make)."""

    @property
    @abstractmethod
    def secrets(self) -> Secrets:
        """What the functions would be given."""

    @abstractmethod
    def issue(self, body: Body) -> Event:
        """Ask for something: the event that will be handled, if only later."""

    @abstractmethod
    def actor(self, named: str | None) -> tuple[str, str]:
        """Return who acts, and what proves it (`toban.kernel.command`); `named`: as whom (``--as``)."""

    def command(
        self, action: Action, about: str, named: str | None = None, **more: Any
    ) -> CommandIssued:
        """Return a command of whoever acts here; `more`: further fields of it."""
        from toban.events import CommandIssued

        actor, proof = self.actor(named)
        return CommandIssued(
            action=action, about=about, actor=actor, proof=proof, via="cli", at=now(), **more
        )

    def audit(self, action: str, about: str, environment: str, named: str | None = None) -> Audit:
        """
        Return the audit record of what this process changes itself: a mark that a person makes.

        In a project nobody can be named, and nothing proves who it is: the function that would
        tell by the token has no part in it.
        """
        from toban.kernel.command import Audit
        from toban.kernel.ids import derive

        actor, proof = self.actor(named)
        id_ = derive("cli", uuid.uuid4().hex)
        return Audit(
            id=id_,
            subject=about,
            action=action,
            actor=actor or getpass.getuser(),
            proof=proof,
            seen=None,
            via="cli",
            outcome="done",
            reason="",
            environment=environment,
            correlation_id=id_,
            at=now(),
        )

    def expect(self, event: Event, function: str) -> None:
        """While waiting: `Problem` when the function refuses the command."""
        self._expected[event.id] = (event, function)

    def _look_for_refusals(self) -> None:
        for event, function in list(self._expected.values()):
            answer = self.answer(event, function)
            if answer is None:
                continue
            del self._expected[event.id]
            if answer.get("outcome") == "refused":
                reason = printable(answer.get("reason", ""))
                raise Problem(self.terminal.say("command.refused", reason=reason))

    @abstractmethod
    def carry_out(
        self, body: Body, function: str, done: Callable[[], bool] | None = None
    ) -> CommandOutcome:
        """
        Issue an event and wait until `function` has handled it, at most `waits_s`.

        `done` tells it by what has changed, for a function that keeps no receipts.
        """

    @property
    @abstractmethod
    def here(self) -> bool:
        """Whether this process does the work."""

    @abstractmethod
    def begin(self) -> None:
        """Begin to work here, unless somebody else does."""

    @abstractmethod
    def others_work(self) -> bool:
        """Return whether somebody else does the work; nothing is begun here."""

    @abstractmethod
    def turn(self) -> bool:
        """Return what is to be done each second while waiting; whether anybody still goes on."""

    @abstractmethod
    def interrupted(self, shows: str, resumes: str) -> None:
        """Ctrl-C while waiting: say how to see the rest, or how to go on; may end the process."""

    def resources(self) -> Resources:
        """Buckets, keys, sources and targets, as the functions see them."""
        from toban.sources.resources import resources

        return resources(self.platform, self.secrets)

    def parked(self, event: Event, function: str) -> ParkedMessage | None:
        """Return the event, if the function set it aside."""
        from toban.kernel.event import to_message
        from toban.kernel.handling.parking import ParkedMessage, parked_id

        return self.reader.get(ParkedMessage, parked_id(function, to_message(event)))

    def answer(self, event: Event, function: str) -> dict[str, str] | None:
        """
        Return what a function answered to an event (`toban.kernel.work.Work.answer`); None:
        nothing yet.

        Empty where it handled the event and said nothing.
        """
        from toban.kernel.handling.receipt import find_receipt

        receipt = find_receipt(self.reader.store, function, event.id)
        return None if receipt is None else receipt.answer

    def wait(
        self,
        look: Callable[[], T | None],
        see: Callable[[], ProgressView],
        *,
        shows: Callable[[], str],
        resumes: Callable[[], str],
    ) -> T | None:
        """
        Wait until `look` finds something, and show what `see` says meanwhile.

        None when nobody goes on with it any more. Ctrl-C ends this process at once; the work goes
        on elsewhere (the command `shows` how far it is), or is gone on with by the command
        `resumes`, if it was done here.
        """
        self.begin()
        try:
            with bar(self.terminal, quiet=self._quiet) as show:
                return self._watch(look, see, show)
        except KeyboardInterrupt:
            self.terminal.note("")
            self.interrupted(shows(), resumes())
            raise

    def _watch(
        self,
        look: Callable[[], T | None],
        see: Callable[[], ProgressView],
        show: Callable[[ProgressView], None],
    ) -> T | None:
        turned = busy = time.monotonic()
        while True:
            self._look_for_refusals()
            found = look()
            if found is not None:
                return found
            show(see())
            moment = time.monotonic()
            if moment - turned > _TURN_S:
                turned = moment
                if self.turn():
                    busy = moment
            if moment - busy > _REST_S:
                return look()
            time.sleep(_POLL_S)


def new_event(body: Body, at: datetime) -> Event:
    """Return an event that begins here; its id derives from a nonce made now."""
    from toban.kernel.event import Event
    from toban.kernel.ids import derive

    id_ = derive("cli", uuid.uuid4().hex)
    return Event.first(id_, "/cli", at, body)


class Traces(ABC):
    """The recorded handlings of a place."""

    is_whole: bool
    """Whether every handling is among them, with its time and its changes."""

    @abstractmethod
    def of(self, id: str) -> list[Trace]:
        """Return those of the stories that an event or a correlation belongs to, in the order noted."""

    @abstractmethod
    def touching(self, collection: str, id: str) -> list[Trace]:
        """Return those of the stories that changed a document."""
