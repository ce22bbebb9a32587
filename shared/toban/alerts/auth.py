"""The authentication of alert senders: a check for each source, over the raw bytes."""

from __future__ import annotations

from collections.abc import Sequence

from toban.kernel.edge.credentials import as_bytes, check_basic, same
from toban.kernel.edge.http import Request
from toban.kernel.edge.row import RequestRefused


def check_cloud_monitoring(request: Request, secrets: Sequence[str]) -> None:
    """
    Check ``?auth_token=`` (a secret without a colon) or basic authentication
    (``user:password``).

    Raises `RequestRefused`.
    """
    tokens, users = _split(secrets)
    token = request.query.get("auth_token", "")
    if token and tokens:
        if not same(as_bytes(token), tokens):
            raise RequestRefused("wrong token")
        return
    if not users:
        raise RequestRefused("no token")
    check_basic(request.headers.get("authorization", ""), users)


def check_alertmanager(request: Request, secrets: Sequence[str]) -> None:
    """
    Check a bearer token (a secret without a colon) or basic authentication (``user:password``).

    Raises `RequestRefused`.
    """
    tokens, users = _split(secrets)
    authorization = request.headers.get("authorization", "").strip()
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer":
        if not same(as_bytes(token.strip()), tokens):
            raise RequestRefused("wrong bearer token")
        return
    if not users:
        raise RequestRefused("no bearer token")
    check_basic(authorization, users)


def _split(secrets: Sequence[str]) -> tuple[list[str], list[str]]:
    return [s for s in secrets if ":" not in s], [s for s in secrets if ":" in s]
