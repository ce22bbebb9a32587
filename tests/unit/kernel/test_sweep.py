"""What is needed is never removed, and what nobody needs is, when its time has come."""

from __future__ import annotations

import dataclasses
import functools
from datetime import timedelta

import pytest

from tests.profiles import Profile
from tests.unit.kernel.world import NOON
from toban import entry
from toban.adapters.local.memory.store import MemoryBlobs, MemoryStore, VirtualClock
from toban.backups.documents import Backup
from toban.backups.jobs import BackupJob
from toban.backups.policy.restores import Restore
from toban.events import SweepDue
from toban.incidents.documents import Alert, Incident, IncidentSegment
from toban.kernel.document import decode, encode
from toban.kernel.handling import sweep as handling_sweep
from toban.kernel.handling.parking import ParkedMessage
from toban.kernel.handling.sweep import BATCH, DEPLOYED, LAST_LOOK, Daily, expiring, remove_expired
from toban.kernel.platform import Platform
from toban.local.world import load_functions
from toban.notify.documents import Notification
from toban.ports import Create, Delete, Key, Query, Update
from toban.profile.builtin import BUILTIN
from toban.profile.section import Service
from toban.profile.store import PinnedProfile, apply, pinned_id
from toban.topology import load

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@functools.cache
def routine():
    """The shipped function's own."""
    load_functions(load())
    return entry.SUBSCRIBERS["sweep_documents"].handlers[SweepDue].run


class Cloud:
    """The shipped function by the hour, and a TTL that looks at nothing but `expires_at`."""

    def __init__(self):
        self.clock = VirtualClock(NOON)
        self.store = MemoryStore()
        self.platform = Platform(store=self.store, bus=None, blobs=MemoryBlobs(), clock=self.clock)

    @property
    def now(self):
        return self.clock.now()

    def put(self, document):
        key, found = document.key(document.id), self.store.get([document.key(document.id)])[0]
        data = encode(document)
        self.store.commit(
            [Create(key, data) if found is None else Update(key, data, found.version)]
        )

    def old(self, document):
        """As the release before wrote it."""
        data = encode(document)
        data.pop("expires_at", None)
        self.store.commit([Create(document.key(document.id), data)])

    def get(self, cls, id):
        found = self.store.get([cls.key(id)])[0]
        return None if found is None else decode(cls, found.data)

    def sweep(self):
        return routine()("sweep_documents", self.platform)

    def ttl(self):
        for cls in expiring():
            for found in self.store.query(Query(cls.COLLECTION, (("expires_at", "<=", self.now),))):
                self.store.commit([Delete(found.key, found.version)])

    def after(self, time, *, sweeps=True, step=HOUR):
        until = self.now + time
        while self.now < until:
            self.clock.advance(min(step, until - self.now))
            if sweeps:
                self.sweep()
            self.ttl()


@pytest.fixture
def cloud():
    return Cloud()


def alert(id="a", status="resolved", incident="inc-1", at=NOON, **more):
    return Alert(
        id=id, service="chat", source="s", fingerprint=id, rule="r", title="t", status=status,
        severity=1, severity_label="SEV1", starts_at=at, heard_at=at, incident=incident, **more,
    )  # fmt: skip


def incident(id="inc-1", status="open", **more):
    return Incident(
        id=id, service="chat", profile_version="v1", group_key="k", title="t", status=status,
        severity=1, severity_label="SEV1", opened_at=NOON, started_at=NOON, escalating_since=NOON,
        **more,
    )  # fmt: skip


def resolved(at, **more):
    return incident(status="resolved", resolved_at=at, **more)


def notification(id="n", state="done", at=NOON, **more):
    return Notification(
        id=id, state=state, incident="inc-1", service="chat", target="person:a", target_name="A",
        channel="mail", kind="opened", page=0, lease_until=at, created_at=at, **more,
    )  # fmt: skip


def backup(id="b", status="verified", **more):
    return Backup(
        id=id, service="chat", source="db", class_="daily", kind="postgres", status=status,
        slot=NOON, started_at=NOON, **more,
    )  # fmt: skip


def restore(**more):
    return Restore(
        id="r", service="chat", source="db", backup_id="b", kind="postgres", purpose="test",
        region="tokyo", bucket="t", requested_at=NOON, **more,
    )  # fmt: skip


