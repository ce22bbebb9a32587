"""
A small HTTP/1.1 server for 127.0.0.1: one thread for each connection.

Written for the embedded runtime, which has to take more than a thousand durable posts a second
beside everything else in one process: handing each request from an event loop to a thread and its
answer back costs two changes of the interpreter lock (measured on two busy cores: about 500 µs of
processor time a post against waitress's 900, and nearly twice the throughput). It speaks what clients of a webhook speak
(https://www.rfc-editor.org/rfc/rfc9112): persistent connections, lengths and chunks,
``Expect: 100-continue``; whatever is ambiguous is answered 400 and the connection closed.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from io import BufferedReader
from typing import TypeAlias

from toban.kernel import log
from toban.kernel.edge.http import MAX_BODY, Response, problem

IDLE_S = 60.0
"""A connection that is silent for so long is closed."""
GRACE_S = 10.0
"""How long stopping waits for requests under way."""
REQUEST_S = 10.0
"""A request that has begun and then brings nothing for so long is given up."""
LINGER_S = 0.5
"""After a refusal, how long a silent sender is waited for."""
MAX_CONNECTIONS = 256
"""With so many, a newcomer takes the place of the one that has been reading longest."""
_MAX_LINE = 16_384
_MAX_HEADERS = 100
_MAX_DISCARDED = 16 * MAX_BODY
"""So much of a body that is too large is still read, so that its sender hears the answer."""

_SINGLE = frozenset({"content-length", "host", "transfer-encoding"})
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSION = re.compile(rb"HTTP/1\.[01]")
_REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """
    A request as received; header names are lower-case, repeated ones joined as a proxy may join
    them (RFC 9110 §5.3): a credential that comes twice is none.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    """None: larger than `MAX_BODY`."""


Answer: TypeAlias = Callable[[ReceivedRequest], Response]


class _Refused(Exception):
    """Not a request that can be answered as one; the connection ends with this status."""

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        super().__init__(why)


class HttpServer:
    """
    An HTTP server that calls `answer`, on a port (0: any free one).

    Raises `OSError` when the port is taken. Connections made before `serve` wait.
    """

    def __init__(self, answer: Answer, host: str, port: int) -> None:
        self._answer = answer
        self._listener = socket.create_server((host, port), backlog=256)
        self._lock = threading.Lock()
        self._connections: set[_Connection] = set()
        self._stopping = threading.Event()
        self.port = int(self._listener.getsockname()[1])
        reached = "127.0.0.1" if host in ("", "0.0.0.0") else host
        self.url = f"http://{reached}:{self.port}"

    def serve(self) -> None:
        """Answer until `stop`; then finish what was received, and return."""
        while not self._stopping.is_set():
            try:
                accepted, _ = self._listener.accept()
            except OSError as error:
                if not self._stopping.is_set():
                    log.warning("connection not accepted", error=error, stack=False)
                    time.sleep(0.05)  # out of descriptors: others have to end first
                continue
            self._take(accepted)
        self._listener.close()
        self._finish()

    def stop(self) -> None:
        """Ask `serve` to come to its end; may be called from a signal handler."""
        self._stopping.set()
        with contextlib.suppress(OSError):  # it has ended already
            self._listener.shutdown(socket.SHUT_RDWR)

    def _take(self, accepted: socket.socket) -> None:
        connection = _Connection(accepted, self._answer, self._stopping, self._ended)
        with self._lock:
            if len(self._connections) < MAX_CONNECTIONS or self._make_room():
                self._connections.add(connection)
                full = False
            else:
                full = True
        if full:
            log.warning("connection refused: too many are open", most=MAX_CONNECTIONS)
            connection.refuse()
            return
        threading.Thread(target=connection.run, name="toban-http", daemon=True).start()

    def _make_room(self) -> bool:
        """
        End the connection that has been reading longest; false when all of them answer.

        So clients that open many connections and never finish a request keep nobody out.
        """
        slow = [c for c in self._connections if c.reading_since is not None]
        if not slow:
            return False
        slowest = min(slow, key=lambda c: c.reading_since or 0.0)
        self._connections.discard(slowest)
        slowest.end()
        return True

    def _ended(self, connection: _Connection) -> None:
        with self._lock:
            self._connections.discard(connection)

    def _finish(self) -> None:
        deadline = time.monotonic() + GRACE_S
        while True:
            with self._lock:
                left = list(self._connections)
            if not left:
                return
            if time.monotonic() > deadline:
                log.warning("server stopped: requests still running", requests=len(left))
                return
            for connection in left:
                connection.end_if_idle()
            time.sleep(0.01)


