"""Writing the objects of a backup into a bucket."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from toban.ports import Stale
from toban.ports.backup import (
    Bucket,
    ContentQuestion,
    DeleteBlocked,
    Fetch,
    ObjectInfo,
    OnDisk,
    Room,
    TargetFailed,
)
from toban.sources import inventory
from toban.sources.inventory import InventoryHeader, InventoryRecord
from toban.sources.patterns import Exclusion, flag, is_wanted, only_of
from toban.sources.side_by_side import side_by_side

MARK: Final = "toban-restore-test"
"""In the metadata of every object that a restore test wrote: for which one. Only these are removed."""


class BucketTarget:
    """
    Objects get the names they had, below `prefix`, where nothing may be when loading begins, unless
    `overwrite`. Then what is there with the same content and description is left; what is there and
    not in the backup is left as well, unless `mirror`.
    """

    def __init__(
        self,
        bucket: Bucket,
        *,
        prefix: str = "",
        mirror: bool = False,
        overwrite: bool = False,
        test: str = "",
        only: Sequence[str] = (),
    ) -> None:
        """
        `test`: for which restore test; what it writes below `prefix` is marked, and removed again.
        `only`: names of objects, and prefixes (which end with ``*`` or ``/``); empty: everything.
        """
        if mirror and only:
            raise ValueError("`mirror` would remove what `only` leaves out")
        self._only = tuple(only)
        self._bucket = bucket
        self._prefix = prefix
        self._mirror = mirror
        self._overwrite = overwrite or mirror
        self._test = test

    @classmethod
    def of(cls, options: Mapping[str, object], bucket: Bucket) -> BucketTarget:
        """
        By a request's or a profile's options.

        ``prefix``: before every name. ``overwrite``: other objects may lie there. ``mirror``: the
        same, and remove what the backup does not hold (of what it could hold: below its prefix, not
        excluded). ``only``: names and prefixes, separated by commas. ``staging``: the profile's bucket for restore tests; every restore
        (``restore_id``) has a folder of its own there. ``purpose``: ``test``, to be removed again.
        """
        prefix = str(options.get("prefix") or "")
        restore = str(options.get("restore_id") or "")
        if flag(options.get("staging")):
            if not restore:
                raise ValueError("a staging target is for one restore (restore_id)")
            prefix = f"{prefix}{restore}/"
        return cls(
            bucket,
            prefix=prefix,
            mirror=flag(options.get("mirror")),
            overwrite=flag(options.get("overwrite")),
            test=restore if options.get("purpose") == "test" else "",
            only=only_of(options),
        )

    @property
    def resumable(self) -> bool:
        """See `toban.ports.backup.Target`; a mirror has to see all names from the first on."""
        return not self._mirror

    @property
    def identity(self) -> str:
        """See `toban.ports.backup.Target`: the bucket, whatever the prefix."""
        return inventory.identity(self._bucket)

    def refusal(self) -> str:
        """See `toban.ports.backup.Target`."""
        if self._overwrite:
            return ""
        there = next((i for i in self._bucket.list(self._prefix) if not self._is_ours(i)), None)
        if there is None:
            return ""
        where = f"below {self._prefix!r}" if self._prefix else "without a prefix"
        return (
            f"the bucket {self._bucket.name} holds other objects {where} ({there.name[:200]!r}):"
            " nothing was written. Name an empty prefix (prefix=…/) or another bucket, or say that"
            " they may be overwritten (overwrite=true)"
        )

    def room(self) -> Room | None:
        """See `toban.ports.backup.Measured`: a bucket in the cloud has no limit, a directory has one."""
        free = self._bucket.free_bytes() if isinstance(self._bucket, OnDisk) else None
        return None if free is None else Room(free, f"bucket {self._bucket.name}")

    def prepare(self, *, fresh: bool) -> None:
        """See `toban.ports.backup.Target`. What an attempt wrote that goes on is left for it."""
        if fresh and (refused := self.refusal()):
            raise TargetFailed(refused, retryable=False)

    def load(self, parts: Iterator[bytes], fetch: Fetch) -> Iterator[int]:
        """See `toban.ports.backup.Target`."""
        there: _There | None = None
        ended = False
        for part in parts:
            found = inventory.lines([part])
            first = next(found, None)
            if isinstance(first, InventoryHeader):
                there = _There(self._bucket, self._prefix, "", first if self._mirror else None)
                first = next(found, None)
            if isinstance(first, InventoryRecord) and there is None:
                there = _There(self._bucket, self._prefix, first.name[:-1], None)
            lines = list(itertools.chain([first] if first is not None else [], found))
            records = [
                line
                for line in lines
                if isinstance(line, InventoryRecord) and is_wanted(line.name, self._only)
            ]
            ended = any(isinstance(line, inventory.InventoryEnd) for line in lines)
            if there is not None:
                pairs = ((record, there.at(record.name)) for record in records)
                for _ in side_by_side(lambda pair: self._write(*pair, fetch), pairs):
                    pass
                if ended:
                    there.finish()
            yield len(records)
        if not ended:
            raise TargetFailed("the inventory has no end", retryable=False)
        for word in self._only:
            if not any(
                is_wanted(i.name.removeprefix(self._prefix), [word]) for i in self._below(word)
            ):
                raise TargetFailed(f"the backup holds no {word!r}", retryable=False)

    def _below(self, word: str) -> Iterator[ObjectInfo]:
        return iter(self._bucket.list(self._prefix + word.removesuffix("*")))

    def counts(self) -> dict[str, int]:
        """Return what lies below the prefix: ``objects`` and ``bytes``."""
        counts = {"objects": 0, "bytes": 0}
        for info in self._bucket.list(self._prefix):
            counts["objects"] += 1
            counts["bytes"] += info.size
        return counts

    def ask(self, questions: Sequence[ContentQuestion]) -> list[str]:
        """The query is an object's name in the backup; the answer its size, or ``missing``."""
        answers = []
        for question in questions:
            info = self._bucket.stat(self._prefix + question.query)
            answers.append("missing" if info is None else str(info.size))
        return answers

    def discard(self) -> None:
        """See `toban.ports.backup.Target`; objects that others put there, or replaced, are left."""
        others = ""
        for info in self._bucket.list(self._prefix) if self._test else ():
            if self._is_ours(info):
                self._bucket.delete(info.name)
            else:
                others = others or info.name
        if others:
            raise TargetFailed(
                f"{self._bucket.name}: somebody else wrote {others[:200]!r} there: it was left",
                retryable=False,
            )

    def release(self) -> None:
        """See `toban.ports.backup.Target`: a recovery marks nothing."""

    def _may_be_ours(self, there: ObjectInfo, record: InventoryRecord) -> bool:
        """Whether this same restore may have written an object before its process died."""
        same = (there.size, there.crc32c) == (record.size, record.crc32c)
        return same or self._is_ours(there)

    def _is_ours(self, info: ObjectInfo) -> bool:
        return bool(self._test) and info.metadata.get(MARK) == self._test

    def _write(self, record: InventoryRecord, there: ObjectInfo | None, fetch: Fetch) -> None:
        # A recovery leaves no mark, not even one that was in the backup.
        metadata = {k: v for k, v in record.metadata.items() if k != MARK}
        if self._test:
            metadata[MARK] = self._test
        if there is not None and _equal(record, metadata, there):
            return
        name = self._prefix + record.name
        if there is not None and not (self._overwrite or self._may_be_ours(there, record)):
            raise TargetFailed(
                f"{self._bucket.name}: somebody else wrote {name[:200]!r} there meanwhile",
                retryable=False,
            )
        try:
            written = self._bucket.upload(
                name,
                fetch(record.ref),
                record.content_type,
                metadata,
                record.headers,
                over=there.generation if there is not None else 0,
            )
        except Stale as error:
            # Perhaps by ourselves, when the answer was lost: the next attempt looks again. Else a
            # holder that stood still would undo what the application wrote since.
            now = self._bucket.stat(name)
            if now is not None and _equal(record, metadata, now):
                return
            raise TargetFailed(
                f"{self._bucket.name}: {name[:200]!r} has changed meanwhile", retryable=True
            ) from error
        except ValueError as error:
            raise TargetFailed(
                f"{self._bucket.name} cannot hold {name!r}: {error}", retryable=False
            ) from error
        except DeleteBlocked as error:
            raise TargetFailed(f"{name!r} cannot be replaced: {error}", retryable=False) from error
        if (written.size, written.crc32c) != (record.size, record.crc32c):
            raise TargetFailed(f"{name!r} did not arrive as it was sent", retryable=True)


