"""Whatever dies where, the end is the same: state, emitted events, notifications."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.simulation import stories
from tests.simulation.backup_story import BACKUPS
from tests.simulation.backup_world import small
from tests.simulation.crash_points import Chapters, Run
from tests.simulation.platform import TOPOLOGY
from tests.simulation.story import INCIDENTS, difference

PARTS = 8
SECOND = 40
"""More points than any handling passes."""


@cache
def undisturbed() -> tuple[Run, dict[str, Any]]:
    run = Run()
    return run, run.tell()


@cache
def chapters() -> Chapters:
    return Chapters(INCIDENTS)


def test_the_stories_pass_through_every_subscription_on_the_map() -> None:
    run, _ = undisturbed()
    passed = {name.split(" ")[0] for name in run.passed}
    with small():
        backups = Run(story=BACKUPS)
        backups.tell()
    passed |= {name.split(" ")[0] for name in backups.passed}
    for story in stories.found().values():
        small_run = Run(story=story)
        small_run.tell()
        passed |= {name.split(" ")[0] for name in small_run.passed}

    assert passed == {subscription.name for subscription in TOPOLOGY.subscriptions()}


def test_the_story_told_twice_is_the_same_story() -> None:
    _, expected = undisturbed()

    assert difference(expected, Run().tell()) == []


@pytest.mark.parametrize("part", range(PARTS))
def test_dying_before_or_after_any_io_of_any_handler_changes_nothing(part: int) -> None:
    told = chapters()
    for step, point, name in told.kinds()[part::PARTS]:
        run, wrong = told.crash_and_go_on(step, point)
        assert run.crashed
        wrong += [f"{id} arrived again, unmarked" for id in run.repetitions()]
        assert wrong == [], f"in “{told.story.steps[step].name}” at {name} ({point})"


@pytest.mark.parametrize("part", range(PARTS))
def test_dying_again_while_repairing_the_first_crash_changes_nothing(part: int) -> None:
    told = chapters()
    for step, index, name in told.kinds()[part::PARTS]:
        for second in range(1, SECOND + 1):
            run, wrong = told.crash(step, index, second)
            if len(set(run.crashed)) > 1:
                break  # the second one hit another handling already
            wrong += [f"{id} arrived again, unmarked" for id in run.repetitions()]
            assert wrong == [], f"in “{told.story.steps[step].name}” at {name} ({index}+{second})"
