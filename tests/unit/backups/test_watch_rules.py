"""Alerts about backups, a leap of the clock before something is removed, and places that are in use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.simulation.backup_world import PROFILES
from tests.unit.backups.test_clock_ahead import backup
from toban.adapters.local.memory.store import MemoryStore
from toban.backups.catalogue.plans import backup_id
from toban.backups.policy.alerts import BackupWatch, OpenAlert, Trouble, fire, put_right, resolve
from toban.backups.policy.occupied import bucket_name, is_source, keeps_backups, refusal
from toban.backups.policy.steady import PruneLook, waits_until
from toban.events import AlertFired, AlertResolved
from toban.events.backups import BackupWatchDue
from toban.kernel.document import decode, encode
from toban.kernel.event import Event
from toban.kernel.work import Work
from toban.ports import PortError, Update
from toban.ports.backup import Spec

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
(SHOP, _) = PROFILES


def work_on(store: MemoryStore, now: datetime = NOW) -> Work:
    event = Event(id="e", source="/test", time=now, body=BackupWatchDue())
    return Work(store=store, event=event, function="watch_backups", now=now)


# --- alerts ------------------------------------------------------------------------------------


def trouble(hours: int = -1, **more: Any) -> Trouble:
    given = {"at": None, "labels": {"source": "files"}, "level": 2, **more}
    id = backup_id("shop", "files", "full", NOW + hours * HOUR)
    return Trouble(
        fingerprint="f", rule="backup-failed", title="t", summary="s", backup=id, **given
    )


def said(work: Work) -> list[tuple[type, str, datetime]]:
    return [(type(e.body), e.body.fingerprint, e.body.starts_at) for e in work.emitted]


def test_an_alert_is_opened_once_and_closed_once():
    watch, work = BackupWatch(id="shop"), work_on(MemoryStore())
    fire(trouble(), SHOP, watch, work)
    fire(trouble(), SHOP, watch, work)
    assert said(work) == [(AlertFired, "shop/f", NOW)]
    (fired,) = [e.body for e in work.emitted]
    assert (fired.rule, fired.title, fired.summary, fired.source) == (
        "backup-failed", "t", "s", "backups",
    )  # fmt: skip
    assert fired.labels == {"service": "shop", "source": "files"}
    resolve("f", watch, work)
    resolve("f", watch, work)
    assert said(work)[1:] == [(AlertResolved, "shop/f", NOW)]
    assert watch.open == {}
    assert [e.body for e in work.emitted][1].ends_at == NOW


def test_it_begins_when_the_trouble_did():
    watch, work = BackupWatch(id="shop"), work_on(MemoryStore())
    fire(trouble(at=NOW - HOUR), SHOP, watch, work)
    assert said(work) == [(AlertFired, "shop/f", NOW - HOUR)]


@pytest.mark.parametrize(("first", "second", "kept"), [(-2, -1, -1), (-1, -2, -1), (900, -1, -1)])
def test_it_is_about_the_newest_backup_and_one_dated_ahead_is_newer_than_none(first, second, kept):
    watch, work = BackupWatch(id="shop"), work_on(MemoryStore())
    fire(trouble(first), SHOP, watch, work)
    fire(trouble(second), SHOP, watch, work)
    assert watch.open["f"].backup == trouble(kept).backup
    assert len(work.emitted) == 1


def test_a_beginning_that_is_ahead_of_now_becomes_now_and_is_told_anew():
    def alert(at: datetime) -> OpenAlert:
        return OpenAlert(rule="r", title="t", severity="P2", starts_at=at)

    watch = BackupWatch(id="shop", open={"a": alert(NOW + 900 * HOUR), "b": alert(NOW - HOUR)})
    work = work_on(MemoryStore())
    put_right(watch, work)
    assert {name: found.starts_at for name, found in watch.open.items()} == {
        "a": NOW, "b": NOW - HOUR,
    }  # fmt: skip
    assert said(work) == [(AlertFired, "shop/a", NOW)]
    watch.open["c"] = alert(NOW + 900 * HOUR)
    resolve("c", watch, work)
    assert said(work)[1:] == [(AlertFired, "shop/c", NOW), (AlertResolved, "shop/c", NOW)]


# --- before something is removed ---------------------------------------------------------------


def looks(*hours: float, store: MemoryStore | None = None) -> list[float | None]:
    """At each of these hours: for how many more nothing is removed."""
    store = store or MemoryStore()
    found = []
    for hour in hours:
        now = NOW + hour * HOUR
        work = work_on(store, now)
        until = waits_until("shop", work)
        store.commit(work.writes)
        found.append(None if until is None else (until - now) / HOUR)
    return found


def test_nothing_is_removed_for_a_day_after_the_clock_has_leapt():
    assert looks(0, 36, 72) == [None, None, None]
    assert looks(0, 36.1) == [None, 24]
    assert looks(0, 40, 60, 63.9, 64, 65) == [None, 24, 4, pytest.approx(0.1), None, None]


def test_a_wait_that_a_clock_ahead_has_begun_ends_when_the_clock_is_right():
    assert looks(0, 900, 1, 2) == [None, 24, None, None]


def test_looks_within_half_an_hour_write_nothing():
    store = MemoryStore()
    for minutes, written in ((0, True), (29, False), (30, True), (31, False)):
        work = work_on(store, NOW + timedelta(minutes=minutes))
        waits_until("shop", work)
        assert bool(work.writes) == written, minutes
        store.commit(work.writes)
    (found,) = store.get([PruneLook.key("shop")])
    assert decode(PruneLook, found.data).at == NOW + timedelta(minutes=30)
    ahead = PruneLook(id="shop", at=NOW + 900 * HOUR)
    store.commit([Update(PruneLook.key("shop"), encode(ahead), found.version)])
    work = work_on(store, NOW + timedelta(minutes=32))
    waits_until("shop", work)
    assert work.writes, "a look that is dated ahead is put right at once"


# --- places that are in use --------------------------------------------------------------------


class Resources:
    """Makes a source of the bucket that it names; of ``media`` it may not read the secret."""

    def source(self, spec: Spec) -> Any:
        if spec.options.get("bucket") == "media":
            raise PortError("no access")
        return SimpleNamespace(identity=f"gs://{spec.options.get('bucket')}")


def refused(bucket: str, profiles: Any = None, onto: bool = False, **options: object) -> str:
    return refusal(
        f"gs://{bucket}", Spec("bucket", {"bucket": bucket, **options}),
        profiles or {"shop": SHOP}, Resources(), backup(NOW), onto_source=onto,
    )  # fmt: skip


def test_a_bucket_is_the_same_however_it_is_written():
    assert {bucket_name(b) for b in ("gs://Data/", "data", " DATA ", "gs://data/x/y")} == {"data"}
    assert bucket_name("gs://") == ""


def test_where_backups_are_kept_nothing_is_loaded_whatever_is_confirmed():
    for bucket in ("primary", "gs://Second/x"):
        found = refused(bucket, onto=True, overwrite="true")
        assert "keeps backups of shop (bucket " in found
    elsewhere = msgspec.structs.replace(SHOP, backup=None)
    assert "keeps backups of shop (bucket primary)" in refused("primary", {"shop": elsewhere})
    assert keeps_backups("", {"shop": SHOP}) is None
    assert keeps_backups("free", {"shop": SHOP}, backup(NOW)) is None


@pytest.mark.parametrize("confirmed", [True, "true", "YES", "1"])
def test_a_source_is_replaced_only_where_that_is_confirmed_and_never_by_a_test(confirmed):
    assert "gs://data is the source files of shop" in refused("data")
    assert "overwrite=true" in refused("data")
    assert refused("data", overwrite=confirmed) == ""
    assert refused("data", onto=True) == ""
    tested = refused("data", overwrite=confirmed, purpose="test")
    assert "is the source files of shop" in tested
    assert "overwrite=true" not in tested
    assert refused("data", overwrite="no") != ""


def test_what_is_nobody_s_is_free_and_another_kind_is_another_place():
    assert refused("free") == ""
    assert is_source("gs://data", "redis", {"shop": SHOP}, Resources()) is None
    assert is_source("gs://data", "bucket", {}, Resources()) is None
