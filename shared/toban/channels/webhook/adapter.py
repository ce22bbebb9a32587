"""
A signed JSON POST to somebody's URL.

``X-Toban-Signature: t=<unix seconds>,v1=<hex>``, where v1 is HMAC-SHA256 of ``<t>.<body>`` under
the channel's signing secret (several v1 while it is being rotated). ``Idempotency-Key`` is the
notification's id, the same at every try: a receiver that heeds it takes each once.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
from collections.abc import Callable
from datetime import datetime

from toban.adapters.local.http import HttpClient
from toban.channels.config import ChannelConfig
from toban.channels.secrets import not_set, secret
from toban.channels.waiting import retry_after
from toban.channels.webhook.address import check_address, check_scheme
from toban.channels.webhook.message import WebhookCall
from toban.kernel.handling.effect import Done, Failed, Result
from toban.kernel.outgoing import Outgoing
from toban.ports import Clock, Http, NotSent, OutcomeUnknown, Rejected, Secrets

TIMEOUT_S = 10.0


class WebhookSender:
    """Sends `WebhookCall`s through the `Http` port, which follows no redirects."""

    def __init__(self, http: Http, secrets: Secrets, clock: Clock, local: bool) -> None:
        self._http = http
        self._secrets = secrets
        self._clock = clock
        self._local = local

    def send(self, outgoing: Outgoing) -> Result:
        """See `toban.kernel.outgoing.Senders`."""
        assert isinstance(outgoing, WebhookCall)
        url = secret(self._secrets, outgoing.url_secret) if outgoing.url_secret else outgoing.url
        if not url:
            return not_set(outgoing.url_secret)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "toban",
            "Idempotency-Key": outgoing.id,
        }
        if outgoing.signing_secret:
            if not secret(self._secrets, outgoing.signing_secret):
                return not_set(outgoing.signing_secret)
            keys = self._secrets.values(outgoing.signing_secret)
            headers["X-Toban-Signature"] = signature(outgoing.body, keys, self._clock.now())
        try:
            check_scheme(url, self._local)
            answer = self._http.post(url, outgoing.body, headers, TIMEOUT_S)
        except Rejected as error:
            return Failed(f"webhook: {error}", retryable=False)
        except NotSent as error:
            return Failed(f"webhook: {error}", retryable=True, timed_out=error.timed_out)
        except OutcomeUnknown as error:
            return Failed(
                f"webhook: {error}", retryable=True, unknown=True, timed_out=error.timed_out
            )
        if 200 <= answer.status < 300:
            return Done()
        retryable = answer.status >= 500 or answer.status in (408, 425, 429)
        unknown = answer.status in (408, 502, 504)
        return Failed(
            f"webhook answered {answer.status}",
            retryable=retryable,
            unknown=unknown,
            after=retry_after(answer.retry_after, self._clock.now()),
        )


def sender(config: ChannelConfig, secrets: Secrets, clock: Clock) -> WebhookSender:
    """Return a sender that connects only to addresses that `check_address` allows."""
    guard = guarded(config.is_local)
    return WebhookSender(HttpClient(guard), secrets, clock, config.is_local)


def signature(body: bytes, keys: list[str], now: datetime) -> str:
    """Return the value of ``X-Toban-Signature``."""
    at = str(int(now.timestamp()))
    signed = at.encode() + b"." + body
    macs = [hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in keys]
    return ",".join([f"t={at}", *(f"v1={mac}" for mac in macs)])


Lookup = Callable[[str, int], list[str]]


def look_up(host: str, port: int) -> list[str]:
    """Return every address of a host; raises `NotSent` when there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotSent(f"{host}: no address found") from None
    return [str(entry[4][0]) for entry in found]


def guarded(local: bool, lookup: Lookup = look_up) -> Callable[[str, int], str]:
    """
    Return what finds the address to connect to for a host, once for check and connection.

    So nobody can change it in between (DNS rebinding).
    """

    def address(host: str, port: int) -> str:
        found = lookup(host, port)
        # All must be harmless: which of them is tried is not ours to choose twice.
        for candidate in found:
            check_address(candidate, local)
        return found[0]

    return address
