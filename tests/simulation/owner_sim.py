"""
Targets that remember their owner: people recover data, an application goes on working with them, and
restore tests come by the calendar, under the faults of `tests.simulation.backup_sim`.

Beside the platform stands what it does not know: everything the application wrote (`owned`). Nothing of
it may ever be lost, but to a person who empties a place or says that it may be overwritten.
``python -m tests.simulation owners SEED``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.backup_sim import BackupSimulation
from tests.simulation.invariants import everything
from tests.simulation.owner_world import (
    BUCKETS,
    CACHE,
    SECRETS,
    SECTION,
    SERVERS,
    connected,
    fill,
    handlers,
    the_profile,
)
from tests.simulation.platform import START, Faults, Simulated
from tests.simulation.profiles import profile
from tests.simulation.small_redis import LAST, SmallRedis
from toban.backups.policy.restores import Restore
from toban.backups.storage import layout
from toban.backups.storage.instructions import FILES, FOLDER
from toban.events.backups import BackupDue, PruneDue, RestoreRequested, RestoreTestDue
from toban.kernel.document import decode
from toban.ports import Delete, Write
from toban.sources.redis import resp
from toban.sources.redis.loading import mark as redismark

FAULTY = timedelta(hours=36)
HEALED = timedelta(hours=54)
LAST_LOOK = START + HEALED - timedelta(hours=8)
"""From then on nobody disturbs a restore test: it has to pass."""
OLD_MARK = b"filled by a restore of toban"
"""What a recovery left for ever, before marks told tests from recoveries."""
PLACES: dict[str, dict[str, list[dict[str, str]]]] = {
    "cache": {
        "testing": [{}, {"url_secret": "STAGING_URL"}],
        "spare": [{"url_secret": "SPARE_URL"}],
    },
    "files": {
        "staging": [{}],
        "target": [{"bucket": "target"}, {"bucket": "gs://target/", "prefix": "x/"}],
        "primary": [{"bucket": "primary"}, {"bucket": "second", "prefix": "restored/"}],
        "data": [{"bucket": "data", "prefix": "restored/"}],
    },
}
"""Where people recover to, by source and what that is, in words of the command line."""


class OwnerSimulation(BackupSimulation):
    """One seed."""

    def __init__(self, seed: int) -> None:
        self.owned: dict[tuple[str, Any], bytes] = {}
        """What the application has written or taken over, by place and name."""
        self.servers = {name: SmallRedis(self._lost(name)) for name in SERVERS}
        self.emptied: dict[str, datetime] = {}
        self.overwriting: dict[str, list[str]] = {}
        """By place: restores that may overwrite it. The application keeps off until they are over."""
        self.recovering: dict[str, list[str]] = {}
        """By place: recoveries asked for."""
        self._by_hand = False
        super().__init__(seed)
        self.rots = 0
        if self.own.random() < 0.4:
            self._recovered_yesterday(self.own.choice(SERVERS))

    def _world(self, faults: Faults) -> Simulated:
        faults.bucket_trouble = lambda: self._bad("bucket_trouble")
        faults.bucket_lost = lambda: self._bad("bucket_lost")
        made = Simulated(
            faults,
            jitter=self.rng.random,
            profiles=(the_profile(), profile("toban", default=True)),
            secrets=SECRETS,
            own=handlers,
        )
        faults.wrote = lambda: made.clock.advance(0.001)
        fill(made)
        for bucket in BUCKETS:
            self._guard(made, bucket)
        for bucket in ("primary", "second"):
            self._watch_deletions(made, bucket)
        inner = made.memory.commit

        def commit(writes: Sequence[Write]) -> list[str]:
            versions = inner(writes)
            for write in writes:
                if not isinstance(write, Delete) and write.key.collection == "restores":
                    self._note_end(decode(Restore, write.data), made)
            return versions

        made.memory.commit = commit  # type: ignore[method-assign]
        return made

    def run(self) -> None:
        with connected(self.servers, self._trip):
            self._run_until(START + FAULTY)
            self.healed = True
            self._run_until(START + HEALED)

    def _trip(self, name: str) -> None:
        self._point(name)
        if self._bad("bucket_trouble"):
            raise resp.RedisError(f"simulated: {name}")

    # --- what the application wrote ------------------------------------------------------

    def _note_end(self, restore: Restore, world: Simulated) -> None:
        """A recovery has succeeded: all of it is there, and is the application's from now on."""
        place = next((p for p, ids in self.recovering.items() if restore.id in ids), "")
        if restore.status != "finished" or not place:
            return
        others = [id for id in self.overwriting.get(place, ()) if id != restore.id]
        if others or self.emptied.get(place, START) >= restore.requested_at:
            return
        if place in self.servers:
            keys = self.servers[place].keys()
            if missing := [key for key in CACHE if (0, key) not in keys]:
                self.wrong.append(
                    f"{restore.id} has succeeded, and {len(missing)} keys are missing"
                )
            for name, value in keys.items():
                if name[1] != redismark.KEY:
                    self.owned.setdefault((place, name), value)
            return
        objects = world.buckets(place)
        prefix = self._prefix(restore, place)
        for info in list(objects.list(prefix)):
            self.owned.setdefault((place, info.name), objects.read(info.name))

    @staticmethod
    def _prefix(restore: Restore, bucket: str) -> str:
        return f"{restore.id}/" if bucket == "staging" else restore.target.get("prefix", "")

    def _lost(self, place: str) -> Any:
        def removed(db: int, key: bytes) -> None:
            if not self._by_hand and (place, (db, key)) in self.owned:
                self.wrong.append(f"server {place}: the application's {key!r} was removed")

        return removed

    def _guard(self, world: Simulated, bucket: str) -> None:
        objects = world.buckets(bucket)
        upload, delete = objects.upload, objects.delete

        def check(name: str, what: str) -> None:
            if not self._by_hand and (bucket, name) in self.owned:
                self.wrong.append(f"bucket {bucket}: the application's {name} was {what}")

        def uploading(name: str, data: Any, *rest: Any, **more: Any) -> Any:
            whole = b"".join(data)
            written = upload(name, [whole], *rest, **more)
            if self.owned.get((bucket, name)) != whole:  # a late holder may say the same again
                check(name, "replaced")
            return written

        def deleting(name: str) -> None:
            check(name, "removed")
            delete(name)

        objects.upload, objects.delete = uploading, deleting  # type: ignore[method-assign]

    def _recovered_yesterday(self, server: str) -> None:
        """A recovery by the version before this one, in service since."""
        redis = self.servers[server]
        redis.call(LAST, [b"SET", redismark.KEY, OLD_MARK])
        for number in range(5):
            self._write(server, f"key {number}".encode(), b"since yesterday")

    def _write(self, server: str, key: bytes, value: bytes) -> None:
        self._by_hand = True
        self.servers[server].call(0, [b"SET", key, value])
        self._by_hand = False
        self.owned[server, (0, key)] = value

    def _serves(self, place: str) -> list[Restore]:
        """Recoveries into a place that are over, if the application may work with it now."""
        restores = {r.id: r for r in everything(self.world, Restore)}
        pending = [
            id
            for id in self.overwriting.get(place, ())
            if id not in restores or not restores[id].over
        ]
        if pending:
            return []
        since = self.emptied.get(place, START)
        return [
            restores[id]
            for id in self.recovering.get(place, ())
            if id in restores
            and restores[id].status == "finished"
            and (restores[id].finished_at or START) > since
        ]

    def _work(self) -> None:
        """The application does its work, or somebody pokes at a server that is none of his."""
        mark = f"{len(self.owned)}-{self.asked}"
        value = mark.encode()
        for server in SERVERS:
            stray = self.own.random() < 0.05 and not self.overwriting.get(server)
            if stray or self._serves(server):
                key = self.own.choice((f"order {mark}", f"key {self.own.randrange(150)}"))
                self._note(f"the application writes {key} to {server}")
                self._write(server, key.encode(), value)
        for bucket in ("staging", "target"):
            for restore in self._serves(bucket):
                prefix = (
                    f"{restore.id}/" if bucket == "staging" else restore.target.get("prefix", "")
                )
                busy = [r for r in everything(self.world, Restore) if r.target == restore.target]
                if bucket == "target" and any(not r.over for r in busy):
                    continue
                name = prefix + self.own.choice((f"order {mark}", "a/1", "a/3"))
                self._by_hand = True
                self.world.buckets(bucket).upload(name, [value])
                self._by_hand = False
                self.owned[bucket, name] = value

    def _empty(self, place: str) -> None:
        """A person has no more need of what is there, and says so."""
        self._note(f"a person empties {place}")
        self.owned = {key: value for key, value in self.owned.items() if key[0] != place}
        self.emptied[place] = self.now
        self._by_hand = True
        if place in self.servers:
            self.servers[place].call(0, [b"FLUSHALL"])
        if place in BUCKETS:
            objects = self.world.buckets(place)
            for info in list(objects.list()):
                objects.delete(info.name)
        self._by_hand = False

    # --- what happens outside ------------------------------------------------------------

    def _plan(self, number: int) -> None:
        rng = self.own
        for hour in range(1, int(HEALED / timedelta(hours=1)) - 1):
            calm = hour >= FAULTY / timedelta(hours=1)
            moment = START + timedelta(hours=hour)
            late = moment + timedelta(seconds=rng.uniform(0, 3000))
            if hour % 3 == 0:
                for plan in SECTION.plans:
                    due = BackupDue(service="shop", source=plan.source, class_=plan.class_)
                    self._at(moment, ("due", due))
            if hour % 2 == 1:
                sources = rng.choice((("cache",), ("files",), ("cache", "files")))
                for source in sources if moment < LAST_LOOK else SECTION.sources:
                    self._at(late, ("say", RestoreTestDue(service="shop", source=source)))
            if not calm:
                if rng.random() < 0.5:
                    self._at(rng.choice((moment, late)), ("recover", None))
                if rng.random() < 0.1:
                    self._at(late, ("restart", None))
                if rng.random() < 0.12:
                    self._at(late, ("empty", None))
            if moment < LAST_LOOK:
                for _ in range(rng.randrange(3)):
                    at = moment + timedelta(seconds=rng.uniform(0, 3600))
                    self._at(at, ("work", None))
                if rng.random() < 0.3:
                    self._at(late, ("say", PruneDue(service="shop")))
        self._at(LAST_LOOK, ("end of service", None))

    def _act(self, action: tuple[str, Any]) -> None:
        what, body = action
        if what in ("due", "say"):
            self._say(body)
        elif what == "work":
            self._work()
        elif what == "recover":
            self._recover()
        elif what == "restart":
            server = self.servers[self.own.choice(SERVERS)]
            if self.own.random() < 0.5:
                server.restart()
            else:
                server.call(0, [b"CONFIG", b"RESETSTAT"])
        elif what == "empty":
            self._empty(self.own.choice((*SERVERS, "target")))
        else:
            self._empty("testing")
            self._empty("staging")

    def _recover(self) -> None:
        proven = [b for b in self.backups() if b.status == "verified"]
        if not proven:
            return
        rng = self.own
        backup = rng.choice(proven)
        place = rng.choice(list(PLACES[backup.source]))
        target = dict(rng.choice(PLACES[backup.source][place]))
        id = f"restore-{self.asked}"
        if target and place in (*SERVERS, "target") and rng.random() < 0.2:
            target["overwrite"] = "true"
            self.owned = {key: value for key, value in self.owned.items() if key[0] != place}
            self.overwriting.setdefault(place, []).append(id)
        self.recovering.setdefault(place, []).append(id)
        self._say(
            RestoreRequested(
                restore_id=id,
                service="shop",
                source=backup.source,
                backup_id=backup.id,
                purpose="recovery",
                region=rng.choice(("", "tokyo", "osaka")),
                target=target,
                requested_by="aoki",
            )
        )


