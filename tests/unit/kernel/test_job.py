"""Long work in steps: claim under a lease, checkpoint, conclude once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.kernel.world import NOON, Counter, Crash, World, crash, follow_up, once, unavailable
from toban.kernel.document import decode, encode
from toban.kernel.errors import TryLater
from toban.kernel.handling.decision import MAX_RUNS
from toban.kernel.handling.job import (
    ABANDONED,
    Continue,
    Failure,
    GaveUp,
    Job,
    JobClaim,
    JobDocument,
    LeaseLost,
    NothingToDo,
)
from toban.ports import Create, Unavailable, Update

LEASE = timedelta(seconds=120)


class Digging(JobDocument, kw_only=True):
    """The job of the tests: dig so many holes."""

    COLLECTION = "diggings"

    holes: int = 0


def first(action: Callable[[Digging, JobClaim[Digging]], None]) -> Callable[..., None]:
    """`action` before the first hole only."""
    left = [action]

    def during(document: Digging, claim: JobClaim[Digging]) -> None:
        if left:
            left.pop()(document, claim)

    return during


class Digger:
    """Digs `holes` holes, with a checkpoint after each; `during` may interfere before each."""

    def __init__(self, holes: int = 3, during: Callable[..., None] = lambda *_: None) -> None:
        self.holes = holes
        self.during = during
        self.dug: list[int] = []
        self.results: list[Any] = []

    def job(self, **settings: Any) -> Job[Any, Digging, str]:
        return Job(Digging, self.claim, self.run, self.conclude, lease=LEASE, **settings)

    def claim(self, _, work) -> Digging | None:
        document = work.get(Digging, "garden") or Digging(id="garden")
        return None if document.over else document

    def run(self, document: Digging, _, claim: JobClaim[Digging]) -> str:
        while document.holes < self.holes:
            self.during(document, claim)
            document.holes += 1
            self.dug.append(document.holes)
            claim.checkpoint()
        return "dug"

    def conclude(self, document: Digging, result: Any, work) -> None:
        self.results.append(result)
        document.over = True
        work.put(document)
        counter = work.get(Counter, "c") or Counter(id="c")
        counter.value += 1
        work.put(counter)
        work.emit(follow_up(document.holes))


@pytest.fixture
def world() -> World:
    return World()


def kept(world: World) -> Digging:
    (found,) = world.documents("diggings")
    return decode(Digging, found)


def test_a_step_is_claimed_run_and_concluded_with_its_receipt(world):
    digger = Digger()
    assert world.handle(digger.job()).outcome == "done"
    assert digger.dug == [1, 2, 3]
    document = kept(world)
    assert (document.over, document.lease_until, document.fence) == (True, None, 1)
    assert [event.body for event in world.bus.take()] == [follow_up(3)]
    assert world.receipt() is not None
    assert world.value() == 1, "everything is concluded in one batch"


def test_a_redelivery_publishes_again_and_does_nothing_else(world):
    digger = Digger()
    world.handle(digger.job())
    world.bus.take()
    assert world.handle(digger.job()).outcome == "duplicate"
    assert digger.dug == [1, 2, 3]
    assert [event.body for event in world.bus.take()] == [follow_up(3)]


def test_while_somebody_is_at_it_another_delivery_waits(world):
    def meanwhile(*_: object) -> None:
        with pytest.raises(TryLater, match="another delivery is at it"):
            world.handle(Digger().job(), message_id="m-2")

    assert world.handle(Digger(during=first(meanwhile)).job()).outcome == "done"


def test_after_a_death_the_next_delivery_goes_on_at_the_checkpoint(world):
    digger = Digger(during=lambda document, _: crash() if document.holes == 2 else None)
    with pytest.raises(Crash):
        world.handle(digger.job())
    again = Digger()
    with pytest.raises(TryLater):
        world.handle(again.job())  # the lease of the dead one lasts
    world.clock.advance(LEASE.total_seconds() + 1)
    assert world.handle(again.job()).outcome == "done"
    assert (digger.dug, again.dug) == ([1, 2], [3])
    assert kept(world).fence == 2


def test_a_failure_ends_the_lease_at_once(world):
    digger = Digger(during=once(unavailable))
    with pytest.raises(Unavailable):
        world.handle(digger.job())
    assert world.handle(digger.job()).outcome == "done", "without waiting for the lease"


def test_whoever_was_overtaken_learns_it_at_its_next_checkpoint(world):
    successor = Digger()

    def overtaken(*_: object) -> None:
        world.clock.advance(LEASE.total_seconds() + 1)
        world.handle(successor.job(), message_id="m-2")

    slow = Digger(during=first(overtaken))
    with pytest.raises(LeaseLost):
        world.handle(slow.job())
    assert successor.dug == [1, 2, 3]
    assert slow.results == [], "it concludes nothing"
    assert world.value() == 1


def test_a_beat_keeps_the_lease_through_a_long_call(world):
    def long_call(_, claim: JobClaim[Digging]) -> None:
        for _ in range(5):
            world.clock.advance(60)
            claim.beat()
        with pytest.raises(TryLater):
            world.handle(Digger().job(), message_id="m-2")

    assert world.handle(Digger(during=first(long_call)).job()).outcome == "done"


def test_progress_that_is_recorded_is_no_renewal(world):
    def long_call(_, claim: JobClaim[Digging]) -> None:
        for _ in range(5):
            world.clock.advance(60)
            claim.record()
            claim.beat()
        with pytest.raises(TryLater):
            world.handle(Digger().job(), message_id="m-2")

    assert world.handle(Digger(during=first(long_call)).job()).outcome == "done"


def test_whoever_stood_still_after_its_claim_learns_it_at_the_first_beat(world, monkeypatch):
    successor, commit = Digger(), world.store.commit

    def stands_still(writes: Any) -> Any:
        monkeypatch.setattr(world.store, "commit", commit)
        versions = commit(writes)
        world.clock.advance(LEASE.total_seconds() + 1)
        world.handle(successor.job(), message_id="m-2")
        return versions

    monkeypatch.setattr(world.store, "commit", stands_still)
    late = Digger(during=lambda _, claim: claim.beat())
    with pytest.raises(LeaseLost):
        world.handle(late.job())
    assert (late.dug, successor.dug) == ([], [1, 2, 3])


def test_a_beat_costs_a_write_only_when_a_third_of_the_lease_is_used_up(world):
    def busy(_, claim: JobClaim[Digging]) -> None:
        before = world.store.writes
        for _ in range(100):
            claim.beat()
        assert world.store.writes == before

    world.handle(Digger(during=first(busy)).job())


def test_a_step_that_never_gets_anywhere_is_given_up(world):
    digger = Digger(during=lambda *_: unavailable())
    for _ in range(3):
        with pytest.raises(Unavailable):
            world.handle(digger.job(max_tries=3))
    assert world.handle(digger.job(max_tries=3)).outcome == "done"
    assert digger.results == [GaveUp(3, "simulated: no answer")]
    assert digger.dug == []


def test_progress_starts_the_count_of_tries_anew(world):
    tries = iter(range(100))
    digger = Digger(holes=4, during=lambda *_: unavailable() if next(tries) % 2 else None)
    for _ in range(4):
        try:
            world.handle(digger.job(max_tries=1))
        except Unavailable:
            continue
    assert digger.results == ["dug"]


def test_a_lost_race_over_another_document_concludes_again_and_digs_nothing_twice(world):
    def somebody_else_counts(*_: object) -> None:
        other = Counter(id="c", value=41)
        from toban.kernel.document import encode
        from toban.ports import Create

        world.store.inner.commit([Create(Counter.key("c"), encode(other))])

    digger = Digger()
    conclude = digger.conclude
    interfere = once(somebody_else_counts)

    def concluding(document, result, work) -> None:
        conclude(document, result, work)
        interfere()

    digger.conclude = concluding
    assert world.handle(digger.job()).outcome == "done"
    assert digger.dug == [1, 2, 3]
    assert world.value() == 42


@pytest.mark.parametrize(
    "early",
    [
        lambda work: work.emit(follow_up()),
        lambda work: work.at(work.now, follow_up()),
        lambda work: work.attach("early", b"x", "text/plain"),
    ],
    ids=["event", "timer", "object"],
)
def test_a_claim_must_not_emit(world, early):
    digger = Digger()
    claim = digger.claim

    def emitting(body, work):
        early(work)
        return claim(body, work)

    digger.claim = emitting
    with pytest.raises(RuntimeError, match="belongs to `conclude`"):
        world.handle(digger.job())


def test_a_claim_with_nothing_to_run_is_a_decision(world):
    digger = Digger()
    world.handle(digger.job())
    world.bus.take()
    assert world.handle(digger.job(), id="evt-2").outcome == "nothing"
    assert digger.dug == [1, 2, 3]


def test_a_job_without_a_sign_of_life_is_stale():
    document = Digging(id="garden", touched_at=NOON)
    assert not document.is_stale(NOON + ABANDONED)
    assert document.is_stale(NOON + ABANDONED + timedelta(seconds=1))
    document.over = True
    assert not document.is_stale(NOON + 2 * ABANDONED)


def test_a_repetition_does_not_claim_what_was_concluded_while_it_began(world):
    class Again(Digger):
        """As a verification: what is over may be asked for anew."""

        def claim(self, _, work) -> Digging:
            if not world.documents("diggings"):
                world.handle(Digger().job(), message_id="m-2")  # its first delivery, meanwhile
            before = work.get(Digging, "garden")
            return Digging(id="garden", fence=before.fence)

    digger = Again()
    assert world.handle(digger.job()).outcome == "duplicate"
    assert digger.dug == []
    assert (kept(world).over, kept(world).lease_until) == (True, None)


def test_a_claim_of_what_was_concluded_and_removed_meanwhile_is_ended(world):
    class Gone(Digger):
        def conclude(self, document: Digging, result: Any, work) -> None:
            work.delete(Digging, document.id)
            work.emit(follow_up(1))

    class Late(Digger):
        """It has looked for receipts before the other begins."""

        def run(self, document: Digging, _, claim: JobClaim[Digging]) -> str:
            return "nothing to dig"

    receipts = world.store.get

    def first_look(keys):
        found = receipts(keys)
        if keys[0].collection == "receipts":
            looks.append(1)
            if len(looks) == 2:
                world.handle(Gone().job(), message_id="m-2")
        return found

    looks: list[int] = []
    world.store.get = first_look
    assert world.handle(Late().job()).outcome == "duplicate"
    assert (kept(world).over, kept(world).lease_until) == (True, None)


class Shifts(Digger):
    """Digs one hole in a step, and rests `after` each; the garden may be `sold` meanwhile."""

    def __init__(self, after: timedelta = timedelta(0), *, sold: bool = False) -> None:
        super().__init__()
        self.after = after
        self.sold = sold

    def job(self, **settings: Any) -> Job[Any, Digging, str]:
        return super().job(next_step=self.next_step, **settings)

    def run(self, document: Digging, _, claim: JobClaim[Digging]) -> Any:
        document.holes += 1
        return "dug" if document.holes == self.holes else Continue(self.after)

    def next_step(self, document: Digging, work) -> Any:
        return None if self.sold else follow_up(document.step)

    def conclude(self, document: Digging, result: Any, work) -> None:
        self.results.append(result)


def test_after_continue_the_next_step_is_emitted_and_nothing_concluded(world):
    shifts = Shifts()
    world.handle(shifts.job())
    assert [event.body for event in world.bus.take()] == [follow_up(1)]
    assert (kept(world).step, kept(world).holes, kept(world).over) == (1, 1, False)
    assert shifts.results == []
    world.handle(shifts.job(), id="evt-2")
    world.handle(shifts.job(), id="evt-3")
    assert (shifts.results, kept(world).over, kept(world).step) == (["dug"], True, 2)


def test_what_has_to_be_waited_for_is_a_timer(world):
    world.handle(Shifts(timedelta(minutes=5)).job())
    assert world.bus.take() == []
    (timer,) = world.receipt().timers
    assert timer.due == NOON + timedelta(minutes=5)
    assert timer.event.event_type == follow_up().TYPE


def test_a_job_whose_next_step_is_gone_is_over(world):
    shifts = Shifts(sold=True)
    assert world.handle(shifts.job()).outcome == "done"
    assert world.bus.take() == []
    assert (kept(world).over, kept(world).step, kept(world).lease_until) == (True, 0, None)
    assert shifts.results == [NothingToDo()]


@pytest.mark.parametrize("result", [NothingToDo(), Failure("a rock")])
def test_whatever_else_a_step_comes_to_ends_the_job(world, result):
    shifts = Shifts()
    shifts.run = lambda *_: result
    world.handle(shifts.job())
    assert (shifts.results, kept(world).over) == ([result], True)


def test_a_step_that_cannot_be_followed_is_a_defect(world):
    shifts = Shifts()
    with pytest.raises(RuntimeError, match="has no next step"):
        world.handle(Digger.job(shifts))


def test_what_a_job_fails_with_is_kept_without_its_credentials(world):
    """A source quotes what it was connected with."""
    said = "connection to postgres://app:geh" + "eim1@db/shop refused; password=geh" + "eim1"

    def refuses(_: Digging, claim: JobClaim[Digging]) -> None:
        raise Unavailable(said)

    digger = Digger(during=refuses)
    with pytest.raises(Unavailable):
        world.handle(digger.job())
    (kept,) = world.documents("diggings")
    assert kept["error"] == "connection to postgres://[secret]@db/shop refused; password=[secret]"

    @dataclass(frozen=True)
    class Flooded(Failure):
        """A failure of a kind of its own stays one."""

        depth: int = 0

    gives_up = Digger()
    gives_up.run = lambda *_: Flooded(said, depth=3)  # type: ignore[assignment,return-value]
    world.handle(gives_up.job())
    assert gives_up.results == [Flooded(kept["error"], depth=3)]


# --- races ---------------------------------------------------------------------------------------


def overwrite(world: World, **changes: Any) -> None:
    """Somebody else writes the job's document."""
    key = Digging.key("garden")
    (found,) = world.store.inner.get([key])
    if found is None:
        world.store.inner.commit([Create(key, encode(Digging(id="garden", **changes)))])
    else:
        world.store.inner.commit([Update(key, found.data | changes, found.version)])


