"""
Comparing the objects in a bucket with the manifest, and repairing them from another bucket.

The manifest decides, and the stream that it describes names the objects besides it. Only what
matches is copied, what matches is never replaced, and what does not is replaced only by what does.
Any copy may repair any other, even one that is damaged elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import google_crc32c

from toban.backups.catalogue.manifest import Manifest, entries
from toban.backups.catalogue.readback import fetch_from, read_stream
from toban.backups.storage import layout
from toban.backups.storage.sealing import BackupLocation
from toban.ports import Stale, Unavailable
from toban.ports.backup import Bucket, Damaged, Format, ObjectInfo, ObjectRef

RANGE = 4 * 1024 * 1024
"""How much of an object without a limit is in memory while it is read."""


@dataclass(frozen=True)
class CopySide:
    """One copy of a backup in a repair: the one repaired, or one to repair from."""

    location: BackupLocation
    suspect: bool = False
    """Damage was found in it: what its bucket says of an object is not enough, it is read."""

    @property
    def bucket(self) -> Bucket:
        """Return the bucket of the copy."""
        return self.location.bucket


@dataclass(frozen=True)
class ExpectedObject:
    """An object as it must be; one without a `crc32c` has to be read to be checked."""

    name: str
    size: int
    crc32c: int | None = None
    sha256: str = ""

    def fits(self, info: ObjectInfo) -> bool:
        """Return whether the bucket's description matches."""
        return info.size == self.size and self.crc32c in (None, info.crc32c)

    def is_right(self, side: CopySide, info: ObjectInfo | None) -> bool:
        """Return whether the object under its name is what it must be."""
        if info is None or not self.fits(info):
            return False
        if self.crc32c is not None and not side.suspect:
            return True
        with suppress(Damaged, KeyError):
            for _ in self.content(side.bucket, info):
                pass
            return True
        return False

    def content(self, bucket: Bucket, info: ObjectInfo) -> Iterator[bytes]:
        """Yield its bytes, the last only when all were right; raises `Damaged`, `KeyError`."""
        digest, crc, last = hashlib.sha256(), 0, b""
        for start in range(0, info.size, RANGE):
            if last:
                yield last
            end = min(start + RANGE, info.size)
            last = bucket.read(info.name, start=start, end=end, generation=info.generation)
            crc = google_crc32c.extend(crc, last)
            digest.update(last)
        right = self.crc32c in (None, crc) and self.sha256 in ("", digest.hexdigest())
        if not right:
            raise Damaged(f"{bucket.name}/{info.name}: is not what the manifest lists")
        if last:
            yield last


class _Listing:
    """Objects of one folder, asked for in the order of their names: a page of them is one call."""

    def __init__(self, bucket: Bucket, folder: str) -> None:
        self._bucket, self._folder = bucket, folder
        self._found: Iterator[ObjectInfo] | None = None
        self._next: ObjectInfo | None = None

    def at(self, name: str) -> ObjectInfo | None:
        """The object of that name, as it was listed; None: there was none."""
        try:
            if self._found is None:
                # From just before the first name that is asked for: a step goes on in the middle.
                self._found = self._bucket.list(self._folder, name[:-1] + chr(ord(name[-1]) - 1))
                self._next = next(self._found, None)
            while self._next is not None and self._next.name < name:
                self._next = next(self._found, None)
        except Unavailable:
            self._found = None
            raise
        return self._next if self._next is not None and self._next.name == name else None


