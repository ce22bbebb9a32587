"""
The manifest: what a backup is and consists of. It is written last; without it there is no backup.

Plain JSON for people, authenticated for machines::

    {"toban":"backup manifest","version":1,"sha256":"…","hmac_sha256":"…","manifest":{…}}

`sha256` is that of the bytes of ``manifest`` as they stand in the file and tells damage.
`hmac_sha256`, of an encrypted backup, is keyed by HKDF-SHA256 of its data key and tells forgery. The
same manifest always gives the same bytes.

A long backup lists its parts in *index objects*, some hundred in each, which the manifest names with
their SHA-256: neither it nor a checkpoint grows with the size of the backup.

The manifest is readable without the key, and the plain hash of a small part would let anybody try
out guesses at its content. So an encrypted backup's `PartEntry.plain_digest` is the HMAC of that
hash. The whole stream's digest is the SHA-256 of all plain digests, one after another (32 raw bytes
each): steps in different processes have no common hash state that could be carried on.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from toban.backups.documents import Backup, Copy
from toban.backups.levels import Level
from toban.backups.storage import layout
from toban.backups.storage.frames import MAX_PART, Seal
from toban.backups.storage.parts import Part
from toban.kernel.environment import PRODUCTION
from toban.kernel.prepared import from_json
from toban.ports.backup import Damaged, KeyUnavailable, WrappedKey

Unwrap = Callable[[WrappedKey, bytes], bytes]
"""As `toban.ports.backup.Keys.unwrap`."""


class PartEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The entry of a part in the manifest."""

    name: str
    """Below the backup's prefix."""
    number: int
    size: int
    crc32c: int
    sha256: str
    """Of the stored object, as `size` and `crc32c` are."""
    plain_bytes: int
    plain_digest: str
    items: int = 0

    @classmethod
    def of(cls, part: Part, attempt: int, data_key: bytes | None) -> PartEntry:
        """Return the entry of a part that was stored."""
        return cls(
            name=layout.part_name(attempt, part.number),
            number=part.number,
            size=part.size,
            crc32c=part.crc32c,
            sha256=part.sha256,
            plain_bytes=part.plain_bytes,
            plain_digest=plain_digest(part.plain_sha256, data_key),
            items=part.items,
        )


class IndexRef(msgspec.Struct, frozen=True, kw_only=True):
    """The entry of an index object in the manifest."""

    name: str
    """Below the backup's prefix."""
    first: int
    """Number of the first part that it lists."""
    count: int
    size: int
    sha256: str


class _Index(msgspec.Struct, frozen=True, kw_only=True):
    toban: Literal["backup index"] = "backup index"
    version: Literal[1] = 1
    backup_id: str
    parts: list[PartEntry]


class ManifestKey(msgspec.Struct, frozen=True, kw_only=True):
    """The wrapped data key in the manifest."""

    key_id: str
    wrapped: bytes


class DestinationEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The entry of a destination of the backup's profile in the manifest."""

    bucket: str
    region: str


class ObjectTotals(msgspec.Struct, frozen=True, kw_only=True):
    """The count and size of the objects besides the stream (below ``objects/``)."""

    objects: int = 0
    bytes: int = 0


