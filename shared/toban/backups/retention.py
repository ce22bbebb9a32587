"""
Which backups are kept, and why: a pure function of the catalogue, a policy and the time.

The rules are restic's (``internal/data/snapshot_policy.go``): the newest backup of each day, ISO
week, month and year, where only periods that hold one count, so that an outage eats no history;
the rules are OR-ed; while a rule has slots left it also keeps the very oldest. "Keep N days" is the
recovery window of barman and pgBackRest: everything in it and the newest one before it, so that
the promise holds at its far end, and something is left after any outage. What differs is ours:

- Only verified backups that can be restored take slots: those whose bases are there as well.
- The newest `minimum_verified` copies of every region stay, whatever the rules say.
- A pin adds; it takes nobody's place (slot, window, minimum).
- Backups that began at one moment are all the newest: no choice ever depends on ids.
- A start in the future is a wrong clock. It anchors nothing, and nothing is removed on its account.
- Without a verified backup nothing is removed but what holds no data or failed long ago.

Days, weeks, months and years are those of the policy's zone by the wall clock. The window is
``N * 24`` hours: a promise about recovery is a length of time, which neither a zone nor a change of
clocks makes shorter (as in both models).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from toban.backups.retention_terms import Entry as Entry
from toban.backups.retention_terms import Policy as Policy
from toban.backups.retention_terms import Reason as Reason
from toban.backups.retention_terms import Series as Series
from toban.backups.retention_terms import Verdict as Verdict
from toban.backups.retention_terms import Word
from toban.backups.retention_terms import entry_of as entry_of
from toban.backups.retention_terms import policy_of as policy_of

UNVERIFIED_GRACE = timedelta(hours=48)
"""So long a finished backup may wait for its verification although a newer one has it."""
NOTED = timedelta(days=30)
"""How long failures are kept in a series without a verified backup, and "nothing changed" in any."""

_YEARS = (1900, 9000)  # a start outside of these is no time, and overflows in some zone


def decide(
    entries: Sequence[Entry], policy: Policy | Mapping[Series, Policy], now: datetime
) -> list[Verdict]:
    """
    One verdict for each entry, in their order.

    `policy` may differ by series (a series without one is kept whole). Give all series in one call
    whose backups build on each other: a base is kept because of a backup that is kept, and a backup
    whose base is not among the entries is kept, but counts for nothing.

    Removing some of what may go, in the order of `removals`, keeps all the others' fate. Raises
    `ValueError` for an id that occurs twice, and for a time without zone or far outside of history.
    """
    if now.tzinfo is None:
        raise ValueError("now: a time without zone")
    decision = _Decision(entries, now.astimezone(UTC))
    groups: dict[Series, list[int]] = {}
    for position, entry in enumerate(entries):
        groups.setdefault(entry.series, []).append(position)
    for series, members in groups.items():
        given = policy if isinstance(policy, Policy) else policy.get(series)
        decision.series(members, given)
    decision.close()
    return decision.verdicts()


def removals(entries: Sequence[Entry], verdicts: Sequence[Verdict], most: int) -> list[str]:
    """
    Ids of at most `most` backups to remove, in this order.

    Removals already begun come first, then the oldest; a backup goes before those that it builds
    on, so that a run that ends in between leaves none without its base.
    """
    keep = {verdict.id: verdict.keep for verdict in verdicts}
    going = {e.id: e for e in entries if not keep[e.id] and e.status != "deleted"}
    built_on: dict[str, list[str]] = {}
    for entry in going.values():
        for base in entry.needs:
            if base in going:
                built_on.setdefault(base, []).append(entry.id)
    ordered: dict[str, None] = {}
    for first in sorted(going.values(), key=lambda e: (e.status != "deleting", e.started_at, e.id)):
        if len(ordered) >= most:
            break
        stack, seen = [(first.id, False)], {first.id}
        while stack:
            id_, dependents_done = stack.pop()
            if dependents_done:
                ordered[id_] = None
            elif id_ not in ordered:
                stack.append((id_, True))
                waiting = [d for d in built_on.get(id_, ()) if d not in seen]
                seen.update(waiting)
                stack.extend((d, False) for d in sorted(waiting, reverse=True))
    return list(ordered)[:most]


_Chain = frozenset[str] | str | None
"""Regions that can restore a backup; or an unknown base's id; None: it cannot be restored."""