class CopyRepair:
    """The repair of one copy of a backup from the others."""

    def __init__(
        self, manifest: Manifest, target: CopySide, sources: Sequence[CopySide], form: Format | None
    ) -> None:
        """`sources`: the best first; `form`: of its kind, where objects lie beside the stream."""
        self.manifest = manifest
        self.target = target
        self.sources = sources
        self._form = form
        self._parts_folder = f"{manifest.prefix}parts/a{manifest.attempt}/"
        self._listings: dict[str, _Listing] = {}

    def objects(self) -> Iterator[ExpectedObject | ObjectRef]:
        """
        Yield every object of the backup but the manifest, always in the same order.

        Each is to be repaired before the next is taken, because later ones are known from
        earlier ones. Raises `Damaged` for a list of parts that is not what the manifest
        says.
        """
        prefix = self.manifest.prefix
        for part in self.manifest.index:
            yield ExpectedObject(prefix + part.name, part.size, sha256=part.sha256)
        for entry in entries(self.manifest, self.target.bucket.read):
            yield ExpectedObject(prefix + entry.name, entry.size, entry.crc32c, entry.sha256)
        if self._form is None or not self.manifest.object_totals.objects:
            return
        for ref in self._form.object_refs(read_stream(self.target.location, self.manifest)):
            if ref.backup_id != self.manifest.backup_id:
                continue
            if ref.copied:
                yield ExpectedObject(prefix + ref.name, ref.size, ref.crc32c)
            else:
                yield ref

    def mend(self, thing: ExpectedObject | ObjectRef) -> int:
        """
        Repair an object of the target; return how many bytes it has.

        Raises `Damaged` when no copy has it right, `Unavailable` when one that may have it
        could not be read, and `toban.ports.backup.DeleteBlocked` when it must not be
        replaced.
        """
        if isinstance(thing, ExpectedObject):
            if not thing.is_right(self.target, self._look(self.target, thing)):
                self._fetch(thing)
            return thing.size
        self._mend_sealed(thing)
        return thing.size

    def _look(self, side: CopySide, wanted: ExpectedObject) -> ObjectInfo | None:
        if not wanted.name.startswith(self._parts_folder):
            return side.bucket.stat(wanted.name)
        name = side.bucket.name
        if name not in self._listings:
            self._listings[name] = _Listing(side.bucket, self._parts_folder)
        return self._listings[name].at(wanted.name)

    def _fetch(self, wanted: ExpectedObject) -> None:
        def take(source: CopySide) -> bool:
            info = self._look(source, wanted)
            if info is None or not self._put(wanted, source, info):
                # What was listed may be older than what lies there now.
                info = source.bucket.stat(wanted.name)
                return info is not None and self._put(wanted, source, info)
            return True

        self._from_any(take, wanted.name)

    def _put(self, wanted: ExpectedObject, source: CopySide, info: ObjectInfo) -> bool:
        return wanted.fits(info) and replace(wanted, source.bucket, self.target.bucket, info)

    def _from_any(self, take: Callable[[CopySide], bool], name: str) -> None:
        outage: Unavailable | None = None
        for source in self.sources:
            try:
                if take(source):
                    return
            except Unavailable as error:
                outage = outage or error
        if outage is not None:
            raise outage
        where = ", ".join(side.bucket.name for side in (self.target, *self.sources))
        raise Damaged(f"{name} is whole nowhere ({where}): it is left as it is")

    # --- objects beside the stream that are sealed in parts of their own -------------------------

    def _mend_sealed(self, ref: ObjectRef) -> None:
        """
        The manifest does not list these parts: what the stream says of their content decides.

        Of two copies that are the same and not suspect none has to be read.
        """
        here = self._parts(self.target, ref)
        if here and not self.target.suspect and self._same_elsewhere(here, ref):
            return
        if here and _is_whole(self.target, ref):
            return

        def take(source: CopySide) -> bool:
            there = self._parts(source, ref)
            # What replaces something, or comes from where damage was found, is read before.
            if not there or ((here or source.suspect) and not _is_whole(source, ref)):
                return False
            for name, info in there.items():
                known = here.get(name)
                if known is not None and not self.target.suspect and _alike(known, info):
                    continue
                part = ExpectedObject(name, info.size, info.crc32c)
                if not replace(part, source.bucket, self.target.bucket, info):
                    return False
            for name in here.keys() - there.keys():
                self.target.bucket.delete(name)
            return True

        self._from_any(take, self.manifest.prefix + ref.name)

    def _parts(self, side: CopySide, ref: ObjectRef) -> dict[str, ObjectInfo]:
        folder = f"{self.manifest.prefix}{ref.name}/"
        return {info.name: info for info in side.bucket.list(folder)}

    def _same_elsewhere(self, here: dict[str, ObjectInfo], ref: ObjectRef) -> bool:
        for source in self.sources:
            if source.suspect:
                continue
            with suppress(Unavailable):
                there = self._parts(source, ref)
                if here.keys() == there.keys() and all(_alike(here[n], there[n]) for n in here):
                    return True
        return False

    # --- the end ---------------------------------------------------------------------------------

    def finish(
        self, data: bytes, beat: Callable[[], None], is_right: Callable[[bytes], bool]
    ) -> None:
        """
        Remove extra objects, and write the manifest, once every object is right.

        `data` is the authenticated manifest; one that is there and `is_right` stays. Raises
        `DeleteBlocked`, and `Unavailable` when somebody else has replaced it meanwhile.
        """
        bucket, prefix = self.target.bucket, self.manifest.prefix
        index = {ref.name for ref in self.manifest.index}
        for folder in ("parts/", "index/"):
            for info in bucket.list(prefix + folder):
                beat()
                rest = info.name.removeprefix(prefix)
                number = layout.parse_part(rest)
                listed = number is not None and (
                    number[0] == self.manifest.attempt and number[1] <= self.manifest.total_parts
                )
                if not listed and rest not in index:
                    bucket.delete(info.name)  # in no manifest: an attempt that died had left it
        self._complete_beside(beat)
        name = prefix + layout.MANIFEST
        found = bucket.stat(name)
        if found is None:
            bucket.create(name, data, "application/json")
            return
        try:
            there = bucket.read(name, generation=found.generation)
            if there != data and not is_right(there):
                bucket.upload(name, [data], "application/json", over=found.generation)
        except (KeyError, Stale) as error:
            raise Unavailable(f"{bucket.name}/{name}: was replaced meanwhile") from error

    def _complete_beside(self, beat: Callable[[], None]) -> None:
        """
        Content that nothing refers to (its object changed before a dead step was gone on with).

        The manifest only counts it, and nobody reads it. It is taken from a copy that has as much
        as the manifest says, if there is one, and never instead of something that is there.
        """
        totals = (self.manifest.object_totals.objects, self.manifest.object_totals.bytes)
        if _beside(self.target, self.manifest, beat) == totals:
            return
        folder = self.manifest.prefix + layout.OBJECTS
        outage: Unavailable | None = None
        for source in self.sources:
            try:
                if _beside(source, self.manifest, beat) != totals:
                    continue
                for info in source.bucket.list(folder):
                    beat()
                    with suppress(Damaged, KeyError):
                        self.target.bucket.copy(source.bucket, info.name, info.name)
            except Unavailable as error:
                outage = outage or error
            else:
                return
        if outage is not None:
            raise outage