class Manifest(
    msgspec.Struct, frozen=True, kw_only=True, rename={"class_": "class", "bytes_": "bytes"}
):
    """The description of a backup: everything needed to restore it, or to recognise it."""

    backup_id: str
    service: str
    source: str
    class_: str
    kind: str
    identity: str = ""
    """Which data it is of (`toban.ports.backup.Source.identity`)."""
    slot: datetime
    started_at: datetime
    snapshot_at: datetime
    finished_at: datetime
    profile_version: str = ""
    requested_by: str = ""
    destinations: list[DestinationEntry] = []
    """The first is where it was written."""
    level: Level = "format"
    replica_level: Level = "content"
    tools: dict[str, str] = {}
    fingerprint: str = ""
    compression: Literal["zstd"] = "zstd"
    cipher: Literal["aes-256-gcm", "none"]
    key: ManifestKey | None = None
    attempt: int = 1
    """Which reading of the source these parts are of."""
    index: list[IndexRef] = []
    parts: list[PartEntry] = []
    """What follows the last index object's parts."""
    stream_digest: str
    total_parts: int
    bytes_: int
    """Stored: all parts, and what lies beside."""
    plain_bytes: int
    """Of the stream."""
    items: int
    counts: dict[str, int] = {}
    needs: list[str] = []
    object_totals: ObjectTotals = msgspec.field(default=ObjectTotals(), name="beside")
    pinned: bool = False
    pinned_by: str = ""
    note: str = ""
    environment: str | msgspec.UnsetType = msgspec.UNSET
    """Of the source; unset: production (so that its manifests are what they were before)."""
    server: dict[str, list[str]] | msgspec.UnsetType = msgspec.UNSET
    """What the data need of a server and do not hold (`toban.ports.backup.SourceSnapshot.server`)."""

    @property
    def prefix(self) -> str:
        """Return the prefix of its objects; ends with ``/``."""
        return layout.prefix(self.service, self.source, self.class_, self.backup_id)

    def seal(self, data_key: bytes | None) -> Seal:
        """Return the seal of the parts of its stream."""
        return Seal(self.backup_id, layout.stream_name(self.attempt), data_key)

    def document(self, copies: Sequence[Copy]) -> Backup:
        """Return its entry of the catalogue, not verified yet; `copies`: where it was found."""
        return Backup(
            id=self.backup_id,
            service=self.service,
            source=self.source,
            class_=self.class_,
            kind=self.kind,
            environment=self.environment or PRODUCTION,
            status="finished",
            slot=self.slot,
            started_at=self.started_at,
            snapshot_at=self.snapshot_at,
            finished_at=self.finished_at,
            profile_version=self.profile_version,
            requested_by=self.requested_by,
            prefix=self.prefix,
            copies=list(copies),
            bytes=self.bytes_,
            plain_bytes=self.plain_bytes,
            items=self.items,
            parts=self.total_parts,
            counts=dict(self.counts),
            fingerprint=self.fingerprint,
            key_id=self.key.key_id if self.key else "",
            needs=list(self.needs),
            pinned=self.pinned,
            pinned_by=self.pinned_by,
            note=self.note,
        )


class _File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    toban: str
    version: int
    sha256: str
    hmac_sha256: str = ""
    manifest: msgspec.Raw


# --- digests ---------------------------------------------------------------------------------


def key_context(backup_id: str) -> bytes:
    """Return the context with which a backup's data key is wrapped (`toban.ports.backup.Keys`)."""
    return b"toban backup " + backup_id.encode()


def plain_digest(plain_sha256: str, data_key: bytes | None) -> str:
    """Return the digest of a part's plain content for the manifest; hexadecimal."""
    if data_key is None:
        return plain_sha256
    return _mac(data_key, b"toban plain digest v1", bytes.fromhex(plain_sha256))


def stream_digest(entries: Iterable[PartEntry]) -> str:
    """Return the digest of a whole stream from those of its parts, in order; hexadecimal."""
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(bytes.fromhex(entry.plain_digest))
    return digest.hexdigest()


def _mac(data_key: bytes, purpose: bytes, data: bytes | memoryview) -> str:
    key = HKDF(SHA256(), 32, salt=None, info=purpose).derive(data_key)
    return hmac.new(key, data, hashlib.sha256).hexdigest()


# --- writing ---------------------------------------------------------------------------------

_MANIFEST = "backup manifest"
_PURPOSE = b"toban manifest v1"


