"""A restore whose copy cannot be read goes on with the next proven one, and says so; a test does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from tests.simulation import backup_story as story
from tests.simulation.backup_world import small
from tests.simulation.crash_points import Chapters
from tests.simulation.platform import FaultyBucket
from tests.simulation.test_backup_order import Told
from toban.backups.documents import Backup
from toban.backups.policy.restores import Restore
from toban.events.backups import RestoreRequested
from toban.kernel import log
from toban.ports import Unavailable


@pytest.fixture
def told() -> Iterator[Told]:
    with small():
        yield Told(story=story.BACKUPS)


def restored(told: Told, backup: Backup, purpose: Any = "recovery") -> Restore:
    told.say(
        RestoreRequested(
            restore_id="r-1",
            service="shop",
            source=backup.source,
            backup_id=backup.id,
            purpose=purpose,
            target={"bucket": "target", "prefix": "r-1/"} if purpose == "recovery" else {},
            region="tokyo",
            requested_by="aoki",
        ),
        60,
    )
    return told.one(Restore, "r-1")


def states(told: Told, backup: Backup) -> list[str]:
    return [copy.state for copy in told.one(Backup, backup.id).copies]


def rot(told: Told, backup: Backup, bucket: str) -> None:
    found = told.world.buckets(bucket)
    story.rot(found, next(info.name for info in found.list(backup.prefix + "parts/")))


def test_damage_in_one_region_is_noted_and_the_other_one_restores(told: Told) -> None:
    backup = told.due()
    rot(told, backup, "primary")
    restore = restored(told, backup)
    assert (restore.status, restore.bucket) == ("finished", "second"), restore.reason
    assert [(copy.bucket, copy.damaged) for copy in restore.given_up] == [("primary", True)]
    assert states(told, backup) == ["damaged", "verified"]
    assert told.one(Backup, backup.id).restores == []


def test_a_region_that_does_not_answer_is_left_and_its_copy_not_called_damaged(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = told.due()

    def gone(real: Any) -> Any:
        def called(self: FaultyBucket, *given: Any, **more: Any) -> Any:
            if self.name == "primary":
                raise Unavailable("no answer from this region")
            return real(self, *given, **more)

        return called

    for name in ("read", "stat", "stream"):
        if hasattr(FaultyBucket, name):
            monkeypatch.setattr(FaultyBucket, name, gone(getattr(FaultyBucket, name)))
    restore = restored(told, backup)
    assert (restore.status, restore.bucket) == ("finished", "second"), restore.reason
    assert [(copy.bucket, copy.damaged) for copy in restore.given_up] == [("primary", False)]
    assert states(told, backup) == ["verified", "verified"]


def test_a_test_of_a_region_fails_where_its_copy_is_damaged(told: Told) -> None:
    backup = told.due()
    rot(told, backup, "primary")
    restore = restored(told, backup, "test")
    assert (restore.status, restore.bucket) == ("failed", "primary")
    assert restore.given_up == []
    assert states(told, backup) == ["damaged", "verified"]


def test_where_no_proven_copy_is_left_the_restore_fails_and_all_damage_is_noted(told: Told) -> None:
    backup = told.due()
    rot(told, backup, "primary")
    rot(told, backup, "second")
    restore = restored(told, backup)
    assert (restore.status, restore.bucket) == ("failed", "second")
    assert states(told, backup) == ["damaged", "damaged"]


def but_for_names(wrong: list[str]) -> list[str]:
    """
    What differs besides the name of the incident.

    The restore and the verification that it asks for both tell of the damage. Who is first opens the
    incident, which is named after that.
    """
    lost, found = Counter[str](), Counter[str]()
    rest = []
    for what in wrong:
        plain = re.sub(r"\b(inc|ntf)-\w+|'(profile_version|notification_id)': '\w*'", "*", what)
        if plain.startswith("events: lost "):
            lost[plain.removeprefix("events: lost ")] += 1
        elif plain.startswith("events: never should be "):
            found[plain.removeprefix("events: never should be ")] += 1
        elif not re.fullmatch(r"documents: alerts/\w+ differs: \.incident: \* != \*", plain):
            rest.append(what)
    return rest if lost == found else wrong


def test_dying_anywhere_while_it_falls_back_changes_nothing() -> None:
    """Neither what is in the target, nor what is noted of the copies, nor by which copy it ended."""
    with mock.patch.object(log.Settings, "level", 100), small():
        told = Chapters(replace(story.BACKUPS, steps=story.FALLBACK))
        last = len(story.FALLBACK) - 1
        (restored,) = (d for n, d in told.ends[last]["documents"].items() if "restores/" in n)
        assert (restored["status"], restored["bucket"]) == ("finished", "second")
        points = [kind for kind in told.kinds() if kind[0] == last]
        assert any("restore-step-due" in name for _, _, name in points)
        for step, index, name in points:
            run, wrong = told.crash(step, index)
            assert run.crashed
            assert but_for_names(wrong) == [], f"died at {name} (number {index})"