def test_a_claim_that_loses_a_race_is_made_anew_on_what_is_there(world):
    digger = Digger()
    world.store.before = once(lambda: overwrite(world, holes=1, fence=4))
    assert world.handle(digger.job()).outcome == "done"
    assert digger.dug == [2, 3]
    assert kept(world).fence == 5


def test_whoever_loses_every_race_for_a_claim_is_delivered_again(world):
    digger = Digger()
    world.store.before = lambda _: overwrite(world)
    with pytest.raises(TryLater, match=f"add_one lost {MAX_RUNS} races over .* evt-1"):
        world.handle(digger.job())
    assert digger.dug == []


def test_whoever_loses_every_race_while_concluding_is_delivered_again(world):
    digger = Digger()
    conclude = digger.conclude

    def concluding(document, result, work):
        conclude(document, result, work)
        number = len(digger.results)
        key = Counter.key("c")
        (found,) = world.store.inner.get([key])
        data = encode(Counter(id="c", value=100 + number))
        world.store.inner.commit(
            [Create(key, data) if found is None else Update(key, data, found.version)]
        )

    digger.conclude = concluding
    with pytest.raises(TryLater, match=f"add_one lost {MAX_RUNS} races over .* evt-1"):
        world.handle(digger.job())
    assert len(digger.results) == MAX_RUNS
    assert world.value() == 100 + MAX_RUNS
    assert not kept(world).over