def replace(wanted: ExpectedObject, source: Bucket, target: Bucket, info: ObjectInfo) -> bool:
    """
    Replace the target's object by the source's; return False when that is not right either.

    Nothing is removed first: the old object stays until the new one was read and is right.
    """
    with suppress(Damaged, KeyError):
        made = None
        if wanted.crc32c is not None:
            made = target.copy(source, wanted.name, wanted.name, info.generation)
        if made is not None:
            if wanted.fits(made):
                return True
            target.delete(wanted.name)
            return False
        found = target.upload(
            wanted.name,
            wanted.content(source, info),
            info.content_type,
            info.metadata,
            info.headers,
        )
        return wanted.fits(found)
    return False


def _alike(one: ObjectInfo, other: ObjectInfo) -> bool:
    return (one.size, one.crc32c) == (other.size, other.crc32c)


def _is_whole(side: CopySide, ref: ObjectRef) -> bool:
    """Whether a sealed object can be read and is what the stream says."""
    try:
        for _ in fetch_from(lambda _: side.location)(ref):
            pass
    except Damaged:
        return False
    return True


def _beside(side: CopySide, manifest: Manifest, beat: Callable[[], None]) -> tuple[int, int]:
    objects = size = 0
    for info in side.bucket.list(manifest.prefix + layout.OBJECTS):
        beat()
        objects += 1
        size += info.size
    return objects, size
