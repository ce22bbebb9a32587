"""
Reads backups out of a bucket and knows nothing else: no catalogue, and not a line of toban.

Written from the documented format alone (`toban.backups.storage.frames`, `.manifest`, `.layout`), with
`cryptography`, `zstandard` and a checksum's library, it is the witness for what can be restored. A bucket is a mapping of
names to bytes. Whatever is wrong raises `Unreadable`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import google_crc32c
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

MANIFEST = "manifest.json"
Objects = Mapping[str, bytes]
Masters = bytes | Mapping[str, bytes]
"""The key of the profile, or several by the ids that manifests name them by (`key_id`)."""


def key_id(master: bytes) -> str:
    """The id of a key of one's own."""
    return f"local:{hashlib.sha256(master).hexdigest()[:16]}"


class Unreadable(Exception):
    """It cannot be restored from this bucket."""


@dataclass(frozen=True)
class Backup:
    """One backup, opened."""

    prefix: str
    manifest: dict[str, Any]
    data_key: bytes | None


def prefixes(bucket: Objects) -> list[str]:
    """Where a manifest lies: what may be a backup."""
    return sorted(n.removesuffix(MANIFEST) for n in bucket if n.endswith(f"/{MANIFEST}"))


def content(bucket: Objects, prefix: str, master: Masters) -> dict[str, bytes]:
    """
    What a backup holds: objects by name, or the whole stream as ``""``.

    `master` is the key of the profile, or several; every hash, tag and total is checked.
    """
    try:
        backup = _open(bucket, prefix, master)
        stream = b"".join(_parts(bucket, backup))
        if backup.manifest["kind"] != "bucket":
            return {"": stream}
        return dict(_objects(bucket, backup, stream, master))
    except (KeyError, ValueError, InvalidTag, struct.error, zstandard.ZstdError) as error:
        raise Unreadable(f"{prefix}: {type(error).__name__}: {error}") from error


def _check(right: bool, what: str) -> None:
    if not right:
        raise Unreadable(what)


def _mac(data_key: bytes, purpose: bytes, data: bytes) -> str:
    key = HKDF(SHA256(), 32, salt=None, info=purpose).derive(data_key)
    return hmac.new(key, data, hashlib.sha256).hexdigest()


def _open(bucket: Objects, prefix: str, master: Masters) -> Backup:
    data = bucket[prefix + MANIFEST]
    file = json.loads(data)
    _check((file["toban"], file["version"]) == ("backup manifest", 1), f"{prefix}: another format")
    body = data[data.index(b'"manifest":') + len(b'"manifest":') : -2]
    _check(hashlib.sha256(body).hexdigest() == file["sha256"], f"{prefix}: hash of the manifest")
    manifest = file["manifest"]
    if manifest["key"] is None:
        return Backup(prefix, manifest, None)
    wrapped = base64.b64decode(manifest["key"]["wrapped"])
    bound = b"toban data key v1\x00toban backup " + manifest["backup_id"].encode()
    own = master if isinstance(master, bytes) else master[manifest["key"]["key_id"]]
    data_key = AESGCM(own).decrypt(wrapped[:12], wrapped[12:], bound)
    mac = _mac(data_key, b"toban manifest v1", body)
    _check(hmac.compare_digest(mac, file["hmac_sha256"]), f"{prefix}: manifest is not authentic")
    return Backup(prefix, manifest, data_key)


def _parts(bucket: Objects, backup: Backup) -> Iterator[bytes]:
    """The plain content of every part of the stream."""
    manifest, prefix = backup.manifest, backup.prefix
    listed: list[dict[str, Any]] = []
    for ref in manifest["index"]:
        data = bucket[prefix + ref["name"]]
        _check(hashlib.sha256(data).hexdigest() == ref["sha256"], f"{ref['name']}: hash")
        listed += json.loads(data)["parts"]
    listed += manifest["parts"]
    _check(len(listed) == manifest["total_parts"], f"{prefix}: parts are missing in the list")
    stream = f"stream/a{manifest['attempt']}"
    digests = hashlib.sha256()
    for number, entry in enumerate(listed, start=1):
        data = bucket[prefix + entry["name"]]
        _check(hashlib.sha256(data).hexdigest() == entry["sha256"], f"{entry['name']}: hash")
        plain, last = _part(data, backup, stream, number)
        digest = hashlib.sha256(plain).hexdigest()
        if backup.data_key is not None:
            digest = _mac(backup.data_key, b"toban plain digest v1", bytes.fromhex(digest))
        _check(digest == entry["plain_digest"], f"{entry['name']}: hash of the content")
        _check(last == (number == len(listed)), f"{entry['name']}: is not where the stream ends")
        digests.update(bytes.fromhex(digest))
        yield plain
    _check(digests.hexdigest() == manifest["stream_digest"], f"{prefix}: hash of the stream")


