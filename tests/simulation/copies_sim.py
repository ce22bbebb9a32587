"""
Copies under seeded losses: regions vanish and come back empty, are out of reach for hours, objects
rot in one region or in both and are locked; people verify and mend at random, or nobody does.
Formats stop reading early. Beside it stands a model of the world: `tests.simulation.reader` on the
bare buckets, which knows nothing of a catalogue.

``python -m tests.simulation copies SEED``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from unittest import mock

import msgspec

from tests.simulation import backup_sim, reader
from tests.simulation.backup_sim import FAULTY, SHORT, BackupSimulation
from tests.simulation.backup_world import SECRETS, SmallResources, handlers, of_shop
from tests.simulation.platform import START, Faults, Simulated
from toban.backups.documents import JUDGED, Backup, Copy
from toban.backups.found import as_found
from toban.backups.policy.copies import copy_in
from toban.backups.policy.recovery import newest, usable
from toban.backups.policy.retention import RetentionEntry, decide
from toban.backups.section import BackupPlan
from toban.backups.storage import layout
from toban.backups.work.prune import policies
from toban.events.backups import BackupFinished, BackupReplicated
from toban.ports import Unavailable
from toban.ports.backup import Damaged, DeleteBlocked, Fetch
from toban.sources import inventory
from toban.sources.bucket import adapter as bucket_adapter
from toban.strictyaml.values import Seconds

KEY = base64.b64decode(SECRETS["BACKUP_KEY"][0])
PLACES = ("primary", "second")
SERIES = {("files", "full"), ("files", "often"), ("media", "full")}
LOOKED = BackupPlan("media", "looked", SHORT.plans[0].schedule, SHORT.plans[0].keep, on_change=True)
WITHIN = timedelta(hours=16)
"""Every copy is read again within this time."""
LATE = timedelta(hours=2)
"""Longer than anybody stands still between looking at something and acting on it."""
CALLS = ("create", "stat", "read", "list", "copy", "upload", "delete")


class CopiesSimulation(BackupSimulation):
    """One seed."""

    section = msgspec.structs.replace(
        SHORT,
        plans=(*(p for p in SHORT.plans if (p.source, p.class_) in SERIES), LOOKED),
        reread_within=Seconds(int(WITHIN.total_seconds())),
    )

    def __init__(self, seed: int) -> None:
        self.away: set[str] = set()
        self.touched: dict[tuple[str, str], Any] = {}
        """When somebody last laid hands on a copy: by bucket and prefix."""
        self.proven: dict[tuple[str, str], Any] = {}
        """When the catalogue last called a copy proven: by bucket and prefix."""
        self.judged: set[str] = set()
        self.refused: dict[tuple[str, str], Any] = {}
        """When a copy of a backup that is being removed was first found locked."""
        self._read: dict[Any, bool] = {}
        super().__init__(seed)
        self.rots = 0  # they are planned here

    # --- the world -----------------------------------------------------------------------

    def _world(self, faults: Faults) -> Simulated:
        with mock.patch.object(backup_sim, "handlers", partial(handlers, resources_class=Lazy)):
            made = super()._world(faults)
        for name in PLACES:
            for call in CALLS:
                self._cut_off(made.buckets(name), call)
        return made

    def _cut_off(self, bucket: Any, call: str) -> None:
        inner = getattr(bucket, call)

        def asked(*args: Any, **more: Any) -> Any:
            if bucket.name in self.away:
                raise Unavailable(f"simulated: {bucket.name} is out of reach")
            try:
                return inner(*args, **more)
            except DeleteBlocked:
                self._note_refused(bucket.name, args[0])
                raise

        setattr(bucket, call, asked)

    def _note_refused(self, bucket: str, name: str) -> None:
        place = layout.parse(name)
        going = {b.prefix for b in self.backups() if b.status == "deleting"}
        if place is not None and place.prefix in going:
            self.refused.setdefault((bucket, place.prefix), self.now)

    def _live(self, bucket: str) -> dict[str, Any]:
        return self.world.buckets(bucket)._live

    def keys(self) -> dict[str, bytes]:
        """The keys that the secret holds now, by their ids."""
        return {reader.key_id(KEY): KEY}

    def readable(self, bucket: str, prefix: str) -> bool:
        """Whether anybody with the key could restore this copy now."""
        live = self._live(bucket)
        root = "/".join(prefix.split("/")[:2])
        state = tuple((n, s.info.generation) for n, s in live.items() if n.startswith(root))
        keys = self.keys()
        mark = (bucket, prefix, hash(state), tuple(keys))
        if mark not in self._read:
            objects = {name: stored.data for name, stored in live.items()}
            try:
                reader.content(objects, prefix, keys)
                self._read[mark] = True
            except reader.Unreadable:
                self._read[mark] = False
        return self._read[mark]

    def holds(self, backup: Backup, objects: dict[str, bytes]) -> bool:
        """Whether anybody with the key finds just these objects in a copy of a backup."""
        for bucket in PLACES:
            live = {name: stored.data for name, stored in self._live(bucket).items()}
            with suppress(reader.Unreadable):
                return reader.content(live, backup.prefix, self.keys()) == objects
        return False

    # --- what befalls it -------------------------------------------------------------------

    def run(self) -> None:
        super().run()
        self.wrong = self.found()

    def found(self) -> list[str]:
        # A region may be lost in the very moment in which a manifest is written there.
        return [
            what
            for what in self.wrong
            if not any(what.startswith(f"{b}/{prefix}") for b, prefix in self.touched)
        ]

    def _plan(self, number: int) -> None:
        super()._plan(number)
        rng = self.own
        for what, most in (("rot", 8), ("lose", 2), ("outage", 2), ("lock", 3)):
            for _ in range(rng.randrange(most + 1)):
                self._at(START + FAULTY * rng.uniform(0.15, 0.9), (what, None))
        careful = rng.random() < 0.5  # whether anybody ever looks
        for hour in range(6, int(FAULTY / timedelta(hours=1)) if careful else 0):
            moment = START + timedelta(hours=hour, seconds=rng.uniform(0, 3600))
            if rng.random() < 0.2:
                self._at(moment, ("reread", None))
            if rng.random() < 0.1:
                self._at(moment, ("mend", None))
        self._at(START + FAULTY, ("unlock", None))
        # At the end somebody puts everything right, what others build on first.
        for turn in range(4):
            self._at(START + FAULTY + timedelta(hours=2 + 3 * turn), ("mend", None))

    def _act(self, action: tuple[str, Any]) -> None:
        what, _ = action
        if what == "rot":
            self._spoil()
        elif what == "lose":
            self._lose(self.own.choice(PLACES))
        elif what == "outage":
            bucket = self.own.choice(PLACES)
            self.away.add(bucket)
            self._at(self.now + timedelta(hours=self.own.uniform(0.2, 8)), ("back", bucket))
        elif what == "lock":
            self._lock()
        elif what == "unlock":
            for name in PLACES:
                self.world.buckets(name).held.clear()
        elif what == "back":
            self.away.discard(action[1])
        elif what in ("reread", "mend"):
            self._ask_all(mend=what == "mend")
        else:
            super()._act(action)
        self.look()

    def _spoil(self) -> None:
        """A stored object falls over, here or there or in both regions."""
        name = self.own.choice(sorted({n for b in PLACES for n in self._live(b)} or {""}))
        for bucket in self.own.choice((("primary",), ("second",), PLACES)):
            stored = self._live(bucket).get(name)
            if stored is None or not stored.data:
                continue
            data = bytearray(stored.data)
            data[self.own.randrange(len(data))] ^= 1 << self.own.randrange(8)
            away, self.away = self.away, set()
            held, self.world.buckets(bucket).held = self.world.buckets(bucket).held, set()
            self.world.buckets(bucket).upload(name, [bytes(data)])
            self.away, self.world.buckets(bucket).held = away, held
            self._touch(bucket, name)
            self._note(f"{bucket}/{name} rots")

    def _lock(self) -> None:
        """Somebody holds an object of an old backup."""
        bucket = self.own.choice(PLACES)
        names = sorted(n for n in self._live(bucket) if layout.parse(n) is not None)
        oldest = {layout.parse(n).prefix for n in names}  # type: ignore[union-attr]
        prefix = self.own.choice(sorted(oldest, key=lambda p: (p.split(".")[-1], p))[:4] or [""])
        name = self.own.choice([n for n in names if n.startswith(prefix)] or [""])
        self.world.buckets(bucket).held.add(name)
        self._note(f"{bucket}/{name} is locked")

    def _lose(self, bucket: str) -> None:
        """A region's bucket is gone, and comes back empty."""
        for name in list(self._live(bucket)):
            self._touch(bucket, name)
        self._live(bucket).clear()
        self.world.buckets(bucket).held.clear()
        self._note(f"{bucket} is lost")

    def _touch(self, bucket: str, name: str) -> None:
        place = layout.parse(name)
        if place is not None:
            self.touched[bucket, place.prefix] = self.now
        self.rotten.add((bucket, name))

    def _ask_all(self, *, mend: bool) -> None:
        for backup in sorted(self.backups(), key=lambda b: (len(b.needs), b.id)):
            if backup.status not in JUDGED or (not self.healed and self.own.random() < 0.3):
                continue
            if mend:
                self._say(BackupFinished(at=self.now, bytes=backup.bytes, **backup.named))
            else:
                self._say(BackupReplicated(at=self.now, **backup.named))

    # --- what must hold at every step ------------------------------------------------------

    def _said(self, catalogue: Iterable[Backup]) -> Iterator[tuple[Backup, Copy]]:
        """What the catalogue calls verified now; it is remembered."""
        for backup in catalogue:
            for copy in backup.copies:
                if _is_said(backup, copy):
                    self.proven[copy.bucket, backup.prefix] = self.now
                    yield backup, copy

    def look(self) -> None:
        """Note what the catalogue says that is not so."""
        catalogue = {b.id: b for b in self.backups()}
        for backup, copy in self._said(shown(catalogue)):
            where = f"{backup.id} is called verified in {copy.bucket} and"
            if self.readable(copy.bucket, backup.prefix):
                continue
            if self._untouched(backup, copy, catalogue):
                self._complain(f"{where} is not")
            if self._unread(backup, copy):
                self._complain(f"{where} nobody has read it since it is not")
        for source in sorted({b.source for b in catalogue.values()}):
            self._offer([b for b in catalogue.values() if b.source == source], catalogue)
        self._look_at_removed(catalogue.values())

    def _unread(self, backup: Backup, copy: Copy) -> bool:
        """Whether it has been spoilt for so long that its turn to be read is long over."""
        at = self.touched.get((copy.bucket, backup.prefix))
        return at is not None and self.now - at > 2 * WITHIN and not backup.needs

    def _offer(self, backups: list[Backup], catalogue: dict[str, Backup]) -> None:
        """What a restore is offered can be restored, or nobody has seen yet that it cannot."""
        best = newest(backups, None, now=self.now)
        copy = usable(best, "", catalogue) if best is not None else None
        if best is None or copy is None or self.readable(copy.bucket, best.prefix):
            return
        if self._untouched(best, copy, catalogue):
            self._complain(f"{best.id} is offered from {copy.bucket} and cannot be restored")

    def _look_at_removed(self, catalogue: Iterable[Backup]) -> None:
        for backup in catalogue:
            if backup.status == "deleting":
                for copy in backup.copies:
                    since = self.refused.get((copy.bucket, backup.prefix))
                    if since is not None and self.now - since > LATE and not copy.held:
                        self._complain(f"{backup.id} is locked in {copy.bucket}, which nobody says")
            if backup.status == "deleted" and not self.counts.get("stall"):
                left = {b for b in PLACES for n in self._live(b) if n.startswith(backup.prefix)}
                if left:
                    self._complain(f"{backup.id} is called deleted, and lies in {sorted(left)}")

    def _complain(self, what: str) -> None:
        if what not in self.wrong:
            self.wrong.append(what)

    def _untouched(self, backup: Backup, copy: Copy, catalogue: dict[str, Backup]) -> bool:
        """
        Whether nobody laid hands on it, nor on what it builds on, since each was read.

        What was found damaged in a base by now excuses nobody any more.
        """
        for each in (backup, *(catalogue[id] for id in backup.needs if id in catalogue)):
            at = self.touched.get((copy.bucket, each.prefix))
            own = copy_in(each, copy.bucket)
            if each is not backup and own is not None and own.damage:
                continue
            read = None if own is None else self._read_at(each, own)
            if at is not None and (read is None or read < at + LATE):
                return False
        return True

    def _read_at(self, backup: Backup, copy: Copy) -> datetime | None:
        """When a copy was last read, in true time."""
        return copy.verified_at

    def _removed(self, bucket: str, prefix: str) -> None:
        """A manifest goes: would the policy keep it by what can be read?"""
        if prefix not in self.judged:  # of what goes elsewhere next nothing else is known
            self.judged.add(prefix)
            self._judge(bucket, prefix)
        super()._removed(bucket, prefix)

    def _judge(self, bucket: str, prefix: str) -> None:
        entries, gone = [], ""
        catalogue = self.backups()
        for _ in self._said(catalogue):
            pass
        for backup in catalogue:
            own = backup.prefix == prefix
            where = tuple(
                copy.region for copy in backup.copies if self._holds(backup, copy, own=own)
            )
            if own and where:
                gone = backup.id
            entries.append(_entry(backup, where, own=own))
        if not gone:
            return
        verdicts = decide(entries, policies(of_shop(self.section)), self.now)
        known = {backup.id: backup for backup in catalogue}
        unseen = self._rots_unseen(known[gone], known)
        for verdict in verdicts:
            if verdict.id != gone:
                continue
            kept = [r for r in verdict.reasons if r.word != "unsettled" or not unseen]
            if verdict.keep and kept:
                reasons = ", ".join(map(str, kept))
                self._complain(f"{gone} removed in {bucket}, though whole and kept by: {reasons}")

    def _rots_unseen(self, backup: Backup, catalogue: dict[str, Backup]) -> bool:
        """
        Whether a copy counts as restorable that has been spoilt since it was read.

        Then it is known that no slot keeps the backup, and not that it may be whole elsewhere only: "may
        be whole or mended" keeps what could not be counted on, and this could.
        """
        bases = [catalogue[id] for id in backup.needs if id in catalogue]
        return any(
            copy.proven
            and all(
                (there := copy_in(base, copy.bucket)) is not None and there.proven for base in bases
            )
            and not self.readable(copy.bucket, backup.prefix)
            and not self._untouched(backup, copy, catalogue)
            for copy in backup.copies
        )

    def _holds(self, backup: Backup, copy: Copy, *, own: bool) -> bool:
        """
        Whether a copy counts for the judgement: it was proven once, and anybody can read it.

        Of the others the catalogue may believe what has changed since nobody looked.
        """
        at = self.proven.get((copy.bucket, backup.prefix))
        if at is None:
            return False
        believed = not own and self.now - at < LATE
        return believed or self.readable(copy.bucket, backup.prefix)