_PERIODS: Mapping[Word, tuple[Callable[[date], object], Callable[[date], str]]] = {
    # what tells one period from another (quickly), and its name
    "daily": (date.toordinal, date.isoformat),
    "weekly": (lambda d: d.isocalendar()[:2], lambda d: "{:04}-W{:02}".format(*d.isocalendar())),
    "monthly": (lambda d: (d.year, d.month), lambda d: f"{d.year:04}-{d.month:02}"),
    "yearly": (lambda d: d.year, lambda d: f"{d.year:04}"),
}


class _Decision:
    """All entries by their position, and what speaks for and against each."""

    def __init__(self, entries: Sequence[Entry], now: datetime) -> None:
        self.entries = entries
        self.now = now
        self.at: list[datetime] = []
        """Starts in UTC: datetimes of one zone compare by the wall clock, wrongly in autumn."""
        self.index: dict[str, int] = {}
        for position, entry in enumerate(entries):
            at = entry.started_at
            if at.tzinfo is None or not _YEARS[0] <= at.year <= _YEARS[1]:
                raise ValueError(f"{entry.id}: started_at: {at.isoformat()} is no moment")
            self.at.append(at.astimezone(UTC))
            if self.index.setdefault(entry.id, position) != position:
                raise ValueError(f"id {entry.id!r} occurs twice")
        self.for_: list[list[Reason]] = [[] for _ in entries]
        self.against: list[Reason] = [Reason("no-rule")] * len(entries)
        self._chains: dict[int, _Chain] = {}

    # --- chains ------------------------------------------------------------------------------

    def chain(self, position: int) -> _Chain:
        """Whether, and in which regions, a backup and all it builds on are verified."""
        stack, open_ = [position], set()
        while stack:
            top = stack[-1]
            entry = self.entries[top]
            if top in self._chains:
                stack.pop()
            elif top in open_ or entry.status != "verified" or not entry.needs:
                # Reached the second time: its bases are known now (one that is not builds on itself).
                self._chains[top] = self._joined(entry)
                stack.pop()
            else:
                open_.add(top)
                bases = (self.index[id_] for id_ in entry.needs if id_ in self.index)
                stack.extend(b for b in bases if b not in self._chains and b not in open_)
        return self._chains[position]

    def _joined(self, entry: Entry) -> _Chain:
        if entry.status != "verified":
            return None
        regions, unknown = frozenset(entry.regions), ""
        for id_ in sorted(entry.needs):
            base = self._chains.get(self.index[id_]) if id_ in self.index else id_
            if base is None:
                return None
            if isinstance(base, str):
                unknown = unknown or base
            else:
                regions &= base
        return unknown or regions or None

    # --- one series --------------------------------------------------------------------------

    def series(self, members: list[int], policy: Policy | None) -> None:
        """Judge every backup of a series."""
        restorable = [
            p
            for p in members
            if self.at[p] <= self.now and isinstance(self.chain(p), frozenset)
        ]  # fmt: skip
        restorable.sort(key=self.at.__getitem__, reverse=True)
        newest = self.at[restorable[0]] if restorable else None
        for position in members:
            self._one(position, policy, newest)
        if policy is not None:
            self._rules([p for p in restorable if not self.entries[p].pinned], policy)

    def _one(self, position: int, policy: Policy | None, newest: datetime | None) -> None:
        """What depends on its state, and on no other backup but the newest verified one."""
        entry, found = self.entries[position], self.for_[position]
        if entry.status == "deleted":
            self.against[position] = Reason("deleted")
            return
        if entry.restores:
            found.append(Reason("restoring"))
        if entry.status == "deleting":
            self.against[position] = Reason("deleting")
            return
        if entry.pinned:
            found.append(Reason("pinned"))
        if policy is None:
            found.append(Reason("no-policy"))
        elif self.at[position] > self.now:
            found.append(Reason("future"))
        else:
            self._by_status(position, policy, newest)

    def _by_status(self, position: int, policy: Policy, newest: datetime | None) -> None:
        entry, found = self.entries[position], self.for_[position]
        at, age = self.at[position], self.now - self.at[position]
        newer = newest is None or at >= newest
        chain = self.chain(position) if entry.status == "verified" else None
        if entry.status == "verified" and policy.forever:
            found.append(Reason("forever"))
        if isinstance(chain, frozenset):
            return
        if isinstance(chain, str):
            found.append(Reason("unknown-base", chain))
        elif entry.status == "running":
            found.append(Reason("running"))
        elif entry.status == "unchanged":
            if age <= NOTED:
                found.append(Reason("unchanged"))
            self.against[position] = Reason("long-unchanged")
        elif entry.status == "finished":
            waiting = newer or age < UNVERIFIED_GRACE or at >= self._window(policy)
            if waiting:
                found.append(Reason("unverified"))
            self.against[position] = Reason("older", "never verified")
        elif newest is None and entry.status == "failed" and age > NOTED:
            self.against[position] = Reason("long-failed")
        else:
            if newer:
                found.append(Reason("none-verified" if newest is None else "newer"))
            what = "cannot be restored" if entry.status == "verified" else entry.status
            self.against[position] = Reason("older", what)

    def _window(self, policy: Policy) -> datetime:
        """Where the recovery window begins; without one, now."""
        try:
            return self.now - timedelta(days=policy.keep_days)
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC)

    # --- rules -------------------------------------------------------------------------------

    def _rules(self, candidates: list[int], policy: Policy) -> None:
        """`candidates`: restorable and not pinned, newest first."""
        if not candidates:
            return
        zone = ZoneInfo(policy.zone)
        days: list[date] = []
        counts: tuple[tuple[Word, int], ...] = (
            ("daily", policy.daily),
            ("weekly", policy.weekly),
            ("monthly", policy.monthly),
            ("yearly", policy.yearly),
        )
        for rule, count in counts:
            if count and not days:
                days = [self.at[p].astimezone(zone).date() for p in candidates]
            self._slots(candidates, days, rule, count)
        if policy.keep_days:
            begin = self._window(policy)
            inside = [p for p in candidates if self.at[p] >= begin]
            for position in inside:
                self.for_[position].append(Reason("window"))
            for position in self._newest(candidates[len(inside) :], 1):
                self.for_[position].append(Reason("before-window"))
        self._minimum(candidates, policy.minimum_verified)

    def _slots(self, candidates: list[int], days: list[date], rule: Word, count: int) -> None:
        """The newest of each of `count` periods, and the oldest while there are slots left."""
        if not count:
            return
        key, name = _PERIODS[rule]
        newest: dict[object, datetime] = {}
        for position, day in zip(candidates, days, strict=True):
            period = key(day)
            if period not in newest:
                if len(newest) == count:
                    return
                newest[period] = self.at[position]
            if newest[period] == self.at[position]:
                self.for_[position].append(Reason(rule, name(day)))
        if len(newest) < count:
            for position in self._newest(candidates[::-1], 1):
                if newest[key(days[-1])] != self.at[position]:
                    self.for_[position].append(Reason("oldest", rule))

    def _newest(self, candidates: list[int], count: int) -> Iterator[int]:
        """The first `count`, and those that began at the same moment as the last of them."""
        for number, position in enumerate(candidates):
            if number >= count and self.at[position] != self.at[candidates[count - 1]]:
                return
            yield position

    def _minimum(self, candidates: list[int], count: int) -> None:
        copies: dict[str, list[int]] = {}
        for position in candidates:
            for region in self.chain(position) or ():
                copies.setdefault(region, []).append(position)
        for region in sorted(copies):
            for position in self._newest(copies[region], count):
                self.for_[position].append(Reason("minimum", region))

    # --- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """Keep what kept backups build on; each is told the newest of those that need it."""
        stack = [p for p, found in enumerate(self.for_) if found]
        kept = set(stack)
        by: dict[int, int] = {}
        while stack:
            position = stack.pop()
            for id_ in self.entries[position].needs:
                base = self.index.get(id_)
                if base is None or self.entries[base].status == "deleted":
                    continue
                if base not in kept:
                    kept.add(base)
                    stack.append(base)
                if base not in by or self._order(by[base]) < self._order(position):
                    by[base] = position
        for base, position in by.items():
            self.for_[base].append(Reason("needed", self.entries[position].id))

    def _order(self, position: int) -> tuple[datetime, str]:
        return self.at[position], self.entries[position].id

    def verdicts(self) -> list[Verdict]:
        """What was found, in the order of the entries."""
        return [
            Verdict(entry.id, bool(found), tuple(found) or (against,))
            for entry, found, against in zip(self.entries, self.for_, self.against, strict=True)
        ]
