"""Recurring events and their names. The times are in `toban.kernel.clock.cron`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import msgspec

from toban.kernel.event import Body

SOURCE = "/schedules/"

_PLAIN = re.compile(r"[a-z0-9_]+(-[a-z0-9_]+)*", re.ASCII)
_FOREIGN = re.compile(r"[^a-z0-9_]+", re.ASCII)
_PART = 60
"""Most characters of one part of a name: with three parts an event's id stays below 250 bytes."""


@dataclass(frozen=True, slots=True)
class RecurringEvent:
    """An event that is published by a schedule."""

    name: str
    """Unique; legal as (a part of) the name of a Cloud Scheduler job."""
    cron: str
    zone: str
    body: Body
    """What is published at every slot."""
    about: str
    service: str = ""
    """Empty: the platform's own."""

    @property
    def topic(self) -> str:
        """The topic it is published to."""
        return self.body.TOPIC

    @property
    def source(self) -> str:
        """The events' CloudEvents source."""
        return SOURCE + self.name


def name_of(*parts: str) -> str:
    """
    Return a name made of parts, such as ``chat--main-db--daily``.

    Different parts have different names: what is not written in small letters, digits, ``_``
    and single ``-`` (or is longer than 60 characters) is shortened to that, and ``---`` with a
    hash of all parts follows, which no plain name contains.
    """
    if all(len(part) <= _PART and _PLAIN.fullmatch(part) for part in parts):
        return "--".join(parts)
    plain = [_FOREIGN.sub("-", p.lower()).strip("-")[:_PART].strip("-") or "x" for p in parts]
    digest = hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:12]
    return f"{'--'.join(plain)}---{digest}"