def parked():
    return ParkedMessage(
        id="p", function="f", subscription="s", reason="invalid", error="e", topic="t",
        attributes={}, data=b"", bytes_total=0, at=NOON,
    )  # fmt: skip


def job(**more):
    return BackupJob(id="b.verify", stage="verify", backup_id="b", **more)


# --- when a document's time begins to run --------------------------------------------------------


@pytest.mark.parametrize(
    "living",
    [
        alert(status="firing"),
        incident(),
        incident(status="acknowledged"),
        notification(state="claimed"),
        notification(state="waiting"),
        job(touched_at=NOON),
        restore(touched_at=NOON),
        *(backup(status=s) for s in ("running", "finished", "verified", "failed", "partial")),
        backup(status="deleting", deleted_at=NOON),
        PinnedProfile(id="chat@v1", profile=BUILTIN),
    ],
    ids=lambda d: f"{type(d).__name__} {getattr(d, 'status', '')}",
)  # fmt: skip
def test_what_lives_has_no_expiry_and_looks_as_it_did(living):
    assert "expires_at" not in encode(living)


@pytest.mark.parametrize(
    ("over", "days"),
    [
        (alert(), 90),
        (alert(status="event"), 90),
        (resolved(NOON), 400),
        (notification(), 90),
        (notification(state="failed"), 90),
        (notification(state="void"), 90),
        (job(over=True, touched_at=NOON), 400),
        (restore(over=True, touched_at=NOON), 400),
        (backup(status="deleted", deleted_at=NOON), 30),
        (parked(), 90),
        (PinnedProfile(id="chat@v1", profile=BUILTIN, unused_since=NOON), 40),
    ],
    ids=lambda d: type(d).__name__,
)
def test_the_life_of_what_is_over_runs(over, days):
    assert encode(over)["expires_at"] == NOON + timedelta(days=days)


def test_what_lives_again_has_no_expiry_any_more(cloud):
    cloud.put(resolved(NOON))
    again = cloud.get(Incident, "inc-1")
    again.status, again.resolved_at = "open", None
    cloud.put(again)

    assert "expires_at" not in cloud.store.get([Incident.key("inc-1")])[0].data


# --- what others need ----------------------------------------------------------------------------


def test_an_open_incident_keeps_its_alerts_and_notifications_for_years(cloud):
    cloud.put(incident())
    for id, status in (("closed", "resolved"), ("event", "event")):
        cloud.put(alert(id, status))
    cloud.put(notification())
    cloud.put(alert("stray", incident=None))

    cloud.after(3 * 365 * DAY, step=DAY)
    kept = [s.key.id for s in cloud.store.query(Query("alerts"))]
    assert kept == ["closed", "event"]
    assert cloud.get(Notification, "n") is not None

    cloud.put(resolved(cloud.now))
    cloud.after(89 * DAY, step=DAY)
    cloud.after(2 * DAY, step=DAY)
    assert cloud.store.query(Query("alerts")) == []
    assert cloud.get(Notification, "n") is None
    assert cloud.get(Incident, "inc-1") is not None, "that has its own life"
    cloud.after(310 * DAY, step=DAY)
    assert cloud.get(Incident, "inc-1") is None


def test_sweeping_may_fail_for_a_month(cloud):
    cloud.put(incident())
    cloud.put(alert())
    cloud.after(44 * DAY)
    cloud.after(DAY * 2)
    for _ in range(4):
        cloud.after(30 * DAY, sweeps=False, step=DAY)
        cloud.after(DAY)

    assert cloud.get(Alert, "a") is not None


def test_an_incident_that_is_reopened_hours_before_the_end_keeps_its_alerts(cloud):
    cloud.put(resolved(NOON))
    cloud.put(alert())
    cloud.after(89 * DAY, step=DAY)
    cloud.after(DAY - LAST_LOOK - HOUR)
    cloud.put(incident())
    cloud.after(DAY)
    cloud.after(100 * DAY, step=DAY)

    assert cloud.get(Alert, "a") is not None


def test_a_change_of_its_own_does_not_take_back_what_a_document_was_given(cloud):
    cloud.put(incident())
    cloud.put(alert())
    cloud.after(200 * DAY, step=DAY)
    late = cloud.get(Alert, "a")
    late.starts_at = NOON - DAY  # late news of it
    cloud.put(late)

    assert cloud.get(Alert, "a").expires_at > cloud.now + DAY


