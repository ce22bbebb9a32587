"""
What backups need from the outside: buckets, keys, sources to read, targets to load.

Adapters live in ``adapters/local`` and ``adapters/google`` (buckets, keys) and
``toban.sources`` (a folder per kind of data: reading it, checking it, loading it back).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from toban.ports import Port, PortError
from toban.ports.buckets import (
    Bucket as Bucket,
)
from toban.ports.buckets import (
    DeleteBlocked as DeleteBlocked,
)
from toban.ports.buckets import (
    Keys as Keys,
)
from toban.ports.buckets import (
    KeyUnavailable as KeyUnavailable,
)
from toban.ports.buckets import (
    ObjectInfo as ObjectInfo,
)
from toban.ports.buckets import (
    WrappedKey as WrappedKey,
)

# --- sources ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spec:
    """A source or target as the profile describes it: `options` are the keys of its section."""

    kind: str
    """``firestore``, ``bucket``, ``postgres``, ``redis``, ``configuration``, ``logs``, …"""
    options: Mapping[str, object] = field(default_factory=dict)


class SourceFailed(PortError):
    """Reading ended before everything was read; what was read does not count."""

    def __init__(self, reason: str, *, retryable: bool) -> None:
        """`replay`: whether trying once more may help."""
        super().__init__(reason)
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Chunk:
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
class BaseBackup:
    """An earlier backup of the same source, for one that holds only what changed since."""

    backup_id: str
    pieces: Callable[[], Iterator[bytes]]
    """Its plain stream from the beginning."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Content that was put beside the stream, sealed like a part of it."""

    name: str
    """Below the backup's prefix; given to `Fetch` to read it again."""
    plain_bytes: int
    plain_sha256: str
    plain_crc32c: int


class ObjectSink(Protocol):
    """Where a source keeps whole objects beside its stream (everything below ``objects/``)."""

    @property
    def bucket(self) -> Bucket:
        """For server-side copies, to names that begin with `prefix`; these are not sealed."""
        ...

    @property
    def prefix(self) -> str:
        """Ends with ``/objects/``."""
        ...

    def put(self, name: str, data: Iterator[bytes]) -> StoredObject:
        """
        Compress, encrypt and store content of any size under `name` (plain segments with ``/``).

        Done again after a crash it finds what is there already and stores nothing twice.
        """
        ...


@dataclass(frozen=True, slots=True)
class BackupRun:
    """For which backup a source is read."""

    backup_id: str
    objects: ObjectSink
    base: BaseBackup | None = None
    """Set: hold only what differs from it."""


@dataclass(frozen=True, slots=True)
class SourceSnapshot:
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

    def begin(self, run: BackupRun, before: SourceSnapshot | None, now: datetime) -> SourceSnapshot:
        """
        Fix the state to be read. Called again with what it returned while that is not `ready`.

        Raises `SourceFailed`. Must be harmless when repeated (the process may die after it).
        """
        ...

    def read(self, run: BackupRun, snapshot: SourceSnapshot, cursor: str) -> Iterator[Chunk]:
        """
        The stream from `cursor` (empty: the beginning).

        Ending normally says that everything was read and the source vouched for it (exit code,
        checksum, end mark); anything else raises `SourceFailed`.
        """
        ...

    def end(self, run: BackupRun, snapshot: SourceSnapshot) -> None:
        """Remove what `begin` left on the other side. Harmless when repeated."""
        ...


class Damaged(PortError):
    """Stored data is not what was written; the text names the object and what is wrong."""


class FormatUnchecked(PortError):
    """The tool that could read this is not here (no ``pg_restore`` in this image)."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """An object beside a stream, as the stream says it must be."""

    backup_id: str
    """Which backup holds it: the stream's own, or an earlier one that it builds on."""
    name: str
    """Below that backup's prefix."""
    copied: bool
    """True: a server-side copy (`size` and `crc32c` are the object's own). False: sealed."""
    size: int
    crc32c: int


Fetch = Callable[[ObjectRef], Iterator[bytes]]
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

    def object_refs(self, pieces: Iterator[bytes]) -> Iterator[ObjectRef]:
        """What must lie beside the stream, in this backup's bucket; mostly nothing."""
        ...


# --- targets ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ContentQuestion:
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

    def refusal(self) -> str:
        """
        Why nothing may be loaded there, and what to do about it; empty: `prepare` will accept it.

        Only looks. Raises `TargetFailed` when it cannot be looked at from here.
        """
        ...

    def prepare(self, *, fresh: bool) -> None:
        """
        Make the target ready; `fresh`: remove what an earlier attempt of ours left there.

        Ours is what a restore test marked (option `purpose`) and nobody else wrote to since, or what
        this same restore left unfinished (option `restore_id`). Anything else that is there already
        raises `TargetFailed`, unless the options say that it may be overwritten.
        """
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

    def ask(self, questions: Sequence[ContentQuestion]) -> list[str]:
        """Answers to content queries; raises `TargetFailed` for one that cannot be asked."""
        ...

    def discard(self) -> None:
        """Remove what this restore test loaded; raises `TargetFailed` when others wrote there too."""
        ...

    def release(self) -> None:
        """
        A recovery is over: forget that we filled it. Nothing may take it for ours ever after.

        Harmless when repeated.
        """
        ...


class TargetFailed(PortError):
    """Loading failed; `replay` says whether another try may help."""

    def __init__(self, reason: str, *, retryable: bool) -> None:
        super().__init__(reason)
        self.retryable = retryable


class TargetBusy(TargetFailed):
    """The other side goes on loading (a managed import): nothing failed, call `load` again later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, retryable=True)


# --- all of it -------------------------------------------------------------------------------


class Resources(Protocol):
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


RESOURCES: Port[Resources] = Port("resources")
