"""Buckets, and the keys that encrypt what is put into them. See `toban.ports.backup`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from toban.ports import PortError, Unavailable


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """The description of an object by its bucket; `crc32c` is what the *bucket* computed or keeps."""

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
        """Return the object's description (of one generation, where the bucket keeps several)."""
        ...

    def read(
        self,
        name: str,
        *,
        start: int = 0,
        end: int | None = None,
        generation: int | None = None,
    ) -> bytes:
        """
        Return bytes ``start`` to ``end`` (exclusive); raises `KeyError` when there is no
        such object.

        With `generation`: `KeyError` as well when that generation is gone.
        """
        ...

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        """Yield objects in the order of their names' UTF-8 bytes, after (not including) `after`."""
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
        *,
        over: int | None = None,
    ) -> ObjectInfo:
        """
        Write an object of any size, replacing what is there; memory stays bounded.

        `over`: the generation that may be replaced, 0: there has to be none. Raises
        `toban.ports.Stale` when something else is there, and `DeleteBlocked` when a hold or
        retention policy keeps what is there.
        """
        ...

    def delete(self, name: str) -> None:
        """
        Remove; no error when there is none.

        Raises `DeleteBlocked` when a hold or retention policy forbids it.
        """
        ...


class NoBucket(Unavailable):
    """There is no such bucket; for what keeps backups that may pass, for a source it is final."""


class DeleteBlocked(PortError):
    """The bucket refuses to delete (retention policy, hold): expected of locked copies."""


# --- keys ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key that only the holder of `key_id` can unwrap."""

    key_id: str
    """Which key wrapped it: a Cloud KMS crypto key *version*, or a fingerprint of a local key."""
    wrapped: bytes


@runtime_checkable
class OnDisk(Protocol):
    """A bucket that lies on a disk, which may be full."""

    def free_bytes(self) -> int:
        """Return what is free there now; raises `toban.ports.Unavailable`."""
        ...


class KeyUnavailable(PortError):
    """The key is configured but cannot be used. Nothing is ever written unencrypted instead."""

    key_id: str = ""
    """The key that would be needed, where it is known."""


class Keys(Protocol):
    """Wraps and unwraps data keys (envelope encryption)."""

    def wrap(self, data_key: bytes, context: bytes) -> WrappedKey:
        """Wrap 32 bytes; `context` (additional authenticated data) must be given again."""
        ...

    def unwrap(self, key: WrappedKey, context: bytes) -> bytes:
        """Return the data key; raises `KeyUnavailable` (also for a wrong context or a tampered key)."""
        ...


@runtime_checkable
class ListedKeys(Protocol):
    """Keys that can be told without asking anybody for each."""

    def ids(self) -> list[str]:
        """Return the ids of all keys, the present one first; raises `KeyUnavailable`."""
        ...
