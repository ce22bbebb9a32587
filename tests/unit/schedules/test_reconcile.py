"""Cloud Scheduler jobs brought in line, by the unmodified client against a stand-in."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace

import grpc
import pytest
from google.cloud.scheduler_v1 import types

from tests.plugins.scheduler_standin import CloudScheduler, Fault
from tests.unit.schedules.services import plan, profile, the_map
from toban.adapters.google import scheduler
from toban.ports import Unavailable
from toban.ports.schedules import (
    MARK,
    SchedulerJob,
    SchedulerJobRejected,
    SchedulerPermissionDenied,
)
from toban.topology.schedules import describe, wanted

PARENT = scheduler.parent_of("p-1", "asia-northeast1")
State = types.Job.State
Code = grpc.StatusCode


class Project:
    """A location with jobs, and the client that `toban apply` uses."""

    def __init__(self, standin: CloudScheduler) -> None:
        self.standin = standin
        self.client = scheduler.connect.__wrapped__(standin.address)  # ports come again

    def plan(self, jobs: list[SchedulerJob]) -> dict[str, str]:
        """What would be done, without what stays as it is."""
        changes = scheduler.plan(self.client, PARENT, jobs)
        return {c.name: c.what for c in changes if c.what != "unchanged"}

    def apply(self, jobs: list[SchedulerJob]) -> dict[str, str]:
        changes = scheduler.plan(self.client, PARENT, jobs)
        done = scheduler.apply(self.client, PARENT, changes)
        return {c.name: c.what for c in done if c.what != "unchanged"}

    def writes(self) -> list[str]:
        """What was called since the last time, apart from looking."""
        called = [c for c in self.standin.calls if c not in ("ListJobs", "GetJob")]
        self.standin.calls.clear()
        return called


@contextlib.contextmanager
def opened() -> Iterator[Project]:
    with CloudScheduler() as standin:
        project = Project(standin)
        yield project
        project.client.transport.close()


@pytest.fixture
def project() -> Iterator[Project]:
    with opened() as made:
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    """Trying again does not wait long."""
    monkeypatch.setattr(scheduler, "_RETRY", scheduler._RETRY.with_delay(initial=0.01))


def jobs_of(*plans, test: str = "") -> list[SchedulerJob]:
    return wanted(the_map(), [profile("chat", *plans, test=test)], "p-1")


JOBS = jobs_of(plan(), plan(class_="weekly", cron="0 4 * * 0"), test="0 5 1 * *")
NAMES = sorted(job.name for job in JOBS)
DAILY = "toban-chat--main-db--daily"


def paused(job: SchedulerJob) -> SchedulerJob:
    """The same job, wanted paused."""
    job = replace(job, paused=True)
    return replace(job, description=describe("Paused", job))


# --- the ordinary ----------------------------------------------------------------------------


def test_all_are_created_and_the_second_time_nothing_is_left_to_do(project):
    assert project.plan(JOBS) == dict.fromkeys(NAMES, "create")
    assert project.writes() == []

    assert project.apply(JOBS) == dict.fromkeys(NAMES, "create")
    assert project.standin.names() == NAMES
    assert project.writes() == ["CreateJob"] * len(NAMES)

    assert project.plan(JOBS) == {}
    assert project.apply(JOBS) == {}
    assert project.writes() == []


def test_a_job_is_what_the_profile_says(project):
    project.apply(JOBS)
    job = project.standin.job(DAILY)
    assert (job.schedule, job.time_zone) == ("0 3 * * *", "Asia/Tokyo")
    assert job.pubsub_target.topic_name == "projects/p-1/topics/backup-due"
    assert dict(job.pubsub_target.attributes)["ce-type"] == "toban.backup.due.v1"
    assert MARK in job.description
    assert job.retry_config.retry_count == 5, "a slot that was not taken is tried again"
    assert job.state == State.ENABLED


def test_one_change_updates_one_job_and_names_what_differs(project):
    project.apply(JOBS)
    project.writes()
    later = jobs_of(
        plan(cron="30 3 * * *"), plan(class_="weekly", cron="0 4 * * 0"), test="0 5 1 * *"
    )
    (change,) = (c for c in scheduler.plan(project.client, PARENT, later) if c.what != "unchanged")
    assert (change.name, change.what, change.fields) == (DAILY, "update", ("schedule",))

    project.apply(later)
    assert project.writes() == ["UpdateJob"]
    assert project.standin.job(DAILY).schedule == "30 3 * * *"
    assert project.plan(later) == {}


def test_one_plan_less_deletes_one_job(project):
    project.apply(JOBS)
    project.writes()
    assert project.apply(jobs_of(plan(), test="0 5 1 * *")) == {
        "toban-chat--main-db--weekly": "delete"
    }
    assert project.writes() == ["DeleteJob"]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("schedule", "1 1 * * *", "schedule"),
        ("time_zone", "Etc/UTC", "time_zone"),
        ("description", f"mine now, still {MARK}", "description"),
        ("retry_config", types.RetryConfig(), "retries"),
        ("state", State.UPDATE_FAILED, "state"),
    ],
)
def test_what_somebody_changed_by_hand_is_put_right(project, field, value, told):
    project.apply(JOBS)
    setattr(project.standin.job(DAILY), field, value)
    (change,) = (c for c in scheduler.plan(project.client, PARENT, JOBS) if c.what == "update")
    assert change.fields == (told,)
    project.apply(JOBS)
    assert project.plan(JOBS) == {}
    assert project.standin.job(DAILY).state == State.ENABLED


# --- whose is it -----------------------------------------------------------------------------


def test_jobs_of_others_are_not_touched(project):
    put = project.standin.put
    put(PARENT, "nightly-report", description="somebody's")
    put(PARENT, "nightly-copy", description=f"not so named, although {MARK}")
    put(PARENT, "toban-own-idea", description="made by hand")
    elsewhere = scheduler.parent_of("p-1", "us-central1")
    put(elsewhere, "toban-there", description=f"[{MARK}; 0]")
    before = {name: types.Job.serialize(job) for name, job in project.standin.jobs.items()}
    project.apply(JOBS)
    assert project.plan(JOBS) == {}
    assert set(project.apply([]).values()) == {"delete"}
    assert {n: types.Job.serialize(j) for n, j in project.standin.jobs.items()} == before


def test_a_job_with_our_name_but_without_the_mark_is_refused_and_the_others_are_made(project):
    project.standin.put(PARENT, DAILY, description="my own")
    assert project.plan(JOBS)[DAILY] == "refused"
    changes = scheduler.plan(project.client, PARENT, JOBS)
    (refused,) = (c for c in changes if c.what == "refused")
    assert "managed by toban" in refused.reason
    assert project.apply(JOBS)[DAILY] == "refused"
    assert project.standin.job(DAILY).description == "my own"
    assert project.standin.names() == NAMES


def test_a_job_that_became_somebody_elses_before_its_deletion_stays(project):
    project.apply(JOBS)
    changes = scheduler.plan(project.client, PARENT, [])
    project.standin.job(DAILY).description = "I need this"
    done = {c.name: c.what for c in scheduler.apply(project.client, PARENT, changes)}
    assert done.pop(DAILY) == "refused"
    assert set(done.values()) == {"delete"}
    assert project.standin.names() == [DAILY]


# --- paused ----------------------------------------------------------------------------------


def test_a_job_that_a_person_paused_stays_paused_and_is_kept_up_to_date(project):
    project.apply(JOBS)
    project.standin.job(DAILY).state = State.PAUSED
    project.writes()
    (change,) = (c for c in scheduler.plan(project.client, PARENT, JOBS) if c.paused_by_hand)
    assert (change.name, change.what) == (DAILY, "unchanged")

    later = jobs_of(plan(cron="30 3 * * *"), plan(class_="weekly", cron="0 4 * * 0"), test="0 5 1 * *")  # fmt: skip
    assert project.apply(later) == {DAILY: "update"}
    assert project.writes() == ["UpdateJob"]
    job = project.standin.job(DAILY)
    assert (job.schedule, job.state) == ("30 3 * * *", State.PAUSED)


def test_a_job_that_is_wanted_paused_is_paused_and_resumed(project):
    (job, *_) = JOBS
    assert project.apply([paused(job)]) == {job.name: "create"}
    assert project.standin.job(job.name).state == State.PAUSED
    assert project.plan([paused(job)]) == {}
    assert project.apply([job]) == {job.name: "resume"}
    assert project.standin.job(job.name).state == State.ENABLED
    assert project.apply([paused(job)]) == {job.name: "pause"}
    assert project.apply([paused(job)]) == {}


# --- half done, twice at once ----------------------------------------------------------------

BEFORE = [
    *jobs_of(plan(cron="7 7 * * *"), plan(class_="hourly", cron="0 * * * *"))[:4],
]
STEPS = {
    "from nothing": ([], JOBS),
    "changes": (BEFORE, JOBS),
    "to nothing": (JOBS, []),
    "to paused": (JOBS, [paused(job) for job in JOBS]),
    "from paused": ([paused(job) for job in JOBS], JOBS),
}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("first", "then"), STEPS.values(), ids=STEPS)
def test_dying_around_any_call_leaves_what_the_next_run_finishes(monkeypatch, first, then, after):
    monkeypatch.setattr(scheduler, "_RETRY", None)  # dying is not retried
    at = 0
    while True:
        with opened() as project:
            standin = project.standin
            project.apply(first)
            begin = len(standin.calls)

            def dies(method, number, at=begin + at):
                return Fault(Code.UNKNOWN, "dead", after=after) if number == at else None

            standin.faults = dies
            try:
                project.apply(then)
                died = False
            except Unavailable:
                died = True
            standin.faults = lambda method, number: None
            project.apply(then)
            assert project.plan(then) == {}
            assert standin.names() == sorted(job.name for job in then)
            for job in then:
                state = State.PAUSED if job.paused else State.ENABLED
                assert standin.job(job.name).state == state
            if not died:
                break
        at += 1
    assert at > len(first + then) / 2, "it died at many calls"


@pytest.mark.parametrize(("first", "then"), STEPS.values(), ids=STEPS)
def test_lost_answers_are_looked_into(project, first, then):
    project.apply(first)
    failed: set[int] = set()

    def loses(method, number):
        # Each call takes effect, but its first answer is lost.
        if number - 1 in failed:
            return None
        failed.add(number)
        return Fault(Code.UNAVAILABLE, after=True)

    project.standin.faults = loses
    project.apply(then)
    project.standin.faults = lambda method, number: None
    assert project.plan(then) == {}


@pytest.mark.parametrize(("first", "then"), STEPS.values(), ids=STEPS)
def test_two_at_once_converge(project, first, then):
    project.apply(first)
    gate = threading.Barrier(2)
    failures: list[Exception] = []

    def run() -> None:
        try:
            changes = scheduler.plan(project.client, PARENT, then)
            gate.wait(10)
            scheduler.apply(project.client, PARENT, changes)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert project.plan(then) == {}
    assert project.standin.names() == sorted(job.name for job in then)


def test_one_that_vanishes_before_its_update_is_made_anew(project):
    project.apply(JOBS)
    later = jobs_of(plan(cron="30 3 * * *"))
    changes = scheduler.plan(project.client, PARENT, later)
    del project.standin.jobs[f"{PARENT}/jobs/{DAILY}"]
    scheduler.apply(project.client, PARENT, changes)
    assert project.plan(later) == {}
    assert project.standin.job(DAILY).schedule == "30 3 * * *"


# --- many, slow, forbidden -------------------------------------------------------------------


def test_six_hundred_jobs_are_read_page_by_page():
    many = [profile(f"service-{n:03}") for n in range(600)]
    jobs = wanted(the_map(), many, "p-1")
    with opened() as project:
        standin = project.standin
        project.apply(jobs)
        assert len(standin.jobs) == len(jobs) > 600
        standin.calls.clear()
        assert project.plan(jobs[:-1]) == {jobs[-1].name: "delete"}
        assert standin.calls == ["ListJobs"] * 2
        standin._page = 50  # it may answer with fewer than asked for
        assert project.plan(jobs) == {}


def test_what_is_unavailable_for_a_while_is_tried_again(project):
    project.standin.faults = lambda method, number: (
        Fault(Code.UNAVAILABLE) if number % 2 == 0 else None
    )
    assert project.apply(JOBS[:2]) == {job.name: "create" for job in JOBS[:2]}


@pytest.mark.parametrize(
    ("method", "permission"),
    [
        ("ListJobs", "list"),
        ("CreateJob", "create"),
        ("UpdateJob", "update"),
        ("DeleteJob", "delete"),
        ("PauseJob", "pause"),
        ("ResumeJob", "enable"),
    ],
)
def test_a_missing_permission_is_named(project, method, permission):
    a, b, c, d = jobs_of(plan(), plan(class_="weekly"))[:4]
    project.apply([b, c, paused(d)])
    project.standin.faults = lambda called, number: (
        Fault(Code.PERMISSION_DENIED, "The principal lacks IAM permission")
        if called == method
        else None
    )
    changed = replace(b, cron="9 9 * * *")
    target = {
        "UpdateJob": [changed, c, paused(d)],
        "DeleteJob": [b, paused(d)],
        "PauseJob": [b, paused(c), paused(d)],
        "ResumeJob": [b, c, d],
    }.get(method, [a, b, c, paused(d)])
    with pytest.raises(SchedulerPermissionDenied, match=rf"cloudscheduler\.jobs\.{permission} "):
        project.apply(target)


def test_what_cloud_scheduler_does_not_take_is_told_and_holds_up_nothing(project):
    bad = replace(JOBS[0], cron="0 3 L * * 7")
    changes = scheduler.plan(project.client, PARENT, [bad, *JOBS[1:]])
    done = scheduler.apply(project.client, PARENT, changes)
    (refused,) = (c for c in done if c.what == "refused")
    assert refused.name == JOBS[0].name
    assert "schedule" in refused.reason
    assert project.standin.names() == sorted(job.name for job in JOBS[1:])


def test_a_location_that_is_none_is_refused(project):
    with pytest.raises(SchedulerJobRejected, match="not a location"):
        scheduler.plan(project.client, "projects/p-1", JOBS)
