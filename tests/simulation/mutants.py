"""
Deliberately broken variants of the platform, one defect each.

They prove that crash points and simulation can fail: each has to be caught, or "no violations"
means nothing. A mutant is a context in which the platform has the defect.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from toban.adapters.local.memory.store import MemoryStore
from toban.events import EscalationDue, IncidentResolved
from toban.incidents import act, escalate, lifecycle, settle
from toban.incidents.documents import Alert
from toban.incidents.opening import triage
from toban.kernel.command import conclude
from toban.kernel.errors import TobanError
from toban.kernel.handling import decision, effect, redrive
from toban.kernel.handling.decision import Handled
from toban.kernel.handling.effect import EffectDocument
from toban.kernel.handling.receipt import Receipt
from toban.kernel.platform import Platform
from toban.kernel.work import Work
from toban.notify import deliver, page
from toban.ports import Create, Delivered, Message, Update, Write


@dataclass(frozen=True)
class Mutant:
    """A defect: what it is, and how to have it."""

    name: str
    defect: str
    apply: Callable[[], AbstractContextManager[Any]]
    seed: int = 0
    """One that is known to notice it; tried first, it saves minutes."""
    point: str = ""
    """As `seed`: words in the name of a kind of crash point."""


def _commit_as(change: Callable[[Sequence[Write]], list[Write]]) -> AbstractContextManager[Any]:
    original = MemoryStore.commit

    def commit(self: MemoryStore, writes: Sequence[Write]) -> list[str]:
        return original(self, change(writes))

    return mock.patch.object(MemoryStore, "commit", commit)


def no_receipt() -> AbstractContextManager[Any]:
    """Receipts are written where nobody finds them."""
    numbers = itertools.count()

    def change(writes: Sequence[Write]) -> list[Write]:
        return [
            Create(w.key._replace(id=f"{w.key.id}-{next(numbers)}"), w.data)
            if isinstance(w, Create) and w.key.collection == Receipt.COLLECTION
            else w
            for w in writes
        ]

    return _commit_as(change)


@contextmanager
def no_precondition() -> Iterator[None]:
    """State is overwritten whatever it is by now."""
    original = MemoryStore.commit

    def commit(self: MemoryStore, writes: Sequence[Write]) -> list[str]:
        changed: list[Write] = []
        for write in writes:
            if isinstance(write, (Create, Update)) and write.key.collection != Receipt.COLLECTION:
                now = self.get([write.key])[0]
                changed.append(
                    Create(write.key, write.data)
                    if now is None
                    else Update(write.key, write.data, now.version)
                )
            else:
                changed.append(write)
        return original(self, changed)

    with mock.patch.object(MemoryStore, "commit", commit):
        yield


@contextmanager
def publish_before_commit() -> Iterator[None]:
    """Events leave before the state they tell of is kept."""
    commit = decision.receipt_of

    def early(work: Work, messages: list[Message], digest: str, message_id: str) -> Receipt:
        _platform_of(work).publish(work.function, messages)
        return commit(work, messages, digest, message_id)

    with mock.patch.object(decision, "receipt_of", early):
        yield


_bound: dict[int, Platform] = {}


def _platform_of(work: Work) -> Platform:
    """The platform a work belongs to (found by its store, which only the kernel is given)."""
    return _bound[id(work.store)]


def remember(platform: Platform) -> None:
    """Let `publish_before_commit` find the platform of a work."""
    _bound[id(platform.store)] = platform


def no_republish() -> AbstractContextManager[Any]:
    """A redelivery that finds the receipt publishes nothing."""
    return mock.patch.object(decision, "replay", return_value=Handled("duplicate"))


def no_receipt_look_up_when_idle() -> AbstractContextManager[Any]:
    """A decision with nothing (more) to do is taken for one that never had anything to do."""
    real = decision.run_decision

    def run(
        function: str, made: decision.Decision, event: Any, delivered: Delivered, platform: Platform
    ) -> Handled:
        def look(p: Platform, f: str, e: Any) -> Receipt | None:
            return None

        probe = Work(
            store=platform.store,
            event=event,
            function=function,
            now=platform.clock.now(),
            cache=platform.cache,
            guess=False,
        )
        made.decide(event.body, probe)
        if probe.is_empty:
            return Handled("nothing")
        return real(function, made, event, delivered, platform)

    from toban.kernel.handling import handle

    return mock.patch.object(handle, "run_decision", run)


def state_after_receipt() -> AbstractContextManager[Any]:
    """The receipt is committed by itself, the state in a second commit."""
    original = MemoryStore.commit

    def commit(self: MemoryStore, writes: Sequence[Write]) -> list[str]:
        receipts = [w for w in writes if w.key.collection == Receipt.COLLECTION]
        others = [w for w in writes if w.key.collection != Receipt.COLLECTION]
        if not receipts or not others:
            return original(self, writes)
        versions = original(self, receipts)
        return versions + original(self, others)

    return mock.patch.object(MemoryStore, "commit", commit)


def failure_acknowledged() -> AbstractContextManager[Any]:
    """A handling that failed is acknowledged all the same."""
    from tests.simulation.platform import Simulated

    original = Simulated.handle

    def handle(self: Simulated, delivered: Delivered) -> None:
        try:
            original(self, delivered)
        except Exception:  # noqa: BLE001 the defect
            pass

    return mock.patch.object(Simulated, "handle", handle)


def no_claim() -> AbstractContextManager[Any]:
    """An effect is called before anything is written, and recorded afterwards."""

    def run(function: str, made: Any, event: Any, delivered: Any, platform: Platform) -> Handled:
        from toban.kernel.document import encode

        work = platform.work(function, event)
        document = made.claim(event.body, work)
        if document is None:
            if work.writes:
                platform.store.commit(work.writes)
            return Handled("done")
        key = document.key(document.id)
        if platform.store.get([key])[0] is not None:
            return Handled("duplicate")
        document.lease_until = work.now
        result = made.call(document, event.body, work)
        if isinstance(result, effect.Failed):
            raise effect.TryLater(result.error)
        conclusion = platform.work(function, event)
        document.state = "done"
        made.conclude(document, event.body, result, conclusion)
        platform.store.commit([*work.writes, Create(key, encode(document))])
        return Handled("done")

    from toban.kernel.handling import handle

    return mock.patch.object(handle, "run_effect", run)


@contextmanager
def lease_ignored() -> Iterator[None]:
    """A claim is taken over while its holder is still calling."""
    original = effect._take_over

    def take_over(function: str, made: Any, existing: Any, *rest: Any) -> Any:
        data = dict(existing.data)
        if data["state"] == "claimed":
            from datetime import timedelta

            data["lease_until"] = data["lease_until"] - timedelta(days=1)
        from dataclasses import replace

        taken = original(function, made, replace(existing, data=data), *rest)
        if isinstance(taken, tuple):
            document: EffectDocument = taken[0]
            document.unknown = False
        return taken

    with mock.patch.object(effect, "_take_over", take_over):
        yield


def unknown_forgotten() -> AbstractContextManager[Any]:
    """Whoever takes over an effect is not told that it may have happened."""
    original = effect._take_over

    def take_over(*arguments: Any) -> Any:
        taken = original(*arguments)
        if isinstance(taken, tuple):
            taken[0].unknown = False
        return taken

    return mock.patch.object(effect, "_take_over", take_over)


def stale_timers() -> AbstractContextManager[Any]:
    """A timer escalates whatever has happened since it was set."""

    def on_due(due: EscalationDue, work: Work) -> None:
        incident = settle.incident_of(due.incident_id, work)
        if incident.status != "resolved":
            lifecycle.escalate(incident, work)

    return mock.patch.dict(
        escalate.HANDLERS,
        {EscalationDue: decision.Decision(on_due)},  # type: ignore[dict-item]
    )


def timers_marked_first() -> AbstractContextManager[Any]:
    """Timers are marked as fired before their events are published."""
    from toban.kernel.document import decode, encode
    from toban.ports import Query

    def fire(function: str, platform: Platform) -> Handled:
        now = platform.clock.now()
        for snapshot in platform.store.query(
            Query(Receipt.COLLECTION, (("due", "<=", now),), order_by="due")
        ):
            receipt = decode(Receipt, snapshot.data)
            due = [t for t in receipt.timers if not t.fired and t.due <= now]
            for timer in due:
                timer.fired = True
            receipt.due = min((t.due for t in receipt.timers if not t.fired), default=None)
            platform.store.commit([Update(snapshot.key, encode(receipt), snapshot.version)])
            platform.publish(function, [t.event.message() for t in due])
        return Handled("done")

    from toban.entry import SUBSCRIBERS
    from toban.events import MinutePassed
    from toban.kernel.handling.handle import Routine

    return mock.patch.dict(SUBSCRIBERS["tick"].handlers, {MinutePassed: Routine(fire)})


def no_redrive() -> AbstractContextManager[Any]:
    """Dead letters are forgotten instead of being tried again."""
    from toban.entry import SUBSCRIBERS
    from toban.events import RedriveDue
    from toban.kernel.handling.handle import Routine

    def forget(function: str, platform: Platform) -> Handled:
        assert platform.dead_letters is not None
        for name in platform.subscriptions:
            platform.dead_letters.remove(platform.dead_letters.pull(name, 100))
        return Handled("done")

    return mock.patch.dict(
        SUBSCRIBERS["redrive_dead_letters"].handlers, {RedriveDue: Routine(forget)}
    )


def redriven_as_new() -> AbstractContextManager[Any]:
    """A redriven message loses its first id, and counts as somebody else's repetition."""
    return mock.patch.object(redrive, "MESSAGE_ID", "ce-somethingelse")


