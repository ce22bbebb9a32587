"""The documents of restores, and the questions of a restore test."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any, ClassVar, Final, Literal

import msgspec

from toban.backups.section import BACKUP
from toban.events.backups import Purpose
from toban.kernel.clock.skew import is_future
from toban.kernel.document import Document, Keep
from toban.kernel.environment import PRODUCTION
from toban.kernel.handling.job import JobDocument
from toban.kernel.i18n import exact
from toban.kernel.status import Transitions
from toban.ports.backup import ContentQuestion
from toban.profile.profile import Profile

RestoreStatus = Literal["running", "finished", "failed"]

_BOUND: Final = re.compile(r"(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)")


class GivenUpCopy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy that a restore could not read, after which it went on with another."""

    region: str
    bucket: str
    reason: str
    damaged: bool = False
    """What lies there is not what was stored; else the bucket could not be reached."""
    missing: bool = False
    """Its manifest is not there."""
    base: str = ""
    """What is damaged there is of this backup, on which it builds."""


class Restore(JobDocument, kw_only=True):
    """One restore: who asked for what, its progress, and how long each part of it took."""

    COLLECTION: ClassVar[str] = "restores"
    KEEP = Keep.days(
        400,
        "after they ended: a year of proof that backups can be restored, and time to look back on it",
        "終わってから。リストアできることの一年分の証拠と、振り返る時間",
    )

    STATUS = Transitions(
        first=("running",), then={"running": ("finished", "failed"), "finished": (), "failed": ()}
    )

    service: str
    source: str
    backup_id: str
    kind: str
    purpose: Purpose
    environment: str = PRODUCTION
    """Of the backup that it loads."""
    region: str
    bucket: str
    target: dict[str, str] = {}
    """Options of the target, as asked for; empty: the staging target of the profile."""
    onto_source: bool = False
    requested_by: str = ""
    requested_at: datetime
    """When it was asked for, or the loss was noticed: the clock counts from here."""
    status: RestoreStatus = "running"
    begun: bool = False
    done: int = 0
    """Parts that are in the target, of `total`."""
    total: int = 0
    items: int = 0
    bytes: int = 0
    """Plain bytes loaded."""
    spans: dict[str, float] = {}
    """Seconds: ``wait`` for it to begin, ``fetch`` (with decryption), ``load``, ``check``."""
    counts: dict[str, int] = {}
    answers: list[str] = []
    wrong: list[str] | None = None
    """What checking found, in words; None: not checked yet."""
    target_identity: str = ""
    given_up: list[GivenUpCopy] = []
    """Copies that it could not read, before the one that it reads now."""
    reason: str = ""
    finished_at: datetime | None = None

    @property
    def named(self) -> dict[str, Any]:
        """Return the fields of an event about it that say which one it is, and of which environment."""
        return {
            "restore_id": self.id,
            "service": self.service,
            "source": self.source,
            "backup_id": self.backup_id,
            "purpose": self.purpose,
            "environment": self.environment,
        }


class TestHistory(msgspec.Struct, frozen=True, kw_only=True):
    """The restore tests of one source from one region."""

    chosen: int = 0
    """How often it had its turn."""
    at: datetime | None = None
    """Its last turn."""
    passed_at: datetime | None = None
    seconds: float = 0.0
    """How long the newest that passed took."""


class RestoreRecord(Document, kw_only=True):
    """The turns and results of a service's restore tests (id: the service)."""

    COLLECTION: ClassVar[str] = "restore_records"
    KEEP = Keep.always("one for each service: whose turn the next test is")

    tested: dict[str, TestHistory] = {}
    """By ``<source>@<region>``."""


def pair(source: str, region: str) -> str:
    """Return the key of `RestoreRecord.tested`."""
    return f"{source}@{region}"


def untimed(restore: Restore, now: datetime) -> str:
    """Return why the duration is unknown; empty: it is known."""
    if is_future(restore.requested_at, now):
        return "the clock was put back while it ran: nobody knows how long it took"
    return ""


def wrong_answers(questions: list[ContentQuestion], answers: list[str]) -> list[str]:
    """Return the questions whose answer is not as expected, in words."""
    return [
        f"{question.query}: {answer[:200]!r}, expected {question.expect!r}"
        for question, answer in zip(questions, answers, strict=True)
        if not meets(answer, question.expect)
    ]


def meets(answer: str, expect: str) -> bool:
    """
    Return whether an answer is as expected.

    Empty: anything is. ``>= 10`` (also ``>``, ``<=``, ``<``) compares numbers; an answer that
    is no number does not meet a bound. Anything else has to be equal, apart from blanks around
    it.
    """
    wanted = expect.strip()
    if not wanted:
        return True
    bound = _BOUND.fullmatch(wanted)
    if bound is None:
        return answer.strip() == wanted
    try:
        value = float(answer.strip())
    except ValueError:
        return False
    limit = float(bound[2])
    return {
        ">=": value >= limit,
        "<=": value <= limit,
        ">": value > limit,
        "<": value < limit,
    }[bound[1]]


def missing(expected: dict[str, int], found: dict[str, int], *, exact: bool) -> list[str]:
    """
    Return what the target has less of than the backup; with `exact` also what it has more of.

    Only counts that both have are compared. A test loads into an empty target; a recovery may
    load into one that holds data already.
    """
    return [
        f"{name}: {found[name]} instead of {count}"
        for name, count in sorted(expected.items())
        if name in found
        and name != "bytes"
        and (found[name] != count if exact else found[name] < count)
    ]


def too_slow(profile: Profile, source: str, seconds: float) -> str:
    """Return, in words, that a restore test took longer than the profile allows; empty: it did not."""
    section = profile[BACKUP]
    test = section.restore_test if section else None
    within = test.within_of(source) if test else None
    if within is None or seconds <= within:
        return ""
    return f"it took {exact(math.ceil(seconds)).en}; {exact(within).en} are allowed"
