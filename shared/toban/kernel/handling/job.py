"""
Jobs: long, resumable work in steps that each fit into a function's time.

An effect makes one call; a job makes many (the parts of a backup), for minutes, and has to go on
where a dead process left off. Its document holds a lease, a fence and a checkpoint:

claim (under a version: fence + 1) → run (checkpoints under the fence, each renews the lease) →
conclude (receipt, document and everything else in one batch) → publish → acknowledge.

A step is one event. One that ends with `Continue` is followed by the next; with anything else the
job is over. Found again, its receipt publishes what it emitted, as for a decision. A step
whose holder died is taken over when the lease has ended; a holder that lost its lease learns it at
its next checkpoint and stops. What it does in between has to be harmless: objects created only if
absent, deletions, writes that say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeAlias, TypeVar

from toban.kernel import log
from toban.kernel.clock.skew import holds, is_future
from toban.kernel.document import Document, decode, encode
from toban.kernel.errors import TryLater
from toban.kernel.event import Body, Event
from toban.kernel.handling import decision
from toban.kernel.handling.decision import MAX_RUNS, B_contra, Handled, message_identity
from toban.kernel.handling.receipt import find_receipt
from toban.kernel.ids import body_hash
from toban.kernel.platform import Platform
from toban.kernel.work import Work, clock_now
from toban.ports import AlreadyExists, Create, Delivered, Key, PortError, Stale, Unavailable, Update

ABANDONED = timedelta(hours=2)
"""
A job is abandoned after so long without a checkpoint: longer than all redeliveries and redrives of
a step's message together.
"""


class JobDocument(Document, kw_only=True):
    """The record of a job: its step, the lease of who works on it, and its progress."""

    step: int = 0
    """The step that is due or under way; each is concluded once."""
    fence: int = 0
    """Counts the claims; only the newest holder may record."""
    lease_until: datetime | None = None
    """A process works on it until then; None: nobody does."""
    tries: int = 0
    """Claims of this step without progress."""
    error: str = ""
    """The error of the last try."""
    over: bool = False
    """The job has ended."""
    touched_at: datetime | None = None
    """The last claim, checkpoint or conclusion."""

    def over_since(self) -> datetime | None:
        """Return when it was concluded."""
        return self.touched_at if self.over else None

    def is_stale(self, now: datetime) -> bool:
        """
        Return whether nobody will continue the job: its message has used up its attempts.

        A last checkpoint in the future was written by a wrong clock and does not count; a
        process that still works on the job writes another within its lease.
        """
        if self.over or self.touched_at is None:
            return False
        return now - self.touched_at > ABANDONED or is_future(self.touched_at, now)


J = TypeVar("J", bound=JobDocument)
R = TypeVar("R")


class LeaseLost(TryLater):
    """Another delivery has taken the job over; this one must not record anything."""


@dataclass(frozen=True)
class Continue:
    """The step's time is up, or something is awaited: continue with the next step."""

    after: timedelta = timedelta(0)
    """How long to wait; zero: at once."""


@dataclass(frozen=True)
class NothingToDo:
    """The job has ended because its subject no longer exists."""

    reason: str = "there is nothing to do any more"


@dataclass(frozen=True)
class Failure:
    """The job is given up, because another try would not help."""

    reason: str


@dataclass(frozen=True)
class GaveUp:
    """The job is given up after too many tries of one step without progress."""

    tries: int
    error: str = ""
    """What the last try failed with, where it could be recorded."""

    @property
    def reason(self) -> str:
        """Return the reason in words."""
        return self.error or f"no progress in {self.tries} tries"


Unfinished: TypeAlias = NothingToDo | Failure | GaveUp
"""How a job ends without a result."""


