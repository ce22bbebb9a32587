"""
The chain behind Prometheus and Alertmanager: what people hear is held against what is really wrong
(see `senders`). Play a seed again with

    python -m tests.simulation senders SEED
"""

from __future__ import annotations

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation.catching import Record, has_to_be_caught
from tests.simulation.mutants import Mutant
from tests.simulation.sender_mutants import SENDER_MUTANTS
from tests.simulation.sender_sim import SenderSimulation


def broken(seed: int) -> list[str]:
    simulation = SenderSimulation(seed)
    simulation.run()
    return simulation.broken()


@pytest.mark.seeds(least=60, seconds=15, parts=6)
def test_people_hear_of_every_outage_and_believe_nothing_that_is_not_so(seeds: Seeds) -> None:
    for seed in seeds:
        assert broken(seed) == [], f"python -m tests.simulation senders {seed}"


def test_two_members_that_speak_of_two_occurrences_call_nobody_for_nothing() -> None:
    assert broken(785960) == []


def test_what_the_cluster_counts_as_told_is_nobodys_lie() -> None:
    """One that never saw the second occurrence tells the end of the first; nobody tells the second's."""
    assert broken(991579) == []


@pytest.mark.parametrize("mutant", SENDER_MUTANTS, ids=lambda mutant: mutant.name)
def test_what_was_believed_before_is_caught(mutant: Mutant, record_property: Record) -> None:
    has_to_be_caught(mutant, broken, record_property)


def test_two_outages_that_their_sender_tells_as_one_are_heard_of_as_one() -> None:
    assert broken(105544) == []
