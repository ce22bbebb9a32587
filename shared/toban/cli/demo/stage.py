"""What the demo plays on: the profiles with shortened steps, and a running `toban dev`."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from toban.adapters.local.files.blobs import SystemClock
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.queue import SqliteBus
from toban.adapters.local.sqlite.store import SqliteStore
from toban.adapters.local.sqlite.traces import SqliteTracer
from toban.cli.demo.standins import StandIns
from toban.cli.kit.arguments import no_such
from toban.cli.kit.profiles import loaded
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.terminal import Problem, Terminal
from toban.escalation.section import ESCALATION
from toban.local.world import subscriptions_of
from toban.sources.base import source_kinds
from toban.topology.place import ROOT, import_path
from toban.topology.reader import load

T = TypeVar("T")

START_S = 20.0
WAIT_S = 20.0
_POLL_S = 0.05
STEPS_S = (0, 4, 60, 120)
"""When the demo's escalation steps happen; the profile's own wait for minutes."""


@dataclass(frozen=True)
class DemoRuntime:
    """A running `toban dev` for the demo."""

    data: Path
    url: str
    environ: Mapping[str, str]
    standins: StandIns
    reader: StoreReader
    tracer: SqliteTracer
    bus: SqliteBus
    started_in: timedelta
    terminal: Terminal

    def secret(self, name: str) -> str:
        """A secret that the runtime was given."""
        return self.environ[f"TOBAN_SECRET_{name}"]

    def quiet(self) -> bool:
        """Whether nothing is left to be handled."""
        return not any(self.bus.pending().values())

    def until(self, look: Callable[[], T | None], what: str, wait_s: float = WAIT_S) -> T:
        """Wait for something to be there; `Problem` when it does not come."""
        deadline = time.monotonic() + wait_s
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > deadline:
                log = self.data / "toban.log"
                raise Problem(self.terminal.say("demo.stuck", what=what, log=log))
            time.sleep(_POLL_S)


def profiles_of(asked: argparse.Namespace) -> Path:
    """Return those that are named, else the samples: of a demo nobody takes them for their own."""
    named: Path = asked.services
    return named if asked.services_named else ROOT / named


def shortened(
    source: Path, target: Path, service: str, terminal: Terminal
) -> list[tuple[int, int]]:
    """
    Copy the profiles; in `service` every escalation gets the steps of `STEPS_S`. Of their backups
    only those of buckets stay.

    Returns (seconds before, seconds in the demo) for the steps of its first policy.
    """
    import yaml

    from toban.sections.load import load_directory
    from toban.sections.teams import directory_for

    target.mkdir(parents=True, exist_ok=True)
    profiles = loaded(source, terminal)
    if service not in profiles:
        raise no_such(terminal, service, "what.service", profiles)
    before = profiles[service][ESCALATION][0].steps
    teams = directory_for(source / "any.yaml")
    if teams.is_dir():
        shutil.copytree(teams, directory_for(target / "any.yaml"), dirs_exist_ok=True)
    for path in sorted(source.glob("*.y*ml")):
        written: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        _only_here(written)
        if written["service"]["id"] == service:
            for policy in written["escalation"]:
                for step, seconds in zip(policy["steps"], STEPS_S, strict=False):
                    step["after"] = f"{seconds}s"
        text = yaml.safe_dump(written, allow_unicode=True, sort_keys=False)
        (target / path.name).write_text(text, encoding="utf-8")
    after = load_directory(target)[service][ESCALATION][0].steps
    return [(int(a.after), int(b.after)) for a, b in zip(before, after, strict=True)]


def _only_here(written: dict[str, Any]) -> None:
    """
    Leave of a profile's `backup` what this machine has: buckets, which are directories here.

    Databases and Google's services are not here, and their backups would rightly fail.
    """
    section = written.get("backup")
    if section is None:
        return
    kinds = source_kinds()
    here = {name for name, s in section["sources"].items() if kinds[s["type"]].HERE}
    if not here:
        del written["backup"]
        return
    section["sources"] = {name: section["sources"][name] for name in here}
    section["plans"] = [plan for plan in section["plans"] if plan["source"] in here]
    section.pop("restore_test", None)
    section.pop("objectives", None)
    used = {name for plan in section["plans"] for name in plan.get("destinations", ())}
    if used:
        section["destinations"] = [d for d in section["destinations"] if d["bucket"] in used]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(port: int, standins: StandIns) -> dict[str, str]:
    """The runtime's: secrets made up for this run, channels that lead to the stand-ins."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("TOBAN_")}
    for name in ("INGEST_CLOUD_MONITORING", "INGEST_ALERTMANAGER", "LINK_SIGNING"):
        environ[f"TOBAN_SECRET_{name}"] = secrets.token_urlsafe(24)
    for name in ("CRITICAL", "OPS"):
        address = f"{standins.slack_url}/services/{name.lower()}"
        environ[f"TOBAN_SECRET_SLACK_WEBHOOK_{name}"] = address
    environ |= {
        "TOBAN_SMTP_HOST": "127.0.0.1",
        "TOBAN_SMTP_PORT": str(standins.smtp_port),
        "TOBAN_SMTP_STARTTLS": "false",
        "TOBAN_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PYTHONPATH": os.pathsep.join(filter(None, (import_path(), environ.get("PYTHONPATH", "")))),
    }
    return environ


@contextlib.contextmanager
def running(data: Path, services: Path, terminal: Terminal) -> Iterator[DemoRuntime]:
    """`toban dev` in a process of its own, ready to be used; ended at the end."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        standins = stack.enter_context(StandIns())
        environ = environment(port, standins)
        began = time.monotonic()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "toban.cli", "dev", "--quiet", "--port", str(port)),
                *("--data", str(data), "--services", str(services)),
            ],
            env=environ,
        )
        stack.callback(_end, process)
        _ready(process, url, data, terminal)
        took = timedelta(seconds=time.monotonic() - began)
        topology = load()
        database = SqliteDatabase(data / "toban.db")
        stack.callback(database.close)
        tracer = SqliteTracer(database)
        stack.callback(tracer.close)
        yield DemoRuntime(
            data=data,
            url=url,
            environ=environ,
            standins=standins,
            reader=StoreReader(SqliteStore(database)),
            tracer=tracer,
            bus=SqliteBus(database, subscriptions_of(topology), SystemClock(), topology.topics),
            started_in=took,
            terminal=terminal,
        )


def _ready(process: subprocess.Popen[bytes], url: str, data: Path, terminal: Terminal) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with opener.open(f"{url}/healthz", timeout=1) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass  # not yet
        time.sleep(_POLL_S)
    raise Problem(terminal.say("demo.not-ready", log=data / "toban.log"))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
