"""
ID tokens that Google signed, verified by google-auth with Google's certificates.

The certificates are fetched once and kept as long as Google says; a token with an unknown key has
them fetched anew, at most once a minute, so that made-up tokens cost no calls. This module is imported
when the first token comes.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from google.auth import exceptions, jwt, transport
from google.oauth2 import id_token

from toban.ports import InvalidToken, Unavailable

CERTIFICATES = "https://www.googleapis.com/oauth2/v1/certs"
TIMEOUT_S = 5.0
LEAST_S = 60.0
"""However a token looks, the certificates are not fetched more often."""
AGAIN_S = 5.0
"""While they cannot be had."""
MOST_S = 24 * 3600.0
SKEW_S = 10
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")
_MAX_BYTES = 100_000


@dataclass(frozen=True)
class _Answer:
    """What google-auth looks at of an HTTP answer."""

    data: bytes
    status: int = 200


class _Certificates(transport.Request):
    """The certificates, fetched when they have to be: google-auth's ``request``."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "127.0.0.1"):
            raise ValueError("certificates come over https")
        self.url = url
        self._lock = threading.Lock()
        self._answer: _Answer | None = None
        self._good_until = 0.0
        self._not_before = float("-inf")

    def __call__(self, *_: Any, **__: Any) -> Any:
        """The certificates as they are known; there is only the one address."""
        with self._lock:
            if self._answer is None or time.monotonic() >= self._good_until:
                self._fetch()
            if self._answer is None:
                raise Unavailable("the certificates of ID tokens cannot be had")
            return self._answer

    def know(self, key_id: str) -> bool:
        """Whether a key is among them, after looking anew where it is not."""
        with self._lock:
            if self._has(key_id):
                return True
            self._fetch()
            return self._has(key_id)

    def _has(self, key_id: str) -> bool:
        return self._answer is not None and f'"{key_id}"'.encode() in self._answer.data

    def _fetch(self) -> None:
        """Fetch them, unless that was tried a moment ago; what is known stays when it fails."""
        now = time.monotonic()
        if now < self._not_before:
            return
        self._not_before = now + AGAIN_S
        try:
            with urllib.request.urlopen(self.url, timeout=TIMEOUT_S) as answer:  # noqa: S310 checked
                data = answer.read(_MAX_BYTES)
                said = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
        except (OSError, http.client.HTTPException):
            return
        age = min(max(float(said[1]) if said else LEAST_S, LEAST_S), MOST_S)
        self._answer, self._good_until = _Answer(data), now + age
        self._not_before = now + LEAST_S


class GoogleTokens:
    """The `Tokens` port: verifies ID tokens that Google signed."""

    def __init__(self, certificates: str = CERTIFICATES) -> None:
        """`certificates`: where they are, as JSON of PEM by key id; another place for tests only."""
        self._certificates = _Certificates(certificates)

    def claims(self, token: str) -> Mapping[str, Any]:
        """See `toban.ports.Tokens`."""
        # What google-auth says of a bad token quotes it: only our own words are passed on.
        try:
            key_id = jwt.decode_header(token).get("kid")  # type: ignore[no-untyped-call]
        except (exceptions.GoogleAuthError, ValueError, RecursionError) as error:
            raise InvalidToken("not an ID token") from error
        if not isinstance(key_id, str) or not re.fullmatch(r"[\w-]{1,100}", key_id):
            raise InvalidToken("the token names no key")
        if not self._certificates.know(key_id):
            self._certificates()  # Unavailable when there are none at all
            raise InvalidToken("the token is signed with an unknown key")
        try:
            claims: Mapping[str, Any] = id_token.verify_token(
                token,
                self._certificates,
                certs_url=self._certificates.url,
                clock_skew_in_seconds=SKEW_S,
            )
        except (exceptions.GoogleAuthError, ValueError, TypeError, RecursionError) as error:
            raise InvalidToken("the token's signature or time does not fit") from error
        return claims
