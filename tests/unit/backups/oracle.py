"""
What retention has to keep, worked out slowly from the prose: the judge of `toban.backups.policy.retention`.

It shares no code and no structure with what it judges. Where that sorts once and walks, this looks
at every calendar day there is, at every pair of backups, and repeats until nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from toban.backups.policy.retention import Policy, RetentionEntry, Series

DAY = timedelta(days=1)


def kept(
    entries: Iterable[RetentionEntry], policy: Policy | Mapping[Series, Policy], now: datetime
) -> set[str]:
    """Ids of what must stay; a series without a policy stays as it is."""
    everything = {entry.id: entry for entry in entries}
    stay: set[str] = set()
    for series in {(e.service, e.source, e.class_) for e in everything.values()}:
        own = [e for e in everything.values() if (e.service, e.source, e.class_) == series]
        rules = policy if isinstance(policy, Policy) else policy.get(series)
        if rules is None:
            stay |= {e.id for e in own if e.status not in ("deleting", "deleted") or e.restores}
            stay -= {e.id for e in own if e.status == "deleted"}
        else:
            stay |= _kept_of_series(own, everything, rules, now)
    # Whatever a kept backup needs is kept, unless it is gone already.
    while True:
        more = {
            base
            for id_ in stay
            for base in everything[id_].needs
            if base in everything and everything[base].status != "deleted"
        }
        if more <= stay:
            return stay
        stay |= more


def restorable_in(entry: RetentionEntry, everything: dict[str, RetentionEntry]) -> set[str] | None:
    """
    Regions in which a backup and all that it builds on, however far, are verified.

    None: something that it builds on is not in the catalogue, and nothing known is wrong.
    """
    wanted, found = {entry.id}, set[str]()
    while wanted - found:
        id_ = min(wanted - found)
        found.add(id_)
        wanted |= set(everything[id_].needs) if id_ in everything else set()
    known = [everything[id_] for id_ in found if id_ in everything]
    regions = set(entry.regions).intersection(*(e.regions for e in known))
    if any(e.status != "verified" for e in known) or _loops(entry, everything):
        return set()
    return None if regions and len(known) < len(found) else regions


def may_be_whole(entry: RetentionEntry, everything: dict[str, RetentionEntry]) -> bool:
    """Whether nobody knows that a copy is lost, and what it builds on was not removed."""
    if entry.doubtful:
        return True
    chain, more = {entry.id}, {entry.id}
    while more:
        more = {b for id_ in more for b in everything[id_].needs if b in everything} - chain
        chain |= more
    return (
        entry.status == "verified"
        and bool(entry.regions)
        and all(everything[id_].status not in ("deleting", "deleted") for id_ in chain)
    )


def _loops(entry: RetentionEntry, everything: dict[str, RetentionEntry]) -> bool:
    """Whether following its bases leads round for ever: longer than there are backups."""
    front = {entry.id}
    for _ in range(len(everything) + 1):
        front = {b for id_ in front for b in everything[id_].needs if b in everything}
        if not front:
            return False
    return True


def _kept_of_series(
    own: list[RetentionEntry], everything: dict[str, RetentionEntry], policy: Policy, now: datetime
) -> set[str]:
    there = [e for e in own if e.status != "deleted"]
    stay = {e.id for e in there if e.restores}
    there = [e for e in there if e.status != "deleting"]
    stay |= {e.id for e in there if e.pinned or e.started_at.astimezone(UTC) > now}
    stay |= {e.id for e in there if e.doubtful}
    there = [e for e in there if e.started_at.astimezone(UTC) <= now]
    where = {e.id: restorable_in(e, everything) for e in there}
    good = {e.id: _utc(e) for e in there if where[e.id]}
    newest = max(good.values(), default=None)
    for entry in there:
        unknown = where[entry.id] is None
        if entry.id not in good and (
            unknown
            or may_be_whole(entry, everything)
            or _kept_by_itself(entry, policy, newest, now)
        ):
            stay.add(entry.id)
    if policy.forever:
        stay |= {e.id for e in there if e.status == "verified"}
    free = {id_: at for id_, at in good.items() if not everything[id_].pinned}
    if not free:
        return stay
    zone = ZoneInfo(policy.zone)
    days = {id_: at.astimezone(zone).date() for id_, at in free.items()}
    for count, period in (
        (policy.daily, lambda day: day),
        (policy.weekly, lambda day: day - day.weekday() * DAY),  # its Monday
        (policy.monthly, lambda day: day.replace(day=1)),
        (policy.yearly, lambda day: day.replace(month=1, day=1)),
    ):
        stay |= _by_calendar(free, days, count, period)
    stay |= _by_window(free, policy, now)
    for region in {r for id_ in free for r in everything[id_].regions}:
        stay |= _newest_few(
            {id_: at for id_, at in free.items() if region in (where[id_] or ())},
            policy.minimum_verified,
        )
    return stay


def _utc(entry: RetentionEntry) -> datetime:
    return entry.started_at.astimezone(UTC)


def _kept_by_itself(
    entry: RetentionEntry, policy: Policy, newest: datetime | None, now: datetime
) -> bool:
    """What is no restorable backup: which ones wait for their end, or for a better one."""
    age = now - _utc(entry)
    not_older = newest is None or _utc(entry) >= newest
    match entry.status:
        case "running":
            return True
        case "unchanged":
            return age <= 30 * DAY
        case "finished":
            return not_older or age < 2 * DAY or age <= policy.keep_days * DAY
        case "failed" if newest is None:
            return age <= 30 * DAY
        case _:
            return not_older


def _by_calendar(
    free: dict[str, datetime], days: dict[str, date], count: int, period: Callable[[date], date]
) -> set[str]:
    """Every day from the newest back to the oldest is visited, whether it holds a backup or not."""
    stay: set[str] = set()
    if not count:
        return stay
    counted: list[date] = []
    of_day: dict[date, list[str]] = {}
    for id_, day in days.items():
        of_day.setdefault(day, []).append(id_)
    in_period: dict[date, list[str]] = {}
    for offset in range((max(days.values()) - min(days.values())).days + 1):
        day = max(days.values()) - offset * DAY
        if day in of_day:
            in_period.setdefault(period(day), []).extend(of_day[day])
    for start, ids in in_period.items():
        if len(counted) < count:
            counted.append(start)
            latest = max(free[id_] for id_ in ids)
            stay |= {id_ for id_ in ids if free[id_] == latest}
    if len(counted) < count:
        oldest = min(free.values())
        stay |= {id_ for id_, at in free.items() if at == oldest}
    return stay


def _by_window(free: dict[str, datetime], policy: Policy, now: datetime) -> set[str]:
    if not policy.keep_days:
        return set()
    before = {id_: at for id_, at in free.items() if now - at > policy.keep_days * DAY}
    return (free.keys() - before.keys()) | _newest_few(before, 1)


def _newest_few(free: dict[str, datetime], count: int) -> set[str]:
    """Those that are not older than the one at that place (all of them, where there are fewer)."""
    moments = sorted(free.values(), reverse=True)
    return {
        id_
        for id_, at in free.items()
        if all(moment <= at for moment in moments[count - 1 : count])
    }
