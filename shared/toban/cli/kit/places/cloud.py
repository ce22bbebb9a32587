"""
A Google Cloud project: its documents, its dead letters, and having something done there.

Reading needs the rights of a viewer on Firestore (and to pull, for dead letters). What is asked for
is posted to `ingest_action` and done by the project's functions; this process only waits.
"""

from __future__ import annotations

import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from toban.cli.kit.places import caller
from toban.cli.kit.places.base import CommandOutcome, Session, Traces, new_event
from toban.cli.kit.places.receipts import ReceiptTraces
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import now
from toban.kernel.event import StoredMessage, from_message, timestamp
from toban.kernel.prepared import converted
from toban.ports.schedules import SchedulerJobRejected, SchedulerPermissionDenied
from toban.topology.reader import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from toban.kernel.event import Body, Event
    from toban.kernel.handling.parking import ParkedMessage
    from toban.kernel.platform import Platform
    from toban.ports import Secrets, Store

MAX_DEAD_LETTERS = 100
"""Dead letters of one subscription that are counted."""
_AT_ONCE = 16
_POLL_S = 0.5


def documents(project: str) -> Store:
    """Return the project's documents."""
    from toban.adapters.google.firestore.store import FirestoreStore

    return FirestoreStore(project)


class CloudSession(Session):
    """A session on a Google Cloud project; its clients are made when they are needed."""

    max_dead_letters = MAX_DEAD_LETTERS
    waits_s = 30.0
    """A function that nothing has called for a while takes some seconds to start."""

    def __init__(self, project: str, location: str, terminal: Terminal, *, quiet: bool) -> None:
        """`location` is where its Cloud Scheduler jobs lie; empty: nobody said. Asks nothing yet."""
        super().__init__(terminal, quiet=quiet)
        self.place = project
        self._location = location
        self._token = ""
        self.reader = StoreReader(documents(project))

    def url(self, blob: str) -> str:
        """See `Session`; its name alone where ``TOBAN_BUCKET`` does not say which bucket it is in."""
        bucket = os.environ.get("TOBAN_BUCKET", "")
        if not bucket:
            return blob
        from toban.adapters.google.storage.blobs import GcsBlobs

        return GcsBlobs(bucket).url(blob)

    def traces(self) -> Traces:
        """See `Session`."""
        return ReceiptTraces(self.reader, load(), self._replay)

    def _replay(self, function: str, stored: StoredMessage) -> list[StoredMessage] | None:
        """What a function that only translates emits for an event, by its own code."""
        from toban import entry
        from toban.kernel.handling.decision import Translation
        from toban.local.world import load_functions

        topology = load()
        if set(topology.functions[function].writes) - {"parked", "receipts"}:
            return None
        load_functions(topology)
        handlers = entry.SUBSCRIBERS[function].bound(self.platform, self.secrets)
        event = from_message(stored.message())
        handler = handlers.get(type(event.body))
        if not isinstance(handler, Translation):
            return None
        work = self.platform.work(function, event, now=event.time, writes_allowed=False)
        handler.translate(event.body, work)
        return [StoredMessage.of(message) for message in work.messages()]

    def dead_letters(self) -> dict[str, int]:
        """See `Session`: at most `MAX_DEAD_LETTERS` of each are counted, looked at and given back."""
        from toban.adapters.google.pubsub.bus import PubSubDeadLetters

        dead_letters = PubSubDeadLetters(self.place)

        def count(subscription: str) -> int:
            found = dead_letters.pull(subscription, MAX_DEAD_LETTERS)
            dead_letters.release(found)
            return len(found)

        names = [subscription.name for subscription in load().subscriptions()]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            counted = zip(names, pool.map(count, names), strict=True)
            return {name: number for name, number in counted if number}

    def fired(self) -> dict[str, datetime] | None:
        """See `Session`: as Cloud Scheduler says, which has to be asked where the jobs lie."""
        if not self._location:
            return None
        from toban.adapters.google import scheduler

        parent = scheduler.parent_of(self.place, self._location)
        try:
            return scheduler.attempts(scheduler.connect(), parent)
        except (SchedulerPermissionDenied, SchedulerJobRejected) as error:
            raise Problem(str(error)) from error

    # --- acting ------------------------------------------------------------------------------

    @cached_property
    def platform(self) -> Platform:
        """See `Session`."""
        from toban import entry

        os.environ.setdefault("GOOGLE_CLOUD_PROJECT", self.place)
        return entry.google_platform(entry.Config(project=self.place))

    @cached_property
    def secrets(self) -> Secrets:
        """See `Session`."""
        from toban import entry
        from toban.adapters.google.secrets import SecretManagerSecrets

        return entry.HiddenSecrets(SecretManagerSecrets())

    def actor(self, named: str | None) -> tuple[str, str]:
        """See `Session`: the function tells by the token, so nobody can be named."""
        if named:
            raise Problem(self.terminal.say("command.as", project=self.place), 2)
        return "", ""

    def issue(self, body: Body) -> Event:
        """See `Session`: posted to `ingest_action`; only functions may publish."""
        from toban.events import CommandIssued, RedriveDue

        if isinstance(body, RedriveDue):
            wanted: dict[str, Any] = {"subject": "dead-letters/*", "action": "redrive"}
        else:
            assert isinstance(body, CommandIssued), "a project is asked by commands"
            wanted = {
                "subject": body.subject(),
                "action": body.action,
                "seen": body.generation,
                "note": body.note,
                "severity_label": body.severity_label,
                "arguments": body.arguments,
            }
        url = caller.address(self.place, self._location, self.terminal)
        if not self._token:
            self._token = caller.token(url, self.terminal)
        nonce = {"id": uuid.uuid4().hex, "at": timestamp(now())}
        said = caller.post(f"{url}/command", self._token, {**nonce, **wanted}, self.terminal)
        event = new_event(body, converted(said["at"], datetime))
        (id_,) = said["events"]
        return msgspec.structs.replace(event, id=id_, correlation_id=id_)

    def parked(self, event: Event, function: str) -> ParkedMessage | None:
        """See `Session`; by its id, as the body is the function's own."""
        from toban.kernel.handling.parking import ParkedMessage

        found = self.reader.find(ParkedMessage, ("function", "==", function))
        return next((p for p in found if p.attributes.get("ce-id") == event.id), None)

    def carry_out(
        self, body: Body, function: str, done: Callable[[], bool] | None = None
    ) -> CommandOutcome:
        """See `Session`. A handling that changes nothing leaves nothing to be seen by."""
        event = self.issue(body)
        deadline = time.monotonic() + self.waits_s
        while True:
            if self.answer(event, function) is not None or (done is not None and done()):
                return CommandOutcome(event, "done")
            if self.parked(event, function) is not None:
                return CommandOutcome(event, "parked")
            if time.monotonic() > deadline:
                return CommandOutcome(event, "")
            time.sleep(_POLL_S)

    @property
    def here(self) -> bool:
        """See `Session`: never."""
        return False

    def begin(self) -> None:
        """See `Session`: the functions work."""

    def others_work(self) -> bool:
        """See `Session`."""
        return True

    def turn(self) -> bool:
        """See `Session`: what waits in Pub/Sub cannot be seen, and Ctrl-C ends the waiting."""
        return True

    def interrupted(self, shows: str, resumes: str) -> None:
        """See `Session`."""
        del resumes
        self.terminal.note(self.terminal.say("follow.functions-go-on", command=shows))
