"""The terms of retention: entries of the catalogue, policies, verdicts and their reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

import msgspec

from toban.backups.documents import Backup, Copy, Status, standing
from toban.backups.section import RetentionRules
from toban.kernel.clock.wallclock import is_zone

Series: TypeAlias = tuple[str, str, str]
"""Service, source, class: what retention is decided for, each by itself."""

EARLIEST, LATEST = 1900, 9000
"""Years; a start outside of them is no moment, and overflows in some zone."""


class RetentionEntry(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, rename={"class_": "class"}
):
    """A backup of the catalogue, as far as retention has to know it."""

    id: str
    status: Status
    started_at: Annotated[datetime, msgspec.Meta(tz=True)]
    service: str = ""
    source: str = ""
    class_: str = ""
    regions: tuple[str, ...] = ("",)
    """Those that hold a verified copy; as it stands, one region that has no name."""
    doubtful: tuple[str, ...] = ()
    """Those that hold a copy which may be whole, though it cannot be counted on now (`doubtful`)."""
    bytes: int = 0
    pinned: bool = False
    needs: tuple[str, ...] = ()
    """Ids it builds on, which may be of another series of the same call."""
    restores: tuple[str, ...] = ()
    """Restores that read it now."""
    discarded_by: str = ""
    """Who said that it need not be kept though it is dated ahead; empty: nobody."""

    @property
    def series(self) -> Series:
        """Return the series it belongs to."""
        return (self.service, self.source, self.class_)


Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The retention rules of a series. Raises `ValueError` when they are empty or contradictory."""

    daily: Count = 0
    weekly: Count = 0
    monthly: Count = 0
    yearly: Count = 0
    keep_days: Count = 0
    forever: bool = False
    zone: str = "UTC"
    """IANA zone whose days are meant."""
    minimum_verified: Annotated[int, msgspec.Meta(ge=1)] = 1
    """Newest verified copies of every region that no rule removes."""

    def __post_init__(self) -> None:
        counts = (self.daily, self.weekly, self.monthly, self.yearly, self.keep_days)
        if min(counts) < 0 or self.minimum_verified < 1:
            raise ValueError("a count below zero, or a minimum_verified below one")
        if not any(counts) and not self.forever:
            raise ValueError(
                "the policy keeps nothing: set one of daily, weekly, monthly, yearly, keep_days"
            )
        if not is_zone(self.zone):
            raise ValueError(f"no such time zone: {self.zone!r} (zone)")


Word = Literal[
    "daily", "weekly", "monthly", "yearly", "oldest", "window", "before-window", "minimum",
    "forever", "pinned", "restoring", "needed", "future", "running", "no-policy", "unverified",
    "newer", "none-verified", "unknown-base", "unsettled", "unchanged",
    "no-rule", "older", "long-failed", "long-unchanged", "discarded", "deleting", "deleted",
]  # fmt: skip

PERIODS: Mapping[Word, tuple[Callable[[date], int], Callable[[date], str]]] = {
    "daily": (date.toordinal, date.isoformat),
    # Day 1 of the calendar, the first of January of the year 1, is a Monday, as ISO weeks begin.
    "weekly": (
        lambda d: (d.toordinal() - 1) // 7,
        lambda d: "{:04}-W{:02}".format(*d.isocalendar()),
    ),
    "monthly": (lambda d: d.year * 12 + d.month, lambda d: f"{d.year:04}-{d.month:02}"),
    "yearly": (lambda d: d.year, lambda d: f"{d.year:04}"),
}
"""Of each rule: what tells one period from another (quickly), and the period's name."""

WORDS: Mapping[Word, str] = {
    # why a backup is kept
    "daily": "daily {}",
    "weekly": "weekly {}",
    "monthly": "monthly {}",
    "yearly": "yearly {}",
    "oldest": "oldest, {} slots open",
    "window": "window",
    "before-window": "newest before window",
    "minimum": "minimum verified ({})",
    "forever": "forever",
    "pinned": "pinned",
    "restoring": "being restored",
    "needed": "needed by {}",
    "future": "future",
    "running": "running",
    "no-policy": "no policy",
    "unverified": "not verified yet",
    "newer": "newer than the newest verified",
    "none-verified": "no verified backup",
    "unknown-base": "builds on {}, which is unknown",
    "unsettled": "may be whole or mended ({})",
    "unchanged": "unchanged",
    # why it may go
    "no-rule": "no rule keeps it",
    "older": "{}, a newer one is verified",
    "long-failed": "failed more than 30 days ago",
    "long-unchanged": "unchanged, more than 30 days ago",
    "discarded": "discarded by {}",
    "deleting": "being deleted",
    "deleted": "deleted",
}
"""What scripts read; `Reason.detail` is filled in."""


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One rule that speaks for or against keeping a backup."""

    word: Word
    detail: str = ""
    """A period (``2026-W47``), a region, a rule, an id or a status."""

    def __str__(self) -> str:
        return WORDS[self.word].format(self.detail).removesuffix(" ()")  # a region without a name


class RetentionVerdict(msgspec.Struct, frozen=True, gc=False):
    """Whether a backup is kept, with at least one reason."""

    id: str
    keep: bool
    reasons: tuple[Reason, ...]


def entry_of(backup: Backup) -> RetentionEntry:
    """
    Return a document of the catalogue as retention sees it: by the state of its copies.

    Damaged and unread copies do not count. One damaged copy takes nothing away from the others,
    whatever an earlier version has written into the status.
    """
    return RetentionEntry(
        id=backup.id,
        status=standing(backup),
        started_at=backup.started_at,
        service=backup.service,
        source=backup.source,
        class_=backup.class_,
        regions=_regions(copy for copy in backup.copies if copy.proven),
        doubtful=_regions(doubtful(backup)),
        bytes=backup.bytes,
        pinned=backup.pinned,
        needs=tuple(backup.needs),
        restores=tuple(backup.restores),
        discarded_by=backup.discarded_by,
    )


def doubtful(backup: Backup) -> list[Copy]:
    """
    Return copies that may be whole, though they do not count; nothing is removed because of
    them.

    One was proven and could not be read since. One was never read, because reading had stopped
    at another copy that is damaged.
    """
    damage = any(copy.damage for copy in backup.copies)
    return [
        copy
        for copy in backup.copies
        if (copy.state == "unreadable" and (copy.level is not None or damage))
        or (copy.state == "unread" and damage)
    ]


def _regions(copies: Iterable[Copy]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(copy.region for copy in copies))


def policy_of(keep: RetentionRules, zone: str, minimum_verified: int) -> Policy:
    """Return a plan's policy; raises `ValueError` for one that keeps nothing."""
    return Policy(
        daily=keep.daily,
        weekly=keep.weekly,
        monthly=keep.monthly,
        yearly=keep.yearly,
        keep_days=keep.keep_days,
        forever=keep.forever,
        zone=zone,
        minimum_verified=minimum_verified,
    )
