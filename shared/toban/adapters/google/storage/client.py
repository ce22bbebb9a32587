"""The client of Cloud Storage, what is retried, and what its errors mean."""

from __future__ import annotations

import functools
import os

from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage import Client
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY
from requests.exceptions import RequestException

from toban.ports import Unavailable

TIMEOUT_S = 30.0
"""For one request; a megabyte over a slow link takes a while."""

RETRY = DEFAULT_RETRY.with_delay(initial=0.2, maximum=2.0).with_timeout(10.0)
"""For what may be done twice."""

FAILURES = (
    exceptions.GoogleAPIError,
    GoogleAuthError,
    RequestException,
    ConnectionError,
    DataCorruption,
    InvalidResponse,
)


@functools.cache
def connect(project: str | None = None, endpoint: str = "") -> Client:
    """
    Return the client, made once per process.

    `endpoint`, or the URL ``STORAGE_EMULATOR_HOST``, leads to an emulator.
    """
    # Else it asks for every bucket's location in a thread of its own, for traces nobody collects;
    # what may only touch objects is not permitted to ask.
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    if endpoint:
        return Client(
            project=project or "emulator",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": endpoint},
        )
    if os.environ.get("STORAGE_EMULATOR_HOST"):
        return Client(project=project or "emulator")  # anonymous by itself
    return Client(project=project)


def ensure_bucket(name: str, client: Client) -> None:
    """Make a bucket of an emulator unless it is there; in the cloud Terraform makes it."""
    try:
        client.create_bucket(name, timeout=TIMEOUT_S)
    except exceptions.Conflict:
        return


def status_of(error: Exception) -> int:
    """Return the HTTP status that was answered; 0 when there was no answer."""
    if isinstance(error, InvalidResponse):
        return int(error.response.status_code)
    if isinstance(error, exceptions.GoogleAPICallError):
        return int(error.code or 0)
    return 0


def undecided(error: Exception) -> bool:
    """Return whether a request may have taken effect, or may succeed when it is sent again."""
    return status_of(error) in {0, 408, 429} or status_of(error) >= 500


def unavailable(doing: str, name: str, error: Exception) -> Unavailable:
    """Return what a caller of a port is told."""
    return Unavailable(f"Cloud Storage, {doing} {name}: {type(error).__name__}: {str(error)[:500]}")
