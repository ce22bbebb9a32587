"""Whatever dies where, backups end the same: catalogue, events, every object in every bucket."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest

from tests.simulation.backup_changes import changing, torn
from tests.simulation.backup_story import BACKUPS
from tests.simulation.backup_world import small
from tests.simulation.crash_points import Chapters
from toban.kernel import log

EVERY = 3
"""One in so many kinds of points in an ordinary run; ``python -m tests.simulation crashes`` has all."""
PAIRS = 23
SECONDS = (1, 2, 3, 5, 8, 13)


@pytest.fixture(scope="module")
def told() -> Iterator[Chapters]:
    with mock.patch.object(log.Settings, "level", 100), small():
        yield Chapters(BACKUPS)


def test_the_story_ends_as_it_should(told: Chapters) -> None:
    end = told.ends[-1]

    statuses = {
        (d["source"], d["class"], d["status"])
        for name, d in end["documents"].items()
        if name.startswith("backups/")
    }
    restores = {
        name: d["status"] for name, d in end["documents"].items() if name.startswith("restores/")
    }
    long = [name for name in end["objects"] if "/index/" in name]
    assert {status for _, _, status in statuses} == {"verified", "deleted"}
    assert restores["restores/r-1"] == "finished"
    assert restores["restores/r-2"] == "failed"
    assert sorted(restores.values()) == ["failed", "finished", "finished", "finished"]
    assert long, "a long backup has index objects"
    assert not end["open ends"]
    assert not [name for name in end["documents"] if name.startswith("parked/")]
    opened = [v for n, v in end["objects"].items() if n.endswith("manifest.json")]
    assert opened
    assert not [v for v in opened if len(v) != 64], "every manifest that is there can be restored"


def test_several_parts_and_steps_of_every_kind_of_work(told: Chapters) -> None:
    topics = {
        name.split(" ")[0]
        for name in (point for _, _, point in told.passed)
        if "-step-due--" in name
    }

    assert topics == {
        "backup-step-due--run_backup_step",
        "replication-step-due--replicate_backup",
        "verification-step-due--verify_backup",
        "prune-step-due--prune_backups",
        "restore-step-due--restore_backup",
    }


def test_dying_before_or_after_any_io_changes_nothing(told: Chapters) -> None:
    for step, index, name in told.kinds()[::EVERY]:
        run, wrong = told.crash(step, index)
        assert run.crashed
        assert wrong == [], f"died in “{BACKUPS.steps[step].name}” at {name} (number {index})"


def test_dying_again_while_repairing_changes_nothing(told: Chapters) -> None:
    for step, index, name in told.kinds()[::PAIRS]:
        for second in SECONDS:
            run, wrong = told.crash(step, index, second)
            if len(set(run.crashed)) > 1:
                break  # the second one hit another handling already
            assert wrong == [], (
                f"in “{BACKUPS.steps[step].name}” at {name} (number {index}+{second})"
            )


def test_a_source_that_changes_before_the_repair_is_kept_as_one_whole(told: Chapters) -> None:
    for step, index, name in changing(told):
        assert not torn(told, step, index), f"died at {name} (number {index})"