class _Connection:
    """One connection: reads a request, writes its answer, and again."""

    def __init__(
        self,
        accepted: socket.socket,
        answer: Answer,
        stopping: threading.Event,
        ended: Callable[[_Connection], None],
    ) -> None:
        self._socket = accepted
        self._answer = answer
        self._stopping = stopping
        self._ended = ended
        self._busy = False
        self.reading_since: float | None = time.monotonic()
        """When it began to wait for a request or the rest of one; None while it answers."""
        accepted.settimeout(IDLE_S)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self) -> None:
        """Until either side has enough."""
        try:
            with self._socket, self._socket.makefile("rb") as file:
                while self._one(file):
                    pass
        except OSError:
            return  # silent for too long, or gone: there is nobody to answer
        finally:
            self._ended(self)

    def refuse(self) -> None:
        """Say that there are too many, and close."""
        with self._socket, contextlib.suppress(OSError):
            self._write(problem(503, "too many connections"), close=True, head=False)

    def end_if_idle(self) -> None:
        """While stopping: a connection that waits for a request ends, one with a request does not."""
        if not self._busy:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RD)

    def end(self) -> None:
        """Whatever it is doing."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _one(self, file: BufferedReader) -> bool:
        """One request and its answer; whether the connection stays."""
        self._busy = False
        self.reading_since = time.monotonic()
        self._socket.settimeout(IDLE_S)
        line = file.readline(_MAX_LINE)
        if line == b"\r\n":
            line = file.readline(_MAX_LINE)  # one empty line before a request is forgiven
        if not line:
            return False
        self._busy = True
        self._socket.settimeout(REQUEST_S)
        try:
            method, target, version = _request_line(line)
            headers, stays = _headers(file, version)
            body = self._body(file, headers)
        except _Refused as refused:
            log.security("request refused: not HTTP", status=refused.status, reason=str(refused))
            self._write(problem(refused.status, str(refused)), close=True, head=False)
            self._hear_out(file)
            return False
        self.reading_since = None
        response = self._answer(ReceivedRequest(method, target, headers, body))
        close = not stays or body is None or self._stopping.is_set()
        self._write(response, close=close, head=method == "HEAD")
        return not close

    def _hear_out(self, file: BufferedReader) -> None:
        """Closing with something unread would reset the connection, and the answer be lost."""
        self._socket.shutdown(socket.SHUT_WR)
        self._socket.settimeout(LINGER_S)
        _discard(file, MAX_BODY)

    def _body(self, file: BufferedReader, headers: Mapping[str, str]) -> bytes | None:
        coding = headers.get("transfer-encoding")
        length = headers.get("content-length")
        if coding is None and length is None:
            return b""
        if headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if coding is not None:
            if length is not None:
                raise _Refused(400, "both a length and a transfer coding")
            if coding.lower() != "chunked":
                raise _Refused(501, "a transfer coding other than chunked")
            return _chunks(file)
        assert length is not None
        if not (length.isascii() and length.isdigit() and len(length) < 19):
            raise _Refused(400, "a length that is no number")
        return _exactly(file, int(length))

    def _write(self, response: Response, *, close: bool, head: bool) -> None:
        lines = [
            f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Status')}",
            f"Date: {formatdate(usegmt=True)}",
            f"Content-Type: {response.content_type}",
            f"Content-Length: {len(response.body)}",
            *(f"{name}: {value}" for name, value in response.headers.items()),
        ]
        if close:
            lines.append("Connection: close")
        raw = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
        self._socket.sendall(raw if head else raw + response.body)


def _request_line(line: bytes) -> tuple[str, str, bytes]:
    if not line.endswith(b"\r\n"):
        raise _Refused(414 if len(line) >= _MAX_LINE else 400, "a request line that does not end")
    parts = line[:-2].split(b" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or not parts[1]:
        raise _Refused(400, "not a request line")
    method, target, version = parts
    if not _VERSION.fullmatch(version):
        raise _Refused(505, "a version other than HTTP/1.0 and 1.1")
    if min(target) <= 0x20 or max(target) >= 0x7F:
        raise _Refused(400, "a target with characters that have to be encoded")
    return method.decode("ascii"), target.decode("ascii"), version


def _headers(file: BufferedReader, version: bytes) -> tuple[dict[str, str], bool]:
    """The headers, and whether the connection may stay."""
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADERS + 1):
        line = file.readline(_MAX_LINE)
        if line == b"\r\n":
            break
        name, colon, value = line.partition(b":")
        if not line.endswith(b"\r\n"):
            raise _Refused(431 if len(line) >= _MAX_LINE else 400, "a header that does not end")
        if not colon or not _TOKEN.fullmatch(name):
            raise _Refused(400, "not a header")
        key, text = name.decode("ascii").lower(), value.strip(b" \t\r\n").decode("latin-1")
        if "\0" in text or "\r" in text:
            raise _Refused(400, "a header with control characters")
        if key not in headers:
            headers[key] = text
        elif key not in _SINGLE:
            headers[key] += f",{text}"
        elif headers[key] != text:
            raise _Refused(400, f"two different headers {key}")
    else:
        raise _Refused(431, "too many headers")
    wish = headers.get("connection", "").lower()
    if version == b"HTTP/1.0":
        return headers, "keep-alive" in wish
    if "host" not in headers:
        raise _Refused(400, "no header host")
    return headers, "close" not in wish


def _exactly(file: BufferedReader, length: int) -> bytes | None:
    """A body of known length; None when it is too large."""
    if length > MAX_BODY:
        _discard(file, length)
        return None
    body = file.read(length)
    if len(body) < length:
        raise ConnectionError("the body was cut off")
    return body


def _discard(file: BufferedReader, length: int) -> None:
    left = min(length, _MAX_DISCARDED)
    while left > 0:
        block = file.read(min(left, 65_536))
        if not block:
            return
        left -= len(block)


def _chunks(file: BufferedReader) -> bytes | None:
    """A body in chunks (RFC 9112 §7.1); extensions and trailers are dropped."""
    parts: list[bytes] = []
    total = 0
    while True:
        line = file.readline(_MAX_LINE)
        size = line.partition(b";")[0].strip()
        if not line.endswith(b"\r\n") or not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
            raise _Refused(400, "not a chunk")
        length = int(size, 16)
        if length == 0:
            break
        total += length
        if total > _MAX_DISCARDED:
            return None
        block = file.read(length)
        if len(block) < length or file.readline(_MAX_LINE) != b"\r\n":
            raise _Refused(400, "a chunk of another length than it says")
        if total <= MAX_BODY:
            parts.append(block)
    for _ in range(_MAX_HEADERS):
        if file.readline(_MAX_LINE) in {b"\r\n", b""}:
            return b"".join(parts) if total <= MAX_BODY else None
    raise _Refused(431, "too many trailers")
