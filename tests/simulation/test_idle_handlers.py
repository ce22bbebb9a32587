"""
Whatever is subscribed to is needed: a handler that does nothing is noticed, for each subscription.

The variants are made from the map. Each is tried on the story that passes through the
subscription, where every consequence has to be there (`consequences`), and then on seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache
from unittest import mock

import pytest

from tests.simulation import backup_invariants, invariants, stories
from tests.simulation.backup_sim import BackupSimulation
from tests.simulation.backup_story import BACKUPS, LATER
from tests.simulation.backup_world import small
from tests.simulation.consequences import LATER as LATER_ON
from tests.simulation.consequences import (
    OF_BACKUPS,
    OF_INCIDENTS,
    Rule,
    a_test_page_is_settled,
    left_behind,
    missing,
)
from tests.simulation.crash_points import Run
from tests.simulation.platform import TOPOLOGY, Simulated
from tests.simulation.sim import Simulation
from tests.simulation.story import INCIDENTS, JOINED, Step, Story
from toban.ports import Delivered

SEEDS = 6
"""Tried on what no story has noticed."""

SUBSCRIPTIONS = [subscription.name for subscription in TOPOLOGY.subscriptions()]

TELLINGS: tuple[tuple[Story, tuple[Rule, ...], tuple[Step, ...], tuple[Rule, ...]], ...] = (
    (INCIDENTS, OF_INCIDENTS, JOINED, OF_INCIDENTS),
    (BACKUPS, OF_BACKUPS, LATER, LATER_ON),
    *(
        (story, (left_behind(story.collections), a_test_page_is_settled), (), ())
        for _, story in sorted(stories.found().items())
    ),
)
"""A story and what it has to lead to, how it goes on, and what that has to lead to."""


@pytest.fixture(autouse=True)
def tiny() -> Iterator[None]:
    with small():
        yield


def idle(subscription: str) -> AbstractContextManager[object]:
    """A platform in which nothing is done about what comes by that subscription."""
    handle = Simulated.handle

    def handled(self: Simulated, delivered: Delivered) -> None:
        if delivered.subscription != subscription:
            handle(self, delivered)

    return mock.patch.object(Simulated, "handle", handled)


def tell(story: Story, rules: Sequence[Rule], later: Sequence[Step], then: Sequence[Rule]) -> Run:
    """Tell a story to its end and beyond; raises `AssertionError` for a consequence that is missing."""
    run = Run(story=story)
    run.tell()
    _has_to_be_whole(run, rules)
    for step in later:
        run.begin(step)
        run._settle()
    _has_to_be_whole(run, then)
    return run


def _has_to_be_whole(run: Run, rules: Sequence[Rule]) -> None:
    if found := missing(run.world, rules):
        raise AssertionError(found[0])


@cache
def passed() -> list[set[str]]:
    """The subscriptions that each story passes through."""
    with small():
        runs = [tell(*telling) for telling in TELLINGS]
    return [{name.split(" ")[0] for name in run.passed} for run in runs]


def by_stories(subscription: str) -> str:
    """What a story misses; empty when none does."""
    for telling, through in zip(TELLINGS, passed(), strict=True):
        if subscription in through:
            try:
                tell(*telling)
            except AssertionError as error:
                return str(error)
            except (StopIteration, LookupError, AttributeError, ValueError):
                continue  # the story itself cannot go on: that says little, seeds say more
    return ""


def by_seeds(subscription: str) -> str:
    """What an invariant says of a seed; empty when none notices."""
    runs: tuple[Callable[[int], list[str]], ...] = (_incidents, _backups)
    for run, through in zip(runs, passed(), strict=False):  # small stories have no seeds
        if subscription in through:
            for seed in range(SEEDS):
                if found := run(seed):
                    return f"seed {seed}: {found[0]}"
    return ""


def _incidents(seed: int) -> list[str]:
    simulation = Simulation(seed)
    simulation.run()
    return invariants.violations(simulation)


def _backups(seed: int) -> list[str]:
    simulation = BackupSimulation(seed)
    simulation.run()
    return backup_invariants.violations(simulation)


def test_every_subscription_is_passed_by_a_story() -> None:
    assert set().union(*passed()) == set(SUBSCRIPTIONS)


def test_sound_stories_lack_no_consequence() -> None:
    for telling in TELLINGS:
        tell(*telling)


@pytest.mark.parametrize("subscription", SUBSCRIPTIONS)
def test_a_handler_that_does_nothing_is_noticed(
    subscription: str, record_property: Callable[[str, object], None]
) -> None:
    passed()
    with idle(subscription):
        noticed = by_stories(subscription) or by_seeds(subscription)
    record_property("mutant", f"{subscription:50} {noticed.partition(chr(10))[0][:80]}")

    assert noticed, (
        f"tests/simulation/consequences.py: nobody notices when {subscription} is handled by "
        "nothing: say what its event leads to"
    )
