"""A real `toban dev` on SQLite in a process of its own, and who it notifies."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench.load import ENVIRON
from toban.local.emulated.emulators import free_port
from toban.local.world import ROOT

_PROFILE = """
service: {{id: bench, name: Bench, language: en, default: true, match: [labels: {{service: bench}}]}}
severities:
  - {{label: P1, level: 1, words: [critical]}}
grouping: {{by: [{by}], window: {window}, max_open: 100}}
channels:
  pager: {{type: webhook, url: "{url}"}}
escalation:
  - severities: [P1]
    steps:
      - {{after: 0m, notify: ["channel:pager"]}}
"""


def whole_post(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Head and body of a request, once it is there as a whole; None when it never was."""
    data = b""
    while True:
        block = connection.recv(65536)
        data += block
        head, separator, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if separator and length and len(body) >= int(length[1]):
            return head, body
        if not block:
            return None


class Receiver:
    """Receives notifications over HTTP and notes when each was there as a whole."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/"
        self.arrived = threading.Condition()
        self.notifications: list[tuple[float, bytes]] = []
        """(CLOCK_MONOTONIC, body)"""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                with connection, contextlib.suppress(OSError):
                    self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        post = whole_post(connection)
        if post is None:
            return
        _, body = post
        at = time.monotonic()
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        with self.arrived:
            self.notifications.append((at, body))
            self.arrived.notify_all()

    def wait(self, count: int, timeout_s: float) -> bool:
        """Until so many notifications are there; False when it took too long."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.notifications) >= count, timeout_s)

    def close(self) -> None:
        """Stop listening."""
        self._server.close()


class Dev:
    """`toban dev`, ready."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, data: Path) -> None:
        self.process = process
        self.port = port
        self.data = data
        self._database = sqlite3.connect(f"file:{data / 'toban.db'}?mode=ro", uri=True)

    def one(self, sql: str) -> int:
        """The number that a query of the database gives."""
        return int(self._database.execute(sql).fetchone()[0])

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of a query."""
        return self._database.execute(sql).fetchall()

    def drained(self, timeout_s: float = 180.0) -> float:
        """Wait until every message is handled; returns CLOCK_MONOTONIC of then."""
        deadline = time.monotonic() + timeout_s
        while self.one("SELECT count(*) FROM messages"):
            if time.monotonic() > deadline:
                raise TimeoutError("the queue is not empty after 3 minutes")
            time.sleep(0.05)
        return time.monotonic()

    def cpu_s(self) -> float:
        """CPU seconds it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """SIGTERM, and wait."""
        self._database.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running(
    receiver: Receiver,
    *,
    by: str = "rule",
    window: str = "5m",
    environ: Mapping[str, str] | None = None,
) -> Iterator[Dev]:
    """A fresh `toban dev` whose one service pages `receiver`."""
    with tempfile.TemporaryDirectory(prefix="toban-bench-") as folder:
        services = Path(folder, "services")
        services.mkdir()
        (services / "bench.yaml").write_text(
            _PROFILE.format(by=by, window=window, url=receiver.url)
        )
        port, data = free_port(), Path(folder, "data")
        command = [sys.executable, "-m", "toban.cli", "dev", "--port", str(port)]
        command += ["--data", str(data), "--services", str(services)]
        output = Path(folder, "output.txt")
        with output.open("wb") as file:
            process = subprocess.Popen(
                command,
                env={
                    **{k: v for k, v in os.environ.items() if not k.startswith("TOBAN_")},
                    "PYTHONPATH": str(ROOT / "shared"),
                    **ENVIRON,
                    **(environ or {}),
                },
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_ready(process, port, output)
            dev = Dev(process, port, data)
        except BaseException:
            process.kill()
            process.wait()
            raise
        try:
            yield dev
        finally:
            dev.close()


def _wait_ready(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
            return
        time.sleep(0.02)
    raise RuntimeError(f"toban dev did not start:\n{output.read_text()[-3000:]}")
