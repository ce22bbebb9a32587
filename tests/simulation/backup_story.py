"""
The story of backups: due, taken, replicated, verified, pruned, restored, tested, watched.

As the story of incidents it comes to rest after every step. Each handling may die at any I/O, a
call of a bucket included, and the end has to be the same: documents, events, and every object in
every bucket, opened.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from tests.simulation.backup_world import (
    FUNCTIONS,
    KEY,
    PROFILES,
    SECRETS,
    VAULT,
    SmallResources,
    VaultSecrets,
    content,
    handlers,
    rotate,
    watch_order,
)
from tests.simulation.platform import START, Faults, Simulated
from tests.simulation.story import Step, Story
from toban.adapters.local.memory.store import MemorySecrets
from toban.backups.catalogue.manifest import peek
from toban.backups.catalogue.plans import backup_id
from toban.backups.catalogue.reading import CopyOpener
from toban.backups.documents import Backup, SeriesState, series_id
from toban.backups.storage import layout
from toban.events import Action, CommandIssued, MinutePassed
from toban.events.backups import (
    BackupDue,
    BackupFinished,
    BackupWatchDue,
    PruneDue,
    RestoreRequested,
    RestoreTestDue,
)
from toban.kernel.document import decode, encode
from toban.kernel.event import Body, Event, to_message
from toban.ports import Key, Message, Query, Update
from toban.ports.backup import Damaged

HOUR = 3600.0
MORE = ("incremental", "")


def world(faults: Faults) -> Simulated:
    """The installation of the story, with something in every source."""
    made = Simulated(faults, profiles=PROFILES, secrets=SECRETS, own=handlers)
    fill(made)
    faults.wrote = lambda: made.clock.advance(0.001)
    made.order = watch_order(made.buckets, ("primary", "second"))
    return made


def fill(made: Any) -> None:
    """Something in every source."""
    for number in range(5):
        made.buckets("data").create(f"a/{number}", content(f"data {number}", 900 + number))
        made.buckets("media").create(f"m/{number}", content(f"media {number}", 700 + number))
    made.buckets("dump").create("content", content("dump", 16_000))


# --- what is done ------------------------------------------------------------------------------


def _say(name: str, *bodies: Body) -> Callable[..., list[Message]]:
    def make(now: Any, _: object) -> list[Message]:
        return [
            to_message(Event(id=f"{name}-{n}", source="/story", time=now, body=body))
            for n, body in enumerate(bodies)
        ]

    return make


def _due(source: str, class_: str) -> BackupDue:
    return BackupDue(service="shop", source=source, class_=class_)


def _slot(hours: int) -> Any:
    return START + timedelta(hours=hours)


def _id(source: str, class_: str, hours: int) -> str:
    return backup_id("shop", source, class_, _slot(hours))


def _newest(world: Any, source: str, class_: str, status: str = "verified") -> Backup:
    found = [decode(Backup, s.data) for s in world.memory.query(Query("backups"))]
    fit = [b for b in found if (b.source, b.class_, b.status) == (source, class_, status)]
    return max(fit, key=lambda b: b.slot)


def change(world: Any, backup: Backup) -> None:
    """Write a document of the catalogue as a person's command would."""
    key = Backup.key(backup.id)
    world.memory.commit([Update(key, encode(backup), world.memory.get([key])[0].version)])


def _more_files(world: Any) -> None:
    data, media = world.buckets("data"), world.buckets("media")
    data.create("a/new", content("new", 800))
    data.upload("a/1", [content("data 1, changed", 950)])
    data.delete("a/2")
    media.create("m/new", content("new medium", 800))


def _break(world: Any) -> None:
    world.buckets("dump").create("broken", b"")


def _mend(world: Any) -> None:
    world.buckets("dump").delete("broken")
    world.buckets("dump").create("slow", b"")


def _ready(world: Any) -> None:
    world.buckets("dump").delete("slow")


def _asked(action: Action, about: str, proof: str = "google:aoki@example.jp", **more: str) -> Any:
    """A person's command."""

    def make(now: Any, _: object) -> list[Message]:
        body = CommandIssued(
            about=about, action=action, actor="aoki", proof=proof, via="story", at=now,
            arguments={name.replace("__", "."): value for name, value in more.items()},
        )  # fmt: skip
        id = f"{action} {about} {proof}"
        return [to_message(Event(id=id, source="/story", time=now, body=body))]

    return make


def _to_mend(now: Any, _: object) -> list[Message]:
    id = _id("media", "full", 3)
    body = BackupFinished(
        service="shop", source="media", class_="full", backup_id=id, at=now, bytes=0
    )
    return [to_message(Event(id="mend", source="/story", time=now, body=body))]


