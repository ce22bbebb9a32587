"""
The ports of backups: buckets, keys, sources to read, targets to load.

Adapters live in ``adapters/local`` and ``adapters/google`` (buckets, keys) and ``toban.sources`` (a
folder per kind of data: reading it, checking it, loading it back).
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
    ListedKeys as ListedKeys,
)
from toban.ports.buckets import (
    NoBucket as NoBucket,
)
from toban.ports.buckets import (
    ObjectInfo as ObjectInfo,
)
from toban.ports.buckets import (
    OnDisk as OnDisk,
)
from toban.ports.buckets import (
    WrappedKey as WrappedKey,
)
from toban.ports.planning import (
    Measured as Measured,
)
from toban.ports.planning import (
    NothingSelected as NothingSelected,
)
from toban.ports.planning import (
    Remarking as Remarking,
)
from toban.ports.planning import (
    Room as Room,
)
from toban.ports.planning import (
    Selecting as Selecting,
)
from toban.ports.planning import (
    Selection as Selection,
)

# --- sources ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spec:
    """The description of a source or target in the profile: `options` are the keys of its section."""

    kind: str
    """``firestore``, ``bucket``, ``postgres``, ``redis``, ``configuration``, ``logs``, …"""
    options: Mapping[str, object] = field(default_factory=dict)


class SourceFailed(PortError):
    """Reading failed before everything was read; what was read does not count."""

    def __init__(self, reason: str, *, retryable: bool) -> None:
        """`retryable`: another try may succeed."""
        super().__init__(reason)
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the source's stream, at most 1 MiB."""

    data: bytes
    cursor: str | None = None
    """Where reading can continue after this chunk; None: not here."""
    items: int = 0
    """Documents, objects, keys, files that end in this piece."""
    ends_part: bool = False
    """
    Store what was read so far (needs a cursor): reaching this took long, as when much was put
    beside the stream.
    """


@dataclass(frozen=True, slots=True)
class BaseBackup:
    """An earlier backup of the same source, on which an incremental one builds."""

    backup_id: str
    pieces: Callable[[], Iterator[bytes]]
    """Its plain stream from the beginning."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that was stored besides the stream, sealed like a part of it."""

    name: str
    """Below the backup's prefix; given to `Fetch` to read it again."""
    plain_bytes: int
    plain_sha256: str
    plain_crc32c: int


class ObjectSink(Protocol):
    """Where a source stores whole objects besides its stream (everything below ``objects/``)."""

    @property
    def bucket(self) -> Bucket:
        """
        The bucket for server-side copies, to names that begin with `prefix`; these are not
        sealed.
        """
        ...

    @property
    def prefix(self) -> str:
        """The prefix of all objects; ends with ``/objects/``."""
        ...

    def put(self, name: str, data: Iterator[bytes]) -> StoredObject:
        """
        Compress, encrypt and store content of any size under `name` (plain segments with
        ``/``).

        Repeated after a crash, it finds what is stored already and stores nothing twice.
        """
        ...


@dataclass(frozen=True, slots=True)
class BackupRun:
    """The backup for which a source is read: its id, its object sink and its base."""

    backup_id: str
    objects: ObjectSink
    base: BaseBackup | None = None
    """Set: hold only what differs from it."""


@dataclass(frozen=True, slots=True)
class SourceSnapshot:
    """The state of the source that a run reads; kept unchanged in the run's checkpoint."""

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
    server: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What the data need of a server and do not hold themselves: roles, tablespaces, …"""


class Source(Protocol):
    """A source of backups, which reads one set of data."""

    @property
    def resumable(self) -> bool:
        """Whether `read` can continue from a cursor; else a new attempt reads from the beginning."""
        ...

    @property
    def identity(self) -> str:
        """Which data this is, without secrets: compared with a target's before loading."""
        ...

    def begin(self, run: BackupRun, before: SourceSnapshot | None, now: datetime) -> SourceSnapshot:
        """
        Return the state to be read. Called again with it while it is not `ready`.

        Raises `SourceFailed`. Must be harmless when repeated (the process may die after
        it).
        """
        ...

    def read(self, run: BackupRun, snapshot: SourceSnapshot, cursor: str) -> Iterator[Chunk]:
        """
        Yield the stream from `cursor` (empty: the beginning).

        A normal end means that everything was read and the source confirmed it (exit code,
        checksum, end mark); anything else raises `SourceFailed`.
        """
        ...

    def end(self, run: BackupRun, snapshot: SourceSnapshot) -> None:
        """Remove what `begin` created in the source's system. Harmless when repeated."""
        ...


