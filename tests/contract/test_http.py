"""What the `Http` port does: above all, whether the other side may have seen the request."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading

import pytest

from toban.adapters.local.http import MAX_ANSWER_BYTES, HttpClient
from toban.ports import NotSent, OutcomeUnknown

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 4\r\n\r\nfine"


class Peer:
    """A server of raw sockets: reads one whole request, then `script(connection)` does the rest."""

    def __init__(self, script):
        self.requests = []
        self._script = script
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def wait_for_close(self, _connection=None):
        assert self._closing.wait(30)

    def _serve(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(ConnectionError):
                connection.settimeout(30)
                request = self._read(connection)
                if request is not None:
                    self.requests.append(request)
                    self._script(self, connection)

    @staticmethod
    def _read(connection):
        data = b""
        while True:
            head, found, body = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if found and len(body) >= int(length[1]):
                return data
            piece = connection.recv(65_536)
            if not piece:
                return None
            data += piece

    def close(self):
        self._closing.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(30)


@pytest.fixture
def serve():
    """Start a peer that does what a script says."""
    peers = []

    def serve(script):
        peers.append(Peer(script))
        return peers[-1]

    yield serve
    for peer in peers:
        peer.close()


def answer(data):
    return lambda peer, connection: connection.sendall(data)


def post(url, body=b"{}", headers=None, timeout_s=10):
    return HttpClient().post(url, body, headers or {}, timeout_s)


def test_the_request_arrives_as_given_and_the_answer_comes_back(serve):
    peer = serve(answer(ANSWER))

    found = post(f"{peer.url}/a/b?c=d", "障害".encode(), {"Content-Type": "x/y", "X-Sig": "1"})

    assert (found.status, found.body) == (202, b"fine")
    [request] = peer.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a/b?c=d HTTP/1.1\r\n")
    assert b"\r\nHost: 127.0.0.1:" in head
    assert b"\r\nContent-Type: x/y" in head
    assert b"\r\nX-Sig: 1" in head
    assert body == "障害".encode()


@pytest.mark.parametrize("status", [204, 400, 404, 429, 500, 503])
def test_every_status_is_an_answer(serve, status):
    peer = serve(answer(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status))

    assert post(peer.url).status == status


def test_a_redirect_is_an_answer_and_not_followed(serve):
    target = serve(answer(ANSWER))
    peer = serve(
        answer(b"HTTP/1.1 307 X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % target.url.encode())
    )

    assert post(peer.url).status == 307
    assert target.requests == []


def test_an_answer_in_pieces_is_put_together(serve):
    peer = serve(
        answer(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"
        )
    )

    assert post(peer.url).body == b"abcde"


def test_of_a_huge_answer_one_mebibyte_is_read(serve):
    size = 3 * MAX_ANSWER_BYTES
    peer = serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size))

    found = post(peer.url)

    assert found.status == 200
    assert len(found.body) == MAX_ANSWER_BYTES


# --- certainly not sent ------------------------------------------------------------------------


def test_a_refused_connection_was_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(NotSent, match="refused"):
        post(f"http://127.0.0.1:{port}/")


def test_a_name_that_does_not_exist_was_not_sent():
    with pytest.raises(NotSent, match=r"no-such-host\.invalid"):
        post("http://no-such-host.invalid/")


def test_a_connection_that_is_not_accepted_in_time_was_not_sent():
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # nobody accepts: the queue fills, and more is left unanswered
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())

        with pytest.raises(NotSent, match="timed out"):
            post(f"http://127.0.0.1:{full.getsockname()[1]}/", timeout_s=0.3)


def test_a_failed_tls_handshake_was_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def hang_up():
            connection, _ = plain.accept()
            connection.recv(10)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(NotSent):
            post(f"https://127.0.0.1:{plain.getsockname()[1]}/")
        thread.join(30)


@pytest.mark.parametrize("url", ["", "ftp://127.0.0.1/", "http://", "http://[", "http://a:99999/"])
def test_an_address_that_is_none_was_not_sent(url):
    with pytest.raises(NotSent):
        post(url)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"X-Note": "a\r\nX-Evil: 1"}),
        ("/", {"X-Note: 1\r\nX-Evil": "1"}),
        ("/ HTTP/1.1 X", {}),
        ("/", {"X-Note": "当番"}),
    ],
    ids=["line in a value", "line in a name", "space in the path", "value beyond Latin-1"],
)
def test_a_request_that_could_be_misread_is_not_sent(serve, path, headers):
    peer = serve(answer(ANSWER))

    with pytest.raises(NotSent):
        post(peer.url + path, headers=headers)

    assert peer.requests == []


# --- perhaps sent ------------------------------------------------------------------------------


def test_no_answer_in_time_leaves_the_outcome_unknown(serve):
    peer = serve(Peer.wait_for_close)

    with pytest.raises(OutcomeUnknown, match="timed out"):
        post(peer.url, timeout_s=0.3)

    assert len(peer.requests) == 1


def test_a_connection_closed_without_an_answer_leaves_the_outcome_unknown(serve):
    peer = serve(lambda _peer, connection: None)

    with pytest.raises(OutcomeUnknown):
        post(peer.url)

    assert len(peer.requests) == 1


def test_a_reset_leaves_the_outcome_unknown(serve):
    def reset(_peer, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with pytest.raises(OutcomeUnknown):
        post(serve(reset).url)


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 20",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nServer: cut\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nonly this",
        b"\x00\x01\x02\x03 not http at all\r\n\r\n",
    ],
)
def test_an_answer_cut_off_or_unreadable_leaves_the_outcome_unknown(serve, cut):
    with pytest.raises(OutcomeUnknown):
        post(serve(answer(cut)).url)


def test_an_answer_that_trickles_ends_with_the_time_for_the_whole_request(serve):
    def trickle(peer, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(3_000):
            connection.sendall(b"X-%d: y\r\n" % number if number < 50 else b"x")
            if peer._closing.wait(0.05):
                return

    with pytest.raises(OutcomeUnknown, match="timed out"):
        post(serve(trickle).url, timeout_s=0.4)


def test_errors_do_not_tell_the_path_which_may_be_a_secret(serve):
    peer = serve(lambda _peer, connection: None)

    with pytest.raises(OutcomeUnknown) as unknown:
        post(f"{peer.url}/services/T0/B0/hidden?token=hidden", headers={"Authorization": "hidden"})
    with pytest.raises(NotSent) as not_sent:
        post(f"{peer.url}/ok", headers={"Authorization": "hidden\n"})

    assert "hidden" not in repr(unknown.value) + repr(not_sent.value)
    assert not_sent.value.__cause__ is None
    assert not_sent.value.__suppress_context__
