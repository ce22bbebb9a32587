"""
Cold start of each function: from starting the process until its first event is handled.

Every function runs as deployed, in a functions-framework process of its own against the
emulators, interleaved with a function that does nothing. What is handled is real: each function
gets a message of one incident's story, and the documents as they were just before it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench import imports
from tests.bench.chain import Chain, report
from tests.bench.report import Row, Section, median, progress, spread
from toban.adapters.google.firestore import store as firestore
from toban.adapters.google.pubsub import bus as pubsub
from toban.events import MinutePassed, RedriveDue, SweepDue
from toban.events.backups import BackupDue, BackupWatchDue, PruneDue, RestoreTestDue
from toban.kernel import log
from toban.kernel.edge.links import make_link
from toban.kernel.edge.signed import signature as generic_signature
from toban.local.emulated import emulators
from toban.local.world import ROOT
from toban.ports import Create, Delivered, Query
from toban.sections.collect import buckets as bucket_names
from toban.sections.load import load_directory

ROUNDS = 5
EMPTY_EACH = 4
"""A start of the empty function before every so many others."""
AIM = {"publishes": 1.5, "store": 2.5}
SECRET = "bench-secret-of-32-characters-000"

_EMPTY = """
import functions_framework

@functions_framework.cloud_event
def main(event):
    pass
"""
_COLLECTIONS = (
    "alerts", "backup_jobs", "backup_series", "backup_watches", "backups", "groups", "incidents",
    "notifications", "profiles", "profile_versions", "prune_looks", "receipts", "restore_records",
    "restores",
)  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """One function's first event: the documents before it, and the request that brings it."""

    documents: tuple[Create, ...]
    request: bytes


def run(rounds: int = ROUNDS) -> Section:
    """Measure; raises `EmulatorNotAvailable` where the emulators cannot start."""
    level, log.Settings.level = log.Settings.level, 50
    try:
        scenes = _scenes()
    finally:
        log.Settings.level = level
    times: dict[str, list[float]] = {name: [] for name in ("", *scenes)}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toban-bench-")))
        (folder / "empty.py").write_text(_EMPTY)
        world = _Emulated(
            pubsub=stack.enter_context(emulators.start_pubsub(folder)),
            firestore=stack.enter_context(emulators.start_firestore(folder)),
            gcs=stack.enter_context(emulators.start_gcs(folder)),
            folder=folder,
        )
        for name in bucket_names(load_directory(ROOT / "infra" / "services")["tokyo-ai-chat"]):
            _make_bucket(world.gcs, name)
        # The first round is not counted: it writes the .pyc files and warms the file cache.
        for number in range(-1, rounds):
            progress(f"cold start: round {number + 1} of {rounds}")
            for place, (name, scene) in enumerate(scenes.items()):
                if place % EMPTY_EACH == 0:
                    _note(times, "", world.start_empty(), number)
                _note(times, name, world.start(name, scene), number)
    return _section(times, rounds)


def _note(times: dict[str, list[float]], name: str, seconds: float, number: int) -> None:
    if number >= 0:
        times[name].append(seconds * 1000)


def _section(times: dict[str, list[float]], rounds: int) -> Section:
    floor = median(times[""])
    rows = [Row("an empty function", f"{spread(times[''])} ms", data={"ms": times[""]})]
    for name, each in times.items():
        if not name:
            continue
        kind = "publishes" if name.startswith("ingest_") else "store"
        ratio = median(each) / floor
        rows.append(
            Row(
                f"{name}",
                f"{ratio:.2f} x   {spread(each)} ms",
                f"<= {AIM[kind]} x",
                ratio <= AIM[kind],
                {"ratio": round(ratio, 3), "ms": [round(ms, 1) for ms in each]},
            )
        )
    progress("cold start: what the imports cost")
    return Section(
        "Cold start: process start to first event handled, against an empty function",
        rows,
        (
            (
                f"Median (lowest to highest) of {rounds} interleaved starts in ms; one gunicorn worker"
                " as functions-framework starts it; .pyc files are there."
            ),
            "Not in it: the access token, on Cloud Run one request to the metadata server, no import.",
            *imports.explain(("", "ingest_alert", "open_incident", "deliver_notification")),
        ),
    )


