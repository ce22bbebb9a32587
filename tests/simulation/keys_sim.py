"""
Keys under seeded faults: somebody puts a new key before the others, has everything wrapped by it, and
takes away what the survey says is not needed; all the while backups are taken, copied and removed,
regions vanish and rot. Beside it stands the reader that knows no catalogue, with the keys that are left.

``python -m tests.simulation keys SEED``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.simulation import reader
from tests.simulation.backup_sim import EVERY, FAULTY
from tests.simulation.backup_story import resources_of
from tests.simulation.backup_world import KEY, of_shop, rotate
from tests.simulation.copies_sim import PLACES, CopiesSimulation
from tests.simulation.platform import START
from toban.backups.documents import JUDGED
from toban.backups.watching import survey as keys
from toban.events.backups import BackupRewrapDue
from toban.kernel.documents import Documents


class KeysSimulation(CopiesSimulation):
    """One seed."""

    def __init__(self, seed: int) -> None:
        self.ring = {reader.key_id(base64.b64decode(KEY)): KEY}
        """The keys of the secret by their ids, the present one first."""
        self.removed = 0
        super().__init__(seed)

    def keys(self) -> dict[str, bytes]:
        return {id: base64.b64decode(key) for id, key in self.ring.items()}

    # --- what a person does ----------------------------------------------------------------

    def _plan(self, number: int) -> None:
        super()._plan(number)
        rng = self.own
        for _ in range(rng.choice((1, 2, 3))):
            # Some do it all in minutes while backups are taken, or while a region is out of reach.
            at = START + timedelta(hours=EVERY * rng.randrange(1, 4), minutes=rng.uniform(0, 50))
            hasty = rng.random() < 0.5
            self._at(at, ("rotate", None))
            if rng.random() < 0.5:
                self._at(at + timedelta(minutes=4), ("outage", None))
            for _ in range(3):
                at += timedelta(hours=rng.uniform(0.1, 0.3) if hasty else rng.uniform(0.5, 6))
                self._at(at, ("rewrap", None))
                soon = rng.uniform(0.05, 0.2) if hasty else rng.uniform(0.2, 3)
                self._at(at + timedelta(hours=soon), ("survey", None))
        for hours in (14, 16, 18):
            self._at(START + FAULTY + timedelta(hours=hours), ("rewrap", None))
        self._at(START + FAULTY + timedelta(hours=20), ("survey", None))

    def _act(self, action: tuple[str, Any]) -> None:
        what, about = action
        if what == "rotate":
            made = hashlib.sha256(f"{self.seed} {len(self.ring)} {self.now}".encode()).digest()
            self.ring = {reader.key_id(made): base64.b64encode(made).decode()} | self.ring
            rotate(self.world, *self.ring.values())
            self._note(f"a new key {reader.key_id(made)}")
        elif what == "rewrap":
            for backup in self.backups():
                if backup.status in JUDGED and backup.key_id:
                    self._say(BackupRewrapDue(**backup.named))
        elif what == "survey":
            self._look_for_keys()
        elif what == "remove":
            self._remove(about)
        else:
            super()._act(action)
            return
        self.look()

    def _look_for_keys(self) -> None:
        """As `toban backups rewrap` does at its end; some take a key away at once, some later."""
        present = next(iter(self.ring))
        documents = Documents(self.world.memory, self.now)
        doubts = list(keys.under_way(documents, [present]))
        buckets = keys.buckets_of({"shop": of_shop(self.section)}, self.backups())
        seen = keys.survey(buckets, resources_of(self.world))
        free = keys.not_needed(self.ring, [present], seen, [*doubts, *seen.open])
        if free:
            later = timedelta(hours=self.own.choice((0, self.own.uniform(0, 2))))
            self._at(self.now + later, ("remove", free))

    def _remove(self, free: list[str]) -> None:
        before = self._whole()
        self.ring = {id: key for id, key in self.ring.items() if id not in free}
        self.removed += len(free)
        rotate(self.world, *self.ring.values())
        self._note(f"without {', '.join(free)}")
        for bucket, prefix in before - self._whole():
            self._complain(f"{bucket}/{prefix} could be read before {free} were removed")

    def _whole(self) -> set[tuple[str, str]]:
        """Every copy of a kept backup that can be read with the keys that are there."""
        kept = [b for b in self.backups() if b.status in JUDGED]
        return {
            (copy.bucket, backup.prefix)
            for backup in kept
            for copy in backup.copies
            if copy.manifest and self.readable(copy.bucket, backup.prefix)
        }


def keys_at_the_end(simulation: KeysSimulation) -> Iterator[str]:
    """Everything can be read by the present key alone, and no other is left."""
    present = next(iter(simulation.ring))
    former = [id for id in simulation.ring if id != present]
    for backup in simulation.backups():
        if backup.status not in JUDGED or backup.finished_at is None:
            continue
        if any(copy.locked for copy in backup.copies):
            yield f"{backup.id} is locked in {[c.bucket for c in backup.copies if c.locked]}"
        whole = [b for b in PLACES if simulation.readable(b, backup.prefix)]
        if whole and backup.key_id != present:
            yield f"{backup.id} is under {backup.key_id}, and the present key is {present}"
    damaged = keys.survey(PLACES, resources_of(simulation.world)).open
    if former and not damaged:
        yield f"{former} are needed by nothing, and were never found to be"
