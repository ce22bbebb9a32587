"""Objects in a Cloud Storage bucket."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage import Client
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from requests.exceptions import RequestException

from toban.ports import Unavailable

_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")

TIMEOUT_S = 30.0
"""For one request; a megabyte over a slow link takes a while."""

_RETRY_READ = Retry(
    predicate=if_exception_type(
        ConnectionError,
        RequestException,
        exceptions.InternalServerError,
        exceptions.ServiceUnavailable,
        exceptions.TooManyRequests,
    ),
    initial=0.2,
    maximum=2.0,
    timeout=10.0,
)
_FAILURES = (
    exceptions.GoogleAPIError,
    GoogleAuthError,
    RequestException,
    ConnectionError,
    DataCorruption,
    InvalidResponse,
)


@functools.cache
def connect(project: str | None = None) -> Client:
    """The client, made once per process; the URL ``STORAGE_EMULATOR_HOST`` leads to an emulator."""
    if os.environ.get("STORAGE_EMULATOR_HOST"):
        return Client(project=project or "emulator")  # anonymous by itself
    return Client(project=project)


def ensure_bucket(name: str, client: Client) -> None:
    """Make a bucket of an emulator unless it is there; in the cloud Terraform makes it."""
    try:
        client.create_bucket(name, timeout=TIMEOUT_S)
    except exceptions.Conflict:
        return


class GcsBlobs:
    """The objects of one bucket, created under the precondition that they do not exist."""

    def __init__(self, bucket: str, client: Callable[[], Client] = connect) -> None:
        """`client` is called at the first request, not here."""
        self._name = bucket
        self._client = client

    def create(self, name: str, data: bytes, content_type: str) -> bool:
        """See `toban.ports.Blobs`. Not retried: a lost answer would look like an old object."""
        try:
            self._blob(name).upload_from_string(
                data,
                content_type=content_type,
                if_generation_match=0,
                checksum="crc32c",
                timeout=TIMEOUT_S,
                retry=None,
            )
        except exceptions.PreconditionFailed:
            return False
        except _FAILURES as error:
            raise _unavailable("creating", name, error) from error
        return True

    def read(self, name: str) -> bytes:
        """See `toban.ports.Blobs`; the checksum is verified."""
        try:
            content = self._blob(name).download_as_bytes(timeout=TIMEOUT_S, retry=_RETRY_READ)
        except exceptions.NotFound as error:
            raise KeyError(name) from error
        except _FAILURES as error:
            raise _unavailable("reading", name, error) from error
        return bytes(content)

    def names(self, prefix: str) -> list[str]:
        """See `toban.ports.Blobs`."""
        try:
            found = self._client().list_blobs(
                self._name, prefix=prefix, timeout=TIMEOUT_S, retry=_RETRY_READ
            )
            return sorted(blob.name for blob in found)
        except _FAILURES as error:
            raise _unavailable("listing", prefix, error) from error

    def delete(self, name: str) -> None:
        """See `toban.ports.Blobs`."""
        try:
            self._blob(name).delete(timeout=TIMEOUT_S, retry=_RETRY_READ)
        except exceptions.NotFound:
            return
        except _FAILURES as error:
            raise _unavailable("deleting", name, error) from error

    def url(self, name: str) -> str:
        """Where a person with access opens it in a browser, signed in with Google."""
        _check(name)
        emulator = os.environ.get("STORAGE_EMULATOR_HOST")
        if emulator:
            path = f"storage/v1/b/{self._name}/o/{quote(name, safe='')}?alt=media"
            return f"{emulator.rstrip('/')}/{path}"
        return f"https://storage.cloud.google.com/{self._name}/{quote(name)}"

    def _blob(self, name: str) -> Any:
        _check(name)
        return self._client().bucket(self._name).blob(name)


def _check(name: str) -> None:
    """Raise `ValueError` for what is no name on a disk either, so that copies keep their names."""
    plain = all(
        segment not in {"", ".", ".."} and len(segment.encode()) <= 255
        for segment in name.split("/")
    )
    if not plain or len(name.encode()) > 1_024 or _CONTROL.search(name):
        raise ValueError(f"not a name for an object: {name[:80]!r}")


def _unavailable(doing: str, name: str, error: Exception) -> Unavailable:
    return Unavailable(f"Cloud Storage, {doing} {name}: {type(error).__name__}: {str(error)[:500]}")