@dataclass
class _Emulated:
    pubsub: str
    firestore: str
    gcs: str
    folder: Path

    def start_empty(self) -> float:
        """Seconds the empty function takes."""
        return _first_answer(self.folder / "empty.py", _push("x--y", "1", {}, b"{}"), {})

    def start(self, name: str, scene: Scene) -> float:
        """Seconds a function takes in a fresh project that holds the scene's documents."""
        project = f"bench-{uuid.uuid4().hex[:12]}"
        store = firestore.FirestoreStore(project, client=lambda: firestore.connect(self.firestore))
        if scene.documents:
            store.commit(scene.documents)
        publisher = pubsub.publisher(self.pubsub)
        for topic in _TOPICS[name]:
            publisher.create_topic(name=f"projects/{project}/topics/{topic}")
        bucket = f"{project}-blobs"
        environ = {
            "TOBAN_RUNTIME": "google",
            "GOOGLE_CLOUD_PROJECT": project,
            "PUBSUB_EMULATOR_HOST": self.pubsub,
            "FIRESTORE_EMULATOR_HOST": self.firestore,
            "STORAGE_EMULATOR_HOST": f"http://{self.gcs}",
            "TOBAN_BUCKET": bucket,
            "TOBAN_SECRET_INGEST_GENERIC": SECRET,
            "TOBAN_SECRET_LINK_SIGNING": SECRET,
        }
        if name == "draft_postmortem":
            _make_bucket(self.gcs, bucket)
        return _first_answer(ROOT / "functions" / name / "main.py", scene.request, environ)


_TOPICS: dict[str, tuple[str, ...]] = {}


def _make_bucket(address: str, name: str) -> None:
    import urllib.request

    body = f'{{"name": "{name}"}}'.encode()
    request = urllib.request.Request(
        f"http://{address}/storage/v1/b?project=bench",
        body,
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).close()


def _first_answer(source: Path, request: bytes, environ: Mapping[str, str]) -> float:
    port = emulators.free_port()
    command = [sys.executable, "-m", "functions_framework", "--target", "main"]
    command += ["--source", str(source), "--host", "127.0.0.1", "--port", str(port)]
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "shared"), "LANG": "C.UTF-8"}
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=base | environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = _ask(port, request, process)
            seconds = time.perf_counter() - began
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if not 200 <= status < 300:
            output.seek(0)
            tail = output.read().decode("utf-8", "replace")[-3000:]
            raise RuntimeError(f"{source.parent.name} answered {status} to its event:\n{tail}")
    return seconds