class JobClaim(Generic[J]):
    """A claimed job while one of its steps runs: the time, checkpoints, and documents to read."""

    def __init__(self, document: J, version: str, platform: Platform, lease: timedelta) -> None:
        self.document = document
        self.documents = platform.documents()
        """What may be read meanwhile; nothing insists on it later."""
        self.version = version
        self._platform = platform
        self._lease = lease
        self._started = self.documents.now
        # Not this moment: whoever stood still after the claim would believe the lease to be fresh.
        until = document.lease_until
        self._renewed = self._started if until is None else until - lease

    def now(self) -> datetime:
        """Return the present time (a step lasts for minutes)."""
        return clock_now(self._platform.clock)

    def elapsed(self) -> timedelta:
        """
        Return how long this step has been running here.

        If the clock was put back meanwhile the step ends early instead of running for ever.
        """
        return abs(self.now() - self._started)

    def checkpoint(self) -> None:
        """Record the document as it is now and renew the lease; raises `LeaseLost`."""
        self.document.tries = 0
        self._renew(self.now())

    def beat(self) -> None:
        """Renew the lease when a third of it is used up; call it from inside long loops."""
        now = self.now()
        if abs(now - self._renewed) >= self._lease / 3:
            self._renew(now)

    def _renew(self, now: datetime) -> None:
        self.document.lease_until = now + self._lease
        self.document.touched_at = now
        self.record()
        self._renewed = now

    def record(self) -> None:
        """
        Write the document under the version last read or written; raises `LeaseLost`.

        The lease lasts as long as before.
        """
        key = self.document.key(self.document.id)
        write = Update(key, encode(self.document), self.version)
        try:
            self.version = self._platform.store.commit([write])[0]
        except Stale as error:
            raise LeaseLost(f"{self.document.id}: another delivery took over") from error


@dataclass(frozen=True)
class Job(Generic[B_contra, J, R]):
    """
    A handler for long work in steps.

    `claim` returns the job's document (as read, or a new one), or None when there is nothing to
    run (what it wrote or emitted is then committed as by a decision). `run` does one step and
    may checkpoint. After `Continue` the kernel counts the step and emits what `next_step`
    returns (or sets a timer for it); None: the job's subject is gone.

    Otherwise the job is over: `conclude` gets the result, writes and emits what follows, and
    may change or delete the job's document. Both get the document as `run` left it, and may be
    called several times.

    A job with several kinds of result names them, since mypy does not infer a union:
    ``Job[Event, Document, BackupTaken | SourceUnchanged](…)``.
    """

    document: type[J]
    claim: Callable[[B_contra, Work], J | None]
    run: Callable[[J, B_contra, JobClaim[J]], R | Continue | NothingToDo | Failure]
    conclude: Callable[[J, R | Unfinished, Work], None]
    next_step: Callable[[J, Work], Body | None] | None = field(default=None, kw_only=True)
    """Needed where `run` may return `Continue`; is given the document with the next step's number."""
    lease: timedelta = timedelta(seconds=120)
    """Longer than any call takes between two checkpoints or beats."""
    max_tries: int = 5


def run_job(
    function: str, job: Job[Any, J, R], event: Event, delivered: Delivered, platform: Platform
) -> Handled:
    """
    Handle an event by a job, and return the outcome.

    Raises `TryLater` while another delivery holds the lease or when it was lost, and whatever
    `run` and the ports raise; the next delivery continues from the last checkpoint.
    """
    digest = body_hash(delivered.message.data)
    message_id = message_identity(delivered)
    found = find_receipt(platform.store, function, event.id)
    if found is not None:
        return decision.replay(found, digest, message_id, platform, function)
    claimed = _claim(function, job, event, digest, message_id, platform)
    if isinstance(claimed, Handled):
        return claimed
    document, version = claimed
    if document.tries > job.max_tries:
        result: R | Continue | Unfinished = GaveUp(document.tries - 1, document.error)
    else:
        claim = JobClaim(document, version, platform, job.lease)
        try:
            result = job.run(document, event.body, claim)
        except LeaseLost:
            raise
        except (PortError, TryLater, OSError) as error:
            document.error = log.mask(str(error))[:1_000]
            _let_go(claim)
            raise
        if isinstance(result, Failure):
            result = replace(result, reason=log.mask(result.reason))
        version = claim.version
    return _conclude(function, job, event, document, version, result, digest, message_id, platform)


