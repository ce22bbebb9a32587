"""
Stand-ins for Slack and for a mail server, for the demo: they take everything and keep it.

They listen on 127.0.0.1 only, so nothing of the demo leaves the machine.
"""

from __future__ import annotations

import email
import email.policy
import http.server
import json
import re
import socketserver
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Self, cast

_HOST = "127.0.0.1"
_LINK = re.compile(r"http://127\.0\.0\.1:\d+/ingest_action/a\?[\w=&%.~-]+")


@dataclass(frozen=True)
class ReceivedMail:
    """A mail that a stand-in received."""

    to: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        """Its subject, decoded."""
        return str(self.message["subject"])

    @property
    def links(self) -> list[str]:
        """The one-click links in its plain text."""
        body = self.message.get_body(("plain",))
        return _LINK.findall(body.get_content()) if body is not None else []


@dataclass
class Inbox:
    """What the stand-ins have received so far."""

    slack: list[dict[str, Any]] = field(default_factory=list)
    mails: list[ReceivedMail] = field(default_factory=list)


class _Http(http.server.ThreadingHTTPServer):
    daemon_threads = True
    received: Inbox


class _SlackHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take a message as Slack's incoming webhooks do."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        cast("_Http", self.server).received.slack.append(json.loads(body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Smtp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    received: Inbox


class _MailHandler(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a polite client needs."""

    def handle(self) -> None:
        """One conversation."""
        to: list[str] = []
        self._say("220 toban demo")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                self._say("221 bye")
                return
            if verb == b"DATA":
                self._say("354 go on")
                self._take(to)
                to = []
                self._say("250 kept")
                continue
            if verb == b"RCPT":
                to.append(line.decode("utf-8", "replace").partition("<")[2].partition(">")[0])
            self._say("250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _take(self, to: list[str]) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        received = cast("_Smtp", self.server).received
        received.mails.append(ReceivedMail(tuple(to), message))


class StandIns:
    """The stand-ins for Slack and mail, running inside ``with``."""

    def __init__(self) -> None:
        self.received = Inbox()
        self._http = _Http((_HOST, 0), _SlackHandler)
        self._smtp = _Smtp((_HOST, 0), _MailHandler)
        self._http.received = self._smtp.received = self.received

    @property
    def slack_url(self) -> str:
        """What to use as the address of an incoming webhook."""
        return f"http://{_HOST}:{self._http.server_port}"

    @property
    def smtp_port(self) -> int:
        """Where mail is taken."""
        return int(self._smtp.server_address[1])

    def __enter__(self) -> Self:
        """Begin to listen."""
        for server in (self._http, self._smtp):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        for server in (self._http, self._smtp):
            server.shutdown()
            server.server_close()