def _ask(port: int, request: bytes, process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = socket.create_connection(("127.0.0.1", port), 60)
        except ConnectionRefusedError:
            time.sleep(0.002)
            continue
        with connection:
            connection.sendall(request)
            head = connection.recv(65536)
        return int(head.split(b" ", 2)[1])
    return 0


# --- what each function is given -----------------------------------------------------------------


def _scenes() -> dict[str, Scene]:
    """Play one incident in memory and keep, of each function, the first message it is given."""
    now = datetime.now(UTC)
    chain = Chain(load_directory(ROOT / "infra" / "services").values(), now)
    scenes: dict[str, Scene] = {}

    def keep(function: str, delivered: Delivered) -> None:
        _keep(scenes, chain, function, delivered)

    chain.fire(report(chain, "a", "tokyo-ai-chat"))
    chain.run(keep)
    incident = chain.memory.query(Query("incidents"))[0].key.id
    for seconds in (901, 1):
        chain.pass_time(seconds)
        chain.publish(MinutePassed(), "minute", str(seconds))
        chain.run(keep)
    chain.command(incident, "acknowledge")
    chain.run(keep)
    chain.fire(report(chain, "a", "tokyo-ai-chat", resolved=True))
    chain.publish(RedriveDue(), "redrive")
    chain.publish(SweepDue(), "sweep")
    chain.run(keep)
    body = (
        b'{"rule": "HighErrorRate", "title": "Error rate above 5 %", "status": "firing",'
        b' "severity": "critical", "labels": {"service": "tokyo-ai-chat"}}'
    )
    signature = generic_signature(SECRET, int(now.timestamp()), body)
    scenes["ingest_alert"] = Scene(
        (), _http("POST", "/generic", {"x-toban-signature": signature}, body)
    )
    link = make_link(
        "", incident, "acknowledge", "ops-a", 0, now, SECRET, "ja", lifetime=timedelta(days=1)
    )
    scenes["ingest_action"] = Scene((), _http("POST", link, {}, b""))
    _back_up(chain, keep)
    functions = chain.topology.functions
    missing = sorted(set(functions) - set(scenes))
    if missing:
        raise RuntimeError(f"the story has no event for {', '.join(missing)}")
    for name in functions:
        _TOPICS[name] = tuple(chain.topology.topics)
    return {name: scenes[name] for name in functions}


def _back_up(chain: Chain, keep: Callable[[str, Delivered], None]) -> None:
    """
    One backup with all that follows from it.

    On the emulator its buckets are empty: what is measured is a function's first answer, and its
    imports, not the work.
    """
    data = chain.buckets("tokyo-ai-chat-data")
    data.create("voice/1.ogg", b"a recording" * 1000)
    due = BackupDue(service="tokyo-ai-chat", source="storage", class_="daily", requested_by="bench")
    chain.publish(due, "backup")
    chain.run(keep)
    for body in (
        RestoreTestDue(service="tokyo-ai-chat", source="storage"),
        BackupWatchDue(),
        PruneDue(),
    ):
        chain.publish(body, body.TYPE)
        chain.run(keep)


def _keep(scenes: dict[str, Scene], chain: Chain, function: str, delivered: Delivered) -> None:
    """
    Keep the documents and the message, of the events that end in a write or a publication.

    `settle_incident` is kept when the incident's last alert stops: that is its longest way.
    """
    kind = delivered.message.attributes["ce-type"]
    if function in scenes or (function == "settle_incident" and "cleared" not in kind):
        return
    if function == "escalate_incident" and "escalation" not in kind:
        return
    if function == "deliver_notification" and b'"channel":"console"' not in delivered.message.data:
        # A webhook or SMTP server would be measured too; the console is the function alone.
        data = delivered.message.data
        start = data.index(b'"channel":"')
        end = data.index(b'"', start + len(b'"channel":"'))
        changed = data[: start + len(b'"channel":"')] + b"console" + data[end:]
        message = type(delivered.message)(
            delivered.message.topic, changed, delivered.message.attributes
        )
        delivered = Delivered(message, delivered.message_id, delivered.subscription, 1)
    documents = tuple(
        Create(snapshot.key, snapshot.data)
        for collection in _COLLECTIONS
        for snapshot in chain.memory.query(Query(collection))
    )
    push = _push(
        delivered.subscription,
        delivered.message_id,
        dict(delivered.message.attributes),
        delivered.message.data,
    )
    scenes[function] = Scene(documents, push)


def _push(subscription: str, message_id: str, attributes: dict[str, str], body: bytes) -> bytes:
    headers = {
        "ce-id": "1",
        "ce-type": "bench.v1",
        "ce-source": "/bench",
        "ce-specversion": "1.0",
        "ce-time": "2026-11-22T00:00:00Z",
        **attributes,
        "x-goog-pubsub-subscription-name": f"projects/bench/subscriptions/{subscription}",
        "x-goog-pubsub-message-id": message_id,
    }
    return _http("POST", "/", headers, body)


def _http(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    given = {"content-type": "application/json", **headers}
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in given.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