def _claim(
    function: str,
    job: Job[Any, J, R],
    event: Event,
    digest: str,
    message_id: str,
    platform: Platform,
) -> Handled | tuple[J, str]:
    for run in range(MAX_RUNS):
        if run:
            platform.pause(run)
        work = platform.work(function, event)
        document = job.claim(event.body, work)
        if document is None:
            done = decision.commit(work, digest, message_id, platform)
            if done is not None:
                return done
            continue
        # Looked for after the document was read: whoever concludes from now on changes that, and
        # our claim fails. Otherwise a repetition that overlaps with its first delivery would
        # claim what is concluded, and nobody would ever end its lease.
        found = find_receipt(platform.store, function, event.id)
        if found is not None:
            return decision.replay(found, digest, message_id, platform, function)
        if holds(document.lease_until, job.lease, work.now):
            raise TryLater(f"{document.id}: another delivery is at it")
        if work.emitted or work.timers or work.objects:
            raise RuntimeError(f"{function} emits while it claims: that belongs to `conclude`")
        document.fence += 1
        document.tries += 1
        document.lease_until = work.now + job.lease
        document.touched_at = work.now
        key = document.key(document.id)
        version = work.version_read(key)
        data = encode(document)
        others = [w for w in work.writes if w.key != key]
        own = Create(key, data) if version is None else Update(key, data, version)
        try:
            return document, platform.store.commit([*others, own])[-1]
        except (AlreadyExists, Stale):
            continue
    raise TryLater(f"{function} lost {MAX_RUNS} races over {event.type} {event.id}")


def _let_go(claim: JobClaim[J]) -> None:
    """End the lease early, so that the next delivery need not wait for it; best effort."""
    claim.document.lease_until = None
    try:
        claim.record()
    except (LeaseLost, Unavailable) as error:
        log.warning("could not release the lease; it expires by itself", error=error, stack=False)


def _conclude(
    function: str,
    job: Job[Any, J, R],
    event: Event,
    document: J,
    version: str,
    result: R | Continue | Unfinished,
    digest: str,
    message_id: str,
    platform: Platform,
) -> Handled:
    key = document.key(document.id)
    for run in range(MAX_RUNS):
        if run:
            platform.pause(run)
        work = platform.work(function, event)
        if work.get(job.document, document.id) is None or work.version_read(key) != version:
            found = find_receipt(platform.store, function, event.id)
            if found is not None:
                return decision.replay(found, digest, message_id, platform, function)
            raise LeaseLost(f"{document.id}: another delivery took over")
        ours = decode(job.document, encode(document))
        ours.lease_until = None
        ours.tries = 0
        ours.touched_at = work.now
        _follow(job, ours, result, work)
        done = decision.commit(work, digest, message_id, platform)
        if done is not None:
            if done.outcome == "duplicate":
                _end_claim(work, key, platform)
            return done
    raise TryLater(f"{function} lost {MAX_RUNS} races over {event.type} {event.id}")


def _follow(
    job: Job[Any, J, R], document: J, result: R | Continue | Unfinished, work: Work
) -> None:
    """Go on with the next step, or end the job."""
    if isinstance(result, Continue):
        if job.next_step is None:
            raise RuntimeError(f"{work.function} goes on, and its job has no next step")
        document.step += 1
        following = job.next_step(document, work)
        if following is not None:
            work.put(document)
            if result.after:
                work.at(work.now + result.after, following)
            else:
                work.emit(following)
            return
        document.step -= 1
        result = NothingToDo()
    document.over = True
    job.conclude(document, result, work)
    if work.get(job.document, document.id) is not None:
        work.put(document)


def _end_claim(work: Work, key: Key, platform: Platform) -> None:
    """
    End a claim whose step was concluded by somebody else all the same; best effort.

    That is possible only where a conclusion removes the document: a repetition that had begun
    before it then makes a new one.
    """
    try:
        platform.store.commit([write for write in work.writes if write.key == key])
    except (AlreadyExists, Stale, Unavailable) as error:
        log.warning(
            "could not release the claim; it expires with its lease", error=error, stack=False
        )