def test_what_was_taken_over_after_the_last_checkpoint_is_not_concluded(world):
    digger = Digger()
    run = digger.run

    def overtaken(document, body, claim):
        result = run(document, body, claim)
        overwrite(world, fence=9)
        return result

    digger.run = overtaken
    with pytest.raises(LeaseLost, match="garden: another delivery took over"):
        world.handle(digger.job())
    assert (digger.results, world.value(), world.receipt()) == ([], None, None)


def test_what_another_delivery_has_concluded_meanwhile_is_a_duplicate(world):
    digger, other = Digger(), Digger(holes=4)
    run = digger.run

    def concluded_meanwhile(document, body, claim):
        result = run(document, body, claim)
        world.clock.advance(LEASE.total_seconds() + 1)
        assert world.handle(other.job(), message_id="m-2").outcome == "done"
        return result

    digger.run = concluded_meanwhile
    assert world.handle(digger.job()).outcome == "duplicate"
    assert (digger.results, other.results, world.value()) == ([], ["dug"], 1)


def test_what_was_given_up_says_what_the_last_try_failed_with():
    assert GaveUp(5).reason == "no progress in 5 tries"
    assert GaveUp(5, "no answer").reason == "no answer"


def test_a_lease_that_cannot_be_ended_early_ends_by_itself(world, capsys):
    def fail(*_):
        world.store.before = once(unavailable)
        raise Unavailable("the other side is down")

    with pytest.raises(Unavailable, match="the other side is down"):
        world.handle(Digger(during=fail).job())
    assert "could not release the lease" in capsys.readouterr().out
    assert kept(world).lease_until == NOON + LEASE
    assert kept(world).error == ""