def no_second_look() -> AbstractContextManager[Any]:
    """Nobody looks again after an incident resolved: an alert that joined just then is lost."""
    return mock.patch.dict(
        settle.HANDLERS, {IncidentResolved: decision.Decision(lambda body, work: None)}
    )


def arrival_order() -> AbstractContextManager[Any]:
    """What arrives last counts, whenever it happened."""

    def on_resolved(report: Any, work: Work) -> None:
        known = work.get(Alert, triage.alert_id(report))
        if known is None or known.status != "firing":
            return
        known.status = "resolved"
        work.put(known)
        from toban.events import AlertCleared

        work.emit(
            AlertCleared(incident_id=known.incident or "", alert_id=known.id, title="", at=work.now)
        )

    from toban.events import AlertResolved

    return mock.patch.dict(triage.HANDLERS, {AlertResolved: decision.Decision(on_resolved)})


def silent_counts_as_sent() -> AbstractContextManager[Any]:
    """What an open breaker keeps back is recorded as sent."""
    return _kept_back(lambda request, work: effect.Done())


def silent_gives_up() -> AbstractContextManager[Any]:
    """What an open breaker keeps back is given up instead of going to the next channel."""
    return _kept_back(
        lambda request, work: effect.Failed("kept back", retryable=False), fallback=False
    )


