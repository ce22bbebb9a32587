"""
What one stored part looks like, byte for byte.

A part is a cleartext *header*, *data frames* and one *trailer frame*::

    header   magic (8) · flags (1) · nonce prefix (8) · part number (4) · backup id · stream name
    frame    length of what follows (4) · sealed bytes · tag (16)

Integers are big-endian; backup id and stream name are UTF-8 with their length (2) before them. The
top bit of a frame's length marks the trailer. The data frames hold one zstd frame (RFC 8878) in
stretches of about 1 MiB; the trailer is JSON.

Encrypted (flag 1): each frame is AES-256-GCM (NIST SP 800-38D) with the nonce *prefix ‖ frame
number*, under a key of this part alone: HKDF-Expand-SHA256 (RFC 5869) of the backup's data key over
the header. So even two equal random prefixes do not repeat a (key, nonce) pair, unless the same part
of the same stream is written twice with them. The additional data of every frame is *header ‖ frame
number ‖ whether it is the trailer*: a frame that is cut off, moved, doubled, or taken from another
part, stream or backup does not open.

Not encrypted: the tag is the first half of the SHA-256 over the same additional data and the frame.
It tells damage, not forgery.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from toban.kernel.prepared import from_json
from toban.ports.backup import Damaged

MAX_PART: Final = 8 * 1024 * 1024
"""What a bucket takes in one request with a precondition; no part is larger."""
MAX_FRAME: Final = 2 * 1024 * 1024
"""Most compressed bytes in one data frame."""
MAX_PLAIN: Final = 64 * 1024 * 1024
"""Most plain bytes of one part, however well they compress: it is loaded and retried as a whole."""
MAX_TRAILER: Final = 64 * 1024
KEY_BYTES: Final = 32
TAG: Final = 16

_MAGIC = b"tobanbk\x01"
_PREFIX = 8
_FIXED = struct.Struct(f">8sB{_PREFIX}sI")
_SHORT = struct.Struct(">H")
_LENGTH = struct.Struct(">I")
_TRAILER_BIT = 1 << 31
_ENCRYPTED = 1
_INFO = b"toban backup part v1\x00"


def random_nonce() -> bytes:
    """Return eight random bytes, which make the nonces of one part unique."""
    return os.urandom(_PREFIX)


@dataclass(frozen=True, slots=True)
class Seal:
    """The stream and backup to which a part belongs, and the key that encrypts it."""

    backup_id: str
    stream: str
    """``stream/a1`` (`toban.backups.storage.layout.stream_name`) or the name of an object beside."""
    data_key: bytes | None = field(repr=False)
    """32 bytes that no other backup uses; None: not encrypted."""

    def __post_init__(self) -> None:
        """Refuse a key that is none."""
        if self.data_key is not None and len(self.data_key) != KEY_BYTES:
            raise ValueError(f"a data key has {KEY_BYTES} bytes, not {len(self.data_key)}")


class PartTrailer(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a part: its counts, digest and cursor."""

    cursor: str
    """Where the source goes on after this part; empty: it cannot, or nothing follows."""
    items: int
    plain_bytes: int
    plain_sha256: str
    last: bool
    """The source had come to its end."""


class _Cipher:
    """Closes and opens the frames of one part, in order."""

    def __init__(self, header: bytes, prefix: bytes, data_key: bytes | None) -> None:
        self._header = header
        self._prefix = prefix
        self._gcm: AESGCM | None = None
        if data_key is not None:
            self._gcm = AESGCM(HKDFExpand(SHA256(), KEY_BYTES, _INFO + header).derive(data_key))

    def _bound(self, number: int, trailer: bool) -> bytes:
        return b"%b%b%b" % (self._header, _LENGTH.pack(number), b"\x01" if trailer else b"\x00")

    def close(self, number: int, plain: bytes | memoryview, trailer: bool) -> bytes:
        bound = self._bound(number, trailer)
        if self._gcm is not None:
            return self._gcm.encrypt(self._prefix + _LENGTH.pack(number), plain, bound)
        return b"".join((plain, _check(bound, plain)))

    def open(self, number: int, sealed: memoryview, trailer: bool) -> bytes | memoryview | None:
        """None when it is not what was closed under this number."""
        bound = self._bound(number, trailer)
        if self._gcm is None:
            plain, tag = sealed[:-TAG], sealed[-TAG:]
            return plain if hmac.compare_digest(_check(bound, plain), tag) else None
        try:
            return self._gcm.decrypt(self._prefix + _LENGTH.pack(number), sealed, bound)
        except InvalidTag:
            return None


def _check(bound: bytes, plain: bytes | memoryview) -> bytes:
    digest = hashlib.sha256(bound)
    digest.update(plain)
    return digest.digest()[:TAG]


def _header(seal: Seal, number: int, prefix: bytes) -> bytes:
    if len(prefix) != _PREFIX:
        raise ValueError(f"a nonce prefix has {_PREFIX} bytes, not {len(prefix)}")
    flags = 0 if seal.data_key is None else _ENCRYPTED
    texts = [text.encode() for text in (seal.backup_id, seal.stream)]
    names = b"".join(_SHORT.pack(len(text)) + text for text in texts)
    return _FIXED.pack(_MAGIC, flags, prefix, number) + names


