"""
A stand-in for Cloud Scheduler: the gRPC service on 127.0.0.1, for the unmodified client.

Google has no emulator of it. Names, cron expressions, zones, targets, masks, states and paging are
checked as the reference documents them
(https://cloud.google.com/scheduler/docs/reference/rpc/google.cloud.scheduler.v1). What a test needs
besides: faults before or after a call takes effect, and `fire`, which publishes what is due.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from datetime import UTC, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

import cronsim
import grpc
from google.api_core import exceptions
from google.cloud.scheduler_v1 import types
from google.protobuf import empty_pb2
from google.rpc import status_pb2

from toban.kernel.clock.cron import newest_slot, next_slot

SERVICE = "google.cloud.scheduler.v1.CloudScheduler"
Publish = Callable[[str, bytes, dict[str, str]], object]
"""Topic (``projects/…/topics/…``), data, attributes."""

_PARENT = re.compile(r"projects/[A-Za-z0-9.:-]+/locations/[a-z0-9-]+")
_NAME = re.compile(rf"({_PARENT.pattern})/jobs/([A-Za-z0-9_-]{{1,500}})")
_TOPIC = re.compile(r"projects/([A-Za-z0-9.:-]+)/topics/[A-Za-z][A-Za-z0-9_.~+%-]{2,254}")
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_State = types.Job.State


class Refusal(Exception):
    """The answer is a status."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class Fault:
    """What goes wrong in one call; `after` its effect the caller does not learn of it."""

    def __init__(self, code: grpc.StatusCode, message: str = "injected", *, after: bool = False):
        self.code, self.message, self.after = code, message, after


