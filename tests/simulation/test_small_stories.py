"""A function alone with its event: it leaves something, once, whatever dies where."""

from __future__ import annotations

import pytest

from tests.simulation.crash_points import Run
from tests.simulation.stories import found
from tests.simulation.story import difference

STORIES = found()
every_story = pytest.mark.parametrize("name", sorted(STORIES))


@every_story
def test_it_leaves_documents_behind(name: str) -> None:
    run = Run(story=STORIES[name])
    assert run.tell()["documents"], "an event that changes nothing shows nothing"


@every_story
def test_dying_anywhere_and_once_more_in_the_repair_changes_nothing(name: str) -> None:
    undisturbed = Run(story=STORIES[name])
    expected = undisturbed.tell()
    for first in range(1, len(undisturbed.passed) + 1):
        for second in (0, 1, 2, 3):
            points = (first, second) if second else (first,)
            run = Run(points, story=STORIES[name])
            assert difference(expected, run.tell()) == [], (
                f"{points}: {undisturbed.passed[first - 1]}"
            )
