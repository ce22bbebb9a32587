"""Data keys wrapped by a key of our own that is kept as a secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from toban.kernel.reasons.words import reason
from toban.ports import Secrets
from toban.ports.backup import KeyUnavailable, WrappedKey

KEY_BYTES = 32
_NONCE = 12
_BOUND = b"toban data key v1\x00"


class SecretKeys:
    """
    The `Keys` port by AES-256-GCM under the first key of a secret.

    A key is 32 random bytes in base64 (``openssl rand -base64 32``). A secret holds one key or more,
    with white space between them: the first wraps, and every other one, however many, still unwraps
    what it wrapped, as the keys of the secret's previous value do. A wrapped key is nonce (12 bytes)
    ‖ ciphertext ‖ tag; 96-bit random nonces suffice for 2³² backups (NIST SP 800-38D §8.3).
    """

    def __init__(
        self, secrets: Secrets, name: str, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        """`name` of the secret; it is read at each use."""
        self._secrets = secrets
        self._name = name
        self._random = random

    def wrap(self, data_key: bytes, context: bytes) -> WrappedKey:
        """See `toban.ports.backup.Keys`."""
        key_id, key = next(iter(self._keys().items()))
        nonce = self._random(_NONCE)
        return WrappedKey(key_id, nonce + AESGCM(key).encrypt(nonce, data_key, _BOUND + context))

    def unwrap(self, key: WrappedKey, context: bytes) -> bytes:
        """See `toban.ports.backup.Keys`."""
        keys = self._keys()
        if key.key_id not in keys:
            raise KeyUnavailable(
                f"the data key was wrapped by {key.key_id}, and the secret {self._name} holds"
                f" {', '.join(keys)}: add the former key after the first one"
            )
        nonce, sealed = key.wrapped[:_NONCE], key.wrapped[_NONCE:]
        try:
            return AESGCM(keys[key.key_id]).decrypt(nonce, sealed, _BOUND + context)
        except (InvalidTag, ValueError) as error:
            raise KeyUnavailable(
                f"{key.key_id} does not open this data key: it is damaged, or of another backup"
            ) from error

    def ids(self) -> list[str]:
        """See `toban.ports.backup.ListedKeys`."""
        return list(self._keys())

    def _keys(self) -> dict[str, bytes]:
        """Every key accepted now by its id, the newest first."""
        values = [key for value in self._secrets.values(self._name) for key in value.split()]
        if not values:
            raise KeyUnavailable(
                reason("reason.the-secret", name=self._name) + reason("reason.make-key")
            )
        keys = [self._decoded(value) for value in values]
        return {f"local:{hashlib.sha256(key).hexdigest()[:16]}": key for key in keys}

    def _decoded(self, value: str) -> bytes:
        wanted = f"it has to be {KEY_BYTES} bytes in base64, as by: openssl rand -base64 32"
        try:
            key = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            # Not chained: the error of the decoder may show what it was given.
            raise KeyUnavailable(f"the secret {self._name} is not base64; {wanted}") from None
        if len(key) != KEY_BYTES:
            raise KeyUnavailable(f"the secret {self._name} has {len(key)} bytes; {wanted}")
        return key
