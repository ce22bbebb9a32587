"""What a look of the watch asks to be read again, and when it looks again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.profiles import Profile
from tests.unit.backups.test_rereading import NOW, backup
from toban.adapters.local.memory.store import MemoryStore
from toban.backups.jobs import BackupJob, job_id
from toban.backups.policy.alerts import BackupWatch, RereadLook
from toban.backups.section import BackupSection
from toban.backups.watching.rereading import look_at_turns
from toban.backups.watching.turns import LOOK
from toban.events import MinutePassed
from toban.events.backups import BackupReplicated
from toban.kernel.document import encode
from toban.kernel.event import Event
from toban.kernel.work import Work
from toban.ports import Create
from toban.profile.section import Service
from toban.strictyaml.values import Seconds

DAY = timedelta(days=1)
WITHIN = 80 * DAY
SHOP = Profile(
    service=Service(id="shop", name="Shop"),
    backup=BackupSection(destinations=(), sources={}, plans=(), reread_within=Seconds(80 * 86_400)),
)


class Look:
    """One look at backups of the shop, with what is under way."""

    def __init__(self, *documents: Any, rereads: RereadLook | None = None) -> None:
        store = MemoryStore()
        store.commit([Create(d.key(d.id), encode(d)) for d in documents])
        cause = Event(id="evt-1", source="/test", time=NOW, body=MinutePassed())
        self.work = Work(store=store, event=cause, function="watch_backups", now=NOW)
        self.watch = BackupWatch(id="shop", rereads=rereads)
        look_at_turns(SHOP, self.watch, self.work)

    @property
    def asked(self) -> list[tuple[str, str]]:
        bodies = [event.body for event in self.work.emitted]
        return [(b.backup_id, b.bucket) for b in bodies if isinstance(b, BackupReplicated)]


def job(**more: Any) -> BackupJob:
    return BackupJob(
        id=job_id("media-70.0", "verify"), stage="verify", backup_id="media-70.0", **more
    )


@pytest.mark.parametrize(
    ("jobs", "asked"),
    [
        ((), True),
        ((job(touched_at=NOW - timedelta(minutes=9)),), False),
        ((job(touched_at=NOW - timedelta(minutes=9), over=True),), True),
        ((job(touched_at=NOW - timedelta(hours=3)),), True),
    ],
)
def test_what_is_being_read_is_not_asked_for_again(jobs, asked):
    look = Look(backup(70.0), *jobs)
    assert look.asked == ([("media-70.0", "tokyo")] if asked else [])


def test_the_one_that_waits_longest_is_asked_for_however_large_and_no_more_than_the_share():
    old, older, fresh = backup(60.0), backup(70.0), backup(1.0)
    for each in (old, older):
        each.bytes = 10**9
    assert Look(old, older, fresh).asked == [("media-70.0", "tokyo")]
    for each in (old, older):
        each.bytes = 0
    assert Look(old, older, fresh).asked == [("media-70.0", "tokyo"), ("media-60.0", "tokyo")]


def test_no_more_than_twenty_are_asked_for_at_once():
    many = [backup(40 + n / 10) for n in range(25)]
    for each in many:
        each.bytes = 0
    assert len(Look(*many).asked) == 20


def test_only_what_is_due_is_asked_for_and_the_next_look_is_when_something_is():
    young = backup(1.0)
    look = Look(young)
    assert look.asked == []
    # Due at three quarters of its share of the time: the copies take turns.
    assert look.watch.rereads == RereadLook(within_s=80 * 86_400, since=NOW, next_at=NOW + DAY)
    soon = backup(30 - 2 / 24)
    assert Look(soon).watch.rereads.next_at == NOW + timedelta(hours=2)
    now = backup(31.0)
    assert Look(now).watch.rereads.next_at == NOW + LOOK


@pytest.mark.parametrize(
    ("before", "looks"),
    [
        (RereadLook(within_s=80 * 86_400, since=NOW - DAY, next_at=NOW + LOOK), False),
        (RereadLook(within_s=80 * 86_400, since=NOW - DAY, next_at=NOW), True),
        (RereadLook(within_s=80 * 86_400, since=NOW - DAY, next_at=NOW + DAY), False),
        # A clock that was ahead has said when to look.
        (RereadLook(within_s=80 * 86_400, since=NOW - DAY, next_at=NOW + 2 * DAY), True),
        (RereadLook(within_s=79 * 86_400, since=NOW - DAY, next_at=NOW + LOOK), True),
        (RereadLook(within_s=81 * 86_400, since=NOW - DAY, next_at=NOW + LOOK), True),
        (RereadLook(within_s=80 * 86_400, since=NOW + DAY, next_at=NOW + LOOK), True),
    ],
)
def test_it_looks_when_it_said_so_and_when_the_profile_says_otherwise(before, looks):
    look = Look(backup(70.0), rereads=before)
    assert bool(look.asked) is looks
    if not looks:
        assert look.watch.rereads == before


@pytest.mark.parametrize(
    ("within_days", "since_days", "kept"), [(80, 5, 5), (79, 5, 5), (81, 5, 0), (80, -1, 0)]
)
def test_a_shorter_time_is_promised_from_when_it_is_first_said(within_days, since_days, kept):
    before = RereadLook(within_s=within_days * 86_400, since=NOW - since_days * DAY, next_at=NOW)
    after = Look(backup(1.0), rereads=before).watch.rereads
    assert (after.since, after.within_s) == (NOW - kept * DAY, 80 * 86_400)
    assert msgspec.structs.replace(after, since=NOW) == Look(backup(1.0)).watch.rereads
