"""
Real Prometheus for tests, beside `tests.plugins.alertmanager`: what it watches (an exporter that
the test controls), its settings, and programs that a test stops and starts again. On 127.0.0.1, with
ports and directories of their own. One that cannot start skips its test with the reason, or fails
it when ``prometheus`` is in ``TOBAN_REQUIRE``.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.plugins.servers import ServerNotAvailable, _running, _wait
from tests.plugins.serving import serving
from toban.local.emulated.emulators import HOST

Name = tuple[str, str]
"""A rule and an instance."""


@dataclass
class Program:
    """A server that a test may stop, kill and start again; it keeps its directory and port."""

    command: list[str]
    directory: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def start(self) -> None:
        """Start it, and return when it is ready; raises `ServerNotAvailable`."""
        self.directory.mkdir(exist_ok=True)
        self.process = self._stack.enter_context(
            _running(self.command, self.directory, {}, signal.SIGKILL)
        )
        _wait(lambda: self.get("/-/ready"), self.process, self.directory)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, in order or as when its machine loses power."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)
        self._stack.close()

    def get(self, path: str) -> bytes:
        """What it answers."""
        with urllib.request.urlopen(f"http://{HOST}:{self.port}{path}", timeout=5) as response:
            return bytes(response.read())

    def api(self, path: str) -> Any:
        """What its API answers."""
        return json.loads(self.get(path))


def program(*names: str) -> str:
    """The path of a program under one of its names; raises `ServerNotAvailable`."""
    for name in names:
        if found := shutil.which(name):
            return found
    raise ServerNotAvailable(f"{names[0]} is not installed here")


def prometheus(
    directory: Path,
    port: int,
    exporter: str,
    managers: Sequence[int],
    severities: Mapping[str, str],
    *,
    interval: str = "15s",
    resend: str = "1m",
    holds: Mapping[str, str] | None = None,
) -> Program:
    """One that scrapes `exporter`, has a rule for each of `severities` and tells `managers`."""
    directory.mkdir(exist_ok=True)
    rules = [
        {
            "alert": rule,
            "expr": f"wrong_{rule} == 1",
            "for": (holds or {}).get(rule, "0s"),
            "labels": {"severity": severity},
            "annotations": {"summary": f"{rule} on {{{{ $labels.instance }}}}"},
        }
        for rule, severity in severities.items()
    ]
    host, path = exporter.removeprefix("http://").split("/", 1)
    settings = {
        "global": {"scrape_interval": interval, "evaluation_interval": interval},
        "rule_files": ["rules.yml"],
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": [f"{HOST}:{p}" for p in managers]}]}]
        },
        "scrape_configs": [
            {
                "job_name": "world",
                "scrape_timeout": "5s" if interval == "15s" else interval,
                "honor_labels": True,
                "metrics_path": f"/{path}",
                "static_configs": [{"targets": [host]}],
            }
        ],
    }
    # JSON is YAML.
    group = {"groups": [{"name": "world", "rules": rules}]}
    (directory / "rules.yml").write_text(json.dumps(group), "utf-8")
    (directory / "prometheus.yml").write_text(json.dumps(settings), "utf-8")
    command = [
        program("prometheus"), f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}/data", f"--web.listen-address={HOST}:{port}",
        "--web.external-url=http://prometheus.example/", "--web.route-prefix=/",
        f"--rules.alert.resend-delay={resend}", "--log.level=warn",
    ]  # fmt: skip
    return Program(command, directory, port)


@contextlib.contextmanager
def exporting(wrong: Callable[[str], set[Name] | None], names: Sequence[Name]) -> Iterator[str]:
    """
    The URL of an exporter: a path below it is a reader of it, to whom `wrong` says what is wrong
    now (None: it cannot be read).
    """

    class Exporter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """The series of each name: 1 when it is wrong."""
            now = wrong(self.path.strip("/"))
            text = "".join(
                f'wrong_{rule}{{instance="{instance}"}} {int((rule, instance) in now)}\n'
                for rule, instance in names
                if now is not None
            )
            self.send_response(503 if now is None else 200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

    with serving(Exporter) as url:
        yield url
