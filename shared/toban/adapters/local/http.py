"""
Outgoing HTTP that knows whether anything was sent.

Everything up to the established connection (name, address, TLS) is `NotSent`; from the first
byte of the request on, whatever goes wrong is `OutcomeUnknown`. Proxies of the environment are
not used. Errors name the host only: paths and queries of webhooks are secrets.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from toban.ports import HttpAnswer, NotSent, OutcomeUnknown

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_ANSWER_BYTES = 1_048_576
"""More of an answer is not read."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def _as_named(host: str, port: int) -> str:  # noqa: ARG001
    return host


@functools.cache
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class HttpClient:
    """The `Http` port; one connection for each request."""

    def __init__(
        self,
        address: Callable[[str, int], str] = _as_named,
        tls: Callable[[], ssl.SSLContext] = _system_trust,
    ) -> None:
        """
        `address` says which address to connect to for a host and port, or raises `NotSent`.

        It is asked once for each request, so what it has checked is what is connected to. `tls`
        says whose certificates are trusted; it is asked for the first https:// request.
        """
        self._address = address
        self._tls = tls

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float
    ) -> HttpAnswer:
        """See `toban.ports.Http`; `timeout_s` is for everything but finding the address."""
        deadline = time.monotonic() + timeout_s
        parts, port = _parse(url)
        host = parts.hostname or ""
        connection = http.client.HTTPConnection(host, port)
        connection.default_port = _DEFAULT_PORTS[parts.scheme]  # left out of the Host header
        address = self._address(host, port)
        with _connect(parts, (address, port), timeout_s, self._tls) as connected:
            timed = connection.sock = _Timed(connected, deadline)
            _prepare(connection, parts, headers, len(body))
            return _exchange(connection, timed, host, body)


def _parse(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotSent("the address is no URL") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise NotSent("the address is no http:// or https:// URL")
    return parts, port or _DEFAULT_PORTS[parts.scheme]


def _connect(
    parts: SplitResult,
    address: tuple[str, int],
    timeout_s: float,
    tls: Callable[[], ssl.SSLContext],
) -> socket.socket:
    host = parts.hostname or ""
    try:
        plain = socket.create_connection(address, timeout_s)
    except (OSError, UnicodeError) as error:
        raise NotSent(f"{host}: {_reason(error)}", timed_out=_timed_out(error)) from None
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https":
            return tls().wrap_socket(plain, server_hostname=host)
    except OSError as error:
        plain.close()
        raise NotSent(f"{host}: {_reason(error)}", timed_out=_timed_out(error)) from None
    return plain


def _prepare(
    connection: http.client.HTTPConnection,
    parts: SplitResult,
    headers: Mapping[str, str],
    length: int,
) -> None:
    """Put the head together without sending it."""
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    try:
        connection.putrequest("POST", target, skip_accept_encoding=True)
        given = {name.lower() for name in headers}
        for name, value in headers.items():
            connection.putheader(name, value)
        if "content-length" not in given:
            connection.putheader("Content-Length", str(length))
        if "connection" not in given:
            connection.putheader("Connection", "close")
    except (ValueError, http.client.InvalidURL):
        # Not the exception's own text: it may quote a token.
        raise NotSent(f"{parts.hostname}: the path or a header has forbidden characters") from None


def _exchange(
    connection: http.client.HTTPConnection, timed: _Timed, host: str, body: bytes
) -> HttpAnswer:
    try:
        connection.endheaders(body)
        response = connection.getresponse()
        head_cut_off = timed.ended  # http.client takes the end for the empty line after the head
        asked = response.getheader("Retry-After", "")
        answer = HttpAnswer(response.status, response.read(MAX_ANSWER_BYTES), asked)
    except (OSError, http.client.HTTPException) as error:
        raise OutcomeUnknown(f"{host}: {_reason(error)}", timed_out=_timed_out(error)) from None
    if head_cut_off or (response.length and len(answer.body) < MAX_ANSWER_BYTES):
        raise OutcomeUnknown(f"{host}: the answer was cut off")
    return answer


def _timed_out(error: Exception) -> bool:
    return isinstance(error, TimeoutError)


def _reason(error: Exception) -> str:
    if _timed_out(error):
        return "timed out"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


class _Timed:
    """
    A socket whose reads and writes all together end at one moment.

    It stays open until its owner closes it. `http.client` lets go of a connection that ends with
    its answer as soon as it has the head, and counts on a socket to outlive that until the files
    made of it are closed.
    """

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._socket = connected
        self._deadline = deadline
        self.ended = False
        """The other side has sent all that it will."""

    def sendall(self, data: Any) -> None:
        self._limit()
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002  always "rb"
        return io.BufferedReader(_Reader(self))

    def recv_into(self, buffer: WriteableBuffer) -> int:
        self._limit()
        count = self._socket.recv_into(buffer)
        self.ended = count == 0
        return count

    def close(self) -> None:
        """Nothing: the body may still be to be read."""

    def _limit(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


class _Reader(io.RawIOBase):
    def __init__(self, timed: _Timed) -> None:
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        return self._timed.recv_into(buffer)