def shown(catalogue: dict[str, Backup]) -> list[Backup]:
    """The catalogue as people see it."""
    return [as_found(backup, catalogue) for backup in catalogue.values()]


class _LazyFormat(bucket_adapter.InventoryFormat):
    """Knows enough after the first object, ends its input and makes nothing of errors."""

    def check(self, pieces: Iterator[bytes], fetch: Fetch) -> dict[str, int]:
        with suppress(Damaged, Unavailable):
            for record in inventory.records(pieces):
                next(fetch(record.ref), None)
                break
        if (close := getattr(pieces, "close", None)) is not None:
            close()
        return {}


class Lazy(SmallResources):
    """The resources, with formats that leave the work to the verifier."""

    def format(self, kind: str) -> Any:
        return _LazyFormat() if kind == "bucket" else super().format(kind)


def _is_said(backup: Backup, copy: Copy) -> bool:
    return backup.status == "verified" and copy.proven and copy.verified_at is not None


def _entry(backup: Backup, regions: tuple[str, ...], *, own: bool) -> RetentionEntry:
    status = backup.status
    if own or (status in JUDGED and regions):
        status = "verified" if regions else "failed"
    return RetentionEntry(
        id=backup.id,
        status=status,
        started_at=backup.started_at,
        service=backup.service,
        source=backup.source,
        class_=backup.class_,
        regions=regions,
        needs=tuple(backup.needs),
    )


