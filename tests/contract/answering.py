"""
A process with a real HTTP server that notes each post before it answers, slowly, in pieces.

``python -m tests.contract.answering SERVER PORT NOTES [CERTIFICATE KEY]``, where SERVER is
``gunicorn``, ``uvicorn`` or ``http.server``. The `Idempotency-Key` of each post becomes a line of
NOTES. The path says how the body of the answer is framed: ``/length``, ``/chunked`` or ``/close``
(neither, it ends with the connection: only http.server does that). Every connection ends with its
answer, because our client asks for that.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECES = (b"tak", b"", b"en")
BODY = b"".join(PIECES)
PAUSE_S = 0.02
HOST = "127.0.0.1"


def note(key: str) -> None:
    """One line, whole even when several processes write."""
    file = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{key}\n".encode())
    os.close(file)


def framing(path: str) -> list[tuple[str, str]]:
    """The headers of an answer; without a length gunicorn and uvicorn send chunks."""
    return [("Content-Length", str(len(BODY)))] if path == "/length" else []


def wsgi(environ, start_response):
    """For gunicorn."""
    environ["wsgi.input"].read()
    note(environ["HTTP_IDEMPOTENCY_KEY"])
    start_response("202 Accepted", framing(environ["PATH_INFO"]))
    yield b""  # the head, for itself
    for piece in PIECES:
        time.sleep(PAUSE_S)
        yield piece


async def asgi(scope, receive, send):
    """For uvicorn."""
    while (await receive()).get("more_body"):
        pass
    note(dict(scope["headers"])[b"idempotency-key"].decode())
    headers = [(name.lower().encode(), value.encode()) for name, value in framing(scope["path"])]
    await send({"type": "http.response.start", "status": 202, "headers": headers})
    for piece in PIECES:
        await asyncio.sleep(PAUSE_S)
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


class Handler(BaseHTTPRequestHandler):
    """For http.server."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        note(self.headers["Idempotency-Key"])
        chunked = self.path == "/chunked"
        self.send_response(202)
        for name, value in framing(self.path):
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for piece in PIECES:
            time.sleep(PAUSE_S)
            framed = chunked and piece
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if framed else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *args: object) -> None:
        pass


def main(server: str, port: int, notes: str, certificate: str = "", key: str = "") -> None:
    """Serve until killed."""
    os.environ["NOTES"] = notes
    if server == "gunicorn":
        tls = ["--certfile", certificate, "--keyfile", key] if key else []
        bind = ["--bind", f"{HOST}:{port}", "--workers", "1", "--log-level", "error"]
        here = "tests.contract.answering:wsgi"
        os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *bind, *tls, here])
    if server == "uvicorn":
        import uvicorn

        files = {"ssl_certfile": certificate, "ssl_keyfile": key} if key else {}
        uvicorn.run(asgi, host=HOST, port=port, log_level="error", lifespan="off", **files)
        return
    http = ThreadingHTTPServer((HOST, port), Handler)
    if key:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        http.socket = context.wrap_socket(
            http.socket, server_side=True, do_handshake_on_connect=False
        )
    http.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
