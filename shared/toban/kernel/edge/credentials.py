"""
Comparing credentials over the raw bytes.

They are compared as SHA-256 digests in constant time, so a header in any encoding is merely wrong,
and neither content nor length of a secret shows in the time taken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from toban.kernel.edge.row import CredentialsMissing, RequestRefused


def same(given: bytes, secrets: Sequence[str]) -> bool:
    """Return whether `given` is one of the secrets (an empty one is not)."""
    digest = hashlib.sha256(given).digest()
    # Summed, so that all are compared, whichever fits.
    matches = sum(
        hmac.compare_digest(digest, hashlib.sha256(s.encode()).digest()) for s in secrets if s
    )
    return matches > 0


def as_bytes(text: str) -> bytes:
    """Return a header's bytes as they were received."""
    return text.encode("utf-8", "surrogatepass")


def check_basic(authorization: str, secrets: Sequence[str]) -> None:
    """
    Check HTTP basic authentication against secrets of the form ``user:password``.

    Raises `RequestRefused`.
    """
    scheme, _, credentials = authorization.strip().partition(" ")
    if not scheme:
        raise CredentialsMissing("no credentials")
    if scheme.lower() != "basic":
        raise RequestRefused("another scheme than basic authentication")
    try:
        given = base64.b64decode(as_bytes(credentials.strip()), validate=True)
    except binascii.Error as error:
        raise RequestRefused("credentials are not base64") from error
    if not same(given, secrets):
        raise RequestRefused("wrong user or password")
