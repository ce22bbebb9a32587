"""
What lies outside of the fixture's installation: pagers and chat, mail, and Google's SQL Admin API.

All on 127.0.0.1, at ports of this run; the profile names secrets and variables, so none is stored.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

EXPORT = "/v1/projects/shop-project/operations/export-1"
DUMP = b"-- a dump\nCREATE TABLE orders (id int);\n--\n-- PostgreSQL database dump complete\n--\n"
"""What Google exports."""


class Outside:
    """Takes every call and remembers it; `answers` says otherwise by path, once for each call."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.mails: list[dict[str, Any]] = []
        self.answers: dict[str, list[int]] = {}
        self.on_call: Callable[[str], None] = lambda _: None
        """Called with the path before it is answered."""
        self.exported = ""
        """Where Google was asked to export to."""
        self.done = False
        """Whether Google has done so."""

    def environ(self) -> dict[str, str]:
        """How the installation finds it, with its secrets: dummies that are used nowhere else."""
        return {
            "TOBAN_SMTP_HOST": "127.0.0.1",
            "TOBAN_SMTP_PORT": str(self._smtp),
            "TOBAN_SMTP_STARTTLS": "false",
            "TOBAN_PUBLIC_URL": "http://toban.example",
            "TOBAN_ALLOW_HTTP_WEBHOOKS": "true",
            "TOBAN_SQLADMIN_URL": f"{self._url}/v1",
            "TOBAN_SECRET_INGEST_GENERIC": "dummy-ingest-key",
            "TOBAN_SECRET_LINK_SIGNING": "dummy-link-key",
            "TOBAN_SECRET_WEBHOOK_SIGNING": "dummy-webhook-key",
            "TOBAN_SECRET_WEBHOOK_PAGER": f"{self._url}/pager",
            "TOBAN_SECRET_WEBHOOK_DESK": f"{self._url}/desk",
            "TOBAN_SECRET_SLACK_WEBHOOK_ROOM": f"{self._url}/room",
            "TOBAN_SECRET_BACKUP_KEY": "ZHVtbXktYmFja3VwLWtleS1mb3ItdGVzdHMtb25seSE=",
        }

    def to(self, path: str) -> list[dict[str, Any]]:
        """What was posted to a path, in order of arrival."""
        return [call for call in list(self.calls) if call["to"] == path]

    @contextlib.contextmanager
    def open(self) -> Iterator[Outside]:
        """Answer until left."""
        web = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        web.daemon_threads = True
        threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
        self._url = f"http://127.0.0.1:{web.server_port}"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._smtp = free.getsockname()[1]
        post = Controller(_Mailbox(self.mails), hostname="127.0.0.1", port=self._smtp)
        post.start()
        try:
            yield self
        finally:
            post.stop()
            web.shutdown()
            web.server_close()

    def google(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """The SQL Admin API, as far as an export needs it."""
        if method == "POST":
            self.exported = body["exportContext"]["uri"]
        status = "DONE" if self.done else "RUNNING"
        operation = {"name": "export-1", "status": status, "insertTime": "2026-11-20T01:15:00Z"}
        if path.endswith("/instances/orders"):
            return 200, {"databaseVersion": "POSTGRES_15"}
        return 200, {"items": []} if path.endswith("/operations") else operation


def _handler(outside: Outside) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            path = self.path.partition("?")[0]
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            body = json.loads(raw) if raw else None
            status, said = 200, None
            if path.startswith("/v1/"):
                status, said = outside.google(self.command, path, body)
            else:
                status = next(iter(outside.answers.get(path, [])), 200)
                outside.answers[path] = outside.answers.get(path, [])[1:]
                noted = ("Idempotency-Key", "X-Toban-Signature")
                headers = {name: self.headers[name] for name in noted if name in self.headers}
                outside.calls.append({"to": path, **headers, "body": body, "answered": status})
                outside.on_call(path)
            self._send(status, json.dumps(said).encode() if said else b"ok")

        do_GET = do_POST = _answer  # noqa: N815 named by the library

        def _send(self, status: int, data: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # whoever asked may be dead by now
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler


class _Mailbox:
    def __init__(self, mails: list[dict[str, Any]]) -> None:
        self._mails = mails

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        headers = ("Message-ID", "References", "From", "To", "Subject", "Date")
        parts = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
        self._mails.append(
            {"recipients": list(envelope.rcpt_tos)}
            | {name: str(message[name]) for name in headers}
            | {kind: part.get_content() for kind, part in parts.items() if part is not None}
        )
        return "250 OK"