class Damaged(PortError):
    """Stored data is not what was written; the text names the object and what is wrong."""


class FormatUnchecked(PortError):
    """The tool that reads this format is not installed (no ``pg_restore`` in this image)."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A reference of the stream to an object besides it, with the size and checksum it must have."""

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
    """The format of the stream of one kind of source, and how to check it."""

    def check(self, pieces: Iterator[bytes], fetch: Fetch) -> dict[str, int]:
        """
        Read a whole plain stream and what lies beside it; the counts found, as
        ``{"documents": 12, "bytes": 3}``.

        Raises `Damaged`, `toban.ports.Unavailable` or `FormatUnchecked`.
        """
        ...

    def object_refs(self, pieces: Iterator[bytes]) -> Iterator[ObjectRef]:
        """
        Yield the objects that must exist besides the stream, in this backup's bucket;
        mostly none.
        """
        ...


# --- targets ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ContentQuestion:
    """A content query of a restore test: `expect` is compared with the answer as text."""

    query: str
    expect: str
    """A value, or a bound as ``>= 10``; empty: any answer will do."""


class Target(Protocol):
    """A target into which a backup is loaded."""

    @property
    def resumable(self) -> bool:
        """Whether loading can continue at a part boundary; else it starts from the beginning."""
        ...

    @property
    def identity(self) -> str:
        """Which data this replaces, comparable with `Source.identity`."""
        ...

    def refusal(self) -> str:
        """
        Return why nothing may be loaded there, and what to do; empty: `prepare` will accept
        it.

        Changes nothing. Raises `TargetFailed` when the target cannot be reached from here.
        """
        ...

    def prepare(self, *, fresh: bool) -> None:
        """
        Make the target ready; `fresh`: remove what an earlier attempt of ours left there.

        Ours is what a restore test marked (option `purpose`) and nobody else wrote to
        since, or what this same restore left unfinished (option `restore_id`) in this or an
        earlier attempt (option `attempt`, a number that grows: whoever stood still does not
        remove what a later one has loaded). Anything else that is there already raises
        `TargetFailed`, unless the options say that it may be overwritten.
        """
        ...

    def load(self, parts: Iterator[bytes], fetch: Fetch) -> Iterator[int | None]:
        """
        Load plain parts in order, yielding the items of each once they are durable there, and
        None now and then while one takes long.

        A normal end means that everything was loaded and accepted. Raises `TargetFailed`.
        """
        ...

    def counts(self) -> dict[str, int]:
        """Return what is there now, counted as by `Format.check`."""
        ...

    def ask(self, questions: Sequence[ContentQuestion]) -> list[str]:
        """Return the answers to content queries; raises `TargetFailed` for one that cannot be asked."""
        ...

    def discard(self) -> None:
        """Remove what this restore test loaded; raises `TargetFailed` when others wrote there too."""
        ...

    def release(self) -> None:
        """
        End a recovery: remove our mark, so that nothing takes the data for ours later.

        Harmless when repeated.
        """
        ...


class TargetFailed(PortError):
    """Loading failed; `retryable` says whether another try may succeed."""

    def __init__(self, reason: str, *, retryable: bool) -> None:
        super().__init__(reason)
        self.retryable = retryable


class TargetBusy(TargetFailed):
    """Loading continues in the target's system (a managed import): call `load` again later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, retryable=True)


# --- all of it -------------------------------------------------------------------------------


class Resources(Protocol):
    """Makes buckets, keys, sources and targets from what a profile names."""

    def bucket(self, name: str) -> Bucket:
        """Return the bucket of that name."""
        ...

    def keys(self, reference: str) -> Keys:
        """
        Return the keys of a profile's ``key``; of several, with spaces between them, the first wraps, and each
        opens what it has wrapped. Raises `KeyUnavailable` for what is no key.
        """
        ...

    def source(self, spec: Spec) -> Source:
        """Return the source; raises `ValueError` for a kind that this process cannot read."""
        ...

    def format(self, kind: str) -> Format:
        """Return the format of a kind; raises `ValueError` for an unknown one."""
        ...

    def target(self, spec: Spec) -> Target:
        """Return the target; raises `ValueError` for a kind that this process cannot load."""
        ...


RESOURCES: Port[Resources] = Port("resources")
