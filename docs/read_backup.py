"""Read a backup of toban (format 1, see backup-format.md) without toban and without a network:
    pip install cryptography zstandard
    python read_backup.py BUCKET/SERVICE/SOURCE/CLASS/BACKUP OUT [KEY]
BUCKET is a copy of the bucket; KEY a file with the profile's keys, or a folder of data keys."""

import functools
import hmac
import json
import struct
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from zstandard import ZstdDecompressor

sign = functools.partial(hmac.digest, digest="sha256")


def check(right, what):
    return right or sys.exit(f"not as it was written: {what}")


@functools.cache
class Backup:
    def __init__(self, folder):
        self.folder, file = folder, folder / "manifest.json"
        data = file.read_bytes() if file.is_file() else sys.exit(f"{file} is not there")
        said, body = json.loads(data), data[data.index(b'"manifest":') + 11 : -2]
        check((sha256(body).hexdigest(), 1) == (said["sha256"], said["version"]), folder)
        self.said, self.key = said["manifest"], None
        if self.said["key"]:
            self.key = self.unwrapped(folder.name)
            check(self.mac(b"toban manifest v1", body).hex() == said["hmac_sha256"], "forged")

    def unwrapped(self, id):
        wrapped, name = b64decode(self.said["key"]["wrapped"]), self.said["key"]["key_id"]
        check(keys, f"{self.folder}: KEY is missing, {name}")
        if keys.is_dir():
            return (keys / id).read_bytes()
        held = map(b64decode, keys.read_text().split())
        named = {f"local:{sha256(key).hexdigest()[:16]}": key for key in held}
        master = check(named.get(name), f"{self.folder}: KEY holds no {name}")
        bound = b"toban data key v1\x00toban backup " + id.encode()
        return AESGCM(master).decrypt(wrapped[:12], wrapped[12:], bound)

    def mac(self, purpose, data):
        return sign(sign(sign(bytes(32), self.key), purpose + b"\x01"), data)  # HKDF, then HMAC

    def stream(self):
        whole, attempt = sha256(), self.said["attempt"]
        for number in range(1, self.said["total_parts"] + 1):
            name = f"parts/a{attempt}/{number:06}"
            plain, last = self.part(name, f"stream/a{attempt}", number)
            check(last == (number == self.said["total_parts"]), name)
            digest = sha256(plain).digest()
            whole.update(self.mac(b"toban plain digest v1", digest) if self.key else digest)
            yield plain
        check(whole.hexdigest() == self.said["stream_digest"], f"{self.folder}: the stream")

    def beside(self, name, copied):
        if copied:
            return [(self.folder / name).read_bytes()]
        parts = sorted((self.folder / name).iterdir())
        return (self.part(f"{name}/{p.name}", name, n)[0] for n, p in enumerate(parts, start=1))

    def part(self, name, stream, number):
        data, at, frames, trailer = (self.folder / name).read_bytes(), 21, [], False
        for text in (self.said["backup_id"].encode(), stream.encode()):
            at += 2 + struct.unpack_from(">H", data, at)[0]
            check(data[:at].endswith(struct.pack(">H", len(text)) + text), f"{name}: whose is it?")
        header, (magic, sealed, nonce, found) = data[:at], struct.unpack_from(">8sB8sI", data)
        check((magic, sealed, found) == (b"tobanbk\x01", bool(self.key), number), name)
        gcm = self.key and AESGCM(sign(self.key, b"toban backup part v1\x00" + header + b"\x01"))
        while not trailer:
            (word,), begin = struct.unpack_from(">I", data, at), at + 4
            trailer, at = word >> 31, begin + (word & 0x7FFFFFFF)
            count, frame = struct.pack(">I", len(frames)), data[begin:at]
            bound = header + count + bytes([trailer])
            frames.append(gcm.decrypt(nonce + count, frame, bound) if gcm else frame[:-16])
            check(gcm or frame[-16:] == sha256(bound + frames[-1]).digest()[:16], name)
        said = json.loads(frames.pop())
        plain = ZstdDecompressor().decompressobj().decompress(b"".join(frames))
        check(sha256(plain).hexdigest() == said["plain_sha256"] and at == len(data), name)
        return plain, said["last"]


folder, out, keys = (*map(Path, sys.argv[1:4]), None)[:3] if sys.argv[2:] else sys.exit(__doc__)
Backup(folder) and out.exists() and sys.exit(f"{out} is there already: name another folder")
(out / "objects").mkdir(parents=True)
with (out / "stream").open("wb") as file:
    file.writelines(Backup(folder).stream())
records = (out / "stream").open("rb") if Backup(folder).said["kind"] == "bucket" else ()
for record in (each for each in map(json.loads, records) if each["record"] == "object"):
    path, (id, name, copied) = out / "objects" / record["name"], record["content"].values()
    check(".." not in path.parts and out in path.parents, f"{path} is no name for a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = Backup(folder.parents[1] / id.split(".")[-2] / id)
    check(path.write_bytes(b"".join(holder.beside(name, copied))) == record["size"], path)