def index_object(
    backup_id: str, attempt: int, number: int, entries: Sequence[PartEntry]
) -> tuple[IndexRef, bytes]:
    """Return index object `number` (from 1) and its entry in the manifest. At most 8 MiB."""
    data = _json(_Index(backup_id=backup_id, parts=list(entries)))
    ref = IndexRef(
        name=layout.index_name(attempt, number),
        first=entries[0].number,
        count=len(entries),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    return ref, _fits(data, ref.name)


def encode(manifest: Manifest, data_key: bytes | None) -> bytes:
    """
    Return the bytes of ``manifest.json``.

    `data_key`: None exactly when the manifest has no `key`. Raises `ValueError` for that, and
    for more than 8 MiB (parts belong into index objects).
    """
    if (data_key is None) != (manifest.key is None) or (manifest.cipher == "none") != (
        data_key is None
    ):
        raise ValueError("an encrypted backup's manifest is made with its data key, no other is")
    body = _json(manifest)
    file = _File(
        toban=_MANIFEST,
        version=1,
        sha256=hashlib.sha256(body).hexdigest(),
        hmac_sha256="" if data_key is None else _mac(data_key, _PURPOSE, body),
        manifest=msgspec.Raw(body),
    )
    return _fits(_json(file) + b"\n", layout.MANIFEST)


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _fits(data: bytes, name: str) -> bytes:
    if len(data) > MAX_PART:
        raise ValueError(f"{name} would have {len(data)} bytes")
    return data


# --- reading ---------------------------------------------------------------------------------

S = TypeVar("S")


def _decoded(data: Any, cls: type[S], name: str) -> S:
    try:
        return from_json(data, cls)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Damaged(f"{name}: cannot be read ({error})") from error


def peek(data: bytes, *, name: str) -> Manifest:
    """Return the manifest without its key: checked for damage, not for forgery. Raises `Damaged`."""
    return _opened(data, name)[1]


def _opened(data: bytes, name: str) -> tuple[_File, Manifest]:
    if not data:
        raise Damaged(f"{name}: is empty")
    file = _decoded(data, _File, name)
    if file.toban != _MANIFEST:
        raise Damaged(f"{name}: is not a manifest")
    if file.version != 1:
        raise Damaged(f"{name}: is of version {file.version}, which this toban cannot read")
    body = bytes(file.manifest)
    if hashlib.sha256(body).hexdigest() != file.sha256 or _json(file) + b"\n" != data:
        raise Damaged(f"{name}: is not as it was written (SHA-256)")
    manifest = _decoded(body, Manifest, name)
    if (manifest.key is None) != (manifest.cipher == "none"):
        raise Damaged(f"{name}: its cipher and its key do not belong together")
    return file, manifest


def decode(
    data: bytes, unwrap: Unwrap | None, *, name: str, encrypted: bool | None = None
) -> tuple[Manifest, bytes | None]:
    """
    Return the manifest, checked and authenticated, and the backup's data key (None: not encrypted).

    `unwrap`: None: there is no key. `name`: of the object `data`; the manifest must be of the backup
    that it lies below. `encrypted`: whether it must be, where that is known. Raises `Damaged`,
    naming the object and what is wrong, or `KeyUnavailable`, with the key's id.
    """
    file, manifest = _opened(data, name)
    at = layout.parse(name)
    if at is None or manifest.prefix + layout.MANIFEST != name:
        raise Damaged(f"{name}: belongs to {manifest.prefix}")
    if encrypted is not None and encrypted != (manifest.key is not None):
        what = "not encrypted, although it has" if encrypted else "encrypted, although it has not"
        raise Damaged(f"{name}: is {what} to be")
    if manifest.key is None:
        return manifest, None
    if unwrap is None:
        raise KeyUnavailable(f"{name}: needs key {manifest.key.key_id}, and no key is configured")
    wrapped = WrappedKey(manifest.key.key_id, manifest.key.wrapped)
    try:
        data_key = unwrap(wrapped, key_context(manifest.backup_id))
    except KeyUnavailable as error:
        error.key_id = wrapped.key_id
        raise
    wanted = _mac(data_key, _PURPOSE, bytes(file.manifest))
    if not hmac.compare_digest(wanted, file.hmac_sha256):
        raise Damaged(f"{name}: is not authentic (HMAC-SHA256)")
    return manifest, data_key


def entries(manifest: Manifest, read: Callable[[str], bytes]) -> Iterator[PartEntry]:
    """
    Yield every part in order, from index objects and manifest, one index object in memory.

    `read` returns the object of a full name and raises `KeyError` when there is none. Raises
    `Damaged` for an index object that is not as listed, and after the last part for totals that
    do not match.
    """
    digest = hashlib.sha256()
    number = plain = items = 0
    for entry in listed(manifest, read):
        number += 1
        if entry.number != number or entry.name != layout.part_name(manifest.attempt, number):
            raise Damaged(f"{manifest.prefix}{layout.MANIFEST}: lists no part {number}")
        digest.update(bytes.fromhex(entry.plain_digest))
        plain += entry.plain_bytes
        items += entry.items
        yield entry
    found = (number, plain, items, digest.hexdigest())
    said = (manifest.total_parts, manifest.plain_bytes, manifest.items, manifest.stream_digest)
    if found != said:
        raise Damaged(f"{manifest.prefix}{layout.MANIFEST}: its totals are not those of its parts")


def listed(manifest: Manifest, read: Callable[[str], bytes]) -> Iterator[PartEntry]:
    """Yield the parts as listed, without checking totals (`entries` does); raises `Damaged`."""
    for ref in manifest.index:
        name = manifest.prefix + ref.name
        try:
            data = read(name)
        except KeyError as error:
            raise Damaged(f"{name}: is missing") from error
        if len(data) != ref.size:
            raise Damaged(f"{name}: has {len(data)} bytes instead of {ref.size}")
        if hashlib.sha256(data).hexdigest() != ref.sha256:
            raise Damaged(f"{name}: is not as it was written (SHA-256)")
        yield from _decoded(data, _Index, name).parts
    yield from manifest.parts