def _part(data: bytes, backup: Backup, stream: str, number: int) -> tuple[bytes, bool]:
    """The plain content of one part, and whether its stream ends with it."""
    magic, flags, nonce, found = struct.unpack_from(">8sB8sI", data)
    _check(magic == b"tobanbk\x01" and found == number, "not this part")
    _check(bool(flags) == (backup.data_key is not None), "encrypted, or not, against the manifest")
    at, texts = 21, []
    for _ in range(2):
        (length,) = struct.unpack_from(">H", data, at)
        texts.append(data[at + 2 : at + 2 + length].decode())
        at += 2 + length
    _check(texts == [backup.manifest["backup_id"], stream], f"a part of {texts}")
    frames, trailer = [], False
    opened = _frame_opener(data[:at], nonce, backup.data_key)
    while not trailer:
        (word,) = struct.unpack_from(">I", data, at)
        trailer, length = bool(word >> 31), word & 0x7FFFFFFF
        _check(at + 4 + length <= len(data), "a part is cut off")
        frames.append(opened(len(frames), data[at + 4 : at + 4 + length], trailer))
        at += 4 + length
    _check(at == len(data), "a part goes on after its end")
    said = json.loads(frames.pop())
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(b"".join(frames))
    _check(hashlib.sha256(plain).hexdigest() == said["plain_sha256"], "hash of a part's content")
    return plain, said["last"]


def _frame_opener(
    header: bytes, nonce: bytes, data_key: bytes | None
) -> Callable[[int, bytes, bool], bytes]:
    def bound(number: int, trailer: bool) -> bytes:
        return header + struct.pack(">I", number) + (b"\x01" if trailer else b"\x00")

    if data_key is None:

        def checked(number: int, sealed: bytes, trailer: bool) -> bytes:
            tag = hashlib.sha256(bound(number, trailer) + sealed[:-16]).digest()[:16]
            _check(tag == sealed[-16:], "a frame is damaged")
            return sealed[:-16]

        return checked
    key = HKDFExpand(SHA256(), 32, b"toban backup part v1\x00" + header).derive(data_key)

    def decrypted(number: int, sealed: bytes, trailer: bool) -> bytes:
        return AESGCM(key).decrypt(
            nonce + struct.pack(">I", number), sealed, bound(number, trailer)
        )

    return decrypted


def _objects(
    bucket: Objects, backup: Backup, stream: bytes, master: Masters
) -> Iterator[tuple[str, bytes]]:
    """The objects of an inventory, whose content may lie in backups that this one builds on."""
    header, *records, end = (json.loads(line) for line in stream.splitlines())
    _check((header["record"], end["record"]) == ("header", "end"), "an inventory without an end")
    _check(end["objects"] == len(records), "an inventory that is not whole")
    holders = {backup.manifest["backup_id"]: backup}
    for record in records:
        where = record["content"]
        if where["backup"] not in holders:
            holders[where["backup"]] = _open(bucket, _base(backup, where["backup"]), master)
        data = _object(bucket, holders[where["backup"]], where["name"], copied=where["copied"])
        right = (len(data), crc32c(data)) == (record["size"], record["crc32c"])
        _check(right, f"{record['name']}: size or checksum")
        yield record["name"], data


def _base(backup: Backup, id: str) -> str:
    _check(id in backup.manifest["needs"], f"{id}: a base that is not named")
    series = (backup.manifest["service"], backup.manifest["source"])
    class_ = id.removeprefix(".".join(series) + ".").split(".")[0]
    return "/".join((*series, class_, id, ""))


def _object(bucket: Objects, holder: Backup, name: str, *, copied: bool) -> bytes:
    if copied:
        return bucket[holder.prefix + name]
    pieces, last = [], False
    while not last:
        number = len(pieces) + 1
        part = bucket[f"{holder.prefix}{name}/{number:06}"]
        plain, last = _part(part, holder, name, number)
        pieces.append(plain)
    return b"".join(pieces)


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) of some bytes."""
    return int(google_crc32c.value(data))