def test_a_kept_backup_keeps_its_jobs(cloud):
    cloud.put(backup())
    cloud.put(job(over=True, touched_at=NOON))
    cloud.after(5 * 365 * DAY, step=DAY)
    assert cloud.get(BackupJob, "b.verify") is not None

    cloud.put(backup(status="deleted", deleted_at=cloud.now))
    cloud.after(402 * DAY, step=DAY)
    assert cloud.get(BackupJob, "b.verify") is None
    assert cloud.get(Backup, "b") is None


def test_looking_costs_two_reads_for_each_document_and_little_when_there_is_nothing(cloud):
    cloud.put(resolved(NOON))
    many = BATCH * 2 + 7
    for number in range(many):
        cloud.put(alert(f"a{number}"))
    looked = []
    inner = cloud.store.query
    cloud.store.query = lambda query: [looked.append(s.key.id) or s for s in inner(query)]
    cloud.ttl = lambda: None
    cloud.after(90 * DAY, step=DAY)

    assert len(set(looked)) == many + 1
    # Once when they are given an expiry; and where so many expire at one moment, a page too many.
    assert len(looked) == (many + 1) + 2 * (many + BATCH)
    looked.clear()
    cloud.after(5 * DAY, step=DAY)
    assert looked == []


def test_one_that_cannot_be_read_is_kept_and_stops_nothing(cloud):
    cloud.put(incident())
    cloud.put(alert())
    broken = {"id": "0", "status": 7, "expires_at": NOON + 90 * DAY}
    cloud.store.commit([Create(Key("alerts", "0"), broken)])
    cloud.after(100 * DAY, step=DAY)
    cloud.clock.advance(365 * DAY)
    assert list(remove_expired(cloud.platform, Alert, cloud.now)) == []
    assert [s.key.id for s in cloud.store.query(Query("alerts"))] == ["0", "a"]


