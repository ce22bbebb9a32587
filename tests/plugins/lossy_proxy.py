"""
A TCP proxy that loses the answer to one gRPC call after the server has carried it out.

It forwards bytes both ways and reads just enough of HTTP/2 to know frames
(https://www.rfc-editor.org/rfc/rfc9113#name-frame-format: three bytes of length, type, flags,
four bytes of stream). Once armed, it drops the first answer from its first HEADERS or DATA frame
on and cuts the connection: the client knows that it has sent, and nothing else.
"""

from __future__ import annotations

import contextlib
import socket
import threading

_DATA, _HEADERS = 0, 1


class LossyProxy:
    """Listens on 127.0.0.1 in front of ``host:port``."""

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.rpartition(":")
        self._upstream = (host, int(port))
        self._armed = threading.Event()
        self.lost = 0
        """Answers dropped so far."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._server]
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self) -> None:
        """Lose the next answer."""
        self._armed.set()

    def close(self) -> None:
        """Close every connection."""
        for each in self._sockets:
            _close(each)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(self._upstream)
                self._sockets += [client, server]
                for pump in (self._requests, self._answers):
                    threading.Thread(target=pump, args=(client, server), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := client.recv(65_536):
                server.sendall(block)
        _close(server)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        pending = b""
        with contextlib.suppress(OSError):
            while block := server.recv(65_536):
                pending += block
                while len(pending) >= 9:
                    size = 9 + int.from_bytes(pending[:3])
                    if len(pending) < size:
                        break
                    if self._armed.is_set() and pending[3] in {_DATA, _HEADERS}:
                        self._armed.clear()
                        self.lost += 1
                        _close(client)
                        _close(server)
                        return
                    client.sendall(pending[:size])
                    pending = pending[size:]
        _close(client)


class LossyHttpProxy(LossyProxy):
    """The same for HTTP/1.1, where an answer is whatever comes back next."""

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := server.recv(65_536):
                if self._armed.is_set():
                    self._armed.clear()
                    self.lost += 1
                    _close(server)
                    break
                client.sendall(block)
        _close(client)


def _close(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