class FrameWriter:
    """Writes the frames of one part; each method returns bytes to append to the part."""

    def __init__(self, seal: Seal, number: int, nonce: Callable[[], bytes]) -> None:
        """`number` counts from 1; `nonce` gives eight bytes that are never the same again."""
        prefix = nonce()
        self.header = _header(seal, number, prefix)
        self._cipher = _Cipher(self.header, prefix, seal.data_key)
        self._next = 0

    def frame(
        self, compressed: bytes | memoryview, *, trailer: bool = False
    ) -> tuple[bytes, bytes]:
        """Return the next frame: its length and the sealed bytes."""
        sealed = self._cipher.close(self._next, compressed, trailer)
        self._next += 1
        return _LENGTH.pack(len(sealed) | (_TRAILER_BIT if trailer else 0)), sealed

    def trailer(self, trailer: PartTrailer) -> tuple[bytes, bytes]:
        """Return the frame that ends the part."""
        text = msgspec.json.encode(trailer)
        if len(text) > MAX_TRAILER:
            raise ValueError(f"a cursor of {len(trailer.cursor)} characters is too long")
        return self.frame(text, trailer=True)


class FrameReader:
    """Reads the frames of a stored part; raises `Damaged` naming it and what is wrong."""

    def __init__(self, data: bytes, seal: Seal, number: int, *, name: str) -> None:
        """Checks the header, that all frames are there, and opens the trailer."""
        self._name = name
        self._view = memoryview(data)
        if not data:
            raise self.damaged("is empty")
        if len(data) > MAX_PART:
            raise self.damaged(f"has {len(data)} bytes, more than a part can have")
        prefix, start = self._check_header(seal, number)
        self._cipher = _Cipher(bytes(self._view[:start]), prefix, seal.data_key)
        self._frames = self._walk(start)
        self.trailer = self._open_trailer()

    def damaged(self, what: str) -> Damaged:
        """Return the error, naming the part."""
        return Damaged(f"{self._name}: {what}")

    def _check_header(self, seal: Seal, number: int) -> tuple[bytes, int]:
        view = self._view
        if len(view) < _FIXED.size:
            raise self.damaged(f"is truncated: ends within its header, after {len(view)} bytes")
        magic, flags, prefix, found = _FIXED.unpack_from(view)
        if magic != _MAGIC:
            raise self.damaged("does not begin like a part of a backup (bad magic)")
        if flags not in {0, _ENCRYPTED}:
            raise self.damaged(f"is tampered with: its header has unknown flags {flags:#04x}")
        texts, at = [], _FIXED.size
        for _ in range(2):
            if len(view) < at + _SHORT.size:
                raise self.damaged("is truncated: ends within its header")
            (length,) = _SHORT.unpack_from(view, at)
            at += _SHORT.size
            texts.append(bytes(view[at : at + length]).decode("utf-8", "replace"))
            at += length
        if len(view) < at:
            raise self.damaged("is truncated: ends within its header")
        if texts[0] != seal.backup_id:
            raise self.damaged(f"belongs to backup {texts[0][:80]!r}, not {seal.backup_id!r}")
        if texts[1] != seal.stream:
            raise self.damaged(f"belongs to {texts[1][:80]!r}, not {seal.stream!r}")
        if found != number:
            raise self.damaged(f"is part {found}, not part {number}")
        if bool(flags) != (seal.data_key is not None):
            what = "encrypted, its backup is not" if flags else "not encrypted, its backup is"
            raise self.damaged(f"is {what}")
        return prefix, at

    def _walk(self, at: int) -> list[tuple[int, int]]:
        """Where each frame's sealed bytes begin and end; the last one is the trailer."""
        view, frames = self._view, list[tuple[int, int]]()
        while True:
            if len(view) < at + _LENGTH.size:
                raise self.damaged(f"is truncated: its end is missing after {len(view)} bytes")
            (word,) = _LENGTH.unpack_from(view, at)
            at += _LENGTH.size
            length, trailer = word & ~_TRAILER_BIT, bool(word & _TRAILER_BIT)
            if not TAG <= length <= (MAX_TRAILER if trailer else MAX_FRAME) + TAG:
                raise self.damaged(f"is tampered with: frame {len(frames)} says {length} bytes")
            if len(view) < at + length:
                raise self.damaged(f"is truncated: ends within frame {len(frames)}")
            frames.append((at, at + length))
            at += length
            if trailer:
                break
        if at != len(view):
            raise self.damaged(f"has {len(view) - at} bytes after its end")
        return frames

    def _open(self, number: int) -> bytes | memoryview:
        start, end = self._frames[number]
        is_trailer = number == len(self._frames) - 1
        plain = self._cipher.open(number, self._view[start:end], is_trailer)
        if plain is None:
            which = "its trailer" if is_trailer else f"frame {number}"
            raise self.damaged(f"is tampered with or damaged: {which} does not open")
        return plain

    def _open_trailer(self) -> PartTrailer:
        plain = self._open(len(self._frames) - 1)
        try:
            trailer = from_json(plain, PartTrailer)
        except msgspec.MsgspecError as error:
            raise self.damaged(f"has a trailer that cannot be read ({error})") from error
        if not 0 <= trailer.plain_bytes <= MAX_PLAIN:
            raise self.damaged(f"would unpack to {trailer.plain_bytes} bytes, more than allowed")
        return trailer

    def compressed(self) -> Iterator[bytes | memoryview]:
        """Yield the content of the data frames, one after another."""
        for number in range(len(self._frames) - 1):
            yield self._open(number)