def test_more_that_expire_at_one_moment_than_a_batch_are_all_looked_at(cloud, monkeypatch):
    monkeypatch.setattr(handling_sweep, "BATCH", 3)
    monkeypatch.setattr(handling_sweep, "MOST_PAGES", 2)
    cloud.put(incident())
    for number in range(30):
        cloud.put(alert(f"a{number:02}", at=NOON + number // 10 * HOUR))
    cloud.put(alert("stray", incident=None))
    cloud.after(400 * DAY, step=DAY)
    assert len(cloud.store.query(Query("alerts"))) == 30

    cloud.put(resolved(cloud.now))
    cloud.clock.advance(95 * DAY)
    assert len(list(remove_expired(cloud.platform, Alert, cloud.now))) == 30
    assert cloud.store.query(Query("alerts")) == []


def test_after_a_long_pause_sweeping_catches_up_bit_by_bit(cloud, monkeypatch):
    monkeypatch.setattr(handling_sweep, "BATCH", 3)
    monkeypatch.setattr(handling_sweep, "MOST_PAGES", 1)
    cloud.put(incident())
    for number in range(30):
        cloud.put(alert(f"a{number:02}", at=NOON + number * HOUR))
    cloud.sweep()
    cloud.after(60 * DAY, sweeps=False, step=DAY)
    changed = [len(cloud.sweep().changes) for _ in range(12)]
    assert changed[0] == 3
    assert sum(changed) == 30


def test_a_clock_that_was_ahead_for_a_minute_leaves_no_gap(cloud):
    cloud.put(incident())
    cloud.put(alert("before"))
    cloud.after(10 * DAY, step=DAY)
    cloud.clock.advance(300 * DAY)
    cloud.sweep()
    cloud.clock.set(NOON + 10 * DAY + HOUR)
    cloud.put(alert("after", at=cloud.now))
    cloud.after(500 * DAY, step=DAY)

    assert [s.key.id for s in cloud.store.query(Query("alerts"))] == ["after", "before"]


# --- what an earlier release wrote ---------------------------------------------------------------


@pytest.mark.parametrize(
    "over",
    [
        alert(),
        resolved(NOON),
        notification(),
        job(over=True, touched_at=NOON),
        restore(over=True, touched_at=NOON),
        backup(status="deleted", deleted_at=NOON),
        parked(),
    ],
    ids=lambda d: type(d).__name__,
)
def test_a_document_of_an_earlier_release_gets_its_expiry_when_that_writes_no_more(cloud, over):
    cloud.old(over)
    cloud.sweep()
    assert cloud.get(type(over), over.id).expires_at is None, "the earlier one may still write it"

    cloud.after(DEPLOYED, step=DEPLOYED)
    assert cloud.get(type(over), over.id).expires_at == NOON + type(over).KEEP.time


def test_one_that_lives_or_cannot_be_read_is_left_alone_and_all_are_looked_at_once(cloud):
    cloud.old(incident())
    broken = Key("incidents", "inc-0")
    cloud.store.commit([Create(broken, {"id": "inc-0", "status": "resolved"})])
    for number in range(BATCH + 3):
        cloud.old(resolved(NOON, id=f"inc-z{number:04}"))
    cloud.sweep()
    cloud.clock.advance(DEPLOYED)
    cloud.sweep()

    without = [
        s.key.id for s in cloud.store.query(Query("incidents")) if "expires_at" not in s.data
    ]
    assert without == ["inc-0", "inc-1"]
    cloud.old(resolved(NOON, id="inc-zz"))
    cloud.sweep()
    assert cloud.get(Incident, "inc-zz").expires_at is None


def test_of_many_documents_of_an_earlier_release_one_run_looks_at_some(cloud, monkeypatch):
    monkeypatch.setattr(handling_sweep, "BATCH", 3)
    monkeypatch.setattr(handling_sweep, "MOST_PAGES", 2)
    for number in range(10):
        cloud.old(resolved(NOON, id=f"inc-{number}"))
    cloud.sweep()
    cloud.clock.advance(DEPLOYED)
    given = []
    for _ in range(3):
        cloud.sweep()
        found = [f.data for f in cloud.store.query(Query("incidents"))]
        given.append(sum("expires_at" in data for data in found))
    assert given == [6, 10, 10]


# --- versions of profiles ------------------------------------------------------------------------


def version_of(cloud, change):
    return cloud.get(PinnedProfile, pinned_id(change.service, change.version))


def variant(number):
    return Profile(service=Service(id="chat", name=f"Chat {number}"))


@pytest.mark.parametrize("named_by", ["an incident", "a backup"])
def test_a_version_is_kept_while_it_is_current_or_pinned(cloud, named_by):
    (first,) = apply(cloud.store, [variant(1)], cloud.now)
    cloud.after(300 * DAY, step=DAY)
    assert version_of(cloud, first) is not None, "it is current"

    pinning = incident() if named_by == "an incident" else backup()
    pinning.profile_version = first.version
    cloud.put(pinning)
    apply(cloud.store, [variant(2)], cloud.now)
    cloud.after(500 * DAY, step=DAY)
    assert version_of(cloud, first) is not None

    if named_by == "an incident":
        pinning.status, pinning.resolved_at = "resolved", cloud.now
    else:
        pinning.status, pinning.deleted_at = "deleted", cloud.now
    cloud.put(pinning)
    cloud.after(type(pinning).KEEP.time + 39 * DAY, step=DAY)
    assert version_of(cloud, first) is not None, "what is under way may still name it"
    cloud.after(3 * DAY, step=DAY)
    assert version_of(cloud, first) is None


def test_a_version_that_is_applied_again_just_before_its_end_stays(cloud):
    (first,) = apply(cloud.store, [variant(1)], cloud.now)
    apply(cloud.store, [variant(2)], cloud.now)
    cloud.sweep()
    cloud.after(39 * DAY, step=DAY)
    cloud.after(23 * HOUR)
    apply(cloud.store, [variant(1)], cloud.now)
    cloud.after(100 * DAY, step=DAY)

    assert version_of(cloud, first) is not None


def test_without_sweeping_no_version_is_ever_removed(cloud):
    (first,) = apply(cloud.store, [variant(1)], cloud.now)
    apply(cloud.store, [variant(2)], cloud.now)
    cloud.after(1000 * DAY, sweeps=False, step=10 * DAY)

    assert version_of(cloud, first) is not None


# --- on a laptop ---------------------------------------------------------------------------------


def test_a_laptop_that_slept_for_a_year_removes_nothing_that_is_needed(cloud):
    """Its own TTL looks at the holders itself."""
    cloud.put(incident())
    cloud.put(alert())
    cloud.put(alert("stray", incident=None))
    cloud.clock.advance(365 * DAY)

    removed = [s.key.id for s in remove_expired(cloud.platform, Alert, cloud.now)]
    assert removed == ["stray"]
    assert cloud.get(Alert, "a").expires_at == cloud.now + 90 * DAY
    assert [s.key.id for s in cloud.store.query(Query("alerts"))] == ["a"]


def test_how_far_it_has_come_is_kept_under_the_names_that_the_release_before_knows(cloud):
    cloud.put(alert())
    cloud.sweep()
    (found,) = cloud.store.query(Query("sweeps"))
    assert found.data["marks"]["alerts"]["looked"] == {
        "half": cloud.now + 45 * DAY, "last": cloud.now + LAST_LOOK,
    }  # fmt: skip
    assert "day" in found.data["marks"]["profile_versions"]["looked"]


def test_a_part_that_lives_as_long_as_its_incident_is_not_written_again(cloud):
    over = resolved(NOON)
    cloud.put(over)
    part = IncidentSegment(id="inc-1.0", incident="inc-1", number=0, at=NOON)
    cloud.put(part)
    assert cloud.get(IncidentSegment, "inc-1.0").expires_at == NOON + 400 * DAY
    cloud.sweep()
    cloud.clock.advance(199 * DAY)
    cloud.sweep()
    cloud.clock.advance(2 * DAY)
    assert cloud.sweep().changes == ()
    cloud.put(resolved(NOON + DAY))
    assert not cloud.sweep().changes, "looked at already; the last look is near the end"
    cloud.clock.advance(199 * DAY - HOUR)
    assert cloud.sweep().changes == ("changed incident_segments/inc-1.0",)
    assert cloud.get(IncidentSegment, "inc-1.0").expires_at == NOON + 401 * DAY


def test_one_that_changes_meanwhile_is_left_to_its_own_change(cloud):
    cloud.put(incident())
    cloud.put(alert())
    cloud.sweep()
    cloud.clock.advance(44 * DAY)
    cloud.sweep()
    cloud.clock.advance(2 * DAY)
    inner = cloud.store

    class Changed:
        """Somebody writes an alert just before the sweep does."""

        def __getattr__(self, name):
            return getattr(inner, name)

        def commit(self, writes):
            if any(write.key.collection == "alerts" for write in writes):
                cloud.put(cloud.get(Alert, "a"))
            return inner.commit(writes)

    cloud.platform = dataclasses.replace(cloud.platform, store=Changed())
    assert cloud.sweep().changes == ()


@pytest.mark.parametrize("known", [False, True], ids=["the first of all", "a later one"])
def test_of_two_sweeps_at_once_either_leaves_its_marks(known):
    cloud = Cloud()
    if known:
        cloud.sweep()
        cloud.clock.advance(2 * DAY)
    inner = cloud.store

    class Quicker:
        """Another sweep commits just before this one."""

        def __getattr__(self, name):
            return getattr(inner, name)

        def commit(self, writes):
            cloud.platform = dataclasses.replace(cloud.platform, store=inner)
            cloud.sweep()
            return inner.commit(writes)

    cloud.put(incident("waits"))
    cloud.platform = dataclasses.replace(cloud.platform, store=Quicker())
    cloud.sweep()
    assert len(inner.query(Query("sweeps"))) == 1


def test_what_is_looked_at_once_a_day_is_looked_at_after_exactly_a_day(cloud):
    looked: list[object] = []

    def decide(store, now):
        looked.append(now)
        return ["v1"]

    sweep = handling_sweep.sweeping(Daily(PinnedProfile, decide))
    first = sweep("sweep_documents", cloud.platform)
    assert (first.outcome, first.changes) == ("done", ("changed profile_versions/v1",))
    cloud.clock.advance(DAY - timedelta(seconds=1))
    assert sweep("sweep_documents", cloud.platform).outcome == "nothing"
    cloud.clock.advance(1)
    sweep("sweep_documents", cloud.platform)
    assert looked == [NOON, NOON + DAY]
    # What a clock that was ahead has noted holds nothing up.
    cloud.clock.set(NOON + HOUR)
    sweep("sweep_documents", cloud.platform)
    assert looked[2:] == [NOON + HOUR]
