"""
Posts signed with a shared secret, for every way in whose sender can be told how to sign.

``X-Toban-Signature: t=<unix seconds>,v1=<hex>``, HMAC-SHA256 over ``<t>.<body as sent>``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from toban.kernel.edge.credentials import same
from toban.kernel.edge.http import Request
from toban.kernel.edge.row import (
    Answers,
    AuthContext,
    AuthenticatedRequest,
    IngressResult,
    RequestRefused,
    Row,
)

TOLERANCE_S = 300
"""How far the time of a signature may be from ours, either way."""

_SIGNATURE = re.compile(r"[a-z][a-z0-9]*=[0-9a-f]+(,[a-z][a-z0-9]*=[0-9a-f]+){1,8}")


def signed(request: Request, keys: AuthContext) -> datetime:
    """
    Return the time at which the request was signed; raises `RequestRefused` (the check of a
    row).

    An event that takes that time as its own is the same event when the request is replayed.
    """
    return datetime.fromtimestamp(_signed_at(request, keys.secrets, keys.now), UTC)


def signed_row(
    path: str,
    secret: str,
    read: Callable[[AuthenticatedRequest[datetime]], IngressResult],
    what: str,
) -> Row[datetime]:
    """
    Return the row of a way in whose posts are signed; `what` names the posts in logs and
    answers.
    """
    return Row(
        path, secret, check=signed, read=read, answers=Answers(what), challenge="Toban-Signature"
    )


def signature(secret: str, moment: int, body: bytes) -> str:
    """Return the value of ``X-Toban-Signature`` for `body`, signed at `moment` (Unix seconds)."""
    mac = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return f"t={moment},v1={mac.hexdigest()}"


def _signed_at(request: Request, secrets: Sequence[str], now: datetime) -> int:
    """
    ``X-Toban-Signature: t=<unix seconds>,v1=<hex>``, HMAC-SHA256 over ``<t>.<body as sent>``.

    Several ``v1`` may be given, several secrets may be valid: one that fits is enough, so both
    ends can rotate. Returns the time of signing (Unix seconds). Raises `RequestRefused`.
    """
    header = request.headers.get("x-toban-signature", "").strip()
    if not header:
        raise RequestRefused("no signature")
    if len(header) > 1_000 or not _SIGNATURE.fullmatch(header):
        raise RequestRefused("malformed signature")
    pairs = [part.split("=", 1) for part in header.split(",")]
    moments = [value for name, value in pairs if name == "t"]
    if len(moments) != 1 or not moments[0].isdigit() or len(moments[0]) > 12:
        raise RequestRefused("malformed signature")
    moment = int(moments[0])
    body = request.body or b""
    expected = [signature(s, moment, body).partition("v1=")[2] for s in secrets if s]
    given = [value for name, value in pairs if name == "v1"]
    # The MAC first: only the holder of the secret learns that a clock is off.
    if not sum(same(value.encode(), expected) for value in given):
        raise RequestRefused("signature does not fit")
    if abs(now.timestamp() - moment) > TOLERANCE_S:
        raise RequestRefused(f"signed more than {TOLERANCE_S} s ago or ahead")
    return moment
