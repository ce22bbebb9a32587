"""A short lease, kept while a call lasts."""

import threading

import pytest

from tests.unit.kernel.test_job import Digger, Digging
from tests.unit.kernel.test_job import kept as document_of
from tests.unit.kernel.world import NOON, Crash, World, crash
from toban.backups.restoring.restore import LEASE
from toban.backups.work import lease
from toban.kernel.errors import TryLater
from toban.kernel.handling.job import Job, JobClaim, LeaseLost


class Restorer(Digger):
    """Makes one call that lasts for as long as `during` says, with its lease kept."""

    def run(self, document: Digging, _: object, claim: JobClaim[Digging]) -> str:
        with lease.kept(claim) as held:
            self.during(document, held)
        return "dug"

    def job(self, **settings: object) -> Job[object, Digging, str]:
        return Job(Digging, self.claim, self.run, self.conclude, lease=LEASE)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(lease, "LOOK_S", 0.002)
    return World()


def test_the_lease_is_renewed_while_one_call_lasts_longer_than_it(world: World) -> None:
    renewed = threading.Event()
    lasts = [0]

    def call(document: Digging, _: object) -> None:
        for _ in range(10):  # 300 s of one call, under a lease of a minute
            before = document_of(world).lease_until
            world.clock.advance(LEASE.total_seconds() / 2)
            for _ in range(5_000):
                if document_of(world).lease_until != before:
                    break
                renewed.wait(0.002)
            else:
                raise AssertionError("nobody renewed the lease")
            lasts[0] += 1
            with pytest.raises(TryLater, match="another delivery is at it"):
                world.handle(Restorer().job(), message_id="m-2")

    assert world.handle(Restorer(during=call).job()).outcome == "done"
    assert lasts == [10]
    assert world.clock.now() - NOON == 5 * LEASE


def test_a_process_that_died_is_followed_within_a_minute(world: World) -> None:
    with pytest.raises(Crash):
        world.handle(Restorer(during=lambda *_: crash()).job())
    again = Restorer()
    with pytest.raises(TryLater):
        world.handle(again.job())
    world.clock.advance(60 + 1)
    assert world.handle(again.job()).outcome == "done"


def test_whoever_lost_the_lease_learns_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stood still (a laptop that slept), whose thread stood still with it."""
    monkeypatch.setattr(lease, "LOOK_S", 1_000.0)
    successor = Restorer()

    def overtaken(_: Digging, held: lease.KeptClaim[Digging]) -> None:
        world.clock.advance(LEASE.total_seconds() + 1)
        world.handle(successor.job(), message_id="m-2")
        held.beat()

    slow = Restorer(during=overtaken)
    with pytest.raises(LeaseLost):
        world.handle(slow.job())
    assert (slow.results, successor.results) == ([], ["dug"])


def test_progress_is_seen_long_before_a_third_of_the_lease_is_used_up(world: World) -> None:
    """Loading that cannot go on elsewhere has no checkpoints; who watches sees it all the same."""
    seen = []

    def loading(document: Digging, held: lease.KeptClaim[Digging]) -> None:
        for _ in range(6):
            document.holes += 1
            world.clock.advance(3)
            held.show()
            seen.append(document_of(world).holes)

    assert world.handle(Restorer(during=loading).job()).outcome == "done"
    assert seen == [0, 2, 2, 4, 4, 6]
