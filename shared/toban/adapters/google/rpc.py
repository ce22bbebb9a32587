"""
gRPC to Google, or to an emulator, without the generated clients.

A call is sent once; what may be tried again, and for how long, the caller says. On Cloud Run and
Cloud Functions the access token comes from the metadata server
(https://cloud.google.com/docs/authentication/rest#metadata-server); elsewhere from
google-auth's default credentials, which are imported only there.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import grpc

from toban.ports import Unavailable

_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 30_000),
)
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105  a path
_RENEW_S = 240.0
"""Before its end a token is fetched anew; the metadata server has the next one 5 minutes early."""

Metadata = Sequence[tuple[str, str]]


def open_channel(service: str, emulator: str | None) -> grpc.Channel:
    """
    A channel to a service (``firestore.googleapis.com``), or in plain text to an emulator.

    Call it from a request at the earliest: gRPC does not survive gunicorn's fork. Raises
    `Unavailable` where there are no credentials.
    """
    if emulator:
        return grpc.insecure_channel(emulator, options=_OPTIONS)
    if os.environ.get("K_SERVICE"):
        return grpc.secure_channel(
            f"{service}:443",
            grpc.composite_channel_credentials(
                grpc.ssl_channel_credentials(),
                grpc.metadata_call_credentials(MetadataToken(), name="toban"),
            ),
            options=_OPTIONS,
        )
    import google.auth
    import google.auth.exceptions
    import google.auth.transport.grpc
    import google.auth.transport.requests

    try:
        credentials, _ = google.auth.default(scopes=[_SCOPE])
    except google.auth.exceptions.GoogleAuthError as error:
        raise Unavailable(f"{service}: {error}") from error
    authorized: Callable[..., grpc.Channel] = google.auth.transport.grpc.secure_authorized_channel
    request = google.auth.transport.requests.Request()
    return authorized(credentials, request, f"{service}:443", options=_OPTIONS)


class MetadataToken(grpc.AuthMetadataPlugin):  # type: ignore[misc]  # grpc has no types
    """The function's own identity; thread-safe, one token for all calls until it ends."""

    def __init__(
        self, host: str | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`host` by default ``GCE_METADATA_HOST``, as Google's libraries have it."""
        self._host = host or os.environ.get("GCE_METADATA_HOST") or "metadata.google.internal"
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def __call__(self, context: object, callback: Callable[[Metadata, Any], None]) -> None:
        """Asked by gRPC for the metadata of one call."""
        del context
        try:
            metadata = (("authorization", f"Bearer {self.token()}"),)
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            # The call then ends as UNAVAILABLE with this error, and is tried again with its event.
            callback((), error)
            return
        callback(metadata, None)

    def token(self) -> str:
        """A token that is valid now; raises what reading it from the server raises."""
        with self._lock:
            if self._monotonic() >= self._renew_at:
                self._token, lasts = self._fetch()
                self._renew_at = self._monotonic() + max(0.0, lasts - _RENEW_S)
            return self._token

    def _fetch(self) -> tuple[str, float]:
        connection = http.client.HTTPConnection(self._host, timeout=3)
        try:
            connection.request("GET", _TOKEN_PATH, headers={"Metadata-Flavor": "Google"})
            answer = connection.getresponse()
            body = answer.read(65_536)
        finally:
            connection.close()
        if answer.status != 200:
            raise http.client.HTTPException(f"the metadata server answered {answer.status}")
        told = json.loads(body)
        return str(told["access_token"]), float(told["expires_in"])


def routed(field: str, value: str, *more: tuple[str, str]) -> Metadata:
    """The metadata by which Google routes a call: what of the request it is about."""
    return (("x-goog-request-params", f"{field}={quote(value, safe='')}"), *more)


def unary(
    channel: grpc.Channel,
    method: str,
    request: Any,
    answer: Any,
    timeout_s: float,
    metadata: Metadata,
) -> Any:
    """One call with one answer; raises `grpc.RpcError`."""
    call = channel.unary_unary(
        method,
        request_serializer=type(request).SerializeToString,
        response_deserializer=answer.FromString,
    )
    return call(request, timeout=timeout_s, metadata=metadata)


def stream(
    channel: grpc.Channel,
    method: str,
    request: Any,
    answer: Any,
    timeout_s: float,
    metadata: Metadata,
) -> list[Any]:
    """One call with several answers, all of them; raises `grpc.RpcError`."""
    call = channel.unary_stream(
        method,
        request_serializer=type(request).SerializeToString,
        response_deserializer=answer.FromString,
    )
    return list(call(request, timeout=timeout_s, metadata=metadata))


def again(
    call: Callable[[float], Any],
    codes: frozenset[grpc.StatusCode],
    timeout_s: float,
    initial_s: float,
    longest_s: float,
) -> Any:
    """
    Make a harmless call until it ends otherwise than with one of `codes`, for `timeout_s` in all.

    `call` gets the seconds that are left. Waits between tries double, with full jitter.
    """
    deadline = time.monotonic() + timeout_s
    wait = initial_s
    while True:
        left = deadline - time.monotonic()
        try:
            return call(left)
        except grpc.RpcError as error:
            pause = random.uniform(0, wait)  # noqa: S311  no secret
            if code(error) not in codes or time.monotonic() + pause >= deadline:
                raise
        time.sleep(pause)
        wait = min(longest_s, wait * 2)


def code(error: grpc.RpcError) -> grpc.StatusCode:
    """The status of a failed call."""
    status: grpc.StatusCode = error.code()
    return status


def text(error: grpc.RpcError) -> str:
    """``UNAVAILABLE: what was wrong``, of bounded length."""
    return f"{code(error).name}: {str(error.details())[:500]}"
