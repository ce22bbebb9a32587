"""
One receiver that accepts and never answers: what the others notice of it.

40 incidents of service *alpha* call its pager, which hangs, and its desk, which answers. Meanwhile
*beta* opens incidents of its own. Measured from the POST of an alert to the arrival of its page.

    python -m tests.bench hanging hanging-emulators
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.dev import whole_post
from tests.bench.load import ENVIRON, SECRET
from tests.bench.report import Row, Section, progress
from toban.kernel.edge.signed import signature as generic_signature
from toban.local.emulated.emulators import free_port
from toban.local.world import ROOT

INCIDENTS, PAGES = 40, 40
GAP_S = 0.25
"""Between the alerts of the service that is well."""
PATIENCE_S = 120.0

_PROFILE = """
service: {{id: {id}, name: {id}, language: en, default: {default}, match: [labels: {{service: {id}}}]}}
severities:
  - {{label: P1, level: 1, words: [critical]}}
grouping: {{by: [rule], window: 0s, max_open: 200}}
channels:
  pager: {{type: webhook, url: "{pager}"{fallback}}}
  desk: {{type: webhook, url: "{desk}"}}
  spare: {{type: webhook, url: "{spare}"}}
escalation:
  - severities: [P1]
    steps:
      - {{after: 0m, notify: ["channel:pager", "channel:desk"]}}
"""


class Receivers:
    """
    Webhooks by path: when each rule's page arrived there first.

    ``/hang`` never answers, until `answer_at_last`.
    """

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.arrived: dict[tuple[str, str], float] = {}
        self.posts: dict[tuple[str, str], int] = {}
        self.keys: dict[str, list[str]] = {}
        """By path: the key of each notification, as often as it was posted."""
        self.hangs = True
        self._hanging: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                threading.Thread(target=self._take, args=(connection,), daemon=True).start()

    def _take(self, connection: socket.socket) -> None:
        post = whole_post(connection)
        if post is None:
            return
        head, body = post
        path = head.split()[1].decode()
        key = (path, json.loads(body)["incident"]["rules"][0])
        self.arrived.setdefault(key, time.monotonic())
        self.posts[key] = self.posts.get(key, 0) + 1
        self.keys.setdefault(path, []).append(json.loads(body)["id"])
        if path == "/hang" and self.hangs:
            self._hanging.append(connection)
            return
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        connection.close()

    def at(self, path: str) -> dict[str, float]:
        """By rule: when its page arrived at that path."""
        return {rule: at for (where, rule), at in list(self.arrived.items()) if where == path}

    def wait(self, path: str, rules: set[str], timeout_s: float) -> bool:
        """Until the pages of these rules are there; False when it took too long."""
        deadline = time.monotonic() + timeout_s
        while not rules <= set(self.at(path)):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def answer_at_last(self) -> None:
        """From now on answer everybody; who waits is hung up on."""
        self.hangs = False
        for connection in self._hanging:
            connection.close()

    def close(self) -> None:
        """Hang up."""
        self.answer_at_last()
        self._server.close()


def post(port: int, service: str, rule: str) -> float:
    """Post one alert; when that began."""
    body = json.dumps(
        {
            "rule": rule,
            "title": rule,
            "severity": "critical",
            "status": "firing",
            "fingerprint": rule,
            "labels": {"service": service},
        }
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Toban-Signature": generic_signature(SECRET, int(time.time()), body),
    }
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/ingest_alert/generic", body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200, answer.status
    return began


def write_profiles(services: Path, url: str, *, fallback: bool) -> Path:
    """The profiles of *alpha*, whose pager hangs, and *beta*."""
    services.mkdir()
    for name, pager in (("alpha", "hang"), ("beta", "beta")):
        text = _PROFILE.format(
            id=name,
            default="true" if name == "alpha" else "false",
            pager=f"{url}/{pager}",
            desk=f"{url}/{name}-desk",
            spare=f"{url}/{name}-spare",
            fallback=", fallback: spare" if fallback else "",
        )
        (services / f"{name}.yaml").write_text(text)
    return services


@contextlib.contextmanager
def running(receivers: Receivers, *options: str, fallback: bool) -> Iterator[int]:
    """`toban dev` with both services; its port."""
    with tempfile.TemporaryDirectory(prefix="toban-bench-") as folder:
        services = write_profiles(Path(folder, "services"), receivers.url, fallback=fallback)
        port = free_port()
        command = [sys.executable, "-m", "toban.cli", "dev", "--port", str(port), *options]
        command += ["--data", f"{folder}/data", "--services", str(services)]
        output = Path(folder, "output.txt")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TOBAN_")}
        with output.open("wb") as file:
            process = subprocess.Popen(
                command,
                env={**kept, "PYTHONPATH": str(ROOT / "shared"), **ENVIRON},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_ready(port, process, output)
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_ready(port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"toban dev did not start:\n{output.read_text()[-3000:]}")


def measure(*options: str, fallback: bool) -> dict[str, list[float]]:
    """Seconds from the POST to the page: alone, then of both services while one pager hangs."""
    receivers = Receivers()
    try:
        with running(receivers, *options, fallback=fallback) as port:
            alone = _pages(port, receivers, "alone", 10)
            began = {}
            for number in range(INCIDENTS):
                rule = f"alpha-{number}"
                began[rule] = post(port, "alpha", rule)
            meanwhile = _pages(port, receivers, "beta", PAGES)
            paths = ["/alpha-desk", *(["/alpha-spare"] if fallback else [])]
            found = {"alone": alone, "beta": meanwhile}
            for path in paths:
                receivers.wait(path, set(began), PATIENCE_S)
                at = receivers.at(path)
                found[path] = [at.get(rule, float("inf")) - t for rule, t in began.items()]
            return found
    finally:
        receivers.close()


def _pages(port: int, receivers: Receivers, name: str, count: int) -> list[float]:
    began = {}
    for number in range(count):
        rule = f"{name}-{number}"
        began[rule] = post(port, "beta", rule)
        time.sleep(GAP_S)
    receivers.wait("/beta", set(began), PATIENCE_S)
    at = receivers.at("/beta")
    return [at.get(rule, float("inf")) - t for rule, t in began.items()]


def run(*options: str, title: str = "embedded") -> Section:
    """Measure without and with a fallback of the channel that hangs."""
    rows = []
    for fallback in (False, True):
        progress(f"hanging receiver, {title}, {'with' if fallback else 'without'} a fallback")
        found = measure(*options, fallback=fallback)
        kind = "with a fallback" if fallback else "without a fallback"
        rows += [
            _row(f"another service's pages before it, {kind}", found["alone"], None),
            _row(f"another service's pages, {kind}", found["beta"], 1.0),
            _row(f"the same service's other channel, {kind}", found["/alpha-desk"], 5.0),
        ]
        if fallback:
            rows.append(_row("the fallback of the one that hangs", found["/alpha-spare"], None))
    return Section(
        f"A receiver that accepts and never answers, {INCIDENTS} incidents ({title})",
        rows,
        (f"{PAGES} pages of the other service, one each {GAP_S} s, at the same time.",),
    )


def run_emulators() -> Section:
    """The same with functions-framework processes behind the emulators."""
    return run("--emulators", title="emulators")


def _row(what: str, seconds: list[float], aim: float | None) -> Row:
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    middle = statistics.median(ordered)
    return Row(
        what,
        f"p50 {middle:.2f} s, p99 {p99:.2f} s",
        f"p99 <= {aim:g} s" if aim else "",
        None if aim is None else p99 <= aim,
        {"p50_s": middle, "p99_s": p99, "first_s": seconds[0]},
    )
