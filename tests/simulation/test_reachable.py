"""Broken test pages: each defect shows in what the story of `tests/simulation/stories/reachable.py` leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from tests.simulation.consequences import a_command_leaves_a_record, a_test_page_is_settled, missing
from tests.simulation.crash_points import Run
from tests.simulation.stories.reachable import STORY
from toban.kernel.work import Work
from toban.testpages import testing
from toban.testpages.documents import PageTest

RULES = (a_command_leaves_a_record, a_test_page_is_settled)
Broken = Callable[[], Any]


def found() -> list[str]:
    """What the story, told without any trouble, leaves wrong."""
    run = Run(story=STORY)
    try:
        run.tell()
    except AssertionError as error:
        return [str(error)]
    return missing(run.world, RULES)


def answer_of_anybody() -> Any:
    """Whoever has a link of their own may answer for anybody."""

    def broken(id: str, command: Any, work: Work) -> tuple[str, str]:
        test = work.get(PageTest, id)
        assert test is not None
        test.contacts[0].answered_at = test.answered_at = work.now
        test.status, test.proof = "answered", test.proof or command.proof
        work.put(test)
        return "done", ""

    return mock.patch.object(testing, "_answer", broken)


def named_by_the_event() -> Any:
    """What is sent before a shift is named by the look that found it, not by what it is about."""
    return mock.patch.object(testing, "derive", lambda *parts, length: f"{id(parts)}"[-length:])


def never_looked_at() -> Any:
    """Nobody looks whether it was answered in time."""
    return mock.patch.object(Work, "at", return_value=None)


def without_a_record() -> Any:
    """An answer is taken, and nobody can tell who gave it."""
    return mock.patch.object(testing, "conclude", return_value=None)


def test_the_sound_one_leaves_nothing_wrong() -> None:
    assert found() == []


@pytest.mark.parametrize(
    "broken", [answer_of_anybody, named_by_the_event, never_looked_at, without_a_record]
)
def test_a_defect_is_noticed(broken: Broken) -> None:
    with broken():
        assert found()
