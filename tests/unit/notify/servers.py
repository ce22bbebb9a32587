"""Stand-ins for the outside, as real servers on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """
    Answers HTTP on 127.0.0.1 and keeps what it received.

    `script` says how the next requests that would change something end: an HTTP status, a name
    of an error, ``hang`` (it takes effect, but no answer comes) or ``cut`` (it takes effect, and
    the connection is closed). Unscripted requests succeed.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.script: list[int | str] = []
        self.also: dict[str, str] = {}
        """Headers of every answer besides."""
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.answer(self, Received(self.path, headers, self.rfile.read(length)))

            def do_GET(self) -> None:
                outer.answer(self, Received(self.path, {}, b""))

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()

    def next(self) -> int | str:
        return self.script.pop(0) if self.script else 200

    def answer(self, handler: BaseHTTPRequestHandler, received: Received) -> None:
        self.received.append(received)
        self.say(handler, self.next())

    def say(
        self, handler: BaseHTTPRequestHandler, how: int | str, body: bytes = b"ok", kind: str = ""
    ) -> None:
        if how == "hang":
            self.released.wait(30)
            handler.close_connection = True
            return
        if how == "cut":
            handler.close_connection = True
            handler.connection.close()
            return
        assert isinstance(how, int)
        handler.send_response(how)
        if how in (301, 302, 307, 308):
            handler.send_header("Location", f"{self.url}/elsewhere")
        for name, value in self.also.items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", kind or "text/plain")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


class SlackServer(Server):
    """
    As much of Slack as we use: incoming webhooks below ``/services/``, and of the Web API
    chat.postMessage, chat.update, conversations.history and conversations.replies.
    """

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        self.readable = True

    @property
    def base_url(self) -> str:
        return f"{self.url}/api/"

    @property
    def webhook(self) -> str:
        return f"{self.url}/services/T0/B0/secretpart"

    def calls(self) -> list[str]:
        """The methods called, in order."""
        return [urlsplit(r.path).path.rpartition("/")[2] for r in self.received]

    def answer(self, handler: BaseHTTPRequestHandler, received: Received) -> None:
        self.received.append(received)
        path = urlsplit(received.path).path
        if path.startswith("/services/"):
            how = self.next()
            if how in (200, "hang", "cut"):
                self.messages.append(received.json)
            self.say(handler, how, b"ok" if how == 200 else b"no_service")
            return
        method = path.removeprefix("/api/")
        given = self._arguments(received)
        changes = method.startswith("chat.")
        how = self.next() if changes else 200
        if isinstance(how, int) and how != 200:
            self.say(handler, how, b"<html>not JSON</html>", "text/html")
            return
        if isinstance(how, str) and how not in ("hang", "cut"):
            self._json(handler, {"ok": False, "error": how})
            return
        result = getattr(self, "_" + method.replace(".", "_"))(given)
        if how in ("hang", "cut"):
            self.say(handler, how)
            return
        self._json(handler, result)

    def _arguments(self, received: Received) -> dict[str, Any]:
        if "json" in received.headers.get("content-type", ""):
            return received.json
        return dict(parse_qsl(received.body.decode()))

    def _json(self, handler: BaseHTTPRequestHandler, data: dict[str, Any]) -> None:
        self.say(handler, 200, json.dumps(data).encode(), "application/json")

    def _chat_postMessage(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        ts = f"17000000{len(self.messages):02}.000100"
        self.messages.append({**given, "ts": ts})
        return {"ok": True, "channel": "C0ROOM", "ts": ts}

    def _chat_update(self, given: dict[str, Any]) -> dict[str, Any]:
        for message in self.messages:
            if message.get("ts") == given["ts"]:
                message.update(given)
                return {"ok": True, "channel": "C0ROOM", "ts": given["ts"]}
        return {"ok": False, "error": "message_not_found"}

    def _conversations_history(self, given: dict[str, Any]) -> dict[str, Any]:
        if not self.readable:
            return {"ok": False, "error": "missing_scope", "needed": "channels:history"}
        found = [m for m in self.messages if m.get("channel") == given["channel"]]
        if given.get("include_all_metadata") not in ("1", "true", True):
            found = [{k: v for k, v in m.items() if k != "metadata"} for m in found]
        return {"ok": True, "messages": found[::-1], "response_metadata": {"next_cursor": ""}}

    def _conversations_replies(self, given: dict[str, Any]) -> dict[str, Any]:
        answer = self._conversations_history(given)
        if answer["ok"]:
            ts = given["ts"]
            answer["messages"] = [
                m for m in answer["messages"] if ts in (m["ts"], m.get("thread_ts"))
            ]
        return answer


@contextmanager
def running(server: Server) -> Iterator[Server]:
    try:
        yield server
    finally:
        server.close()


@dataclass
class Mailbox:
    """What an SMTP server took; `script` holds answers to give first, by command."""

    envelopes: list[Any] = field(default_factory=list)
    script: dict[str, list[str]] = field(default_factory=dict)
    hang: threading.Event | None = None

    def _next(self, command: str) -> str | None:
        answers = self.script.get(command)
        return answers.pop(0) if answers else None

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        answer = self._next("MAIL")
        if answer is None:
            envelope.mail_from = address
        return answer or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        answer = self._next("RCPT")
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        answer = self._next("DATA")
        if answer not in (None, "hang"):
            return answer
        self.envelopes.append(envelope)
        if answer == "hang":
            import asyncio

            await asyncio.sleep(2)
        return "250 taken"