class CloudScheduler:
    """The service; a context manager that listens inside."""

    def __init__(
        self,
        publish: Publish | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        page: int = 500,
    ) -> None:
        """`page`: most jobs of one page, whatever is asked for (the real one: 500)."""
        self.jobs: dict[str, types.Job] = {}
        self.calls: list[str] = []
        """Methods called, in order."""
        self.faults: Callable[[str, int], Fault | None] = lambda method, number: None
        """Given the method and the number of the call (from 0): what is to go wrong."""
        self.meanwhile: Callable[[str], None] = lambda method: None
        """Called before each call is carried out, outside the lock: somebody else acts."""
        self._publish, self._now, self._page = publish, now, page
        self._fired: dict[str, datetime] = {}
        self._lock = threading.RLock()
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
        methods: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
            "ListJobs": (self._list, types.ListJobsRequest, types.ListJobsResponse),
            "GetJob": (self._get, types.GetJobRequest, types.Job),
            "CreateJob": (self._create, types.CreateJobRequest, types.Job),
            "UpdateJob": (self._update, types.UpdateJobRequest, types.Job),
            "DeleteJob": (self._delete, types.DeleteJobRequest, None),
            "PauseJob": (self._pause, types.PauseJobRequest, types.Job),
            "ResumeJob": (self._resume, types.ResumeJobRequest, types.Job),
            "RunJob": (self._run, types.RunJobRequest, types.Job),
        }
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                self._handler(name, run),
                request_deserializer=request.deserialize,
                response_serializer=(
                    answer.serialize if answer else empty_pb2.Empty.SerializeToString
                ),
            )
            for name, (run, request, answer) in methods.items()
        }
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, handlers),)
        )
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()

    # --- what a test asks for ----------------------------------------------------------------

    def names(self) -> list[str]:
        """Ids of all jobs, sorted."""
        return sorted(name.rpartition("/")[2] for name in self.jobs)

    def job(self, id_: str) -> types.Job:
        """The job with that id."""
        (found,) = [job for name, job in self.jobs.items() if name.endswith(f"/jobs/{id_}")]
        return found

    def put(self, parent: str, id_: str, **fields: Any) -> types.Job:
        """A job that somebody else made."""
        job = types.Job(
            name=f"{parent}/jobs/{id_}",
            schedule="0 3 * * *",
            time_zone="Etc/UTC",
            pubsub_target=types.PubsubTarget(
                topic_name=f"{parent.partition('/locations/')[0]}/topics/other", data=b"{}"
            ),
            state=_State.ENABLED,
        )
        for name, value in fields.items():
            setattr(job, name, value)
        self.jobs[job.name] = job
        return job

    def fire(self, until: datetime) -> list[str]:
        """Publish the newest slot of every enabled job that was not published yet; their ids."""
        fired = []
        with self._lock:
            for name, job in self.jobs.items():
                since = self._fired.setdefault(name, job.user_update_time)
                slot = newest_slot(job.schedule, job.time_zone, since, until)
                if slot is None or job.state != _State.ENABLED:
                    continue
                self._fired[name] = slot
                self._send(job, slot)
                fired.append(name.rpartition("/")[2])
        return fired

    # --- the service -------------------------------------------------------------------------

    def _handler(self, method: str, run: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            self.meanwhile(method)
            with self._lock:
                fault = self.faults(method, len(self.calls))
                self.calls.append(method)
                if fault and not fault.after:
                    context.abort(fault.code, fault.message)
                try:
                    answer = run(request)
                except Refusal as refusal:
                    context.abort(refusal.code, str(refusal))
                if fault:
                    context.abort(fault.code, fault.message)
                return answer

        return handle

    def _list(self, request: types.ListJobsRequest) -> types.ListJobsResponse:
        if not _PARENT.fullmatch(request.parent):
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"not a location: {request.parent}")
        if not 0 <= request.page_size <= 500:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "page_size: 0 to 500")
        names = sorted(name for name in self.jobs if name.startswith(f"{request.parent}/jobs/"))
        rest = [name for name in names if name > request.page_token]
        size = min(request.page_size or 500, self._page)
        page = rest[:size]
        return types.ListJobsResponse(
            jobs=[self.jobs[name] for name in page],
            next_page_token=page[-1] if len(rest) > size else "",
        )

    def _get(self, request: Any) -> types.Job:
        if not _NAME.fullmatch(request.name):
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT, f"not the name of a job: {request.name}"
            )
        if request.name not in self.jobs:
            raise Refusal(grpc.StatusCode.NOT_FOUND, "Job not found.")
        return self.jobs[request.name]

    def _create(self, request: types.CreateJobRequest) -> types.Job:
        job = types.Job.deserialize(types.Job.serialize(request.job))
        match = _NAME.fullmatch(job.name)
        if not match or match[1] != request.parent:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT, f"not a name in {request.parent}: {job.name}"
            )
        self._check(job)
        if job.name in self.jobs:
            raise Refusal(grpc.StatusCode.ALREADY_EXISTS, f"Job {job.name} already exists.")
        job.state = _State.ENABLED
        return self._keep(job)

    def _update(self, request: types.UpdateJobRequest) -> types.Job:
        before = self._get(request.job)
        job = types.Job.deserialize(types.Job.serialize(before))
        known = set(types.Job.meta.fields)
        output_only = {"state", "status", "user_update_time", "schedule_time", "last_attempt_time"}
        paths = list(request.update_mask.paths) or sorted(known - output_only)
        for path in paths:
            if path.partition(".")[0] not in known or "." in path:
                raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"update_mask: {path}")
            if path not in output_only | {"name"} and (path in request.job or path in before):
                if path in request.job:
                    setattr(job, path, getattr(request.job, path))
                elif not path.endswith("_target"):
                    delattr(job, path)
        self._check(job)
        if job.state == _State.UPDATE_FAILED:
            job.state = _State.ENABLED
        return self._keep(job)

    def _delete(self, request: types.DeleteJobRequest) -> empty_pb2.Empty:
        del self.jobs[self._get(request).name]
        self._fired.pop(request.name, None)
        return empty_pb2.Empty()

    def _pause(self, request: types.PauseJobRequest) -> types.Job:
        return self._switch(request, _State.ENABLED, _State.PAUSED)

    def _resume(self, request: types.ResumeJobRequest) -> types.Job:
        return self._switch(request, _State.PAUSED, _State.ENABLED)

    def _switch(self, request: Any, before: _State, after: _State) -> types.Job:
        job = self._get(request)
        if job.state != before:
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, f"Job is {job.state.name}.")
        job.state = after
        return job

    def _run(self, request: types.RunJobRequest) -> types.Job:
        job = self._get(request)
        self._send(job, self._now())
        return job

    def _send(self, job: types.Job, at: datetime) -> None:
        job.last_attempt_time = at
        if self._publish is not None:
            target = job.pubsub_target
            try:
                self._publish(target.topic_name, target.data, dict(target.attributes))
            except exceptions.GoogleAPICallError as error:
                # The attempt failed: that shows in the job, whoever asked for it.
                job.status = status_pb2.Status(code=2, message=str(error))

    def _keep(self, job: types.Job) -> types.Job:
        job.user_update_time = self._now()
        job.schedule_time = next_slot(job.schedule, job.time_zone, self._now())
        self.jobs[job.name] = job
        return job

    def _check(self, job: types.Job) -> None:
        for problem in _problems(job):
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, problem)


def _problems(job: types.Job) -> Iterator[str]:
    job.time_zone = job.time_zone or "Etc/UTC"
    try:
        ZoneInfo(job.time_zone)
    except (LookupError, ValueError, OSError):
        yield f"time_zone: {job.time_zone!r}"
    try:
        # Five fields: Cloud Scheduler knows no seconds.
        if len(job.schedule.split()) != 5:
            raise cronsim.CronSimError("not five fields")
        cronsim.CronSim(job.schedule, _ANY_TIME)
    except cronsim.CronSimError as error:
        yield f"schedule: {error}"
    if len(job.description) > 500:
        yield "description: more than 500 characters"
    retries = job.retry_config
    if not 0 <= retries.retry_count <= 5:
        yield "retry_config.retry_count: 0 to 5"
    if "pubsub_target" not in job:
        yield "this stand-in knows pubsub_target only"
        return
    target = job.pubsub_target
    topic, name = _TOPIC.fullmatch(target.topic_name), job.name
    if not topic:
        yield f"pubsub_target.topic_name: {target.topic_name!r}"
    elif topic[1] != name.split("/")[1]:
        yield "pubsub_target.topic_name: of another project"
    if not target.data and not target.attributes:
        yield "pubsub_target: neither data nor attributes"
