"""The port of Cloud Scheduler: a job for everything that recurs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from toban.ports import PortError

PREFIX = "toban-"
"""How the names of our jobs begin."""

MARK = "managed by toban"
"""What stands in the description of our jobs; a job is ours when it has both."""

PAUSED_MARK = "paused by toban"
"""Stands there too when it was not a person who paused it."""


@dataclass(frozen=True, slots=True)
class SchedulerJob:
    """A Cloud Scheduler job as it should be."""

    name: str
    """Letters, digits, ``-`` and ``_``; begins with `PREFIX`."""
    cron: str
    zone: str
    topic: str
    """``projects/…/topics/…``"""
    attributes: Mapping[str, str]
    body: bytes
    description: str
    """At most 500 characters; contains `MARK`."""
    paused: bool = False


What = Literal["create", "update", "pause", "resume", "delete", "unchanged", "refused"]
"""``refused``: the name is somebody else's job's, or Cloud Scheduler does not take it."""


@dataclass(frozen=True, slots=True)
class SchedulerJobChange:
    """A change that reconciling would make (or made) to one job."""

    name: str
    what: What
    job: SchedulerJob | None = None
    """None: to be deleted."""
    fields: tuple[str, ...] = ()
    """What differs, for ``update``."""
    paused_by_hand: bool = False
    """A person paused it: it stays so, whatever else is changed."""
    reason: str = ""
    """Why it was refused."""


class SchedulerPermissionDenied(PortError):
    """The caller lacks a permission; the text names it."""


class SchedulerJobRejected(PortError):
    """Cloud Scheduler refuses the job permanently; the text says why."""
