"""The outside as the stories see it: chat and pagers over HTTP, mail over SMTP, all on 127.0.0.1."""

from __future__ import annotations

import email
import email.policy
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from toban.local.emulated.emulators import free_port


@dataclass(frozen=True)
class Call:
    """One POST: where to, and its JSON."""

    path: str
    body: dict[str, Any]


@dataclass
class HttpReceiver:
    """Takes every POST and answers 200, or what `broken` says for its path."""

    calls: list[Call] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)
    """Path → status it answers instead."""

    def start(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status = receiver.broken.get(self.path, 200)
                if status == 200:
                    receiver.calls.append(Call(self.path, json.loads(body)))
                self.send_response(status)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def to(self, path: str) -> list[dict[str, Any]]:
        """Bodies posted to a path, in order of arrival."""
        return [call.body for call in list(self.calls) if call.path == path]


@dataclass(frozen=True)
class Letter:
    """One mail."""

    to: tuple[str, ...]
    subject: str
    text: str


class Mailbox:
    """An SMTP server that keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.port = free_port()  # aiosmtpd looks for itself at the port it was given
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = message.get_body(("plain",))
        text = part.get_content() if part is not None else ""
        self.letters.append(Letter(tuple(envelope.rcpt_tos), str(message["subject"]), text))
        return "250 OK"

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def to(self, address: str) -> list[Letter]:
        """Mail to an address, in order of arrival."""
        return [letter for letter in list(self.letters) if address in letter.to]