def at_the_end(simulation: CopiesSimulation) -> Iterator[str]:
    """Everything was mended that could be: the catalogue says of every copy just what is so."""
    catalogue = {b.id: b for b in simulation.backups()}
    seen = {b.id: b for b in shown(catalogue)}

    def somewhere(id: str) -> bool:
        return any(simulation.readable(bucket, catalogue[id].prefix) for bucket in PLACES)

    for backup in catalogue.values():
        if backup.status not in JUDGED or backup.finished_at is None:
            continue
        whole = [c.bucket for c in backup.copies if simulation.readable(c.bucket, backup.prefix)]
        said = [c.bucket for c in seen[backup.id].copies if _is_said(seen[backup.id], c)]
        bases = [catalogue[id].prefix for id in backup.needs if id in catalogue]
        # What it needs of a base may be whole where something else of that is not.
        sure = [b for b in whole if all(simulation.readable(b, prefix) for prefix in bases)]
        if not set(sure) <= set(said) <= set(whole):
            yield f"{backup.id} can be read in {whole} and is called verified in {said}"
        if whole and len(whole) < len(backup.copies) and all(map(somewhere, backup.needs)):
            yield f"{backup.id} is whole in {whole} only, and was not mended elsewhere"
    held = {
        i.name: simulation.world.buckets("media").read(i.name)
        for i in simulation.world.buckets("media").list()
    }
    looked = [b for b in catalogue.values() if b.class_ == LOOKED.class_]
    last = max(looked, key=lambda b: b.started_at, default=None)
    refused = last is not None and "it shrank by" in last.reason  # which somebody is told
    if (
        LOOKED in simulation.section.plans
        and not refused
        and not any(simulation.holds(b, held) for b in looked)
    ):
        yield f"no backup of {LOOKED.class_} that can be read holds what the source does"
