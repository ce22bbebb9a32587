"""The Redis serialisation protocol (RESP2), as far as backups speak it, over a plain socket or TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from toban.kernel import log
from toban.sources.hosts import one_name

TIMEOUT_S = 60.0
"""Longest silence; while a server prepares a transfer it sends a sign of life every 10 s."""

_BLOCK = 1 << 16


class RedisError(Exception):
    """Something went wrong between us and a Redis; the text holds no password."""

    retryable = True
    """Whether trying once more may help."""


class ReplyError(RedisError):
    """The server answered with an error."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        # Everything else (NOAUTH, WRONGPASS, NOPERM, ERR …) stays as it is.
        self.retryable = text.startswith(
            ("LOADING", "BUSY", "TRYAGAIN", "MASTERDOWN", "NOMASTERLINK")
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a Redis is. Only `password` is secret."""

    host: str
    port: int
    user: str
    password: str
    tls: bool
    authority: str = ""
    """A file with the certificates to trust instead of the system's."""

    def __repr__(self) -> str:
        return f"Endpoint({self.identity})"

    @property
    def identity(self) -> str:
        """``redis://host:port``: all its databases. Every name of this machine is ``localhost``."""
        return f"redis://{one_name(self.host)}:{self.port}"

    def mask(self, text: str) -> str:
        """`text` without the password."""
        for secret in {self.password, quote(self.password, safe="")} - {""}:
            text = text.replace(secret, log.MASK)
        return log.mask(text)


def parse(url: str) -> Endpoint:
    """
    Read ``redis[s]://[user:password@]host[:port]``, with ``?ssl_ca_certs=FILE`` if need be.

    Raises `ValueError`, which never shows any of it.
    """
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        port = parts.port or 6379
    except ValueError:
        raise ValueError("not a URL of a Redis") from None
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise ValueError("not a URL of a Redis: it has to be redis://host:port or rediss://…")
    password = unquote(parts.password or "")
    log.hide(password)
    return Endpoint(
        parts.hostname,
        port,
        unquote(parts.username or ""),
        password,
        parts.scheme == "rediss",
        query.get("ssl_ca_certs", ""),
    )


class Wire:
    """One end of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._buffer = bytearray()

    def send(self, data: bytes) -> None:
        """Everything, or `RedisError`."""
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise RedisError(f"the connection was lost: {error}") from error

    def some(self) -> bytes:
        """Whatever comes next, at least a byte; raises `RedisError` when nothing comes any more."""
        if self._buffer:
            data = bytes(self._buffer)
            self._buffer.clear()
            return data
        return self._receive()

    def back(self, data: bytes) -> None:
        """Put bytes back that were too many."""
        self._buffer[:0] = data

    def exactly(self, size: int) -> bytes:
        """`size` bytes."""
        while len(self._buffer) < size:
            self._buffer += self._receive()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def line(self) -> bytes:
        """Return up to a line break, without it."""
        at = 0
        while (end := self._buffer.find(b"\n", at)) < 0:
            at = len(self._buffer)
            if at > 1 << 20:
                raise RedisError("a line without an end: this is no Redis")
            self._buffer += self._receive()
        return self.exactly(end + 1).rstrip(b"\r\n")

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self.socket.close()

    def _receive(self) -> bytes:
        try:
            data = self.socket.recv(_BLOCK)
        except TimeoutError:
            raise RedisError(f"nothing came for {self.socket.gettimeout():.0f} s") from None
        except OSError as error:
            raise RedisError(f"the connection was lost: {error}") from error
        if not data:
            raise RedisError("the other side closed the connection")
        return data


class Connection(Wire):
    """A client's connection, already authenticated."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Raises `RedisError`."""
        self._endpoint = endpoint
        try:
            raw = socket.create_connection((endpoint.host, endpoint.port), TIMEOUT_S)
            if endpoint.tls:
                context = ssl.create_default_context(cafile=endpoint.authority or None)
                raw = context.wrap_socket(raw, server_hostname=endpoint.host)
        except OSError as error:
            raise RedisError(f"cannot connect to {endpoint.identity}: {error}") from error
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        super().__init__(raw)
        try:
            if endpoint.user:
                self.call("AUTH", endpoint.user, endpoint.password)
            elif endpoint.password:
                self.call("AUTH", endpoint.password)
            self.call("PING")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, *words: str | bytes | int) -> Any:
        """One command; bytes, int, None or a list of them. Raises `ReplyError`, `RedisError`."""
        self.send(command(words))
        answer = self.answer()
        if isinstance(answer, ReplyError):
            raise answer
        return answer

    def answer(self) -> Any:
        """Return the next answer; an error is returned, not raised."""
        line = self.line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            return ReplyError(self._endpoint.mask(rest.decode("utf-8", "replace")))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.exactly(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.answer() for _ in range(int(rest))]
        raise RedisError("the answer is not one of a Redis")

    def info(self, *sections: str) -> dict[str, str]:
        """Return what ``INFO`` says."""
        text: list[str] = []
        for section in sections:
            text += self.call("INFO", section).decode("utf-8", "replace").splitlines()
        pairs = (line.partition(":") for line in text if line and not line.startswith("#"))
        return {name: value for name, _, value in pairs}


def command(words: Sequence[str | bytes | int]) -> bytes:
    """Return a command as it travels."""
    encoded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    pieces = [b"*%d\r\n" % len(encoded)]
    pieces += [b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded]
    return b"".join(pieces)


def transaction(server: Connection, commands: Sequence[bytes]) -> bool:
    """
    Carry out everything or, when the connection is lost before the end, nothing.

    False, and nothing was done, when somebody has changed what this connection watches. Raises the
    first `ReplyError`; commands after one that fails only when carried out are carried out.
    """
    server.send(b"".join([command(("MULTI",)), *commands, command(("EXEC",))]))
    *queued, done = [server.answer() for _ in range(len(commands) + 2)]
    for answer in [*queued, *(done if isinstance(done, list) else [done])]:
        if isinstance(answer, ReplyError):
            raise answer
    return done is not None
