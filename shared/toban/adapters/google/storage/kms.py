"""
Data keys wrapped by Cloud KMS.

Checksums travel both ways, and an answer is believed only when they fit, as
https://cloud.google.com/kms/docs/data-integrity-guidelines asks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import google_crc32c
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.cloud.kms_v1 import KeyManagementServiceClient, types

from toban.ports import Unavailable
from toban.ports.backup import KeyUnavailable, WrappedKey

TIMEOUT_S = 10.0
"""For one call, tries included."""
_TRIES = 3
"""When checksums do not fit."""
_VERSIONS = "/cryptoKeyVersions/"

_RETRY = Retry(
    predicate=if_exception_type(
        exceptions.Aborted, exceptions.InternalServerError, exceptions.ServiceUnavailable
    ),
    initial=0.1,
    maximum=1.0,
    timeout=TIMEOUT_S,
)
_REFUSED = (
    exceptions.BadRequest,  # InvalidArgument, FailedPrecondition (disabled), OutOfRange
    exceptions.Forbidden,
    exceptions.NotFound,
    exceptions.Unauthorized,
    DefaultCredentialsError,
)

A = TypeVar("A")


@functools.cache
def connect() -> KeyManagementServiceClient:
    """Return the client, made once per process at its first request."""
    return KeyManagementServiceClient()


class KmsKeys:
    """The `Keys` port by Cloud KMS, which rotates the key itself."""

    def __init__(
        self,
        key: str,
        *,
        former: tuple[str, ...] = (),
        client: Callable[[], KeyManagementServiceClient] = connect,
    ) -> None:
        """
        `key` is ``projects/…/locations/…/keyRings/…/cryptoKeys/…``.

        `former`: keys that may still unwrap. No others are asked, whatever a manifest says: a
        stranger's key would open a stranger's backup. `client` is called at the first request.
        """
        self._key = key
        self._allowed = (key, *former)
        self._client = client

    def wrap(self, data_key: bytes, context: bytes) -> WrappedKey:
        """See `toban.ports.backup.Keys`; the key id is that of the key's version."""
        request = types.EncryptRequest(
            name=self._key,
            plaintext=data_key,
            plaintext_crc32c=google_crc32c.value(data_key),
            additional_authenticated_data=context,
            additional_authenticated_data_crc32c=google_crc32c.value(context),
        )

        def intact(answer: Any) -> bool:
            return bool(
                answer.verified_plaintext_crc32c
                and answer.verified_additional_authenticated_data_crc32c
                and google_crc32c.value(answer.ciphertext) == answer.ciphertext_crc32c
                and answer.name.split(_VERSIONS)[0] == self._key
            )

        answer = self._call(lambda client: client.encrypt, request, intact, self._key)
        return WrappedKey(answer.name, answer.ciphertext)

    def unwrap(self, key: WrappedKey, context: bytes) -> bytes:
        """See `toban.ports.backup.Keys`."""
        name = key.key_id.split(_VERSIONS)[0]
        if name not in self._allowed:
            raise KeyUnavailable(f"the data key was wrapped by {name}, and the key is {self._key}")
        request = types.DecryptRequest(
            name=name,
            ciphertext=key.wrapped,
            ciphertext_crc32c=google_crc32c.value(key.wrapped),
            additional_authenticated_data=context,
            additional_authenticated_data_crc32c=google_crc32c.value(context),
        )

        def intact(answer: Any) -> bool:
            return bool(google_crc32c.value(answer.plaintext) == answer.plaintext_crc32c)

        answer = self._call(lambda client: client.decrypt, request, intact, name)
        return bytes(answer.plaintext)

    def _call(
        self,
        method: Callable[[Any], Callable[..., A]],
        request: Any,
        intact: Callable[[A], bool],
        name: str,
    ) -> A:
        for _ in range(_TRIES):
            try:
                answer = method(self._client())(request=request, retry=_RETRY, timeout=TIMEOUT_S)
            except _REFUSED as error:
                raise KeyUnavailable(_text(name, error)) from error
            except (exceptions.GoogleAPIError, GoogleAuthError) as error:
                raise Unavailable(_text(name, error)) from error
            if intact(answer):
                return answer
        raise Unavailable(f"Cloud KMS, {name}: request or answer was damaged on its way (CRC32C)")


def _text(name: str, error: Exception) -> str:
    return f"Cloud KMS, {name}: {type(error).__name__}: {str(error)[:300]}"
