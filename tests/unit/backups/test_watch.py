"""Which alerts the watch opens and closes, and what they say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.simulation.backup_world import PROFILES
from tests.unit.backups.test_start import BOTH, HOUR, backup, state
from toban.backups.catalogue.reading import BaseDamaged, NoManifest
from toban.backups.documents import Backup
from toban.backups.policy.restores import GivenUpCopy, Restore
from toban.backups.restoring.fallback import given_up, note_shown
from toban.backups.watching import watch
from toban.events import AlertFired, AlertResolved
from toban.events.backups import (
    BackupFailed,
    BackupVerified,
    BackupWatchDue,
    RestoreFailed,
    RestoreFinished,
)
from toban.kernel.document import Document, encode
from toban.kernel.event import Event
from toban.kernel.work import Work
from toban.ports import Create, Unavailable, Update
from toban.ports.backup import Damaged
from toban.severities.section import severity_at
from toban.testing import NOON, TestPlatform

(SHOP, _) = PROFILES
HURT = [msgspec.structs.replace(BOTH[0], level=None, damage="part 3"), BOTH[1]]


class World(TestPlatform):
    """`watch_backups` alone, with some documents."""

    def __init__(self, *documents: Document) -> None:
        super().__init__(*PROFILES, handlers={"watch_backups": watch.HANDLERS})
        for document in documents:
            self.store.inner.commit([Create(document.key(document.id), encode(document))])

    def tell(self, body: Any) -> list[tuple[str, str]]:
        """(what, fingerprint) of each alert that is fired or resolved."""
        self.bus.messages.clear()
        before = len(self.history)
        self.send(body)
        self.drain()
        said = [b for b in self.history[before:] if isinstance(b, AlertFired | AlertResolved)]
        assert all(b.source == "backups" for b in said)
        return [(type(b).__name__[5:].lower(), b.fingerprint.removeprefix("shop/")) for b in said]

    @property
    def newest(self) -> AlertFired:
        return [b for b in self.history if isinstance(b, AlertFired)][-1]


def failed(of: Backup, stage: Any = "verify", at: Any = NOON) -> BackupFailed:
    return BackupFailed(**of.named, stage=stage, reason="it rots", at=at)


def test_a_backup_that_failed_is_an_alert_until_the_next_one_counts():
    bad, good = backup(NOON - HOUR, status="failed", copies=()), backup(NOON)
    world = World(bad)
    assert world.tell(failed(bad)) == [("fired", "backup-failed/files/full")]
    assert world.tell(failed(bad)) == []
    alert = world.newest
    assert alert.labels == {
        "service": "shop", "source": "files", "class": "full", "backup": bad.id,
    }  # fmt: skip
    assert (alert.rule, alert.starts_at) == ("backup-failed", NOON)
    assert bad.id in alert.summary
    assert "it rots" in alert.summary
    series = state(verified=good.id)
    world.store.inner.commit([Create(series.key(series.id), encode(series))])
    verified = BackupVerified(**good.named, level="content", at=NOON)
    assert world.tell(verified) == [("resolved", "backup-failed/files/full")]


def test_old_news_of_a_failure_is_none():
    bad = backup(NOON - HOUR, status="failed", copies=())
    assert World(bad, state(verified=backup(NOON).id)).tell(failed(bad)) == []
    older = state(verified=backup(NOON - 2 * HOUR).id)
    assert len(World(bad, older).tell(failed(bad))) == 1
    ahead = state(verified=backup(NOON + 900 * HOUR).id)
    assert len(World(bad, ahead).tell(failed(bad))) == 1
    again = backup(NOON - HOUR, verified_at=NOON + timedelta(seconds=1))
    assert World(again).tell(failed(again)) == []
    before = backup(NOON - HOUR, verified_at=NOON)
    assert len(World(before).tell(failed(before))) == 1


@pytest.mark.parametrize(
    ("status", "copies", "stage", "told"),
    [
        ("verified", HURT, "verify", False),
        ("verified", HURT, "replicate", False),
        ("verified", HURT, "take", True),
        ("finished", [HURT[0], msgspec.structs.replace(BOTH[1], level=None)], "replicate", False),
        ("finished", [HURT[0], msgspec.structs.replace(BOTH[1], level=None)], "verify", True),
        ("failed", [HURT[0], msgspec.structs.replace(HURT[0], bucket="second")], "verify", True),
    ],
)
def test_where_other_copies_are_whole_only_those_that_are_not_are_told(status, copies, stage, told):
    some = backup(NOON - HOUR, status=status, copies=copies, degraded=True)
    said = World(some).tell(failed(some, stage))
    assert ("fired", f"backup-copy/files/full/{copies[0].bucket}") in said
    assert (("fired", "backup-failed/files/full") in said) == told


def test_a_copy_is_an_alert_of_its_bucket_until_it_is_whole():
    first, second = (backup(NOON - h * HOUR, copies=HURT, degraded=True) for h in (2, 1))
    world = World(first, second)
    assert world.tell(failed(second)) == [("fired", "backup-copy/files/full/primary")]
    alert = world.newest
    assert alert.labels == {
        "service": "shop", "source": "files", "class": "full", "bucket": "primary",
        "region": "tokyo", "backup": second.id,
    }  # fmt: skip
    assert alert.rule == "backup-copy"
    assert "part 3" in alert.summary
    for known in world.documents(Backup):
        found = world.store.inner.get([known.key(known.id)])[0]
        whole = msgspec.structs.replace(known, copies=list(BOTH), degraded=False)
        world.store.inner.commit([Update(known.key(known.id), encode(whole), found.version)])
    verified = BackupVerified(**second.named, level="content", at=NOON)
    assert world.tell(verified) == [("resolved", "backup-copy/files/full/primary")]


def restore_event(cls: Any, purpose: str = "test", **more: Any) -> Any:
    return cls(
        **{
            "restore_id": "r-1", "service": "shop", "source": "files", "backup_id": "b",
            "purpose": purpose, "region": "tokyo", "at": NOON,
        }
        | more,
    )  # fmt: skip


def test_a_restore_that_failed_is_an_alert_until_one_of_its_purpose_succeeds():
    world = World()
    found = restore_event(RestoreFailed, reason="no space")
    assert world.tell(found) == [("fired", "restore-failed/files/test")]
    alert = world.newest
    assert (alert.rule, alert.labels) == (
        "restore-test-failed", {"service": "shop", "source": "files", "restore": "r-1"},
    )  # fmt: skip
    assert "no space" in alert.summary
    assert world.tell(restore_event(RestoreFinished, "recovery", seconds=1.0)) == []
    assert world.tell(restore_event(RestoreFinished, seconds=1.0)) == [
        ("resolved", "restore-failed/files/test")
    ]


def test_a_restore_by_hand_that_failed_wakes_nobody_and_says_whose_it_was():
    restore = Restore(
        id="r-1", service="shop", source="files", backup_id="b", kind="bucket", purpose="recovery",
        region="tokyo", bucket="primary", requested_at=NOON, lease_until=NOON, requested_by="aoki",
    )  # fmt: skip
    world = World(restore)
    by_calendar = restore_event(RestoreFailed, restore_id="r-2", reason="no space")
    by_hand = restore_event(RestoreFailed, "recovery", reason="no space")
    assert world.tell(by_calendar) == [("fired", "restore-failed/files/test")]
    assert world.newest.severity == severity_at(SHOP, 2).label
    assert world.tell(by_hand) == [("fired", "restore-failed/files/recovery")]
    assert world.newest.severity == severity_at(SHOP, 4).label != severity_at(SHOP, 2).label
    assert "asked for by aoki: no space" in world.newest.summary


def test_a_look_opens_what_is_late_and_closes_it_when_it_is_not():
    world = World()
    world.clock.advance(100 * 24 * HOUR)
    said = world.tell(BackupWatchDue())
    late = ["files/full", "files/often", "media/full", "media/often", "dump/full", "config/looked"]
    assert [f for what, f in said if what == "fired"] == [
        *(f"backup-overdue/{series}" for series in late), "rpo/loss", "restore-test-overdue/files",
    ]  # fmt: skip
    assert world.tell(BackupWatchDue()) == []
    good = backup(world.clock.now(), verified_at=world.clock.now())
    world.store.inner.commit([Create(good.key(good.id), encode(good))])
    assert world.tell(BackupWatchDue()) == [
        ("resolved", "backup-overdue/files/full"), ("resolved", "rpo/loss"),
    ]  # fmt: skip


def test_a_look_judges_what_an_earlier_release_has_failed_as_a_whole():
    some = backup(NOON - HOUR, status="failed", copies=HURT)
    world = World(some)
    world.tell(BackupWatchDue())
    found = world.document(Backup, some.id)
    assert (found.status, found.degraded) == ("verified", True)


# --- what a restore has shown of the copies that it read -----------------------------------------


def restore(**more: Any) -> Restore:
    given = {"purpose": "recovery", "region": "osaka", "bucket": "second", **more}
    return Restore(
        id="r", service="shop", source="files", backup_id="b", kind="bucket",
        requested_at=NOON, **given,
    )  # fmt: skip


def shown(found: Restore, damage: GivenUpCopy | None, of: Backup, *bases: Backup) -> Work:
    world = World(*bases)
    event = Event(id="e", source="/test", time=NOON, body=BackupWatchDue())
    work = Work(store=world.store.inner, event=event, function="restore_backup", now=NOON)
    note_shown(found, of, damage, work)
    return work


def lost(bucket: str = "primary", **more: Any) -> GivenUpCopy:
    return GivenUpCopy(region="x", bucket=bucket, reason="part 3", **{"damaged": True, **more})


def test_what_was_given_up_as_damaged_is_damaged_and_what_did_not_answer_is_not():
    of = backup(NOON)
    shown(restore(given_up=[lost()]), None, of)
    assert [(c.damage, c.proven) for c in of.copies] == [("part 3", False), ("", True)]
    assert (of.status, of.degraded, of.reason) == ("verified", True, "")
    of = backup(NOON)
    shown(restore(given_up=[lost(damaged=False)]), None, of)
    assert of.copies == list(BOTH)


def test_when_no_copy_is_left_the_backup_has_failed_for_the_restores_reason():
    of = backup(NOON)
    shown(restore(given_up=[lost()], reason="why"), lost("second", missing=True), of)
    assert [(c.damage, c.manifest) for c in of.copies] == [("part 3", True), ("part 3", False)]
    assert (of.status, of.reason) == ("failed", "why")


@pytest.mark.parametrize(
    ("purpose", "status", "level"),
    [
        ("test", "finished", "restored"),
        ("test", "failed", "content"),
        ("recovery", "finished", "content"),
    ],
)
def test_a_test_that_passed_proves_its_copy(purpose, status, level):
    of = backup(NOON)
    shown(restore(purpose=purpose, status=status), None, of)
    assert [copy.level for copy in of.copies] == ["content", level]


def test_damage_of_a_base_is_noted_with_the_base():
    base, of = backup(NOON - HOUR), backup(NOON)
    work = shown(restore(), lost(base=base.id), of, base)
    assert (of.copies[0].state, of.copies[1].state) == ("unreadable", "verified")
    noted = work.get(Backup, base.id)
    assert [copy.damage for copy in noted.copies] == ["part 3", ""]


@pytest.mark.parametrize(
    ("error", "damaged", "missing", "base"),
    [
        (Damaged("x" * 900), True, False, ""),
        (NoManifest("x" * 900), True, True, ""),
        (BaseDamaged("below", "x" * 900), True, False, "below"),
        (Unavailable("x" * 900), False, False, ""),
    ],
)
def test_what_is_known_of_a_copy_that_was_given_up(error, damaged, missing, base):
    found = given_up(restore(), error)
    assert (found.region, found.bucket) == ("osaka", "second")
    assert (found.damaged, found.missing, found.base) == (damaged, missing, base)
    assert found.reason == "x" * 500
