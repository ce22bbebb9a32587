"""
What backups need from the outside: buckets, keys, sources to read, targets to load.

Adapters live in ``adapters/local`` and ``adapters/google`` (buckets, keys) and
``adapters/sources`` (one module per kind of data: reading it, checking it, loading it back).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from toban.ports import PortError

# --- buckets ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object as its bucket describes it; `crc32c` is what the *bucket* computed or keeps."""

    name: str
    size: int
    crc32c: int
    generation: int
    """Changes whenever the object's content is written anew."""
    content_type: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """
    What else it is served with: ``Cache-Control``, ``Content-Disposition``, ``Content-Encoding``,
    ``Content-Language``. Without its encoding a compressed web page is noise to a browser.
    """


class Bucket(Protocol):
    """
    Named byte objects. Thread-safe. Every method may raise `toban.ports.Unavailable`.

    What backups write is created once and deleted once; only `upload` (loading data back into a
    bucket) replaces.
    """

    @property
    def name(self) -> str:
        """The bucket's name."""
        ...

    def create(
        self,
        name: str,
        data: bytes,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo | None:
        """Store at most 8 MiB in one request; None when the name exists (left as it is)."""
        ...

    def stat(self, name: str, generation: int | None = None) -> ObjectInfo | None:
        """The object's description (of one generation, where the bucket keeps several)."""
        ...

    def read(
        self,
        name: str,
        *,
        start: int = 0,
        end: int | None = None,
        generation: int | None = None,
    ) -> bytes:
        """Bytes ``start`` to ``end`` (exclusive); raises `KeyError` when there is no such object.

        With `generation`: `KeyError` as well when that generation is gone.
        """
        ...

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        """Objects in the order of their names' UTF-8 bytes, after (not including) `after`; paged as it goes."""
        ...

    def copy(
        self, source: Bucket, name: str, to: str, generation: int | None = None
    ) -> ObjectInfo | None:
        """
        Copy an object from `source` into this bucket as `to`, server-side where both allow it.

        The result's size and crc32c have been compared with the source's. None when `to` exists
        already; `KeyError` when the object (or that generation) is gone.
        """
        ...

    def upload(
        self,
        name: str,
        data: Iterable[bytes],
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        """Write an object of any size, replacing what is there; memory stays bounded."""
        ...

    def delete(self, name: str) -> None:
        """
        Remove; no error when there is none.

        Raises `DeleteBlocked` when a hold or retention policy forbids it.
        """
        ...


class DeleteBlocked(PortError):
    """The bucket refuses to delete (retention policy, hold): expected of locked copies."""


# --- keys ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key that only the holder of `key_id` can unwrap."""

    key_id: str
    """Which key wrapped it: a Cloud KMS crypto key *version*, or a fingerprint of a local key."""
    wrapped: bytes


class KeyUnavailable(PortError):
    """The key is configured but cannot be used. Nothing is ever written unencrypted instead."""


class Keys(Protocol):
    """Wraps and unwraps data keys (envelope encryption)."""

    def wrap(self, data_key: bytes, context: bytes) -> WrappedKey:
        """Wrap 32 bytes; `context` (additional authenticated data) must be given again."""
        ...

    def unwrap(self, key: WrappedKey, context: bytes) -> bytes:
        """The data key; raises `KeyUnavailable` (also for a wrong context or a tampered key)."""
        ...


# --- sources ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spec:
    """A source or target as the profile describes it: `options` are the keys of its section."""

    kind: str
    """``firestore``, ``bucket``, ``postgres``, ``redis``, ``configuration``, ``logs``, …"""
    options: Mapping[str, object] = field(default_factory=dict)


class SourceFailed(PortError):
    """Reading ended before everything was read; what was read does not count."""

    def __init__(self, reason: str, *, again: bool) -> None:
        """`again`: whether trying once more may help."""
        super().__init__(reason)
        self.again = again


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the source's stream, at most 1 MiB."""

    data: bytes
    cursor: str | None = None
    """Where reading can go on after this piece; None: not here."""
    items: int = 0
    """Documents, objects, keys, files that end in this piece."""
    ends_part: bool = False
    """
    Store what was read so far (needs a cursor): reaching this took long, as when much was put
    beside the stream.
    """


@dataclass(frozen=True, slots=True)
class Base:
    """An earlier backup of the same source, for one that holds only what changed since."""

    backup_id: str
    pieces: Callable[[], Iterator[bytes]]
    """Its plain stream from the beginning."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Content that was put beside the stream, sealed like a part of it."""

    name: str
    """Below the backup's prefix; given to `Fetch` to read it again."""
    plain_bytes: int
    plain_sha256: str
    plain_crc32c: int


class Beside(Protocol):
    """Where a source keeps whole objects beside its stream (everything below ``objects/``)."""

    @property
    def bucket(self) -> Bucket:
        """For server-side copies, to names that begin with `prefix`; these are not sealed."""
        ...

    @property
    def prefix(self) -> str:
        """Ends with ``/objects/``."""
        ...

    def put(self, name: str, data: Iterator[bytes]) -> Kept:
        """
        Compress, encrypt and store content of any size under `name` (plain segments with ``/``).

        Done again after a crash it finds what is there already and stores nothing twice.
        """
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """For which backup a source is read."""

    backup_id: str
    beside: Beside
    base: Base | None = None
    """Set: hold only what differs from it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the source that a run reads; kept in the run's checkpoint as it is."""

    at: datetime
    """What was committed before this is contained."""
    token: Mapping[str, str] = field(default_factory=dict)
    """Whatever the source needs to go on in another process."""
    ready: bool = True
    """False: an export is under way on the other side; ask again in a while."""
    fingerprint: str = ""
    """Equal to that of an earlier snapshot: nothing changed (empty: the source cannot tell)."""
    tools: Mapping[str, str] = field(default_factory=dict)
    """Versions of what made it: server, pg_dump, …"""


class Source(Protocol):
    """Something to be backed up."""

    @property
    def resumable(self) -> bool:
        """Whether `read` can go on from a cursor; else a new attempt reads from the beginning."""
        ...

    @property
    def identity(self) -> str:
        """Which data this is, without secrets: compared with a target's before loading."""
        ...

    def begin(self, run: Run, before: Snapshot | None, now: datetime) -> Snapshot:
        """
        Fix the state to be read. Called again with what it returned while that is not `ready`.

        Raises `SourceFailed`. Must be harmless when repeated (the process may die after it).
        """
        ...

    def read(self, run: Run, snapshot: Snapshot, cursor: str) -> Iterator[Piece]:
        """
        The stream from `cursor` (empty: the beginning).

        Ending normally says that everything was read and the source vouched for it (exit code,
        checksum, end mark); anything else raises `SourceFailed`.
        """
        ...

    def end(self, run: Run, snapshot: Snapshot) -> None:
        """Remove what `begin` left on the other side. Harmless when repeated."""
        ...


class Damaged(PortError):
    """Stored data is not what was written; the text names the object and what is wrong."""


class FormatUnchecked(PortError):
    """The tool that could read this is not here (no ``pg_restore`` in this image)."""


@dataclass(frozen=True, slots=True)
class Held:
    """An object beside a stream, as the stream says it must be."""

    backup_id: str
    """Which backup holds it: the stream's own, or an earlier one that it builds on."""
    name: str
    """Below that backup's prefix."""
    copied: bool
    """True: a server-side copy (`size` and `crc32c` are the object's own). False: sealed."""
    size: int
    crc32c: int


Fetch = Callable[[Held], Iterator[bytes]]
"""Plain content of an object beside a stream; raises `Damaged` when it is not what was stored."""


class Format(Protocol):
    """What the stream of one kind of source must look like."""

    def check(self, pieces: Iterator[bytes], fetch: Fetch) -> dict[str, int]:
        """
        Read a whole plain stream and what lies beside it; the counts found, as
        ``{"documents": 12, "bytes": 3}``.

        Raises `Damaged`, `toban.ports.Unavailable` or `FormatUnchecked`.
        """
        ...

    def held(self, pieces: Iterator[bytes]) -> Iterator[Held]:
        """What must lie beside the stream, in this backup's bucket; mostly nothing."""
        ...


# --- targets ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """A content query of a restore test: `expect` is compared with the answer as text."""

    query: str
    expect: str
    """A value, or a bound as ``>= 10``; empty: any answer will do."""


class Target(Protocol):
    """Where a backup is loaded."""

    @property
    def resumable(self) -> bool:
        """Whether loading can go on at a part boundary; else it starts over from the beginning."""
        ...

    @property
    def identity(self) -> str:
        """Which data this replaces, comparable with `Source.identity`."""
        ...

    def prepare(self, *, fresh: bool) -> None:
        """Make the target ready; `fresh`: remove what an earlier attempt of ours left there."""
        ...

    def load(self, parts: Iterator[bytes], fetch: Fetch) -> Iterator[int]:
        """
        Load plain parts in order, yielding the items of each once they are durable there.

        Ending normally means that everything was loaded and accepted. Raises `TargetFailed`.
        """
        ...

    def counts(self) -> dict[str, int]:
        """What is there now, in the words of `Format.check`."""
        ...

    def ask(self, questions: Sequence[Question]) -> list[str]:
        """Answers to content queries; raises `TargetFailed` for one that cannot be asked."""
        ...

    def discard(self) -> None:
        """Remove the target altogether (staging after a restore test)."""
        ...


class TargetFailed(PortError):
    """Loading failed; `again` says whether another try may help."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again


class TargetBusy(TargetFailed):
    """The other side goes on loading (a managed import): nothing failed, call `load` again later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, again=True)


# --- all of it -------------------------------------------------------------------------------


class Depot(Protocol):
    """Makes what is named in a profile."""

    def bucket(self, name: str) -> Bucket:
        """The bucket of that name."""
        ...

    def keys(self, reference: str) -> Keys:
        """By a profile's ``key``; raises `KeyUnavailable` when it cannot be used."""
        ...

    def source(self, spec: Spec) -> Source:
        """Raises `ValueError` for a kind that this process cannot read."""
        ...

    def format(self, kind: str) -> Format:
        """Raises `ValueError` for an unknown kind."""
        ...

    def target(self, spec: Spec) -> Target:
        """Raises `ValueError` for a kind that this process cannot load."""
        ...
