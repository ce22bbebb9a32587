"""The HTTP server of the local runtimes, byte by byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from toban.kernel.edge.http import MAX_BODY, Response
from toban.local import httpd
from toban.local.httpd import HttpServer, ReceivedRequest


class Echo:
    """Answers with what it received."""

    def __init__(self) -> None:
        self.received: list[ReceivedRequest] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, received: ReceivedRequest) -> Response:
        self.received.append(received)
        self.may_answer.wait(10)
        size = "too large" if received.body is None else str(len(received.body))
        return Response(413 if received.body is None else 200, size.encode(), "text/plain")


class Running:
    def __init__(self) -> None:
        self.echo = Echo()
        self.server = HttpServer(self.echo, "127.0.0.1", 0)
        self.thread = threading.Thread(target=self.server.serve, daemon=True)
        self.thread.start()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=10)

    def say(self, raw: bytes) -> bytes:
        """Everything the server answers until it closes or has nothing more to say."""
        with self.connect() as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running()
    yield made
    made.server.stop()
    made.thread.join(15)
    assert not made.thread.is_alive()


def post(body: bytes, *headers: str, target: str = "/a") -> bytes:
    lines = [f"POST {target} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_requests_on_one_connection_are_answered_in_order(running: Running):
    answered = running.say(post(b"one", "X-Thing: 1") + post(b"three", target="/b?c=%20"))

    assert answered.count(b"HTTP/1.1 200 OK") == 2
    first, second = running.echo.received
    assert (first.method, first.target, first.body) == ("POST", "/a", b"one")
    assert first.headers["x-thing"] == "1"
    assert (second.target, second.body) == ("/b?c=%20", b"three")


def test_a_body_in_chunks_is_put_together(running: Running):
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answered = running.say(head + b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: z\r\n\r\n")

    assert answered.startswith(b"HTTP/1.1 200")
    assert running.echo.received[0].body == b"abcdefg"


def test_a_body_over_the_cap_is_told_as_too_large_and_the_connection_ends(running: Running):
    answered = running.say(post(b"x" * (MAX_BODY + 1)) + post(b"never read"))

    assert answered.startswith(b"HTTP/1.1 413")
    assert answered.endswith(b"too large")
    assert b"Connection: close" in answered
    assert len(running.echo.received) == 1


def test_who_asks_whether_to_continue_is_told_to(running: Running):
    answered = running.say(post(b"big", "Expect: 100-continue"))

    assert answered.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\n\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (
            (
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
            400,
        ),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_and_nobody_is_asked(running: Running, raw, status):
    answered = running.say(raw)

    assert answered.startswith(f"HTTP/1.1 {status} ".encode()), answered[:80]
    assert running.echo.received == []


def test_half_a_body_is_no_request(running: Running):
    assert running.say(post(b"whole")[:-2]) == b""
    assert running.echo.received == []


def test_head_is_answered_without_a_body(running: Running):
    answered = running.say(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answered.endswith(b"\r\n\r\n")
    assert b"Content-Length: 1\r\n" in answered


def test_stopping_finishes_what_was_received_and_ends_what_is_idle(running: Running):
    running.echo.may_answer.clear()
    with running.connect() as idle, running.connect() as busy:
        busy.sendall(post(b"still to be answered"))
        while not running.echo.received:
            pass
        running.server.stop()
        assert idle.recv(100) == b""
        running.echo.may_answer.set()
        answered = b"".join(iter(lambda: busy.recv(65_536), b""))
    assert answered.startswith(b"HTTP/1.1 200")
    assert b"Connection: close" in answered
    running.thread.join(15)
    with pytest.raises(ConnectionRefusedError):
        running.connect()


def test_requests_that_never_end_keep_nobody_out(running: Running, monkeypatch):
    monkeypatch.setattr(httpd, "MAX_CONNECTIONS", 3)
    slow = [running.connect() for _ in range(6)]
    for connection in slow:
        connection.sendall(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Le")

    assert b"200 OK" in running.say(post(b"in a hurry"))

    assert slow[0].recv(100) == b""  # the first to come had to go
    for connection in slow:
        connection.close()


def test_a_request_that_stops_halfway_is_given_up(running: Running, monkeypatch):
    monkeypatch.setattr(httpd, "REQUEST_S", 0.05)
    with running.connect() as connection:
        connection.sendall(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhal")
        assert connection.recv(100) == b""
    assert running.echo.received == []


def test_a_header_that_comes_twice_is_both_of_them(running: Running):
    """As a proxy would join them: a signature that fits beside one that does not is none."""
    running.say(post(b"", "X-Toban-Signature: t=1,v1=aa", "X-Toban-Signature: t=1,v1=bb"))
    running.say(post(b"", "Authorization: Bearer a", "Authorization: Bearer b"))
    first, second = running.echo.received
    assert first.headers["x-toban-signature"] == "t=1,v1=aa,t=1,v1=bb"
    assert second.headers["authorization"] == "Bearer a,Bearer b"