class _There:
    """What the target holds already, read along with the inventory: both are in one order."""

    def __init__(
        self, bucket: Bucket, prefix: str, after: str, mirrored: InventoryHeader | None
    ) -> None:
        """`mirrored`: what the inventory may speak of; None: nothing is ever removed."""
        self._bucket = bucket
        self._prefix = prefix
        self._mirrored = mirrored
        self._excluded = Exclusion(mirrored.exclude if mirrored else ())
        self._found = iter(bucket.list(prefix, prefix + after if after else ""))
        self._next = next(self._found, None)

    def at(self, name: str) -> ObjectInfo | None:
        """What there is under a name of the inventory; names come in order."""
        full = (self._prefix + name).encode()
        while self._next is not None and self._next.name.encode() < full:
            self._pass()
        if self._next is None or self._next.name.encode() != full:
            return None
        info, self._next = self._next, next(self._found, None)
        return info

    def finish(self) -> None:
        """What comes after the last name."""
        while self._mirrored is not None and self._next is not None:
            self._pass()

    def _pass(self) -> None:
        """Go on to the next, over one that the inventory does not know."""
        assert self._next is not None
        name = self._next.name.removeprefix(self._prefix)
        header = self._mirrored
        if header is not None and name.startswith(header.prefix) and not self._excluded(name):
            self._bucket.delete(self._next.name)
        self._next = next(self._found, None)


def _equal(record: InventoryRecord, metadata: Mapping[str, str], there: ObjectInfo) -> bool:
    """Whether an object is there as it was; some buckets name a type where none was given."""
    return (
        (there.size, there.crc32c) == (record.size, record.crc32c)
        and (not record.content_type or there.content_type == record.content_type)
        and dict(there.metadata) == metadata
        and there.headers == record.headers
    )