def violations(simulation: OwnerSimulation) -> list[str]:
    """Everything that is wrong at the end of a run; empty when all is well."""
    return [*simulation.wrong, *_kept(simulation), *_foreign(simulation), *_passed(simulation)]


def _kept(simulation: OwnerSimulation) -> Iterator[str]:
    """All that the application wrote is there, and no recovery's mark beside it."""
    servers = {name: server.keys() for name, server in simulation.servers.items()}
    for (place, name), value in simulation.owned.items():
        if isinstance(name, str):
            objects = simulation.world.buckets(place)
            found = objects.read(name) if objects.stat(name) else None
        else:
            found = servers[place].get(name)
        if found != value:
            yield f"{place}: the application's {name} is {found!r}"
    finished = {
        restore.id: place
        for place, ids in simulation.recovering.items()
        for restore in everything(simulation.world, Restore)
        if restore.id in ids and restore.status == "finished"
    }
    for name, keys in servers.items():
        mark = keys.get((LAST, redismark.KEY), b"")
        for id, place in finished.items():
            if place == name and f'"{id}"'.encode() in mark:
                yield f"{name}: the mark of {id}, which is over, is left there"


def _foreign(simulation: OwnerSimulation) -> Iterator[str]:
    """Nothing was restored into what keeps backups, or into another source."""
    for bucket in ("primary", "second"):
        for info in list(simulation.world.buckets(bucket).list()):
            instruction = info.name.removeprefix(FOLDER) in FILES
            if layout.parse(info.name) is None and not instruction:
                yield f"{bucket}/{info.name} is no backup's"
    for info in list(simulation.world.buckets("data").list("restored/")):
        yield f"data/{info.name} was restored into a source"


def _passed(simulation: OwnerSimulation) -> Iterator[str]:
    """Once nobody disturbs them, tests pass and leave nothing."""
    restores = everything(simulation.world, Restore)
    for restore in restores:
        if not restore.over:
            yield f"{restore.id} is not over"
        late = restore.requested_at > LAST_LOOK + timedelta(minutes=30)
        if restore.purpose == "test" and late and restore.status != "finished":
            yield f"{restore.id} of {restore.source}: {restore.reason}"
    for source in SECTION.sources:
        if not any(
            r.purpose == "test" and r.source == source and r.requested_at > LAST_LOOK
            for r in restores
        ):
            yield f"no test of {source} at the end"
    left = simulation.servers["testing"].keys()
    for key in left:
        yield f"the server for tests holds {key} after the last test"
    for backup in simulation.backups():
        if backup.restores:
            yield f"{backup.id} is held by {backup.restores}"
