"""
The load generator: a process of its own, raw sockets, every request made before the first is sent.

    python -m tests.bench.load '{"port": 8080, "kind": "generic", "count": 1000, …}'

prints one JSON object. Times are of CLOCK_MONOTONIC, which all processes of a machine share.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from toban.kernel.edge.signed import signature as generic_signature
from toban.local.world import ROOT

SECRET = "bench-secret-of-32-characters-000"
ENVIRON = {
    "TOBAN_SECRET_INGEST_GENERIC": SECRET,
    "TOBAN_SECRET_INGEST_ALERTMANAGER": SECRET,
}
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """What to send: alerts numbered from `first`, over so many keep-alive connections."""

    port: int
    kind: str
    """``generic`` and ``alertmanager`` for toban, ``api`` for a real Alertmanager."""
    count: int
    connections: int = 1
    first: int = 0
    fingerprints: int = 0
    """Alerts go round over so many fingerprints; 0: each has its own."""
    rules: int = 1
    run: str = "run"


@dataclass
class Result:
    """What came of it."""

    began: float
    ended: float
    cpu_s: float
    """Of the load generator itself."""
    statuses: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def accepted(self) -> int:
        return sum(n for status, n in self.statuses.items() if status.startswith("2"))


def send(plan: Plan) -> Result:
    """Run a load generator and wait for it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", json.dumps(asdict(plan))],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}/shared"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Result(**json.loads(done.stdout))


def request(plan: Plan, number: int, status: str = "firing") -> bytes:
    """The whole HTTP request of one alert (`status` for the generic kind only)."""
    about = number % plan.fingerprints if plan.fingerprints else number
    labels = {
        "alertname": f"Rule{about % plan.rules}",
        "severity": "critical",
        "service": "bench",
        "instance": f"{plan.run}-{about}",
    }
    body: Any
    headers = {}
    if plan.kind == "generic":
        target = "/ingest_alert/generic"
        body = {
            "rule": labels.pop("alertname"),
            "title": "Error rate above 5 %",
            "summary": "5xx of all requests over five minutes",
            "severity": labels.pop("severity"),
            "status": status,
            "fingerprint": f"{plan.run}-{about}",
            "labels": labels,
            "starts_at": "2026-11-22T03:00:00Z",
            "value": str(number),
        }
    elif plan.kind == "alertmanager":
        target = "/ingest_alert/alertmanager"
        headers["Authorization"] = f"Bearer {SECRET}"
        alert = {
            "status": "firing",
            "labels": labels,
            "annotations": {"summary": "Error rate above 5 %", "value": str(number)},
            "startsAt": "2026-11-22T03:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://127.0.0.1:9090/graph",
        }
        body = {
            "version": "4",
            "groupKey": f"{{}}:{{instance={plan.run}-{about}}}",
            "status": "firing",
            "receiver": "toban",
            "groupLabels": labels,
            "commonLabels": labels,
            "commonAnnotations": {},
            "externalURL": "http://127.0.0.1:9093",
            "truncatedAlerts": 0,
            "alerts": [alert],
        }
    else:
        target = "/api/v2/alerts"
        body = [{"labels": labels, "annotations": {"summary": "Error rate above 5 %"}}]
    data = json.dumps(body).encode()
    if plan.kind == "generic":
        headers["X-Toban-Signature"] = generic_signature(SECRET, int(time.time()), data)
    lines = [f"POST {target} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(data)}", "", ""]
    return "\r\n".join(lines).encode() + data


class Connection:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, whole: bytes) -> tuple[str, bytes]:
        """Send one request; its status and everything that was answered."""
        self._socket.sendall(whole)
        answer = b""
        while True:
            block = self._socket.recv(65536)
            if not block:
                return "cut", answer
            answer += block
            head, separator, body = answer.partition(b"\r\n\r\n")
            if not separator:
                continue
            length = _LENGTH.search(head)
            if len(body) >= (int(length[1]) if length else 0):
                return head[9:12].decode(), answer


def _send_all(plan: Plan) -> Result:
    shares = [
        [request(plan, plan.first + n) for n in range(share, plan.count, plan.connections)]
        for share in range(plan.connections)
    ]
    connections = [Connection(plan.port) for _ in shares]
    statuses: list[dict[str, int]] = [{} for _ in shares]
    problems: list[str] = []
    start = threading.Event()

    def work(number: int) -> None:
        mine, ask = statuses[number], connections[number].ask
        start.wait()
        for whole in shares[number]:
            status, answer = ask(whole)
            mine[status] = mine.get(status, 0) + 1
            if not status.startswith("2") and len(problems) < 5:
                problems.append(answer[-300:].decode("utf-8", "replace"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(shares))]
    for thread in threads:
        thread.start()
    cpu = time.process_time()
    began = time.monotonic()
    start.set()
    for thread in threads:
        thread.join()
    ended = time.monotonic()
    total: dict[str, int] = {}
    for mine in statuses:
        for status, n in mine.items():
            total[status] = total.get(status, 0) + n
    return Result(began, ended, time.process_time() - cpu, total, problems)


if __name__ == "__main__":
    print(json.dumps(asdict(_send_all(Plan(**json.loads(sys.argv[1]))))))
