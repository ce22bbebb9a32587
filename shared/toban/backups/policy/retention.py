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
- A start in the future is a wrong clock. It anchors nothing, and nothing is removed on its account;
  it is kept until a person discards it or its time has come.
- A copy that may be whole keeps its backup, and takes nobody's place: what nobody could read is not
  damaged, and what was read is whole until it is read again, though a base of it is damaged since.
- Without a verified backup nothing is removed but what holds no data or failed long ago.

Days, weeks, months and years are those of the policy's zone by the wall clock. The window is
``N * 24`` hours: a promise about recovery is a length of time, which neither a zone nor a change of
clocks makes shorter (as in both models).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from toban.backups.policy.retention_terms import EARLIEST, LATEST, PERIODS, Word
from toban.backups.policy.retention_terms import Policy as Policy
from toban.backups.policy.retention_terms import Reason as Reason
from toban.backups.policy.retention_terms import RetentionEntry as RetentionEntry
from toban.backups.policy.retention_terms import RetentionVerdict as RetentionVerdict
from toban.backups.policy.retention_terms import Series as Series
from toban.backups.policy.retention_terms import entry_of as entry_of
from toban.backups.policy.retention_terms import policy_of as policy_of
from toban.kernel.clock.wallclock import zone as zone_of

UNVERIFIED_GRACE = timedelta(hours=48)
"""So long a finished backup may wait for its verification although a newer one has it."""
NOTED = timedelta(days=30)
"""How long failures are kept in a series without a verified backup, and "nothing changed" in any."""


def decide(
    entries: Sequence[RetentionEntry], policy: Policy | Mapping[Series, Policy], now: datetime
) -> list[RetentionVerdict]:
    """
    Return one verdict for each entry, in their order.

    `policy` may differ by series (a series without one is kept whole). Give all series in one
    call whose backups build on each other: a base is kept because of a backup that is kept, and
    a backup whose base is not among the entries is kept, but counts for nothing.

    Removing some of what may go, in the order of `removals`, keeps all the others' fate. Raises
    `ValueError` for an id that occurs twice, and for a time without zone or far outside of
    history.
    """
    if now.tzinfo is None:
        raise ValueError("now: a time without zone")
    decision = _Decision(entries, now.astimezone(UTC))
    groups: dict[Series, list[int]] = {}
    for position, entry in enumerate(entries):
        series = (entry.service, entry.source, entry.class_)
        groups.setdefault(series, []).append(position)
    for series, members in groups.items():
        given = policy if isinstance(policy, Policy) else policy.get(series)
        decision.series(members, given)
    decision.close()
    return decision.verdicts()


def removals(
    entries: Sequence[RetentionEntry], verdicts: Sequence[RetentionVerdict], most: int
) -> list[str]:
    """
    Return the ids of at most `most` backups to remove, in this order.

    Removals already begun come first, then what a person discarded, then the oldest; a backup
    goes before those that it builds on, so that an interrupted run leaves none without its
    base.
    """
    keep = {verdict.id: verdict.keep for verdict in verdicts}
    going = {e.id: e for e in entries if not keep[e.id] and e.status != "deleted"}
    built_on: dict[str, list[str]] = {}
    for entry in going.values():
        for base in entry.needs:
            if base in going:
                built_on.setdefault(base, []).append(entry.id)
    ordered: dict[str, None] = {}
    entered: set[str] = set()
    for first in sorted(going.values(), key=_urgency):
        if len(ordered) >= most:
            break
        stack = [(first.id, False)]
        while stack:
            id_, dependents_done = stack.pop()
            if dependents_done:
                ordered[id_] = None
            elif id_ not in entered:
                entered.add(id_)
                stack.append((id_, True))
                stack.extend((d, False) for d in sorted(built_on.get(id_, ()), reverse=True))
    return list(ordered)[:most]


def _urgency(entry: RetentionEntry) -> tuple[bool, bool, datetime, str]:
    return entry.status != "deleting", not entry.discarded_by, entry.started_at, entry.id


_NOWHERE = frozenset[str]()


class _Days(dict[int, date]):
    """The day of the wall clock on which each backup began, by its position; found when asked."""

    def __init__(self, at: Sequence[datetime], zone: ZoneInfo) -> None:
        self.at, self.zone = at, zone

    def __missing__(self, position: int) -> date:
        day = self[position] = self.at[position].astimezone(self.zone).date()
        return day


