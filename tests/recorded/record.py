"""
Record what two real Prometheus and two real Alertmanagers (Debian's packages, clustered) post while
`tests.recorded.world` happens to them: an hour of real time, little CPU. By hand:

    python -m tests.recorded.record FILE.jsonl.gz [SECONDS]

Each line is something that happened at ``at`` (seconds since ``began``): a ``post`` and what was
answered, a program that went ``down`` or came ``up``, what the programs said of themselves.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.plugins.prometheus import Name, Program, exporting, program, prometheus
from tests.plugins.serving import serving
from tests.recorded import world
from toban.local.emulated.emulators import HOST, free_port

SETTINGS = """
route: {{receiver: toban, group_by: [alertname], group_wait: {wait}s, group_interval: {interval}s,
  repeat_interval: {repeat}s}}
receivers:
- name: toban
  webhook_configs: [{{url: "{url}", send_resolved: true}}]
"""
ASK_EACH_S = 20.0
"""How often the programs are asked for their clocks and places."""


class Recording:
    """What happens, as it happens."""

    def __init__(self) -> None:
        self.began = datetime.now(UTC)
        self._since = time.monotonic()
        self._lock = threading.Lock()
        self.lines: list[dict[str, Any]] = []

    @property
    def at(self) -> float:
        """Seconds since it began."""
        return round(time.monotonic() - self._since, 3)

    def note(self, kind: str, **what: Any) -> None:
        """Something happened."""
        with self._lock:
            self.lines.append({"at": self.at, "kind": kind, **what})

    def wrong(self, reader: str) -> set[Name] | None:
        """What the exporter says to a Prometheus."""
        at = self.at
        if any(f"{who}" == reader and since <= at < until for who, since, until in world.BLIND):
            return None
        return {(rule, host) for rule, host, since, until in world.OUTAGES if since <= at < until}

    def fate(self) -> str:
        """What happens to a post that comes in now."""
        for fate, since, until in world.LOST:
            if since <= self.at < until:
                return fate
        return "taken"

    def wait(self, until: float) -> None:
        """Until so many seconds have passed."""
        time.sleep(max(0.0, until - self.at))

    def save(self, path: Path) -> None:
        """Write it down."""
        with self._lock:
            lines = sorted(self.lines, key=lambda line: float(line["at"]))
        head = {"began": self.began.isoformat(), "until": self.at}
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in [head, *lines])
        path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


@contextlib.contextmanager
def receiving(recording: Recording) -> Iterator[str]:
    """The URL of a server that records posts; the path says who posts."""
    over = threading.Event()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer, or not."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fate = recording.fate()
            recording.note("post", by=int(self.path.strip("/")), fate=fate, body=body)
            if fate in ("unanswered", "lost"):
                while recording.fate() == fate and not over.wait(0.2):
                    pass
                self.close_connection = True
                return
            self.send_response(500 if fate == "refused" else 200)
            self.end_headers()

    with serving(Receiver) as url:
        try:
            yield url
        finally:
            over.set()


def alertmanager(directory: Path, port: int, url: str, own: int, other: int) -> Program:
    """One of a cluster, with the intervals that its documentation gives but for the groups'."""
    directory.mkdir(exist_ok=True)
    settings = SETTINGS.format(
        url=url, wait=world.GROUP_WAIT, interval=world.GROUP_INTERVAL, repeat=world.REPEAT
    )
    (directory / "alertmanager.yml").write_text(settings, "utf-8")
    command = [
        program("prometheus-alertmanager", "alertmanager"),
        f"--config.file={directory}/alertmanager.yml", f"--storage.path={directory}/data",
        f"--web.listen-address={HOST}:{port}", f"--cluster.listen-address={HOST}:{own}",
        f"--cluster.peer={HOST}:{other}", "--web.external-url=http://alertmanager.example/",
        "--web.route-prefix=/", "--log.level=warn",
    ]  # fmt: skip
    return Program(command, directory, port)


def silence(port: int, rule: str, seconds: int) -> None:
    """Silence a rule from now on, at one of the cluster."""
    now = datetime.now(UTC)
    body = {
        "matchers": [{"name": "alertname", "value": rule, "isRegex": False, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(seconds=seconds)).isoformat(),
        "createdBy": "operator",
        "comment": "known",
    }
    request = urllib.request.Request(
        f"http://{HOST}:{port}/api/v2/silences",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10):
        return


def say(recording: Recording, name: str, asked: Program) -> None:
    """What a program says of itself: when it evaluates, or its place in the cluster."""
    with contextlib.suppress(OSError, ValueError, LookupError):  # it is down, or has just begun
        if name.startswith("prometheus"):
            group = asked.api("/api/v1/rules")["data"]["groups"][0]
            target = asked.api("/api/v1/targets")["data"]["activeTargets"][0]
            recording.note(
                "clock", who=name, evaluated=group["lastEvaluation"], scraped=target["lastScrape"]
            )
        else:
            cluster = asked.api("/api/v2/status")["cluster"]
            peers = sorted(peer["name"] for peer in cluster["peers"])
            recording.note(
                "place", who=name, place=peers.index(cluster["name"]), of=len(peers),
                status=cluster["status"],
            )  # fmt: skip


def record(path: Path, lasts: float) -> None:
    """Record for so many seconds."""
    recording = Recording()
    ports = [free_port() for _ in range(6)]
    names = [(rule, f"host{n}") for rule in world.SEVERITIES for n in range(3)]
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toban-senders-")))
        exporter = stack.enter_context(exporting(recording.wrong, names))
        receiver = stack.enter_context(receiving(recording))
        programs: dict[str, Program] = {}
        for n in range(2):
            programs[f"alertmanager{n}"] = alertmanager(
                directory / f"alertmanager{n}", ports[n], f"{receiver}/{n}",
                ports[2 + n], ports[3 - n],
            )  # fmt: skip
        for n in range(2):
            programs[f"prometheus{n}"] = prometheus(
                directory / f"prometheus{n}", ports[4 + n], f"{exporter}/{n}", ports[:2],
                world.SEVERITIES, holds=world.HOLDS,
            )  # fmt: skip

        def up(name: str) -> None:
            programs[name].start()
            recording.note("up", who=name)
            if name.startswith("alertmanager"):
                say(recording, name, programs[name])

        def down(name: str, how: str) -> None:
            recording.note("down", who=name, how=how)
            programs[name].stop(signal.Signals[how])

        def silenced(rule: str, seconds: int) -> None:
            silence(ports[0], rule, seconds)
            recording.note("silenced", rule=rule, until=recording.at + seconds)

        for each in programs.values():
            stack.callback(each.stop, signal.SIGKILL)
        acts: list[tuple[float, Any]] = [(0.0, lambda n=name: up(n)) for name in programs]
        for name, how, since, until in world.DOWN:
            acts += [
                (since, lambda n=name, h=how: down(n, h)),
                (until, lambda n=name: up(n)),
            ]
        for rule, since, until in world.SILENCES:
            acts.append((since, lambda r=rule, s=until - since: silenced(r, s)))
        asked = ASK_EACH_S
        while asked < lasts:
            acts.append((asked, lambda: [say(recording, *each) for each in programs.items()]))
            asked += ASK_EACH_S
        for moment, act in sorted(acts, key=lambda a: a[0]):
            if moment >= lasts:
                break
            recording.wait(moment)
            # Not in a thread of its own: with the thread that started it, a program ends (pdeathsig).
            act()
            recording.save(path)
        recording.wait(lasts)
        recording.save(path)


if __name__ == "__main__":
    record(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else world.LASTS)
