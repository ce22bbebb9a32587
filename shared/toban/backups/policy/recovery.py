"""Which backup a recovery would use, what is lost, and how long it takes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.backups.documents import JUDGED, Backup, Copy
from toban.backups.policy.copies import restorable
from toban.backups.section import BACKUP, NOTHING
from toban.kernel.clock.skew import is_future
from toban.profile.profile import Profile
from toban.sources.base import SourceSection


@dataclass(frozen=True)
class Estimate:
    """The expected time of a restore, by the newest test that passed."""

    seconds: float
    tested_at: datetime
    region: str


def point(backup: Backup) -> datetime:
    """Return the restore point: what was committed before it is contained."""
    return backup.snapshot_at or backup.started_at


def usable(
    backup: Backup, region: str = "", bases: Mapping[str, Backup] | None = None
) -> Copy | None:
    """
    Return the copy that a restore reads: whole, of the region if one is named; or None.

    Proven copies come first, together with the `bases` on which the backup builds where those
    are given; then those not read yet; then those that could not be read when last tried.
    """
    whole = [c for c in backup.copies if c.manifest and not c.damage and region in ("", c.region)]
    good = restorable(backup, bases) if bases is not None else whole
    order = ("verified", "unread", "unreadable")
    return min(whole, key=lambda c: (c not in good, order.index(c.state)), default=None)


def another(backup: Backup, bases: Mapping[str, Backup], tried: Collection[str]) -> Copy | None:
    """Return the next proven copy, in none of the buckets that were `tried`; or None."""
    left = (copy for copy in restorable(backup, bases) if copy.bucket not in tried)
    return next(left, None)


def newest(
    backups: Iterable[Backup], at: datetime | None, region: str = "", *, now: datetime
) -> Backup | None:
    """
    Return the newest verified restore point, not after `at`; with a copy in the region if one
    is named.

    Never one that is dated ahead of `now`: the state it holds is unknown. `backups` are those
    of the source, so that what one builds on is among them: a copy counts when it is proven
    together with its bases. When a region is lost, the other region's copies are as good as
    before.
    """
    known = {backup.id: backup for backup in backups}
    fit = [
        backup
        for backup in known.values()
        if backup.status in JUDGED
        and not backup.is_ahead(now)
        and (at is None or point(backup) <= at)
        and any(region in ("", copy.region) for copy in restorable(backup, known))
    ]
    return max(fit, key=lambda b: (point(b), b.id), default=None)


def estimate(
    backups: Iterable[Backup], backup: Backup, region: str, *, now: datetime
) -> Estimate | None:
    """
    Return the estimate from the newest restore test that passed, of the same region if there is
    one.

    A backup larger than the tested one takes proportionally longer; a smaller one not less,
    since much of a restore does not shrink with the data. None: nothing was ever tested.
    """
    tests = [
        (test.region == region, test.at, test, other)
        for other in backups
        if other.source == backup.source
        for test in other.tests
        if test.passed and not is_future(test.at, now)
    ]
    if not tests:
        return None
    _, _, test, other = max(tests, key=lambda t: t[:2])
    grown = backup.plain_bytes / other.plain_bytes if other.plain_bytes else 1.0
    return Estimate(test.seconds * max(1.0, grown), test.at, test.region)


def recovery_time(profile: Profile, source: str) -> int | None:
    """Return the shortest RTO of the objectives that need the source, in seconds, or None."""
    objectives = (profile[BACKUP] or NOTHING).objectives
    return min((o.rto for o in objectives if source in o.sources and o.rto), default=None)


def onto(source: SourceSection, more: Mapping[str, str]) -> dict[str, str]:
    """
    Return the options of a target that is the source itself, with what a person adds.

    Raises `ValueError` for a kind that is never loaded onto itself.
    """
    spec = source.spec
    if not source.ADDRESS:
        raise ValueError(spec.kind)
    own = {key: str(spec.options[key]) for key in source.ADDRESS if spec.options.get(key)}
    return own | dict(more)


def lost(backup: Backup, at: datetime) -> timedelta:
    """Return how much time's data are lost: committed after the restore point and up to `at`."""
    return max(timedelta(), at - point(backup))
