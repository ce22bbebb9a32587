"""Objects in a Cloud Storage bucket."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from urllib.parse import quote

from google.cloud.storage import Client

from toban.adapters.google.storage.buckets import GcsBucket
from toban.adapters.google.storage.client import connect as connect
from toban.adapters.google.storage.client import ensure_bucket as ensure_bucket

_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


class GcsBlobs:
    """The objects of one bucket, created under the precondition that they do not exist."""

    def __init__(self, bucket: str, client: Callable[[], Client] = connect) -> None:
        """`client` is called at the first request, not here."""
        self._bucket = GcsBucket(bucket, client)

    def create(self, name: str, data: bytes, content_type: str) -> bool:
        """See `toban.ports.Blobs`; after a lost answer, what lies there decides."""
        _check(name)
        return self._bucket.create(name, data, content_type) is not None

    def read(self, name: str) -> bytes:
        """See `toban.ports.Blobs`; the checksum is verified."""
        _check(name)
        return self._bucket.read(name)

    def names(self, prefix: str) -> list[str]:
        """See `toban.ports.Blobs`."""
        return sorted(found.name for found in self._bucket.list(prefix))

    def delete(self, name: str) -> None:
        """See `toban.ports.Blobs`."""
        _check(name)
        self._bucket.delete(name)

    def url(self, name: str) -> str:
        """Return where a person with access opens it in a browser, signed in with Google."""
        _check(name)
        emulator = os.environ.get("STORAGE_EMULATOR_HOST")
        if emulator:
            path = f"storage/v1/b/{self._bucket.name}/o/{quote(name, safe='')}?alt=media"
            return f"{emulator.rstrip('/')}/{path}"
        return f"https://storage.cloud.google.com/{self._bucket.name}/{quote(name)}"


def _check(name: str) -> None:
    """Raise `ValueError` for what is no name on a disk either, so that copies keep their names."""
    plain = all(
        segment not in {"", ".", ".."} and len(segment.encode()) <= 255
        for segment in name.split("/")
    )
    if not plain or len(name.encode()) > 1_024 or _CONTROL.search(name):
        raise ValueError(f"not a name for an object: {name[:80]!r}")
