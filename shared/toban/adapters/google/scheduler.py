"""
Cloud Scheduler jobs, brought in line with what is wanted.

A job is ours when its name begins with ``toban-`` and its description says that toban manages it;
no other job is ever touched. Whatever one run leaves half done the next one finishes, and two at
once end with the same jobs: creating what is there compares it, deleting what is gone is done.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import grpc
from google.api_core import exceptions, retry
from google.auth.exceptions import GoogleAuthError
from google.cloud.scheduler_v1 import CloudSchedulerClient, types
from google.cloud.scheduler_v1.services.cloud_scheduler.transports import (
    CloudSchedulerGrpcTransport,
)
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from toban.ports import Unavailable
from toban.ports.schedules import (
    MARK,
    PAUSED_MARK,
    PREFIX,
    SchedulerJob,
    SchedulerJobChange,
    SchedulerJobRejected,
    SchedulerPermissionDenied,
)

EMULATOR = "CLOUD_SCHEDULER_EMULATOR_HOST"
"""``host:port`` of a stand-in; a name of ours, Google has no emulator of Cloud Scheduler."""

TIMEOUT_S = 30.0
"""For one call, tries included."""

# A slot that Pub/Sub did not take is tried again after 10, 20, 40, … s, for an hour at most or
# until the next slot. Beyond that the next slot comes, or the watch raises an alert.
_RETRIES = {
    "retry_count": 5,
    "max_retry_duration": 3600,
    "min_backoff_duration": 10,
    "max_backoff_duration": 300,
    "max_doublings": 5,
}
_PAGE = 500
_NOT_OURS = (
    f"a job of that name is there whose description does not say {MARK!r}: rename or remove it"
)
_PAUSED = types.Job.State.PAUSED
_BROKEN = (types.Job.State.UPDATE_FAILED, types.Job.State.DISABLED)
"""It may not run until an update succeeds (UPDATE_FAILED says so; DISABLED is Google's doing)."""

# Every call may be repeated: an answer that was lost shows as ALREADY_EXISTS, NOT_FOUND or
# FAILED_PRECONDITION, which are looked into.
_RETRY = retry.Retry(
    predicate=retry.if_exception_type(
        exceptions.Aborted,
        exceptions.DeadlineExceeded,
        exceptions.InternalServerError,
        exceptions.ServiceUnavailable,
        exceptions.TooManyRequests,
    ),
    initial=0.2,
    maximum=5.0,
    timeout=TIMEOUT_S,
)

T = TypeVar("T")


@functools.cache
def connect(emulator: str | None = None) -> CloudSchedulerClient:
    """
    Return the client, made once per process and address.

    Args:
        emulator: ``host:port`` of a stand-in; by default ``CLOUD_SCHEDULER_EMULATOR_HOST`` if
            set, else Google's service with the credentials of the environment.

    Raises:
        Unavailable: when there are no credentials.
    """
    host = emulator or os.environ.get(EMULATOR)
    if not host:
        try:
            return CloudSchedulerClient()
        except GoogleAuthError as error:
            raise Unavailable(f"Cloud Scheduler: {error}") from error
    channel = grpc.insecure_channel(host)
    return CloudSchedulerClient(transport=CloudSchedulerGrpcTransport(host=host, channel=channel))


def parent_of(project: str, location: str) -> str:
    """Return where the jobs of a project lie."""
    return f"projects/{project}/locations/{location}"


def plan(
    client: CloudSchedulerClient, parent: str, wanted: Iterable[SchedulerJob]
) -> list[SchedulerJobChange]:
    """
    Return what `apply` would do, job by job in the order of `wanted`, then what it would delete
    by name.

    Raises `SchedulerPermissionDenied`, `SchedulerJobRejected` or `Unavailable`.
    """
    by_name = {job.name: job for job in wanted}
    found = _list(client, parent)
    changes = [_change(job, found.get(job.name)) for job in by_name.values()]
    changes += [
        SchedulerJobChange(name, "delete")
        for name, job in sorted(found.items())
        if name not in by_name and _is_ours(job)
    ]
    return changes


def apply(
    client: CloudSchedulerClient,
    parent: str,
    changes: Sequence[SchedulerJobChange],
) -> list[SchedulerJobChange]:
    """
    Carry out a plan; the changes as they were made (others may have been quicker).

    Each job is looked at again where it is not as the plan says. Dying in between leaves jobs
    that are each as before or as wanted, or not paused or resumed yet; a new plan shows the rest.

    One that Cloud Scheduler does not take (its cron, its topic) comes back as ``refused`` and holds
    up no other. Raises `SchedulerPermissionDenied` or `Unavailable`, with the changes before it made.
    """
    done = []
    for change in changes:
        try:
            done.append(_carry_out(client, parent, change))
        except SchedulerJobRejected as refused:
            done.append(replace(change, what="refused", reason=str(refused)))
    return done


def attempts(client: CloudSchedulerClient, parent: str) -> dict[str, datetime]:
    """
    Return when each of our jobs last ran, by the name of its schedule; one that never did is
    left out.

    Raises `SchedulerPermissionDenied`, `SchedulerJobRejected` or `Unavailable`.
    """
    return {
        name.removeprefix(PREFIX): job.last_attempt_time
        for name, job in _list(client, parent).items()
        if _is_ours(job) and job.last_attempt_time
    }


# --- comparing -------------------------------------------------------------------------------


def _is_ours(job: types.Job) -> bool:
    return _short(job.name).startswith(PREFIX) and MARK in job.description


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _change(job: SchedulerJob, found: types.Job | None) -> SchedulerJobChange:
    """What has to be done for a job that is (or is not) there."""
    if found is None:
        return SchedulerJobChange(job.name, "create", job)
    if not _is_ours(found):
        return SchedulerJobChange(job.name, "refused", job, reason=_NOT_OURS)
    fields = _differing(job, found)
    stopped = found.state == _PAUSED
    by_hand = stopped and not job.paused and PAUSED_MARK not in found.description
    if job.paused and not stopped:
        return SchedulerJobChange(job.name, "pause", job, fields)
    if stopped and not job.paused and not by_hand:
        return SchedulerJobChange(job.name, "resume", job, fields)
    return SchedulerJobChange(job.name, "update" if fields else "unchanged", job, fields, by_hand)


def _differing(job: SchedulerJob, found: types.Job) -> tuple[str, ...]:
    target, retries = found.pubsub_target, found.retry_config
    pairs: dict[str, tuple[object, object]] = {
        "schedule": (job.cron, found.schedule),
        "time_zone": (job.zone, found.time_zone),
        "topic": (job.topic, target.topic_name),
        "attributes": (dict(job.attributes), dict(target.attributes)),
        "body": (job.body, target.data),
        "description": (job.description, found.description),
        "retries": (_RETRIES, {name: _seconds(getattr(retries, name)) for name in _RETRIES}),
    }
    fields = [name for name, (wanted, is_) in pairs.items() if wanted != is_]
    if found.state in _BROKEN:
        fields.append("state")
    # The description holds a hash of the rest: it says nothing more where something else differs.
    if len(fields) > 1 and "description" in fields:
        fields.remove("description")
    return tuple(fields)


def _seconds(value: Any) -> int:
    return int(value.total_seconds()) if hasattr(value, "total_seconds") else int(value)


def _message(parent: str, job: SchedulerJob) -> types.Job:
    retries = {
        name: Duration(seconds=value) if name.endswith("_duration") else value
        for name, value in _RETRIES.items()
    }
    return types.Job(
        name=f"{parent}/jobs/{job.name}",
        description=job.description,
        schedule=job.cron,
        time_zone=job.zone,
        pubsub_target=types.PubsubTarget(
            topic_name=job.topic, attributes=dict(job.attributes), data=job.body
        ),
        retry_config=types.RetryConfig(**retries),
    )


_MASK = FieldMask(paths=["description", "schedule", "time_zone", "pubsub_target", "retry_config"])


# --- carrying out ----------------------------------------------------------------------------


def _carry_out(
    client: CloudSchedulerClient, parent: str, change: SchedulerJobChange
) -> SchedulerJobChange:
    if change.what in ("unchanged", "refused"):
        return change
    if change.job is None:
        return _delete(client, parent, change)
    if change.what == "create":
        return _create(client, parent, change, change.job)
    return _bring_in_line(client, parent, change, change.job)


def _create(
    client: CloudSchedulerClient, parent: str, change: SchedulerJobChange, job: SchedulerJob
) -> SchedulerJobChange:
    try:
        message = _message(parent, job)
        _call("create", job.name, lambda **kw: client.create_job(parent=parent, job=message, **kw))
    except exceptions.AlreadyExists:
        # Somebody else was quicker, or the answer to our own first try was lost.
        return _look_again(client, parent, job)
    except exceptions.NotFound as error:  # project, location or topic
        raise SchedulerJobRejected(f"Cloud Scheduler job {job.name}: {_said(error)}") from error
    if job.paused:
        try:
            _switch(client, parent, job, pause=True)
        except exceptions.NotFound as error:
            raise Unavailable(f"Cloud Scheduler job {job.name} was deleted meanwhile") from error
    return change


def _look_again(client: CloudSchedulerClient, parent: str, job: SchedulerJob) -> SchedulerJobChange:
    name = f"{parent}/jobs/{job.name}"
    try:
        found = _call("get", job.name, lambda **kw: client.get_job(name=name, **kw))
    except exceptions.NotFound:
        found = None
    change = _change(job, found)
    if change.what == "unchanged":
        return replace(change, what="create")  # by whomever: it is there as wanted
    return _carry_out(client, parent, change)


def _bring_in_line(
    client: CloudSchedulerClient, parent: str, change: SchedulerJobChange, job: SchedulerJob
) -> SchedulerJobChange:
    """
    Update, pause, resume.

    A job is resumed before its description stops saying that we paused it, and paused after it
    begins to: whoever goes on after a crash can tell it from one that a person paused.
    """
    try:
        if change.what == "resume":
            _switch(client, parent, job, pause=False)
        if change.fields:
            message = _message(parent, job)
            _call(
                "update",
                job.name,
                lambda **kw: client.update_job(job=message, update_mask=_MASK, **kw),
            )
        if change.what == "pause":
            _switch(client, parent, job, pause=True)
    except exceptions.NotFound:
        return _create(client, parent, replace(change, what="create", fields=()), job)
    return change


def _switch(client: CloudSchedulerClient, parent: str, job: SchedulerJob, *, pause: bool) -> None:
    """Pause or resume; raises `google.api_core.exceptions.NotFound` when it is gone."""
    name = f"{parent}/jobs/{job.name}"
    call = client.pause_job if pause else client.resume_job
    try:
        _call("pause" if pause else "enable", job.name, lambda **kw: call(name=name, **kw))
    except exceptions.FailedPrecondition as error:
        found = _call("get", job.name, lambda **kw: client.get_job(name=name, **kw))
        if (found.state == _PAUSED) != pause:
            raise SchedulerJobRejected(f"Cloud Scheduler job {job.name}: {_said(error)}") from error


def _delete(
    client: CloudSchedulerClient, parent: str, change: SchedulerJobChange
) -> SchedulerJobChange:
    name = f"{parent}/jobs/{change.name}"
    try:
        # Looked at again: between plan and now it may have become somebody else's.
        found = _call("get", change.name, lambda **kw: client.get_job(name=name, **kw))
        if not _is_ours(found):
            return replace(change, what="refused", reason=_NOT_OURS)
        _call("delete", change.name, lambda **kw: client.delete_job(name=name, **kw))
    except exceptions.NotFound:
        pass  # gone already
    return change


# --- calling ---------------------------------------------------------------------------------


def _list(client: CloudSchedulerClient, parent: str) -> dict[str, types.Job]:
    request = types.ListJobsRequest(parent=parent, page_size=_PAGE)

    def every_page(**options: Any) -> dict[str, types.Job]:
        return {_short(job.name): job for job in client.list_jobs(request=request, **options)}

    try:
        return _call("list", parent, every_page)
    except exceptions.NotFound as error:
        raise SchedulerJobRejected(f"Cloud Scheduler, {parent}: {_said(error)}") from error


def _call(permission: str, what: str, call: Callable[..., T]) -> T:
    """
    One call, tried again where that helps.

    Leaves `AlreadyExists`, `NotFound` and `FailedPrecondition` to the caller.
    """
    try:
        return call(retry=_RETRY, timeout=TIMEOUT_S)
    except (exceptions.AlreadyExists, exceptions.NotFound):
        raise
    except (exceptions.PermissionDenied, exceptions.Forbidden) as error:
        raise SchedulerPermissionDenied(
            f"Cloud Scheduler, {what}: needs the permission cloudscheduler.jobs.{permission}"
            f" (role roles/cloudscheduler.admin): {_said(error)}"
        ) from error
    except exceptions.FailedPrecondition:
        raise
    except (exceptions.InvalidArgument, exceptions.OutOfRange) as error:
        raise SchedulerJobRejected(f"Cloud Scheduler, {what}: {_said(error)}") from error
    except (exceptions.GoogleAPIError, GoogleAuthError) as error:
        text = f"Cloud Scheduler, {what}: {type(error).__name__}: {_said(error)}"
        raise Unavailable(text) from error


def _said(error: Exception) -> str:
    return str(getattr(error, "message", "") or error)[:500]