@contextmanager
def _kept_back(result: Callable[[Any, Work], Any], *, fallback: bool = True) -> Iterator[None]:
    call, following = deliver.DeliverHandler.call, deliver._following
    kept: set[str] = set()

    def defective(self: Any, document: Any, request: Any, work: Work) -> Any:
        given = call(self, document, request, work)
        if isinstance(given, effect.Failed) and "stopped answering" in given.error:
            kept.add(request.notification_id)
            return result(request, work)
        return given

    def next_channel(request: Any, profile: Any) -> Any:
        lost = not fallback and request.notification_id in kept
        return None if lost else following(request, profile)

    with (
        mock.patch.object(deliver.DeliverHandler, "call", defective),
        mock.patch.object(deliver, "_following", next_channel),
    ):
        yield


@contextmanager
def refusals_forgotten() -> Iterator[None]:
    """A command that is not carried out leaves nothing."""

    def conclude_if_done(
        command: Any, work: Work, outcome: Any, reason: str = "", *, environment: str
    ) -> None:
        if outcome == "done":
            conclude(command, work, outcome, reason, environment=environment)

    with mock.patch.object(act, "conclude", conclude_if_done):
        yield


def proof_forgotten() -> AbstractContextManager[Any]:
    """The timeline does not say what proved an actor."""
    return mock.patch.object(act, "_say_the_proof", return_value=None)


def record_lost() -> AbstractContextManager[Any]:
    """An alert that fires again is gone from the incident it was in."""
    return mock.patch.object(triage, "_leave", return_value=None)


def told_one_by_one() -> AbstractContextManager[Any]:
    """Each of those who share a channel has a closing of their own there."""
    return mock.patch.object(page, "_by_message", lambda _, closings: [[each] for each in closings])


MUTANTS = (
    Mutant("no receipt", "an event handled twice has two effects", no_receipt),
    Mutant("no precondition", "of two changes at once one is lost", no_precondition),
    Mutant("publish before commit", "events tell of what never was", publish_before_commit),
    Mutant("no republish", "a crash after the commit loses events", no_republish, seed=3),
    Mutant(
        "no receipt looked up when idle",
        "a crash after the commit loses events",
        no_receipt_look_up_when_idle,
    ),
    Mutant(
        "state after receipt", "a crash in between loses the state", state_after_receipt, seed=6
    ),
    Mutant("failure acknowledged", "a passing fault loses the event", failure_acknowledged),
    Mutant("effect without claim", "one notification is sent twice", no_claim, seed=2),
    Mutant("lease ignored", "two deliveries call at once", lease_ignored),
    Mutant("unknown forgotten", "a repetition is not marked as one", unknown_forgotten),
    Mutant("stale timers", "escalation after acknowledgement", stale_timers),
    Mutant("timers marked first", "a crash in between loses a step", timers_marked_first),
    Mutant("no redrive", "what failed for a while is lost", no_redrive, seed=1),
    Mutant("redriven as new", "a redriven message's events are lost", redriven_as_new, seed=11),
    Mutant("no second look", "an alert joins a resolved incident", no_second_look),
    Mutant("arrival order", "late news undoes newer news", arrival_order),
    Mutant("silent counts as sent", "a page kept back is lost", silent_counts_as_sent),
    Mutant("silent gives up", "a page kept back is tried nowhere", silent_gives_up),
    Mutant("refusals forgotten", "nobody knows who tried what", refusals_forgotten, seed=2),
    Mutant("proof forgotten", "nobody knows who it was", proof_forgotten),
    Mutant(
        "told one by one", "a room is told several times that it is over", told_one_by_one, seed=1
    ),
    Mutant("record lost", "nobody knows what an incident was about", record_lost, seed=1),
)

__all__ = ["MUTANTS", "Mutant", "TobanError", "remember"]