class _Decision:
    """All entries by their position, and what speaks for and against each."""

    def __init__(self, entries: Sequence[RetentionEntry], now: datetime) -> None:
        self.entries = entries
        self.now = now
        for entry in entries:
            at = entry.started_at
            if at.tzinfo is None or not EARLIEST <= at.year <= LATEST:
                raise ValueError(f"{entry.id}: started_at: {at.isoformat()} is no moment")
        self.at = [entry.started_at.astimezone(UTC) for entry in entries]
        """Starts in UTC: datetimes of one zone compare by the wall clock, wrongly in autumn."""
        self.index = {entry.id: position for position, entry in enumerate(entries)}
        if len(self.index) < len(entries):
            twice = next(e.id for p, e in enumerate(entries) if self.index[e.id] != p)
            raise ValueError(f"id {twice!r} occurs twice")
        self.for_: defaultdict[int, list[Reason]] = defaultdict(list)
        self.against: list[tuple[Reason]] = [(Reason("no-rule"),)] * len(entries)
        self.regions: list[frozenset[str] | None] = [None] * len(entries)
        """Where a backup and all that it builds on are verified; empty: nowhere."""
        self.unknown: dict[int, str] = {}
        """By position: something that it builds on, however far, and that is not among the entries."""
        own = {regions: frozenset(regions) for regions in {e.regions for e in entries}}
        for position, entry in enumerate(entries):
            if entry.status != "verified":
                self.regions[position] = _NOWHERE
            elif not entry.needs:
                self.regions[position] = own[entry.regions]
        pending = [position for position, regions in enumerate(self.regions) if regions is None]
        for position in sorted(pending, key=self.at.__getitem__):  # a base is mostly older
            bases = (self.index.get(id_) for id_ in entries[position].needs)
            if all(base is None or self.regions[base] is not None for base in bases):
                self._join(position)
            else:
                self._follow(position)

    # --- chains ------------------------------------------------------------------------------

    def _follow(self, position: int) -> None:
        """Find out where a backup and all that it builds on can be restored."""
        stack, entered = [position], set[int]()
        while stack:
            top = stack[-1]
            waiting = []
            if top not in entered:
                entered.add(top)
                for id_ in self.entries[top].needs:
                    base = self.index.get(id_, top)
                    if self.regions[base] is None and base not in entered:
                        waiting.append(base)
            if waiting:
                stack += waiting
                continue
            # Its bases are known now, but for one that builds on it in turn.
            stack.pop()
            if self.regions[top] is None:
                self._join(top)

    def _join(self, position: int) -> None:
        entry = self.entries[position]
        regions = frozenset(entry.regions)
        for id_ in sorted(entry.needs):
            base = self.index.get(id_)
            if base is None:
                self.unknown.setdefault(position, id_)
                continue
            regions &= self.regions[base] or _NOWHERE
            if base in self.unknown:
                self.unknown.setdefault(position, self.unknown[base])
        self.regions[position] = regions

    # --- one series --------------------------------------------------------------------------

    def series(self, members: list[int], policy: Policy | None) -> None:
        """Judge every backup of a series."""
        restorable = [
            p
            for p in members
            if self.at[p] <= self.now
            and self.regions[p]
            and p not in self.unknown
            and not self.entries[p].discarded_by
        ]
        restorable.sort(key=self.at.__getitem__, reverse=True)
        newest = self.at[restorable[0]] if restorable else None
        plain = set(restorable) if policy is not None and not policy.forever else set[int]()
        for position in members:
            entry = self.entries[position]
            if position not in plain or entry.pinned or entry.restores or entry.doubtful:
                self._one(position, policy, newest)
        if policy is not None:
            self._rules([p for p in restorable if not self.entries[p].pinned], policy)

    def _one(self, position: int, policy: Policy | None, newest: datetime | None) -> None:
        """What depends on its state, and on no other backup but the newest verified one."""
        entry = self.entries[position]
        if entry.status == "deleted":
            self.against[position] = (Reason("deleted"),)
            return
        if entry.restores:
            self._keep(position, "restoring")
        if entry.status == "deleting":
            self.against[position] = (Reason("deleting"),)
            return
        if entry.pinned:
            self._keep(position, "pinned")
        if entry.discarded_by:
            self.against[position] = (Reason("discarded", entry.discarded_by),)
        elif policy is None:
            self._keep(position, "no-policy")
        elif self.at[position] > self.now:
            self._keep(position, "future")
        else:
            self._by_status(position, policy, newest)

    def _by_status(self, position: int, policy: Policy, newest: datetime | None) -> None:
        entry = self.entries[position]
        at, age = self.at[position], self.now - self.at[position]
        newer = newest is None or at >= newest
        if entry.status == "verified" and policy.forever:
            self._keep(position, "forever")
        if places := self._unsettled(position):
            self._keep(position, "unsettled", ", ".join(sorted(places)))
        if self.regions[position]:
            if position in self.unknown:
                self._keep(position, "unknown-base", self.unknown[position])
        elif entry.status == "running":
            self._keep(position, "running")
        elif entry.status == "unchanged":
            if age <= NOTED:
                self._keep(position, "unchanged")
            self.against[position] = (Reason("long-unchanged"),)
        elif entry.status == "finished":
            waiting = newer or age < UNVERIFIED_GRACE or at >= self._window(policy)
            if waiting:
                self._keep(position, "unverified")
            self.against[position] = (Reason("older", "never verified"),)
        elif newest is None and entry.status == "failed" and age > NOTED:
            self.against[position] = (Reason("long-failed"),)
        else:
            if newer:
                self._keep(position, "none-verified" if newest is None else "newer")
            what = "cannot be restored" if entry.status == "verified" else entry.status
            self.against[position] = (Reason("older", what),)

    def _unsettled(self, position: int) -> set[str]:
        """Where a copy may be whole, or is, though what it builds on was found damaged since."""
        entry = self.entries[position]
        places = set(entry.doubtful)
        if entry.status == "verified" and not self.regions[position] and self._has_bases(entry):
            places |= set(entry.regions)
        return places

    def _has_bases(self, entry: RetentionEntry) -> bool:
        """Whether nothing that it builds on, however far, has been removed."""
        pending, seen = list(entry.needs), set[str]()
        while pending:
            id_ = pending.pop()
            position = self.index.get(id_)
            if id_ in seen or position is None:
                continue
            seen.add(id_)
            if self.entries[position].status in ("deleting", "deleted"):
                return False
            pending += self.entries[position].needs
        return True

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
        zone = zone_of(policy.zone)
        days = _Days(self.at, zone)
        self._slots(candidates, days, "daily", policy.daily)
        self._slots(candidates, days, "weekly", policy.weekly)
        self._slots(candidates, days, "monthly", policy.monthly)
        self._slots(candidates, days, "yearly", policy.yearly)
        if policy.keep_days:
            begin = self._window(policy)
            inside = [p for p in candidates if self.at[p] >= begin]
            for position in inside:
                self._keep(position, "window")
            for position in self._newest(candidates[len(inside) :], 1):
                self._keep(position, "before-window")
        self._minimum(candidates, policy.minimum_verified)

    def _slots(self, candidates: list[int], days: _Days, rule: Word, count: int) -> None:
        """The newest of each of `count` periods, and the oldest while there are slots left."""
        if not count:
            return
        key, name = PERIODS[rule]
        newest: dict[int, datetime] = {}
        period, began = -1, self.now
        for position in candidates:
            day = days[position]
            if (this := key(day)) != period:
                period = this
                if period not in newest:
                    if len(newest) == count:
                        return
                    newest[period] = self.at[position]
                began = newest[period]  # a zone may have had a day in two pieces
            if began == self.at[position]:
                self._keep(position, rule, name(day))
        if len(newest) < count:
            for position in self._newest(candidates[::-1], 1):
                if newest[period] != self.at[position]:
                    self._keep(position, "oldest", rule)

    def _newest(self, candidates: Iterable[int], count: int) -> Iterator[int]:
        """The first `count`, and those that began at the same moment as the last of them."""
        last: datetime | None = None
        for number, position in enumerate(candidates, 1):
            if last is not None and self.at[position] != last:
                return
            if number == count:
                last = self.at[position]
            yield position

    def _minimum(self, candidates: list[int], count: int) -> None:
        for region in sorted(_NOWHERE.union(*{self.regions[p] or _NOWHERE for p in candidates})):
            there = (p for p in candidates if region in (self.regions[p] or ()))
            for position in self._newest(there, count):
                self._keep(position, "minimum", region)

    def _keep(self, position: int, word: Word, detail: str = "") -> None:
        self.for_[position].append(Reason(word, detail))

    # --- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """Keep what kept backups build on; each is told the newest of those that need it."""
        kept = {position for position, found in self.for_.items() if found}
        stack = sorted(kept)
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

    def verdicts(self) -> list[RetentionVerdict]:
        """What was found, in the order of the entries."""
        found = self.for_
        return [
            RetentionVerdict(entry.id, True, tuple(found[position]))
            if found.get(position)
            else RetentionVerdict(entry.id, False, self.against[position])
            for position, entry in enumerate(self.entries)
        ]