def rot(bucket: Any, name: str) -> None:
    """One bit of an object falls over."""
    data = bytearray(bucket.read(name))
    data[len(data) // 2] ^= 1
    bucket.upload(name, [bytes(data)])


def _half_rotten(world: Any) -> None:
    """Of the copied media the original loses its manifest and an object, the replica a part."""
    prefix = _newest(world, "media", "full").prefix
    primary, second = world.buckets("primary"), world.buckets("second")
    primary.delete(prefix + layout.MANIFEST)
    rot(primary, next(i.name for i in primary.list(prefix + layout.OBJECTS)))
    rot(second, next(i.name for i in second.list(prefix + "parts/")))


def _pin(world: Any) -> None:
    backup = _newest(world, "media", "full")
    backup.pinned, backup.pinned_by = True, "aoki"
    change(world, backup)


def _hold(world: Any) -> None:
    """One object of the oldest dump is locked."""
    found = [decode(Backup, s.data) for s in world.memory.query(Query("backups"))]
    oldest = min(
        (b for b in found if (b.source, b.status) == ("dump", "verified")), key=lambda b: b.slot
    )
    bucket = world.buckets("second")
    held = getattr(bucket, "held", set())  # a directory locks nothing
    held.add(next(i.name for i in bucket.list(oldest.prefix + "parts/")))


def _rubbish(world: Any) -> None:
    """Something lies where the copy of the next backup will be."""
    slot = world.clock.now().replace(minute=0, second=0, microsecond=0)
    prefix = layout.prefix("shop", "media", "full", backup_id("shop", "media", "full", slot))
    for name in (layout.part_name(1, 1), layout.MANIFEST):
        world.buckets("second").create(prefix + name, b"rubbish")


def _release(world: Any) -> None:
    getattr(world.buckets("second"), "held", set()).clear()


def _abandon(world: Any) -> None:
    """A run that nobody works on, whose message is lost."""
    id = backup_id("shop", "files", "full", world.clock.now())
    series = SeriesState.key(series_id("shop", "files", "full"))
    before = world.memory.get([series])[0]
    state = msgspec.structs.replace(decode(SeriesState, before.data), running=id)
    like = _newest(world, "files", "full")
    backup = msgspec.structs.replace(
        like, id=id, status="running", slot=world.clock.now(), started_at=world.clock.now(),
        prefix=layout.prefix("shop", "files", "full", id), verified_at=None, finished_at=None,
    )  # fmt: skip
    from toban.ports import Create

    world.memory.commit(
        [Create(Backup.key(id), encode(backup)), Update(series, encode(state), before.version)]
    )


def _restore(id: str, backup: str, region: str, **target: str) -> RestoreRequested:
    return RestoreRequested(
        restore_id=id,
        service="shop",
        source="files",
        backup_id=backup,
        purpose="recovery",
        region=region,
        target=target,
        requested_by="aoki",
    )


DAY = 24 * HOUR
NEW_KEY = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="

STEPS = (
    Step("a full backup of files", HOUR, _say("b1", _due("files", "full"))),
    Step("the same slot again", 60, _say("b1b", _due("files", "full"))),
    Step("an incremental one", HOUR - 60, _say("b2", _due("files", "often")), _more_files),
    Step("copied objects", HOUR, _say("b3", _due("media", "full"))),
    Step("an incremental one on them", HOUR, _say("b4", _due("media", "often"))),
    Step("configuration", HOUR, _say("b5", _due("config", "looked"))),
    Step("a dump, in one go", HOUR, _say("b6", _due("dump", "full"))),
    Step("configuration has not changed", HOUR, _say("b7", _due("config", "looked"))),
    Step("a dump fails for good", HOUR, _say("b8", _due("dump", "full")), _break),
    Step("the next has to be waited for", HOUR, _say("b9", _due("dump", "full")), _mend),
    Step("and succeeds", 60, _say("tick-1", MinutePassed()), _ready),
    Step("into another bucket", 60, _asked("restore", "restores/r-1", backup=_id("files", "often", 2), region="osaka", target__bucket="target")),
    Step("somebody unknown asks to remove some", 60, _asked("prune", "backups/*", proof="")),
    Step("of nothing", 60, _say("r2", _restore("r-2", "shop.files.full.never", ""))),
    Step("a restore test", 60, _say("t1", RestoreTestDue(service="shop"))),
    Step("from the other region", HOUR, _say("t2", RestoreTestDue(service="shop"))),
    Step("a new key, by which one is wrapped", 60, _asked("rewrap", f"backups/{_id('files', 'often', 2)}"), lambda w: rotate(w, NEW_KEY, KEY)),
    Step("what is late by now is told", 60, _say("k0", BackupWatchDue())),
    Step("that key is gone: it is told as well", HOUR, _say("k1", BackupWatchDue()), lambda w: rotate(w, KEY)),
    Step("it is back: all is well again", 60, _say("k2", BackupWatchDue()), lambda w: rotate(w, NEW_KEY, KEY)),
    Step("an old dump is found damaged", 60, _asked("verify", f"backups/{_id('dump', 'full', 6)}"), lambda w: _damage_of(w, 6)),
    Step("two half copies make two whole ones", 60, _to_mend, _half_rotten),
    Step("somebody pins one", 60, _say("p1", PruneDue()), _pin),
    Step("three days later much is late", 3 * DAY, _say("w1", BackupWatchDue())),
    Step("files", HOUR, _say("c1", _due("files", "full"))),
    Step("dump", HOUR, _say("c2", _due("dump", "full"))),
    Step("media, where rubbish lies", HOUR, _say("c4", _due("media", "full")), _rubbish),
    Step("a day later: files", DAY, _say("d1", _due("files", "full"))),
    Step("dump again", HOUR, _say("d2", _due("dump", "full"))),
    Step("it is well again", 60, _say("w2", BackupWatchDue())),
    Step("a third day: files", DAY, _say("e1", _due("files", "full"))),
    Step("a dump, while an old one is locked", HOUR, _say("e2", _due("dump", "full")), _hold),
    Step("it is looked at in vain", 60, _say("e3", PruneDue())),
    Step("and tried again", DAY + HOUR, _say("e4", MinutePassed()), _release),
    Step("a run is lost", HOUR, _say("e5", BackupWatchDue()), _abandon),
    Step("and ended", 3 * HOUR, _say("e6", BackupWatchDue())),
    Step("somebody asks for one, and it succeeds", HOUR, _asked("take", "backups/shop/files/full")),
)  # fmt: skip

LATER = (
    Step("files are recovered after all", 60, _say("r3", _restore("r-3", _id("files", "often", 2), "", bucket="target-2"))),
    Step("somebody pins a backup of files", 60, _say("p2", BackupWatchDue()), lambda w: _set_pinned(w, pinned=True)),
    Step("others come after it", DAY, _say("l1", _due("files", "full"))),
    Step("and one more", DAY, _say("l2", _due("files", "full"))),
    Step("and one more again", DAY, _say("l3", _due("files", "full"))),
    Step("it is unpinned: the calendar removes it", HOUR, _say("p3", PruneDue()), lambda w: _set_pinned(w, pinned=False)),
)  # fmt: skip
"""What crash points need not try once more; told after `STEPS`."""


def _rotten_at_its_end(world: Any) -> None:
    """The last part of the first region's copy of files, so that others are loaded before it."""
    prefix = _newest(world, "files", "full").prefix
    primary = world.buckets("primary")
    rot(primary, max(info.name for info in primary.list(prefix + "parts/")))


FALLBACK = (
    STEPS[0],
    Step("a recovery whose first copy is rotten", HOUR, _say("f1", _restore("f-1", _id("files", "full", 1), "tokyo", bucket="target")), _rotten_at_its_end),
)  # fmt: skip
"""A story of its own: it goes on with the next copy."""


def _set_pinned(world: Any, *, pinned: bool) -> None:
    """Pin the newest backup of files, or unpin whatever of files is pinned."""
    found = [decode(Backup, s.data) for s in world.memory.query(Query("backups"))]
    backup = (
        _newest(world, "files", "full")
        if pinned
        else next(b for b in found if b.source == "files" and b.pinned)
    )
    backup.pinned, backup.pinned_by = pinned, "aoki" if pinned else ""
    change(world, backup)


def _damage_of(world: Any, hours: int) -> None:
    backup = decode(Backup, world.memory.get([Backup.key(_id("dump", "full", hours))])[0].data)
    for bucket in ("primary", "second"):
        rot(world.buckets(bucket), [*world.buckets(bucket).list(backup.prefix + "parts/")][1].name)


# --- what there is at the end ------------------------------------------------------------------

_ATTEMPT = re.compile(r"(parts|index)/a\d+/")
VOLATILE = frozenset((
    "bytes", "started_at", "finished_at", "snapshot_at", "verified_at", "deleted_at", "passed_at", "since",
    "unchanged_at", "verified_snapshot_at", "requested_at", "touched_at", "starts_at", "tries", "step",
    "wrapped_key", "wrapped", "began_at", "read_at", "spans", "seconds", "attempt", "done", "stage_at", "summary", "newest_slot_at",
    "entries", "index", "time", "reason", "timeline", "title", "snapshot", "duration", "took",
))  # fmt: skip


class Plain:
    """Opens what lies in buckets; remembers what it has opened."""

    def __init__(self) -> None:
        self._known: dict[bytes, Any] = {}

    def of(self, world: Any) -> dict[str, Any]:
        """Every object by name: its size, and for a manifest what it stands for, decrypted."""
        found: dict[str, Any] = {}
        for bucket in ("primary", "second", "target", "staging"):
            for info in list(world.buckets(bucket).list()):
                name = _ATTEMPT.sub(r"\1/a#/", info.name)
                assert f"{bucket}/{name}" not in found, f"stored under two names: {name}"
                is_manifest = name.endswith(layout.MANIFEST)
                is_index = "/index/" in name
                found[f"{bucket}/{name}"] = "" if is_manifest or is_index else info.size
                if is_manifest:
                    found[f"{bucket}/{name}"] = self._opened(world, bucket, info.name)
        for bucket in ("target", "staging"):
            for info in list(world.buckets(bucket).list()):
                found[f"{bucket}/{info.name}"] = info.crc32c
        return found

    def _opened(self, world: Any, bucket: str, name: str) -> str:
        folder = name.removesuffix(layout.MANIFEST)
        objects = world.buckets(bucket)
        key = hashlib.sha256(objects.read(name))
        key.update("".join(secrets_of(world).values("BACKUP_KEY")).encode())
        for needed in [folder, *self._needed(objects.read(name), name)]:
            for info in objects.list(needed):
                key.update(f"{info.name} {info.size} {info.crc32c}\n".encode())
        mark = key.digest()
        if mark not in self._known:
            self._known[mark] = self._open(world, bucket, folder)
        return str(self._known[mark])

    @staticmethod
    def _needed(data: bytes, name: str) -> list[str]:
        try:
            manifest = peek(data, name=name)
        except Damaged:
            return []
        return [
            layout.prefix(manifest.service, manifest.source, id.split(".")[2], id)
            for id in manifest.needs
        ]

    @staticmethod
    def _open(world: Any, bucket: str, folder: str) -> str:
        resources = resources_of(world)
        try:
            opened = CopyOpener(resources).open(folder, bucket, "secret:BACKUP_KEY")
            digest = hashlib.sha256()
            held = resources.format(opened.manifest.kind).object_refs(opened.stream())
            for one in held:
                digest.update(f"{one.name} {one.size}".encode())
                for data in opened.fetch(one):
                    digest.update(data)
            for data in opened.stream():
                digest.update(_timeless(data))
        except Exception as error:  # noqa: BLE001 some are damaged in the story
            return f"{type(error).__name__}"
        return digest.hexdigest()


def _timeless(data: bytes) -> bytes:
    return re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+Z", b"TIME", data)


def secrets_of(world: Any) -> VaultSecrets:
    """The secrets as the functions have them now."""
    return VaultSecrets(MemorySecrets(SECRETS), world.buckets(VAULT))


def resources_of(world: Any) -> SmallResources:
    """Resources without faults."""
    return SmallResources(
        store=world.memory,
        secrets=secrets_of(world),
        buckets=world.buckets,
        scratch=Path("/nonexistent"),
        environ={},
    )


def observe(plain: Plain) -> Callable[[Any], dict[str, Mapping[str, Any]]]:
    """What the buckets hold, and everything that should have come to an end and has not."""

    def look(world: Any) -> dict[str, Mapping[str, Any]]:
        now = world.clock.now()
        open_ends = {}
        for collection in ("backup_jobs", "restores"):
            for found in world.memory.query(Query(collection)):
                until = found.data.get("lease_until")
                if until is not None:
                    open_ends[f"{collection}/{found.key.id}"] = (
                        "under a lease" if until < now else ""
                    )
        order = dict.fromkeys(world.order, "")
        return {"objects": plain.of(world), "open ends": open_ends, "order": order}

    return look


BACKUPS = Story(
    STEPS,
    world,
    (
        "parked", "backups", "backup_jobs", "backup_key_looks", "backup_series", "backup_watches",
        "restores", "restore_records", "alerts", "audits",
    ),
    functions=FUNCTIONS,
    observe=observe(Plain()),
    volatile=VOLATILE,
    steps_vary=True,
)  # fmt: skip

__all__ = ["BACKUPS", "Key"]
