"""
An hour of two real Prometheus and two real Alertmanagers (`tests/recorded`), replayed: the simulation's
senders post the same in the same world, and the platform tells people what was so.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest

from tests.recorded import world
from tests.recorded.replay import Recording, differences, shifted
from tests.simulation import managers, senders
from tests.simulation.catching import Record, has_to_be_caught
from tests.simulation.mutants import Mutant
from tests.simulation.recorded_sim import BEGINS, RecordedSimulation
from tests.simulation.sender_mutants import (
    nothing_happens_for_ever,
    over_is_believed_late,
    the_present_counts_for_nothing,
)
from tests.simulation.senders import Known
from tests.simulation.site import Site


@pytest.fixture(scope="module")
def hour() -> Recording:
    return Recording()


def test_the_hour_holds_what_it_should(hour):
    """A recording that lacks half of it would prove less than it says."""
    assert hour.until >= world.LASTS
    ups, downs = hour.of("up"), hour.of("down")
    assert len(downs) == len(world.DOWN)
    assert len(ups) == len(downs) + 4
    assert {event["who"] for event in downs} == {
        f"{name}{n}" for name in ("prometheus", "alertmanager") for n in range(2)
    }
    fates = {"taken", "refused", "unanswered", "lost"}
    assert {event["fate"] for event in hour.of("post")} == fates
    assert {post.by for post in hour.posts()} == {0, 1}
    assert len(hour.of("silenced")) == len(world.SILENCES)


def test_the_simulations_senders_post_what_the_real_ones_did(hour):
    real, model = hour.posts(), hour.modelled()
    assert differences(real, model) == []
    assert len(shifted(real, model)) <= len(real) / 50
    assert hour.races <= hour.met, "each explains something"
    assert 4 * len(hour.races) < len(hour.met), "few: they are not what makes it fit"


# --- each rule of theirs left a trace in what they posted ----------------------------------------

Change = Callable[[Site], AbstractContextManager[Any] | None]


def _timed(**other: Any) -> Change:
    def change(site: Site) -> None:
        for each in (*site.replicas, *site.managers):
            each.timing = replace(each.timing, **other)

    return change


def _never(what: str, who: str) -> Change:
    def change(site: Site) -> None:
        for each in getattr(site, who):
            setattr(each, what, ())

    return change


def _all_arrives(site: Site) -> None:
    site.fate = managers.always


def _no_silence(site: Site) -> None:
    site.managers[0].cluster.silences.clear()


def _two_alone(site: Site) -> None:
    site.managers[1].cluster = managers.Cluster(silences=site.managers[0].cluster.silences)


def _the_younger_counts(site: Site) -> AbstractContextManager[Any]:
    return mock.patch.object(Known, "merged", lambda _, younger, __: younger)


def _ends_once(site: Site) -> AbstractContextManager[Any]:
    return mock.patch.object(senders, "KEPT", timedelta(0))


def _remembers_no_sample(site: Site) -> AbstractContextManager[Any]:
    return mock.patch.object(senders, "LOOKBACK", timedelta(0))


VARIANTS: dict[str, Change] = {
    "a Prometheus that never restarts": _never("down", "replicas"),
    "a Prometheus that sees all": _never("blind", "replicas"),
    "an Alertmanager that never restarts": _never("down", "managers"),
    "no silence": _no_silence,
    "no post is lost": _all_arrives,
    "two that stand alone": _two_alone,
    "no merged start": _the_younger_counts,
    "an end is told once": _ends_once,
    "no rule waits": _timed(holds={}),
    "said again at once": _timed(resend=timedelta(0)),
    "no group waits": _timed(group_wait=timedelta(0)),
    "flushed half as often": _timed(group_interval=timedelta(seconds=2 * world.GROUP_INTERVAL)),
    "repeated later": _timed(repeat=timedelta(seconds=2 * world.REPEAT)),
    "no peer waits": _timed(peer_timeout=timedelta(0)),
}
"""What the simulation's senders would be without one thing that the real ones do, or had."""


@pytest.mark.parametrize("change", VARIANTS.values(), ids=VARIANTS)
def test_other_senders_would_have_posted_something_else(change, hour):
    site = hour.site()
    with change(site) or mock.patch.dict({}):
        assert differences(hour.posts(), hour.modelled(site)) != []


# --- what people are told of it ------------------------------------------------------------------


def broken(seed: int) -> list[str]:
    simulation = RecordedSimulation(seed)
    simulation.run()
    return simulation.broken()


@pytest.mark.parametrize("seed", range(2 * len(BEGINS)))
def test_people_hear_of_every_outage_and_are_not_called_for_what_is_over(seed):
    assert broken(seed) == []


MUTANTS = (
    Mutant("recorded: present", "it fires again", the_present_counts_for_nothing, seed=2),
    Mutant("recorded: never again", "silence", nothing_happens_for_ever),
    Mutant("recorded: late", "people are called for what is over", over_is_believed_late, seed=4),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_variant_is_caught(mutant: Mutant, record_property: Record) -> None:
    has_to_be_caught(mutant, broken, record_property)
