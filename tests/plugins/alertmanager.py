"""
Real Alertmanagers for tests: started on first use, on 127.0.0.1 with ports and directories of their
own. One that cannot start skips its test with the reason, or fails it when ``alertmanager`` is in
``TOBAN_REQUIRE``.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.plugins.servers import ServerNotAvailable, _directory, _running, _wait
from tests.plugins.serving import serving
from toban.local.emulated.emulators import HOST, free_port

GROUP_WAIT_S, GROUP_INTERVAL_S, PEER_TIMEOUT_S = 0.5, 1.0, 0.5
SETTINGS = """
route: {{receiver: toban, group_by: [alertname], group_wait: {wait}ms, group_interval: {interval}ms,
  repeat_interval: 1h}}
receivers:
- name: toban
  webhook_configs: [{{url: "{url}", send_resolved: true}}]
"""


@dataclass
class Alertmanager:
    """A running one."""

    port: int
    cluster_port: int
    process: subprocess.Popen[bytes]

    def post(self, *alerts: dict[str, Any]) -> int:
        """As a Prometheus does; the status of the answer."""
        request = urllib.request.Request(
            f"http://{HOST}:{self.port}/api/v2/alerts",
            json.dumps(alerts).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code


def alert(rule: str, start: datetime, end: datetime) -> dict[str, Any]:
    """What a Prometheus says of an alert."""
    labels = {"alertname": rule, "instance": "a", "severity": "critical"}
    return {"labels": labels, "startsAt": start.isoformat(), "endsAt": end.isoformat()}


@contextlib.contextmanager
def start_alertmanagers(url: str, number: int = 1) -> Iterator[list[Alertmanager]]:
    """One, or a cluster, that posts to `url`; raises `ServerNotAvailable`."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        raise ServerNotAvailable("prometheus-alertmanager is not installed here")
    with contextlib.ExitStack() as stack:
        started: list[Alertmanager] = []
        for _ in range(number):
            started.append(stack.enter_context(_one(program, url, started, number)))
        yield started


@contextlib.contextmanager
def _one(
    program: str, url: str, peers: Sequence[Alertmanager], number: int
) -> Iterator[Alertmanager]:
    port, cluster_port = free_port(), free_port()
    with _directory({}) as directory:
        settings = directory / "alertmanager.yml"
        wait, interval = int(GROUP_WAIT_S * 1000), int(GROUP_INTERVAL_S * 1000)
        settings.write_text(SETTINGS.format(url=url, wait=wait, interval=interval), "utf-8")
        listen = f"{HOST}:{cluster_port}" if number > 1 else ""
        command = [
            program, f"--config.file={settings}", f"--storage.path={directory}/data",
            f"--web.listen-address={HOST}:{port}", f"--cluster.listen-address={listen}",
            *(f"--cluster.peer={HOST}:{peer.cluster_port}" for peer in peers),
            f"--cluster.peer-timeout={int(PEER_TIMEOUT_S * 1000)}ms",
            "--cluster.gossip-interval=20ms", "--cluster.settle-timeout=1s",
            "--cluster.pushpull-interval=1s", "--log.level=warn",
        ]  # fmt: skip
        with _running(command, directory, {}, signal.SIGKILL) as process:
            _wait(lambda: _answers(port), process, directory)
            yield Alertmanager(port, cluster_port, process)


def _answers(port: int) -> None:
    with urllib.request.urlopen(f"http://{HOST}:{port}/-/ready", timeout=5):
        return


@contextlib.contextmanager
def receiving(take: Callable[[bytes], int]) -> Iterator[str]:
    """The URL of a server that answers each post with what `take` makes of its body."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """One at a time."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                status = take(body)
            self.send_response(status)
            self.end_headers()

    lock = threading.Lock()
    with serving(Receiver) as url:
        yield f"{url}/"
